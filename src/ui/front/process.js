/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One process: tabs, and of which time.  What is a page or a picture of its own is shown in a
 * frame that may run its script and do nothing else; what is JSON is shown as tables.
 */
import { make } from '../assets/dom.js';
import { byteSize } from '../assets/units.js';
import { showFindings, showTables } from './answers.js';
import { sparkline, stateBar } from './bars.js';

const SPANS = [['last', 5], ['last', 10], ['last', 60], ['last', 300], ['next', 1], ['next', 5], ['next', 30]];
const BEFORE = 60; /* seconds: "a minute ago" */
const COMPARED = [['profile', 'CPU'], ['block', 'waits'], ['mutex', 'locks']];

/* frame: a part of the page that holds the timeline and all flame graphs; table: an answer as JSON. */
const TABS = {
	findings: { title: 'Findings', table: 'diagnose' },
	timeline: { title: 'Timeline', frame: 'timeline' },
	cpu: { title: 'CPU', frame: 'cpu' },
	block: { title: 'Waits', frame: 'block' },
	mutex: { title: 'Lock holders', frame: 'mutex' },
	locks: { title: 'Locks', table: 'locks' },
	syscalls: { title: 'System calls', table: 'syscalls' },
	threads: { title: 'Threads', table: 'threads' },
	memory: { title: 'Memory' },
	compare: { title: 'A minute ago' },
	downloads: { title: 'Downloads' },
};

/* Where a profile that a finding names is to be seen. */
const NEXT = { cpu: 'cpu', block: 'block', mutex: 'mutex', locks: 'locks', syscalls: 'syscalls', threads: 'threads',
	latency: 'timeline', heap: 'memory', allocs: 'memory' };

const DOWNLOADS = [ /* path, whether it is of a time, what it is */
	['profile', true, 'CPU profile for go tool pprof'],
	['profile?format=svg', true, 'flame graph of the CPU'],
	['block', true, 'where it waits, for go tool pprof'],
	['block?format=svg', true, 'flame graph of where it waits'],
	['mutex', true, 'who holds locks that others wait for'],
	['mutex?format=svg', true, 'flame graph of that'],
	['block', false, 'where it waits, since it is watched'],
	['mutex', false, 'who holds locks, since it is watched'],
	['heap', false, 'what is resident, by who touched it first'],
	['allocs', false, 'what was touched since it is watched'],
	['goroutine', false, 'where each thread stands'],
	['goroutine?debug=2', false, 'the same as a text'],
	['trace?format=html', true, 'page with the timeline and flame graphs'],
	['trace', true, 'timeline for Perfetto, JSON'],
	['trace?format=pftrace', true, 'timeline for Perfetto, small'],
	['diagnose', true, 'findings as a text'],
	['locks', true, 'locks as a text'],
	['latency', true, 'waits for a CPU, as a text'],
	['syscalls', true, 'system calls as a text'],
	['threads', true, 'threads as a text'],
	['cmdline', false, 'command line'],
	['', false, 'index, as Go’s programs have it'],
];

/* "812/cpu/last10": the end of the page's address. */
export function parsePlace(text) {
	const [pid, tab, span] = text.split('/');
	const [, way, seconds] = /^(last|next)([1-9]\d{0,2})$/.exec(span) ?? [null, 'last', 10];
	return { pid: Number(pid) || 0, tab: Object.hasOwn(TABS, tab ?? '') ? tab : 'findings', way,
		seconds: Math.min(300, Number(seconds)) };
}

export function formatPlace({ pid, tab, way, seconds }) {
	return `#${pid}/${tab}/${way}${seconds}`;
}

export class ProcessView {
	constructor(element) {
		this.element = element;
		this.place = null;
		this.tabs = Object.entries(TABS).map(([name, { title }]) => make('button', { role: 'tab', 'data-tab': name,
			onclick: () => this.go({ tab: name }) }, title));
		this.span = make('select', { 'aria-label': 'of which time', onchange: () => this.#pickSpan() });
		this.again = make('button', { onclick: () => this.#load() }, 'again');
		this.title = make('h2');
		this.facts = make('span', { class: 'facts' });
		this.pictures = make('span', { class: 'pictures' });
		this.status = make('div', { role: 'status', class: 'status' });
		this.content = make('div', { class: 'answer' });
		element.replaceChildren(make('div', { class: 'title' }, make('a', { href: '#' }, '‹ all processes'), this.title,
			this.pictures, this.facts), make('nav', { role: 'tablist' }, ...this.tabs, make('span', { class: 'grow' }),
			this.span, this.again), this.status, this.content);
	}

	get base() {
		return `pid/${this.place.pid}/debug/pprof/`;
	}

	/* Of the time that is looked at; @separator: what stands before it. */
	times(separator) {
		const { way, seconds } = this.place;
		return `${separator}${way === 'last' ? 'last' : 'seconds'}=${seconds}`;
	}

	go(changes) {
		location.hash = formatPlace({ ...this.place, ...changes });
	}

	#pickSpan() {
		const [way, seconds] = this.span.value.split(' ');
		this.go({ way, seconds: Number(seconds) });
	}

	/* Look at @place, unless it is that already; @place.pid 0: at none. */
	show(place) {
		const before = this.place;
		this.place = place;
		this.element.hidden = !place.pid;
		if (before && formatPlace(before) === formatPlace(place))
			return;
		this.#stop();
		if (!place.pid) {
			this.content.replaceChildren();
			return;
		}
		this.#fillSpans();
		this.tabs.forEach((tab) => tab.setAttribute('aria-selected', tab.dataset.tab === place.tab));
		if (!this.#turnPage(before))
			this.#load();
	}

	/* The process as it is now, once a second; undefined: it is gone. */
	update(p) {
		const { pid } = this.place;
		this.title.textContent = p ? `${p.name} (${pid})` : `process ${pid} is gone`;
		this.pictures.replaceChildren(...p ? [stateBar(p), sparkline(p)] : []);
		this.facts.textContent = p ? [`${p.threads} ${p.threads === 1 ? 'thread' : 'threads'}`,
			`${byteSize(p.rss_bytes || 0)} resident`, `user ${p.user}`, p.cgroup].filter(Boolean).join(' · ') : '';
		this.facts.title = this.facts.textContent;
	}

	#fillSpans() {
		const { way, seconds } = this.place;
		const spans = SPANS.some(([w, s]) => w === way && s === seconds) ? SPANS : [...SPANS, [way, seconds]];
		this.span.replaceChildren(...spans.map(([w, s]) => make('option', { value: `${w} ${s}`,
			selected: w === way && s === seconds }, `the ${w} ${s} s`)));
		this.span.hidden = this.place.tab === 'memory';
	}

	/* The frame that is there has all flame graphs of its time: only its fragment is another. */
	#turnPage(before) {
		const { place } = this;
		const frame = TABS[place.tab].frame && this.content.querySelector('iframe');
		if (!frame || !TABS[before.tab].frame || formatPlace({ ...before, tab: place.tab }) !== formatPlace(place))
			return false;
		frame.src = this.#pageOf(place.tab);
		return true;
	}

	#pageOf(tab) {
		return `${this.base}trace?format=html${this.times('&')}#tab=${TABS[tab].frame}`;
	}

	#stop() {
		this.abort?.abort();
		clearInterval(this.timer);
		this.status.replaceChildren();
	}

	#load() {
		const { tab } = this.place;
		this.#stop();
		this.content.replaceChildren();
		if (TABS[tab].table)
			this.#showTable(TABS[tab].table);
		else if (TABS[tab].frame)
			this.#showFrame(this.#pageOf(tab));
		else if (tab === 'memory')
			this.#showFrame(`${this.base}heap?format=svg`);
		else if (tab === 'compare')
			this.#showComparison(COMPARED[0][0]);
		else
			this.#showDownloads();
	}

	/* A collection takes its time; to look back takes a moment, but for who was not watched. */
	#begin() {
		const { way, seconds } = this.place;
		const most = way === 'next' ? seconds : Math.min(5, seconds);
		const bar = make('progress', { max: most });
		const text = make('span', {}, way === 'next' ? `collecting for ${seconds} s` : 'asking for the last seconds');
		const begun = performance.now();
		this.status.replaceChildren(bar, text);
		this.timer = setInterval(() => {
			const passed = (performance.now() - begun) / 1000;
			if (way === 'last' && passed < 1)
				return;
			bar.value = Math.min(most, passed);
			if (passed >= most)
				text.textContent = 'collected; the answer is being made';
			else if (way === 'last')
				text.textContent = `not watched until now: the first ${most} s are collected`;
		}, 100);
	}

	#end(problem) {
		clearInterval(this.timer);
		this.status.replaceChildren(...problem ? [make('strong', { class: 'flaw' }, problem)] : []);
	}

	#leadTo(tab) {
		return tab && make('button', { onclick: () => this.go({ tab }) }, `look at it: ${TABS[tab].title}`);
	}

	/* The answer to @address; null where it failed, which is said, or nobody waits for it any more. */
	async #fetch(address) {
		const abort = this.abort = new AbortController();
		this.#begin();
		try {
			const answer = await fetch(address, { signal: abort.signal });
			const text = await answer.text();
			if (this.abort !== abort)
				return null;
			this.#end(answer.ok ? '' : text.trim());
			return answer.ok ? text : null;
		} catch (error) {
			if (this.abort === abort && !abort.signal.aborted)
				this.#end(error.message);
			return null;
		}
	}

	async #showTable(name) {
		const text = await this.#fetch(`${this.base}${name}?format=json${this.times('&')}`);
		if (text === null)
			return;
		const tables = JSON.parse(text);
		if (name === 'diagnose')
			showFindings(this.content, tables, (profile) => this.#leadTo(NEXT[profile]));
		else
			showTables(this.content, tables);
	}

	#showFrame(address, ...before) {
		const frame = make('iframe', { src: address, sandbox: 'allow-scripts', title: TABS[this.place.tab].title,
			onload: () => this.#end() });
		this.#begin();
		this.content.replaceChildren(...before, frame);
	}

	/* Only once there is something to compare with: that comes as a text, too. */
	async #showComparison(name) {
		const { seconds } = this.place;
		const address = `${this.base}${name}?last=${seconds}&before=${BEFORE}`;
		const pick = make('select', { 'aria-label': 'what is compared', onchange: () => this.#showComparison(pick.value) },
			...COMPARED.map(([value, title]) => make('option', { value, selected: value === name }, title)));
		const head = make('p', { class: 'note' }, pick, ` of the last ${seconds} s, beside the ${seconds} s ` +
			'a minute before; ', make('a', { href: `${address}&format=text`, target: '_blank', rel: 'noopener' }, 'as a text'));
		this.content.replaceChildren(head);
		if (await this.#fetch(`${address}&format=text`) !== null)
			this.#showFrame(address, head);
		else
			this.content.append(make('p', { class: 'note' }, 'It is watched from now on, for five minutes after it was last asked for.'));
	}

	#showDownloads() {
		const list = make('ul', { class: 'downloads' }, ...DOWNLOADS.map(([path, isTimed, text]) => {
			const href = `${this.base}${path}${isTimed ? this.times(path.includes('?') ? '&' : '?') : ''}`;
			return make('li', {}, make('a', { href, target: '_blank', rel: 'noopener' }, text));
		}));
		const { href } = new URL(`${this.base}profile?seconds=10`, location.origin + location.pathname);
		this.content.replaceChildren(list, make('p', {}, 'for Go’s tool: ', make('code', {}, `go tool pprof ${href}`)));
	}
}
