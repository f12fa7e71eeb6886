#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# record --heap --inject: the library comes into programs that run, and stands aside again.
load ../lib/live
bats_require_minimum_version 1.5.0

# $1 cycles of a tenth of a second on process $pid; what failed is in ./messages.
cycle() {
	local i
	for ((i = 0; i < $1; i++)); do
		"$SYSPROF" record --cpu-only --heap --inject -p "$pid" -d 100ms >messages 2>&1 || {
			cat messages
			return 1
		}
		kill -0 "$pid"
	done
	! grep 'still before the allocator' messages
}

start_churner() {
	"$W/churner" >churner.out 2>&1 3>&- &
	pid=$!
	started+=("$pid")
	await is_burning "$pid"
}

ends_unharmed() {
	kill "$pid"
	wait "$pid"
	[ "$(cat churner.out)" = unharmed ]
}

@test "a program that allocates all the time goes on after the library came and went 20 times" {
	start_churner
	cycle 20
	[ "$(grep -c 'r-xp.*/memfd:libsysprof-heap.so' "/proc/$pid/maps")" = 1 ]
	[ -z "$(find "/proc/$pid/fd" -lname '/memfd:*')" ]
	ends_unharmed
}

@test "what it allocates is found in the function that does, and what is counted is exact" {
	start_churner
	"$SYSPROF" record --heap --inject -p "$pid" -d 1
	"$SYSPROF" report allocs >report
	grep -q 'the processes ran before' report
	"$SYSPROF" report --json allocs >report.json
	[ "$(jq '100 * ([.allocs[] | select(.function == "make") | .alloc_bytes] | add) /
		([.allocs[].alloc_bytes] | add) >= 95' report.json)" = true ]
	ends_unharmed
}

@test "the recorder is killed while the library comes, or is in: the program goes on" {
	start_churner
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$SYSPROF" record --cpu-only --heap --inject -p "$pid" >/dev/null 2>&1 3>&- &
		recorder=$!
		sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
		for child in $(pgrep -P "$recorder"); do kill -9 "$child" || true; done
		kill -9 "$recorder" || true
		wait "$recorder" || true
	done
	cycle 1
	ends_unharmed
}

@test "CPython, Node and a JVM go on" {
	command -v python3 node java
	python3 -c 'while True: [bytes(i) for i in range(1000)]' >/dev/null 2>&1 3>&- &
	pid=$!
	started+=("$pid")
	await is_burning "$pid"
	cycle 3
	node -e 'setInterval(() => Array.from({ length: 1000 }, () => Buffer.alloc(100)), 1)' \
		>/dev/null 2>&1 3>&- &
	pid=$!
	started+=("$pid")
	await is_burning "$pid"
	cycle 3
	java -cp "$W" JavaGarbage 600 >/dev/null 2>&1 3>&- &
	pid=$!
	started+=("$pid")
	await is_burning "$pid"
	cycle 3
}

@test "a program that is linked statically, or is Go's, or filters its calls is refused" {
	"$W/split-static" 60 >/dev/null 2>&1 3>&- &
	pid=$!
	started+=("$pid")
	await is_burning "$pid"
	run "$SYSPROF" record --heap --inject -p "$pid" -d 1
	[ "$status" = 1 ]
	[[ $output == *"linked statically"* ]]
	start "$W/goburn" 60
	run "$SYSPROF" record --heap --inject -p "$pid" -d 1
	[ "$status" = 1 ]
	[[ $output == *"a Go program"* ]]
	run "$SYSPROF" record --inject -p "$pid" -d 1
	[ "$status" = 2 ]
}
