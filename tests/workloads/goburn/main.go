// SPDX-License-Identifier: GPL-2.0-only

// usage: goburn [SECONDS]
// A goroutine burns 70 : 30 in burn70 and burn30: the same loop, run seven and three times.
// Truth: that split, and below each stand worker and the runtime's goexit.
package main

import (
	"os"
	"strconv"
	"time"
)

var sink uint64

//go:noinline
func burn70() {
	for i := 0; i < 7; i++ {
		sink += spin(sink)
	}
}

//go:noinline
func burn30() {
	for i := 0; i < 3; i++ {
		sink += spin(sink)
	}
}

// Small enough to be inlined into both.
func spin(x uint64) uint64 {
	for i := 0; i < 20000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func worker(end time.Time, done chan<- bool) {
	for time.Now().Before(end) {
		burn70()
		burn30()
	}
	done <- true
}

func main() {
	seconds := 1.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	done := make(chan bool)
	go worker(time.Now().Add(time.Duration(seconds*1e9)), done)
	<-done
}
