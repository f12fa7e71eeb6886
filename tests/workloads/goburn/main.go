// SPDX-License-Identifier: GPL-2.0-only

// usage: goburn [SECONDS]
// A goroutine burns SECONDS of CPU, 70 : 30 in burn70 and burn30, the same loop, in turns of
// random order and length.  Prints the rounds of each, as JSON: the truth.  Below each stand worker and the
// runtime's goexit.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

var sink uint64

//go:noinline
func burn70(rounds int) {
	for i := 0; i < rounds; i++ {
		sink += spin(sink)
	}
}

//go:noinline
func burn30(rounds int) {
	for i := 0; i < rounds; i++ {
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

// CPU time of the process.
func cpuSeconds() float64 {
	var use syscall.Rusage

	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}

func worker(end float64, done chan<- bool) {
	var in70, in30, random = 0, 0, uint64(42)

	for cpuSeconds() < end {
		random = random*6364136223846793005 + 1442695040888963407
		rounds := 1 + int(random>>33)%20
		if random>>40%10 < 7 {
			burn70(rounds)
			in70 += rounds
		} else {
			burn30(rounds)
			in30 += rounds
		}
	}
	fmt.Printf("{\"burn70\": %d, \"burn30\": %d}\n", in70, in30)
	done <- true
}

func main() {
	seconds := 1.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	done := make(chan bool)
	go worker(seconds, done)
	<-done
}
