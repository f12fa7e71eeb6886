#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What a flight recorder wrote (tests/data/ring.events says what happened), and what `record`
# says of wrong options of one.

load ../lib/golden
bats_require_minimum_version 1.5.0

@test "states from before the window are what they were said to be" {
	golden ring-threads "$SYSPROF" report -i "$(recording ring)" threads
}

@test "info tells what triggered" {
	"$SYSPROF" info -i "$(recording ring)" --json | jq -e '.trigger == {"condition":
		"latency>200ms", "time_ns": 10640000000, "duration_ns": 240000000, "tid": 100}'
	"$SYSPROF" info -i "$T/ring.data" >"$T/info"
	grep -q '^triggered by  *latency>200ms, 640ms from the start: player (tid 100), 240ms$' "$T/info"
}

@test "a recording that was not triggered says nothing of it" {
	"$SYSPROF" info -i "$(recording waits)" >"$T/info"
	run ! grep trigger "$T/info"
	"$SYSPROF" info -i "$T/waits.data" --json | jq -e '.trigger == null'
}

@test "the timeline has the trigger as an instant of its thread" {
	"$SYSPROF" export -i "$(recording ring)" -o "$T/trace.json"
	jq -e '[.traceEvents[] | select(.name == "trigger")] == [{"ph": "i", "pid": 100, "tid": 100,
		"s": "t", "cat": "mark", "ts": 640000, "name": "trigger",
		"args": {"condition": "latency>200ms", "duration_ns": 240000000}}]' "$T/trace.json"
	"$SYSPROF" report -i "$T/ring.data" threads --json >"$T/threads.json"
}

@test "a trigger from outside is an instant of nobody, in each timeline" {
	"$SYSPROF" dump --assemble - -o "$T/rec" <<-'END'
		start time=1s
		comm time=1s pid=7 tid=7 name=a
		task_state time=1s pid=7 tid=7 state=running
		trigger time=1500ms condition="signal"
		end time=2s
	END
	"$SYSPROF" export -i "$T/rec" -o "$T/trace.json"
	jq -e '[.traceEvents[] | select(.name == "trigger") | [.ph, .s, .ts, .args.condition]] ==
		[["i", "g", 500000, "signal"]]' "$T/trace.json"
	"$SYSPROF" export -i "$T/rec" -o "$T/trace.pftrace"
	zcat "$T/trace.pftrace" | grep -aq 'from outside'
}

@test "a trigger's condition and thread are escaped" {
	"$SYSPROF" dump --assemble - -o "$T/rec" <<-'END'
		start time=1s
		comm time=1s pid=7 tid=7 name="a\x1bb"
		trigger time=2s pid=7 tid=7 condition="x\ny"
		trigger time=3s condition="signal"
		trigger time=3s pid=7 tid=7 condition="x\ny"
	END
	"$SYSPROF" info -i "$T/rec" | grep -F 'x\x0ay, 2.00s from the start: a\x1bb (tid 7)'
}

@test "a ring that was too small is said to have been" {
	"$SYSPROF" dump --assemble - -o "$T/rec" <<-'END'
		meta key=ring value="30.0s in at most 4.00 MiB"
		meta key=ring_held value=12.0s
		start time=1s
		end time=13s
	END
	"$SYSPROF" report -i "$T/rec" |
		grep -F '! the ring held 12.0s, not 30.0s in at most 4.00 MiB'
}

# refuses STATUS WORDS OPTION...: recording `true` so fails, with these words.
refuses() {
	local status=$1 words=$2
	shift 2
	run -"$status" --separate-stderr "$SYSPROF" record -o "$T/out" "$@" -- true
	[[ $stderr == *"$words"* ]] || { echo "$stderr" && return 1; }
	[ ! -e "$T/out" ]
}

@test "wrong options of the ring are explained" {
	refuses 2 "'latency>20': the limit's unit is missing; try latency>20ms" \
		--ring 5 --trigger 'latency>20'
	refuses 2 "there are latency>20ms, wait>100ms or wait:lock>50ms, pause>10ms, function:NAME" \
		--ring 5 --trigger 'load>20'
	refuses 2 "no class of waits is called 'locks'; there are other, lock, condvar" \
		--ring 5 --trigger 'wait:locks>1s'
	refuses 2 "'function:': the function is missing; try function:NAME or function:LIBRARY:NAME" \
		--ring 5 --trigger function:
	refuses 2 "--trigger wants a past to write: give --ring" --trigger 'latency>20ms'
	refuses 2 "--ring keeps from 1s to 24h, not '10ms'" --ring 10ms
	refuses 2 "--ring keeps from 1s to 24h, not '0'" --ring 0
	refuses 2 "'soon' is not a duration" --ring 5 --after soon
	refuses 2 "'1M' is not a size from 4M to 64G" --ring 5 --ring-size 1M
	refuses 2 "'0' is not a number of recordings" --ring 5 --repeat 0
	refuses 2 "--max-size is of files that grow; --ring has --ring-size" --ring 5 --max-size 1M
	refuses 2 "'latency>1ms' wants switches: not with --cpu-only" \
		--ring 5 --cpu-only --trigger 'latency>1ms'
	run -2 --separate-stderr "$SYSPROF" record --ring 5 --trigger function:f -a -o "$T/out"
	[[ $stderr == *"with -a wants a file to look into: function:PROGRAM:NAME"* ]]
	run -2 --separate-stderr "$SYSPROF" record --ring 5 -o - -- true
	[[ $stderr == *"to a file: -o FILE"* ]]
}

@test "--ring does not begin where it could not write in the end" {
	run -1 --separate-stderr "$SYSPROF" record --ring 5 -o "$T/no/where" -- touch "$T/ran"
	[[ $stderr == *"cannot write '$T/no/where': No such file or directory"* ]]
	[ ! -e "$T/ran" ]
}
