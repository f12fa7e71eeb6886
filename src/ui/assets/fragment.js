/* SPDX-License-Identifier: GPL-2.0-only */
/* What is looked at as the end of the page's address, so that it can be passed on, and come back to. */
import { GROUPS } from './profiletree.js';
import { VIEWS } from './profileview.js';
import { ORDERS } from './rows.js';
import { TABLES } from './top.js';

function ends(text) {
	const [from, to] = (text ?? '').split('-').map(Number);
	return Number.isFinite(from) && to > from ? [from, to] : null;
}

/* What is a place of its own to come back to; the rest goes with it as it changes. */
function putPlace(put, { state }, tab) {
	put('tab', state.tab, state.tab === tab);
	put('view', state.view, state.view === 'flame');
	put('value', state.value, !state.value);
	put('group', state.group, state.group === 'none');
	put('by', state.by, state.by === 'function');
	put('inverted', '1', !state.isInverted);
	put('merged', '1', !state.isMerged);
	put('noise', '1', !state.isNoisy);
	put('fn', state.fn, !state.fn);
	put('file', state.file, !state.file);
	put('focus', state.focus, !state.focus);
	for (const name of state.hidden)
		put('hide', name, false);
	put('zoom', state.zoom.map((label) => label.toString(36)).join('.'), !state.zoom.length);
	put('sheet', state.sheet, !state.sheet);
	put('range', state.range?.join('-'), !state.range);
}

function putRest(put, { trace, state }) {
	put('t', `${Math.round(state.since)}-${Math.round(state.until)}`, state.since <= 0 && state.until >= trace.span);
	if (state.pin) {
		const { thread, slice } = state.pin;
		put('pin', `${thread.tid}@${trace.states.start[slice]}`, false);
	} else {
		put('pin', state.wantedPin, !state.wantedPin);
	}
	put('q', state.query, !state.query);
	put('filter', state.filter, !state.filter);
	put('order', state.order, state.order === 'running');
	put('sort', state.sort, !state.sort);
	put('closed', [...state.closed].join('.'), !state.closed.size);
}

/* { text, place }: all of the state, and what of it makes a step of the history; @tab: the first. */
export function formatState(app, tab) {
	const words = new URLSearchParams();
	const put = (name, value, isDefault) => isDefault || words.append(name, value);
	putPlace(put, app, tab);
	const place = String(words);
	putRest(put, app);
	return { text: String(words), place };
}

/* What an address says is pinned; null while the slices are not read. */
export function pinOf({ trace }, text) {
	const [tid, time] = (text ?? '').split('@').map(Number);
	for (const thread of trace.threads.filter((candidate) => candidate.tid === tid && candidate.process)) {
		const slice = thread.track.at(time);
		if (slice >= 0)
			return { thread, slice };
	}
	return null;
}

function oneOf(table, word, otherwise) {
	return Object.hasOwn(table, word ?? '') ? word : otherwise;
}

function profileState(words) {
	return {
		view: words.get('view') === 'sheet' ? 'sheet' : oneOf(VIEWS, words.get('view'), 'flame'),
		value: words.get('value') ?? '', group: oneOf(GROUPS, words.get('group'), 'none'),
		by: oneOf(TABLES, words.get('by'), 'function'), isInverted: words.has('inverted'),
		isMerged: words.has('merged'), isNoisy: words.has('noise'), fn: words.get('fn') ?? '', file: words.get('file') ?? '', focus: words.get('focus') ?? '',
		hidden: words.getAll('hide'), sort: words.get('sort') ?? '',
		zoom: (words.get('zoom') ?? '').split('.').filter(Boolean).map((label) => parseInt(label, 36)),
		sheet: Math.max(0, Math.trunc(Number(words.get('sheet'))) || 0),
	};
}

/* What @text says, as far as it makes sense here. */
export function parseState(app, text) {
	const words = new URLSearchParams(text);
	const { span } = app.trace;
	const [since, until] = ends(words.get('t')) ?? [0, span];
	const range = ends(words.get('range'));
	return {
		...profileState(words), tab: words.get('tab') ?? '',
		since: Math.max(0, Math.min(since, span - 1)), until: Math.min(until, span),
		range: range && range[0] < span ? [range[0], Math.min(range[1], span)] : null,
		pin: pinOf(app, words.get('pin')), wantedPin: app.trace.isWhole ? '' : words.get('pin') ?? '', query: words.get('q') ?? '', filter: words.get('filter') ?? '',
		order: oneOf(ORDERS, words.get('order'), 'running'),
		closed: new Set((words.get('closed') ?? '').split('.').filter(Boolean).map(Number)),
	};
}
