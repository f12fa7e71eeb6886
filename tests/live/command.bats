#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# record as a command: how it starts, ends, and what it passes on.
load ../lib/live
bats_require_minimum_version 1.5.0

@test "the command's exit status is passed on" {
	run -0 "$SYSPROF" record -- true
	run -7 "$SYSPROF" record -- sh -c 'exit 7'
	run -255 "$SYSPROF" record -- sh -c 'exit 255'
}

@test "a command that a signal ended gives 128 and its number" {
	# shellcheck disable=SC2016
	run -137 "$SYSPROF" record -- sh -c 'kill -9 $$'
	# shellcheck disable=SC2016
	run -143 "$SYSPROF" record -- sh -c 'kill -15 $$'
}

@test "a command that does not exist gives 127 and says so" {
	run -127 "$SYSPROF" record -- no-such-command-at-all
	[[ "$output" == *no-such-command-at-all* ]]
	run -127 "$SYSPROF" record -- /no/such/file
}

@test "the command keeps its standard input, output and error" {
	run -0 --separate-stderr "$SYSPROF" record -- sh -c 'cat; echo shown >&2' <<<'read me'
	[ "$output" = "read me" ]
	[[ "$stderr" == *shown* ]]
}

@test "the command's environment and directory are the caller's" {
	# shellcheck disable=SC2016
	FLAVOUR=salt run -0 --separate-stderr "$SYSPROF" record -- sh -c 'echo $FLAVOUR; pwd'
	[ "${lines[0]}" = salt ]
	[ "${lines[1]}" = "$PWD" ]
}

@test "the command inherits no descriptor of the recorder" {
	run -0 --separate-stderr "$SYSPROF" record -- ls /proc/self/fd
	ls /proc/self/fd >expected
	# ls itself has one open on the directory; 3 and more are the test's own.
	[ "$(wc -l <<<"$output")" -le "$(wc -l <expected)" ]
}

@test "-d ends the recording and leaves the command running" {
	"$SYSPROF" record -d 1 -- sh -c 'echo $$ >pid; exec sleep 60' >messages 2>&1 3>&-
	started+=("$(cat pid)")
	kill -0 "$(cat pid)"
	"$SYSPROF" report --json threads | jq -e '.duration_ns >= 1e9'
}

@test "a recording ends when its last target has exited" {
	start "$W/split" 1.5
	one=$pid
	start "$W/split" 0.5
	"$SYSPROF" record -F 997 -p "$one,$pid"
	run kill -0 "$one"
	[ "$status" != 0 ]
	fold --no-kernel
	at_least "$(share burn_50)" 40
}

@test "Ctrl-C ends a recording of a process and keeps it" {
	start "$W/split" 60
	target=$pid
	start_record -p "$target"
	send INT
	[ "$status" = 0 ]
	kill -0 "$target"
	fold --no-kernel
	at_least "$(share burn_50)" 40
}

@test "Ctrl-C ends the command and the recording is kept" {
	start_record -- "$W/split" 60
	send INT
	[ "$status" = 130 ]
	fold --no-kernel
	at_least "$(share burn_50)" 40
}

@test "after Ctrl-C the status of a command that takes its time to end is passed on" {
	# shellcheck disable=SC2016
	start_record -- sh -c 'trap "sleep 0.5; exit 9" INT; "$0" 60 & wait' "$W/split"
	send INT
	[ "$status" = 9 ]
}

@test "SIGTERM ends a recording and keeps it" {
	start "$W/split" 60
	start_record -p "$pid"
	send TERM
	[ "$status" = 0 ]
	fold --no-kernel
	at_least "$(share burn_50)" 40
}

@test "a terminal that hangs up ends a recording and keeps it" {
	start "$W/split" 60
	start_record -p "$pid"
	send HUP
	[ "$status" = 0 ]
	fold --no-kernel
	at_least "$(share burn_50)" 40
}

@test "no target is wrong usage" {
	run -2 "$SYSPROF" record
	[[ "$output" == *-p* ]]
	[ ! -e sysprof.data ]
}

@test "options that make no sense are wrong usage" {
	for bad in '-F 0 -a' '-F -1 -a' '-F many -a' '-d 0 -a' '-d never -a' '-p 0' '-p -4' \
		'-p one' '-p 1,,2' '-p 99999999999' '-a -p 1' '--max-size none -a' '--no-such -a'; do
		# shellcheck disable=SC2086
		run -2 timeout 10 "$SYSPROF" record $bad
		[ -n "$output" ]
		[ ! -e sysprof.data ]
	done
}

@test "a frequency above what the kernel allows is refused with the limit" {
	limit=$(cat /proc/sys/kernel/perf_event_max_sample_rate)
	for hz in $((limit + 1)) 100000000; do
		run -1 timeout 10 "$SYSPROF" record -F "$hz" -d 1 -a
		[[ "$output" == *"$limit"*perf_event_max_sample_rate* ]]
		[ ! -e sysprof.data ]
	done
}

@test "a process that is gone is refused by its id" {
	sh -c 'exit 0' &
	gone=$!
	wait "$gone"
	run -1 timeout 10 "$SYSPROF" record -p "$gone"
	[[ "$output" == *"$gone"* ]]
	[ ! -e sysprof.data ]
}

is_zombie() {
	grep -q '^State:.Z' "/proc/$(cat zombie)/status" 2>/dev/null
}

@test "a zombie is refused as one" {
	mkfifo go
	# The shell might still have waited for it: it ends when its parent is `sleep`.
	# shellcheck disable=SC2016
	start sh -c 'read -r _ <go & echo $! >zombie; exec sleep 60'
	await grep -qx sleep "/proc/$pid/comm"
	echo >go
	await is_zombie
	run -1 timeout 10 "$SYSPROF" record -p "$(cat zombie)"
	[[ "$output" == *"$(cat zombie)"* ]]
}

@test "a kernel thread can be recorded and has no user stack" {
	thread=$(ps -eo pid,ppid,comm | awk '$2 == 2 { print $1; exit }')
	run -0 timeout 10 "$SYSPROF" record -d 1 -p "$thread"
	"$SYSPROF" report >/dev/null
}
