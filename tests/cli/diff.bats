#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What diff says of two recordings of one server.  A sample is 10 ms.  In two seconds, slow has
# 100 samples in parse, 40 in hash, 20 in log and 1 in rare; in four, fast has 100 in parse, 84
# in hash and 36 in cache.  Noise on paper, of parse in a second: 5 ms a sample before, 2.5
# after, so 3 sqrt(101 * 25 + 101 * 6.25) = 168.54 ms.

load ../lib/golden

diff_of() {
	"$SYSPROF" diff "$(recording slow)" "$(recording fast)" "$@" | sed "s|$T/||"
}

# The status of diff with a limit.
limit() {
	run "$SYSPROF" diff "$(recording slow)" "$(recording fast)" --fail-if "$1"
	echo "$output"
	[ "$status" = "$2" ]
}

@test "a second of each recording is compared, and what may be chance is left out" {
	golden diff diff_of
}

@test "what may be chance is shown when asked for" {
	golden diff-noise diff_of --noise
}

@test "shares and whole runs can be compared, flat and cum, by other keys" {
	golden diff-share diff_of --scale share --cum --noise
	golden diff-run diff_of --scale run -n 1
	golden diff-process diff_of --by process
}

@test "the JSON has the same figures" {
	golden diff-json diff_of --json
	diff_of --json | jq -e '.rows[] | select(.name == "parse") |
		.old == 5e8 and .new == 2.5e8 and (.noise | round) == 168541538'
}

@test "a recording differs by nothing from itself" {
	data=$(recording server)
	"$SYSPROF" diff "$data" "$data" --json | jq -e '[.rows[].diff] | length > 5 and all(. == 0)'
}

@test "filters hold for both" {
	diff_of --focus hash --json | jq -e '[.rows[].name] == ["hash"]'
}

@test "runs of commands are compared as they are" {
	sed '/key=target/a meta key=command value=server' "$BATS_TEST_DIRNAME/../data/slow.events" >"$T/run.events"
	"$SYSPROF" dump --assemble "$T/run.events" -o "$T/run.data"
	"$SYSPROF" diff "$T/run.data" "$T/run.data" --json | jq -e '.scale == "run" and .total.old == 1.61e9'
}

@test "limits end it with status 1 when they are passed, and not by chance" {
	limit 'cpu +5%' 0
	limit 'cpu -10%' 1
	[[ $output == *'cpu: -31.7%, which is beyond -10%'* ]]
	limit 'cpu -40%' 0
	limit 'cpu hash +1%' 0
	limit 'cpu parse -40%' 1
	limit 'cpu cache +1%' 1
	limit 'cpu nothing +1%' 1
	[[ $output == *'nothing stands in neither recording'* ]]
}

@test "every profile of stacks is compared, and limits of it are judged by what is shown" {
	passed=
	while read -r profile old new; do
		for pair in "$old $new" "$new $old"; do
			read -r from to <<<"$pair"
			both=("$(recording "$from")" "$(recording "$to")")
			"$SYSPROF" diff "${both[@]}" "$profile" --json >"$T/diff.json"
			want=$(jq '.total | if .diff > (.old // 0) / 100 and (.is_noise | not) then 1 else 0 end' "$T/diff.json")
			run "$SYSPROF" diff "${both[@]}" --fail-if "$profile +1%"
			echo "$profile $pair: $status, want $want: $output"
			[ "$status" = "$want" ]
			jq -e '.rows | length > 0 and all(has("noise") and has("is_noise"))' "$T/diff.json"
			passed+=$status
		done
	done <<-END
		cpu slow fast
		block idle waits
		mutex locks holders
		heap heap heap
		allocs heap heap
		syscalls calls timeline
	END
	[[ $passed == *1* && $passed == *0* ]]
}

@test "a flame graph of both is grey where chance may be it, blue where less, red where more is new" {
	data=$(recording slow)
	"$SYSPROF" diff "$data" "$(recording fast)" -o "$T/diff.svg"
	cat >"$T/check.py" <<'EOF'
import colorsys, sys
from xml.etree import ElementTree
svg = "{http://www.w3.org/2000/svg}"
seen = {}
for box in ElementTree.parse(sys.argv[1]).iter(svg + "svg"):
    if box.get("class") != "box":
        continue
    name, amounts = box.find(svg + "title").text.split("\n")[:2]
    fill = box.find(svg + "rect").get("fill")
    hue, _, full = colorsys.rgb_to_hls(*(int(fill[i:i + 2], 16) / 255 for i in (1, 3, 5)))
    colour = "grey" if full < 0.3 else "blue" if hue > 0.5 else "red"
    seen[name] = (colour, round(float(box.get("width")[:-1]), 2), amounts)
# 805 + 550 ms in each second are the whole.
assert seen["all"] == ("blue", 100, "old 805.00ms, new 550.00ms: -255.00ms (-31.7%), noise ±221.09ms"), seen
assert seen["parse"][:2] == ("blue", round(75000 / 1355, 2)), seen
assert seen["hash"] == ("grey", round(41000 / 1355, 2),
                        "old 200.00ms, new 210.00ms: +10.00ms (+5.0%), chance may be it: ±118.35ms"), seen
assert seen["log"][0] == "blue" and " (gone), " in seen["log"][2], seen
assert seen["cache"][0] == "red" and " (new), " in seen["cache"][2], seen
EOF
	python3 "$T/check.py" "$T/diff.svg"
	run "$SYSPROF" diff "$data" "$data" -o "$T/diff.pdf"
	[ "$status" = 2 ] && [[ $output == *'OUT.svg or OUT.html'* ]]
	run "$SYSPROF" diff "$data" "$T/fast.data" -o "$T/limit.svg" --fail-if 'cpu cache +1%'
	[ "$status" = 1 ] && [ -s "$T/limit.svg" ]
}

@test "what cannot be compared is refused, with the reason" {
	data=$(recording slow)
	run "$SYSPROF" diff "$data"
	[ "$status" = 2 ] && [[ $output == *'OLD and NEW'* ]]
	run "$SYSPROF" diff "$data" "$data" threads
	[ "$status" = 2 ] && [[ $output == *'threads has no stacks'* ]]
	run "$SYSPROF" diff "$data" "$data" --scale share --fail-if 'cpu +1%'
	[ "$status" = 2 ] && [[ $output == *'always 100%'* ]]
	for bad in cpu5 'cpu 5%' 'cpu +%' 'cpu +1' 'nothing +1%' 'cpu +nan%'; do
		run "$SYSPROF" diff "$data" "$data" --fail-if "$bad"
		echo "$bad: $output"
		[ "$status" = 2 ]
	done
	run "$SYSPROF" diff "$data" /dev/null
	[ "$status" = 1 ] && [[ $output == *'/dev/null'* ]]
	run "$SYSPROF" diff "$data" "$data" block
	[ "$status" = 1 ] && [[ $output == *'no block'* ]]
}

@test "names that would drive a terminal are shown escaped" {
	data=$(recording hostile)
	"$SYSPROF" diff "$data" "$data" --noise >"$T/got"
	! grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$T/got"
}
