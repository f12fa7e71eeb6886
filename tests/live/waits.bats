#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Threads that block are seen with their stacks, the reason, and who ended it.
load ../lib/live
bats_require_minimum_version 1.5.0

# Lines "KIND FUNCTIONS|FIELDS" for the dump's wait_stack, wake_stack and task_state events,
# FUNCTIONS from the outside in, such as ";main;wait_pipe;read;", into ./waits.
waits() {
	"$SYSPROF" dump >dump
	awk '
		function value(key,  at, rest) {
			at = index($0, " " key "=")
			if (!at) return ""
			rest = substr($0, at + length(key) + 2)
			if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); sub(/".*/, "", rest) }
			else sub(/ .*/, "", rest)
			return rest
		}
		$1 == "name" {
			f = value("frame")
			callers = f in name ? ";" name[f] : "" # mawk makes what is assigned to first
			name[f] = value("function") callers
		}
		$1 == "stack" { parent[value("id")] = value("parent"); frame[value("id")] = value("frame") }
		$1 ~ /^(wait_stack|wake_stack|task_state)$/ { n++; line[n] = $0; stack[n] = value("stack") }
		END {
			for (i = 1; i <= n; i++) {
				path = ";"
				for (s = stack[i]; s + 0; s = parent[s]) path = ";" name[frame[s]] path
				kind = line[i]; sub(/ .*/, "", kind)
				print kind " " path "|" line[i]
			}
		}' dump >waits
}

# How often `waits`, whose output is ./stdout, waited in its function $1.
truth() {
	awk -v f="$1" '$1 == f { print $3 }' stdout
}

# How many lines of ./waits match $1, and not $2.
n_waits() {
	grep -E "$1" waits | grep -cvE "${2:-^$}" || true
}

@test "each wait has its class, its object and its stack" {
	record -- "$W/waits" 2
	waits
	for f in wait_sleep wait_pipe wait_lock; do
		near "$(n_waits "^wait_stack .*;$f;")" "$(truth $f)" 1
	done
	# All of them, whatever turn they were of; page faults may come in between.
	[ "$(n_waits '^wait_stack .*;wait_sleep;' 'why=sleep nr=231 object="30.0ms"|pagefault')" = 0 ]
	[ "$(n_waits '^wait_stack .*;wait_lock;' 'why=lock nr=203 object="futex 0x.* waits\+0x|pagefault')" = 0 ]
	[ "$(n_waits '^wait_stack .*;wait_pipe;' 'why=pipe nr=1 object="pipe [0-9]+( from waits|")|pagefault')" = 0 ]
}

@test "at a few hundred switches a second every wait has its stack, whole" {
	record -- "$W/waits" 2
	waits
	[ "$(n_waits '^wait_stack ' 'period=1$')" = 0 ]
	# Against the exact stream: switches away from the two threads that block.  Some
	# microseconds pass without the events while their filter is replaced.
	awk '{ match($0, / (prev|tid)=[0-9]+/); who = substr($0, RSTART + 1, RLENGTH - 1); sub(/.*=/, "", who) }
		$1 == "wait_stack" { waits[who]++ }
		$1 == "sched_switch" && / state=(sleeping|disk)/ { blocked[who]++ }
		END { for (t in waits) { n += waits[t]; all += blocked[t] }
			print n " stacks of " all " waits"; exit !(all > 25 && n >= 0.99 * all - 1) }' dump
	[ "$(n_waits '^wait_stack ' ';(main|start_thread|_start);')" -le 2 ]
	awk '/^counter/ && /"unwind.stacks"/ { s = $NF } /^counter/ && /"unwind.complete"/ { c = $NF }
		END { sub(/.*=/, "", s); sub(/.*=/, "", c); exit !(c >= 0.99 * s) }' dump
}

# Whether $2 % of what threads of that name waited for 10 ms and longer has a stack, though
# not every wait was sampled.  A wait counts as long as it was blocked; its stack comes near
# its switch, on either side of it, or, where it was looked up, later.  What begins in the first
# 300 ms does not count: of the whole machine, the recorder goes through all processes first.
long_waits_have_stacks() {
	"$SYSPROF" dump >dump
	grep -q '^wait_stack .* period=[^1]' dump || return
	awk -v who="$1" -v least="$2" '
		function value(key,  at, rest) {
			at = index($0, " " key "=")
			if (!at) return ""
			rest = substr($0, at + length(key) + 2)
			sub(/ .*/, "", rest)
			return rest
		}
		function ends(tid) {
			if (since[tid] - start > 3e8 && value("time_ns") - since[tid] >= 10e6) {
				n++
				if (tid in has) found++
			}
			delete since[tid]; delete has[tid]
		}
		$1 == "start" { start = value("time_ns") }
		$1 == "comm" && index($0, "name=\"" who "\"") { ours[value("tid")] = 1 }
		$1 == "sched_waking" { ends(value("tid")) }
		$1 == "sched_switch" {
			ends(value("next"))
			tid = value("prev")
			if ((tid in ours) && $0 ~ / state=(sleeping|disk)/) {
				since[tid] = value("time_ns")
				if (since[tid] - early[tid] < 200000) has[tid] = 1
			}
		}
		$1 == "wait_stack" && (value("tid") in since) { has[value("tid")] = 1 }
		$1 == "wait_stack" { early[value("tid")] = value("time_ns") }
		END { print found + 0 " of " n + 0 " long waits have a stack"
			exit !(n > 50 && found >= least / 100 * n) }' dump
}

# With a budget of $1 % that does not do for all.  In one of three tries: where others leave the
# recorder no turn for milliseconds, waits are over before it gets to look at them: with more
# than four programs to run for each CPU, half of them will do.
tries_long_waits() {
	local i least
	for i in 1 2 3; do
		start "$W/pingpong" 4
		storm=$pid
		start "$W/waits" 4
		record -d 2 --budget "$1" "$2" ${3:+"$storm,$pid"}
		least=$(awk -v cpus="$(nproc)" '{ print ($1 > 4 * cpus) ? 50 : 95 }' /proc/loadavg)
		long_waits_have_stacks waits "$least" && return
		end_started
	done
	return 1
}

@test "long waits have their stacks also where others are so many that few are sampled" {
	tries_long_waits 1 -p them
}

# Strangers that wait for long are looked up, too: a quarter of 1 % does for 500 a second.
@test "the same of the whole machine" {
	tries_long_waits 3 -a
}

counter() {
	"$SYSPROF" info | awk -v name="$1" '$1 == name { gsub(",", "", $2); print $2 + 0 }'
}

# At some 50,000 waits a second, a quarter of that on a busy machine.
@test "of stacks whose callers are known the innermost frames are copied only" {
	record --budget 5 -- taskset -c 0 "$W/callers" 100000
	waits
	at_least "$(counter unwind.joined)" 1000
	n=$(n_waits '^wait_stack ')
	at_least "$(n_waits '^wait_stack .*;(main|start_thread);(run;)?by_one;hand_over;')" $((n * 99 / 100))
}

@test "callers at the same place that are not always the same are copied and told apart" {
	record --budget 5 -- taskset -c 0 "$W/callers" 100000 both
	waits
	n=$(n_waits '^wait_stack ')
	others=$(n_waits '^wait_stack .*;by_other;hand_over;')
	at_least "$(n_waits '^wait_stack .*;by_(one|other);hand_over;')" $((n * 99 / 100))
	echo "$others of $n"
	at_least "$others" $((n * 22 / 100))
	[ "$others" -le $((n * 28 / 100)) ]
}

# See the workload: it says when the machine may make that fail.
@test "poll is idle in a server that waits for connections, and not in its client" {
	for call in poll select; do
		record -- "$W/pollserver" $call 60
		"$SYSPROF" report threads --json >json
		jq -c '.threads[] | [.name, .running_ns, .poll_ns, .idle_ns]' json
		jq -e '.threads[] | select(.name == "server") | .poll_ns > 0 and .idle_ns > 0.95 * .poll_ns' json
		jq -e '.threads[] | select(.name == "client") | .poll_ns > 0 and .idle_ns == 0' json
		"$SYSPROF" dump | grep -E 'wait_stack .*object="poll of 2 files, tcp 127.0.0.1:[0-9]+ \(listening\) among them"' >server
		[ "$(wc -l <server)" -ge 50 ]
	done
}

@test "who ends a wait is known with its stack" {
	record -- "$W/waits" 2
	waits
	near "$(n_waits '^wake_stack .*;hold_lock;.* address=0x')" "$(truth wait_lock)" 1
	near "$(n_waits '^wake_stack .*;write_pipe;')" "$(truth wait_pipe)" 1
	# Twice a turn, but where the other has not come to wait yet.
	at_least "$(n_waits '^wake_stack .*;ask;')" "$(truth wait_sleep)"
	# Nobody wakes a sleeper: a timer does, on whatever thread ran.
	[ "$(n_waits '^wake_stack .*;burn_cpu;')" = 0 ]
}

# Of what `waits` waited in function $1 on the main thread, whether chain lays 90 % upon the
# helper's sleep in $2; the rest is the helper on its way there and back.  How long that waits
# for a CPU is up to who else is on the machine.
is_for() {
	awk -v f=";$1;" -v g=";$2;.*sleep: clock_nanosleep" '
		/: waiting for a CPU] [0-9]+$/ { next }
		index($0, f) { n = $NF; all += n; if ($0 ~ g) part += n }
		END { print f, all, part; exit !(all > 100e6 && part >= 0.9 * all) }' chain.folded
}

@test "chain tells what those who end waits were waiting for themselves" {
	record -- "$W/waits" 2
	"$SYSPROF" export chain -o chain.folded
	is_for wait_lock hold_lock
	is_for wait_pipe write_pipe
	[ "$("$SYSPROF" report chain --json | jq '.types[1].total')" = \
		"$("$SYSPROF" report block --json | jq '.types[1].total')" ]
}

@test "a thread that blocks all the time is found with its stack and its reason" {
	start sleep 60
	await is_asleep "$pid"
	record -d 1 -p "$pid"
	waits
	at_least "$(n_waits '^task_state .*nanosleep;.*why=sleep')" 2
}

@test "threads of a target that are born later are seen" {
	mkfifo go
	# shellcheck disable=SC2016
	start bash -c 'read -r <go; "$0" 1.5 >stdout' "$W/waits"
	start "$SYSPROF" record -p "$pid"
	await holds sysprof.data 1 start
	echo >go
	wait "$pid"
	waits
	near "$(n_waits '^wait_stack .*;wait_pipe;')" "$(truth wait_pipe)" 1
	at_least "$(n_waits '^wait_stack .*;hold_lock;')" "$(truth wait_lock)"
}

@test "what is not a target is not in the recording" {
	start "$W/waits" 5
	other=$pid
	record -d 1 -- "$W/waits" 1
	"$SYSPROF" dump >dump
	run ! grep -E "^wait_stack .* pid=$other " dump
	run ! grep -E "^wake_stack .* woken=$other " dump
}

@test "--cpu-only takes no stacks of waits" {
	record --cpu-only -- "$W/waits" 0.5
	waits
	[ ! -s waits ]
}
