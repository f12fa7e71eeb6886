#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What reports say of the time that threads do not run; tests/data/waits.events has the sums
# that were made on paper.  `make check-cli UPDATE=1` rewrites tests/cli/golden.

load ../lib/golden

report() {
	"$SYSPROF" report "$@"
}

@test "block shows where threads wait, and idle ones apart" {
	data=$(recording waits)
	golden block-stacks report -i "$data" block
	golden block-table report -i "$data" block --by function
	golden block-tree report -i "$data" block --tree
	golden block-idle report -i "$data" block --idle --by thread
}

@test "where there is no room for stacks beside the figures they stand below, in whole calls" {
	data=$(recording chain)
	golden block-narrow report -i "$data" block --width 64
	golden block-wide report -i "$data" block --width 140
}

@test "stacks that were lost are told as what they are: of whom the buffer does not say" {
	sed '/^end/d' "$BATS_TEST_DIRNAME/../data/waits.events" >"$T/lost.events"
	end=$(grep '^end' "$BATS_TEST_DIRNAME/../data/waits.events")
	echo "counter ${end#end } name=lost.wait_stacks value=7" >>"$T/lost.events"
	{ cat "$T/lost.events" && echo "$end"; } >"$T/own.events"
	{ cat "$T/lost.events" && echo "counter ${end#end } name=waits.strangers value=3" &&
		echo "$end"; } >"$T/strange.events"
	"$SYSPROF" dump --assemble "$T/own.events" -o "$T/own.data"
	"$SYSPROF" dump --assemble "$T/strange.events" -o "$T/strange.data"
	report -i "$T/own.data" block | grep -F '! 7 stacks of waits lost: the times'
	report -i "$T/strange.data" block |
		grep -F '! 7 stacks of waits lost, of what is recorded or of other threads: the times'
}

@test "exact durations are spread over the sampled stacks of about the same duration" {
	report -i "$(recording waits)" block --json >"$T/json"
	[ "$(jq -c '.rows[] | select(.name == "[sleep: clock_nanosleep]") | .flat' "$T/json")" = \
		'{"contentions":3,"delay":300000000}' ]
	[ "$(jq -c '.rows[] | select(.name == "[not sampled]") | .flat' "$T/json")" = \
		'{"contentions":1,"delay":10000}' ]
	jq -e '.types[1] | .total == 800010000 and .unfiltered_total == 2700010000' "$T/json"
	jq -e '[.stacks[] | [.name, .flat.contentions, .mean, .max]] == [
		["[disk: read /var/db] ← read ← work ← clone3", 1, 300000000, 300000000],
		["[sleep: clock_nanosleep] ← nanosleep ← hold ← clone3", 3, 100000000, 100000000],
		["[lock: futex cache.lock] ← pthread_mutex_lock ← work ← clone3", 1, 200000000, 200000000],
		["[not sampled]", 1, 10000, null]]' "$T/json"
	# Of the two waits of worker one lasts for 300 ms, the other for 200.
	report -i "$T/waits.data" block --by thread --thread worker --json |
		jq -e '.rows | length == 1 and (.[0] | .mean == 250000000 and .max == 300000000)'
}

@test "without wake-ups that is said, and what is about nothing else is refused" {
	{ echo 'meta key=wakeups value=no'; grep -v ^sched_waking "$BATS_TEST_DIRNAME/../data/waits.events"; } >"$T/events"
	"$SYSPROF" dump --assemble "$T/events" -o "$T/data"
	report -i "$T/data" block >"$T/out"
	grep -q '! off the CPU is not told apart' "$T/out"
	for what in latency wakers mutex; do
		run report -i "$T/data" $what
		[ "$status" = 1 ]
		[[ $output == *"holds no wake-ups"* ]]
	done
	report -i "$(recording waits)" block >"$T/out"
	! grep 'told apart' "$T/out" || false
}

@test "a wait in a page fault is for what the end of its fault says" {
	report -i "$(recording faults)" block --json >"$T/json"
	diff - <(jq -r '.rows[] | select(.name | startswith("[pagefault")) |
		"\(.name) \(.flat.contentions) \(.flat.delay / 1e6)"' "$T/json" | sort) <<'EOF'
[pagefault: /data/a on vda] 1 10
[pagefault: /data/b on vda] 2 10
[pagefault: /data/d on vda] 1 3
[pagefault] 2 25
EOF
}

@test "waits can be filtered by class" {
	data=$(recording waits)
	[ "$(report -i "$data" block --json --wait lock | jq '.types[1].total')" = 200000000 ]
	[ "$(report -i "$data" block --json --wait disk,sleep | jq '.types[1].total')" = 600000000 ]
	[ "$(report -i "$data" block --json --idle --wait poll | jq '.types[1].total')" = 900000000 ]
	run report -i "$data" block --wait hunger
	[ "$status" = 2 ]
	[[ $output == *"there are: other, lock, condvar"* ]]
}

@test "waits for work are idle, and those inside of the work are not" {
	data=$(recording idle)
	golden idle-threads report -i "$data" threads
	report -i "$data" threads --json >"$T/json"
	# idle_ns of each thread, as tests/data/idle.events says
	[ "$(jq -c '[.threads[] | select(.idle_ns > 0) | {(.name): (.idle_ns / 1000000)}] | add' "$T/json")" = \
		'{"loop":300,"db":90,"conn":60,"pool":360,"tick":960}' ]
	jq -e '.threads[] | select(.name == "db") | .poll_ns == 570000000 and .disk_ns == 120000000' "$T/json"
	jq -e '.threads[] | select(.name == "eval") | .lock_ns == 600000000 and .condvar_ns == 0' "$T/json"
	report -i "$data" block --json --wait poll | jq -e '.types[1].total == 480000000'
	report -i "$data" block --json --wait lock | jq -e '.types[1].total == 600000000'
}

@test "poll is idle where it is for what only a server waits for" {
	data=$(recording polls)
	report -i "$data" threads --json >"$T/json"
	[ "$(jq -c '[.threads[] | select(.idle_ns > 0) | {(.name): (.idle_ns / 1000000)}] | add' "$T/json")" = \
		'{"accepts":300,"conn":400}' ]
	jq -e '[.threads[].poll_ns] | add == 1500000000' "$T/json"
	report -i "$data" block --json | jq -e '.types[1].total == 800000000'
}

@test "a target that never ran was blocked all the time" {
	data=$(recording asleep)
	report -i "$data" threads --json | jq -e '.threads[0] |
		.lifetime_ns == 1000000000 and .blocked_percent == 100 and .idle_ns == 1000000000'
	report -i "$data" block | grep -F 'idle apart: 1 waits for work, 1.00s of 1.00s'
	"$SYSPROF" diagnose -i "$data" | grep -F 'nothing stands out'
}

@test "stacks shows each thread that lives at the end where it stands" {
	report -i "$(recording waits)" stacks --by thread --json |
		jq -e '[.rows[].tid] | sort == [100, 101, 102, 104]'
	report -i "$T/waits.data" stacks --thread pool --json |
		jq -e '.rows[0].name == "[condvar: futex]" and .types[0].total == 1'
	report -i "$T/waits.data" stacks | grep -F '3 of 4 threads no stack was seen'
}

@test "wakers joins the stacks of who waits and of who ended it" {
	data=$(recording waits)
	golden block-wakers report -i "$data" block --wakers --tree
	diff <(report -i "$data" block --wakers) <(report -i "$data" wakers)
}

@test "who ended a wait is exact where its stack was not sampled" {
	cat >"$T/text" <<-'END'
		start time=1s wall_ns=1
		comm time=1s pid=7 tid=7 name=waiter
		comm time=1s pid=7 tid=8 name=sampled
		comm time=1s pid=7 tid=9 name=unseen
		task_state time=1s pid=7 tid=7 state=running
		task_state time=1s pid=7 tid=8 state=running
		task_state time=1s pid=7 tid=9 state=running
		wait_stack time=1100ms pid=7 tid=7 cpu=0 why=lock nr=203 period=2 stack={a!lock}
		sched_switch time=1100ms cpu=0 prev=7 state=sleeping next=0
		wake_stack time=1200ms pid=7 tid=8 woken=7 cpu=1 period=2 stack={a!unlock}
		sched_waking time=1200ms tid=7 waker=8 cpu=1
		sched_switch time=1200ms cpu=0 prev=0 state=runnable next=7
		sched_switch time=1300ms cpu=0 prev=7 state=sleeping next=0
		sched_waking time=1400ms tid=7 waker=9 cpu=2
		sched_switch time=1400ms cpu=0 prev=0 state=runnable next=7
		sched_switch time=1500ms cpu=0 prev=7 state=sleeping next=0
		sched_waking time=1601ms tid=7 waker=8 cpu=1
		sched_switch time=1601ms cpu=0 prev=0 state=runnable next=7
		end time=2s
	END
	"$SYSPROF" dump --assemble "$T/text" -o "$T/data"
	report -i "$T/data" block --wakers --json >"$T/json"
	jq -e '[.rows[] | select(.name | startswith("[ended by")) | [.name, .cum.contentions, .cum.delay]] ==
		[["[ended by unseen]", 1, 100000000], ["[ended by sampled]", 2, 201000000]]' "$T/json"
	jq -e '[.rows[] | select(.name == "unlock") | .cum.delay] == [201000000]' "$T/json"
	report -i "$T/data" block --wakers | grep -F "wakers' stacks are those of sampled ones"
}

@test "chain divides each wait by what kept the thread that ended it" {
	data=$(recording chain)
	golden block-chain report -i "$data" block --chain --idle --tree --min 0
	golden block-chain-table report -i "$data" block --chain -n 6
	# Nothing is added, nothing lost.
	diff <(report -i "$data" block --json | jq .types) <(report -i "$data" chain --json | jq .types)
	"$SYSPROF" export -i "$data" chain -o "$T/chain.folded"
	grep -Fx 'front;main;pthread_mutex_lock;[lock: futex front.lock];[ended by middle];middle;pthread_cond_wait;[middle: condvar: futex middle.cond];[ended by last];last;read;[last: disk: read /var/db] 150000000' \
		"$T/chain.folded"
}

@test "chain divides the part of a wait that a filter leaves" {
	data=$(recording chain)
	report -i "$data" block --chain --since 200ms --until 320ms --thread front --json >"$T/json"
	jq -e '.types[1].total == 120000000 and ([.rows[] | select(.flat.delay > 0) | [.name, .flat.delay]] ==
		[["[last: disk: read /var/db]", 100000000], ["[last: running until here]", 10000000],
		["[last: waiting for a CPU]", 10000000]])' "$T/json"
}

@test "chain ends after so many threads, and what is too long ago is a part of its own" {
	# Thread 100 + i blocks at (1000 + i) ms, and 101 + i ends it at (1100 - i) ms.
	{
		echo "start time=1s wall_ns=1"
		for i in {0..11}; do
			echo "task_state time=1s pid=100 tid=$((100 + i)) state=running"
		done
		for i in {0..10}; do
			echo "wait_stack time=$((1010 + i))ms pid=100 tid=$((100 + i)) cpu=$i why=lock period=1 stack={a!f$i}"
			echo "sched_switch time=$((1010 + i))ms cpu=$i prev=$((100 + i)) state=sleeping next=0"
		done
		for i in {10..0}; do
			echo "sched_waking time=$((1110 - i))ms tid=$((100 + i)) waker=$((101 + i)) cpu=11"
			echo "sched_switch time=$((1110 - i))ms cpu=$i prev=0 state=runnable next=$((100 + i))"
		done
		# Now 100 waits while 101 takes 2,000 turns.
		echo "wait_stack time=2000ms pid=100 tid=100 cpu=0 why=lock period=1 stack={a!g}"
		echo "sched_switch time=2000ms cpu=0 prev=100 state=sleeping next=0"
		for i in {1..2000}; do
			echo "sched_switch time=$((2000 + 2 * i))ms cpu=1 prev=101 state=sleeping next=0"
			echo "sched_waking time=$((2001 + 2 * i))ms tid=101 waker=0 cpu=1"
			echo "sched_switch time=$((2001 + 2 * i))ms cpu=1 prev=0 state=runnable next=101"
		done
		echo "sched_waking time=7000ms tid=100 waker=101 cpu=1"
		echo "sched_switch time=7000ms cpu=0 prev=0 state=runnable next=100"
		echo "end time=8s"
	} >"$T/text"
	"$SYSPROF" dump --assemble "$T/text" -o "$T/data"
	report -i "$T/data" block --chain --thread 100 --json >"$T/json"
	jq -e '.types[1] | .total == 5100000000 and .unfiltered_total >= .total' "$T/json"
	jq -e '.rows | map(select(.flat.delay > 0) | {(.name): .flat.delay}) | add |
		."[tid 109: and so on]" == 84000000 and ."[tid 101: too long ago]" > 2900000000' "$T/json"
}

# A thread that runs for 5 ms and is blocked for 5 ms in turns, with the stacks of its waits
# stamped $1 us from their switches; a gap hides the switches if there is a $2.
skewed() {
	{
		echo "start time=1s wall_ns=1"
		echo "task_state time=1s pid=7 tid=7 state=running"
		for i in {1..40}; do
			[ $((i % 2)) = 1 ] || [ -z "${2:-}" ] || echo "gap time=$((10 * i + 1000))ms cpu=0 start_ns=1000000000"
			echo "sched_switch time=$((10000 * i + 1000000))us cpu=0 prev=7 state=sleeping next=0"
			echo "wait_stack time=$((10000 * i + 1000000 + $1))us pid=7 tid=7 cpu=0 why=lock period=1 stack={a!f}"
			echo "sched_waking time=$((10000 * i + 1005000))us tid=7 waker=0 cpu=0"
			echo "sched_switch time=$((10000 * i + 1005000))us cpu=0 prev=0 state=runnable next=7"
		done
		echo "end time=2s"
	} | sed 's/.* time=\([0-9]*\)\(m\?\)\(u\?\)s/\1\2\3 &/' |
		sed 's/^\([0-9]*\)m /\1000 /; s/^\([0-9]*\)u /\1 /; s/^\([0-9]\) /\1000000 /' |
		sort -n -s -k 1,1 | cut -d ' ' -f 2- >"$T/text"
	"$SYSPROF" dump --assemble "$T/text" -o "$T/skewed" && report -i "$T/skewed" block
}

@test "clocks of two sources that disagree are found by their switches" {
	local sentence='! the clocks of two sources disagree by'
	for skew in "0" "150" "-2000 gap"; do
		# shellcheck disable=SC2086
		skewed $skew >"$T/out"
		grep -F '[lock' "$T/out" || [ "$skew" = "-2000 gap" ]
		[ "$(grep -cF "$sentence" "$T/out")" = 0 ]
	done
	skewed -2000 >"$T/out"
	grep -F "$sentence 2.00ms or more: stacks of waits may be joined wrongly (40 of 40 are at no switch of their thread)" "$T/out"
	skewed 7000 >"$T/out"
	grep -F "$sentence 3.00ms or more" "$T/out"
}

@test "every thread's states sum to its life" {
	data=$(recording waits)
	golden threads report -i "$data" threads
	report -i "$data" threads --json >"$T/json"
	jq -e 'all(.threads[]; .lifetime_ns ==
		.running_ns + .runnable_ns + .blocked_ns + .unknown_ns)' "$T/json"
	jq -e '.threads[] | select(.name == "worker") | .running_ns == 460000000 and
		.runnable_ns == 40000000 and .lock_ns == 200000000 and .disk_ns == 300000000' "$T/json"
	jq -e '.threads[] | select(.name == "late") | .lifetime_ns == 280000000' "$T/json"
	jq -e '[.threads[] | select(.idle_ns > 0).name] == ["main", "pool"]' "$T/json"
	[ "$(report -i "$data" threads --thread worker,late --json | jq '.threads | length')" = 2 ]
	report -i "$data" threads --since 0.5 --json |
		jq -e '.threads[] | select(.name == "main") | .lifetime_ns == 500000000'
}

@test "disk requests, interrupts and page faults are added up beneath the threads" {
	data=$(recording details)
	golden threads-details report -i "$data" threads
	report -i "$data" threads --json >"$T/json"
	jq -e '.disks[0] | .device == "vda" and .op == "read" and .requests == 100 and
		.bytes == 409600 and .errors == 1 and .mean_ns == 199000 and .max_ns == 10000000 and
		.p99_ns >= 100000 and .p99_ns <= 107000' "$T/json"
	jq -e '.disks[1] | .op == "write" and .mean_queued_ns == 1000000' "$T/json"
	jq -e '.interrupts[0] | .name == "NET_RX" and .kind == "softirq" and .total_ns == 9910000' "$T/json"
	jq -e '.interrupts[1] | .name == "eth0" and .count == 10 and .cpu_percent == 0.03' "$T/json"
	jq -e '[.page_faults[] | [.tid, .faults, .writes, .executions]] == [[10,3,2,0],[11,1,0,1]]' "$T/json"
	report -i "$data" threads --thread writer --json | jq -e '(.disks | length) == 1 and
		.disks[0].op == "write" and .page_faults[0].tid == 11'
}

@test "cpu prints the exact running time beside its sum" {
	report -i "$(recording waits)" cpu --thread worker |
		grep -F '! by the switches, which are exact, these threads ran for 460ms'
}

@test "block goes into pprof as Go's profile does" {
	"$SYSPROF" export -i "$(recording waits)" block -o "$T/block.pb.gz"
	report -i "$T/waits.data" block --json >"$T/block.json"
	"$BATS_TEST_DIRNAME/../lib/pprof.py" check "$T/block.pb.gz"
	go tool pprof -top -unit=ns -nodefraction=0 -nodecount=0 "$T/block.pb.gz" 2>/dev/null |
		"$BATS_TEST_DIRNAME/../lib/pprof.py" agree "$T/block.pb.gz" "$T/block.json"
}

@test "latency shows how long threads waited for a CPU and who had it" {
	data=$(recording waits)
	golden latency report -i "$data" latency
	report -i "$data" latency --json >"$T/json"
	jq -e '.threads[] | select(.name == "worker") | .count == 2 and .preempted == 1 and
		.total_ns == 40000000 and .max_ns == 30000000' "$T/json"
	jq -e '([.histogram[].total_ns] | add) == ([.threads[].total_ns] | add)' "$T/json"
	jq -e '.instead[] | select(.name == "late") | .total_ns == 30000000' "$T/json"
}

@test "syscalls are counted by call and thread, with failures and quantiles" {
	data=$(recording syscalls)
	golden syscalls report -i "$data" syscalls
	report -i "$data" syscalls --json | jq -e '.syscalls[0] | .syscall == "read" and
		.calls == 101 and .errors == 2 and .total_ns == 2100000 and .max_ns == 2000000 and
		.p99_ns >= 1000 and .p99_ns <= 1070'
	run report -i "$(recording waits)" syscalls
	[ "$status" = 1 ]
	[[ $output == *"record with --trace"* ]]
}

@test "the exact figures of calls are spread over the stacks that were sampled" {
	data=$(recording calls)
	golden syscalls-tree report -i "$data" syscalls --tree
	"$SYSPROF" export -i "$data" syscalls -f folded --value calls >"$T/calls"
	diff - <(sort "$T/calls") <<'EOF'
app;[not sampled];[close] 1
app;[not sampled];[write] 2
app;main;fast;[read] 9
app;main;slow;[read] 5
app;main;slow;[write] 1
EOF
	"$SYSPROF" export -i "$data" syscalls -f folded --value time >"$T/time"
	grep -x 'app;main;fast;\[read\] 9000' "$T/time"
	grep -x 'app;main;slow;\[read\] 2003000' "$T/time"
	# The sheets and the stacks tell the same sums.
	[ "$(report -i "$data" syscalls --json | jq -c '[.syscalls[] | .calls, .total_ns]')" = \
		'[14,2012000,3,15000,1,500]' ]
	report -i "$data" syscalls --callers '\[read\]' | grep -F slow
	report -i "$data" syscalls --focus fast | grep -F '[read]'
	"$SYSPROF" export -i "$data" syscalls -o "$T/syscalls.pb.gz"
	"$BATS_TEST_DIRNAME/../lib/pprof.py" check "$T/syscalls.pb.gz"
	run report -i "$data" syscalls --tree --cpu 0
	[ "$status" = 2 ]
}

@test "diagnose names the largest causes, what is to blame and the command that shows more" {
	cd "$T"
	for name in waits idle machine; do
		recording $name >/dev/null
		mv $name.data sysprof.data
		golden diagnose-$name "$SYSPROF" diagnose
		[ "$(wc -l <got)" -le 20 ]
	done
	recording waits >/dev/null
	"$SYSPROF" diagnose -i waits.data --json | jq -e '.findings | length == 3 and
		.[0].ns == 1279990000 and .[1].blame == "disk: read /var/db, in work (100% of it)"'
	"$SYSPROF" diagnose -i waits.data --thread pool | grep -F 'nothing stands out'
}

@test "diagnose tells what a process waits for that does nothing, where it is picked" {
	data=$(recording machine)
	"$SYSPROF" diagnose -i "$data" --json | jq -e '.findings[0].ns == 7900000000'
	"$SYSPROF" diagnose -i "$data" --process cat --json | jq -e '.findings[0].ns == 2000000000'
	sed '/^meta key=target/s/system/cat/' \
		"$BATS_TEST_DIRNAME/../data/machine.events" >"$T/picked.events"
	"$SYSPROF" dump --assemble "$T/picked.events" -o "$T/picked.data"
	"$SYSPROF" diagnose -i "$T/picked.data" --json | jq -e '.findings[0].ns == 9900000000'
}

@test "diagnose's commands show the same recording with the same filters, whatever their names" {
	cd "$T"
	recording waits >/dev/null
	mv waits.data "it's here.data"
	"$SYSPROF" diagnose -i "it's here.data" --thread holder --since 0.1 --json >json
	command=$(jq -r '.findings[] | select(.finding == "sleeping on purpose").command' json)
	[ "$command" = "sysprof report block --wait sleep -i 'it'\\''s here.data' --thread=holder --since=0.1" ]
	sysprof() { "$SYSPROF" "$@"; }
	[ "$(eval "$command --json" | jq '.types[1].total')" = \
		"$(jq '.findings[] | select(.finding == "sleeping on purpose").ns' json)" ]
}

@test "diagnose tells of waits none of which was sampled" {
	grep -v '^wait_stack' "$BATS_TEST_DIRNAME/../data/idle.events" >"$T/mute.events"
	"$SYSPROF" dump --assemble "$T/mute.events" -o "$T/mute.data"
	"$SYSPROF" diagnose -i "$T/mute.data" --json | jq -e '.findings[0] |
		.finding == "waiting, but where was not sampled" and .ns == 4560000000'
}

@test "diagnose tells which disk it is, how long it takes and for how much" {
	"$SYSPROF" diagnose -i "$(recording disks)" >"$T/got"
	grep -Fx '        requests to vdb: write 2 of 8.00 KiB, 240ms each (p99 290ms), 16.0 KiB/s; requests to vda: flush 1, 90.0ms each (p99 90.0ms)' "$T/got"
	# Where no requests were recorded, what the waits tell.
	grep -v '^disk_io' "$BATS_TEST_DIRNAME/../data/disks.events" >"$T/waits.events"
	"$SYSPROF" dump --assemble "$T/waits.events" -o "$T/waits.data"
	"$SYSPROF" diagnose -i "$T/waits.data" --json | jq -e '.findings[0].device ==
		"4 waits of 175ms on average, the longest 300ms; for vdb (71%), a device not known (14%), vda (14%)" and
		.findings[1].device == ""'
}

@test "diagnose tells of interrupts where they take 5% of a CPU or more" {
	"$SYSPROF" diagnose -i "$(recording disks)" |
		grep -F 'interrupts took 8.0% of a CPU, the most eth0 with 6.0%; see: sysprof report threads'
	sed 's/duration=60ms/duration=29ms/' "$BATS_TEST_DIRNAME/../data/disks.events" >"$T/few.events"
	"$SYSPROF" dump --assemble "$T/few.events" -o "$T/few.data"
	run grep -F interrupts <("$SYSPROF" diagnose -i "$T/few.data")
	[ "$status" = 1 ]
}

@test "diagnose tells what waits were for in the end" {
	cd "$T"
	data=$(recording chain)
	"$SYSPROF" diagnose -i "$data" | tee got
	grep -F 'in the end: disk: read /var/db' got
	grep -F 'sysprof report mutex -i' got
}

@test "a recording without switches says so and what to do" {
	data=$(recording server)
	for profile in block wakers threads latency; do
		run report -i "$data" "$profile"
		[ "$status" = 1 ]
		[[ $output == *"no $profile: "*"record as root and without --cpu-only"* ]]
	done
	run "$SYSPROF" diagnose -i "$data"
	[ "$status" = 1 ]
}

@test "what does not go with a profile is refused" {
	data=$(recording waits)
	for args in "threads --tree" "threads --by module" "threads --focus main" "threads --cpu 1" \
		"block --cpu 1" "cpu --wait lock" "cpu --idle" "cpu --wakers"; do
		# shellcheck disable=SC2086
		run report -i "$data" $args
		[ "$status" = 2 ] || { echo "$args: $status"; false; }
	done
	run "$SYSPROF" export -i "$data" threads -o "$T/x.pb.gz"
	[ "$status" = 2 ]
}
