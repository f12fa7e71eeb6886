#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The programs that users open timelines with read all that is in them: Perfetto's trace processor,
// the Firefox Profiler's command line, and speedscope in Chromium.  What each ignores by design
// is in sysprof-export(1).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TraceProcessor } from './perfetto.mjs';
import { complaintsOf, serve, speedscopeOf } from './speedscope.mjs';

const { O, SYSPROF } = process.env;
const here = path.dirname(fileURLToPath(import.meta.url));
const readers = path.join(O, 'readers');

// What never happens ends a test after that; nothing is known by it.
const TIMEOUT = 60_000;

// tests/data/NAME.events; and, with root, what a few commands do.
const NAMES = ['timeline', 'details', 'pauses', 'chain', 'awake', 'memory', ...process.getuid() ? [] : ['live']];

let directory;

const file = (name, suffix) => path.join(directory, `${name}.${suffix}`);

function sysprof(...args) {
	return execFileSync(SYSPROF, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e9 });
}

before(() => {
	directory = mkdtempSync(path.join(tmpdir(), 'sysprof-readers-'));
	for (const name of NAMES) {
		const data = file(name, 'data');
		if (name === 'live')
			sysprof('record', '--trace', '-o', data, '--', 'sh', '-c', 'ls -R /usr/lib/gcc | sort | tail -1');
		else
			sysprof('dump', '--assemble', path.join(here, '../data', `${name}.events`), '-o', data);
		sysprof('export', '-i', data, '-o', file(name, 'json'));
		sysprof('export', '-i', data, '-o', file(name, 'pftrace'));
	}
});

after(() => rmSync(directory, { recursive: true, force: true }));

// The events of a trace in Chrome's format, and { category: [how many, nanoseconds] } of them.
function eventsOf(name) {
	return JSON.parse(readFileSync(file(name, 'json'), 'utf8')).traceEvents;
}

function add(sums, key, ns) {
	sums[key] ??= [0, 0];
	sums[key][0]++;
	sums[key][1] += ns;
}

function sumsOf(events) {
	const sums = {};
	for (const { ph, cat, dur = 0 } of events) {
		if (ph === 'X' || ph === 'i')
			add(sums, cat, Math.round(dur * 1000));
	}
	return sums;
}

async function processorOf(trace) {
	const processor = new TraceProcessor(readers);
	await processor.start();
	await processor.load(readFileSync(trace));
	assert.deepEqual(await processor.query("select name, idx, value from stats " +
		"where value <> 0 and severity in ('error', 'data_loss')"), []);
	return processor;
}

async function slicesOf(processor) {
	const rows = await processor.query('select category, count(*), sum(dur) from slice group by 1');
	return Object.fromEntries(rows.map(([category, ...sums]) => [category, sums]));
}

for (const name of NAMES) {
	test(`Perfetto reads every slice, mark, arrow and counter of ${name} in Chrome's format`, async () => {
		const events = eventsOf(name);
		const processor = await processorOf(file(name, 'json'));
		assert.deepEqual(await slicesOf(processor), sumsOf(events));
		assert.deepEqual(await processor.query('select count(*) from flow'),
			[[events.filter(({ ph }) => ph === 's').length]]);
		const values = events.filter(({ ph }) => ph === 'C').flatMap(({ args }) => Object.values(args));
		const [[n, sum]] = await processor.query('select count(*), sum(value) from counter');
		assert.equal(n, values.length);
		assert.ok(Math.abs(sum - values.reduce((a, b) => a + b, 0)) < 1e-6 * n + 1e-9);
	});

	test(`Perfetto reads the same of ${name} in its own format, and the states of threads`, async () => {
		const want = sumsOf(eventsOf(name).filter((event) => event.name !== 'migrate')); // it sees that itself
		const processor = await processorOf(file(name, 'pftrace'));
		const slices = await slicesOf(processor);
		for (const category of ['syscall', 'disk', 'interrupt', 'softirq', 'pause', 'mark'])
			assert.deepEqual([category, slices[category]], [category, want[category]]);
		const { threads } = JSON.parse(sysprof('report', '-i', file(name, 'data'), 'threads', '--json'));
		const rows = await processor.query('select tid, state, ' +
			'sum(iif(dur < 0, trace_end() - ts, dur)) from thread_state join thread using (utid) ' +
			"where state not in ('X', 'Z') group by 1, 2");
		const sums = {};
		for (const [tid, state, ns] of rows) {
			sums[tid] ??= { Running: 0, R: 0, other: 0 };
			sums[tid][state in sums[tid] ? state : state === 'R+' ? 'R' : 'other'] += ns;
		}
		for (const thread of threads) {
			const { Running, R, other } = sums[thread.tid] ?? { Running: 0, R: 0, other: 0 };
			const near = (got, ns, what) => assert.ok(Math.abs(got - ns) <= 1000, `${thread.tid} ${what}: ${got}, want ${ns}`);
			near(Running, thread.running_ns, 'running');
			if (thread.unknown_ns) // it has no state for that, and draws the one before on
				continue;
			near(R, thread.runnable_ns, 'runnable');
			near(other, thread.blocked_ns, 'blocked');
		}
	});
}

// How many there are of slices, and marks if they count, and how long all take, in nanoseconds.
function totalOf(events, phases) {
	const counted = events.filter(({ ph }) => phases.includes(ph));
	return { n: counted.length, ns: counted.reduce((sum, { dur = 0 }) => sum + dur * 1000, 0) };
}

function assertTotal(got, want) {
	assert.equal(got.n, want.n, `${got.n} were read, there are ${want.n}`);
	assert.ok(Math.abs(got.ns - want.ns) < 1 + 0.01 * want.n, `${got.ns} ns, want ${want.ns}`);
}

// The profiler's command line: it keeps a profile in a process of its own until it is told to stop.
function profiler(...args) {
	return execFileSync(process.execPath, [path.join(readers, 'node_modules/.bin/profiler-cli'), ...args], {
		encoding: 'utf8', maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'], timeout: TIMEOUT,
		env: { ...process.env, PROFILER_CLI_SESSION_DIR: path.join(directory, 'sessions') } });
}

// It gives its own process half a second to come up, which a busy machine does not always have.
function load(trace) {
	for (let tries = 0; ; tries++) {
		try {
			profiler('load', trace);
			return;
		} catch (error) {
			profiler('stop');
			if (tries === 9)
				throw error;
		}
	}
}

for (const name of NAMES) {
	test(`the Firefox Profiler reads every slice and mark of ${name}`, () => {
		const got = { n: 0, ns: 0 };
		load(file(name, 'json'));
		try {
			const { processes } = JSON.parse(profiler('profile', 'info', '--all', '--json'));
			for (const { threadHandle } of processes.flatMap(({ threads }) => threads)) {
				const { flatMarkers } = JSON.parse(profiler('thread', 'markers', '--thread', threadHandle,
					'--list', '--limit', '0', '--json'));
				got.n += flatMarkers.length;
				got.ns += flatMarkers.reduce((sum, { duration }) => sum + (duration ?? 0) * 1e6, 0);
			}
		} finally {
			profiler('stop');
		}
		assertTotal(got, totalOf(eventsOf(name), ['X', 'i']));
	});
}

// It takes a slice that follows one just like it for more of the same, if nothing around them ends
// or begins there.
function countJoined(events) {
	const [starts, ends] = [new Map(), new Map()];
	for (const { pid, tid, ts, dur, name, args } of events.filter(({ ph }) => ph === 'X')) {
		for (const [map, time] of [[starts, ts], [ends, ts + dur]]) {
			const place = `${pid}/${tid} ${Math.round(time * 1000)}`;
			map.set(place, [...map.get(place) ?? [], name + JSON.stringify(args)]);
		}
	}
	return [...starts].filter(([place, [first, ...others]]) => !others.length &&
		ends.get(place)?.length === 1 && ends.get(place)[0] === first).length;
}

test('speedscope reads every slice', async (t) => {
	const { chromium } = createRequire(`${O}/browser/`)('playwright-core');
	const server = await serve(path.join(readers, 'node_modules/speedscope/dist/release'));
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
	for (const name of NAMES) {
		await t.test(name, async () => {
			const page = await browser.newPage();
			const complaints = complaintsOf(page);
			page.setDefaultTimeout(TIMEOUT);
			const { profiles } = await speedscopeOf(page, server, file(name, 'json'), name);
			const got = { n: 0, ns: 0 };
			for (const { type, at } of profiles.flatMap(({ events }) => events)) {
				got.n += type === 'O' ? 1 : 0;
				got.ns += (type === 'O' ? -1 : 1) * at * 1000;
			}
			await page.close();
			assert.deepEqual(complaints, []);
			got.n += countJoined(eventsOf(name));
			assertTotal(got, totalOf(eventsOf(name), ['X']));
		});
	}
	await browser.close();
	server.close();
});
