#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Programs of other languages than C.
load ../lib/live
bats_require_minimum_version 1.5.0

@test "Go functions have their part and stand on the goroutine's start" {
	record -- "$W/goburn" 2
	fold --no-kernel
	has_share 'main\.burn70' "$(jq '100 * .burn70 / add' stdout)"
	has_share 'main\.burn30' "$(jq '100 * .burn30 / add' stdout)"
	at_least "$(share_of 'main\.burn.0' 'runtime\.goexit[^;]*;main\.(main\.[^;]*;main\.)?worker;main\.burn')" 99
}

@test "Go's collector stands on the goroutines that it works for" {
	record -- "$W/gogarbage" 5
	fold --no-kernel
	# What a signal interrupted is cut where its handler has returned by the time it is read; and
	# so are stacks of the first 50 ms, when it was not known yet that this is Go.
	at_least "$(share_of '[^;]+' '^[^;]*;(runtime\.[^;]*|main\..*)')" 98
	at_least "$(share 'runtime\.(gcAssistAlloc|gcDrain).*')" 5
	at_least "$(share_of 'runtime\.gcAssistAlloc.*' 'runtime\.goexit[^;]*;main\.work(Left|Right);main\.(left|right);')" 98
	! grep -E 'main\.workLeft;.*main\.right|main\.workRight;.*main\.left' folded
}

@test "Rust functions have their part, under the names of the source" {
	record -- "$W/rustburn" 2
	fold --no-kernel
	seventy=$(jq '100 * .seventy / add' stdout)
	has_share 'rustburn::burn::seventy' "$seventy"
	has_share '<?rustburn::burn::Thirty<[^;]*>>?::run' "$(jq '100 * .thirty / add' stdout)"
	at_least "$(share_of 'rustburn::burn::seventy' 'rustburn::worker;.*rustburn::burn::seventy')" 99
	at_least "$(share 'start_thread|libc\.so\.6[^;]*')" 99
}

# Both functions are compiled before they have run for long: what is interpreted has no names,
# and the one that runs less would be longer.
@test "Java methods have their part, by the JVM's perf map" {
	cat >java.sh <<-'END'
		echo $$ >jit_pid
		exec java -XX:+PreserveFramePointer -XX:+UnlockDiagnosticVMOptions \
			-XX:+DumpPerfMapAtExit '-XX:CompileCommand=dontinline,JavaBurn::*' \
			-Xbatch '-XX:CompileCommand=CompileThresholdScaling,JavaBurn::*,0.01' \
			-XX:CompileCommand=quiet -cp "$1" JavaBurn 3
	END
	record -- sh java.sh "$W"
	jit_pid=$(cat jit_pid)
	fold --no-kernel
	in_70=$(share '[^;]*JavaBurn\.burn70[^;]*')
	in_30=$(share '[^;]*JavaBurn\.burn30[^;]*')
	# Starting a JVM and compiling take a part of the CPU time; the split is that of the rest.
	at_least "$(awk "BEGIN { print $in_70 + $in_30 }")" 70
	near "$(awk "BEGIN { print 100 * $in_70 / ($in_70 + $in_30) }")" \
		"$(tail -1 stdout | jq '100 * .burn70 / add')" "$TOLERANCE"
	at_least "$(share_of '[^;]*JavaBurn\.burn70[^;]*' 'JavaBurn\.work[^;]*;[^;]*JavaBurn\.burn70')" 95
}

@test "code made at run time is named by its perf map and stands on its caller" {
	cat >jit.sh <<-'END'
		echo $$ >jit_pid
		exec "$1" 2
	END
	record -- sh jit.sh "$W/jit"
	jit_pid=$(cat jit_pid)
	fold --no-kernel
	at_least "$(share jit_burn)" 95
	at_least "$(share_of jit_burn 'main;call_jit;jit_burn')" 99
}
