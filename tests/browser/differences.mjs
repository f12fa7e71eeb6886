#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// What `diff -o X.html` shows of two recordings is what `diff --json` says.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { formatOf } from '../../src/ui/assets/units.js';
import { drawn, open, recording, sysprof } from './browser.mjs';

const update = (page, changes) => page.evaluate((wanted) => sysprof.app.update(wanted), changes).then(() => drawn(page));

// The path of the page, and what --json says of the same.
function compared(older, newer, ...args) {
	const to = `${newer}.diff.html`;
	sysprof('diff', older, newer, '-o', to, ...args);
	return { to, said: JSON.parse(sysprof('diff', older, newer, '--json', ...args)) };
}

function tableOf(page) {
	return page.locator('.table tbody tr:not([aria-hidden])').evaluateAll((rows) =>
		rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
}

// In seven columns, as the table shows a row.
function wanted({ unit }, { name, module = '', old, new: after, diff, noise }) {
	const format = unit === 'percent' ? (share) => `${share.toFixed(2)} %` : formatOf(unit);
	const percent = !old ? after ? 'new' : '' : !after ? 'gone' : Math.abs(diff / old) > 99.99 ? `${(after / old).toFixed(0)}×` :
		`${diff < 0 ? '−' : '+'}${Math.abs(100 * diff / old).toFixed(1)} %`;
	return [old === undefined ? '' : format(old), after === undefined ? '' : format(after),
		`${diff > 0 ? '+' : diff < 0 ? '−' : ''}${format(Math.abs(diff))}`, percent, noise ? `±${format(noise)}` : '', name, module];
}

// Of each of these profiles something is in both, in one, or in the other.
for (const [older, newer, ...args] of [['slow', 'fast'], ['slow', 'fast', '--scale', 'share', '--cum'], ['waits', 'idle', 'block'],
	['locks', 'holders', 'mutex'], ['heap', 'heap', 'heap', '--scale', 'run'], ['calls', 'timeline', 'syscalls'], ['heap', 'heap', 'allocs']]) {
	test(`the page of ${[older, newer, ...args].join(' ')} has the rows and figures of --json`, async () => {
		const { to, said } = compared(recording(older), recording(newer), ...args);
		assert.ok(said.rows.length > 0);
		await open(to, async (page) => {
			await update(page, { view: 'table', isNoisy: true });
			const got = await page.evaluate(() => sysprof.app.trace.difference.rows);
			assert.deepEqual(got.map(({ name, before, after, difference, noise }) => [name, before, after, difference, noise]),
				said.rows.map(({ name, old = null, new: after = null, diff, noise }) => [name, old, after, diff, noise]));
			assert.deepEqual(await tableOf(page), said.rows.map((row) => wanted(said, row)));
			await update(page, { isNoisy: false });
			assert.deepEqual(await tableOf(page), said.rows.filter((row) => !row.is_noise).map((row) => wanted(said, row)));
			const [before, after] = await page.evaluate(() => Object.values(sysprof.tab.view.root.row));
			assert.deepEqual([before, after], [said.total.old ?? 0, said.total.new ?? 0]);
			await update(page, { view: 'flame' });
			assert.ok(await page.evaluate(() => sysprof.tab.view.flameView.boxes.length) > 0);
		});
	});
}

test('its flame graph is as wide as both have, and coloured by who has more', async () => {
	const { to } = compared(recording('slow'), recording('fast'));
	assert.ok(statSync(to).size < 300_000);
	assert.doesNotMatch(readFileSync(to, 'utf8'), /(src|href)="?https?:|@import|url\(/);
	await open(to, async (page) => {
		const boxes = Object.fromEntries(await page.evaluate(() => {
			const { boxes: all, root } = sysprof.tab.view.flameView;
			return all.map(({ branch, width }) => [branch.info.name, { width, share: branch.total / root.total,
				colour: branch.colour(sysprof.app.theme) }]);
		}));
		assert.equal(boxes.parse.share, 750 / 1355);
		assert.ok(Math.abs(boxes.parse.width / boxes.all.width - 750 / 1355) < 1e-9);
		assert.match(boxes.parse.colour, /^hsl\(214 /);
		assert.match(boxes.cache.colour, /^hsl\(8 /);
		assert.match(boxes.hash.colour, /^#/);
		assert.match(await page.locator('.view output').first().innerText(),
			/^old 805 ms, new 550 ms: −255 ms \(−31.7 %\), noise ±221 ms$/);
		await page.locator('#search').fill('/hash|rare/');
		await page.locator('.part-found', { hasText: '30.6 % matches' }).waitFor();
		await page.locator('#search').fill('');
		const { left, top } = await page.locator('canvas').evaluate((canvas) => canvas.getBoundingClientRect());
		await page.mouse.click(left + 100, top + 3 * 18 + 9);
		await drawn(page);
		assert.equal(await page.evaluate(() => sysprof.tab.view.flameView.focus.info.name), 'parse');
		for (const key of ['u', 'v', 'v', 't', '?'])
			await page.keyboard.press(key).then(() => drawn(page));
		await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
	});
	await open(to, async (page) => {
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
		assert.equal(await page.locator('[data-toggle=isNoisy]').getAttribute('aria-pressed'), 'true');
	}, { hash: '#view=table&noise=1', viewport: { width: 390, height: 760 } });
});

test('names that are markup or script stay text', async () => {
	const names = ['<script>pwned=1</script>', '</script><img src=x onerror=pwned=1>', '\'\\"--><svg onload=pwned=1>',
		'a\\xe2\\x80\\xaeb', 'x'.repeat(10_000), '__proto__'];
	const events = (sum) => ['start time=1s', ...names.flatMap((name, i) => [`comm time=1s pid=${10 + i} tid=${10 + i} name="${name}"`,
		`sample time=${1100 + i}ms pid=${10 + i} tid=${10 + i} cpu=0 weight=${sum}ms stack={"${name}"!"${name}"}`]), 'end time=2s\n'].join('\n');
	const { to, said } = compared(recording('before', events(10)), recording('after', events(2000)));
	await open(to, async (page) => {
		await update(page, { view: 'table', isNoisy: true });
		assert.deepEqual((await tableOf(page)).map((row) => row[5]).sort(), said.rows.map(({ name }) => name).sort());
		await update(page, { view: 'flame' });
		assert.deepEqual(await page.evaluate(() => [typeof globalThis.pwned, document.images.length,
			document.querySelectorAll('svg').length, document.scripts.length]), ['undefined', 0, 0, 1]);
	});
});
