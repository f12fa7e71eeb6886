// SPDX-License-Identifier: GPL-2.0-only
// usage: page.mjs PAGE
// Open a page of `export -o PAGE.html`, zoom in and out, and print what that took, in milliseconds.
import { createRequire } from 'node:module';
import path from 'node:path';

const { chromium } = createRequire(`${process.env.O}/browser/`)('playwright-core');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`file://${path.resolve(process.argv[2])}`);
await page.waitForFunction(() => document.documentElement.dataset.whole, null, { timeout: 120_000 });

const figures = await page.evaluate(async () => {
	const { app } = sysprof;
	const frame = () => new Promise(requestAnimationFrame);
	const sorted = [];
	app.frames = sorted;
	for (const factor of [0.9, 1 / 0.9]) {
		for (let i = 0; i < 120; i++) {
			app.zoom(factor, app.trace.span * 0.37);
			await frame();
		}
	}
	await frame();
	app.frames = null;
	sorted.sort((a, b) => a - b);
	const begun = performance.now();
	document.getElementById('search').value = 'f42';
	document.getElementById('search').dispatchEvent(new Event('input'));
	return { slices: app.trace.states.start.length, first: document.documentElement.dataset.ready, whole: document.documentElement.dataset.whole,
		frame: sorted[sorted.length >> 1], slow: sorted[Math.floor(sorted.length * 0.99)],
		search: performance.now() - begun };
});
for (const [name, value] of Object.entries(figures))
	console.log(name, value);
await browser.close();
