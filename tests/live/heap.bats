#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# record --heap: who holds memory and who churns it, of programs that are known to the byte.
load ../lib/live
bats_require_minimum_version 1.5.0

MB=1048576

# Of function $2 in the table of profile $1 ("heap" …), the column $3; 0: it is not there.
figure() {
	"$SYSPROF" report --json "$1" >report.json
	jq --arg f "$2" --arg c "$3" '[.[.profile][] | select(.function == $f) | .[$c]] | add // 0' report.json
}

# $1 is within $3 standard deviations of $2: with 4, one in 15,000 tries is not.
within_errors() {
	awk -v a="$1" -v b="$2" -v e="$3" 'BEGIN { exit !(a - b <= 4 * e && b - a <= 4 * e) }' || {
		echo "$1 is more than 4 times $3 from $2"
		return 1
	}
}

# All that was asked for, in bytes and calls, of all processes together; exact.
totals() {
	"$SYSPROF" dump | awk '$1 == "heap_totals" {
		for (i = 2; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] }
		bytes[v["pid"]] = v["bytes"]; calls[v["pid"]] = v["allocs"]
	} END { for (p in bytes) { b += bytes[p]; c += calls[p] } printf "%.0f %.0f\n", b, c }'
}

@test "leaks of known size are found at the default rate, within the errors that are printed" {
	"$SYSPROF" record --heap -- "$W/leaks"
	within_errors "$(figure heap leak_big inuse_bytes)" $((64 * MB)) "$(figure heap leak_big error_bytes)"
	within_errors "$(figure heap leak_small inuse_bytes)" $((16 * MB)) "$(figure heap leak_small error_bytes)"
	# 512 samples would have an error of 18 %: this one has 32 of them.
	[ "$(figure heap leak_small error_bytes)" -gt $((MB)) ]
	[ "$(figure heap cache inuse_bytes)" = 0 ]
	[ "$(figure heap churn inuse_bytes)" = 0 ]
}

@test "at a finer rate they are within 10 %, and what is churned is not in use" {
	# With one in 16 KiB, the error of the smaller leak is 3 %.
	"$SYSPROF" record --heap-rate 16384 -- "$W/leaks"
	near "$(figure heap leak_big inuse_bytes)" $((64 * MB)) $((64 * MB / 10))
	near "$(figure heap leak_small inuse_bytes)" $((16 * MB)) $((16 * MB / 10))
	[ "$(figure heap churn inuse_bytes)" = 0 ]
	near "$(figure allocs churn alloc_bytes)" $((800 * MB)) $((80 * MB))
	near "$(figure allocs cache alloc_bytes)" $((32 * MB)) $((32 * MB / 10))
	near "$(figure peak cache inuse_bytes)" $((32 * MB)) $((32 * MB / 10))
	at_least "$(figure leaks leak_small kept_percent)" 50
}

@test "all allocations are counted, and with a rate of 1 all are samples" {
	"$SYSPROF" record --heap-rate 1 -- "$W/objects"
	read -r bytes calls <<<"$(totals)"
	"$SYSPROF" report --json allocs >report.json
	[ "$(jq '[.allocs[].alloc_bytes] | add' report.json)" = "$bytes" ]
	[ "$(jq '[.allocs[].objects] | add' report.json)" = "$calls" ]
	[ "$(jq '[.allocs[].error_bytes] | add' report.json)" = 0 ]
	# What the program says of itself: each function allocates, and frees or keeps.
	while read -r function allocated kept; do
		echo "$function $allocated $kept"
		[ "$(figure allocs "$function" alloc_bytes)" = "$allocated" ]
		[ "$(figure heap "$function" inuse_bytes)" = "$kept" ]
	done <<'END'
by_malloc 30000 20000
by_calloc 40000 40000
by_realloc 111000 100000
by_aligned 90000 0
strdup 1100 1100
END
}

@test "children of a process that was sampled, and their children, are unharmed" {
	run -0 --separate-stderr "$SYSPROF" record --heap-rate 4096 -- "$W/objects" fork
	[ "$output" = "40 children, 0 died" ]
	read -r _ calls <<<"$(totals)"
	# Each child makes 1000; the process itself 1000, and what the C library asks for.
	at_least "$calls" 41000
	near "$calls" 41000 500
	[ "$("$SYSPROF" dump | grep -c '^heap_totals ')" -ge 41 ]
}

@test "threads that come and go are counted to the last call" {
	run -0 --separate-stderr "$SYSPROF" record --heap -- "$W/objects" threads
	read -r _ calls <<<"$(totals)"
	at_least "$calls" 100000
	near "$calls" 100000 6000
}

@test "what fails, and what is freed twice, is as it would be without" {
	for how in huge twice foreign; do
		want=0
		"$W/objects" $how >want.out 2>/dev/null || want=$?
		got=0
		"$SYSPROF" record --heap -- "$W/objects" $how >got.out 2>messages || got=$?
		echo "$how: $want $got"
		[ "$got" = "$want" ]
		diff want.out got.out
	done
}

@test "a program with an allocator of its own, and one that is linked statically, are told of" {
	for rate in 512k 1; do
		"$SYSPROF" record --heap-rate "$rate" -- "$W/ownmalloc"
		"$SYSPROF" report heap >report
		grep -q '! process [0-9]* has an allocator of its own linked in' report
	done
	run "$SYSPROF" record --heap -- "$W/split-static"
	[ "$status" = 1 ]
	[[ $output == *"is linked statically"* ]]
	install -m 4755 -o nobody /bin/true ./setuid
	run "$SYSPROF" record --heap -- ./setuid
	[ "$status" = 1 ]
	[[ $output == *"runs with other rights"* ]]
}

@test "C++ throws through it, and its allocations are those of who says new" {
	"$SYSPROF" record --heap-rate 1 -- "$W/cxxnew"
	[ "$(figure heap make inuse_bytes)" = 300000 ]
	[ "$(figure allocs make alloc_bytes)" = 600000 ]
}

@test "when the recorder is killed the program goes on, and frees what it has" {
	start "$SYSPROF" record --heap-rate 4096 -- "$W/objects" until
	await holds sysprof.data 10 alloc
	command=$(pgrep -P "$pid" -x objects)
	started+=("$command")
	kill -9 "$pid"
	wait "$pid" || true
	kill -0 "$command"
	kill -INT "$command"
	await test ! -e "/proc/$command"
	[ "$(cat until.out)" = "done" ]
	"$SYSPROF" report allocs | grep -q 'by_malloc' # of heap, all may be freed just then
}

@test "-d ends the recording, and the command goes on" {
	"$SYSPROF" record -d 1 --heap-rate 4096 -- sh -c "echo \$\$ >pid; exec '$W/objects' until" \
		>messages 2>&1 3>&-
	command=$(cat pid)
	started+=("$command")
	kill -INT "$command"
	await test ! -e "/proc/$command"
	[ "$(cat until.out)" = "done" ]
}

# Start a program that waits for lines, and wait until it is ready; its id is in $target.
start_growing() {
	mkfifo in
	exec 7<>in
	"$@" <in >phase 3>&- 7>&- &
	target=$!
	started+=("$target")
	await grep -q ready phase
	await is_steady
}

# A runtime has done what it does when it starts.
is_steady() {
	local once
	once=$(anonymous)
	sleep 0.2
	[ "$(anonymous)" = "$once" ]
}

# What process $target has as the kernel counts it: anonymous memory, in bytes.
anonymous() {
	awk '$1 == "Anonymous:" { print 1024 * $2 }' "/proc/$target/smaps_rollup"
}

# A look found as much as the kernel counts now, to a page or two that a runtime may touch.
is_looked_at() {
	local now
	now=$(anonymous)
	"$SYSPROF" dump 2>/dev/null | awk -v now="$now" '$1 == "resident_totals" {
		for (i = 2; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] } }
		END { d = v["smaps_anonymous"] - now; exit !(d <= 262144 && d >= -262144) }'
}

next_phase() {
	echo >&7
	await grep -q "$1" phase
	await is_looked_at
}

# For each look: how much anonymous memory grew since the first one, and of that what stacks have,
# less what was there before and is not any more, in bytes.
growth() {
	"$SYSPROF" dump | awk '{ split("", v)
		for (i = 2; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] } }
		$1 == "resident" && v["mapping"] !~ /file|shared/ && v["origin"] != "unseen" {
			key = v["mapping"] " " v["origin"] " " v["stack"]
			sum += v["bytes"] - last[key]; last[key] = v["bytes"] }
		$1 == "resident_totals" { if (!n++) { s = sum; a = v["smaps_anonymous"] }
			printf "%.0f %.0f\n", v["smaps_anonymous"] - a, sum - s }'
}

# Of the look at which most had grown, and of the last one: stacks have all but 1 % of the most.
# The margin of 256 KiB is of runtimes that go on between the look and the kernel's count.
growth_is_told() {
	growth | tee growth | awk '$1 > most { most = $1; had = $2 } { last = $1; has = $2 }
		function is_near(a, b) { d = a - b; return d <= most / 100 + 262144 && d >= -most / 100 - 262144 }
		END { exit !(most > 60e6 && last < most - 30e6 && is_near(had, most) && is_near(has, last)) }' ||
		{ cat phase growth; return 1; }
}

# Record $@ as it grows and shrinks.
grow_and_shrink() {
	rm -f in phase sysprof.data
	start_growing "$@"
	start "$SYSPROF" record --heap -p "$target"
	await holds sysprof.data 1 resident_totals
	next_phase grown
	next_phase shrunk
	kill -INT "$pid"
	wait "$pid"
	exec 7>&-
}

# Bytes of function $1 in report.json are $2, within the errors of the samples.
has_resident() {
	local bytes error
	bytes=$(jq --arg f "$1" '[.[.profile][] | select(.stack | contains($f)) | .resident_bytes] | add // 0' report.json)
	error=$(jq --arg f "$1" '[.[.profile][] | select(.stack | contains($f)) | .error_bytes] | add // 0' report.json)
	echo "$1: $bytes ± $error"
	within_errors "$bytes" "$2" "$((error + 65536))"
}

@test "attached: resident memory is that of the stacks that touched it, by mapping" {
	for program in resident resident-static; do
		grow_and_shrink "$W/$program"
		"$SYSPROF" report --json heap >report.json
		has_resident 'small ←' $((32 * MB))
		has_resident 'big ←' 0
		has_resident 'moved ←' $((24 * MB))
		has_resident 'copied ←' $((8 * MB))
		has_resident 'no page fault seen' $((16 * MB))
		"$SYSPROF" report --json peak >report.json
		has_resident 'big ←' $((40 * MB))
		# What the rows add up to is what the kernel counts.
		"$SYSPROF" report heap | grep -Eq 'the difference is [+-]0\.[01]'
		"$SYSPROF" report --json heap >report.json
		at_least "$(jq '.mappings[] | select(.mapping == "heap") | .touched_bytes' report.json)" $((31 * MB))
		near "$(jq '.mappings[] | select(.mapping == "anonymous") | .before_bytes' report.json)" 0 $((MB))
	done
}

@test "attached to Go, a JVM and Python, stacks have all that grew, before and after it is freed" {
	grow_and_shrink "$W/gogrow"
	growth_is_told
	"$SYSPROF" report heap --peak | grep -q 'main.grow'
	grow_and_shrink java -XX:+UseG1GC -Xmx256m -Xms8m -cp "$W" JavaGrow
	growth_is_told
	grow_and_shrink python3 -c 'import sys
def say(what): print(what, flush=True); sys.stdin.readline()
say("ready")
kept = [bytearray(b"x") * (1 << 20) for i in range(64)]; kept += [str(i) for i in range(500000)]
say("grown")
del kept
say("shrunk")'
	growth_is_told
}

is_ready_again() {
	[ "$(grep -c ready phase)" = 2 ]
}

@test "attached, a fork, an exec and the end of the process are followed" {
	start_growing sh -c 'echo ready; read line; '"$W/objects"' fork; exec '"$W/resident"
	start "$SYSPROF" record --heap -p "$target"
	await holds sysprof.data 1 resident_totals
	echo >&7
	await is_ready_again
	await is_looked_at
	kill -9 "$target"
	wait "$pid"
	exec 7>&-
	"$SYSPROF" report heap >report
	grep -q 'is what processes had when they were last looked at before they ended' report
	"$SYSPROF" report --json heap >report.json
	has_resident 'before ←' $((20 * MB))
}
