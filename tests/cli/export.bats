#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What export writes is read back by others: go tool pprof, and a decoder of our own in Python.

load ../lib/golden

pprof_py() {
	"$BATS_TEST_DIRNAME/../lib/pprof.py" "$@"
}

# go tool pprof, without its home in HOME; as `go` finds its cache where HOME is.
go_pprof() {
	PPROF_TMPDIR=$T go tool pprof "$@"
}

@test "pprof files keep the contract of their format" {
	for name in server hostile empty; do
		"$SYSPROF" export -i "$(recording $name)" -o "$T/$name.pb.gz"
		pprof_py check "$T/$name.pb.gz"
	done
}

@test "go tool pprof and report agree on every function to the digit" {
	for name in server hostile empty; do
		data=$(recording $name)
		"$SYSPROF" export -i "$data" -o "$T/$name.pb.gz"
		"$SYSPROF" report -i "$data" --json >"$T/$name.json"
		go_pprof -top -nodecount=0 -nodefraction=0 -unit=ns "$T/$name.pb.gz" |
			pprof_py agree "$T/$name.pb.gz" "$T/$name.json"
	done
}

@test "they agree on filtered profiles" {
	data=$(recording server)
	for filter in --no-kernel --process=tool "--focus=fib --since=450ms" --cpu=1; do
		# shellcheck disable=SC2086
		"$SYSPROF" export -i "$data" $filter -o "$T/f.pb.gz"
		# shellcheck disable=SC2086
		"$SYSPROF" report -i "$data" $filter --json >"$T/f.json"
		pprof_py check "$T/f.pb.gz"
		go_pprof -top -nodecount=0 -nodefraction=0 -unit=ns "$T/f.pb.gz" |
			pprof_py agree "$T/f.pb.gz" "$T/f.json"
	done
}

@test "go tool pprof knows program, time, labels and comments" {
	"$SYSPROF" export -i "$(recording server)" -o "$T/server.pb.gz"
	go_pprof -top "$T/server.pb.gz" >"$T/top"
	grep -x 'File: server' "$T/top"
	grep -x 'Build ID: 00112233445566778899aabbccddeeff00112233' "$T/top"
	grep -x 'Type: cpu' "$T/top"
	grep -x 'self-audit: ! 10 of 11 user stacks complete (90.9%); 1 no unwind info' "$T/top"
	grep -F 'Duration: 2s, Total samples = 130ms' "$T/top"
	go_pprof -tags "$T/server.pb.gz" >"$T/tags"
	for label in comm: thread: pid: tid: cpu:; do
		grep -wF "$label" "$T/tags"
	done
	grep -E '30(\.0)?ms \(23\.08%\): tool$' "$T/tags"
	grep -E '70(\.0)?ms \(53\.85%\): 0$' "$T/tags"
	go_pprof -top -tagfocus=thread=worker "$T/server.pb.gz" | grep -F '40ms, 30.77% of 130ms'
}

@test "folded stacks begin with the process and have one line each" {
	data=$(recording server)
	golden export-folded "$SYSPROF" export -i "$data" -f folded
	golden export-folded-cpu "$SYSPROF" export -i "$data" -f folded --value cpu
	golden export-folded-hostile "$SYSPROF" export -i "$(recording hostile)" -f folded
	for name in server hostile; do
		"$SYSPROF" export -i "$T/$name.data" -f folded >"$T/folded"
		run grep -vE '^[^;]+(;[^;]+)* [0-9]+$' "$T/folded"
		[ -z "$output" ]
		[ -z "$(sed 's/ [0-9]*$//' "$T/folded" | sort | uniq -d)" ]
		[ "$(awk '{ n += $NF } END { print n }' "$T/folded")" = \
			"$("$SYSPROF" report -i "$T/$name.data" --json | jq '.types[0].total')" ]
	done
}

@test "a flame graph is well-formed XML with every function, whatever its name" {
	for name in server hostile empty; do
		data=$(recording $name)
		"$SYSPROF" export -i "$data" -o "$T/$name.svg"
		python3 -c '
import json, sys
from xml.etree import ElementTree
titles = [t.text.split("\n")[0] for t in ElementTree.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}title")]
rows = json.load(sys.stdin)["rows"]
assert rows or len(titles) == 1, titles
for row in rows:
    assert row["name"] in titles, row
' "$T/$name.svg" < <("$SYSPROF" report -i "$data" --json -n 0)
	done
	"$SYSPROF" export -i "$(recording waits)" block -o "$T/block.svg"
	grep -F '<text class="heading" x="10" y="26">block profile of' "$T/block.svg"
}

@test "speedscope gets a profile a thread, samples in the order of time, and the same sum" {
	cat >"$T/check.py" <<'EOF'
import json, sys
doc, report = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
frames = doc["shared"]["frames"]
total = sum(sum(p["weights"]) for p in doc["profiles"])
assert total == next(t["total"] for t in report["types"] if t["type"] == sys.argv[3]), total
flat = {}
for p in doc["profiles"]:
    assert p["type"] == "sampled" and p["unit"] == "nanoseconds" and p["startValue"] == 0
    assert len(p["samples"]) == len(p["weights"]) and sum(p["weights"]) == p["endValue"]
    for stack, weight in zip(p["samples"], p["weights"]):
        name = frames[stack[-1]]["name"]
        flat[name] = flat.get(name, 0) + weight
assert flat == {r["name"]: r["flat"][sys.argv[3]] for r in report["rows"] if r["flat"][sys.argv[3]]}
EOF
	for name in server hostile empty; do
		data=$(recording $name)
		"$SYSPROF" export -i "$data" -o "$T/$name.speedscope.json"
		"$SYSPROF" report -i "$data" --json -n 0 >"$T/$name.json"
		python3 "$T/check.py" "$T/$name.speedscope.json" "$T/$name.json" cpu
	done
	golden export-speedscope cat "$T/server.speedscope.json"
	data=$(recording waits)
	"$SYSPROF" export -i "$data" block -o "$T/block.speedscope.json"
	"$SYSPROF" report -i "$data" block --json -n 0 >"$T/block.json"
	python3 "$T/check.py" "$T/block.speedscope.json" "$T/block.json" delay
}

@test "a call graph has functions with their values, and calls between them" {
	golden export-dot "$SYSPROF" export -i "$(recording server)" -f dot
	golden export-dot-hostile "$SYSPROF" export -i "$(recording hostile)" -f dot
	"$SYSPROF" export -i "$(recording empty)" -f dot | grep -x '}'
}

@test "Graphviz draws the graph where it is installed; where not, or where it fails, that is said" {
	data=$(recording server)
	mkdir "$T/bin" "$T/none"
	echo old >"$T/x.png"
	run env PATH="$T/none" "$SYSPROF" export -i "$data" -o "$T/x.png"
	[ "$status" = 1 ]
	[[ $output == *"Graphviz's 'dot' is not installed (package graphviz)"* ]]
	printf '#!/bin/sh\nread first; echo "$1: $first"; cat >/dev/null\n' >"$T/bin/dot"
	chmod +x "$T/bin/dot"
	PATH=$T/bin:$PATH "$SYSPROF" export -i "$data" -o "$T/x.pdf"
	[ "$(cat "$T/x.pdf")" = "-Tpdf: digraph calls {" ]
	printf '#!/bin/sh\necho "dot: no" >&2; exit 1\n' >"$T/bin/dot"
	PATH=$T/bin:$PATH run "$SYSPROF" export -i "$data" -o "$T/x.png"
	[ "$status" = 1 ]
	[[ $output == *"'dot -Tpng' failed"* ]]
	[ "$(cat "$T/x.png")" = old ]
	[ "$(echo "$T"/x.p*)" = "$T/x.pdf $T/x.png" ]
}

@test "the suffix picks the format, -f overrules it" {
	data=$(recording server)
	"$SYSPROF" export -i "$data" -o "$T/a.folded"
	"$SYSPROF" export -i "$data" -o "$T/b.txt" -f folded
	cmp "$T/a.folded" "$T/b.txt"
	run "$SYSPROF" export -i "$data" -o "$T/c.txt"
	[ "$status" = 2 ]
	[[ $output == *"say -f: pprof (.pb.gz), folded (.folded)"* ]]
	run "$SYSPROF" export -i "$data" -o "$T/c.txt" -f paper
	[ "$status" = 2 ]
	run "$SYSPROF" export -i "$data"
	[ "$status" = 2 ]
}

@test "a result is whole or it is not there" {
	data=$(recording server)
	echo old >"$T/out.folded"
	run "$SYSPROF" export -i "$T/nothing" -o "$T/out.folded"
	[ "$status" = 1 ]
	[ "$(cat "$T/out.folded")" = old ]
	"$SYSPROF" export -i "$data" -o "$T/out.folded"
	grep -q main "$T/out.folded"
	[ "$(stat -c %a "$T/out.folded")" = 644 ]
	[ "$(echo "$T"/out.folded*)" = "$T/out.folded" ]
	run "$SYSPROF" export -i "$data" -o /dev/full -f folded
	[ "$status" = 1 ]
	run "$SYSPROF" export -i "$data" -o "$T/no/where.folded"
	[ "$status" = 1 ]
	run "$SYSPROF" export -i "$data" -o "$T" -f folded
	[ "$status" = 1 ]
}

@test "a link stays and what it leads to is replaced" {
	data=$(recording server)
	echo old >"$T/real.folded"
	ln -s real.folded "$T/link.folded"
	"$SYSPROF" export -i "$data" -o "$T/link.folded"
	[ -L "$T/link.folded" ]
	grep -q main "$T/real.folded"
}

@test "equal recordings give equal files" {
	data=$(recording server)
	"$SYSPROF" export -i "$data" -o "$T/a.pb.gz"
	"$SYSPROF" export -i "$data" -f pprof >"$T/b.pb.gz"
	cmp "$T/a.pb.gz" "$T/b.pb.gz"
}
