#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What reports say of memory; tests/data/heap.events has the sums that were made on paper.
# `make check-cli UPDATE=1` rewrites tests/cli/golden.

load ../lib/golden

report() {
	"$SYSPROF" report "$@"
}

# Bytes in column $1, objects and the error of each function in ./json.
rows() {
	jq -c --arg key "$1" '.[.profile][] | [.function, .[$key], .objects, .error_bytes]' "$T/json"
}

@test "heap shows who holds what is in use, and what that may be off by" {
	data=$(recording heap)
	golden heap report -i "$data" heap
	golden heap-tree report -i "$data" heap --tree
	report -i "$data" heap --json >"$T/json"
	diff - <(rows inuse_bytes) <<'END'
["grow",2000,1,0]
["load",1000,10,949]
["job",500,1,0]
END
}

@test "allocs shows who allocates, how much a second, and how soon it is freed" {
	data=$(recording heap)
	golden allocs report -i "$data" allocs
	report -i "$data" allocs --json >"$T/json"
	jq -e '.allocs[0] | .alloc_bytes == 8000 and .bytes_per_second == 800 and
		.mean_bytes == 4000 and .freed_1ms_percent == 50 and .freed_1s_percent == 100' "$T/json"
	jq -e '.allocs[] | select(.function == "load") | .freed_1s_percent == 0' "$T/json"
}

@test "the peak is who held memory when most was in use" {
	report -i "$(recording heap)" heap --peak --json >"$T/json"
	diff - <(rows inuse_bytes) <<'END'
["parse",4000,1,0]
["load",2000,20,1342]
END
	report -i "$T/heap.data" peak | grep -q 'that was 2.00s after the start'
}

@test "heap --at is what was in use then; of processes that had ended by then, nothing" {
	report -i "$(recording heap)" heap --at 3.2 --json >"$T/json"
	diff - <(rows inuse_bytes) <<'END'
["parse",4000,1,0]
["load",2000,20,1342]
END
	report -i "$T/heap.data" heap --at 7 --json >"$T/json"
	diff - <(rows inuse_bytes) <<'END'
["load",1000,10,949]
END
}

@test "growth is the difference, of which what stays is certain" {
	report -i "$(recording heap)" heap --growth --since 3.2 --json >"$T/json"
	diff - <(rows growth_bytes) <<'END'
["grow",2000,1,0]
["job",500,1,0]
["load",-1000,-10,949]
["parse",-4000,-1,0]
END
	golden heap-growth report -i "$T/heap.data" heap --growth --since 3.2
	report -i "$T/heap.data" growth --since 3.2 --tree >"$T/out"
	grep -q 'stacks whose memory became less are left out: 4.88 KiB' "$T/out"
}

@test "leaks leave out what is young, and age says how old all is" {
	golden heap-leaks report -i "$(recording heap)" heap --leaks
	golden heap-age report -i "$T/heap.data" heap --age
}

@test "filters pick processes; an export has the four values of Go's heap profile" {
	report -i "$(recording heap)" heap --process job --json >"$T/json"
	[ "$(rows inuse_bytes)" = '["job",500,1,0]' ]
	"$SYSPROF" export -i "$T/heap.data" heap -o "$T/heap.pb.gz"
	"$BATS_TEST_DIRNAME/../lib/pprof.py" check "$T/heap.pb.gz"
	PPROF_TMPDIR=$T go tool pprof -raw "$T/heap.pb.gz" >"$T/raw"
	grep -q '^PeriodType: space bytes' "$T/raw"
	grep -q '^Period: 949' "$T/raw"
	grep -q '^alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes\[dflt\]' "$T/raw"
	grep -Eq '^ +20 +2000 +10 +1000:' "$T/raw"
	"$SYSPROF" export -i "$T/heap.data" allocs -o "$T/allocs.pb.gz"
	PPROF_TMPDIR=$T go tool pprof -raw "$T/allocs.pb.gz" | grep -q 'alloc_space/bytes\[dflt\]'
}

@test "what was lost, dropped or not seen is said" {
	{
		grep -v '^end' "$BATS_TEST_DIRNAME/../data/heap.events"
		echo 'heap_totals time=11s pid=300 allocs=1 bytes=3000 dropped=7 bypassed=1'
		echo 'alloc time=11s pid=100 tid=100 cpu=0 stack={srv!main} address=0x4000 size=1 weight=1'
		echo 'counter time=11s name=lost.allocs value=3'
		echo 'counter time=11s name=lost.frees value=4'
		echo 'end time=11s'
	} >"$T/events"
	"$SYSPROF" dump --assemble "$T/events" -o "$T/data"
	report -i "$T/data" heap >"$T/out"
	grep -q '! process 300 has an allocator of its own linked in' "$T/out"
	grep -q '! 7 samples were left out' "$T/out"
	grep -q '! 1 objects were freed without that being seen' "$T/out"
	grep -q '! 3 samples of allocations lost' "$T/out"
	grep -q '! 4 samples of what was freed lost' "$T/out"
}

@test "without allocations that is said; what does not go with memory is refused" {
	run report -i "$(recording waits)" heap
	[ "$status" = 1 ]
	[[ $output == *"holds no allocations; record with --heap"* ]]
	run report -i "$(recording heap)" cpu --peak
	[ "$status" = 2 ]
	[[ $output == *"--peak is for the heap profile"* ]]
	run report -i "$T/heap.data" allocs --at 3
	[ "$status" = 2 ]
	run report -i "$T/heap.data" heap --cpu 0
	[ "$status" = 2 ]
	run "$SYSPROF" record --heap -a
	[ "$status" = 2 ]
	[[ $output == *"--heap wants a command"* ]]
	run "$SYSPROF" record --heap -p $$ --ring 10
	[ "$status" = 2 ]
	[[ $output == *"--heap and --ring exclude each other"* ]]
}

# Function, bytes in column $1, pages and mapping of each row in ./json.
resident_rows() {
	jq -c --arg key "$1" '.[.profile][] | [.function, .[$key], .pages, .mapping]' "$T/json"
}

@test "what is resident is shown by who touched it, against the kernel's own count" {
	data=$(recording resident)
	golden resident report -i "$data" heap
	report -i "$data" heap --json >"$T/json"
	diff - <(resident_rows resident_bytes) <<'END'
["load",2097152,512,"heap"]
["[there before: no name]",1179648,288,"anonymous"]
["cache",1048576,256,"anonymous"]
["[there before: libc.so]",524288,128,"file"]
["[no page fault seen]",262144,64,"anonymous"]
["job",65536,16,"anonymous"]
END
	# Both tables have the same sum.
	jq -e '([.heap[].resident_bytes] | add) == 5056 * 1024 and
		([.mappings[].resident_bytes] | add) == 5056 * 1024' "$T/json"
	jq -e '.mappings[] | select(.mapping == "anonymous") |
		.touched_bytes == 1114112 and .before_bytes == 1179648 and .unseen_bytes == 262144' "$T/json"
}

@test "resident memory has a past: --at, --peak, --growth, and what was touched in all" {
	report -i "$(recording resident)" heap --at 3.5 --json >"$T/json"
	[ "$(jq '[.heap[].resident_bytes] | add' "$T/json")" = $((15 * 1048576 + 768 * 1024)) ]
	report -i "$T/resident.data" heap --at 7 --json >"$T/json" # the child is gone
	[ "$(jq '[.heap[].resident_bytes] | add' "$T/json")" = $((15 * 1048576 + 768 * 1024)) ]
	report -i "$T/resident.data" heap --peak --json >"$T/json"
	[ "$(jq '[.peak[].resident_bytes] | add' "$T/json")" = $((15 * 1048576 + 960 * 1024)) ]
	golden resident-growth report -i "$T/resident.data" heap --growth
	golden resident-allocs report -i "$T/resident.data" allocs
	report -i "$T/resident.data" heap --process job --json >"$T/json"
	diff - <(resident_rows resident_bytes) <<'END'
["[there before: no name]",131072,32,"anonymous"]
["job",65536,16,"anonymous"]
END
	"$SYSPROF" export -i "$T/resident.data" heap -o "$T/heap.folded"
	grep -qx 'server;main;load 2097152' "$T/heap.folded"
}

@test "of resident memory, what cannot be told is refused" {
	for profile in leaks age; do
		run report -i "$(recording resident)" $profile
		[ "$status" = 1 ]
		[[ $output == *"not when it was allocated"* ]]
	done
}

# A minute of a process whose memory is, at each 5th second, 100 and so many MiB.
growing() {
	local at=0 mib
	echo 'start time=1s wall_ns=1700000000000000000'
	echo 'comm time=1s pid=100 tid=100 name=server'
	echo 'task_state time=1s pid=100 tid=100 state=running exact=1'
	echo "resident time=1s pid=100 stack={[note: there before]} origin=before bytes=$((100 << 20))"
	for mib in "$@"; do
		echo "resident time=$((1 + 5 * at))s pid=100 stack={srv!main;srv!load} bytes=$((mib << 20)) samples=99"
		echo "resident_totals time=$((1 + 5 * at))s pid=100 smaps_rss=$((mib << 20))"
		at=$((at + 1))
	done
	echo 'sched_switch time=60s cpu=0 prev=100 state=sleeping next=0'
	echo 'end time=61s'
}

# What diagnose says of the memory of growing().
diagnosed() {
	growing "$@" >"$T/events"
	"$SYSPROF" dump --assemble "$T/events" -o "$T/data"
	"$SYSPROF" diagnose -i "$T/data" >"$T/out"
	grep memory "$T/out"
}

@test "diagnose says whether memory grows, in what manner, and whose" {
	[[ $(diagnosed 0 10 20 30 40 50 60 70 80 90 100 110 120) == \
		"resident memory grew by 120 MiB, steadily, 2.00 MiB a second; the most, 120 MiB, in load ← main; see: sysprof report heap --growth"* ]]
	[[ $(diagnosed 0 40 80 110 118 119 120 120 120 120 120 120 120) == *", in the first half of the time, "* ]]
	[[ $(diagnosed 0 0 0 0 0 0 0 0 0 0 120 120 120) == *", by fits and starts, "* ]]
	run diagnosed 0 1 2 3 4 5 6 7 8 9 10 11 11
	[ "$status" = 1 ]
}

# Of the curve $1 in $T/trace.json, "MILLISECONDS BYTES" of each point.
curve() {
	jq -r --arg name "$1" '.traceEvents[] | select(.ph == "C" and .name == $name)
		| "\(.ts / 1000) \(.args.bytes)"' "$T/trace.json"
}

@test "a timeline has what was in use as curves: of all, and of the stacks that had most" {
	"$SYSPROF" export -i "$(recording memory)" -o "$T/trace.json"
	diff <(curve 'memory in use') - <<-END
		500 1000
		1000 2000
		2000 6000
		2500 2000
		4000 1000
		5000 1500
		6000 1000
	END
	diff <(curve 'memory in use: load ← main') - <<<$'500 1000\n1000 2000\n4000 1000'
	# Without the frame of operator new.
	diff <(curve 'memory in use: parse ← main') - <<<$'2000 4000\n2500 0'
	diff <(curve 'memory in use: job ← main') - <<<$'5000 500\n6000 0'
	"$SYSPROF" export -i "$T/memory.data" -o "$T/trace.json" --process job
	diff <(curve 'memory in use') - <<<$'5000 500\n6000 0'
	"$SYSPROF" export -i "$T/memory.data" -o "$T/trace.json" --since 2.2
	diff <(curve 'memory in use' | head -n 2) - <<<$'0 6000\n300 2000'
}

@test "resident memory is a curve, too, and Perfetto's format has the same" {
	for name in memory resident; do
		# A timeline wants a switch.
		sed '/^comm.*job/a sched_switch time=1050ms cpu=0 prev=0 state=runnable next=100' \
			"$BATS_TEST_DIRNAME/../data/$name.events" >"$T/events"
		"$SYSPROF" dump --assemble "$T/events" -o "$T/$name.data"
		"$SYSPROF" export -i "$T/$name.data" -o "$T/trace.json"
		"$SYSPROF" export -i "$T/$name.data" -o "$T/trace.pftrace"
		"$SYSPROF" report -i "$T/$name.data" threads --json >"$T/threads.json"
		"$BATS_TEST_DIRNAME/../lib/pftrace.py" "$T/trace.pftrace" "$T/threads.json" "$T/trace.json"
	done
	grep -q '"memory resident"' "$T/trace.json"
	grep -q '"memory resident: ' "$T/trace.json"
}
