#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Timelines of what is hostile, huge, empty, or does not fit.

load ../lib/golden

python_reads() {
	python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$1"
}

# agree RECORDING: both formats hold together, and sum to what the threads did.
agree() {
	"$SYSPROF" report -i "$1" threads --json >"$T/threads.json"
	"$SYSPROF" export -i "$1" -o "$T/trace.json"
	"$BATS_TEST_DIRNAME/../lib/timeline.py" "$T/trace.json" "$T/threads.json"
	"$SYSPROF" export -i "$1" -o "$T/trace.pftrace"
	"$BATS_TEST_DIRNAME/../lib/pftrace.py" "$T/trace.pftrace" "$T/threads.json" "$T/trace.json"
}

@test "names of any bytes come out as valid UTF-8, escaped" {
	cat >"$T/text" <<-'END'
		meta key=machine value=x86_64
		start time=1s wall_ns=1
		comm time=1s pid=1 tid=1 name="\"q\\u\n\x01\xff\xfe</script>\xed\xa0\x80"
		task_state time=1s pid=1 tid=1 state=running
		descriptor pid=1 fd=3 object="/tmp/\x80\"\x1b[31m" start=1s length=1s
		wait_stack time=1500ms pid=1 tid=1 why=pipe object="p\x00\xc3" period=1 stack={"\x7f\xff"!"f\"\xf5"}
		sched_switch time=1500ms cpu=0 prev=1 state=sleeping next=0
		sched_waking time=1600ms tid=1 cpu=0
		sched_switch time=1600ms cpu=0 prev=0 next=1
		syscall time=1700ms tid=1 nr=0 duration=1ms arg0=3
		disk_io time=1800ms tid=1 device="\xff\"" bytes=512 op=read duration=1ms
		interrupt time=1900ms cpu=0 name="\"\xc0\xaf" duration=1us
		end time=2s
	END
	"$SYSPROF" dump --assemble "$T/text" -o "$T/x.data"
	agree "$T/x.data"
	iconv -f UTF-8 -t UTF-8 "$T/trace.json" >/dev/null
	[ "$(LC_ALL=C grep -c $'[\x01-\x09\x0b-\x1f\x7f]' "$T/trace.json")" = 0 ]
	zcat "$T/trace.pftrace" >"$T/raw"
	[ "$(LC_ALL=C grep -ac $'\x1b\[31m' "$T/raw")" = 0 ]
}

@test "100,000 threads" {
	awk 'BEGIN {
		print "start time=1s wall_ns=1"
		for (i = 1; i <= 100000; i++) {
			printf "comm pid=%d tid=%d name=t%d\n", i - i % 7 + 1, i + 1, i
			printf "task_state pid=%d tid=%d state=sleeping\n", i - i % 7 + 1, i + 1
		}
		for (i = 1; i <= 100000; i++) {
			printf "sched_waking time_ns=%d tid=%d\n", 1e9 + i * 1000, i + 1
			printf "sched_switch time_ns=%d next=%d\n", 1e9 + i * 1000 + 200, i + 1
			printf "sched_switch time_ns=%d prev=%d state=sleeping\n", 1e9 + i * 1000 + 800, i + 1
		}
		print "end time=2s"
	}' >"$T/text"
	"$SYSPROF" dump --assemble "$T/text" -o "$T/x.data"
	agree "$T/x.data"
}

@test "a recording in which nothing happens, and one that was cut off" {
	printf '%s\n' "start time=1s wall_ns=1" "comm time=1s pid=1 tid=1 name=a" \
		"task_state time=1s pid=1 tid=1 state=sleeping" "end time=2s" >"$T/text"
	"$SYSPROF" dump --assemble "$T/text" -o "$T/x.data"
	agree "$T/x.data"
	grep -v ^end "$T/text" >"$T/cut"
	"$SYSPROF" dump --assemble "$T/cut" -o "$T/x.data"
	agree "$T/x.data"
	run "$SYSPROF" export -i "$(recording empty)" -o "$T/no.json"
	[ "$status" = 1 ]
	[ ! -e "$T/no.json" ]
}

@test "a cut that holds nothing is a timeline without slices" {
	data=$(recording timeline)
	for cut in --since=5s --until=0s "--since=300ms --until=200ms"; do
		# shellcheck disable=SC2086
		"$SYSPROF" export -i "$data" $cut -o "$T/trace.json"
		python_reads "$T/trace.json"
		[ "$(grep -c '"ph":"X"' "$T/trace.json")" = 0 ]
		# shellcheck disable=SC2086
		"$SYSPROF" export -i "$data" $cut -o "$T/trace.pftrace"
		zcat "$T/trace.pftrace" >/dev/null
	done
}

@test "a disk that is full is an error, and leaves nothing" {
	data=$(recording timeline)
	for format in chrome pftrace html; do
		run "$SYSPROF" export -i "$data" -f "$format" -o /dev/full
		[ "$status" = 1 ]
		[[ $output == *"/dev/full"*"No space left on device"* ]]
	done
}

@test "a recording that lies makes no slice that overlaps another, nor endless work" {
	cat >"$T/text" <<-'END'
		start time=1s wall_ns=1
		comm time=1s pid=1 tid=1 name=a
		task_state time=1s pid=1 tid=1 state=running
		interrupt time=1100ms cpu=4294967295 nr=1 duration=50ms
		interrupt time=1110ms cpu=4294967295 nr=2 duration=50ms
		interrupt time=1111ms cpu=4294967295 nr=2 duration_ns=18446744073709551615
		disk_io time=1200ms tid=9 device=vda op=77 error=4294967295 duration_ns=18446744073709551615
		disk_io time=1100ms tid=9 device=vda duration=50ms
		signal time=1200ms tid=1 signo=4000000000 step=7
		signal time=1200ms tid=1 signo=4000000000
		page_fault time=1200ms tid=1 access=9
		syscall time=1300ms tid=1 nr=4294967295 duration_ns=18446744073709551615 arg5=1
		descriptor pid=1 fd=1 object=x start_ns=18446744073709551615 length_ns=18446744073709551615
		end time=2s
	END
	"$SYSPROF" dump --assemble "$T/text" -o "$T/x.data"
	agree "$T/x.data"
}
