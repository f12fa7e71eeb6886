/* SPDX-License-Identifier: GPL-2.0-only */
/* What is looked at as the end of the page's address, so that it can be passed on. */
import { PROFILES } from './profiles.js';
import { ORDERS } from './rows.js';

function ends(text) {
	const [from, to] = (text ?? '').split('-').map(Number);
	return Number.isFinite(from) && to > from ? [from, to] : null;
}

export function formatState({ trace, state }) {
	const words = new URLSearchParams();
	const put = (name, value, isDefault) => isDefault || words.set(name, value);
	put('tab', state.tab, state.tab === 'timeline');
	put('profile', state.profile, state.profile === 'cpu');
	put('inverted', '1', !state.isInverted);
	put('t', `${Math.round(state.since)}-${Math.round(state.until)}`,
		state.since <= 0 && state.until >= trace.span);
	put('range', state.range?.join('-'), !state.range);
	if (state.pin) {
		const { thread, slice } = state.pin;
		put('pin', `${thread.tid}@${trace.states.start[slice]}`);
	}
	put('q', state.query, !state.query);
	put('filter', state.filter, !state.filter);
	put('order', state.order, state.order === 'running');
	put('closed', [...state.closed].join('.'), !state.closed.size);
	return String(words);
}

function pinOf({ trace }, text) {
	const [tid, time] = (text ?? '').split('@').map(Number);
	for (const thread of trace.threads.filter((candidate) => candidate.tid === tid && candidate.process)) {
		const slice = thread.track.at(time);
		if (slice >= 0)
			return { thread, slice };
	}
	return null;
}

/* What @text says, as far as it makes sense here. */
export function parseState(app, text) {
	const words = new URLSearchParams(text);
	const { span } = app.trace;
	const [since, until] = ends(words.get('t')) ?? [0, span];
	const range = ends(words.get('range'));
	return {
		tab: words.get('tab') ?? 'timeline',
		since: Math.max(0, Math.min(since, span - 1)), until: Math.min(until, span),
		range: range && range[0] < span ? [range[0], Math.min(range[1], span)] : null,
		pin: pinOf(app, words.get('pin')), query: words.get('q') ?? '', filter: words.get('filter') ?? '',
		profile: Object.hasOwn(PROFILES, words.get('profile') ?? '') ? words.get('profile') : 'cpu',
		isInverted: words.has('inverted'),
		order: Object.hasOwn(ORDERS, words.get('order') ?? '') ? words.get('order') : 'running',
		closed: new Set((words.get('closed') ?? '').split('.').filter(Boolean).map(Number)),
	};
}
