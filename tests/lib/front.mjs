#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// usage: front.mjs URL PID
// The page at URL/ of `sysprof serve`: its list, and all that it shows of the process PID, which runs
// tests/workloads/locks.c.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [at, pid] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.O}/browser/`)('playwright-core');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
const complaints = [], requests = [];

async function open(options, look) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
	context.setDefaultTimeout(60_000);
	const page = await context.newPage();
	page.on('console', (message) => complaints.push(`console: ${message.text()}`));
	page.on('pageerror', (error) => complaints.push(`error: ${error.stack}`));
	page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
	page.on('request', (request) => requests.push(request.url()));
	await page.goto(`${at}/`);
	await page.waitForSelector('#processes tbody tr');
	await look(page);
	await context.close();
}

function tab(page, name) {
	return page.click(`nav [data-tab=${name}]`);
}

async function frameOf(page) {
	const frame = await (await page.waitForSelector('#process iframe')).contentFrame();
	await frame.waitForFunction(() => document.documentElement.dataset.ready);
	return frame;
}

async function checkList(page) {
	await page.fill('#search', String(pid));
	await page.waitForFunction((id) => [...document.querySelectorAll('#processes tbody td:first-child')]
		.some((cell) => cell.textContent === id), pid);
	const row = page.locator('#processes tbody tr', { has: page.locator(`a[href="#${pid}"]`) });
	assert.match(await row.locator('canvas').first().getAttribute('aria-label'), /running.*blocked/);
	await page.fill('#search', 'no such process');
	await page.waitForFunction(() => !document.querySelector('#processes tbody tr'));
	await page.fill('#search', '');
	await page.click('[data-sort=pid]');
	const pids = await page.locator('#processes tbody td:first-child').allTextContents();
	assert.deepEqual(pids, pids.toSorted((a, b) => a - b));
}

async function checkFindings(page) {
	await page.click(`a[href="#${pid}"]`);
	const finding = page.locator('.findings li', { hasText: 'fighting over locks' });
	await finding.waitFor();
	assert.match(await finding.textContent(), /g_server\.pool/);
	await finding.locator('button').click();
	await page.waitForFunction(() => location.hash.includes('/mutex/'));
}

/* One answer is looked at in several ways: only the first asks the server. */
async function checkFrame(page) {
	const frame = await frameOf(page);
	await frame.waitForFunction(() => sysprof.app.state.tab === 'mutex');
	const before = requests.length;
	await tab(page, 'timeline');
	await frame.waitForFunction(() => sysprof.app.state.tab === 'timeline');
	const { span, lock } = await frame.evaluate(() => {
		const { trace } = sysprof.app;
		const kind = trace.kindNames.indexOf('lock');
		return { span: trace.span, lock: trace.threads.reduce((sum, { sums }) => sum + (sums[kind] ?? 0), 0) };
	});
	assert.ok(span > 4e9 && span < 11e9, `it shows ${span} ns`);
	assert.ok(lock > 0.02 * span, `of which ${lock} are waits for locks`);
	await tab(page, 'cpu');
	await frame.waitForFunction(() => sysprof.app.state.tab === 'cpu');
	assert.deepEqual(requests.slice(before).filter((url) => !url.endsWith('/processes')), []);
	/* It may run its own script, and nothing else. */
	assert.equal(await page.getAttribute('#process iframe', 'sandbox'), 'allow-scripts');
}

async function checkTables(page) {
	await tab(page, 'locks');
	await page.locator('.sheet td', { hasText: 'g_server.pool[0].lock' }).waitFor();
	const mean = page.locator('.sheet').first().locator('th button', { hasText: /^mean$/ });
	await mean.click();
	assert.equal(await page.locator('.sheet').first().locator('th[aria-sort]').count(), 1);
	await tab(page, 'threads');
	await page.waitForFunction(() => document.querySelectorAll('.sheet tbody tr:not([aria-hidden])').length === 5);
	await page.selectOption('nav select', 'next 1');
	await page.waitForFunction(() => location.hash.endsWith('/next1') && document.querySelector('progress'));
	await page.waitForFunction(() => document.querySelector('.sheet'));
}

async function checkDownloads(page) {
	await tab(page, 'downloads');
	await page.locator('.downloads a').first().waitFor();
	const links = await page.locator('.downloads a').evaluateAll((all) => all.map(({ href }) => href));
	assert.ok(links.length > 15);
	for (const link of links) {
		const answer = await fetch(link, { method: 'HEAD' });
		assert.equal(answer.status, 200, link);
	}
}

async function checkComparison(page) {
	const before = complaints.length;
	await tab(page, 'compare');
	await page.locator('.status', { hasText: 'nothing to compare with' }).waitFor();
	assert.deepEqual(complaints.splice(before).filter((text) => !text.includes('503')), []);
	await page.click('.title a');
	await page.waitForSelector('#processes tbody tr');
}

async function checkNarrow(page) {
	for (const place of ['', `#${pid}/findings/last5`, `#${pid}/locks/last5`]) {
		await page.goto(`${at}/${place}`);
		await page.waitForFunction(() => document.querySelector('.findings, .sheet td, #processes tbody tr'));
		const { scrollWidth, clientWidth } = await page.evaluate(() => {
			const { scrollWidth, clientWidth } = document.documentElement;
			return { scrollWidth, clientWidth };
		});
		assert.ok(scrollWidth <= clientWidth, `${place}: ${scrollWidth} > ${clientWidth}`);
	}
	const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	assert.equal(back, 'rgb(20, 23, 27)');
}

try {
	await open({}, async (page) => {
		for (const check of [checkList, checkFindings, checkFrame, checkTables, checkDownloads, checkComparison])
			await check(page);
	});
	await open({ viewport: { width: 420, height: 800 }, colorScheme: 'dark' }, checkNarrow);
	assert.deepEqual(complaints, []);
	assert.deepEqual(requests.filter((url) => !url.startsWith(`${at}/`)), []);
} finally {
	await browser.close();
}
