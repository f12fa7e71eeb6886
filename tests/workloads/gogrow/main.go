// SPDX-License-Identifier: GPL-2.0-only

// Grows by a line on standard input, shrinks by another, ends by a third, and says so: 96 MiB in
// slices of 16 KiB, which are given back to the kernel.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
)

var kept [][]byte

//go:noinline
func grow() {
	for i := 0; i < 6144; i++ {
		block := make([]byte, 16384)
		for j := 0; j < len(block); j += 512 {
			block[j] = 1
		}
		kept = append(kept, block)
	}
}

func main() {
	input := bufio.NewReader(os.Stdin)
	say := func(what string) {
		fmt.Println(what)
		if _, err := input.ReadString('\n'); err != nil {
			os.Exit(0)
		}
	}
	say("ready")
	grow()
	say("grown")
	kept = nil
	debug.FreeOSMemory()
	say("shrunk")
}
