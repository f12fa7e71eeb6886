/* SPDX-License-Identifier: GPL-2.0-only */
/* The page: reads what it carries, makes its tabs, and joins them to header, keys and address. */
import { App } from './app.js';
import { byId, make } from './dom.js';
import { formatState, parseState } from './fragment.js';
import { fillHelp, keysOf, listenToKeys } from './keys.js';
import { Profiles } from './profiles.js';
import { readTables } from './read.js';
import { hitFrom, hitNumber, search } from './search.js';
import { themeOf } from './theme.js';
import { Timeline } from './timeline.js';
import { readTrace } from './trace.js';
import { count, duration } from './units.js';

/* A tab more is a row here: a class that is made with the app and its place, and draws a state. */
const TABS = [
	{ name: 'timeline', title: 'Timeline', view: Timeline },
	{ name: 'profiles', title: 'Flame graphs', view: Profiles },
];

class Page {
	constructor(app) {
		this.app = app;
		this.views = TABS.map((tab) => this.#addTab(tab));
		this.timeline = this.views[0].view;
		this.#fillHeader();
		this.#fillFooter();
		const keys = keysOf(app, this);
		listenToKeys(keys);
		fillHelp(keys);
		app.show((state) => this.#draw(state));
		addEventListener('resize', () => app.update({}));
		addEventListener('hashchange', () => this.restore());
		this.setTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
		this.restore();
	}

	#addTab({ name, title, view }) {
		const { app } = this;
		const element = make('section', { class: 'view', role: 'tabpanel', 'aria-label': title, id: `view-${name}` });
		const tab = make('button', { role: 'tab', onclick: () => app.update({ tab: name }) }, title);
		byId('views').append(element);
		byId('tabs').append(tab);
		byId('tabs').hidden = TABS.length < 2;
		return { name, tab, element, view: new view(app, element) };
	}

	#fillHeader() {
		const { app, app: { trace: { facts, span, threads } } } = this;
		const command = facts.get('command') || facts.get('target') || 'recording';
		const wall = Number(facts.get('page.wall_ns'));
		const when = wall ? new Date(wall / 1e6).toLocaleString() : '';
		const n = threads.filter(({ process }) => process).length;
		byId('title').textContent = command;
		byId('title').title = command;
		document.title = `${command} — sysprof`;
		byId('subtitle').textContent = [`${duration(span)}`, `${count(n)} threads`, when, facts.get('host')]
			.filter(Boolean).join(' · ');
		byId('search').addEventListener('input', ({ target }) => this.#search(target.value));
		byId('search').addEventListener('keydown', (event) => this.#searchKey(event));
		byId('next').addEventListener('click', () => this.nextHit(1));
		byId('previous').addEventListener('click', () => this.nextHit(-1));
		byId('theme').addEventListener('click', () => this.turnTheme());
		byId('help-button').addEventListener('click', () => byId('help').showModal());
		app.show(() => this.#showHits());
	}

	#fillFooter() {
		const { audit } = this.app.trace;
		const flaws = audit.filter(({ isFlaw }) => isFlaw);
		const button = byId('audit');
		const lines = byId('audit-lines');
		button.textContent = flaws.length ? `⚠ ${flaws[0].text}${flaws.length > 1 ?
			` (and ${flaws.length - 1} more)` : ''}` : `✓ ${audit[0]?.text ?? 'nothing was lost'}`;
		button.classList.toggle('flawed', flaws.length > 0);
		lines.replaceChildren(...audit.map(({ isFlaw, text }) => make('p', { class: isFlaw ? 'flaw' : '' }, text)));
		button.addEventListener('click', () => {
			lines.hidden = !lines.hidden;
			button.setAttribute('aria-expanded', !lines.hidden);
		});
	}

	#fillLegend() {
		const { trace, theme } = this.app;
		const sums = trace.processes.reduce((all, process) => {
			process.sums.forEach((ns, kind) => { all[kind] += ns; });
			return all;
		}, new Float64Array(16));
		byId('legend').replaceChildren(...trace.kindNames.flatMap((name, kind) => {
			if (!sums[kind])
				return [];
			const dot = make('span', { class: 'dot' });
			dot.style.background = theme.states.colours[kind];
			return [make('span', {}, dot, name === 'blocked' ? 'blocked, not sampled' : name)];
		}));
		if (trace.pauses.start.length) {
			const dot = make('span', { class: 'dot' });
			dot.style.background = theme.ink.pause;
			byId('legend').append(make('span', {}, dot, 'stopped by its runtime'));
		}
	}

	#draw(state) {
		for (const { name, tab, element, view } of this.views) {
			element.hidden = name !== state.tab;
			tab.setAttribute('aria-selected', name === state.tab);
			if (name === state.tab)
				view.draw(state);
		}
		clearTimeout(this.saving);
		this.saving = setTimeout(() => this.save(), 250);
	}

	save() {
		const text = formatState(this.app);
		if (text !== location.hash.slice(1))
			history.replaceState(null, '', `#${text}`);
	}

	restore() {
		const state = parseState(this.app, location.hash.slice(1));
		if (!this.views.some(({ name }) => name === state.tab))
			state.tab = TABS[0].name;
		this.app.update(state);
		byId('search').value = state.query;
		this.#search(state.query);
		if (state.pin)
			this.timeline.revealThread(state.pin.thread);
	}

	turnFlames() {
		this.app.update({ isInverted: !this.app.state.isInverted });
	}

	showTab(i) {
		this.app.update({ tab: this.views[i].name });
	}

	setTheme(name) {
		document.documentElement.dataset.theme = name;
		this.app.theme = themeOf(name, this.app.trace.kindNames);
		this.#fillLegend();
		this.app.update({ theme: name });
	}

	turnTheme() {
		this.setTheme(this.app.state.theme === 'dark' ? 'light' : 'dark');
	}

	#search(query) {
		const found = query.length > 1 ? search(this.app.trace, query) : null;
		this.app.update({ query, found, hit: null });
	}

	#searchKey(event) {
		if (event.key === 'Enter')
			this.nextHit(event.shiftKey ? -1 : 1);
		else if (event.key === 'Escape')
			event.target.blur();
		else
			return;
		event.preventDefault();
	}

	nextHit(step) {
		const { app, app: { state: { found, hit, since, until } } } = this;
		if (!found?.n)
			return;
		const begin = step > 0 ? { time: since, thread: -1 } : { time: until, thread: Infinity };
		const round = step > 0 ? { time: -1, thread: -1 } : { time: Infinity, thread: Infinity };
		const next = hitFrom(found, hit ?? begin, step) ?? hitFrom(found, round, step);
		const thread = app.trace.threads[next.thread];
		const slice = thread.track.at(next.time);
		app.update({ hit: next, pin: slice >= 0 ? { thread, slice } : app.state.pin });
		if (next.time < app.state.since || next.time > app.state.until) {
			const half = (app.state.until - app.state.since) / 2;
			app.look(next.time - half, next.time + half);
		}
		this.timeline.revealThread(thread);
	}

	#showHits() {
		const { found, hit } = this.app.state;
		byId('previous').hidden = byId('next').hidden = !found?.n;
		byId('hits').textContent = !found ? '' : hit ?
			`${count(hitNumber(found, hit))} of ${count(found.n)}` : found.n ? count(found.n) : 'none';
	}

	pointerTime() {
		const { pointer, tracks } = this.timeline;
		return pointer && pointer.x > tracks.view.gutter ? tracks.timeAt(pointer.x) : undefined;
	}

	step(by) {
		this.timeline.step(by);
	}

	letGo() {
		const { state } = this.app;
		this.app.update(state.pin ? { pin: null } : { range: null, hit: null });
	}
}

async function start() {
	try {
		const trace = readTrace(await readTables(document.querySelectorAll('script[data-table]')));
		byId('loading').remove();
		const page = new Page(new App(trace));
		requestAnimationFrame(() => requestAnimationFrame(() => {
			document.documentElement.dataset.ready = Math.round(performance.now());
		}));
		globalThis.sysprof = page; /* for whoever looks at it from a console, or a test */
	} catch (error) {
		byId('loading').textContent = `This page cannot be shown: ${error.message}. It needs a browser ` +
			'of 2023 or later, and the whole of the file.';
		throw error;
	}
}

start();
