#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Recordings are what sysprof.data(5) says.

setup() {
	page=$PWD/Documentation/sysprof.data.5
	kinds=$PWD/include/event/kinds.def
	decode=$PWD/tests/lib/decode
	corpus=$PWD/tests/fuzz/corpus/reader
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Each kind and its fields, as the page writes them.
rows_of_kinds() {
	awk '
	/^\tKIND\(/ { gsub(/[(),\\]/, " "); kind[++n] = $3; number[$3] = $4; class[$3] = $5 }
	{
		while (match($0, /FIELD\([a-z_]+, [A-Z0-9]+, [a-z_0-9]+\)/)) {
			split(substr($0, RSTART, RLENGTH), part, /[(), ]+/)
			$0 = substr($0, RSTART + RLENGTH)
			fields[part[2]] = fields[part[2]] " " part[4] ":" tolower(part[3])
		}
	}
	END {
		for (i = 1; i <= n; i++) {
			k = kind[i]
			print ".It " number[k] " " k (class[k] == "EVENT" ? ", timed" : ", definition")
			print fields[k] ? "Fields:" fields[k] : "No fields."
		}
	}' "$kinds"
}

# The page orders them by what they are about.
by_number() {
	paste - - | sort -k2n
}

@test "the page lists every kind of event with its fields" {
	diff <(rows_of_kinds | by_number) \
		<(grep -E -A1 '^\.It [0-9]+ [a-z_]+, ' "$page" | grep -v '^--' | by_number)
}

@test "the example of the page is a recording" {
	sed -n '/^9f 53 59/,/^\.Ed/p' "$page" | sed 's/   .*//; /^\.Ed/d' | xxd -r -p >example
	[ "$(sysprof dump -i example)" = "end time_ns=5" ]
}

# Every kind with numbers of all sizes, out of the page itself.
many_events() {
	sed -nE '/^\.It [0-9]+ ([a-z_]+), (definition|timed)$/{
		s//\1 \2/; N; s/\nNo fields\.//; s/\nFields://; p }' "$page" | awk '
	$1 != "string" {
		for (round = 1; round <= 3; round++) {
			line = $1 ($2 == "timed" ? sprintf(" time_ns=%.0f", 10 ^ (4 * round) - NR) : "")
			for (i = 3; i <= NF; i++) {
				split($i, part, ":")
				number = part[2] ~ /64|delta/ ? 98765432101234 : 4294967290
				value = round == 1 ? i + 40 : round == 2 ? 300 * i : number + i % 5
				if (part[1] == "address")
					value = sprintf("0x%x%x", round, i)
				else if (part[2] == "sid")
					value = "\"text " i " of " round "\""
				else
					value = sprintf("%.0f", value)
				line = line " " part[1] "=" value
			}
			print line
		}
	}'
}

@test "a reader written from the page reads what the writer writes" {
	many_events >text
	[ "$(wc -l <text)" -gt 40 ]
	sysprof dump --assemble text -o rec
	sysprof dump -i rec >dumped
	"$decode" "$page" rec >decoded
	diff decoded dumped
	diff <(sort text) <(sort decoded)
}

@test "a reader written from the page reads what is in columns, and a recording of version 1" {
	seq 1 300 | awk '{ print "sched_waking time_ns=" 1000 + 70 * $1 * $1 " tid=" $1 % 7 + 130 ($1 % 3 ? " cpu=1" : "") }' >text
	sysprof dump --assemble text -o rec
	[ "$(od -An -tu1 -j8 -N1 rec) $(od -An -tu1 -j28 -N1 rec)" = "   2    3" ]
	sysprof dump -i rec >dumped
	diff text dumped
	"$decode" "$page" rec | diff - dumped
	tail -c +2 "$corpus/file" >version1
	[ "$(od -An -tu1 -j8 -N1 version1)" -eq 1 ]
	[ "$(sysprof dump -i version1 | grep -c '^sample ')" -eq 2 ]
	[ "$("$decode" "$page" version1 | grep -c '^sample ')" -eq 2 ]
}
