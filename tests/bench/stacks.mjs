// SPDX-License-Identifier: GPL-2.0-only
// usage: stacks.mjs PAGE
// Open the flame graph of a page, do what people do, and print what its script took, in milliseconds.
import { createRequire } from 'node:module';
import path from 'node:path';

const { chromium } = createRequire(`${process.env.O}/browser/`)('playwright-core');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`file://${path.resolve(process.argv[2])}#tab=cpu`);
await page.waitForFunction(() => document.documentElement.dataset.ready);

const figures = await page.evaluate(async () => {
	const { app, tab: { view, view: { flameView } } } = sysprof;
	const timed = async (act) => {
		await new Promise(requestAnimationFrame);
		const begun = performance.now();
		act();
		app.drawNow();
		return performance.now() - begun;
	};
	const click = ({ x, width, top }) => {
		const box = flameView.canvas.getBoundingClientRect();
		flameView.canvas.dispatchEvent(new MouseEvent('click', { clientX: box.left + x + width / 2, clientY: box.top + top + 5 }));
	};
	const search = (text) => {
		const input = document.getElementById('search');
		input.value = text;
		input.dispatchEvent(new Event('input'));
	};
	const clicks = [];
	for (let i = 0; i < 8; i++) {
		const inside = flameView.boxes.filter(({ branch, width }) => branch.depth > flameView.focus.depth && width > 20);
		clicks.push(await timed(() => inside.length ? click(inside[inside.length >> 1]) : app.update({ zoom: [] })));
	}
	app.update({ zoom: [] });
	const searches = [];
	for (const text of ['part_4', '/part_[35]7::.*int, 1/', 'do_the_work'])
		searches.push(await timed(() => search(text)));
	search('');
	return { first: document.documentElement.dataset.ready, nodes: view.tree.n, click: Math.max(...clicks),
		search: Math.max(...searches), range: await timed(() => app.update({ range: [10e9, 20e9] })),
		inverted: await timed(() => app.update({ range: null, isInverted: true })),
		group: await timed(() => app.update({ isInverted: false, group: 'thread' })),
		table: await timed(() => app.update({ group: 'none', view: 'table' })) };
});
for (const [name, value] of Object.entries(figures))
	console.log(name, value);
await browser.close();
