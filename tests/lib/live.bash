# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests/live: record a workload, then hold its profile against what is known of it.
#
# Tolerances: at 997 Hz two seconds of CPU give some 2000 samples.  The standard error of a
# share p is then sqrt(p (1 - p) / 2000) <= 1.1 points, so 5 points are more than four of
# them: about one false alarm in 50,000 checks.  Shares do not depend on how much of the
# machine others take, as they are parts of the workload's own CPU time.
#
# The C library's own functions have names only where its debug symbols are installed.

W=$BATS_FILE_TMPDIR/workloads
TOLERANCE=5

# A machine that others share may take away a CPU, or a hypervisor the whole machine, in the
# middle of any measurement.  What is broken fails three times; each failure is told.
BATS_TEST_RETRIES=2

# Names are read without privilege: a copy, then, that anybody can read, as programs that are
# installed are, wherever this was built.
setup_file() {
	chmod 755 "$BATS_RUN_TMPDIR" && mkdir "$W" && cp -R "$O"/workloads/[!.]* "$W"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	started=()
}

tell_failure() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] ||
		echo "# try $BATS_TEST_TRY_NUMBER failed: $BATS_TEST_DESCRIPTION" >&3
}

# Only what a test itself started in the background is ended, and only by its id.
end_started() {
	local pid
	for pid in "${started[@]}"; do
		{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null || true
	done
}

teardown() {
	tell_failure
	end_started
	rm -f "/tmp/perf-${jit_pid:-none}.map"
}

# Start a program in the background; its id is then in $pid.
start() {
	"$@" >/dev/null 2>&1 3>&- &
	pid=$!
	started+=("$pid")
}

# Wait until COMMAND succeeds.  A minute is for what never happens; nothing is known by it.
await() {
	local i until=$((SECONDS + 120)) # a look at what grows takes ever longer
	for ((i = 0; i < 600 && SECONDS < until; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "this never was: $*"
	return 1
}

# Process $1 has used 100 ms of CPU: it has long begun to do what it is for.
is_burning() {
	awk '{ exit !($14 + $15 >= 10) }' "/proc/$1/stat"
}

is_asleep() {
	grep -q '^State:.S' "/proc/$1/status"
}

# The recording ./$1 holds at least $2 events of kind $3 so far.
holds() {
	[ "$("$SYSPROF" dump -i "$1" 2>/dev/null | grep -c "^$3 ")" -ge "$2" ]
}

# Start to record into ./sysprof.data in a process group of its own, as a shell does; go on
# when so much was recorded.  500 samples: the standard error of a half is 2.2 points.
start_record() {
	start setsid "$SYSPROF" record -F 997 "$@"
	await holds sysprof.data 500 sample
}

# As a terminal does: to the recorder and the command.  Its status is then in $status.  Only
# when the recording holds something: what is started in the background ignores Ctrl-C before.
send() {
	kill -"$1" -- "-$pid"
	status=0
	wait "$pid" || status=$?
}

# Record into ./sysprof.data; what it says is in ./messages.
record() {
	"$SYSPROF" record -F 997 "$@" >stdout 2>messages || {
		local status=$?
		sed 's/^/record: /' messages
		return $status
	}
}

# The profile as lines "process;outermost;...;innermost NANOSECONDS" in ./folded.
fold() {
	"$SYSPROF" export cpu --value cpu -f folded -o folded "$@"
}

# Percent of all time in function $1 and what it called, as report.json has it.
json_share() {
	jq --arg f "$1" '100 * ([.rows[] | select(.name == $f) | .cum.cpu] | add) /
		(.types[] | select(.type == "cpu") | .total)' report.json
}

# Percent of all time in stacks in which a frame matches $1, an extended regular expression
# for the whole name of a frame.
share() {
	re="(^|;)($1)(;|\$)" awk '
		{ weight = $NF; sub(/ [0-9.]+$/, ""); all += weight }
		$0 ~ ENVIRON["re"] { matching += weight }
		END { printf "%.2f\n", all ? 100 * matching / all : 0 }' folded
}

# Of the time in stacks in which a frame matches $1, the percent of those that, read from
# the outside in, match $2 as a whole line.
share_of() {
	of="(^|;)($1)(;|\$)" re="$2" awk '
		{ weight = $NF; sub(/ [0-9.]+$/, "") }
		$0 ~ ENVIRON["of"] { all += weight; if ($0 ~ ENVIRON["re"]) matching += weight }
		END { printf "%.2f\n", all ? 100 * matching / all : 0 }' folded
}

# $1 lies within $3 of $2.
near() {
	awk -v got="$1" -v want="$2" -v by="$3" \
		'BEGIN { d = got - want; exit !(got != "" && d <= by && d >= -by) }' || {
		echo "got $1, want $2 within $3"
		sort -t' ' -k2 folded 2>/dev/null | cut -c1-300 | awk '{ print "  " $0 }' | head -20
		return 1
	}
}

at_least() {
	awk -v got="$1" -v want="$2" 'BEGIN { exit !(got != "" && got + 0 >= want) }' || {
		echo "got $1, want at least $2"
		cut -c1-300 folded 2>/dev/null | head -20
		return 1
	}
}

# Frames that match $1 have $2 percent of the time.
has_share() {
	near "$(share "$1")" "$2" "${3:-$TOLERANCE}"
}
