/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a wait took so long: the thread that ended it may have waited itself meanwhile, and
 * so on.  Each link is a wait and who ended it; the chain goes back to what was not
 * waiting, or was not recorded.
 */
import { isBlocked, waitOf } from './trace.js';

const MOST = 64;

/* The last wait of @thread that ended after @since and by @until, or -1. */
function lastWait(thread, since, until) {
	const { track } = thread;
	for (let i = Math.min(track.find(until), track.to - 1); i >= track.from; i--) {
		if (track.end[i] <= since)
			break;
		if (track.end[i] <= until && isBlocked(track.kind[i]))
			return i;
	}
	return -1;
}

/*
 * The links of the wait @slice of @thread, itself first: { thread, slice, waker, how,
 * since, until }.  Of each wait that part counts which lies behind the start of the first.
 */
export function chainOf(trace, thread, slice) {
	const links = [];
	const since = trace.states.start[slice];
	while (slice >= 0 && links.length < MOST) {
		const { waker, how } = waitOf(trace, slice);
		const until = trace.states.end[slice];
		links.push({ thread, slice, waker, how, until,
			since: Math.max(since, trace.states.start[slice]) });
		if (!waker || waker.track.to === waker.track.from)
			break;
		/* Before this wait began, its waker's waits did not matter to it. */
		const next = lastWait(waker, since, until);
		if (next === slice || links.some((link) => link.slice === next))
			break;
		thread = waker;
		slice = next;
	}
	return links;
}
