#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What becomes of the recording: its owner, its size, and what is left after an accident.
load ../lib/live
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	started=()
	mounted=
}

teardown() {
	tell_failure
	end_started
	[ -z "$mounted" ] || umount "$mounted"
}

@test "a recording has mode 0600 whatever the umask" {
	umask 0
	record -- true
	[ "$(stat -c %a sysprof.data)" = 600 ]
}

@test "under sudo a recording belongs to who called it" {
	SUDO_UID=65534 SUDO_GID=65533 record -- true
	[ "$(stat -c %u:%g:%a sysprof.data)" = 65534:65533:600 ]
}

@test "a recording that was there before becomes .old" {
	record -- true
	sum=$(sha256sum <sysprof.data)
	record -- true
	[ "$sum" = "$(sha256sum <sysprof.data.old)" ]
	[ "$sum" != "$(sha256sum <sysprof.data)" ]
}

@test "a recording is not written through a symbolic link" {
	echo precious >target
	ln -s target sysprof.data
	record -- true || true
	[ "$(cat target)" = precious ]
}

@test "what was recorded before kill -9 can be reported" {
	start "$W/split" 20
	target=$pid
	start "$SYSPROF" record -F 997 -p "$target"
	sleep 3.2
	killed_ns=$(python3 -c 'import time; print(time.monotonic_ns())')
	{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null || true
	fold --no-kernel
	at_least "$(share burn_50)" 35
	# It is written every second; half of one more for a machine that is busy with others.
	last_ns=$("$SYSPROF" dump | sed -n 's/^sample time_ns=\([0-9]*\).*/\1/p' | tail -1)
	near "$(awk "BEGIN { print ($killed_ns - $last_ns) / 1e9 }")" 0.7 0.8
	run -0 "$SYSPROF" report
	"$SYSPROF" report 2>&1 | grep -qiE 'killed|cut off|not finished|ended early|incomplete'
}

@test "after kill -9 of the recorder the target goes on" {
	start "$W/split" 20
	target=$pid
	start_record -p "$target"
	{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null || true
	kill -0 "$target"
}

@test "a directory that does not exist is refused before anything starts" {
	run -1 "$SYSPROF" record -o /no/such/directory/file -- touch started
	[[ "$output" == */no/such/directory/file* ]]
	[ ! -e started ]
}

@test "a place that cannot be written to is refused before anything starts" {
	run -1 "$SYSPROF" record -o /proc/file -- touch started
	[[ "$output" == */proc/file* ]]
	[ ! -e started ]
	mkdir directory
	run -1 "$SYSPROF" record -o directory -- touch started
	[ ! -e started ]
}

@test "a disk that fills up ends the recording with failure and keeps what is there" {
	mkdir small
	mount -t tmpfs -o size=256k none small
	mounted=$PWD/small
	start "$W/threads" 64 40
	run timeout 60 "$SYSPROF" record -F 9997 -d 40 -o small/data -p "$pid"
	[ "$status" = 1 ]
	[[ "$output" == *"No space left"* ]]
	[[ "$output" == *"what was written before is readable"* ]]
	samples=$("$SYSPROF" report -i small/data --json | jq '.types[] | select(.type == "samples").total')
	at_least "$samples" 100
}

@test "a full disk at the start is said at once" {
	run -1 timeout 20 "$SYSPROF" record -d 5 -o /dev/full -a
	[[ "$output" == *"No space left"* ]]
}

@test "a disk that is full before anything is recorded leaves no file" {
	mkdir small
	mount -t tmpfs -o size=4k none small
	mounted=$PWD/small
	run -1 timeout 20 "$SYSPROF" record -a -d 5 -o small/data
	[[ "$output" == *"No space left on device; nothing was recorded"* ]]
	[ -z "$(ls -A small)" ]
}

@test "--max-size ends the recording cleanly and below the size" {
	start "$W/threads" 64 60
	run -0 timeout 60 "$SYSPROF" record -F 9997 --max-size 64K -p "$pid"
	kill -0 "$pid"
	[[ "$output" == *max-size* ]]
	size=$(stat -c %s sysprof.data)
	echo "$size bytes"
	[ "$size" -gt 32768 ] && [ "$size" -le 65536 ]
	fold --no-kernel
	at_least "$(share thread_burn)" 95
}

@test "a recording can go to standard output" {
	"$SYSPROF" record -F 997 -o - -- "$W/split" 1 2>messages | tail -c +1 >all || true
	"$SYSPROF" record -F 997 -d 1 -o - -a 2>messages >copy
	"$SYSPROF" report -i copy >report
	[ -s report ]
}

@test "a recording opens when its program is gone" {
	cp "$W/split" program
	record -- ./program 1
	rm program
	fold --no-kernel
	has_share burn_50 50 8
	"$SYSPROF" report | grep -q burn_50
}

@test "a program where only root may go has the names of what lies beside it" {
	install -d -m 700 private
	install -d -m 755 private/open
	cp "$W"/split-stripped* private/open
	record -- private/open/split-stripped 1
	fold --no-kernel
	has_share burn_50 50 8
}

@test "the recorder leaves nothing behind in /tmp" {
	cp "$SYSPROF" "$W/split" .
	# This directory is hidden by the mount for those who come by its name, not for us.
	unshare --mount --propagation private bash -c \
		'mount -t tmpfs none /tmp && ./sysprof record -- ./split 0.5 && ls -A /tmp' >stdout
	[ "$(wc -l <stdout)" = 1 ]
}
