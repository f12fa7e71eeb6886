#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The exact stream: switches, wake-ups and system calls against what the kernel counts itself.
load ../lib/live
bats_require_minimum_version 1.5.0

# tracefs need not be mounted for the recorder; the tests look at it through a mount of their
# own, in a namespace of their own.
instances() {
	unshare -m sh -c 'mount -t tracefs none /mnt && ls /mnt/instances'
}

# Whether process $1 has an instance.
has_instance() {
	instances | grep -qx "sysprof.$1"
}

dump() {
	"$SYSPROF" dump >events
}

# Lines of ./events that match all arguments.
count() {
	awk -v n=$# 'BEGIN { for (i = 1; i <= n; i++) re[i] = ARGV[i]; ARGC = 1; ARGV[1] = "events"; ARGC = 2 }
		{ for (i = 1; i <= n; i++) if ($0 !~ re[i]) next; c++ } END { print c + 0 }' "$@"
}

# Of thread $1, what it says to have switched, $2, is what was recorded, to 1 %: it counts
# from its start, a little after its exec, to a little before its end.
has_switches() {
	got=$(count '^sched_switch ' " prev=$1( |\$)")
	echo "thread $1 says $2, recorded $got"
	[ "$2" -gt 1000 ]
	awk -v got="$got" -v want="$2" \
		'BEGIN { d = got - want; exit !(d <= want / 100 && d >= -want / 100) }'
}

@test "every switch of a command is recorded" {
	"$SYSPROF" record -- taskset -c 0 "$W/pingpong" 1 >said
	dump
	[ "$(wc -l <said)" = 2 ]
	while read -r tid switches _; do
		has_switches "$tid" "$switches"
	done <said
	[ "$(count '^gap ')" = 0 ]
}

@test "every switch of a process that is picked, and of what it starts, is recorded" {
	mkfifo go
	# shellcheck disable=SC2016
	start sh -c 'read -r go <go; exec taskset -c 0 "$0" 1 >said' "$W/pingpong"
	start "$SYSPROF" record -p "$pid"
	await holds sysprof.data 1 start
	echo >go
	wait "$pid"
	dump
	while read -r tid switches _; do
		has_switches "$tid" "$switches"
	done <said
	[ "$(wc -l <said)" = 2 ]
}

@test "every switch on the machine is recorded" {
	start setsid "$SYSPROF" record -a
	await holds sysprof.data 1 start
	taskset -c 0 "$W/pingpong" 1 >said
	send INT
	dump
	while read -r tid switches _; do
		has_switches "$tid" "$switches"
	done <said
	# On each CPU, who is taken off is who was put on before.  Where an agent is process 1,
	# what runs in its address space, and what borrows that, has switches that are not shown
	# (exact.bats): idle and kernel threads, too, which have none of their own.
	set -- /proc/1/task/*
	awk -v has_hidden="$([ $# -gt 1 ] && echo 1)" '
	FNR == NR { is_ours[$1] = 1; next }
	/^sched_switch / {
		cpu = prev = next_ = 0
		for (i = 2; i <= NF; i++) {
			split($i, f, "=")
			if (f[1] == "cpu") cpu = f[2]
			if (f[1] == "prev") prev = f[2]
			if (f[1] == "next") next_ = f[2]
		}
		is_off[prev] = 1
		if (cpu in on && on[cpu] != prev) broken[on[cpu]]++
		on[cpu] = next_
		n++
	} END {
		for (tid in broken)
			if (tid in is_off && (!has_hidden || tid in is_ours)) {
				print "broken: " tid " " broken[tid]; bad += broken[tid]
			}
		exit !(n > 1000 && bad <= n / 1000)
	}' said events
}

@test "the first switch of every newborn is recorded" {
	"$SYSPROF" record -- sh -c 'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done'
	dump
	# Whom a thread gives its CPU to in which no tracepoint fires is not seen (exact.bats):
	# where process 1 has threads that can be any of them, as idle can be such a thread.
	# Each newborn's last switch is its own.
	set -- /proc/1/task/*
	awk -v has_hidden="$([ $# -gt 1 ] && echo 1)" '/^fork / { for (i = 2; i <= NF; i++) if ($i ~ /^tid=/) born[substr($i, 5)] = 1 }
		/^sched_switch / { for (i = 2; i <= NF; i++) if ($i ~ /^next=/) ran[substr($i, 6)] = 1
			dead = /state=dead/
			for (i = 2; i <= NF; i++) if (dead && $i ~ /^prev=/) died[substr($i, 6)] = 1 }
		END { for (tid in born) { n++; if (!(tid in ran)) { print tid " never ran"; unseen++ }
				if (!(tid in died)) { print tid " never died"; bad = 1 } }
			print n; exit bad || (!has_hidden && unseen) || n < 300 }' events
}

@test "times rise" {
	"$SYSPROF" record -a -d 1
	dump
	awk '{ for (i = 2; i <= NF; i++) if ($i ~ /^time_ns=/) {
			t = substr($i, 9) + 0; if (t < last) { print "after " last ": " $0; bad = 1 }; last = t } }
		END { exit bad }' events
}

@test "sleepers that nothing happens to are told by their state" {
	start sleep 60
	await is_asleep "$pid"
	"$SYSPROF" record -d 0.5 -p "$pid"
	dump
	[ "$(count '^task_state ' " tid=$pid " 'state=sleeping')" = 2 ]
	[ "$(count '^sched_switch ')" = 0 ]
}

@test "system calls are recorded with --trace, and none without" {
	"$SYSPROF" record --trace -- dd if=/dev/zero of=/dev/null bs=1 count=5000
	dump
	# Five thousand reads and writes, and those of the loader.
	near "$(count '^syscall ' ' nr=1( |$)')" 5000 30
	[ "$(count '^syscall ' 'nr=59 ')" = 1 ]
	"$SYSPROF" record -- dd if=/dev/zero of=/dev/null bs=1 count=5000
	dump
	[ "$(count '^syscall ')" = 0 ]
}

@test "a system call lasts as long as it lasts" {
	"$SYSPROF" record --trace -- sleep 0.5
	dump
	# clock_nanosleep; what the machine is late by on top, a part of the thread's life.
	awk '/^syscall .* nr=230 / { for (i = 2; i <= NF; i++) if ($i ~ /^duration_ns=/) ns = substr($i, 13) }
		/^sched_switch / { match($0, / time_ns=[0-9]+/); t = substr($0, RSTART + 9, RLENGTH - 9)
			first = first ? first : t }
		END { print ns; exit !(ns >= 5e8 && ns < t - first) }' events
}

@test "the recorder's own system calls are not recorded" {
	start dd if=/dev/zero of=/dev/null bs=1 # an idle machine makes no calls at all
	start setsid "$SYSPROF" record --trace -a
	recorder=$pid
	await holds sysprof.data 1000 syscall # its thread has written by then
	ls "/proc/$recorder/task" >threads
	send INT
	[ "$(wc -l <threads)" -gt 1 ]
	dump
	while read -r tid; do
		[ "$(count '^syscall ' " tid=$tid ")" = 0 ]
	done <threads
	[ "$(count '^syscall ')" -gt 0 ]
}

@test "--cpu-only opens no tracefs" {
	start setsid "$SYSPROF" record --cpu-only -a
	await holds sysprof.data 1 start
	run ! has_instance "$pid"
	send INT
	dump
	[ "$(count '^sched_')" = 0 ]
}

@test "nothing is left in tracefs, nor mounted" {
	start setsid "$SYSPROF" record -a
	await holds sysprof.data 1 start
	has_instance "$pid"
	send INT
	run ! has_instance "$pid"
}

@test "what a killed recorder left is removed by the next one" {
	start "$SYSPROF" record -a
	await has_instance "$pid"
	kill -9 "$pid"
	wait "$pid" || true
	has_instance "$pid"
	"$SYSPROF" record -d 0.2 -a -o other.data
	run ! has_instance "$pid"
}

@test "two recorders at the same time do not disturb each other" {
	start setsid "$SYSPROF" record -a -o first.data
	await holds first.data 1 start
	"$SYSPROF" record -a -d 1 -o second.data
	has_instance "$pid"
	send INT
	for file in first second; do
		"$SYSPROF" dump -i "$file.data" >events
		[ "$(count '^sched_switch ')" -gt 10 ]
		[ "$(count '^gap ')" = 0 ]
	done
}

@test "switches that did not fit are told with their time and number" {
	start "$W/pingpong" 3
	"$SYSPROF" record -a -d 2 --trace-buffer 16k
	dump
	[ "$(count '^gap ')" -gt 0 ]
	# What was lost lies between two events of the CPU.
	awk '/^gap / { for (i = 2; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] }
			if (v["start_ns"] > v["time_ns"]) bad = 1; n += v["count"] }
		END { print n; exit bad || !(n > 1000) }' events
	"$SYSPROF" report >report 2>&1
	grep -q 'lost\.exact' report
}

@test "what cannot be had is said in a line, and the rest recorded" {
	"$SYSPROF" record -d 1 -o mine.data -- true
	chmod 755 "$BATS_TEST_TMPDIR"
	run -0 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$SYSPROF" record -o /dev/null -- true
	[ "$(grep -c 'no wake-ups' <<<"$stderr")" = 1 ]
	[[ "$stderr" == *sudo* ]]
}

# $1: an event that the kernel lacks; the rest: what is said.  It leaves ./events.
lacks() {
	NO_EVENT=$1 LD_PRELOAD=$W/noevent.so "$SYSPROF" record --trace -- "$W/waits" 0.3 \
		>stdout 2>messages
	cat messages
	shift
	for said; do
		grep -qF "$said" messages
	done
	dump
}

@test "where the kernel lacks an event that is said, with what is lost, and all else recorded" {
	lacks raw_syscalls/sys_enter/ "no events raw_syscalls: no system calls"
	[ "$(count '^syscall ')" = 0 ]
	[ "$(count '^wait_stack ')" -gt 0 ]
	lacks sched/sched_waking/ "no event sched_waking: no wake-ups and no wakers"
	[ "$(count '^sched_waking ')" = 0 ]
	[ "$(count '^wake_stack ')" = 0 ]
	[ "$(count '^wait_stack ')" -gt 0 ]
	[ "$(count '^syscall ')" -gt 0 ]
	lacks block/block_rq_issue/ "no events block_rq: no disk requests"
	[ "$(count '^syscall ')" -gt 0 ]
	lacks sched/sched_switch/ "no switch times: this kernel has no event sched_switch" \
		"no stacks of waits: this kernel has no event sched_switch" "none of what --trace"
	[ "$(count '^sched_switch ')" = 0 ]
	[ "$(count '^start ')" = 1 ]
}
