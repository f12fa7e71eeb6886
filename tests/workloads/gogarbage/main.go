// SPDX-License-Identifier: GPL-2.0-only

// usage: gogarbage [SECONDS]
// Two goroutines make garbage, each by functions of its own, and little else happens than that it
// is collected: on the threads' stacks, by goroutines on theirs.  Truth: all stacks are whole, and
// left stands on workLeft, right on workRight.
package main

import (
	"os"
	"strconv"
	"time"
)

type node struct{ a, b *node }

var kept [2]*node

//go:noinline
func left(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left(depth - 1), left(depth - 1)}
}

//go:noinline
func right(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{right(depth - 1), right(depth - 1)}
}

func workLeft() {
	for {
		kept[0] = left(16)
	}
}

func workRight() {
	for {
		kept[1] = right(16)
	}
}

func main() {
	seconds := 1.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	go workLeft()
	go workRight()
	time.Sleep(time.Duration(seconds * 1e9))
}
