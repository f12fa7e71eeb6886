#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cat >canonical <<-'END'
		meta key="hostname" value="box"
		module id=1 type=elf path="/usr/bin/app" build_id="c0ffee"
		frame id=1 module=1 address=0x401000
		name frame=1 function="main" file="m.c" line=7 start_line=3
		stack id=1 frame=1
		start time_ns=1000000000 wall_ns=1700000000000000000
		comm time_ns=1000000000 pid=7 tid=7 name="app \"x\"\n\x00\xff"
		sample time_ns=1010000000 pid=7 tid=7 cpu=1 weight_ns=10000000 stack=1
		end time_ns=1020000000
	END
}

# Run what fails: its status, and one line on standard error.
fails() {
	local want=$1
	shift
	run --separate-stderr "$@"
	[ "$status" = "$want" ]
	[ -z "$output" ]
	# shellcheck disable=SC2154
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "sysprof: "* ]]
}

bats_require_minimum_version 1.5.0

@test "what is assembled is dumped again, letter by letter" {
	sysprof dump --assemble canonical -o rec
	sysprof dump -i rec >got
	diff canonical got
}

@test "assembling what was dumped gives the same bytes" {
	sysprof dump --assemble canonical -o first
	sysprof dump -i first | sysprof dump --assemble - -o second
	cmp first second
}

@test "system calls are told behind their events, which are assembled without that" {
	cat >calls <<-'END'
		meta key="machine" value="x86_64"
		start time_ns=1000
		syscall time_ns=1500 tid=7 duration_ns=500 # read(...) = 0
		syscall time_ns=2000 tid=7 nr=257 duration_ns=10 result=-2 arg0=4294967196 arg2=524288 # openat(dfd=AT_FDCWD, flags=O_RDONLY|O_CLOEXEC, mode=0) = ENOENT
	END
	sysprof dump --assemble calls -o rec
	sysprof dump -i rec >got
	diff calls got
}

@test "sysprof.data is read and written where nothing else is named" {
	sysprof dump --assemble canonical
	[ "$(stat -c %a sysprof.data)" = 600 ]
	sysprof dump >got
	diff canonical got
}

@test "standard input and output stand for files" {
	sysprof dump --assemble - -o - <canonical | sysprof dump -i - >got
	diff canonical got
	sysprof dump --assemble - -o rec <canonical
	sysprof dump -i - <rec >got
	diff canonical got
}

@test "stacks may be written as people read them" {
	echo 'sample pid=7 tid=7 weight=1ms stack={app!main;work>inner@w.c:12;[kernel]!sys_read}' |
		sysprof dump --assemble - -o rec
	sysprof dump -i rec >got
	diff - got <<-'END'
		module id=1 type=elf path="app"
		frame id=1 module=1 address=0x1000
		name frame=1 function="main"
		stack id=1 frame=1
		frame id=2 module=1 address=0x1010
		name frame=2 function="inner" file="w.c" line=12
		name frame=2 depth=1 function="work"
		stack id=2 parent=1 frame=2
		module id=2 type=kernel path="[kernel]"
		frame id=3 module=2 address=0xffffffff81001020
		name frame=3 function="sys_read"
		stack id=3 parent=2 frame=3
		sample time_ns=0 pid=7 tid=7 weight_ns=1000000 stack=3
	END
}

@test "the recording before becomes FILE.old" {
	echo 'end time_ns=1' | sysprof dump --assemble - -o rec
	sysprof dump --assemble canonical -o rec
	[ "$(sysprof dump -i rec.old)" = "end time_ns=1" ]
}

@test "an error in the text names its line and leaves no file" {
	printf 'end\n\nexit pid=x\n' >bad
	fails 1 sysprof dump --assemble bad -o rec
	[ "$stderr" = "sysprof: bad, line 3: pid=x is no number" ]
	[ ! -e rec ]
	fails 1 sysprof dump --assemble - -o rec <bad
	[ "$stderr" = "sysprof: standard input, line 3: pid=x is no number" ]
}

@test "an error in the text leaves the recording before where it was" {
	sysprof dump --assemble canonical -o rec
	echo oops >bad
	fails 1 sysprof dump --assemble bad -o rec
	sysprof dump -i rec >got
	diff canonical got
}

@test "a recording is not taken for text" {
	sysprof dump --assemble canonical -o rec
	fails 1 sysprof dump --assemble rec -o other
	[[ $stderr == *"no text of events"* ]]
}

@test "a text is not taken for a recording" {
	fails 1 sysprof dump -i canonical
	[[ $stderr == *"'canonical' is not a recording of sysprof"*"--assemble"* ]]
}

@test "files that are no recordings are refused in one line that says what they are" {
	fails 1 sysprof dump -i nowhere
	[[ $stderr == *"'nowhere': No such file"*"sysprof record"* ]]
	fails 1 sysprof dump -i .
	[[ $stderr == *directory* ]]
	: >empty
	fails 1 sysprof dump -i empty
	[[ $stderr == *empty* ]]
	printf 'PERFILE2abc' >perf.data
	fails 1 sysprof dump -i perf.data
	[[ $stderr == *"perf report"* ]]
	fails 1 sysprof dump -i /dev/zero
	[[ $stderr == *"not a recording"* ]]
	gzip -c canonical >zipped
	fails 1 sysprof dump -i zipped
	[[ $stderr == *gunzip* ]]
}

@test "what cannot be written is an error" {
	fails 1 sysprof dump --assemble canonical -o /dev/full
	[[ $stderr == *"/dev/full: No space left"* ]]
	fails 1 sysprof dump --assemble canonical -o nowhere/rec
	[[ $stderr == *"nowhere/rec: No such file"* ]]
	fails 1 sysprof dump --assemble canonical -o .
	sysprof dump --assemble canonical -o rec
	run --separate-stderr bash -c 'sysprof dump -i rec >/dev/full'
	[ "$status" = 1 ]
	[[ $stderr == *"standard output: No space left"* ]]
}

@test "a recording cut off gives what is whole and says so" {
	sysprof dump --assemble canonical -o rec
	head -c -1 rec >short
	sysprof dump -i short >got 2>said
	diff <(grep -v time_ns canonical) got
	[ "$(cat said)" = "sysprof: warning: short is cut off: its end is missing" ]
}

@test "a damaged recording gives what is whole and says so" {
	sysprof dump --assemble canonical -o rec
	printf X | dd of=rec bs=1 seek=100 conv=notrunc status=none
	sysprof dump -i rec >got 2>said
	diff <(grep time_ns canonical | sed 's/name=.*/name=?/') got
	grep -q 'warning: rec is damaged: [0-9]* bytes in 1 places were passed over' said
}

@test "wrong usage gives status 2" {
	for wrong in '-o x' '-i x --assemble y' 'x' '--nonsense' '-i'; do
		# shellcheck disable=SC2086
		run --separate-stderr sysprof dump $wrong
		[ "$status" = 2 ]
		[ -z "$output" ]
		[[ $stderr == "sysprof dump: "* ]]
	done
}
