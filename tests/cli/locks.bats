#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What reports say of locks; tests/data/locks.events and holders.events have the sums that were made on paper.
# `make check-cli UPDATE=1` rewrites tests/cli/golden.

load ../lib/golden
bats_require_minimum_version 1.5.0

report() {
	"$SYSPROF" report "$@"
}

# The delay and the contentions of what matches $1 in ./json, from cum.
figures() {
	jq -c --arg f "$1" '.rows[] | select(.name == $f) | .cum | [.contentions, .delay]' "$T/json"
}

@test "mutex charges contention to who unlocked" {
	data=$(recording locks)
	golden mutex-tree report -i "$data" mutex --tree
	report -i "$data" mutex --json >"$T/json"
	jq -e '.types | .[0].total == 7 and .[1].total == 821000000' "$T/json"
	[ "$(figures '[mutex: srv+0x4040]')" = '[3,661000000]' ]
	[ "$(figures hold_short)" = '[1,70000000]' ]
	[ "$(figures '[not unlocked by the end]')" = '[1,500000000]' ]
}

@test "a lock on the heap is called by its object's type, in the process of which that is known" {
	{
		cat "$BATS_TEST_DIRNAME/../data/locks.events"
		for name in 'pid=100 rank=88 name="(Cache).lru.lock"' \
			'pid=100 rank=200 name="(Server).cache.lru.lock"' 'pid=200 rank=300 name=other'; do
			echo "object_name object=\"futex 0x7f0000001000\" $name"
		done
	} >"$T/named.events"
	"$SYSPROF" dump --assemble "$T/named.events" -o "$T/named.data"
	report -i "$T/named.data" mutex --json >"$T/json"
	[ "$(figures '[rwlock: (Server).cache.lru.lock]')" = '[2,100000000]' ]
	report -i "$T/named.data" mutex --lock '(Server).cache.lru.lock' --json |
		jq -e '[.holders[].contentions] | add == 2'
}

@test "waits of a thread that another one barged past are one contention" {
	report -i "$(recording locks)" mutex --json >"$T/json"
	[ "$(figures work_b)" = '[1,91000000]' ]
	[ "$(figures hold_long)" = '[0,0]' ]
}

@test "who held the lock held up all who waited, whomever the unlock woke" {
	report -i "$(recording locks)" mutex --json >"$T/json"
	holdup() {
		jq --arg f "$1" '.rows[] | select(.name == $f) | .cum.holdup' "$T/json"
	}
	[ "$(holdup hold_long)" = 109998000 ]
	[ "$(holdup hold_short)" = 37994000 ]
	[ "$(holdup work_b)" = 10000000 ]
	[ "$(holdup rebuild)" = 90008000 ]
	[ "$(holdup '[not unlocked by the end]')" = 549997000 ]
	[ -z "$(holdup pthread_kill)" ]
}

@test "an unlock that ends several waits is charged with each" {
	report -i "$(recording locks)" mutex --json >"$T/json"
	[ "$(figures rebuild)" = '[2,100000000]' ]
}

@test "a lock that two processes share is one" {
	report -i "$(recording locks)" mutex --json >"$T/json"
	[ "$(figures '[mutex: cache+0x40 (inode 7)]')" = '[2,60000000]' ]
	report -i "$T/locks.data" mutex --process aux --json >"$T/json"
	[ "$(figures refresh)" = '[1,40000000]' ]
}

@test "what is no contention is counted and kept apart" {
	report -i "$(recording locks)" mutex >"$T/text"
	grep -Fx 'waits for locks that a timeout or a signal ended, not counted: 2, 50.0ms' "$T/text"
	grep -Fx 'waits that are no contention, apart: condvar (1 waits, 100ms)' "$T/text"
	grep -Fx 'of the delay 13.0ms passed between waking up and running' "$T/text"
}

@test "locks is one row a lock, with who is to blame and who suffers" {
	data=$(recording locks)
	golden mutex-locks report -i "$data" mutex --locks
	report -i "$data" mutex --locks --json >"$T/json"
	jq -e '.locks | length == 3 and ([.[].contentions] | add) == 7' "$T/json"
	jq -e '.locks[1] | .kind == "rwlock" and .address == "0x7f0000001000" and
		.total_ns == 100000000 and .mean_ns == 50000000 and .max_ns == 50000000 and
		.waiting == 2 and .top_holder == "rebuild in d (100%)"' "$T/json"
	jq -e '.apart[0] | .kind == "condvar" and .lock == "g_jobs.ready"' "$T/json"
	jq -e 'all(.locks[], .apart[]; .mean_ns <= .max_ns)' "$T/json"
}

@test "a long name pushes the figures of its own line only, and is cut where lines are" {
	name="std::map<std::string, std::vector<int, std::allocator<int> > >::$(printf 'very_%.0s' {1..20})long"
	sed "s/function=g_jobs.ready/function=\"$name\"/" "$BATS_TEST_DIRNAME/../data/locks.events" >"$T/long.events"
	"$SYSPROF" dump --assemble "$T/long.events" -o "$T/long.data"
	"$SYSPROF" report -i "$T/long.data" locks >"$T/whole"
	grep -F "$name  condvar  0x404080" "$T/whole"
	grep -E '^lock {60}  kind' "$T/whole"
	"$SYSPROF" report -i "$T/long.data" locks --width 160 | grep -E '^std::map<…>::(very_)+.{0,4}…  condvar  0x404080 .* 100ms'
}

@test "the story of one lock: who holds it for how long, who waits, when" {
	data=$(recording locks)
	golden mutex-lock report -i "$data" mutex --lock srv+0x4040
	report -i "$data" mutex --lock 0x404040 --json >"$T/json"
	# b got it at 1180 ms, while a waited, and unlocked it at 1190 ms.
	jq -e '.holders[] | select(.name == "b") | .holds == 1 and .hold_mean_ns == 9999000' "$T/json"
	jq -e '.waiters[] | select(.name == "a") | .contentions == 1 and .waits == 2' "$T/json"
	jq -e '([.slices[].total_ns] | add) == 661000000' "$T/json"
	[ "$(report -i "$data" mutex --lock srv+0x4040 --tree --json | jq '.types[1].total')" = 661000000 ]
	run report -i "$data" block --lock srv+0x4040
	[ "$status" = 2 ]
}

# Of ./json, of the lock $1: running, waiting for a CPU, blocked, behind, in ms.
meanwhile() {
	jq -c --arg l "$1" '.locks[] | select(.lock == $l) | [.holder_running_ns,
		.holder_runnable_ns, .holder_blocked_ns, .behind_ns] | map(. / 1000000)' "$T/json"
}

@test "a holder without a CPU, of lower priority than who waits, is an inversion" {
	inverted() {
		sed "/^task_state .* tid=105 /a priority time=1s tid=102 level=$1" \
			"$BATS_TEST_DIRNAME/../data/holders.events" >"$T/inverted.events"
		"$SYSPROF" dump --assemble "$T/inverted.events" -o "$T/inverted.data"
		report -i "$T/inverted.data" mutex --locks --json |
			jq -c '.locks[] | select(.lock == "g_stats.lock") |
				[.meanwhile, .holder_runnable_ns, .holder_outranked_ns]'
	}
	[ "$(inverted 89)" = '["priority inversion (77%)",0,35000000]' ]
	[ "$(inverted 119)" = '["priority inversion (77%)",0,35000000]' ]
	[ "$(inverted 120)" = '["holder without a CPU (77%)",35000000,0]' ]
	[ "$(inverted 139)" = '["holder without a CPU (77%)",35000000,0]' ]
}

@test "what the holders of locks did meanwhile, and what that is called" {
	data=$(recording holders)
	golden mutex-meanwhile report -i "$data" mutex --locks
	golden mutex-disk report -i "$data" mutex --lock g_db.lock
	report -i "$data" mutex --locks --json >"$T/json"
	[ "$(meanwhile g_db.lock)" = '[8,2,70,0]' ]
	[ "$(meanwhile g_log.lock)" = '[10,0,40,0]' ]
	[ "$(meanwhile g_index.lock)" = '[50,0,0,0]' ]
	[ "$(meanwhile g_queue.lock)" = '[289,0,0,199]' ]
	[ "$(meanwhile g_stats.lock)" = '[10,35,0,0]' ]
}

@test "the parts of a delay sum up to it, whatever part of the time is asked for" {
	for data in "$(recording holders)" "$(recording locks)"; do
		for args in "" "--since=130ms" "--until=447ms" "--since=145ms --until=162001us"; do
			# shellcheck disable=SC2086
			report -i "$data" mutex --locks $args --json >"$T/json"
			jq -e '.locks | length > 0 and all(.total_ns == .holder_running_ns +
				.holder_runnable_ns + .holder_outranked_ns + .holder_blocked_ns + .holder_unrecorded_ns +
				.holder_unknown_ns + .not_unlocked_ns + .woken_ns + .too_late_ns)' \
				"$T/json"
		done
	done
	report -i "$T/holders.data" mutex --lock g_db.lock --json |
		jq -e '([.meanwhile[].total_ns] | add) == .locks[0].total_ns'
}

@test "an address in another process, or of another lock later, is another lock" {
	report -i "$(recording reuse)" mutex --locks --json >"$T/json"
	[ "$(jq -c '[.locks[] | [.pid, .kind, .total_ns / 1000000]] | sort' "$T/json")" = \
		'[[100,"mutex",10],[100,"mutex",30],[100,"rwlock",40],[300,"mutex",20]]' ]
}

@test "threads that wait for each other are called a deadlock, where that is proven" {
	data=$(recording deadlock)
	golden mutex-deadlock report -i "$data" mutex --locks
	for profile in "mutex" "mutex --locks" "mutex --lock g_one.lock"; do
		# shellcheck disable=SC2086
		report -i "$data" $profile --json | jq -r '.notes[] | .text // .' >"$T/notes"
		grep -Fx "deadlock: a (101) waits for g_two.lock, which b (102) has, who waits for \
g_one.lock, which a (101) has; 1 more waits for these locks" "$T/notes"
	done
	[ "$(report -i "$data" mutex --json | grep -c 'deadlock: ')" = 2 ]
	! report -i "$data" mutex --lock g_six.lock | grep deadlock
}

@test "a lock that nobody unlocked is charged to where its owner is blocked" {
	data=$(recording deadlock)
	report -i "$data" mutex --json >"$T/json"
	[ "$(figures run_a)" = '[2,1500000000]' ] # b and c wait for what it has
	[ "$(figures run_b)" = '[1,900000000]' ]
	[ "$(figures run_e)" = '' ] # it may have given it back
	[ "$(figures run_h)" = '[1,200000000]' ]
	[ "$(figures run_g)" = '' ]
	report -i "$data" mutex --locks --json >"$T/json"
	top() {
		jq -r --arg l "$1" '.locks[] | select(.lock == $l) | .top_holder' "$T/json"
	}
	[ "$(top g_three.lock)" = 'nobody yet, last seen with e (100%)' ]
	[ "$(top g_five.lock)" = 'nobody yet (95%)' ]
	report -i "$data" mutex --lock g_six.lock | grep -Fx \
		'g_six.lock was not unlocked by the end: g (107) has ended with it'
}

@test "mutex goes into pprof as Go's profile does" {
	"$SYSPROF" export -i "$(recording locks)" mutex -o "$T/mutex.pb.gz"
	report -i "$T/locks.data" mutex --json >"$T/mutex.json"
	"$BATS_TEST_DIRNAME/../lib/pprof.py" check "$T/mutex.pb.gz"
	go tool pprof -top -unit=ns -nodefraction=0 -nodecount=0 "$T/mutex.pb.gz" 2>/dev/null |
		"$BATS_TEST_DIRNAME/../lib/pprof.py" agree "$T/mutex.pb.gz" "$T/mutex.json"
	go tool pprof -tags "$T/mutex.pb.gz" 2>/dev/null | grep -F 'srv+0x4040'
	"$SYSPROF" export -i "$T/locks.data" mutex --lock srv+0x4040 -f folded |
		grep -F 'hold_short;pthread_mutex_unlock;[mutex: srv+0x4040] 70000000'
}

@test "diagnose quotes who held the locks" {
	"$SYSPROF" diagnose -i "$(recording locks)" --json |
		jq -e '.findings[] | select(.finding == "fighting over locks") |
			.held == "held by hold_long (12%), rebuild (10%)"'
}

@test "locks of the kernel's are told by the address, or by a name, and by who takes them" {
	data=$(recording kernel-locks)
	golden kernel-locks report -i "$data" mutex --kernel
	golden kernel-locks-tree report -i "$data" kernel-locks --tree
	report -i "$data" mutex --kernel --json >"$T/json"
	[ "$(jq -c '.kernel_locks[] | [.contentions, .reads, .slept, .total_ns]' "$T/json")" = \
		'[4,1,3,200000000]
[1,0,1,50000000]
[2,0,0,30000]' ]
	[ "$(jq -r '.kernel_locks[2].lock' "$T/json")" = css_set_lock ]
}

@test "a recording without locks of the kernel's says so" {
	run ! report -i "$(recording locks)" kernel-locks
	[[ $output == *'without --kernel-locks'* ]]
}

@test "who waits for any of several words waits for the one that it is woken by" {
	report -i "$(recording waitv)" mutex --locks --json >"$T/json"
	[ "$(jq -c '.apart[] | [.lock, .kind, .contentions, .total_ns, .top_holder]' "$T/json")" = \
		'["0x404100 of wait_for_any","queue",2,20000000,"wake_left in left (100%)"]
["0x404200 of wait_for_any","queue",1,10000000,"wake_right in right (100%)"]' ]
}

@test "what is no contention is counted by waits; a lock may be known by who waits for it" {
	report -i "$(recording kinds)" mutex --locks --json >"$T/json"
	[ "$(jq -c '.apart[] | [.kind, .contentions, .total_ns, .max_ns, .waiting]' "$T/json")" = \
		'["atomic",3,30000000,10000000,1]' ]
	[ "$(jq -c '.locks[] | [.lock, .kind, .contentions, .total_ns, .waiting]' "$T/json")" = \
		'["in XLogFlush","rwlock",2,40000000,null]' ]
	report -i "$T/kinds.data" mutex --locks | grep -E '^in XLogFlush .* [?]  XLogFlush in '
}

@test "the GIL of a CPython without names" {
	sed "s/function=g_jobs.ready/function=_PyRuntime+0x1b0/" "$BATS_TEST_DIRNAME/../data/locks.events" >"$T/gil.events"
	"$SYSPROF" dump --assemble "$T/gil.events" -o "$T/gil.data"
	"$SYSPROF" report -i "$T/gil.data" locks --json >"$T/gil.json"
	jq -e 'any(.locks[]; .kind == "GIL" and .lock == "_PyRuntime+0x1b0" and .total_ns == 100000000)' "$T/gil.json"
	jq -e 'any(.locks[]; .kind == "condvar") | not' "$T/gil.json"
}
