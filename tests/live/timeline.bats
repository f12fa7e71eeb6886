#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Timelines of real recordings: in each format they sum to what the threads did.
load ../lib/live

sums_agree() {
	"$SYSPROF" report threads --json "$@" >threads.json
	"$SYSPROF" export -o trace.json "$@"
	"$BATS_TEST_DIRNAME/../lib/timeline.py" trace.json threads.json
}

@test "a program's processes, pipes and system calls" {
	record --trace -- sh -c 'for i in 1 2; do ls -R /usr/lib | sort | tail -1; done'
	sums_agree
	sums_agree --since 10ms --until 50ms
	grep -q '"cat":"syscall"' trace.json
	"$SYSPROF" export -o trace.pftrace
	"$SYSPROF" report threads --json >threads.json
	"$BATS_TEST_DIRNAME/../lib/pftrace.py" trace.pftrace threads.json
}

@test "the whole machine, at a high rate of switches" {
	start "$W/pingpong" 2
	record -a -d 1
	sums_agree
	"$SYSPROF" export -o trace.pftrace
	"$BATS_TEST_DIRNAME/../lib/pftrace.py" trace.pftrace threads.json
}
