#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Page faults, disk requests, signals and interrupts: against what the program says it did.
load ../lib/live
bats_require_minimum_version 1.5.0

# A program whose every page fault, request and signal is known, recorded into ./sysprof.data
# and ./dump; what it did is in ./stdout, a line "WHAT VALUE" each.
details() {
	head -c 4M /dev/urandom >file
	record "$@" -- "$W/details" file
	"$SYSPROF" dump >dump
}

said() {
	awk -v what="$1" '$1 == what { print $2 }' stdout
}

# Lines of ./dump of kind $1 that match $2.
lines() {
	grep -E "^$1 " dump | grep -E "$2"
}

# How many faults that match $2 lie in the $3 bytes from $1 on.
faults_in() {
	lines page_fault "$2" | sed -E 's/.* address=0x([0-9a-f]+).*/\1/' |
		perl -ne 'BEGIN { ($from, $size) = (hex shift, shift) }
			chomp; $n++ if hex >= $from && hex() < $from + $size; END { print $n + 0, "\n" }' \
			"$1" "$3"
}

# What the program runs is on a file system on a block device.
on_a_disk() {
	df . | grep -q ^/dev/ || skip "no file system on a block device here"
}

@test "every page fault has its address" {
	details --trace
	n=$(said faults)
	[ "$(faults_in "$(said memory)" access=write $((n * 4096)))" = "$n" ]
}

@test "every byte that is read from the disk is in a request of the thread that reads" {
	on_a_disk
	details --trace
	tid=$(awk '/^comm / && /name="details"/ { sub(/.* tid=/, ""); sub(/ .*/, ""); print; exit }' dump)
	# The reads; and a page for each touch of the mapping, or the block it lies in.
	sum=$(lines disk_io 'op=read' | grep " tid=$tid " |
		awk '{ sub(/.* bytes=/, ""); sub(/ .*/, ""); n += $1 } END { print n }')
	at_least "$sum" $(($(said disk) + $(said mapped) * 4096))
	at_least "$((2 * $(said disk)))" "$sum"
	run ! grep -E '^disk_io .* duration_ns=0' dump
}

# dd waits for each block.  How long that takes depends on the disk; that it waits does not.
@test "diagnose tells which disk is waited for, with requests and without" {
	on_a_disk
	head -c 8M /dev/urandom >file
	sync file
	disk=$(lsblk -no KNAME "$(df --output=source . | tail -1)" | head -1)
	for option in "" --trace; do
		# shellcheck disable=SC2086
		record $option -- dd if=file of=/dev/null bs=4k iflag=direct
		"$SYSPROF" diagnose --json >json
		jq -r '.findings[] | select(.finding == "stalled by the disk").device' json >device
		if [ -n "$option" ]; then
			grep -E "^requests to $disk: .*read 2,[0-9]+ of 4\.[0-9]+ KiB, " device
		else
			grep -E "^[0-9,]+ waits of .* for $disk \([0-9]+%\)" device
		fi
	done
}

# A mapped file that is read is waited for, a page at a time.
@test "a wait in a page fault has the address and the file" {
	on_a_disk
	for option in "" --trace; do
		# shellcheck disable=SC2086
		details $option
		n=$(said mapped)
		from=$(said mapping)
		perl -ne 'BEGIN { $from = hex shift } /^fault_stack .* object="(.*?)" address=0x(\w+)/ or next;
			($object, $place) = ($1, hex($2) - $from); $place % 65536 == 0 && $place >= 0 or next;
			$offset = / offset=(\d+)/ ? $1 : 0; $n++ if $object =~ m{/file on \w+$} && $offset == $place;
			END { print $n + 0, "\n" }' "$from" dump >got
		[ "$(cat got)" = "$n" ]
		# A page may be there before the thread has blocked for it.
		"$SYSPROF" export block -f folded --value contentions -o folded
		awk -v n="$n" '/;touch_mapping;\[pagefault: .*\/file on [a-z0-9]+\] [0-9]+$/ { got += $NF }
			END { print got; exit !(got >= 0.8 * n && got <= n) }' folded
	done
}

# Calls are few here: after a quarter of a second each has its stack.
@test "system calls have the stacks that make them" {
	record --trace -- "$W/waits" 3
	"$SYSPROF" export syscalls -f folded --value calls -o folded
	# One call in 61 at first, for a quarter of a second or, where others keep the recorder from
	# its CPU, for longer: half of them leaves room for that.
	awk '{ n = $NF; sub(/ [0-9]+$/, ""); all += n } /\[not sampled\]/ { lost += n }
		/\[clock_nanosleep\]$/ && !/not sampled/ { naps += n; if (/;(wait_sleep|[a-z_]*);.*nanosleep/) good += n }
		END { print all, lost, naps, good; exit !(lost <= 0.5 * all && naps > 5 && good == naps) }' folded
	# As many calls in all as the sheets say.
	"$SYSPROF" report syscalls --json >json
	[ "$(awk '{ n += $NF } END { print n }' folded)" = "$(jq '[.syscalls[].calls] | add' json)" ]
}

@test "a signal is sent and delivered as often as it is" {
	details --trace
	n=$(said signals)
	[ "$(lines signal 'signo=10 .*sender=' | wc -l)" = "$n" ]
	[ "$(lines signal 'signo=10 step=delivered' | wc -l)" = "$n" ]
}

# /proc/stat counts softirqs since the machine was started: the 2nd field of its line is the
# sum.  No CPU is idle meanwhile: an idle one may be in an address space where no tracepoint
# fires (exact.bats).
@test "every softirq of the machine is recorded" {
	for ((i = 0; i < $(nproc); i++)); do
		start sh -c 'while :; do :; done'
	done
	start setsid "$SYSPROF" record --trace -a
	await holds sysprof.data 1 start
	before=$(awk '/^softirq/ { print $2 }' /proc/stat)
	sleep 0.5
	after=$(awk '/^softirq/ { print $2 }' /proc/stat)
	send INT
	"$SYSPROF" dump >dump
	got=$(lines interrupt kind=soft | wc -l)
	echo "$((after - before)) softirqs in a part of the window, $got recorded"
	[ "$got" -ge $((after - before)) ]
}

@test "without --trace none of it is recorded" {
	details
	run ! grep -E '^(page_fault|disk_io|signal|interrupt) ' dump
}
