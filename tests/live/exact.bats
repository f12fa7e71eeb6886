#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What every thread did over time, from real recordings, against what the kernel accounted.
#
# Some virtual machines have threads (of an agent that is process 1) in which no tracepoint
# fires, for perf neither: whom such a thread gives its CPU to is not seen to get it.  Until
# it leaves the CPU again its state is then unknown, and said to be.  Such an interval can
# take a time slice or the whole of a short life, and how many there are is up to that agent:
# where process 1 has threads, as no init has, half may be unknown, elsewhere a thousandth.
# The sum is exact always.
load ../lib/live
bats_require_minimum_version 1.5.0

# The threads of the recording $1 as JSON into ./threads.json.
threads() {
	"$SYSPROF" report -i "${1:-sysprof.data}" threads --json >threads.json
}

# Every thread's times sum to its life, and hardly anything of the life is unknown.
is_closed() {
	threads "$@"
	jq -r '.threads[] | select(.pid != 1) |
		[.tid, .lifetime_ns, .running_ns, .runnable_ns, .blocked_ns, .unknown_ns] | @tsv' \
		threads.json >closed
	set -- /proc/1/task/*
	awk -v allowed="$([ $# -gt 1 ] && echo 0.5 || echo 0.001)" '{
			n++; off = $2 - $3 - $4 - $5 - $6; life += $2; unknown += $6
			if (off < 0) off = -off
			if (off > 100000 && off > $2 / 1000) { print "thread " $1 ": " off " ns of " $2 " missing"; bad = 1 }
		}
		END {
			if (unknown > life * allowed) { print unknown " ns of " life " unknown"; bad = 1 }
			exit bad || !n
		}' closed
}

# The value $2 of thread $1.
of_thread() {
	jq --argjson tid "$1" ".threads[] | select(.tid == \$tid) | .$2" threads.json
}

n_threads() {
	jq '.threads | length' threads.json
}

# What the hypervisor has stolen of all CPUs so far.  The kernel takes it from what it accounts
# to a thread; by its switches the thread has been running all the while.
stolen_ns() {
	awk '$1 == "cpu" { printf "%d", $9 * 1e7 }' /proc/stat
}

# Run the workload by COMMAND, with what the kernel accounted to it in ./said.  What was stolen
# meanwhile is then in $stolen, to the tick of a clock that ticks every 10 ms.
run_accounts() {
	stolen=$(stolen_ns)
	"$@" >said
	stolen=$(($(stolen_ns) - stolen + 10000000))
}

# The workload's threads have the times and switches that the kernel accounted, in ./said.
# All of them together ran for as long within 0.5 %, and waited for a CPU within 2 %.  The
# kernel accounts up to when it begins to choose the next thread, and events come when it
# has: single threads may be off by some microseconds a switch.
accounts_agree() {
	jq -r '.threads[] | [.tid, .running_ns, .runnable_ns, .unknown_ns] | @tsv' threads.json >accounted
	awk -v stolen="$stolen" 'FILENAME == "accounted" { ran[$1] = $2; queued[$1] = $3; unknown[$1] = $4; next }
		FILENAME == "events" {
			if ($1 == "sched_switch")
				for (i = 2; i <= NF; i++)
					if ($i ~ /^prev=/) switches[substr($i, 6)]++
			next
		}
		function off(what, got, want, percent, slack,  d) {
			d = got > want ? got - want : want - got
			if (d <= want * percent / 100 + slack) return
			printf "%s: %.6f s recorded, %.6f s accounted\n", what, got / 1e9, want / 1e9
			bad = 1
		}
		{
			n++; all_ran += ran[$1]; all_queued += queued[$1]; all_unknown += unknown[$1]
			want_ran += $2; want_queued += $3
			slack = unknown[$1] + stolen + 1e6 + 5000 * ($4 + $5)
			off("thread " $1 " ran", ran[$1], $2, 0.5, slack)
			off("thread " $1 " queued", queued[$1], $3, 2, slack)
			# Up to three when it is woken to end, which it cannot tell of.
			d = switches[$1] - $4 - $5
			if (d < 0 || d > 3) { print "thread " $1 ": " switches[$1] " switches, " $4 + $5; bad = 1 }
		}
		END {
			off("all ran", all_ran, want_ran, 0.5, all_unknown + stolen)
			off("all queued", all_queued, want_queued, 2, all_unknown + stolen)
			exit bad || n != 10
		}' accounted events said
}

@test "times and switches are those that the kernel accounted, of a command" {
	run_accounts "$SYSPROF" record -- "$W/accounts" 4
	is_closed
	"$SYSPROF" dump >events
	accounts_agree
}

# It says when its events are enabled.
start_perf_sched() {
	mkfifo control said_so
	start perf sched record -q -m 4M --delay=-1 --control fifo:control,said_so -o perf.data
	perf=$pid
	timeout 60 bash -c 'echo enable >control && read -r <said_so'
}

# perf sched takes running times from another tracepoint, sched_stat_runtime, so the two are
# independent.  (Delays it makes of switches, and has none where one is not seen.)  It prints
# a line a thread: name:tid | runtime ms | ...; the main thread's has what was before exec.
@test "running times are those that perf sched tells" {
	start_perf_sched
	run_accounts "$SYSPROF" record -- "$W/accounts" 4
	kill -INT "$perf"
	wait "$perf" || true
	is_closed
	perf sched latency -i perf.data -p 2>&1 |
		awk -F '[:|]' '$1 ~ /accounts/ { print $2 + 0, $3 * 1e6 }' >perf
	main=$(jq 'first(.threads[] | select(.tid == .pid)) | .tid' threads.json)
	awk -v main="$main" -v stolen="$stolen" '
		FNR == NR { ran[$1] = $2; next }
		$1 == main || !($1 in ran) { next }
		{
			n++
			d = $3 > ran[$1] ? $3 - ran[$1] : ran[$1] - $3
			# What the kernel accounts ends before, and what is seen after, a switch.
			if (d > $6 + stolen + ran[$1] / 200 + 3e6) {
				printf "thread %d: %.6f s, perf %.6f s\n", $1, $3 / 1e9, ran[$1] / 1e9
				bad = 1
			}
		}
		END { exit bad || n != 10 }' perf closed
}

@test "times and switches are those that the kernel accounted, of the whole machine" {
	"$SYSPROF" record -a -d 7 2>messages &
	recorder=$!
	sleep 1
	run_accounts "$W/accounts" 4
	wait "$recorder"
	is_closed
	"$SYSPROF" dump >events
	accounts_agree
}

@test "two recorders at a time both see all" {
	"$SYSPROF" record -a -d 7 -o all.data 2>messages &
	recorder=$!
	sleep 1
	run_accounts "$SYSPROF" record -- "$W/accounts" 3
	wait "$recorder"
	for recording in sysprof.data all.data; do
		is_closed "$recording"
		"$SYSPROF" dump -i "$recording" >events
		accounts_agree
	done
}

# What the program measured includes waiting for a CPU after each wait: so do both sums here.
@test "known waits have their share of a thread's time, by their functions" {
	"$SYSPROF" record -- "$W/waits" 4 >said
	is_closed
	"$SYSPROF" report block --idle --json >block.json
	tid=$(jq 'first(.threads[] | select(.tid == .pid)) | .tid' threads.json)
	"$SYSPROF" export block --idle -f folded -o folded --thread "$tid"
	queued=$(of_thread "$tid" runnable_ns)
	for what in wait_sleep wait_pipe wait_lock; do
		said_ns=$(awk -v what=$what '$1 == what { print $2 * 1e9 }' said)
		got=$(awk -v what="[;]$what;" '$0 ~ what { sum += $NF } END { printf "%.0f\n", sum }' folded)
		echo "$what: $got of $said_ns, $queued queued in all"
		# Within a point of the 4 s, and what was spent waiting for a CPU.
		awk -v got="$got" -v want="$said_ns" -v queued="$queued" \
			'BEGIN { exit !(got <= want + 0.04e9 && got >= want - 0.04e9 - queued) }'
	done
	said_ns=$(awk '$1 == "burn_cpu" { print $2 * 1e9 }' said)
	awk -v ran="$(of_thread "$tid" running_ns)" -v want="$said_ns" -v queued="$queued" \
		'BEGIN { exit !(ran <= want + 0.04e9 && ran >= want - 0.04e9 - queued) }'
}

@test "a storm of short-lived processes is accounted to the last" {
	cat >storm.c <<-'EOF'
		#include <stdlib.h>
		#include <sys/wait.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--) {
				if (!vfork())
					_exit(0);
				while (i % 8 == 0 && wait(NULL) > 0)
					;
			}
			return 0;
		}
	EOF
	cc -O2 -w -o storm storm.c
	record -- ./storm 8000
	grep -E '^storm|lost' messages || true
	is_closed
	[ "$(n_threads)" = 8001 ]
	[ "$("$SYSPROF" info | awk '$1 == "lost.exact" { print $2 }')" = 0 ]
}

@test "processes in pid and mount namespaces of their own are told by the ids of the host" {
	# shellcheck disable=SC2016
	record -- unshare -pfm --mount-proc sh -c '"$0" 2 & wait' "$W/waits"
	is_closed
	jq -e '[.threads[] | select(.name == "waits")] | length == 2' threads.json
	"$SYSPROF" export block --idle -f folded -o folded --process waits
	at_least "$(share wait_pipe)" 10
}

@test "a target that exits in the middle is accounted up to its end" {
	start "$W/waits" 1
	# shellcheck disable=SC2154  # start() sets it
	"$SYSPROF" record -p "$pid" -d 5 2>messages
	is_closed
	jq -e '.duration_ns < 3e9' threads.json
	[ "$(of_thread "$pid" lifetime_ns)" -lt 1500000000 ]
}

@test "a process of ten thousand threads is accounted thread by thread" {
	cat >many.c <<-'EOF'
		#include <pthread.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <unistd.h>
		static void *nap(void *arg)
		{
			usleep(1500000);
			return arg;
		}
		int main(int argc, char **argv)
		{
			int n = atoi(argv[1]), made = 0;
			pthread_t *threads = calloc(n, sizeof(*threads));
			pthread_attr_t attr;
			pthread_attr_init(&attr);
			pthread_attr_setstacksize(&attr, 65536);
			while (made < n && !pthread_create(&threads[made], &attr, nap, NULL))
				made++;
			for (int i = 0; i < made; i++)
				pthread_join(threads[i], NULL);
			printf("%d\n", made);
			return 0;
		}
	EOF
	cc -O2 -w -pthread -o many many.c
	"$SYSPROF" record -- ./many 10000 >said
	is_closed
	[ "$(cat said)" -gt 1000 ]
	[ "$(n_threads)" = $(($(cat said) + 1)) ]
}

@test "what a small buffer lost is told, with the time it is missing from" {
	"$SYSPROF" record --trace-buffer 64k -- taskset -c 0 "$W/pingpong" 1 2>messages
	"$SYSPROF" dump >events
	lost=$("$SYSPROF" info | awk '$1 == "lost.exact" { gsub(",", "", $2); print $2 }')
	[ "$lost" -gt 0 ]
	grep -q '^gap ' events
	threads
	jq -e '[.notes[] | select(.is_flaw)] | length > 0' threads.json
	# Nothing is made up: what is not known is unknown, and all is still closed.
	jq -r '.threads[] | [.tid, .lifetime_ns, .running_ns, .runnable_ns, .blocked_ns, .unknown_ns] | @tsv' \
		threads.json | awk '{ off = $2 - $3 - $4 - $5 - $6; if (off < 0) off = -off
			if (off > 100000) { print; bad = 1 } } END { exit bad }'
}
