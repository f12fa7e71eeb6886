/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of processes, live, and what can be had of one: names are text, never markup. */

const PERIOD_MS = 1000;
const HISTORY = 120; /* periods */
const BAR = { width: 220, height: 14 };
const SPARK = { width: 90, height: 16 };

const byId = (id) => document.getElementById(id);
const history = new Map(); /* pid and name: { last, runs: [CPUs used in each period] } */
let processes = [];
let order = 'load';
let selected = null;

function element(name, text, attributes = {}) {
	const e = document.createElement(name);
	if (text !== undefined)
		e.textContent = text;
	for (const [key, value] of Object.entries(attributes))
		e.setAttribute(key, value);
	return e;
}

function bytes(n) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${n < 10 && i ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

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

function canvas(size) {
	const c = element('canvas');
	const ratio = window.devicePixelRatio || 1;
	c.width = size.width * ratio;
	c.height = size.height * ratio;
	c.style.width = `${size.width}px`;
	c.style.height = `${size.height}px`;
	c.getContext('2d').scale(ratio, ratio);
	return c;
}

function color(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}

function drawBar(c, p) {
	const g = c.getContext('2d');
	const all = Math.max(p.threads, p.load) || 1;
	let x = 0;
	for (const [value, name] of [[p.run, 'running'], [p.wait, 'runnable'], [p.disk, 'disk'], [p.idle, 'blocked']]) {
		const width = BAR.width * value / all;
		g.fillStyle = color(name);
		g.fillRect(x, 0, width, BAR.height);
		x += width;
	}
	c.title = `${p.run.toFixed(2)} running, ${p.wait.toFixed(2)} waiting for a CPU, ` +
		`${p.disk} disk, ${p.idle.toFixed(2)} blocked`;
	c.setAttribute('role', 'img');
	c.setAttribute('aria-label', c.title);
}

function drawSpark(c, runs) {
	const g = c.getContext('2d');
	const top = Math.max(1, ...runs);
	g.fillStyle = color('running');
	runs.forEach((run, i) => {
		const height = SPARK.height * run / top;
		g.fillRect(SPARK.width * (HISTORY - runs.length + i) / HISTORY, SPARK.height - height,
			SPARK.width / HISTORY, height);
	});
	c.title = runs.length ? `${runs[runs.length - 1].toFixed(2)} CPUs now` : '';
}

function row(p) {
	const tr = element('tr');
	const bar = canvas(BAR), spark = canvas(SPARK), name = element('td');
	const link = element('a', p.name, { href: `#${p.pid}` });
	drawBar(bar, p);
	drawSpark(spark, p.history);
	name.append(link);
	tr.append(element('td', p.pid, { class: 'number' }), name);
	for (const c of [bar, spark]) {
		const td = element('td');
		td.append(c);
		tr.append(td);
	}
	tr.append(element('td', p.threads, { class: 'number' }),
		element('td', bytes(p.rss_bytes || 0), { class: 'number' }),
		element('td', p.user, { class: 'number' }),
		element('td', p.cgroup || '', { class: 'cgroup', title: p.cgroup || '' }));
	return tr;
}

function compare(a, b) {
	const x = a[order], y = b[order];
	if (order === 'name' || order === 'cgroup')
		return String(x || '').localeCompare(String(y || '')) || a.pid - b.pid;
	return order === 'pid' || order === 'user' ? x - y || a.pid - b.pid : y - x || a.pid - b.pid;
}

function show() {
	const wanted = byId('search').value.toLowerCase();
	const list = processes.filter((p) => !wanted ||
		[p.name, p.pid, p.user, p.cgroup].some((v) => String(v ?? '').toLowerCase().includes(wanted)));
	list.sort(compare);
	byId('processes').tBodies[0].replaceChildren(...list.map(row));
	byId('summary').textContent = `${list.length} of ${processes.length} processes, ` +
		`${processes.reduce((sum, p) => sum + p.run, 0).toFixed(2)} CPUs in use`;
	for (const button of document.querySelectorAll('th button'))
		button.setAttribute('aria-pressed', button.dataset.sort === order);
}

/* A collection takes its time; what comes of it, or went wrong, is in the other tab. */
function showProgress(seconds, status) {
	const bar = element('progress', undefined, { max: seconds });
	const began = performance.now();
	const timer = setInterval(() => {
		bar.value = (performance.now() - began) / 1000;
		if (bar.value < seconds)
			return;
		clearInterval(timer);
		status.textContent = 'collected; the page is being made';
	}, 100);
	status.replaceChildren(bar, ` collecting for ${seconds} s`);
}

const LINKS = [
	['profile?seconds=10&format=svg', 'flame graph of the CPU, the next 10 s'],
	['block?format=svg', 'flame graph of where it waits, since it is watched'],
	['mutex?format=svg', 'flame graph of who holds locks that others wait for'],
	['goroutine?debug=2', 'where each thread stands'],
	['block?seconds=10&format=svg', 'where it waits, the next 10 s'],
	['mutex?seconds=10&format=svg', 'locks, the next 10 s'],
	['trace?seconds=5', 'trace for Perfetto, the next 5 s'],
	['', 'all of Go’s endpoints'],
];

function open() {
	const box = byId('process');
	const pid = Number(location.hash.slice(1));
	const p = processes.find((q) => q.pid === pid);
	if (pid === selected && (p || !pid))
		return;
	selected = p ? pid : null;
	box.hidden = !pid;
	if (!p) {
		box.replaceChildren(pid ? `process ${pid} is gone` : '');
		return;
	}
	const base = `pid/${pid}/debug/pprof/`, list = element('ul');
	const page = element('a', 'timeline and flame graphs of the next 5 s',
		{ href: `${base}trace?format=html&seconds=5`, target: '_blank', rel: 'noopener' });
	const status = element('span', '', { role: 'status' });
	const head = element('p');
	page.addEventListener('click', () => showProgress(5, status));
	head.append(page, ' ', status);
	for (const [path, text] of LINKS) {
		const li = element('li');
		li.append(element('a', text, { href: base + path, target: '_blank', rel: 'noopener' }));
		list.append(li);
	}
	const use = element('p', 'for Go’s tool: ');
	use.append(element('code', `go tool pprof ${new URL(`${base}profile?seconds=10`, location.origin + location.pathname)}`));
	box.replaceChildren(element('h2', `${p.name} (${pid})`), head, list, use);
}

async function tick() {
	try {
		const answer = await fetch('processes');
		if (!answer.ok)
			throw new Error((await answer.text()).trim());
		learn(await answer.json());
		show();
		open();
	} catch (e) {
		byId('summary').textContent = `the server does not answer: ${e.message}`;
	}
	setTimeout(tick, document.hidden ? 10 * PERIOD_MS : PERIOD_MS);
}

byId('search').addEventListener('input', show);
for (const button of document.querySelectorAll('th button')) {
	button.addEventListener('click', () => {
		order = button.dataset.sort;
		show();
	});
}
addEventListener('hashchange', open);
tick();
