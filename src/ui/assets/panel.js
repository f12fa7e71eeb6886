/* SPDX-License-Identifier: GPL-2.0-only */
/* Below the tracks: all about the pinned slice, or what passed in the selected range. */
import { wholeBranch } from './branch.js';
import { chainOf } from './chain.js';
import { make } from './dom.js';
import { sliceFacts, threadName } from './facts.js';
import { cpuValues, treeOf, waitValues } from './flame.js';
import { FlameView } from './flameview.js';
import { pauseFacts, pauseTracksOf, pausesWithin } from './pauses.js';
import { threadsOf } from './rows.js';
import { KINDS } from './track.js';
import {
	BLOCKED, CUT_END, RUNNABLE, RUNNING, WAKER_INTERRUPT, WAKER_UNRECORDED, blockedSum, isBlocked,
} from './trace.js';
import { duration, exactTime, percent } from './units.js';

/* Flame graphs of a range of the timeline, to the nanosecond. */
const FLAMES = {
	cpu: { title: 'CPU', values: cpuValues, unit: 'by samples', empty: 'There is no CPU sample.' },
	waits: { title: 'Waits', values: waitValues, unit: 'blocked', empty: 'Nothing waited.' },
};

const MOST_ROWS = 200;
const MOST_FRAMES = 200;
const MOST_PAUSES = 20;

export class Panel {
	constructor(app, element, tip) {
		this.app = app;
		this.element = element;
		this.tip = tip;
		this.shown = null; /* the pin or the range that is */
		this.flames = 'cpu';
		this.flame = null;
	}

	draw(state) {
		const wanted = this.app.trace.isWhole ? state.pin ?? state.range : null;
		this.element.hidden = !wanted;
		if (wanted !== this.shown || this.theme !== state.theme || this.filter !== state.filter) {
			this.shown = wanted;
			this.theme = state.theme;
			this.filter = state.filter;
			this.tip.hide();
			if (state.pin)
				this.#showSlice(state.pin);
			else if (state.range)
				this.#showRange(state.range);
		} else if (wanted === state.range) {
			this.flame?.draw();
		}
	}

	#fill(title, more, ...parts) {
		const close = make('button', { 'aria-label': 'Close', title: 'Close (Esc)',
			onclick: () => this.app.update(this.app.state.pin ? { pin: null } : { range: null }) }, '×');
		const zoom = make('button', { title: 'Bring it into view (f)', onclick: () => this.app.fit() },
			'Zoom to it');
		this.element.querySelector('.head').replaceChildren(make('b', {}, title),
			make('span', { class: 'grow' }, more), zoom, close);
		this.element.querySelector('.body').replaceChildren(...parts);
	}

	#dot(kind) {
		const dot = make('span', { class: 'dot' });
		dot.style.background = this.app.theme.states.colours[kind];
		return dot;
	}

	#stack(title, stack) {
		if (!stack)
			return [];
		const functions = this.app.functionsOf(stack);
		const items = functions.slice(0, MOST_FRAMES).map(({ name, module, file, line }) => make('li', {
			title: [name, module, file && line ? `${file}:${line}` : file].filter(Boolean).join('\n'),
		}, name, ' ', make('small', {}, module)));
		if (functions.length > MOST_FRAMES)
			items.push(make('li', {}, `and ${functions.length - MOST_FRAMES} more`));
		return [make('h2', {}, title), make('ol', { class: 'stack' }, ...items)];
	}

	#facts(facts) {
		return make('dl', {}, ...facts.flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]));
	}

	/* Those that are on during a slice, from the one that was clicked at on. */
	#pauses(thread, slice, clicked) {
		const { start, end } = this.app.trace.states;
		const since = clicked >= 0 ? this.app.trace.pauses.start[clicked] : start[slice];
		const found = pausesWithin(pauseTracksOf({ thread }), since, end[slice], MOST_PAUSES);
		return !found.length ? [] : [make('div', { class: 'part' }, ...found.flatMap((i) => {
			const { title, facts, stack } = pauseFacts(this.app, i);
			return [make('h2', {}, `pause: ${title}`), this.#facts(facts),
				...this.#stack('the last to stop came by', stack)];
		}))];
	}

	#showSlice({ thread, slice, pause = -1 }) {
		const { title, kind, facts, stack, wakerStack } = sliceFacts(this.app, slice);
		const about = make('div', { class: 'part' }, this.#facts(facts));
		const stacks = make('div', { class: 'part' }, ...this.#stack('waits at', stack),
			...this.#stack('woken from', wakerStack));
		if (!stack && !wakerStack)
			stacks.append(make('h2', {}, isBlocked(kind) ? 'no stack was taken of this wait' :
				'stacks are taken of waits and by sampling'));
		const parts = [about, ...this.#pauses(thread, slice, pause), stacks];
		if (isBlocked(kind))
			parts.push(this.#chain(thread, slice));
		this.#fill(title, `${threadName(thread)} in ${thread.process.name}`, ...parts);
		this.element.querySelector('.head b').prepend(this.#dot(kind));
	}

	#chain(thread, slice) {
		const links = chainOf(this.app.trace, thread, slice);
		const items = links.map((link, i) => {
			const { title, kind } = sliceFacts(this.app, link.slice);
			return make('li', {}, make('button', {
				onclick: () => this.app.pin(link.thread, link.slice, true),
			}, this.#dot(kind), i ? `${threadName(link.thread)} ` : 'this ', make('small', {}, title)));
		});
		items.push(make('li', {}, make('p', {}, rootText(this.app.trace, links.at(-1)))));
		return make('div', { class: 'part' }, make('h2', {}, 'why it took so long: who was waited for'),
			make('ol', { class: 'chain' }, ...items));
	}

	#showRange([since, until]) {
		const threads = threadsOf(this.app.trace, this.app.state);
		const rows = threads.map((thread) => ({ thread, sums: thread.track.total(since, until) }))
			.filter(({ sums }) => sums.some((ns) => ns > 0));
		const { filter } = this.app.state;
		const flames = make('div', { class: 'part flames' });
		this.#fill(`${duration(until - since)} selected`,
			`from ${exactTime(since)}${filter ? `, threads with “${filter}”` : ''}`,
			make('div', { class: 'part' }, this.#sums(rows)), flames);
		const ran = rows.reduce((ns, { sums }) => ns + sums[RUNNING], 0);
		this.#showFlames(flames, { threads, since, until, ran });
	}

	#sums(rows) {
		const all = { name: `${rows.length} threads`, sums: new Float64Array(KINDS) };
		for (const { sums } of rows)
			sums.forEach((ns, kind) => { all.sums[kind] += ns; });
		const kinds = [RUNNING, RUNNABLE];
		const heads = ['thread', 'running', 'runnable', 'blocked', 'mostly'];
		const cells = (name, sums) => make('tr', {}, make('td', { title: name }, name),
			...kinds.map((kind) => make('td', {}, sums[kind] ? duration(sums[kind]) : '')),
			make('td', {}, blockedSum(sums) ? duration(blockedSum(sums)) : ''), this.#mostly(sums));
		rows.sort((a, b) => b.sums[RUNNING] - a.sums[RUNNING] || b.sums[RUNNABLE] - a.sums[RUNNABLE]);
		const body = [cells(all.name, all.sums), ...rows.slice(0, MOST_ROWS)
			.map(({ thread, sums }) => cells(threadName(thread), sums))];
		if (rows.length > MOST_ROWS)
			body.push(make('tr', {}, make('td', {}, `and ${rows.length - MOST_ROWS} more`)));
		return make('table', { id: 'sums' }, make('thead', {}, make('tr', {},
			...heads.map((head) => make('th', {}, head)))), make('tbody', {}, ...body));
	}

	#mostly(sums) {
		const { kindNames } = this.app.trace;
		const whole = sums.reduce((sum, ns) => sum + ns, 0);
		const most = sums.indexOf(Math.max(...sums));
		return make('td', {}, this.#dot(most), `${most === BLOCKED ? 'not sampled' : kindNames[most]} ${percent(sums[most], whole)}`);
	}

	#showFlames(part, { threads, since, until, ran }) {
		const place = make('div', { class: 'flame' });
		const total = make('span', { class: 'grow' });
		const buttons = Object.entries(FLAMES).map(([name, { title }]) => make('button', {
			'data-flames': name, onclick: () => pick(name) }, title));
		const pick = (name) => {
			const { values, unit, empty } = FLAMES[name];
			this.flames = name;
			for (const button of buttons)
				button.setAttribute('aria-pressed', button.dataset.flames === name);
			const root = wholeBranch(treeOf(this.app.trace, values(this.app.trace, threads, since, until)));
			total.textContent = `${duration(root.total)} ${unit}${name === 'cpu' ? `; ${duration(ran)} ran` : ''}`;
			this.flame.set(root, duration, empty);
		};
		part.replaceChildren(make('div', { class: 'bar' }, ...buttons, total), place);
		this.flame = new FlameView(this.app, place, this.tip);
		pick(this.flames);
	}
}

/* Where a chain of waits begins. */
function rootText({ states }, { waker, how, thread, slice }) {
	if (states.kind[slice] & CUT_END)
		return 'it still waited when the recording ended';
	if (waker)
		return `${threadName(waker)} did not wait meanwhile: it ran, or could have`;
	if (how === WAKER_INTERRUPT)
		return `an interrupt woke ${thread.name}: a device or a timer`;
	return how === WAKER_UNRECORDED ? 'woken by a thread that was not recorded' :
		'its wake-up was not seen';
}
