#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The unit that `make install` puts is one that systemd understands, and names a program that is there.

@test "systemd-analyze finds no fault with the service" {
	command -v systemd-analyze >/dev/null || skip "systemd is not installed"
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -s "$SYSPROF" "$BATS_TEST_TMPDIR/bin/sysprof"
	unit=$BATS_TEST_TMPDIR/sysprof-serve.service
	sed "s,@PREFIX@,$BATS_TEST_TMPDIR,g" systemd/sysprof-serve.service.in >"$unit"
	run systemd-analyze verify --man=no "$unit"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output != *sysprof-serve* ]]
}

@test "the service's options are options of the command" {
	run grep -oE -- '--[a-z-]+' <(grep '^ExecStart=' systemd/sysprof-serve.service.in)
	for option in $output; do
		"$SYSPROF" serve --help | grep -qE -- "$option([[ =]|\$)"
	done
}
