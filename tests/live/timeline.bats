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
	sums_agree --since 10ms --until 50ms
	sums_agree
	grep -q '"cat":"syscall"' trace.json
	"$SYSPROF" export -o trace.pftrace
	"$BATS_TEST_DIRNAME/../lib/pftrace.py" trace.pftrace threads.json trace.json
	"$SYSPROF" export -o trace.html
	"$BATS_TEST_DIRNAME/../lib/page.mjs" trace.html threads.json
}

@test "the whole machine, at a high rate of switches" {
	start "$W/pingpong" 2
	record -a -d 1
	sums_agree
	"$SYSPROF" export -o trace.pftrace
	"$BATS_TEST_DIRNAME/../lib/pftrace.py" trace.pftrace threads.json
	"$SYSPROF" export -o trace.html
	"$BATS_TEST_DIRNAME/../lib/page.mjs" trace.html threads.json
}

# What is open for long has a name for all its calls; what is not has none rather than a wrong one.
@test "descriptors are named, and never by another file" {
	cat >open.py <<-'END'
		import os, time
		long = os.open("/etc/passwd", os.O_RDONLY)
		for i in range(100):
		    os.lseek(long, 0, os.SEEK_SET)
		    os.read(long, 100)
		    short = os.open("/etc/group", os.O_RDONLY)
		    os.read(short, 101)
		    os.close(short)
		    time.sleep(0.02)
		os.close(long)
	END
	record --trace -- python3 open.py
	"$SYSPROF" export -o trace.json
	calls() { jq -r ".traceEvents[] | select(.cat == \"syscall\" and .name == \"read\" and .args.count == $1).args.fd" trace.json; }
	calls 100 >long
	calls 101 >short
	[ "$(grep -c '^[0-9]* (/etc/passwd' long)" = 100 ]
	[ "$(wc -l <short)" = 100 ]
	[ "$(grep -vc -e '^[0-9]*$' -e '(/etc/group' short)" = 0 ]
}
