#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Commands, their help and their manual pages say the same.

commands() {
	"$SYSPROF" help | sed -nE 's/^  ([a-z]+) +[^ ].*/\1/p' | sort
}

# The options that argp prints for command $1, but those that argp adds itself.
options_of_help() {
	"$SYSPROF" "$1" --help | sed -nE 's/^ {2,6}(-.*)/\1/p' | sed -E 's/   .*//' |
		grep -oE -- '(^|[ ,])--?[A-Za-z][a-z-]*' | tr -d ' ,' |
		grep -vxE -- '--(help|usage|version)|-V' | sort -u
}

# The options that page $1 explains: .It Fl p , Fl -pid Ns = Ns Ar pid
options_of_page() {
	sed -n 's/^\.It //p' "$1" | grep -oE '\bFl -?[A-Za-z][a-z-]*' | sed 's/^Fl /-/' | sort -u
}

@test "manual pages are clean under mandoc's lint" {
	mandoc -Tlint -Wwarning Documentation/*.[157]
}

@test "every command has a manual page and every page a command" {
	diff <(commands) <(printf '%s\n' Documentation/sysprof-*.1 | sed -E 's/.*sysprof-(.*)\.1/\1/' | sort)
}

@test "sysprof(1) lists every command" {
	diff <(commands) <(sed -nE 's/^\.It Xr sysprof-([a-z]+) 1.*/\1/p' Documentation/sysprof.1 | sort)
}

@test "every command is a row of commands[], a function and a file" {
	for c in $(commands); do
		grep -q "cmd_$c" src/main.c
		grep -q "^int cmd_$c(int argc, char \*\*argv)" "src/cmd/$c.c"
	done
}

@test "help and manual page of each command have the same options" {
	for c in $(commands); do
		diff <(options_of_help "$c") <(options_of_page "Documentation/sysprof-$c.1") ||
			{ echo "^ $c: < only --help, > only the page"; failed=1; }
	done
	[ -z "$failed" ]
}

@test "sysprof.data(5) lists every counter" {
	diff <(grep -rhoE '(\{ |put_count\(.*, )"(throttled|[a-z]+\.[a-z_.]+)", [a-z]' src/record src/cmd |
		cut -d'"' -f2 | sort) \
		<(sed -n '/^\.Ss Counters/,/^\.S[sh] [^C]/s/^\.It Cm //p' Documentation/sysprof.data.5 |
			sed 's/ , /\n/g' | sort)
}

@test "pages refer only to pages that are there" {
	while read -r ref; do
		[ -e "Documentation/$ref" ] || { echo "no page $ref"; failed=1; }
	done < <(sed -nE 's/^\.(It )?Xr (sysprof[^ ]*) ([157]).*/\2.\3/p' Documentation/*.[157] | sort -u)
	[ -z "$failed" ]
}

@test "links between the documents lead somewhere" {
	for doc in README.md CONTRIBUTING.md Documentation/*.md; do
		while read -r link; do
			[ -e "$(dirname "$doc")/$link" ] || { echo "$doc: $link"; failed=1; }
		done < <(grep -oE '\]\([^)#:]+\)' "$doc" | tr -d '])(')
	done
	[ -z "$failed" ]
}
