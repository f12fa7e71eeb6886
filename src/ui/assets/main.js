/* SPDX-License-Identifier: GPL-2.0-only */
/* The page: reads what it carries, makes its tabs, and joins them to header, keys and address. */
import { App } from './app.js';
import { DiffView } from './diffview.js';
import { byId, make } from './dom.js';
import { formatState, parseState, pinOf } from './fragment.js';
import { fillHelp, keysOf, listenToKeys } from './keys.js';
import { ProfileView, VIEWS } from './profileview.js';
import { LatencyView } from './latencyview.js';
import { Tables } from './read.js';
import { hitFrom, hitNumber, search } from './search.js';
import { SheetView } from './sheetview.js';
import { themeOf } from './theme.js';
import { SLICE_TABLES } from './slices.js';
import { Timeline } from './timeline.js';
import { readTrace } from './trace.js';
import { count, duration } from './units.js';

const TITLES = { cpu: 'CPU' };
const ORDER = ['timeline', 'cpu', 'block', 'mutex', 'latency', 'syscalls', 'heap', 'allocs'];

function titleOf(name) {
	return TITLES[name] ?? name[0].toUpperCase() + name.slice(1);
}

/*
 * What the recording has: the timeline, if there is one, each profile, and tables that go with
 * none.  A view is made when it is first looked at, and draws a state.
 */
function tabsOf({ facts, profiles, sheets, difference }) {
	const tabs = [];
	if (difference)
		tabs.push({ name: 'differences', title: 'Differences', make: (app, element) => new DiffView(app, element, difference) });
	if (!facts.has('page.lack'))
		tabs.push({ name: 'timeline', title: 'Timeline', make: (app, element) => new Timeline(app, element) });
	for (const profile of profiles) {
		tabs.push({ name: profile.name, title: titleOf(profile.name), make: (app, element) =>
			new ProfileView(app, element, profile, sheets.get(profile.name)) });
	}
	for (const [name, own] of sheets) {
		if (!profiles.some((profile) => profile.name === name))
			tabs.push({ name, title: titleOf(name), make: (app, element) =>
				new (name === 'latency' && !facts.has('page.lack') ? LatencyView : SheetView)(app, element, own) });
	}
	return tabs.sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
}

class Page {
	constructor(app) {
		this.app = app;
		this.tabs = tabsOf(app.trace).map((tab) => this.#addTab(tab));
		byId('tabs').hidden = this.tabs.length < 2;
		this.timeline = this.tabs[0].name === 'timeline' ? this.viewOf(this.tabs[0]) : null;
		this.#fillHeader();
		this.#fillFooter();
		const keys = keysOf(app, this);
		listenToKeys(keys);
		fillHelp(keys);
		app.show((state) => this.#draw(state));
		app.whenWhole = () => this.#showWhole();
		app.wantWhole = () => this.timeline.wantWhole();
		addEventListener('resize', () => app.update({}));
		addEventListener('popstate', () => this.restore());
		this.#printLight();
		this.setTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
		this.restore();
	}

	#addTab(tab) {
		const { name, title } = tab;
		const element = make('section', { class: 'view', role: 'tabpanel', 'aria-label': title, id: `view-${name}`, hidden: '' });
		const button = make('button', { role: 'tab', 'data-tab': name, onclick: () => this.showTab(this.tabs.findIndex((other) =>
			other.name === name)) }, title);
		byId('views').append(element);
		byId('tabs').append(button);
		return { ...tab, button, element, view: null };
	}

	viewOf(tab) {
		return tab.view ??= tab.make(this.app, tab.element);
	}

	get isTimeline() {
		return this.app.state.tab === 'timeline';
	}

	/* Up or down in what is looked at. */
	scroll(by) {
		if (this.isTimeline)
			this.app.update({ scroll: this.app.state.scroll + by });
		else
			this.tab.view.scrolled.scrollTop += by;
	}

	get tab() {
		return this.tabs.find(({ name }) => name === this.app.state.tab);
	}

	/* Paper is white. */
	#printLight() {
		let before;
		addEventListener('beforeprint', () => {
			before = this.app.state.theme;
			this.setTheme('light');
			this.app.drawNow();
			this.tab.view.print?.();
		});
		addEventListener('afterprint', () => this.setTheme(before));
	}

	#fillHeader() {
		const { app, app: { trace: { difference, facts, span, threads } } } = this;
		const command = facts.get('command') || facts.get('target') || 'recording';
		const wall = Number(facts.get('page.wall_ns'));
		const when = wall ? new Date(wall / 1e6).toLocaleString() : '';
		const n = threads.filter(({ process, samples: [from, to] }) => process || to > from).length;
		byId('title').textContent = command;
		byId('title').title = command;
		document.title = `${command} — sysprof`;
		byId('subtitle').textContent = difference ? `${difference.profile}: ${difference.head.at(-1)}` :
			[`${duration(span)}`, `${count(n)} threads`, when, facts.get('host')].filter(Boolean).join(' · ');
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

	#kindsOfSlices() {
		const { trace, theme } = this.app;
		const sums = trace.processes.reduce((all, process) => {
			process.sums.forEach((ns, kind) => { all[kind] += ns; });
			return all;
		}, new Float64Array(16));
		const kinds = trace.kindNames.map((name, kind) => [name === 'blocked' ? 'blocked, not sampled' : name,
			theme.states.colours[kind], sums[kind]]).filter(([, , sum]) => sum);
		return trace.pauses.start.length ? [...kinds, ['stopped by its runtime', theme.ink.pause]] : kinds;
	}

	#fillLegend() {
		const { view } = this.tab;
		const kinds = view === this.timeline ? this.#kindsOfSlices() : view.legend?.() ?? [];
		byId('legend').replaceChildren(...kinds.map(([name, colour]) => {
			const dot = make('span', { class: 'dot' });
			dot.style.background = colour;
			return make('span', {}, dot, name);
		}));
	}

	#draw(state) {
		for (const tab of this.tabs) {
			tab.element.hidden = tab.name !== state.tab;
			tab.button.setAttribute('aria-selected', tab.name === state.tab);
			if (tab.name === state.tab)
				this.viewOf(tab).draw(state);
		}
		if (this.legendOf !== `${state.tab} ${state.theme}`)
			this.#fillLegend();
		this.legendOf = `${state.tab} ${state.theme}`;
		clearTimeout(this.saving);
		this.saving = setTimeout(() => this.save(), 250);
	}

	/* Another place is a step more in the browser's history, what else changes is not. */
	save() {
		const { text, place } = formatState(this.app, this.tabs[0].name);
		if (text === location.hash.slice(1))
			return;
		if (place === this.place)
			history.replaceState(null, '', `#${text}`);
		else
			history.pushState(null, '', `#${text}`);
		this.place = place;
	}

	restore() {
		const { app } = this;
		const state = parseState(app, location.hash.slice(1));
		if (!this.tabs.some(({ name }) => name === state.tab))
			state.tab = this.tabs[0].name;
		app.update(state);
		this.place = formatState(app, this.tabs[0].name).place;
		byId('search').value = state.query;
		this.#search(state.query);
		this.#showPin();
	}

	#showPin() {
		if (this.app.state.pin)
			this.timeline?.revealThread(this.app.state.pin.thread);
	}

	/* The slices were read: what is looked for in them can be found now. */
	#showWhole() {
		const { app, app: { state } } = this;
		this.legendOf = '';
		app.update({ pin: pinOf(app, state.wantedPin), wantedPin: '' });
		this.#search(state.query);
		this.#showPin();
		requestAnimationFrame(() => requestAnimationFrame(() => {
			document.documentElement.dataset.whole = Math.round(performance.now());
		}));
	}

	/* Turn what is yes or no. */
	turn(name) {
		this.app.update({ [name]: !this.app.state[name], zoom: [] });
	}

	nextView() {
		const views = this.tab.view.viewNames ?? Object.keys(VIEWS);
		this.app.update({ view: views[(views.indexOf(this.app.state.view) + 1) % views.length] });
	}

	showTab(i) {
		if (!this.tabs[i] || this.tabs[i] === this.tab)
			return;
		this.app.update({ tab: this.tabs[i].name, zoom: [], sort: '', sheet: 0 });
		this.#search(this.app.state.query);
	}

	setTheme(name) {
		document.documentElement.dataset.theme = name;
		this.app.theme = themeOf(name, this.app.trace.kindNames);
		this.app.update({ theme: name });
	}

	turnTheme() {
		this.setTheme(this.app.state.theme === 'dark' ? 'light' : 'dark');
	}

	#search(query) {
		const isWanted = query.length > 1 && this.timeline && this.app.state.tab === 'timeline' &&
			this.app.trace.isWhole;
		this.app.update({ query, found: isWanted ? search(this.app.trace, query) : null, hit: null });
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
		const { pointer, tracks } = this.timeline ?? {};
		return pointer && pointer.x > tracks.view.gutter ? tracks.timeAt(pointer.x) : undefined;
	}

	step(by) {
		this.timeline?.step(by);
	}

	letGo() {
		const { state } = this.app;
		this.app.update(state.pin ? { pin: null } : state.zoom.length ? { zoom: [] } : { range: null, hit: null });
	}
}

async function start() {
	try {
		const tables = new Tables(document.querySelectorAll('script[data-table]'));
		const first = tables.names.filter((name) => !SLICE_TABLES.includes(name));
		const parts = await Promise.all(first.map(async (name) => [name, await tables.all(name)]));
		byId('loading').remove();
		const page = new Page(new App(readTrace(new Map(parts)), tables));
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
