#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A program that measures itself how it splits its CPU time over four functions: how far
# the profile, at 1000 Hz for 10 s, is from that.  The worst of all rounds counts.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
SECONDS_EACH=${SECONDS_EACH:-10}
recording=$BENCH_TMP/split.data

# Percent of the profile in function $1; percent of its CPU time that the program measured.
profiled() {
	awk -v name="$1" '{ all += $NF } index($0, ";" name ";") || index($0, ";" name " ") { in_it += $NF }
		END { print 100 * in_it / all }' "$BENCH_TMP/folded"
}

measured() {
	tr -d '{",:}' <"$BENCH_TMP/stdout" |
		awk -v name="$1" '{ for (i = 1; i < NF; i += 2) { all += $(i + 1); if ($i == name) it = $(i + 1) } }
		END { print 100 * it / all }'
}

for ((round = 1; round <= ROUNDS; round++)); do
	say "split: round $round of $ROUNDS"
	timed split "$SYSPROF" record --cpu-only -F 1000 -o "$recording" -- "$W/split" "$SECONDS_EACH"
	"$SYSPROF" export -i "$recording" cpu -f folded -o "$BENCH_TMP/folded"
	for share in 50 30 15 5; do
		profile=$(profiled burn_$share)
		truth=$(measured burn_$share)
		add "$share.profile" "$profile"
		add "$share.truth" "$truth"
		calc "$profile < $truth ? $truth - $profile : $profile - $truth" >>"$BENCH_TMP/$share.off"
	done
done
for share in 50 30 15 5; do
	worst=$(sort -g "$BENCH_TMP/$share.off" | tail -1)
	row "split: share of burn_$share" "$(printf '%.2f %%' "$(of $share.profile)")" \
		"truth $(printf '%.2f %%, at worst %.2f off' "$(of $share.truth)" "$worst")" \
		"within 2 points" "$(holds "$worst <= 2")"
done
