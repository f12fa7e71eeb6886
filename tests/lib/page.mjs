#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// usage: page.mjs PAGE.html THREADS.json
// The page opens without a complaint, and its slices sum to what `report threads --json` says,
// to the nanosecond.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [file, threads] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.O}/browser/`)('playwright-core');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
try {
	const page = await browser.newPage();
	const complaints = [];
	page.on('console', (message) => complaints.push(message.text()));
	page.on('pageerror', (error) => complaints.push(error.stack));
	await page.goto(`file://${path.resolve(file)}`);
	await page.waitForFunction(() => document.documentElement.dataset.whole, null, { timeout: 120_000 });
	const [got, slices] = await page.evaluate(() => {
		const threads = sysprof.app.trace.threads.filter(({ process }) => process);
		return [threads.map(({ pid, tid, sums }) => [pid, tid, ...sums]),
			threads.map(({ pid, tid, track }) => [pid, tid, ...track.total(-Infinity, Infinity)])];
	});
	assert.deepEqual(got, slices); // what is told before they are read is what they sum to
	const sums = new Map();
	for (const [pid, tid, ...kinds] of got) { /* a tid may have been of several threads */
		const all = sums.get(`${pid} ${tid}`) ?? [0, 0, 0, 0];
		kinds.forEach((ns, kind) => { all[Math.min(kind, 3)] += ns; });
		sums.set(`${pid} ${tid}`, all);
	}
	const want = new Map();
	for (const row of JSON.parse(readFileSync(threads, 'utf8')).threads) {
		const all = want.get(`${row.pid} ${row.tid}`) ?? [0, 0, 0, 0];
		['unknown_ns', 'running_ns', 'runnable_ns', 'blocked_ns'].forEach((name, i) => { all[i] += row[name]; });
		want.set(`${row.pid} ${row.tid}`, all);
	}
	const sorted = (map) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
	assert.deepEqual(sorted(sums), sorted(want));
	assert.ok(got.length > 0);
	assert.deepEqual(complaints, []);
} finally {
	await browser.close();
}
