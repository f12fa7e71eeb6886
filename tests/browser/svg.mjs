#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The flame graph as SVG in a browser: what its boxes say is what report says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportedAs, open, recording, sysprof } from './browser.mjs';

// Name, lines of the title, place and label of every box that is shown.
function boxesOf(page) {
	return page.evaluate(() => Array.from(document.querySelectorAll('.box'))
		.filter((box) => getComputedStyle(box).display !== 'none')
		.map((box) => {
			const [name, ...details] = box.querySelector('title').textContent.split('\n');
			const { x, width } = box.querySelector('rect').getBoundingClientRect();
			return { name, details, x: Math.round(x), width: Math.round(width),
				label: box.querySelector('text')?.textContent ?? '' };
		}));
}

async function click(page, name) {
	await page.locator('.box', { has: page.locator(`title:text-matches("^${name}")`) }).first().click();
}

test('boxes have the widths of functions and processes in other formats', async () => {
	const data = recording('server');
	const { rows, types: [, { total }] } = JSON.parse(sysprof('report', '-i', data, '--json', '-n', '0'));
	const folded = sysprof('export', '-i', data, '-f', 'folded', '--value', 'cpu').trim().split('\n');
	const sumOf = (process) => folded.filter((line) => line.startsWith(`${process};`))
		.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
	await open(exportedAs('svg', data), async (page) => {
		const boxes = await boxesOf(page);
		const check = (box, value) => {
			assert.ok(Math.abs(box.width - value / total * 1280) <= 2, `${box.name}: ${box.width}`);
			assert.ok(box.details[0].startsWith(`${(value / 1e6).toFixed(2)}ms, ${(value / total * 100).toFixed(2)}%`));
			assert.ok(box.label && box.name.startsWith(box.label.split('…')[0]));
		};
		for (const name of ['server', 'tool'])
			check(boxes.find((box) => box.name === name && box.details.includes('process')), sumOf(name));
		for (const { name, cum: { cpu } } of rows) {
			const own = boxes.filter((box) => box.name === name);
			if (own.length === 1)
				check(own[0], cpu);
		}
	});
});

test('it is whole without a script', async () => {
	await open(exportedAs('svg', recording('server')), async (page) => {
		const boxes = await boxesOf(page);
		assert.equal(boxes[0].label, 'all: 130.00ms');
		assert.ok(boxes.some(({ label }) => label === 'server'));
		assert.ok(boxes.every(({ x, width }) => x >= 0 && x + width <= 1201));
	}, { javaScriptEnabled: false });
});

test('a click zooms, another and Escape go back', async () => {
	await open(exportedAs('svg', recording('server')), async (page) => {
		const before = await boxesOf(page);
		await click(page, 'tool');
		const zoomed = await boxesOf(page);
		const of = (name) => zoomed.find((box) => box.name === name);
		assert.ok(of('tool').width >= 1278);
		assert.equal(zoomed[0].name, 'all: 130.00ms');
		assert.equal(of('server'), undefined);
		assert.ok(zoomed.length < before.length);
		await click(page, 'tool');
		assert.deepEqual(await boxesOf(page), before);
		await click(page, 'tool');
		await page.keyboard.press('Escape');
		assert.deepEqual(await boxesOf(page), before);
	});
});

test('search marks what matches and says its share; what lies below a match counts once', async () => {
	const data = recording('server');
	const { rows, types } = JSON.parse(sysprof('report', '-i', data, '--json', '-n', '0'));
	await open(exportedAs('svg', data), async (page) => {
		await page.keyboard.press('/');
		await page.keyboard.type('^fib$');
		const share = rows.find(({ name }) => name === 'fib').cum.cpu / types[1].total * 100;
		assert.match(await page.locator('output').textContent(), new RegExp(`^${share.toFixed(2)}% match, in `));
		assert.ok((await page.locator('.box.hit').count()) > 1);
		await page.locator('input').fill('(');
		assert.equal(await page.locator('.box.hit').count(), 0);
		assert.equal(await page.locator('output').textContent(), 'no regular expression');
		await page.keyboard.press('Escape');
		assert.equal(await page.locator('output').textContent(), '');
	});
});

test('names that are markup, script or longer than any line are text', async () => {
	const long = `ns::${'very_long_'.repeat(1000)}<int>::run`;
	const names = ['<script>alert(1)</script>', ']]><script>alert(2)</script>', '&amp;&lt;"\'', '</title><a href=\\"javascript:alert(3)\\">',
		'\\xe2\\x80\\xaeright to left', '\\xd7\\xa9\\xd7\\x9c\\xd7\\x95\\xd7\\x9d', '\\xef\\xbf\\xbf not XML', '\\x01\\x1b[2J\\xff', long];
	const text = ['meta key=command value="<img src=x onerror=alert(4)>"', 'start time=1s wall_ns=1700000000000000000',
		'comm time=1s pid=7 tid=7 name="</svg><script>"',
		...names.map((name) => `sample time=2s pid=7 tid=7 weight=10ms stack={"<b>"!"${name.replaceAll('"', '\\"').replaceAll('\\\\"', '\\"')}"}`),
		'end time=3s', ''].join('\n');
	await open(exportedAs('svg', recording('markup', text)), async (page) => {
		const shown = (await boxesOf(page)).map(({ name }) => name);
		for (const name of ['<script>alert(1)</script>', ']]><script>alert(2)</script>', '&amp;&lt;"\'',
			'</title><a href="javascript:alert(3)">', '\\xe2\\x80\\xaeright to left', 'שלום',
			'\\xef\\xbf\\xbf not XML', '\\x01\\x1b[2J\\xff'])
			assert.ok(shown.includes(name), name);
		assert.ok(shown.every((name) => name.length <= 1000));
		assert.ok(shown.some((name) => name.startsWith('ns::very_long_')));
		assert.equal(await page.locator('script').count(), 1);
		assert.equal(await page.locator('a, img, b').count(), 0);
		assert.ok((await page.locator('svg > text').first().textContent()).includes('<img src=x onerror=alert(4)>'));
		await page.keyboard.press('/');
		await page.keyboard.type('script');
		await click(page, '<script>');
	});
});
