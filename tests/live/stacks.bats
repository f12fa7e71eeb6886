#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Programs as they are shipped give whole stacks and true proportions.
load ../lib/live
bats_require_minimum_version 1.5.0

# The four functions of split have what split itself measured; its stacks begin at main.
split_is_true() {
	local part all
	all=$(jq 'add' stdout)
	fold --no-kernel
	for part in burn_50 burn_30 burn_15 burn_5; do
		has_share "$part" "$(jq "100 * .$part / $all" stdout)"
	done
	at_least "$(share main)" 99
	grep ', 0 lost;' messages || { cat messages; false; }
}

@test "functions have the time they took, without frame pointers" {
	record -- "$W/split" 2
	split_is_true
}

@test "functions have the time they took, with frame pointers" {
	record -- "$W/split-fp" 2
	split_is_true
}

@test "a static program is profiled as any other" {
	record -- "$W/split-static" 2
	split_is_true
}

@test "a static position-independent program is profiled as any other" {
	record -- "$W/split-static-pie" 2
	split_is_true
}

@test "a stripped program takes its names from the debug file beside it" {
	record -- "$W/split-stripped" 2
	split_is_true
}

@test "report --json has the same proportions as the program measured" {
	record -- "$W/split" 2
	"$SYSPROF" report --json cpu >report.json
	all=$(jq 'add' stdout)
	for part in burn_50 burn_30 burn_15 burn_5; do
		near "$(json_share "$part")" "$(jq "100 * .$part / $all" stdout)" "$TOLERANCE"
	done
}

# What the hypervisor took from all CPUs so far, in seconds.
stolen() {
	awk -v hz="$(getconf CLK_TCK)" '/^cpu / { print $9 / hz }' /proc/stat
}

@test "the profile adds up to the CPU time that the kernel accounted" {
	before=$(stolen)
	record -- bash -c '"$0" 2 >/dev/null; times >times' "$W/split"
	# "0m1.980s 0m0.004s": user and system time of the children.
	accounted=$(tail -1 times | awk -F'[ms ]+' '{ print $1 * 60 + $2 + $3 * 60 + $4 }')
	fold
	seconds=$(awk '/^split;/ { ns += $NF } END { print ns / 1e9 }' folded)
	# The timer also counts what a hypervisor took away meanwhile; the accounting does not.
	near "$seconds" "$accounted" "$(awk "BEGIN { print 0.1 * $accounted + $(stolen) - $before }")"
}

@test "thirty frames of C++ without frame pointers are all there, in both threads" {
	record -- "$W/deep" 2
	fold --no-kernel
	has_share 'deep::leaf_70[^;]*' 70
	has_share 'deep::leaf_30[^;]*' 30
	frames=$(printf '%s' ';(void )?deep::descend<'{29..0}'>[^;]*')
	# Leaving a leaf takes a few instructions in descend<0> now and then.
	at_least "$(share_of 'deep::leaf_.0[^;]*' "deep::run[^;]*$frames;deep::leaf")" 99
	at_least "$(share_of 'deep::leaf_.0[^;]*' '(start_thread|libc\.so\.6[^;]*);.*deep::run')" 99
}

@test "a stack longer than 64 KiB is unwound to its end" {
	start "$W/recurse" 60
	await is_burning "$pid"
	record -d 1 -p "$pid"
	fold --no-kernel
	at_least "$(share bottom_burn)" 99
	frames=$(printf ';descend%.0s' {1..500})
	at_least "$(share_of bottom_burn "main$frames;bottom_burn")" 99
	[ "$(grep -c "main$frames;descend" folded)" = 0 ]
}

@test "a stack longer than was copied says so where its process was gone too soon" {
	record -- "$W/recurse" 1
	fold --no-kernel
	# The rest of a long stack is read from the process: not from the last of its samples,
	# which wait in the ring for at most a tenth of a second when it ends.
	frames=$(printf ';descend%.0s' {1..500})
	at_least "$(share_of bottom_burn "main$frames;bottom_burn")" 85
	at_least "$(share_of bottom_burn "(main$frames|;.truncated: stack not captured[^;]*(;descend)*);bottom_burn")" 99
}

@test "a signal handler stands on what it interrupted" {
	record -- "$W/sighandler" 2
	fold --no-kernel
	has_share handler_burn "$(jq '100 * .handler_burn / add' stdout)"
	at_least "$(share_of handler_burn 'main;victim_burn;.*on_timer;handler_burn')" 98
}

# What it interrupted is read from the process some milliseconds later, while the handler
# still runs: it burns four.  Where it has returned by then the stack is cut.
record_altstack() {
	start "$W/altstack" 60 "$@"
	await is_burning "$pid"
	record -d 3 -p "$pid"
	fold --no-kernel
	at_least "$(share 'handle_(left|right)')" 20
	at_least "$(share_of handle_left 'main;burn_in_turns;left;victim_burn;.*on_timer;handle_left')" 50
}

# Percent of the handlers that stand on what they interrupted, or on a frame that says why not.
handlers_not_wrong() {
	share_of 'handle_(left|right)' "(burn_in_turns|;.truncated: stack not captured[^;]*);$(
		)((left;)?(victim_burn;)?(spin;)?lib[^;]*;on_timer;handle_left|$(
		)(right;)?(victim_burn;)?(spin;)?lib[^;]*;on_timer;handle_right|$(
		)(masked_burn;)?([^;]*sigmask;|sigprocmask;)*lib[^;]*;on_timer;handle_right)"
}

@test "a signal handler on a stack of its own stands on what it interrupted, or on nothing" {
	record_altstack
	at_least "$(handlers_not_wrong)" 100
}

@test "so it does where the program itself blocks the signal a third of the time" {
	record_altstack mask
	# A handler that returned since and one that runs look the same then.
	at_least "$(handlers_not_wrong)" 98
}

@test "samples in a PLT stub have their callers" {
	record -- "$W/plt" 2
	fold --no-kernel
	at_least "$(share plt_caller)" 99
	at_least "$(share_of plt_caller 'main;plt_caller')" 99
	# The stub has samples of its own: it was tested at all.
	at_least "$(share_of plt_caller 'plt_caller;.*plt[^;]*$|plt_caller;[[]')" 1
}

@test "code that nobody describes ends its stack with the reason" {
	start "$W/jit" 60 nomap
	await is_burning "$pid"
	record -d 1 -p "$pid"
	fold --no-kernel
	run ! grep -qE '(^|;)\[?unknown\]?(;| )' folded
	at_least "$(share call_jit)" 95
}

@test "the kernel's part is what the kernel accounted" {
	record -- "$W/kernelheavy" 2
	system=$(jq '100 * .system_us / (.user_us + .system_us)' stdout)
	fold
	near "$(share '(__libc_)?read;entry_SYSCALL.*')" "$system" "$TOLERANCE"
	# Without the kernel's frames its time counts for the call into it.
	fold --no-kernel
	near "$(share '(__libc_)?read')" "$system" "$TOLERANCE"
	[ "$(share 'entry_SYSCALL.*')" = 0.00 ]
}
