/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys: what each does, for the keyboard and for the page that says so. */
import { byId, make } from './dom.js';

const FURTHER = [
	['wheel', 'zoom at the pointer; over the names, or with shift, scroll'],
	['drag', 'move; on the ruler, or with shift, select a range'],
	['click', 'pin a slice: its stack, who woke it, and why that took so long'],
	['double click', 'zoom to a slice'],
	['overview', 'drag over it to look at a part, drag the part to move it'],
	['heat map', 'drag over it to look at that time in every profile'],
	['flame graph', 'click to zoom; ctrl-click to invert; shift-click for callers and callees; alt-click to hide'],
];

/* [keys, what they do, function of the event], of the timeline. */
function keysOfTimeline(app, page) {
	const zoom = (factor) => () => app.zoom(factor, page.pointerTime());
	return [
		[['w', '+', '='], 'zoom in', zoom(1 / 1.4)],
		[['s', '-'], 'zoom out', zoom(1.4)],
		[['a', 'ArrowLeft'], 'earlier', () => app.pan(-0.15)],
		[['d', 'ArrowRight'], 'later', () => app.pan(0.15)],
		[['0', 'Home'], 'all of it', () => app.look(0, app.trace.span)],
		[['f'], 'zoom to the pinned slice or the range', () => app.fit()],
		[['[', ','], 'the slice before the pinned one', () => page.step(-1)],
		[[']', '.'], 'the slice after the pinned one', () => page.step(1)],
		[['n'], 'next hit', () => page.nextHit(1)],
		[['N'], 'previous hit', () => page.nextHit(-1)],
	];
}

/* The same of all; those of the timeline do nothing while it is not looked at. */
export function keysOf(app, page) {
	const scroll = (by) => () => page.scroll(by);
	const ofTimeline = page.timeline ? keysOfTimeline(app, page) : [];
	return [
		...ofTimeline.map(([names, text, action]) => [names, text, (event) => page.isTimeline && action(event)]),
		[['ArrowUp'], 'up', scroll(-66)],
		[['ArrowDown'], 'down', scroll(66)],
		[['PageUp'], 'a page up', scroll(-400)],
		[['PageDown'], 'a page down', scroll(400)],
		[['1', '2', '3', '4', '5', '6', '7', '8', '9'], 'a tab', ({ key }) => page.showTab(Number(key) - 1)],
		[['v'], 'the next view of a profile', () => page.nextView()],
		[['i'], 'flame graphs from the innermost function', () => page.turn('isInverted')],
		[['r'], 'a function that calls itself as one', () => page.turn('isMerged')],
		[['u'], 'up one level of a flame graph', () => app.update({ zoom: app.state.zoom.slice(0, -1) })],
		[['/'], 'search', () => byId('search').select()],
		[['t'], 'light or dark', () => page.turnTheme()],
		[['?'], 'these keys', () => byId('help').showModal()],
		[['Escape'], 'let go of what is pinned or selected', () => page.letGo()],
	];
}

function isTyping(target) {
	return target.matches?.('input, select, textarea') || byId('help').open;
}

export function listenToKeys(keys) {
	const byKey = new Map(keys.flatMap(([names, , action]) => names.map((name) => [name, action])));
	document.addEventListener('keydown', (event) => {
		const action = byKey.get(event.key);
		if (!action || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
			return;
		event.preventDefault();
		action(event);
	});
}

export function fillHelp(keys) {
	const rows = [...keys.map(([names, text]) => [names.map(keyName), text]),
		...FURTHER.map(([name, text]) => [[name], text])];
	const close = make('form', { method: 'dialog' }, make('button', {}, 'Close'));
	byId('help').replaceChildren(make('h2', {}, 'Keys and pointer'), make('dl', {},
		...rows.flatMap(([names, text]) => [
			make('dt', {}, ...(names.length > 4 ? [names[0], '…', names.at(-1)] : names)
				.flatMap((name, i) => [i ? ' ' : '', make('kbd', {}, name)])),
			make('dd', {}, text)])), close);
}

function keyName(key) {
	return { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' }[key] ?? key;
}
