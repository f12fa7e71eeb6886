#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A server that is asked for long neither grows nor fails: make soak TIME=600 for ten minutes.
load ../lib/live
load ../lib/serve
bats_require_minimum_version 1.5.0

@test "targets that come and go are scraped for long, and every answer is valid" {
	[ "$TIME" -ge 60 ] || TIME=60
	serve
	http=$(pgrep -P "$server")
	scrape_all $((TIME / 3))
	early=$(own_kib "$http")
	scrape_all $((TIME - TIME / 3))
	late=$(own_kib "$http")
	echo "resident: $early KiB after a third, $late KiB at the end" | tee /dev/stderr
	stays "$early" "$late"
}

@test "two hundred clients see no error, wait 20 ms at most for the index, and memory stays" {
	serve
	http=$(pgrep -P "$server")
	press 200 /debug/pprof/ 5
	early=$(own_kib "$http")
	press 200 /debug/pprof/ 60
	late=$(own_kib "$http")
	echo "resident: $early KiB, then $late KiB; $(grep '^p99' pressed)" | tee /dev/stderr
	stays "$early" "$late"
	awk '/^p99:/ { exit !($2 <= 20) }' pressed
}
