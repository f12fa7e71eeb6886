// SPDX-License-Identifier: GPL-2.0-only

// usage: gohttp FILE
// Burns CPU on one thread in ten functions, of which each has a share of its own: burn0 the
// largest, burn9 the smallest; for ever.  Go's own profiles of it are served on loopback, at the
// port that it writes into FILE.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
)

var sink uint64

// Small enough to be inlined into each.
func spin(rounds int) {
	x := sink
	for i := 0; i < rounds*20000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	sink = x
}

//go:noinline
func burn0() { spin(24) }

//go:noinline
func burn1() { spin(20) }

//go:noinline
func burn2() { spin(17) }

//go:noinline
func burn3() { spin(14) }

//go:noinline
func burn4() { spin(12) }

//go:noinline
func burn5() { spin(10) }

//go:noinline
func burn6() { spin(8) }

//go:noinline
func burn7() { spin(6) }

//go:noinline
func burn8() { spin(5) }

//go:noinline
func burn9() { spin(4) }

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	port := fmt.Sprintln(listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(os.Args[1], []byte(port), 0o644); err != nil {
		panic(err)
	}
	go http.Serve(listener, nil)
	for {
		burn0()
		burn1()
		burn2()
		burn3()
		burn4()
		burn5()
		burn6()
		burn7()
		burn8()
		burn9()
	}
}
