#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The pauses of runtimes; tests/data/pauses.events says what happens in it.

load ../lib/golden

report() {
	"$SYSPROF" report -i "$(recording pauses)" pauses "$@"
}

# Of the pauses in JSON, what the jq expression $1 says of them.
pauses() {
	report --json "${@:2}" | jq -c "[.pauses[] | $1]"
}

@test "report pauses: by reason, and each with who was last to stop" {
	golden pauses report
}

@test "the parts of each pause add up to it" {
	[ "$(pauses '.ns - (.stopping_ns // 0) - .stopped_ns - .resuming_ns' | jq 'unique')" = "$(jq -n '[0]')" ]
}

@test "programs are told every pause, with times since the recording began" {
	[ "$(pauses '[.at_ns / 1e6, .ns / 1e6, .tid, .last_tid]')" = \
		"[[400,50,201,0],[500,20,201,0],[990,10,300,0],[100,6,101,103],[601,3,300,0],[600,2,301,0],[200,1,101,0]]" ]
}

@test "a pause that --since or --until cuts is shorter, and says so" {
	[ "$(pauses '[.at_ns / 1e6, .ns / 1e6, .note]' --since 102ms --until 410ms)" = \
		'[[400,10,"cut: it goes beyond what is shown here"],[102,4,"cut: it goes beyond what is shown here"],[200,1,""]]' ]
}

@test "pauses are filtered by process and thread" {
	[ "$(pauses .pid --process java)" = '[200,200]' ]
	[ "$(pauses .tid --thread worker)" = '[301]' ]
}

@test "a recording without any says what it lacks" {
	run "$SYSPROF" report -i "$(recording waits)" pauses
	[ "$status" -ne 0 ]
	[[ $output == *"holds no pauses"* ]]
}

@test "the timeline has them on a track of their process" {
	data=$(recording pauses)
	"$SYSPROF" export -i "$data" -o "$T/trace.json"
	jq -c '.traceEvents[] | select(.cat == "pause") | [.pid, .ts, .dur, .name]' "$T/trace.json" >"$T/slices"
	diff - "$T/slices" <<-'END'
		[100,100000,6000,"Go: GC sweep termination"]
		[100,200000,1000,"Go: GC mark termination"]
		[200,400000,50000,"JVM: G1CollectForAllocation"]
		[200,500000,20000,"JVM: pause"]
		[300,600000,2000,"V8: scavenge"]
		[300,601000,3000,"V8: mark-compact"]
		[300,990000,10000,"V8: scavenge"]
	END
	[ "$(jq '[.traceEvents[] | select(.cat == "pause") | .tid] | unique | length' "$T/trace.json")" = 4 ]
	golden pauses-chrome grep -E '"pause|"pauses' "$T/trace.json"
}

@test "Perfetto's own format has the same" {
	data=$(recording pauses)
	"$SYSPROF" export -i "$data" -o "$T/trace.pftrace"
	"$SYSPROF" report -i "$data" threads --json >"$T/threads.json"
	"$BATS_TEST_DIRNAME/../lib/pftrace.py" "$T/trace.pftrace" "$T/threads.json"
	zcat "$T/trace.pftrace" | grep -aq 'Go: GC sweep termination'
}

@test "diagnose tells of the process that pauses stopped for 5% of the time or more" {
	"$SYSPROF" diagnose -i "$(recording pauses)" >"$T/out"
	grep -F 'pauses stopped java for 70.0ms, 7.0% of the time: 2 of JVM, the longest 50.0ms, mostly G1CollectForAllocation; see: sysprof report pauses' "$T/out"
	"$SYSPROF" diagnose -i "$(recording pauses)" --process app >"$T/out"
	! grep -F 'pauses stopped' "$T/out"
}
