/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of processes, live: names are text, never markup.  What is asked of one: process.js. */
import { byId, make } from '../assets/dom.js';
import { byteSize } from '../assets/units.js';
import { HISTORY, sparkline, stateBar } from './bars.js';
import { ProcessView, parsePlace } from './process.js';

const PERIOD_MS = 1000;

const history = new Map(); /* pid and name: { last, runs: [CPUs used in each period] } */
let processes = [];
let order = 'load';
let view = null; /* of a process */

/* What each process did since it was last looked at: threads, on average. */
function learn(answer) {
	const seen = new Set();
	for (const p of answer.processes) {
		const key = `${p.pid} ${p.name}`;
		const h = history.get(key) || { last: null, runs: [] };
		const ns = h.last ? answer.time_ns - h.last.time_ns : 0;
		p.run = ns > 0 ? Math.max(0, p.run_ns - h.last.run_ns) / ns : p.running;
		p.wait = ns > 0 ? Math.max(0, p.wait_ns - h.last.wait_ns) / ns : 0;
		p.idle = Math.max(0, p.threads - p.disk - p.run - p.wait);
		p.load = p.run + p.wait + p.disk;
		if (ns > 0)
			h.runs.push(p.run);
		h.runs.splice(0, h.runs.length - HISTORY);
		h.last = { time_ns: answer.time_ns, run_ns: p.run_ns, wait_ns: p.wait_ns };
		p.runs = h.runs.reduce((a, b) => a + b, 0) / Math.max(1, h.runs.length);
		p.history = h.runs;
		history.set(key, h);
		seen.add(key);
	}
	for (const key of history.keys()) {
		if (!seen.has(key))
			history.delete(key);
	}
	processes = answer.processes;
}

function rowOf(p) {
	return make('tr', {}, make('td', { class: 'number' }, p.pid), make('td', { class: 'name' },
		make('a', { href: `#${p.pid}` }, p.name)), make('td', {}, stateBar(p)), make('td', { class: 'wide' }, sparkline(p)),
	make('td', { class: 'number' }, p.threads), make('td', { class: 'number' }, byteSize(p.rss_bytes || 0)),
	make('td', { class: 'number wide' }, p.user), make('td', { class: 'cgroup', title: p.cgroup || '' }, p.cgroup || ''));
}

function compare(a, b) {
	const x = a[order], y = b[order];
	if (order === 'name' || order === 'cgroup')
		return String(x || '').localeCompare(String(y || '')) || a.pid - b.pid;
	return order === 'pid' || order === 'user' ? x - y || a.pid - b.pid : y - x || a.pid - b.pid;
}

function isWanted(p, words) {
	return [p.name, p.pid, p.user, p.cgroup].some((v) => String(v ?? '').toLowerCase().includes(words));
}

/* Known from the second look on. */
function cpusInUse() {
	const sum = processes.reduce((all, p) => all + (p.history.length ? p.run : 0), 0);
	return processes.some((p) => p.history.length) ? `, ${sum.toFixed(2)} CPUs in use` : '';
}

function showList() {
	const words = byId('search').value.toLowerCase();
	const list = processes.filter((p) => isWanted(p, words)).sort(compare);
	byId('processes').tBodies[0].replaceChildren(...list.map(rowOf));
	byId('summary').textContent = `${list.length} of ${processes.length} processes${cpusInUse()}`;
	for (const button of document.querySelectorAll('th button'))
		button.setAttribute('aria-pressed', button.dataset.sort === order);
}

/* The list, or the process that the end of the address names. */
function show() {
	const place = parsePlace(location.hash.slice(1));
	document.body.dataset.shows = place.pid ? 'process' : 'list';
	view.show(place);
	if (!place.pid) {
		showList();
		return;
	}
	const p = processes.find(({ pid }) => pid === place.pid);
	view.update(p);
	document.title = `${p?.name ?? place.pid} — sysprof`;
}

async function tick() {
	try {
		const answer = await fetch('processes');
		if (!answer.ok)
			throw new Error((await answer.text()).trim());
		learn(await answer.json());
		show();
	} catch (error) {
		byId('summary').textContent = `the server does not answer: ${error.message}`;
	}
	setTimeout(tick, document.hidden ? 10 * PERIOD_MS : PERIOD_MS);
}

function listen() {
	byId('search').addEventListener('input', () => {
		location.hash = '';
		showList();
	});
	for (const button of document.querySelectorAll('#processes th button')) {
		button.addEventListener('click', () => {
			order = button.dataset.sort;
			showList();
		});
	}
	addEventListener('hashchange', show);
	addEventListener('keydown', (event) => {
		if (event.key === 'Escape')
			location.hash = '';
		if (event.key === '/' && !['INPUT', 'SELECT'].includes(event.target.tagName)) {
			event.preventDefault();
			byId('search').focus();
		}
	});
}

view = new ProcessView(byId('process'));
listen();
tick();
