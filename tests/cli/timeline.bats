#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The timeline in each format; tests/data/timeline.events says what happens in it.

load ../lib/golden

# is_exact NAME [FILTER...]: the timeline of a recording holds together and sums to its threads.
is_exact() {
	local data
	data=$(recording "$1")
	shift
	"$SYSPROF" export -i "$data" -o "$T/trace.json" "$@"
	"$SYSPROF" report -i "$data" threads --json "$@" >"$T/threads.json"
	"$BATS_TEST_DIRNAME/../lib/timeline.py" "$T/trace.json" "$T/threads.json"
}

@test "states are cut at the edges of system calls, wakers have arrows" {
	golden timeline-chrome "$SYSPROF" export -i "$(recording timeline)" -f chrome
}

@test "slices nest, and sum to what the threads did" {
	is_exact timeline
	is_exact waits
}

@test "a cut sums to what the threads did in it" {
	is_exact timeline --since 60ms --until 300ms
	is_exact timeline --since 240ms --until 305ms
	is_exact timeline --thread 101
	is_exact waits --since 105ms --until -10ms
	is_exact waits --since 5s
}

@test "Perfetto's own format tells the same" {
	for name in timeline waits; do
		data=$(recording $name)
		"$SYSPROF" export -i "$data" -o "$T/trace.pftrace"
		"$SYSPROF" export -i "$data" -o "$T/trace.json"
		"$SYSPROF" report -i "$data" threads --json >"$T/threads.json"
		"$BATS_TEST_DIRNAME/../lib/pftrace.py" "$T/trace.pftrace" "$T/threads.json" "$T/trace.json"
	done
}

@test "a recording without switches has no timeline, and leaves none" {
	run "$SYSPROF" export -i "$(recording server)" -o "$T/trace.json"
	[ "$status" = 1 ]
	[[ $output == *"no timeline: the recording tells nothing of the time"* ]]
	[ ! -e "$T/trace.json" ]
}

@test "formats of timelines and of profiles are told apart" {
	data=$(recording timeline)
	run "$SYSPROF" export -i "$data" cpu -o "$T/cpu.json"
	[ "$status" = 2 ]
	[[ $output == *"chrome is a format of the timeline only"* ]]
	run "$SYSPROF" export -i "$data" trace -o "$T/trace.pb.gz"
	[ "$status" = 2 ]
	[[ $output == *"pprof is no format of timelines"* ]]
	"$SYSPROF" export -i "$data" trace -f chrome | cmp - "$BATS_TEST_DIRNAME/golden/timeline-chrome.txt"
}

@test "what would leave nothing out of a timeline is refused" {
	data=$(recording timeline)
	for filter in --cpu=0 --focus=main --ignore=main --no-kernel --wait=lock --idle --lock=x; do
		run "$SYSPROF" export -i "$data" "$filter" -o "$T/trace.json"
		echo "$filter: $output"
		[ "$status" = 2 ]
		[[ $output == *"of a timeline, --process"* ]]
	done
	"$SYSPROF" export -i "$data" --thread 1 -o "$T/trace.json"
}
