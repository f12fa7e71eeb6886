#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	sysprof dump --assemble - -o rec <<-'END'
		meta key=hostname value=box
		meta key="e\x1bvil" value="a\xffb"
		start time=1s wall_ns=1700000000000000000
		comm pid=7 tid=7 name=app
		sample time=+10ms pid=7 tid=7 weight=10ms stack={app!main;work}
		sample time=+10ms pid=7 tid=7 weight=10ms stack={app!main;work}
		counter name=names.found value=1234567
		counter name=huge value=18446744073709551615
		end time=+1ms
	END
}

@test "the text says who, when, how much and what" {
	sysprof info -i rec >got
	size=$(stat -c %s rec)
	diff - got <<-END
		recording              rec
		format                 2
		recorded at            2023-11-14 22:13:20 UTC
		for                    21.0ms
		size                   $size B in 2 chunks; 206 B inflated

		WHAT THE RECORDER SAID
		hostname               box
		e\\x1bvil               a\\xffb

		WHAT IT COUNTED
		names.found            1,234,567
		huge                   18,446,744,073,709,551,615

		EVENTS
		string                 9
		module                 1
		frame                  2
		stack                  2
		name                   2
		meta                   2
		start                  1
		end                    1
		comm                   1
		sample                 2
		counter                2
	END
}

@test "the chunks add up to the file" {
	sysprof info -i rec --chunks | sed '1,/OFFSET/d' >chunks
	[ "$(wc -l <chunks)" = 2 ]
	[ "$(awk '{ sum += $5 } END { print sum + 24 }' chunks)" = "$(stat -c %s rec)" ]
	grep -qE '^ +24 definitions +18 +[0-9]+ +[0-9]+$' chunks
	grep -qE ' events +7 .* \+0\.000000s to \+0\.021000s$' chunks
}

@test "JSON holds the same" {
	sysprof info -i rec --json >json
	jq() { python3 -c "import json,sys; d=json.load(open('json')); print($1)"; }
	[ "$(jq 'd["format"]')" = 2 ]
	[ "$(jq 'd["size_bytes"]')" = "$(stat -c %s rec)" ]
	[ "$(jq 'd["meta"]["hostname"]')" = box ]
	[ "$(jq 'd["meta"]["e\\x1bvil"]')" = 'a\xffb' ]
	[ "$(jq 'd["counters"]["names.found"]')" = 1234567 ]
	[ "$(jq 'd["counters"]["huge"]')" = 18446744073709551615 ]
	[ "$(jq 'd["events"]["sample"]')" = 2 ]
	[ "$(jq 'd["window"]["end_ns"] - d["window"]["start_ns"]')" = 21000000 ]
	[ "$(jq 'd["window"]["has_end"], d["damage"]["cut_off"]')" = "True False" ]
	[ "$(jq 'sum(c["stored_bytes"] for c in d["chunks"]) + 24')" = "$(stat -c %s rec)" ]
}

@test "the recorder's death and the file's damage are told" {
	echo 'exit time=5s pid=1 tid=1' | sysprof dump --assemble - -o killed
	sysprof info -i killed >got
	grep -q '^for .*its start is missing; its end is missing' got
	grep -q '^recorded at  *not said$' got
	head -c -1 rec >short
	sysprof info -i short | grep -q '^cut off  *the file ends in the middle of a chunk$'
	printf X | dd of=rec bs=1 seek=100 conv=notrunc status=none
	sysprof info -i rec | grep -q '^damaged  *[0-9]* B in 1 places could not be read$'
}

@test "definitions that contradict others are told" {
	printf 'stack id=1 parent=2 frame=1\nend\n' | sysprof dump --assemble - -o bad
	sysprof info -i bad | grep -q '^bad definitions  *1 contradict others and were left out$'
}

@test "standard input can be described, and sysprof.data is the default" {
	sysprof info -i - <rec | grep -q '^recording  *standard input$'
	mv rec sysprof.data
	sysprof info | grep -q '^recording  *sysprof.data$'
}

@test "what is no recording is refused in one line" {
	for file in nowhere . /dev/zero /dev/null; do
		run --separate-stderr sysprof info -i "$file"
		[ "$status" = 1 ]
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" = 1 ]
		[[ $stderr == "sysprof: "*"'$file'"* ]]
	done
}

@test "what cannot be written is an error" {
	for options in '' --json; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c "sysprof info -i rec $options >/dev/full"
		[ "$status" = 1 ]
		[[ $stderr == *"standard output: No space left"* ]]
	done
}

@test "wrong usage gives status 2" {
	for wrong in x --nonsense -i; do
		run --separate-stderr sysprof info "$wrong"
		[ "$status" = 2 ]
		[ -z "$output" ]
		[[ $stderr == "sysprof info: "* ]]
	done
}
