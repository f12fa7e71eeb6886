# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the benches: run things in pairs, take medians, print rows.
#
# Figures are kept in files, a run a line: $BENCH_TMP/WHO.WHAT.  What others do on the
# machine at the same time moves them all, so runs are interleaved, compared within their
# round and judged by their medians; load() says how much others did.
set -euo pipefail
# shellcheck disable=SC2034  # for who includes this
W=$O/workloads
BENCH_TMP=$(mktemp -d "${BENCH_TMP:-/tmp}/XXXXXX")
ROUNDS=${ROUNDS:-5}
started=()
TIMEFORMAT='%R %U %S'

# Only what the bench itself started is ended, and only by its id.
clean_up() {
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	rm -rf "$BENCH_TMP"
}
trap clean_up EXIT

# Start a program in the background; its id is then in $pid.
start() {
	"$@" >/dev/null 2>&1 &
	pid=$!
	started+=("$pid")
}

# row WHAT OURS AGAINST REACH REACHED
row() {
	local IFS=$'\t'
	printf '%s\n' "$*"
}

say() {
	echo "$*" >&2
}

calc() {
	awk "BEGIN { printf \"%.6g\\n\", $1 }"
}

# Whether the comparison $1 holds: yes, NO.
holds() {
	awk "BEGIN { print ($1) ? \"yes\" : \"NO\" }"
}

# add WHO.WHAT VALUE; values WHO.WHAT
add() {
	echo "$2" >>"$BENCH_TMP/$1"
}

# Of the numbers on standard input.
median() {
	sort -g | awk '{ at[NR] = $1 } END {
		if (!NR) exit 1
		print NR % 2 ? at[(NR + 1) / 2] : (at[NR / 2] + at[NR / 2 + 1]) / 2 }'
}

of() {
	median <"$BENCH_TMP/$1"
}

# The median of expression $3 over pairs: a is a value of file $1, b that of the same round in $2.
paired() {
	paste "$BENCH_TMP/$1" "$BENCH_TMP/$2" | awk "{ a = \$1; b = \$2; print $3 }" | median
}

# timed WHO COMMAND...: its wall and CPU seconds (with those of what it started) to
# WHO.wall and WHO.cpu, its output to $BENCH_TMP/stdout and stderr.
timed() {
	local who=$1 wall user system
	shift
	{ time "$@" >"$BENCH_TMP/stdout" 2>"$BENCH_TMP/stderr"; } 2>"$BENCH_TMP/time" || {
		say "$1 failed: $(tail -3 "$BENCH_TMP/stderr")"
		return 1
	}
	read -r wall user system < <(tail -1 "$BENCH_TMP/time")
	add "$who.wall" "$wall"
	add "$who.cpu" "$(calc "$user + $system")"
}

# The number called $2 in the JSON line of file $1.
number() {
	sed -n "s/.*\"$2\": \\([0-9.]*\\).*/\\1/p" "$1" | tail -1
}

# What the recording $1 counted under the name $2.
counter() {
	"$SYSPROF" info -i "$1" | awk -v name="$2" '$1 == name { gsub(",", "", $2); print $2 }'
}

size() {
	stat -c %s "$1"
}

bytes() {
	printf %.0f "$1" | numfmt --to=iec-i --suffix=B --format=%.1f
}

ms() {
	awk -v s="$1" 'BEGIN {
		if (s < 0.01) printf "%.1f ms\n", s * 1000
		else if (s < 1) printf "%.0f ms\n", s * 1000
		else printf "%.2f s\n", s }'
}

# Forget what is cached of files, so that the next to read them reads the disk.
evict() {
	local file
	for file in "$@"; do
		sync "$file"
		dd if="$file" iflag=nocache count=0 status=none
	done
}

# perf keeps its cache of build-ids under HOME.
with_perf() {
	HOME=$BENCH_TMP perf "$@"
}

# Build-ids in the records spare perf a pass over its file at the end.
perf_record() {
	with_perf record -q --buildid-mmap "$@"
}

has_perf() {
	perf --version >/dev/null 2>&1
}

# samply refuses where perf_event_paranoid says 2, even as root: it is shown another.
samply_program() {
	type -P "${SAMPLY:-samply}"
}

has_samply() {
	samply_program >/dev/null
}

with_samply() {
	echo -1 >"$BENCH_TMP/paranoid"
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$0" /proc/sys/kernel/perf_event_paranoid && exec "$@"' \
		"$BENCH_TMP/paranoid" "$(samply_program)" "$@"
}

# Seconds of CPU that all of the machine took since it was booted.
machine_cpu() {
	awk -v hz="$(getconf CLK_TCK)" '/^cpu / { print ($2 + $3 + $4 + $7 + $8) / hz }' /proc/stat
}
