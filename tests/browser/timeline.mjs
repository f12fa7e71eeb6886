#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The timeline in a browser; tests/data/*.events say what happens in the recordings.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { drawn, exported, open, pointOf, recording, stateOf, sysprof, until } from './browser.mjs';

const MS = 1e6;

// Nanoseconds by thread and state, between two times if they are given.
function sumsOf(page, since = -Infinity, to = Infinity) {
	return page.evaluate(([from, end]) => Object.fromEntries(sysprof.app.trace.threads
		.map(({ tid, track }) => [tid, [...track.total(from ?? -Infinity, end ?? Infinity)]])
		.filter(([, sums]) => sums.some((ns) => ns > 0))
		.map(([tid, [unknown, running, runnable, ...blocked]]) =>
			[tid, { unknown, running, runnable, blocked: blocked.reduce((sum, ns) => sum + ns, 0) }])),
	[since, to]);
}

function threadsOf(recorded, ...filters) {
	const { threads } = JSON.parse(sysprof('report', '-i', recorded, 'threads', '--json', ...filters));
	return Object.fromEntries(threads.map((thread) => [thread.tid, { unknown: thread.unknown_ns,
		running: thread.running_ns, runnable: thread.runnable_ns, blocked: thread.blocked_ns }]));
}

test('a page is one file that forbids all but its own script and style', () => {
	const file = exported(recording('timeline'));
	const text = readFileSync(file, 'utf8');
	assert.match(text, /Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'"/);
	assert.doesNotMatch(text, /(src|href)="?https?:|@import|url\(/);
	assert.ok(statSync(file).size < 300_000);
});

for (const name of ['timeline', 'waits', 'chain', 'details', 'idle', 'pauses']) {
	test(`the slices of ${name} sum to what the threads did`, async () => {
		const recorded = recording(name);
		await open(exported(recorded), async (page) => {
			assert.deepEqual(await sumsOf(page), threadsOf(recorded));
		});
	});
}

test('a cut sums to what the threads did in it, and so does a part of the page', async () => {
	const recorded = recording('timeline');
	await open(exported(recorded, '--since', '60ms', '--until', '300ms'), async (page) => {
		assert.deepEqual(await sumsOf(page), threadsOf(recorded, '--since', '60ms', '--until', '300ms'));
	});
	await open(exported(recorded), async (page) => {
		assert.deepEqual(await sumsOf(page, 170 * MS, 420 * MS),
			threadsOf(recorded, '--since', '170ms', '--until', '420ms'));
	});
});

test('sums of any stretch, through the sums that are kept, equal those slice by slice', async () => {
	const lines = ['start time=1s', 'comm time=1s pid=1 tid=1 name=a', 'task_state time=1s pid=1 tid=1 state=running'];
	for (let i = 0; i < 500; i++) {
		const time = 1_000_000 + i * 700;
		lines.push(`sched_switch time=${time + 100}us cpu=0 prev=1 state=sleeping next=0`,
			`sched_waking time=${time + 300 + i % 7 * 10}us tid=1 waker=0 cpu=0`,
			`sched_switch time=${time + 400}us cpu=0 prev=0 state=runnable next=1`);
	}
	const recorded = recording('many', `${lines.join('\n')}\nend time=2s\n`);
	await open(exported(recorded), async (page) => {
		assert.deepEqual(await sumsOf(page), threadsOf(recorded));
		const wrong = await page.evaluate(() => {
			const [{ track }] = sysprof.app.trace.threads;
			const complaints = [];
			for (let from = 0; from < 400e6; from += 12_345_678) {
				for (let to = from; to < 420e6; to += 9_876_543) {
					const want = new Float64Array(16);
					for (let i = track.from; i < track.to; i++)
						want[track.kind[i] & 15] += Math.max(0, Math.min(to, track.end[i]) - Math.max(from, track.start[i]));
					const parts = new Float64Array(16 * 10);
					track.divide(from, to + 1e-9, 10, parts);
					const got = track.total(from, to);
					for (let k = 0; k < 16; k++) {
						let sum = 0;
						for (let p = 0; p < 10; p++)
							sum += parts[p * 16 + k];
						if (got[k] !== want[k] || Math.abs(sum - want[k]) > 1)
							complaints.push([from, to, k, got[k], want[k], sum]);
					}
				}
			}
			return complaints;
		});
		assert.deepEqual(wrong, []);
	});
});

test('the wheel zooms where it points, keys zoom and move, double click shows a slice', async () => {
	await open(exported(recording('timeline')), async (page) => {
		const { x, y } = await pointOf(page, 100, 300 * MS);
		await page.mouse.move(x, y);
		await page.mouse.wheel(0, -600);
		await until(page, () => sysprof.app.state.until < 900e6);
		let state = await stateOf(page);
		assert.ok(state.since < 300 * MS && state.until > 300 * MS);
		const share = (300 * MS - state.since) / (state.until - state.since);
		assert.ok(Math.abs(share - 0.3) < 0.01, `${share}`);
		await page.keyboard.press('d');
		assert.ok((await stateOf(page)).since > state.since);
		await page.keyboard.press('0');
		await page.keyboard.press('w');
		state = await stateOf(page);
		assert.ok(state.until - state.since < 1e9);
		await page.keyboard.press('s');
		for (let i = 0; i < 60; i++)
			await page.keyboard.press('w');
		state = await stateOf(page);
		assert.ok(state.until - state.since < 100, 'down to nanoseconds');
		await page.keyboard.press('0');
		const slice = await pointOf(page, 100, 140 * MS);
		await page.mouse.dblclick(slice.x, slice.y);
		await until(page, () => sysprof.app.state.since > 60e6 && sysprof.app.state.until < 230e6);
	});
});

test('dragging moves the time', async () => {
	await open(exported(recording('timeline')), async (page) => {
		await page.keyboard.press('w');
		await page.keyboard.press('w');
		const before = await stateOf(page);
		await page.mouse.move(800, 280);
		await page.mouse.down();
		await page.mouse.move(600, 280, { steps: 3 });
		await page.mouse.up();
		const now = await stateOf(page);
		assert.ok(now.since > before.since && now.until - now.since - (before.until - before.since) < 2);
	});
});

test('pointing at a slice tells of it; a click pins it with its stack and waker', async () => {
	await open(exported(recording('timeline')), async (page) => {
		const { x, y } = await pointOf(page, 100, 140 * MS);
		await page.mouse.move(x, y);
		await page.locator('#tip').filter({ hasText: 'blocked: pipe for 100 ms' }).waitFor();
		const tip = await page.locator('#tip').innerText();
		assert.match(tip, /on: pipe 7 from writer/);
		assert.match(tip, /waits at:\s+read\s+main/);
		await page.mouse.click(x, y);
		await page.locator('.panel').waitFor();
		const panel = await page.locator('.panel').innerText();
		assert.match(panel, /blocked: pipe for 100 ms/);
		assert.match(panel, /woken by\s+wri"ter\\ \(101\)/);
		assert.match(panel, /0\.090 000 000 s/);
		await page.keyboard.press('Escape');
		await page.locator('.panel').waitFor({ state: 'hidden' });
	});
});

test('a pinned wait has the chain of those it was waited for', async () => {
	await open(exported(recording('chain')), async (page) => {
		const { x, y } = await pointOf(page, 100, 200 * MS);
		await page.mouse.click(x, y);
		const links = page.locator('ol.chain li');
		await links.first().waitFor();
		assert.deepEqual(await links.allInnerTexts(), ['this blocked: lock for 300 ms',
			'middle (101) blocked: condvar for 200 ms', 'last (102) blocked: disk for 250 ms',
			'an interrupt woke last: a device or a timer']);
		await links.nth(1).locator('button').click();
		await until(page, () => sysprof.app.state.pin?.thread.tid === 101);
	});
});

test('a pause is a band across the threads of its process, with who was the last to stop', async () => {
	const recorded = recording('pauses');
	const { pauses } = JSON.parse(sysprof('report', '-i', recorded, 'pauses', '--json', '-n', '0'));
	await open(exported(recorded), async (page) => {
		const inPage = await page.evaluate(() => Array.from(sysprof.app.trace.pauses.start,
			(start, i) => Math.round(sysprof.app.trace.pauses.end[i] - start)));
		assert.deepEqual(inPage.sort(), pauses.map(({ ns }) => ns).sort());
		await page.evaluate(() => sysprof.app.look(90e6, 115e6));
		for (const tid of [100, 101]) {
			const colours = async (time) => {
				const { x, y } = await pointOf(page, tid, time);
				return page.evaluate(([at, line]) => {
					const { canvas } = sysprof.timeline;
					const { left, top } = canvas.getBoundingClientRect();
					const { data } = canvas.getContext('2d').getImageData(at - left, line - top, 12, 8);
					return new Set(new Uint32Array(data.buffer)).size;
				}, [x, y]);
			};
			assert.equal(await colours(93.3 * MS), 1, 'nothing but its state');
			assert.ok(await colours(104.5 * MS) > 1, 'hatched');
		}
		const { x, y } = await pointOf(page, 100, 104.5 * MS);
		await page.mouse.move(x, y);
		await page.locator('#tip').filter({ hasText: 'Go: GC sweep termination for 6.00 ms' }).waitFor();
		const tip = await page.locator('#tip').innerText();
		assert.match(tip, /stopped by: app \(101\)/);
		assert.match(tip, /until all stopped: 3.00 ms/);
		assert.match(tip, /last to stop: app \(103\)/);
		assert.match(tip, /the last to stop came by:\s+runtime.gcstopm\s+main.spin\s+main.main/);
		await page.mouse.click(x, y);
		await page.locator('.panel', { hasText: 'pause: Go: GC sweep termination for 6.00 ms' }).waitFor();
		assert.match(await page.locator('.panel').innerText(), /main.spin/);
		await page.keyboard.press('Escape');
		const above = await page.evaluate(() => {
			const { tracks, canvas } = sysprof.timeline;
			const box = canvas.getBoundingClientRect();
			const row = tracks.rows.find(({ process }) => process?.pid === 100);
			return { x: box.left + tracks.xOf(104.5e6), y: box.top + tracks.yOf(row) + 10 };
		});
		await page.mouse.click(above.x, above.y);
		await page.locator('.panel', { hasText: 'pause: Go: GC sweep termination for 6.00 ms' }).waitFor();
		await page.locator('#search').fill('sweep');
		await until(page, () => sysprof.app.state.found?.n === 1);
	});
});

test('search finds functions, objects and calls; next and previous go round', async () => {
	await open(exported(recording('timeline')), async (page) => {
		await page.keyboard.press('/');
		await page.keyboard.type('read');
		await until(page, () => sysprof.app.state.found);
		const { hits } = await stateOf(page);
		assert.ok(hits >= 2, `${hits}`);
		await page.keyboard.press('Enter');
		const first = await stateOf(page);
		await drawn(page);
		assert.equal(await page.locator('#hits').innerText(), `1 of ${hits}`);
		for (let i = 0; i < hits; i++)
			await page.keyboard.press('Enter');
		assert.deepEqual((await stateOf(page)).hit, first.hit);
		await page.keyboard.press('Shift+Enter');
		await drawn(page);
		assert.equal(await page.locator('#hits').innerText(), `${hits} of ${hits}`);
		await page.locator('#search').fill('/^cl[o]se$/');
		await until(page, () => sysprof.app.state.found?.n === 1);
		await page.locator('#search').fill('nothing of that name');
		await page.locator('#hits', { hasText: 'none' }).waitFor();
	});
});

test('a range shows its sums and the flame graphs of CPU and of waits', async () => {
	await open(exported(recording('timeline')), async (page) => {
		const [from, to] = [await pointOf(page, 100, 50 * MS), await pointOf(page, 100, 250 * MS)];
		const box = await page.locator('.tracks').boundingBox();
		await page.mouse.move(from.x, box.y + 10);
		await page.mouse.down();
		await page.mouse.move(to.x, box.y + 10, { steps: 4 });
		await page.mouse.up();
		await page.locator('#sums').waitFor();
		const { range: [since, end] } = await stateOf(page);
		assert.ok(Math.abs(since - 50 * MS) < MS && Math.abs(end - 250 * MS) < MS);
		const sums = await sumsOf(page, since, end);
		assert.ok(Math.abs(sums[100].blocked - 100 * MS) < 1 && sums[100].runnable === 10 * MS);
		assert.match(await page.locator('#sums').innerText(), /reader \(100\)\s+90\.\d ms\s+10\.0 ms\s+100 ms\s+pipe/);
		assert.match(await page.locator('.flames').innerText(), /There is no CPU sample/);
		await page.locator('[data-flames=waits]').click();
		await page.locator('.flames', { hasText: 'ms blocked' }).waitFor();
		const waits = await page.evaluate(() => sysprof.timeline.panel.flame.root.total);
		assert.equal(waits, sums[100].blocked + sums[101].blocked);
	});
});

test('the filter leaves what it names, and says when that is nothing', async () => {
	await open(exported(recording('timeline')), async (page) => {
		await page.locator('#filter').fill('WRI"');
		await until(page, () => sysprof.timeline.tracks.rows.length === 2);
		await page.locator('#filter').fill('xyz');
		await page.locator('.empty', { hasText: 'No process or thread has “xyz”' }).waitFor();
	});
});

test('the address brings back what was looked at', async () => {
	const file = exported(recording('chain'));
	let hash, before;
	await open(file, async (page) => {
		const { x, y } = await pointOf(page, 100, 200 * MS);
		await page.mouse.click(x, y);
		await page.locator('#search').fill('disk');
		await page.keyboard.press('Escape');
		await page.locator('#order').selectOption('waiting');
		await page.keyboard.press('w');
		await page.evaluate(() => sysprof.save());
		hash = new URL(page.url()).hash;
		before = await stateOf(page);
	});
	await open(file, async (page) => {
		const now = await stateOf(page);
		assert.deepEqual({ ...now, since: Math.round(now.since), until: Math.round(now.until) },
			{ ...before, since: Math.round(before.since), until: Math.round(before.until) });
		assert.equal(await page.locator('#search').inputValue(), 'disk');
	}, { hash });
	await open(file, async (page) => {
		assert.equal((await stateOf(page)).until, 1e9);
	}, { hash: '#t=9e99-x&range=5&pin=1@2&order=constructor&tab=__proto__&closed=,' });
});

test('what triggered from outside is a line through all rows', async () => {
	const recorded = recording('outside', ['start time=1s', 'comm time=1s pid=7 tid=7 name=a',
		'task_state time=1s pid=7 tid=7 state=running', 'trigger time=1500ms condition="signal"', 'end time=2s\n'].join('\n'));
	await open(exported(recorded), async (page) => {
		const { x, y } = await pointOf(page, 7, 500 * MS);
		const [at, beside] = await page.evaluate(([left, top]) => {
			const { canvas } = sysprof.timeline;
			const box = canvas.getBoundingClientRect();
			const columns = canvas.getContext('2d').getImageData(Math.round(left - box.left) - 20, 300, 41, 1);
			const pixels = [...new Uint32Array(columns.data.buffer)];
			return [new Set(pixels).size, pixels[0] === pixels[40]];
		}, [x, y]);
		assert.equal(at, 2);
		assert.ok(beside);
	});
});

test('a cut past the end is a page that says so', async () => {
	await open(exported(recording('timeline'), '--since', '5s'), async (page) => {
		await page.locator('.empty', { hasText: 'Nothing was recorded here' }).waitFor();
	});
});

test('100,000 threads are a page that can be scrolled and filtered', async () => {
	const lines = ['start time=1s'];
	for (let i = 0; i < 100_000; i++) {
		const [pid, tid] = [100 + i - i % 100, 100 + i];
		lines.push(`comm time=1s pid=${pid} tid=${tid} name=thread-${i}`,
			`task_state time=1s pid=${pid} tid=${tid} state=sleeping`);
	}
	for (let i = 0; i < 100_000; i++) {
		const time = 1_000_000 + 10 * i;
		lines.push(`sched_waking time=${time}us tid=${100 + i} cpu=0`,
			`sched_switch time=${time + 2}us cpu=0 prev=0 state=runnable next=${100 + i}`,
			`sched_switch time=${time + 5}us cpu=0 prev=${100 + i} state=sleeping next=0`);
	}
	await open(exported(recording('crowd', `${lines.join('\n')}\nend time=2100ms\n`)), async (page) => {
		await page.evaluate(() => sysprof.app.update({ scroll: 1e6 }));
		await drawn(page);
		assert.equal(await page.evaluate(() => sysprof.timeline.tracks.rows.length), 101_001);
		await page.locator('#filter').fill('thread-99999');
		await until(page, () => sysprof.timeline.tracks.rows.length === 2);
	});
});

test('the reader\'s theme is taken, and can be turned', async () => {
	await open(exported(recording('timeline')), async (page) => {
		assert.equal((await stateOf(page)).theme, 'dark');
		await page.locator('#theme').click();
		assert.equal((await stateOf(page)).theme, 'light');
	}, { colorScheme: 'dark' });
});

test('? lists the keys', async () => {
	await open(exported(recording('timeline')), async (page) => {
		await page.keyboard.press('?');
		await page.locator('#help', { hasText: 'pin a slice' }).waitFor();
		await page.keyboard.press('Escape');
		await page.locator('#help').waitFor({ state: 'hidden' });
	});
});

test('what was lost is said on the page', async () => {
	const recorded = recording('lossy', ['start time=1s', 'comm time=1s pid=1 tid=1 name=a',
		'task_state time=1s pid=1 tid=1 state=running', 'lost time=1500ms count=12', 'end time=2s\n'].join('\n'));
	const { audit } = JSON.parse(sysprof('report', '-i', recorded, 'threads', '--json'));
	await open(exported(recorded), async (page) => {
		assert.match(await page.locator('#audit').innerText(), /12 records lost/);
		await page.locator('#audit').click();
		assert.deepEqual((await page.locator('#audit-lines p').allInnerTexts()), audit.lines.map(({ text }) => text));
	});
});

test('names that are markup, script or 10 KB long are only text', async () => {
	const names = ['<script>pwned=1</script>', '</script><img src=x onerror=pwned=1>', '\'\\"--><svg onload=pwned=1>',
		'a\\xe2\\x80\\xaeb', 'x'.repeat(10_000), '${pwned=1}{{pwned=1}}'];
	const events = ['meta key=command value="</title><script>pwned=1</script>"', 'start time=1s'];
	names.forEach((name, i) => events.push(
		`comm time=1s pid=${10 + i} tid=${10 + i} name="${name}"`,
		`task_state time=1s pid=${10 + i} tid=${10 + i} state=sleeping why=lock nr=203 object="${name}" stack={"${name}"!"${name}"}`,
		`sample time=${1100 + i}ms pid=${10 + i} tid=${10 + i} weight_ns=1000 stack={"${name}"!"${name}"}`));
	await open(exported(recording('markup', `${events.join('\n')}\nend time=2s\n`)), async (page) => {
		for (let i = 0; i < names.length; i++) {
			const { x, y } = await pointOf(page, 10 + i, 100 * MS);
			await page.mouse.click(x, y);
			await until(page, (tid) => sysprof.app.state.pin?.thread.tid === tid, 10 + i);
		}
		await page.locator('#search').fill('</script><img');
		await page.keyboard.press('Enter');
		await page.evaluate(() => sysprof.app.update({ pin: null, range: [0, 1e9] }));
		await page.locator('[data-flames=waits]').click();
		await drawn(page);
		assert.ok((await page.locator('#sums').innerText()).includes('<script>pwned=1</script> (10)'));
		assert.equal(await page.locator('#title').innerText(), '</title><script>pwned=1</script>');
		assert.deepEqual(await page.evaluate(() => [typeof globalThis.pwned, document.images.length,
			document.querySelectorAll('svg').length, document.scripts.length]), ['undefined', 0, 0, 1]);
	});
});

test('a narrow window shows all there is, without scrolling sideways', async () => {
	await open(exported(recording('chain')), async (page) => {
		const { x, y } = await pointOf(page, 100, 200 * MS);
		await page.mouse.click(x, y);
		await page.locator('.panel').waitFor();
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	}, { viewport: { width: 390, height: 760 } });
});

test('the flame graph of CPU samples sums to the profile, whichever way it grows', async () => {
	const recorded = recording('server');
	const { types } = JSON.parse(sysprof('report', '-i', recorded, 'cpu', '--json'));
	const total = types.find(({ type }) => type === 'cpu').total;
	assert.ok(total > 0);
	// Its threads have states here, so that there is a timeline.
	const states = readFileSync(new URL('../data/server.events', import.meta.url), 'utf8').split('\n')
		.flatMap((line) => /^comm time=(\S+) pid=(\d+) tid=(\d+)/.test(line) ?
			[line, line.replace(/^comm time=(\S+) pid=(\d+) tid=(\d+).*/, 'task_state time=$1 pid=$2 tid=$3 state=running')] : line);
	await open(exported(recording('server-states', states.join('\n'))), async (page) => {
		await page.locator('[role=tab]', { hasText: 'CPU' }).click();
		const sumOf = () => page.evaluate(() => {
			const { root } = sysprof.tab.view.flameView;
			const sum = (branch) => branch.children.reduce((ns, child) => ns + sum(child), branch.self);
			return [root.total, sum(root)];
		});
		await page.locator('.view:not([hidden]) .flame').first().waitFor();
		await drawn(page);
		assert.deepEqual(await sumOf(), [total, total]);
		await page.keyboard.press('i');
		await drawn(page);
		assert.deepEqual(await sumOf(), [total, total]);
	});
});

for (const name of ['timeline', 'waits', 'details', 'idle']) {
	test(`what is shown of ${name} before its slices are read is what they sum to`, async () => {
		await open(exported(recording(name)), async (page) => {
			const { overview, sums, n } = await page.evaluate(() => {
				const { trace, trace: { overview: { n: nParts, sums: ofParts }, span, threads } } = sysprof.app;
				const exact = new Float64Array(ofParts.length);
				const end = nParts * Math.ceil(span / nParts);
				threads.forEach(({ track }) => track.divide(0, end, nParts, exact));
				return { overview: ofParts.reduce((most, ns, i) => Math.max(most, i % 16 === 1 || i % 16 === 2 ?
					Math.abs(ns - exact[i]) : ns), 0),
				sums: threads.map(({ sums: told, track, nSlices }) => [[...told], nSlices, [...track.total(-Infinity, Infinity)],
					track.to - track.from]), n: trace.states.start.length };
			});
			assert.ok(overview < 0.5, `${overview} ns`);
			assert.ok(n > 0);
			for (const [told, nSlices, read, nRead] of sums)
				assert.deepEqual([told, nSlices], [read, nRead]);
			const { ready, whole } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
			assert.ok(Number(ready) <= Number(whole));
		});
	});
}

test('the slices are not read before their tab is looked at', async () => {
	await open(exported(recording('waits')), async (page) => {
		assert.equal(await page.evaluate(() => sysprof.app.trace.isWhole), false);
		assert.ok(await page.locator('script[data-table=states]').count() > 0);
		await page.locator('[data-tab=timeline]').click();
		await until(page, () => document.documentElement.dataset.whole);
		assert.equal(await page.locator('script[data-table]').count(), 0);
		assert.ok(await page.evaluate(() => sysprof.app.trace.states.start.length) > 0);
	}, { hash: '#tab=block' });
});

test('memory in use has tracks, of all and of the stacks that had most, whose slices say how much', async () => {
	await open(exported(recording('memory')), async (page) => {
		const tracks = await page.evaluate(() => {
			const { trace } = sysprof.app;
			const { slices, tracks: all } = trace.others;
			return Object.fromEntries(all.map(({ name, track }) => [name, Array.from({ length: track.to - track.from },
				(_, i) => [slices.start[track.from + i] / 1e6, slices.end[track.from + i] / 1e6,
					trace.texts[slices.items.name[slices.item[track.from + i]]]])]));
		});
		assert.deepEqual(tracks['memory in use'].slice(0, 3),
			[[500, 1000, '1000 B'], [1000, 2000, '1.95 KiB'], [2000, 2500, '5.86 KiB']]);
		assert.deepEqual(tracks['memory in use'].at(-1), [6000, 10000, '1000 B']);
		assert.deepEqual(tracks['memory in use: parse ← main'], [[2000, 2500, '3.91 KiB']]);
		assert.deepEqual(tracks['memory in use: job ← main'], [[5000, 6000, '500 B']]);
	});
});
