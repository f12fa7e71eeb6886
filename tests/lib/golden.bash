# SPDX-License-Identifier: GPL-2.0-only
# For tests of commands: recordings assembled from text, outputs compared to the byte.

# Assemble tests/data/$1.events to $T/$1.data, and print its path.
recording() {
	"$SYSPROF" dump --assemble "$BATS_TEST_DIRNAME/../data/$1.events" -o "$T/$1.data" || return
	echo "$T/$1.data"
}

# golden NAME COMMAND...: what COMMAND prints is in tests/cli/golden/NAME.txt; UPDATE=1 writes it.
golden() {
	local want=$BATS_TEST_DIRNAME/golden/$1.txt
	shift
	"$@" >"$T/got" || return
	if [ -n "${UPDATE:-}" ]; then
		cp "$T/got" "$want"
	fi
	diff -u "$want" "$T/got"
}

setup() {
	T=$BATS_TEST_TMPDIR
	unset COLUMNS
}
