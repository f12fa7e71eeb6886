#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What people get on a terminal is what pipes get, in colours, and through a pager.

load ../lib/golden

# What a terminal of 100 columns shows of shell command $1; none of it may wait for a key.
terminal() {
	TERM=xterm COLUMNS=100 timeout 60 script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

@test "a pipe gets no colours, a terminal bold headings and yellow flaws, NO_COLOR none" {
	data=$(recording server)
	COLUMNS=100 "$SYSPROF" report -i "$data" >"$T/plain"
	SYSPROF_PAGER='' terminal "$SYSPROF report -i $data" >"$T/colours"
	NO_COLOR=1 SYSPROF_PAGER='' terminal "$SYSPROF report -i $data" >"$T/none"
	[ "$(grep -c $'\033' "$T/plain")" = 0 ]
	diff "$T/plain" "$T/none"
	diff "$T/plain" <(sed 's/\x1b\[[0-9]*m//g' "$T/colours")
	grep -x $'\033\\[1mcpu profile of pid 100\033\\[0m' "$T/colours"
	grep -x $'\033\\[1mself-audit\033\\[0m' "$T/colours"
	grep -E $'^\033\\[33m  ! 10 of 11 user stacks complete.*\033\\[0m$' "$T/colours"
}

@test "a terminal gets a pager, which may end early or not be there; a pipe gets none" {
	data=$(recording server)
	COLUMNS=100 "$SYSPROF" report -i "$data" >"$T/plain"
	export NO_COLOR=1
	PAGER="cat >$T/paged; echo LESS is \$LESS" terminal "$SYSPROF report -i $data" >"$T/screen"
	diff "$T/plain" "$T/paged"
	[ "$(cat "$T/screen")" = "LESS is FRX" ]
	SYSPROF_PAGER="tr a-z A-Z" PAGER=false terminal "$SYSPROF diff $data $data" | grep 'PROFILE OF PID 100'
	PAGER=/no/such/pager terminal "$SYSPROF report -i $data" | diff "$T/plain" -
	PAGER=true terminal "$SYSPROF report -i $data; echo status \$?" | grep -x 'status 0'
	COLUMNS=100 PAGER="cat >$T/unused" "$SYSPROF" report -i "$data" | diff "$T/plain" -
	[ ! -e "$T/unused" ]
}
