#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The flight recorder, with a program that tells when it stuttered (tests/workloads/stutter.c).
load ../lib/live
bats_require_minimum_version 1.5.0

# Process $1 takes signal $2 by a handler of its own.
catches() {
	local mask
	mask=$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status")
	((0x$mask >> ($2 - 1) & 1))
}

# Start to record without a file to show that it does: until it is ready for signals.
start_ring() {
	start setsid "$SYSPROF" record "$@"
	await catches "$pid" 2
}

# The value of field $3 of the last event of kind $2 in the recording $1.
of_event() {
	"$SYSPROF" dump -i "$1" | sed -n "s/^$2 .*\b$3=\([^ ]*\).*/\1/p" | tail -1
}

# Whatever happened, all of every thread's time in the window of recording $1 is accounted for.
is_closed() {
	"$SYSPROF" report -i "$1" threads | grep 'running + runnable + blocked + unknown miss 0s of it'
}

# Recording $1 holds the stutter that ./said tells of, as what triggered, and a second before.
holds_stutter() {
	local begin end
	read -r begin end <said
	start=$(of_event "$1" start time_ns)
	triggered=$(of_event "$1" trigger time_ns)
	duration=$(of_event "$1" trigger duration_ns)
	echo "stutter $begin $end, recording from $start, triggered at $triggered after $duration ns"
	[ "$((triggered - duration))" -lt "$end" ]
	[ "$triggered" -gt "$begin" ]
	[ "$start" -lt "$((begin - 1000000000))" ]
	"$SYSPROF" info -i "$1" | grep '^triggered by .* player (tid '
}

# The window of recording $1 is at most a second longer than $2 seconds.
is_within() {
	local ns=$(($(of_event "$1" end time_ns) - $(of_event "$1" start time_ns)))
	[ "$ns" -le $((($2 + 1) * 1000000000)) ]
}

# triggered CONDITION KIND: a ring of 6 s is written for the stutter of that kind after 8 s.
triggered() {
	"$SYSPROF" record --ring 6 --trigger "$1" -- "$W/stutter" "$2" 8000 800 \
		>said 2>messages 3>&- || { cat messages && return 1; }
	cat messages
	started+=("$(of_event sysprof.data trigger pid)")
	grep -qE "$1 at [0-9:.]{12}: player \(tid [0-9]+\) .* next: sysprof report" messages
	is_within sysprof.data 6
	is_closed sysprof.data
}

@test "a wait for a lock that is too long has the seconds before it written" {
	triggered 'wait:lock>500ms' lock
	holds_stutter sysprof.data
	"$SYSPROF" report block --wait lock | grep -q 'pthread_mutex_lock'
}

# Who else uses the machine may hold up the player, too: any such wait is one of those that the
# report has.
@test "a wait for a CPU that is too long is the one that the report has" {
	triggered 'latency>200ms' cpu
	"$SYSPROF" report latency --json >latency.json
	jq -e --argjson tid "$(of_event sysprof.data trigger tid)" \
		--argjson ns "$(of_event sysprof.data trigger duration_ns)" \
		'.threads[] | select(.tid == $tid) | .max_ns >= $ns' latency.json
}

@test "SIGUSR2 has the past written, and the recording goes on; Ctrl-C writes the rest" {
	start "$W/stutter" lock 1000000
	start_ring --ring 2 -p "$pid"
	sleep 1
	kill -USR2 "$pid"
	await holds sysprof.data 1 end
	kill -0 "$pid"
	sleep 4
	send INT
	[ "$status" = 0 ]
	is_within sysprof.data 2
	is_within sysprof.data.old 2
	is_closed sysprof.data
	is_closed sysprof.data.old
	[ "$(of_event sysprof.data start time_ns)" -gt "$(of_event sysprof.data.old end time_ns)" ]
}

@test "without a trigger, Ctrl-C has what there is written, and it is said" {
	start "$W/stutter" lock 1000000
	target=$pid
	setsid "$SYSPROF" record --ring 5 --trigger 'wait>1h' --trigger 'latency>1h' -p "$target" \
		2>messages 3>&- &
	pid=$!
	started+=("$pid")
	await catches "$pid" 2
	sleep 1
	send INT
	cat messages
	[ "$status" = 0 ]
	grep -q 'no trigger came; the last .* in sysprof.data .*; next: sysprof diagnose' messages
	is_closed sysprof.data
	"$SYSPROF" report -i sysprof.data threads | grep '^player '
}

@test "a pause of a garbage collector that is too long is a trigger" {
	"$SYSPROF" record --ring 3 --after 100ms --trigger 'pause>1us' -- "$W/gogarbage" 60 \
		>/dev/null 2>messages 3>&-
	cat messages
	started+=("$(of_event sysprof.data trigger pid)")
	grep -q 'pause>1us at .* ended a pause of its process of ' messages
	holds sysprof.data 1 trigger
	"$SYSPROF" dump | grep -q '^pause .* step=watched .*runtime="Go"'
	is_closed sysprof.data
}

@test "a function that is entered is a trigger, with the stack of who did" {
	"$SYSPROF" record --ring 5 --after 100ms --trigger function:tell -- "$W/stutter" lock 1500 100 \
		>said 2>messages 3>&- || { cat messages && return 1; }
	cat messages
	started+=("$(of_event sysprof.data trigger pid)")
	grep -qE 'function:tell at [0-9:.]{12}: stutter \(tid [0-9]+\); ' messages
	read -r begin end <said
	entered=$(of_event sysprof.data trigger time_ns)
	echo "entered at $entered, between $begin and $end"
	[ "$entered" -gt "$begin" ]
	[ "$entered" -lt "$end" ]
	is_closed sysprof.data
	"$SYSPROF" export -o trace.json
	jq -e '.traceEvents[] | select(.name == "trigger") | .args.stack | test("^tell < main < ")' trace.json
}

@test "a function of a library is, of a process that runs already" {
	start "$W/stutter" lock 1000000
	"$SYSPROF" record --ring 5 --after 100ms --trigger function:libc:usleep -p "$pid" \
		2>messages 3>&- || { cat messages && return 1; }
	cat messages
	grep -q 'function:libc:usleep at .*: player (tid ' messages
	"$SYSPROF" export -o trace.json
	jq -e '.traceEvents[] | select(.name == "trigger") | .args.stack | test("usleep < .*play")' trace.json
}

# does_not_wait WORDS OPTION...: with these, recording ends before it begins, and says so.
does_not_wait() {
	local words=$1
	shift
	status=0
	"$SYSPROF" record --ring 5 "$@" 2>messages 3>&- || status=$?
	cat messages
	[ "$status" = 1 ]
	grep -qF -- "$words" messages
	[ ! -e sysprof.data ]
}

@test "a function that is not there is an error at once" {
	start "$W/stutter" lock 1000000
	does_not_wait "cannot wait for function 'tall' in '$W/stutter': no symbol is called so" \
		--trigger function:tall -p "$pid"
	does_not_wait "cannot wait for function 'usloop' in '" --trigger function:libc.so.6:usloop -p "$pid"
	does_not_wait "say function:LIBRARY:NAME" --trigger function:usleep -- touch ran
	printf '#!/bin/sh\nexec touch ran\n' >script
	chmod +x script
	does_not_wait "it is no program of 64 bits" --trigger function:main -- ./script
	does_not_wait "functions of Java, Python or JavaScript are in no file" \
		--trigger function:collect -- /usr/bin/python3 -c 'open("ran", "w")'
	[ ! -e ran ]
}

@test "what nobody mapped in the end could not be waited for, and that is said" {
	"$SYSPROF" record --ring 5 --trigger function:libnothing:f -- true 2>messages 3>&-
	cat messages
	grep -q "no target ever mapped 'libnothing': 'f' could not be waited for" messages
}

@test "SIGUSR2 may be the trigger" {
	start "$W/stutter" lock 1000000
	start_ring --ring 5 --after 0s --trigger signal -p "$pid"
	kill -USR2 "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 0 ]
	holds sysprof.data 1 trigger
	is_closed sysprof.data
}

@test "each trigger has a recording of its own written" {
	start sh -c 'while :; do sleep 0.4; done'
	"$SYSPROF" record --ring 2 --after 100ms --repeat 3 --trigger 'wait:child>200ms' -p "$pid" \
		2>messages 3>&-
	cat messages
	for i in 1 2 3; do
		holds "sysprof.data.$i" 1 trigger
		is_closed "sysprof.data.$i"
		grep -q "wait:child>200ms .* in sysprof.data.$i " messages
	done
	[ ! -e sysprof.data ]
	[ ! -e sysprof.data.4 ]
}

@test "memory is bounded: what it holds less than was asked for is said" {
	"$SYSPROF" record --ring 60 --ring-size 4M -d 6 -- "$W/pingpong" 10 \
		>/dev/null 2>messages 3>&-
	cat messages
	grep -q 'the memory of the ring, 4.00 MiB, held .* not 60.0s; give more with --ring-size' \
		messages
	is_closed sysprof.data
	"$SYSPROF" report threads | grep -q '! the ring held .* not 60.0s in at most 4.00 MiB'
	[ "$(wc -c <sysprof.data)" -lt 4194304 ]
}

@test "a command that ends has what there is written, and passes on its status" {
	status=0
	"$SYSPROF" record --ring 5 -- sh -c 'sleep 0.1; exit 7' 2>messages 3>&- || status=$?
	[ "$status" = 7 ]
	holds sysprof.data 1 end
	is_closed sysprof.data
}
