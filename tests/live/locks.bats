#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Contention is charged to who unlocked, as the programs that fight over locks measured it.
load ../lib/live
bats_require_minimum_version 1.5.0

# Lines "WHAT NAME CONTENTIONS PERCENT" of the program's ./stdout ($1 is lock or holder).
truth() {
	awk -v what="$1" '$1 == what { n[$2] = $3; s[$2] = $4; all += $4 }
		END { for (name in n) print what, name, n[name], 100 * s[name] / all }' stdout | sort
}

# The same of ./locks.json or ./mutex.json, of locks by the end of their names and of holders
# by functions.
found() {
	local total
	if [ "$1" = lock ]; then
		total=$(jq '[.locks[].total_ns] | add' locks.json)
		jq -r --argjson total "$total" '.locks[] | select(.total_ns > $total / 100) |
			"lock \(.lock | capture("(?<n>pool\\[[01]\\])").n) \(.contentions) \(
			100 * .total_ns / $total)"' locks.json | sort
	else
		total=$(jq '.types[1].total' mutex.json)
		jq -r --argjson total "$total" '.rows[] |
			select(.name | test("(^|::)hold_[abc](<.*>)?$")) |
			"holder \(.name | capture("(?<n>hold_[abc])").n) \(.cum.contentions) \(
			100 * .cum.delay / $total)"' mutex.json | sort
	fi
}

# Contentions within 5 %, delay by lock within 2 points and by holder within 3.
compare() {
	"$SYSPROF" report mutex --locks --json >locks.json
	"$SYSPROF" report mutex --json >mutex.json
	for what in lock holder; do
		join -j 2 <(truth $what) <(found $what) >both
		cat both
		awk -v by="$([ $what = lock ] && echo 2 || echo 3)" '
			{ d = $7 - $4; if (d > by || d < -by) bad = 1; want += $3; got += $6 }
			END { exit bad || NR != '"$([ $what = lock ] && echo 2 || echo 3)"' ||
				got < 0.95 * want || got > 1.05 * want }' both || {
			paste <(truth $what) <(found $what)
			"$SYSPROF" report mutex | sed -n 2,8p
			return 1
		}
	done
}

kinds() {
	jq -r '[.locks[].kind] | unique | join(",")' locks.json
}

@test "pthread mutexes: by lock and by who unlocked" {
	record -- "$W/locks" mutex 3
	compare
	[ "$(kinds)" = mutex ]
	[ "$(jq -r '[.locks[].lock] | sort | join(" ")' locks.json)" = \
		"g_server.pool[0].lock g_server.pool[1].lock" ]
}

@test "read-write locks" {
	record -- "$W/locks" rwlock 3
	compare
	[ "$(kinds)" = rwlock ]
}

@test "mutexes that inherit priority" {
	record -- "$W/locks" pi 3
	compare
	[ "$(kinds)" = "PI mutex" ]
}

# Since Linux 6.7; made by syscall(), so that no library's function tells what they are.
@test "futex_wait and futex_wake, futex_waitv of one word, FUTEX_LOCK_PI2" {
	[ "$(printf '%s\n' 6.7 "$(uname -r)" | sort -V | head -1)" = 6.7 ] || skip "Linux before 6.7"
	for kind in futex2 waitv pi2; do
		record -- "$W/locks" $kind 2
		"$SYSPROF" report mutex --locks --json >locks.json
		# Tries that found the word changed did not wait: their number is not compared.
		join -j 2 <(truth lock) <(found lock) >both
		awk '{ d = $7 - $4; if (d > 3 || d < -3) bad = 1 } END { exit bad || NR != 2 }' both || {
			echo "$kind: $(cat both)"
			return 1
		}
		[ "$(kinds)" = futex ]
		"$SYSPROF" report mutex --json |
			jq -e '[.rows[] | select(.name | test("^hold_[abc]$"))] | length == 3'
		[ "$(jq -r '[.locks[].lock] | sort | first' locks.json)" = "g_server.pool[0].word" ]
	done
}

@test "of several words that a thread waits for, the one counts by which it was woken" {
	record -- "$W/waitany" 2
	"$SYSPROF" report mutex --locks --json >locks.json
	# Where both wake it at once, the call returns either word: hence the tenth.
	while read -r _ waker n; do
		found=$(jq --arg f "$waker" '[.apart[] | select(.kind == "queue" and
			(.lock | endswith(" of wait_for_any")) and (.top_holder | startswith($f)))][0] |
			.contentions' locks.json)
		near "$found" "$n" "$((n / 10 + 3))"
	done <stdout
	[ "$(wc -l <stdout)" = 2 ]
}

@test "a lock that two processes share is one" {
	record -- "$W/locks" shared 3
	"$SYSPROF" report mutex --locks --json >locks.json
	[ "$(jq '[.locks[].lock] | length' locks.json)" = 2 ]
	jq -e 'all(.locks[]; .lock | test("^zero\\+0x[0-9a-f]+ \\(inode [0-9]+\\)$"))' locks.json
	# Their places in the memory that is shared tell which is which: the first is lower.
	jq '.locks |= (sort_by(.address) | [.[0] + { lock: "pool[0]" }, .[1] + { lock: "pool[1]" }])' \
		locks.json >named && mv named locks.json
	join -j 2 <(truth lock) <(found lock) >both
	awk '{ d = $7 - $4; want += $3; got += $6; if (d > 2 || d < -2) bad = 1 }
		END { exit bad || NR != 2 || got < 0.95 * want || got > 1.05 * want }' both || {
		cat both
		false
	}
}

@test "std::mutex and std::shared_mutex" {
	record -- "$W/stdlocks" mutex 3
	compare
	[ "$(kinds)" = mutex ]
	[ "$(jq -r '[.locks[].lock] | sort | first' locks.json)" = "app::g_server.pool[0].lock" ]
	record -- "$W/stdlocks" shared 3
	compare
	[ "$(kinds)" = rwlock ]
}

@test "Rust's std::sync::Mutex" {
	record -- "$W/rustlocks" 3
	compare
	[ "$(kinds)" = mutex ]
	[ "$(jq -r '[.locks[].lock] | sort | first' locks.json)" = "rustlocks::SERVER.pool[0].lock" ]
}

@test "parking_lot's Mutex, whose threads wait for words of their own" {
	record -- "$W/parklocks" 3
	"$SYSPROF" report mutex --locks --json >locks.json
	"$SYSPROF" report mutex --json >mutex.json
	[ "$(kinds)" = mutex ]
	# By number: the delay that the program sees begins before the thread waits.
	join -j 2 <(truth holder) <(found holder) | tee both
	awk '{ want += $3; got += $6; d = $6 - $3; off += d < 0 ? -d : d }
		END { exit NR != 3 || want < 100 || got < 0.95 * want || got > 1.05 * want ||
			off > 0.1 * want }' both
}

@test "locks on the heap and on a stack are called by what they are part of" {
	record -- "$W/heaplocks" 2
	"$SYSPROF" report mutex --locks --json >locks.json
	[ "$(jq -r '[.locks[].lock] | sort | join(", ")' locks.json)" = \
		"(app::Cache).lru.lock, (table).shards[2].lock, local.shards[1].lock of main \
(stack of the main thread)" ] || {
		jq -c '.locks[]' locks.json
		"$SYSPROF" dump | grep -E '^(pointer|object_name) '
		false
	}
	"$SYSPROF" report mutex --lock '(app::Cache).lru.lock' --json |
		jq -e 'any(.waiters[]; .stack | test("app::Cache::get"))'
}

# Lines of ./locks.json of kind or lock $2, with field $1 added up, of locks and of what is none.
sum_of() {
	"$SYSPROF" report mutex --locks --json >locks.json
	jq --arg f "$1" --arg re "$2" '[.locks[]?, .apart[]? | select(.kind + " " + .lock | test($re)) |
		.[$f]] | add // 0' locks.json
}

# The two figures are within $3 percent of the second.
is_about() {
	awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { d = 100 * (a / b - 1); exit d > by || d < -by }' || {
		echo "$1 is not within $3% of $2"
		jq -c '.locks[]?, .apart[]?' locks.json
		return 1
	}
}

@test "std::atomic::wait is no contention, and named by the atomic" {
	record -- "$W/atomics" 100
	# A sleep that ended at once, as the value had changed, is no wait.
	is_about "$(sum_of contentions '^atomic g_turn.flag$')" "$(awk '{ print $2 }' stdout)" 10
	jq -e '(.locks // []) == [] and (.apart[0].top_holder | startswith("give in "))' locks.json
}

# Without symbols of libgomp a barrier is called a futex.
@test "OpenMP's barriers" {
	GOMP_SPINCOUNT=0 record -- "$W/barriers" 100
	is_about "$(sum_of total_ns ' of main._omp_fn|^barrier ')" \
		"$(awk '{ print 1e9 * $2 }' stdout)" 10
}

# Whoever does not run waits for it, or, at times, for a CPU without waiting for it.
@test "CPython's GIL" {
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || skip "no CPython since 3.9"
	record -- python3 "$W/gil.py" 1
	is_about "$(sum_of total_ns '^GIL ')" "$(awk '{ print 1e9 * $2 }' stdout)" 30
	jq -e '.locks[0] | .kind == "GIL" and (.lock | test("^_PyRuntime|python|GIL"))' locks.json
}

@test "whom others waited for, whoever was woken" {
	record -- "$W/locks" mutex 3
	"$SYSPROF" report mutex --value holdup --json >mutex.json
	join -j 2 <(awk '$1 == "holder" { h[$2] = $5; all += $5 }
			END { for (n in h) print "holder", n, 100 * h[n] / all }' stdout | sort) \
		<(jq -r '(.types[2].total) as $total | .rows[] | select(.name | test("^hold_[abc]$")) |
			"holder \(.name) \(100 * .cum.holdup / $total)"' mutex.json | sort) >both
	awk '{ d = $5 - $3; if (d > 3 || d < -3) bad = 1 } END { exit bad || NR != 3 }' both || {
		cat both
		false
	}
	# hold_c, which holds the lock for a tenth of the time that hold_a does, wakes more often.
	awk '$1 == "hold_a" { a = $5 } $1 == "hold_c" { c = $5 } END { exit !(a > c) }' both
}

@test "how long holders held the lock" {
	record -- "$W/locks" mutex 3
	"$SYSPROF" report mutex --lock 'g_server.pool[0].lock' --json >story.json
	# hold_a naps for 3 ms with the lock, hold_c for 0.3 ms; a nap may last a little longer.
	jq -e '[.holders[] | select(.stack | startswith("hold_a"))] |
		all(.holds > 0 and .hold_mean_ns >= 3000000 and .hold_mean_ns < 4000000)' story.json
	jq -e '[.holders[] | select(.stack | startswith("hold_c"))] |
		all(.holds > 0 and .hold_mean_ns >= 300000 and .hold_mean_ns < 1000000)' story.json
}

# What the holders of the lock $1 did meanwhile is called $2, and all of its delay is told of.
is_called() {
	"$SYSPROF" report mutex --locks --json >locks.json
	jq -e --arg l "$1" --arg name "$2" 'any(.locks[]; .lock == $l and
		(.meanwhile | contains($name)) and .total_ns == .holder_running_ns +
		.holder_runnable_ns + .holder_outranked_ns + .holder_blocked_ns + .holder_unrecorded_ns +
		.holder_unknown_ns + .not_unlocked_ns + .woken_ns + .too_late_ns)' locks.json || {
		jq -c '.locks[]' locks.json
		return 1
	}
}

# Holds last for 20 ms, so that what a busy machine adds to them is less than the quarter of
# the delay that gets a name, and does not take it from another.
@test "a lock held across I/O" {
	record -- "$W/holders" pipe 2
	is_called g_pipe.lock "held across I/O of pipes"
}

@test "a lock held while waiting for another one" {
	record -- "$W/holders" nested 2
	is_called g_outer.lock "held while waiting for another lock"
	is_called g_inner.lock "held asleep"
	# Two of three threads wait for locks all the time: what diagnose says first.
	"$SYSPROF" diagnose --json | jq -e 'any(.findings[];
		.held | contains("held while waiting for another lock"))'
}

@test "a lock whose holder gets no CPU" {
	record -- "$W/holders" starved 2
	is_called g_starved.lock "holder without a CPU"
}

@test "a lock whose holder gets no CPU, of lower priority than who waits" {
	record -- "$W/holders" inverted 2
	is_called g_inverted.lock "priority inversion"
}

@test "a convoy" {
	record -- "$W/holders" convoy 2
	# Those that stand in the queue see the same: all wait for what the one in front does.
	is_called g_convoy.lock "held asleep"
	# Six threads: four fifths of the delay, less where a busy machine did not sample every wait.
	jq -e '.locks[] | select(.lock == "g_convoy.lock") | .behind_ns > .total_ns / 2 and
		(.behind_ns < .total_ns * 0.67 or (.meanwhile | contains("lock convoy")))' locks.json
}

@test "a lock of the kernel's: who waits for it, how long, with what stacks" {
	"$SYSPROF" record --kernel-locks -d 1ms -- sleep 0 2>&1 | grep 'contention_begin' &&
		skip "no such events in this kernel"
	record --kernel-locks -- "$W/mapper" 4 2
	"$SYSPROF" report mutex --kernel --json >kernel.json
	jq -e '.kernel_locks[0] | .kind == "kernel rwsem" and .slept > 0 and .reads > 0 and
		.slept <= .contentions and (.lock | test(" of (.*mmap|.*munmap|.*vma|.*fault)"))' kernel.json || {
		jq -c '.kernel_locks[:3][]' kernel.json
		return 1
	}
	# All that its threads ever sleep for is that lock: they cannot wait for longer than that.
	"$SYSPROF" report block --json >block.json
	waited=$(jq '[.kernel_locks[].total_ns] | add' kernel.json)
	slept=$(jq '[.rows[] | select(.name == "map_and_unmap") | .cum.delay] | add' block.json)
	at_least "$waited" "$slept"
	[ "$(jq -r .kernel_locks[0].address kernel.json)" = "$(awk '/^kernel_lock / && !/ flags=1 / {
		for (i = 2; i <= NF; i++) if (sub(/^address=/, "", $i)) print $i }' <("$SYSPROF" dump) |
		sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')" ]
}

# What "mutex" says first, of who waits for whom.
says() {
	"$SYSPROF" report mutex --locks --json | jq -r '.notes[].text' >notes
	grep -Ex "$1" notes || {
		cat notes
		"$SYSPROF" dump | grep -E '^(lock_owner|task_state|exit)'
		return 1
	}
}

# Record how "deadlock $1" hangs.
record_hang() {
	start "$W/deadlock" "$1"
	await is_asleep "$pid"
	record -p "$pid" -d 2
}

# Record how it begins to; what is left running then is ended like what was started.
record_beginning() {
	record -d 2 -- "$W/deadlock" "$1"
	started+=("$("$SYSPROF" dump | sed -n 's/^comm .* pid=\([0-9]*\) .*name="deadlock".*/\1/p' |
		head -1)")
}

north='north \([0-9]+\)' south='south \([0-9]+\)'

@test "a deadlock that is there already" {
	record_hang ring
	says "deadlock: .* waits for g_.*, who waits for g_.*, who waits for g_.* has"
	says ".*$north waits for g_right.lock, which $south has.*|.*which $north has, who waits for \
g_right.lock, which $south has.*"
	"$SYSPROF" diagnose --json >diagnose.json
	jq -e 'any(.findings[]; .finding | startswith("deadlock")) and
		any(.notes[]; .text | startswith("deadlock: "))' diagnose.json
	# Each lock's delay is charged to where its owner waits for another one.
	"$SYSPROF" report mutex --json >mutex.json
	jq -e '[.rows[] | select(.name | test("^run_(north|south|east)$")) | .cum.contentions] ==
		[1, 1, 1]' mutex.json
}

@test "a deadlock that begins meanwhile, of robust mutexes, too; of a thread with itself" {
	for kind in cycle robust; do
		record_beginning $kind
		says "deadlock: ($north waits for g_right.lock, which $south has, who waits for \
g_left.lock, which $north has|$south waits for g_left.lock, which $north has, who waits for \
g_right.lock, which $south has)"
	done
	record_hang self
	says "deadlock: $north waits for g_left.lock, which it has"
}

@test "a lock whose owner does not give it back" {
	record_hang stuck
	says "g_left.lock was not unlocked by the end: $north has it, blocked: pipe: read pipe .*"
	"$SYSPROF" report mutex --json | jq -e 'any(.rows[]; .name == "keep" and .cum.delay > 0)'
	record_hang pi # which glibc finds out
	says "g_(left|right).lock was not unlocked by the end: ($north|$south) has it, blocked: .*"
}

@test "a lock whose owner has ended with it" {
	record_beginning died
	says "g_left.lock was not unlocked by the end: $north has ended with it"
}

@test "a robust lock whose owner ends with it is given on by that" {
	record -- "$W/deadlock" heir
	"$SYSPROF" report mutex --locks --json |
		jq -e '.locks | length == 1 and .[0].lock == "g_left.lock" and
			.[0].contentions == 1 and (.[0].top_holder | endswith("in north (100%)")) and
			(.[0].meanwhile | contains("held asleep"))'
}

@test "a word that is no lock's has no owner, whatever stands around it" {
	record_hang word
	"$SYSPROF" report mutex --locks --json |
		jq -e '.locks | length == 1 and .[0].kind == "futex" and
			.[0].top_holder == "nobody yet (100%)"'
	[ "$("$SYSPROF" dump | grep -c '^lock_owner')" = 0 ]
}

@test "a deadlock in a container, whose threads know each other by other ids" {
	unshare --pid true || skip "no pid namespaces here"
	start unshare --pid --fork --kill-child "$W/deadlock" cycle
	await pgrep -P "$pid" -x deadlock >inner
	pid=$(tail -1 inner)
	await is_asleep "$pid"
	record -p "$pid" -d 2
	says "deadlock: .*$north waits for g_right.lock, which $south has.*|deadlock: $south waits for \
g_left.lock, which $north has.*"
}
