#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What recording switches, waits, system calls and page faults costs the program that makes
# them: CPU time a hand-over, a round, a call or a page, as the program itself measures it,
# with and without a recorder.  CPU time, as others take the machine's wall-clock time.
# PARTS names some of them, as all take a quarter of an hour.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
HANDOVERS=${HANDOVERS:-6000} # of each of eight threads
PINGPONG=${PINGPONG:-1.5}    # seconds
CALLS=${CALLS:-1000000}
SPINS=850 # with these a call is made every microsecond
FAULTS=${FAULTS:-200000}
SYSTEM=${SYSTEM:-60} # seconds of the whole machine
PARTS=${PARTS:-naps work pingpong calls faults system}
recording=$BENCH_TMP/waits.data
perf_data=$BENCH_TMP/perf.data
evs=$BENCH_TMP/events

if [ "$(id -u)" != 0 ]; then
	row "waits" "not root" "" "" ""
	exit
fi

# said WHO COMMAND...: the sum of the last words of the lines it prints to file WHO, and the
# first word of all to WHO.wall.
said() {
	local who=$1
	shift
	"$@" >"$BENCH_TMP/stdout" 2>"$BENCH_TMP/stderr" || {
		say "$1 failed: $(tail -3 "$BENCH_TMP/stderr")"
		return 1
	}
	add "$who" "$(awk '{ sum += $NF } END { print sum }' "$BENCH_TMP/stdout")"
	add "$who.wall" "$(awk 'NR == 1 { print $1 }' "$BENCH_TMP/stdout")"
}

ours() {
	"$SYSPROF" record -o "$recording" "$@"
}

# Where another recorder on the machine asks for build-ids, perf trace stumbles over them.
perf_trace() {
	local try
	for try in {1..20}; do
		with_perf trace -s -o "$BENCH_TMP/trace" "$@" >"$BENCH_TMP/traced" && break
		say "perf trace failed, again ($try)"
	done
	cat "$BENCH_TMP/traced"
}

perf_sched() {
	with_perf sched record -q --buildid-mmap -o "$perf_data" "$@"
}

# Percent more CPU time than without, by medians of pairs.
slower() {
	printf '%+.1f %%' "$(paired "$1" "$2" '100 * (a / b - 1)')"
}

times() {
	printf '%.2f x' "$(paired "$1" "$2" 'a / b')"
}

# Stacks of waits, and how often the eight threads blocked.
count_waits() {
	"$SYSPROF" dump -i "$recording" >"$evs"
	awk '/^fork / { for (i = 2; i <= NF; i++) if ($i ~ /^tid=/) ours[substr($i, 5)] = 1 }
		/^wait_stack / { stacks++ }
		/^sched_switch / && /state=(sleeping|disk)/ {
			for (i = 2; i <= NF; i++) if ($i ~ /^prev=/ && substr($i, 6) in ours) waits++ }
		END { print stacks, waits }' "$evs"
}

# $1: who; $2: a nap in us instead of work, or none: hand-overs with and without recorders.
handover() {
	local who=$1 naps=("${@:2}") stacks waits
	run_handover() {
		"$@" "$W/handover" "$HANDOVERS" "${naps[@]}"
	}
	said "$who.none" run_handover
	said "$who.cpu" run_handover ours --cpu-only --
	said "$who.ours" run_handover ours --
	add "$who.size" "$(size "$recording")"
	read -r stacks waits < <(count_waits)
	add "$who.stacks" "$(calc "100 * $stacks / $waits")"
	add "$who.whole" "$(calc "100 * $(counter "$recording" unwind.complete) / $(counter "$recording" unwind.stacks)")"
	add "$who.lost" "$(counter "$recording" lost.records)"
	add "$who.rate" "$(calc "$(switches) / $(counter "$recording" self.wall_ns) * 1e9")"
	has_perf || return 0
	said "$who.perf" run_handover perf_record -e sched:sched_switch --call-graph dwarf,8192 \
		-o "$perf_data"
	add "$who.perf_size" "$(size "$perf_data")"
	rm -f "$perf_data"
}

switches() {
	grep -c ^sched_switch "$evs"
}

# What both say they switched, and how often the recording has them switch.
count_switches() {
	"$SYSPROF" dump -i "$recording" >"$evs"
	awk 'NR == FNR { tid[$1] = $2; said += $2; next }
		/^sched_switch / { for (i = 2; i <= NF; i++)
			if ($i ~ /^prev=/ && substr($i, 6) in tid) n++ }
		END { print n - said, said }' "$BENCH_TMP/stdout" "$evs"
}

pingpong() {
	local off switches
	said pingpong.none taskset -c 0 "$W/pingpong" "$PINGPONG"
	said pingpong.ours ours -- taskset -c 0 "$W/pingpong" "$PINGPONG"
	read -r off switches < <(count_switches)
	add pingpong.off "$off"
	add pingpong.rate "$(calc "$switches / $PINGPONG")"
	add pingpong.lost "$(counter "$recording" lost.exact)"
	has_perf || return 0
	said pingpong.perf perf_sched taskset -c 0 "$W/pingpong" "$PINGPONG"
	rm -f "$perf_data"
}

calls() {
	local spins
	for spins in 0 $SPINS; do
		said "calls$spins.none" "$W/calls" "$CALLS" "$spins"
		said "calls$spins.ours" ours -- "$W/calls" "$CALLS" "$spins"
		said "calls$spins.trace" ours --trace -- "$W/calls" "$CALLS" "$spins"
		add "calls$spins.lost" "$(counter "$recording" lost.exact)"
		has_perf || continue
		said "calls$spins.perf" perf_trace "$W/calls" $((CALLS / 20)) "$spins"
	done
}

faults() {
	said faults.none "$W/faults" "$FAULTS"
	said faults.ours ours -- "$W/faults" "$FAULTS"
	said faults.trace ours --trace -- "$W/faults" "$FAULTS"
}

# The whole machine, by both at once, and what it takes to show where threads wait.
system() {
	local recorder=""
	start "$W/handover" 100000000 1000
	if has_perf; then
		perf_sched -a sleep "$SYSTEM" >"$BENCH_TMP/sched.out" 2>&1 &
		recorder=$!
	fi
	ours -a -d "$SYSTEM" 2>"$BENCH_TMP/stderr"
	[ -z "$recorder" ] || wait "$recorder"
	kill "$pid"
	for ((round = 1; round <= ROUNDS; round++)); do
		timed system.ours "$SYSPROF" report -i "$recording" block
		has_perf || continue
		timed system.perf with_perf sched timehist -i "$perf_data"
		timed system.script with_perf script -i "$perf_data"
	done
	add system.switches "$("$SYSPROF" dump -i "$recording" | grep -c ^sched_switch)"
	rm -f "$perf_data"
}

rows_system() {
	local ratio="" reached=""
	if has_perf; then
		ratio=$(paired system.perf.cpu system.ours.cpu 'a / b')
		reached=$(holds "$ratio >= 20")
		ratio="perf sched timehist $(ms "$(of system.perf.cpu)"): $(printf '%.1f x' "$ratio")"
		ratio="$ratio; perf script $(ms "$(of system.script.cpu)")"
	fi
	row "report block of $SYSTEM s of the machine, $(of system.switches) switches: CPU time" \
		"$(ms "$(of system.ours.cpu)")" "$ratio" ">= 20 x faster" "$reached"
}

against() {
	if has_perf; then
		echo "$1 $("$2" "$3" "$4")"
	fi
}

# $1: who; $2: .wall or nothing; $3: of what that is; $4: with what the threads are busy
rows_handover() {
	local ratio share
	row "8 threads that $4, $(printf %.0f "$(of "$1.rate")") switches/s: $3" \
		"$(slower "$1.ours$2" "$1.none$2")" \
		"$(against 'perf dwarf' slower "$1.perf$2" "$1.none$2")" "<= 2 %" \
		"$(holds "$(paired "$1.ours$2" "$1.none$2" 'a / b') <= 1.02")"
	row "   with --cpu-only" "$(slower "$1.cpu$2" "$1.none$2")" "" "" ""
	share=$(of "$1.stacks")
	row "   waits with a stack, complete ones among them" \
		"$(printf '%.2f %%, %.2f %%' "$share" "$(of "$1.whole")")" \
		"$(of "$1.lost") records lost" ">= 99 %" \
		"$(holds "$share * $(of "$1.whole") >= 9900")"
	has_perf || return 0
	ratio=$(paired "$1.perf_size" "$1.size" 'a / b')
	row "   size of the recording" "$(bytes "$(of "$1.size")")" \
		"perf dwarf $(bytes "$(of "$1.perf_size")"): $(printf '%.0f x' "$ratio")" \
		">= 500 x" "$(holds "$ratio >= 500")"
}

rows_pingpong() {
	local against=""
	! has_perf || against=$(paired pingpong.ours pingpong.perf 'a / b')
	row "2 processes, $(printf %.0f "$(of pingpong.rate)") switches/s: slowdown" \
		"$(slower pingpong.ours pingpong.none)" \
		"$(against 'perf sched record' slower pingpong.perf pingpong.none)" \
		"<= perf sched; aim +75 %" "${against:+$(holds "$against <= 1")}"
	row "   switches recorded - counted by the kernel" "$(of pingpong.off)" \
		"$(of pingpong.lost) lost" "0 lost" "$(holds "$(of pingpong.lost) == 0")"
}

# $1: spins; $2: what; $3, $4: at most, by default and with --trace
rows_calls() {
	row "$2: by default" "$(times "calls$1.ours" "calls$1.none")" "" "<= $3 x" \
		"$(holds "$(paired "calls$1.ours" "calls$1.none" 'a / b') <= $3")"
	row "   with --trace" "$(times "calls$1.trace" "calls$1.none")" \
		"$(against 'perf trace -s' times "calls$1.perf" "calls$1.none")" "<= $4 x" \
		"$(holds "$(paired "calls$1.trace" "calls$1.none" 'a / b') <= $4")"
}

rows_faults() {
	row "a page fault, $(printf '%.0f ns' "$(of faults.none)"): by default" \
		"$(times faults.ours faults.none)" "" "" ""
	row "   with --trace" "$(times faults.trace faults.none)" "" "" ""
}

has_part() {
	[[ " $PARTS " == *" $1 "* ]]
}

for ((round = 1; round <= ROUNDS; round++)); do
	say "waits: round $round of $ROUNDS"
	! has_part naps || handover naps 250
	! has_part work || handover work
	! has_part pingpong || pingpong
	! has_part calls || calls
	! has_part faults || faults
done
if has_part system; then
	say "waits: recording the machine for $SYSTEM s"
	system
fi
! has_part naps || rows_handover naps .wall "time" nap
! has_part work || rows_handover work "" "CPU time" work
! has_part pingpong || rows_pingpong
if has_part calls; then
	rows_calls 0 "getppid loop, $(printf '%.0f ns' "$(of calls0.none)") a call" 1.4 5.5
	rows_calls $SPINS "a call every $(printf '%.0f ns' "$(of calls$SPINS.none)")" 1.07 1.6
fi
! has_part faults || rows_faults
! has_part system || rows_system
