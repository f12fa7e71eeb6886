// SPDX-License-Identifier: GPL-2.0-only
// For tests/browser: recordings assembled from text, and pages of them in Debian's Chromium.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const { O, SYSPROF } = process.env;
const data = path.join(path.dirname(fileURLToPath(import.meta.url)), '../data');

// What never happens ends a test after that; nothing is known by it.
const TIMEOUT = 60_000;

let browser, directory;

before(async () => {
	const { chromium } = createRequire(`${O}/browser/`)('playwright-core');
	directory = mkdtempSync(path.join(tmpdir(), 'sysprof-browser-'));
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
});

after(async () => {
	await browser?.close();
	rmSync(directory, { recursive: true, force: true });
});

export function sysprof(...args) {
	return execFileSync(SYSPROF, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e9 });
}

// tests/data/NAME.events, or the @text of events, as a recording: its path.
export function recording(name, text) {
	const events = text ? path.join(directory, `${name}.events`) : path.join(data, `${name}.events`);
	const to = path.join(directory, `${name}.data`);
	if (text)
		writeFileSync(events, text);
	sysprof('dump', '--assemble', events, '-o', to);
	return to;
}

// A directory for files of source.
export function sourcesIn(name) {
	const to = path.join(directory, name);
	mkdirSync(to);
	return realpathSync(to);
}

export function exported(recorded, ...filters) {
	return exportedAs('html', recorded, ...filters);
}

export function exportedAs(suffix, recorded, ...args) {
	const to = `${recorded}.${suffix}`;
	sysprof('export', '-i', recorded, '-o', to, ...args);
	return to;
}

// There is a picture; and of a timeline that is looked at, its slices are read.
function isRead() {
	const { ready, whole } = document.documentElement.dataset;
	return ready && (whole || globalThis.sysprof?.app.state.tab !== 'timeline');
}

// Run @look with the page at @file open; it must ask nobody for anything, and complain of nothing.
export async function open(file, look, { hash = '', ...options } = {}) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, offline: true, ...options });
	const complaints = [];
	context.setDefaultTimeout(TIMEOUT);
	try {
		const page = await context.newPage();
		page.on('console', (message) => complaints.push(`console: ${message.text()}`));
		page.on('pageerror', (error) => complaints.push(`error: ${error.stack}`));
		page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
		page.on('request', (request) => {
			if (!request.url().startsWith('data:') && !request.url().startsWith('file:'))
				complaints.push(`request: ${request.url()}`);
		});
		await page.goto(`file://${file}${hash}`);
		if (options.javaScriptEnabled !== false)
			await page.waitForFunction(isRead);
		await look(page);
	} finally {
		await context.close();
	}
	assert.deepEqual(complaints, []);
}

// The state of the page's app.
export function stateOf(page) {
	return page.evaluate(() => {
		const { since, until, range, pin, filter, order, query, found, hit, theme, scroll } = sysprof.app.state;
		return { since, until, range, filter, order, query, theme, scroll, hits: found?.n ?? 0, hit,
			pin: pin && { tid: pin.thread.tid, start: sysprof.app.trace.states.start[pin.slice] } };
	});
}

// Wait until @test says yes of the app; @arg is passed to it.
export function until(page, test, arg) {
	return page.waitForFunction(test, arg);
}

// What is on the screen is what the app's state says.
export function drawn(page) {
	return until(page, () => !sysprof.app.isDue);
}

// Where the thread @tid is at @time on the screen, once that shows the app's state.
export async function pointOf(page, tid, time) {
	await drawn(page);
	return page.evaluate(([wanted, at]) => {
		const { tracks, canvas } = sysprof.timeline;
		const box = canvas.getBoundingClientRect();
		const thread = sysprof.app.trace.threads.find((candidate) => candidate.tid === wanted);
		return { x: box.left + tracks.xOf(at), y: box.top + tracks.yOf(tracks.rowOf(thread)) + 8 };
	}, [tid, time]);
}
