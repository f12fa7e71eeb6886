#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The profiles of a page in a browser: what is on the screen is what `report --json` says.
import assert from 'node:assert/strict';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatOf, percent } from '../../src/ui/assets/units.js';
import { drawn, exported, exportedAs, open, recording, sourcesIn, sysprof, until } from './browser.mjs';

// Which of tests/data holds what.
const PROFILES = [['server', 'cpu'], ['waits', 'block'], ['idle', 'block'], ['locks', 'mutex'], ['syscalls', 'syscalls'],
	['heap', 'heap'], ['heap', 'allocs']];

function report(recorded, profile, ...options) {
	return JSON.parse(sysprof('report', '-i', recorded, profile, '--json', '--tree', '--min', '0', '-n', '0', ...options));
}

const update = (page, changes) => page.evaluate((wanted) => sysprof.app.update(wanted), changes).then(() => drawn(page));

// The rows of the table in view, as what stands in each column.
function tableOf(page, table = '.table:not(.lines *)') {
	return page.locator(`.view:not([hidden]) ${table} tbody tr:not([aria-hidden])`).evaluateAll((rows) =>
		rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
}

const byText = (a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;

// What the table should show of a report's @rows.
function wanted({ rows, types }, type, isGroup, nameOf = ({ name }) => name) {
	const format = formatOf(types.find((candidate) => candidate.type === type).unit);
	const { total } = types.find((candidate) => candidate.type === type);
	return rows.filter(({ cum }) => cum[type] > 0).map((row) => [format(row.flat[type]), percent(row.flat[type], total),
		...isGroup ? [] : [format(row.cum[type]), percent(row.cum[type], total)], nameOf(row)]).sort(byText);
}

function linesOf({ rows, types }, type) {
	const format = formatOf(types.find((candidate) => candidate.type === type).unit);
	return rows.filter(({ cum }) => cum[type] > 0).map(({ flat, cum, name, file = '', line }) =>
		[format(flat[type]), format(cum[type]), name, line ? `${file}:${line}` : file]).sort(byText);
}

// Each way from the root with what it and all below it is worth, of a list of nodes that name their parents.
function waysOf(nodes, type) {
	const ways = [];
	for (const { parent, name, cum } of nodes)
		ways.push({ way: parent < 0 ? name : `${ways[parent].way} > ${name}`, value: cum[type] });
	return Object.fromEntries(ways.filter(({ value }) => value > 0).map(({ way, value }) => [way, value]));
}

// The same of what a flame graph draws, from the branches below its root, or with it.
function branchesOf(page, view, withRoot = false) {
	return page.evaluate(([which, isFirst]) => {
		const { view: tab } = sysprof.tab;
		const { root } = which < 0 ? tab.flameView : tab.sideViews[which];
		const ways = {};
		const add = (branch, way) => {
			ways[way] = branch.total;
			branch.children.forEach((child) => add(child, `${way} > ${child.info.name}`));
		};
		if (isFirst)
			add(root, root.info.name);
		else
			root.children.forEach((child) => add(child, child.info.name));
		return ways;
	}, [view, withRoot]);
}

for (const [name, profile] of PROFILES) {
	test(`the flame graphs of ${profile} in ${name} are the trees of the report`, async () => {
		const recorded = recording(name);
		await open(exported(recorded), async (page) => {
			const said = report(recorded, profile);
			for (const { type } of said.types) {
				await update(page, { view: 'flame', value: type });
				assert.deepEqual(await branchesOf(page, -1), waysOf(said.tree, type));
				await update(page, { isInverted: true });
				const inverted = await page.evaluate(() => sysprof.tab.view.flameView.root.children.map(({ info, total }) => [info.name, total]));
				assert.deepEqual(inverted.sort(byText), said.rows.filter(({ flat }) => flat[type] > 0)
					.map((row) => [row.name, row.flat[type]]).sort(byText));
				await update(page, { isInverted: false });
			}
			const { type } = said.types.at(-1);
			for (const { name: fn } of said.rows.filter(({ cum }) => cum[type] > 0)) {
				await update(page, { view: 'sandwich', value: type, fn });
				for (const [i, side] of ['callers', 'callees'].entries()) {
					const { [side]: [nodes] } = JSON.parse(sysprof('report', '-i', recorded, profile, '--json',
						`--${side}`, `^${fn.replace(/[[\]().*+?^${}|\\]/g, '\\$&')}$`, '--min', '0', '--value', type));
					assert.deepEqual(await branchesOf(page, i, true), waysOf(nodes, type));
				}
			}
		}, { hash: `#tab=${profile}` });
	});
}

for (const [name, profile] of PROFILES) {
	test(`the tables of ${profile} in ${name} are those of the report`, async () => {
		const recorded = recording(name);
		await open(exported(recorded), async (page) => {
			const said = report(recorded, profile);
			for (const { type, unit, total } of said.types) {
				await update(page, { view: 'table', by: 'function', value: type });
				assert.equal(await page.locator('.view:not([hidden]) output').first().innerText(),
					`${formatOf(unit)(total)} ${type.replaceAll('_', ' ')}`);
				assert.deepEqual((await tableOf(page)).map((row) => row.slice(0, 5)).sort(byText), wanted(said, type, false));
			}
			const { type } = said.types.at(-1);
			await update(page, { by: 'line' });
			assert.deepEqual((await tableOf(page)).map(([flat, , cum, , ...row]) => [flat, cum, ...row]).sort(byText),
				linesOf(report(recorded, profile, '--by', 'line'), type));
			await update(page, { by: 'module' });
			const short = (path) => path.startsWith('/') ? path.split('/').at(-1) : path;
			assert.deepEqual((await tableOf(page)).sort(byText),
				wanted(report(recorded, profile, '--by', 'module'), type, false, ({ name: path }) => short(path)));
			const byCpu = report(recorded, profile, '--by', 'cpu').rows;
			if (await page.evaluate(() => sysprof.tab.view.model.hasCpus)) {
				await update(page, { by: 'cpu' });
				assert.deepEqual((await tableOf(page)).sort(byText), wanted({ ...said, rows: byCpu }, type, true, (row) => `CPU ${row.name}`));
			}
			await update(page, { by: 'process' });
			assert.deepEqual((await tableOf(page)).sort(byText),
				wanted(report(recorded, profile, '--by', 'process'), type, true, (row) => `${row.name} (${row.pid})`));
			await update(page, { by: 'thread' });
			assert.deepEqual((await tableOf(page)).sort(byText),
				wanted(report(recorded, profile, '--by', 'thread'), type, true, (row) => `${row.name} (${row.tid})`));
		}, { hash: `#tab=${profile}` });
	});
}

// By file and line what a report's rows say: flat, and cum where one function has the line for its own.
function placesOf({ rows }, type) {
	const places = {};
	for (const { file, line, flat, cum } of rows.filter((row) => row.file && row.line && row.cum[type] > 0)) {
		const place = places[`${file}:${line}`] ??= { flat: 0, cum: 0, n: 0 };
		place.flat += flat[type];
		place.cum += cum[type];
		place.n++;
	}
	return places;
}

async function assertSource(page, said, { type, unit, total }) {
	const places = placesOf(said, type);
	const format = formatOf(unit);
	const shown = {};
	const files = await page.locator('.view:not([hidden]) .lines select option').evaluateAll((options) => options.map(({ value }) => value));
	for (const file of files) {
		await update(page, { file });
		for (const [flat, flatPart, cum, cumPart, line] of (await tableOf(page, '.lines .table')).filter((row) => row[2]))
			shown[`${file}:${line}`] = [flat, flatPart, cum, cumPart];
	}
	assert.deepEqual(Object.keys(shown).sort(), Object.keys(places).sort());
	for (const [place, { flat, cum, n }] of Object.entries(places)) {
		assert.deepEqual(shown[place].slice(0, 2), flat ? [format(flat), percent(flat, total)] : ['', ''], place);
		if (n === 1)
			assert.deepEqual(shown[place].slice(2), [format(cum), percent(cum, total)], place);
	}
}

for (const [name, profile] of PROFILES) {
	test(`the lines of source of ${profile} in ${name} are worth what the report says`, async () => {
		const recorded = recording(name);
		await open(exported(recorded), async (page) => {
			for (const kind of report(recorded, profile).types) {
				await update(page, { value: kind.type });
				await assertSource(page, report(recorded, profile, '--by', 'line'), kind);
			}
		}, { hash: `#tab=${profile}&view=source` });
	});
}

test('the text of hot lines is in the page, of source files only, and as text', async () => {
	const place = sourcesIn('sources');
	const text = Array.from({ length: 100 }, (_, i) => i === 49 ? '\t</script><script>pwned=1</script> & \u202e' : `\tline(${i + 1});`);
	writeFileSync(`${place}/hot.c`, `${text.join('\n')}\n`);
	writeFileSync(`${place}/secret`, 'a secret\n');
	symlinkSync('secret', `${place}/link.c`);
	const paths = [`${place}/hot.c`, `${place}/secret`, `${place}/link.c`, `${place}/gone.rs`, '/dev/zero', place];
	const events = paths.map((file, i) => `sample time=${1100 + i}ms pid=1 tid=1 cpu=0 weight=1ms stack={a!f${i}@"${file}":${i ? 1 : 50}}`);
	const recorded = recording('sources', `start time=1s\n${events.join('\n')}\nend time=2s\n`);
	const lines = (page) => tableOf(page, '.lines .table');
	await open(exported(recorded), async (page) => {
		await update(page, { file: paths[0] });
		const rows = await lines(page);
		assert.deepEqual(rows.map((row) => Number(row[4])), Array.from({ length: 17 }, (_, i) => 42 + i));
		assert.equal(rows[0][5], '\tline(42);');
		assert.deepEqual(rows[8].slice(0, 1).concat(rows[8].slice(5)), ['1.00 ms', '\t</script><script>pwned=1</script> & \\xe2\\x80\\xae']);
		for (const file of paths.slice(1)) {
			await update(page, { file });
			assert.deepEqual((await lines(page)).map((row) => row.slice(4)), [['1', '']], file);
			assert.match(await page.locator('.lines output').innerText(), /not found/);
		}
		await page.evaluate(() => sysprof.save());
		assert.ok(page.url().includes('view=source') && page.url().includes('file='));
		assert.equal(await page.evaluate(() => typeof globalThis.pwned), 'undefined');
		await update(page, { view: 'table', by: 'line' });
		await page.locator('.table td', { hasText: 'f0' }).first().click();
		await drawn(page);
		assert.deepEqual(await page.evaluate(() => [sysprof.app.state.view, sysprof.app.state.file]), ['source', paths[0]]);
	}, { hash: '#tab=cpu&view=source' });
	await open(exportedAs('html', recorded, '--no-source'), async (page) => {
		assert.equal((await lines(page)).length, 1);
		assert.match(await page.locator('.lines output').innerText(), /made without/);
	}, { hash: `#tab=cpu&view=source&file=${encodeURIComponent(paths[0])}` });
});

test('a range that is dragged over the heat map is what all views are of', async () => {
	const recorded = recording('server');
	await open(exported(recorded), async (page) => {
		const box = await page.locator('.heat').boundingBox();
		const pointOfCell = (cell) => page.evaluate((i) => {
			const { width, height, n } = sysprof.tab.view.heatMap;
			const rows = Math.round(sysprof.tab.view.heatMap.column / sysprof.tab.view.heatMap.cell);
			return [12 + (Math.floor(i / rows) + 0.5) * width, 16 + (i % rows + 0.5) * height, n];
		}, cell);
		await drawn(page);
		const cellNs = await page.evaluate(() => sysprof.tab.view.heatMap.cell);
		const [first, last] = [Math.round(300e6 / cellNs), Math.round(800e6 / cellNs) - 1];
		const [from, to] = [await pointOfCell(first), await pointOfCell(last)];
		await page.mouse.move(box.x + from[0], box.y + from[1]);
		await page.mouse.down();
		await page.mouse.move(box.x + to[0], box.y + to[1], { steps: 5 });
		await page.mouse.up();
		await drawn(page);
		assert.deepEqual(await page.evaluate(() => sysprof.app.state.range), [300e6, 800e6]);
		const said = report(recorded, 'cpu', '--since', '300ms', '--until', '800ms');
		assert.ok(said.rows.length > 0);
		assert.deepEqual(await branchesOf(page, -1), waysOf(said.tree, 'cpu'));
		await update(page, { view: 'table' });
		assert.deepEqual((await tableOf(page)).map((row) => row.slice(0, 5)).sort(byText), wanted(said, 'cpu', false));
		await page.keyboard.press('Escape');
		await drawn(page);
		assert.equal(await page.evaluate(() => sysprof.app.state.range), null);
	}, { hash: '#tab=cpu' });
});

// Two threads that wait for locks and disks, from microseconds to half a second, and make calls; all is sampled.
function waiting() {
	const lines = ['start time=1s'];
	for (const tid of [1, 2])
		lines.push(`comm time=1s pid=1 tid=${tid} name=t${tid}`, `task_state time=1s pid=1 tid=${tid} state=running`);
	for (const tid of [1, 2]) {
		let time = 1_000_000 + tid * 777;
		for (let i = 0; time < 2_800_000; i++) {
			const wait = i % 13 ? i * 7919 % 23_000 + 10 : 400_000;
			lines.push(`sched_switch time=${time}us cpu=${tid} prev=${tid} state=sleeping next=0`,
				`wait_stack time=${time}001ns pid=1 tid=${tid} cpu=${tid} why=${i % 2 ? 'lock' : 'disk'} nr=${i % 2 ? 203 : 1} ` +
					`period=1 stack={srv!main;srv!f${i % 3};libc!wait}`,
				`sched_waking time=${time + wait}us tid=${tid} waker=0 cpu=${tid}`,
				`sched_switch time=${time + wait + 10}us cpu=${tid} prev=0 state=runnable next=${tid}`,
				`syscall_stack time=${time + wait + 100}us pid=1 tid=${tid} nr=1 period=1 stack={srv!main;srv!g${i % 2};libc!write}`,
				`syscall time=${time + wait + 900}us tid=${tid} cpu=${tid} nr=1 duration=800us result=1`);
			time += wait + 5000;
		}
	}
	return recording('waiting', `${lines.join('\n')}\nend time=4s\n`);
}

// Threads that fight for two locks, and allocate, for three seconds; what is allocated is freed a while later, or never.
function fighting() {
	const lines = ['start time=1s', 'meta key=heap_rate value=1000', 'comm time=1s pid=1 tid=1 name=t1'];
	const at = (us, line) => lines.push([us, line]);
	for (const tid of [2, 3, 4])
		lines.push(`comm time=1s pid=1 tid=${tid} name=t${tid}`, `task_state time=1s pid=1 tid=${tid} state=running`);
	for (const tid of [2, 3, 4]) {
		let time = 1_000_500 + tid * 1777;
		for (let i = 0; time < 3_200_000; i++) {
			const wait = i % 11 ? i * 7919 % 23_000 + 10 : 300_000;
			const word = `0x${(0x404040 + tid % 2 * 64).toString(16)}`;
			at(time, `sched_switch time=${time}us cpu=${tid} prev=${tid} state=sleeping next=0`);
			at(time + 0.001, `wait_stack time=${time}001ns pid=1 tid=${tid} cpu=${tid} why=lock nr=203 period=1 ` +
				`stack={srv!main;srv!f${i % 3};libc!pthread_mutex_lock} object="futex ${word} srv+0x40" address=${word}`);
			at(time + wait, `sched_waking time=${time + wait}us tid=${tid} waker=1 cpu=${tid}`);
			at(time + wait - 0.001, `wake_stack time=${time + wait - 1}999ns pid=1 tid=1 cpu=1 woken=${tid} period=1 ` +
				`stack={srv!main;srv!u${i % 2};libc!pthread_mutex_unlock} address=${word}`);
			at(time + wait + 10, `sched_switch time=${time + wait + 10}us cpu=${tid} prev=0 state=runnable next=${tid}`);
			at(time + wait + 100, `alloc time=${time + wait + 100}us pid=1 tid=${tid} cpu=0 address=0x${tid}${1000 + i} ` +
				`size=${i % 7 * 16 + 48} weight=${1000 + i % 5} stack={srv!main;srv!g${i % 3}}`);
			if (i % 4)
				at(time + wait + 4000, `free time=${time + wait + 4000}us pid=1 tid=${tid} cpu=0 address=0x${tid}${1000 + i}`);
			time += wait + 5000;
		}
	}
	const fixed = lines.filter((line) => typeof line === 'string');
	const events = lines.filter((line) => typeof line !== 'string').sort(([a], [b]) => a - b).map(([, line]) => line);
	return recording('fighting', `${[...fixed, ...events].join('\n')}\nend time=4s\n`);
}

const OF_RANGES = [['block', 'delay', waiting], ['syscalls', 'time', waiting], ['syscalls', 'calls', waiting],
	['cpu', 'samples', () => recording('server')], ['mutex', 'delay', fighting], ['heap', 'alloc_space', fighting],
	['allocs', 'alloc_space', fighting]];

for (const [profile, type, make] of OF_RANGES) {
	test(`the ${type} of ${profile} in a range is what the report says of it`, async () => {
		const recorded = make();
		await open(exported(recorded), async (page) => {
			const [cell, span] = await page.evaluate(() => [Number(sysprof.app.trace.facts.get('page.slot_ns')), sysprof.app.trace.span]);
			const cells = Math.floor(span / cell);
			for (const [from, to] of [[0.1, 0.4], [0.15, 0.17], [0.32, 1]]) {
				const range = [Math.round(from * cells) * cell, Math.round(to * cells) * cell];
				await update(page, { value: type, range });
				const said = report(recorded, profile, '--since', `${range[0]}ns`, '--until', `${range[1]}ns`);
				const shown = await branchesOf(page, -1);
				assert.ok(profile === 'cpu' || said.tree.length > 3);
				assert.deepEqual(Object.fromEntries(Object.entries(shown).map(([way, value]) => [way, Math.round(value)])),
					waysOf(said.tree, type), `${range}`);
			}
		}, { hash: `#tab=${profile}` });
	});
}

test('a filter of threads and a function in focus leave what the report leaves', async () => {
	const recorded = recording('server');
	await open(exported(recorded), async (page) => {
		await update(page, { filter: 'worker' });
		assert.deepEqual(await branchesOf(page, -1), waysOf(report(recorded, 'cpu', '--thread', 'worker').tree, 'cpu'));
		await update(page, { filter: '', focus: 'fib' });
		assert.deepEqual(await branchesOf(page, -1), waysOf(report(recorded, 'cpu', '--focus', '^fib$').tree, 'cpu'));
		await page.locator('.chips button', { hasText: 'only stacks with fib' }).click();
		await update(page, { isMerged: true, hidden: ['serve'] });
		const ways = Object.keys(await branchesOf(page, -1));
		assert.ok(ways.includes('clone3 > fib > add') && ways.includes('main > parse > next_char'), ways.join('\n'));
		assert.ok(!ways.some((way) => way.includes('fib > fib') || way.includes('serve')));
	}, { hash: '#tab=cpu' });
});

test('search says how much of the profile matches; by process, they are the roots', async () => {
	const recorded = recording('server');
	await open(exported(recorded), async (page) => {
		const { types, tree } = report(recorded, 'cpu');
		const { total } = types.find(({ type }) => type === 'cpu');
		const fib = tree.filter(({ name, parent }) => name === 'fib' && tree[parent]?.name !== 'fib').reduce((sum, { cum }) => sum + cum.cpu, 0);
		await page.locator('#search').fill('/^f[i]b$/');
		await page.locator('.part-found', { hasText: `${percent(fib, total)} matches` }).waitFor();
		await page.locator('#search').fill('');
		await page.locator('select[name=group]').selectOption('process');
		await drawn(page);
		const roots = await page.evaluate(() => sysprof.tab.view.flameView.root.children.map(({ info, total: ns }) => [info.name, ns]));
		assert.deepEqual(roots.sort(byText), report(recorded, 'cpu', '--by', 'process').rows
			.map(({ name, pid, cum }) => [`${name} (${pid})`, cum.cpu]).sort(byText));
	}, { hash: '#tab=cpu' });
});

test('back and forward go through what was looked at, and the address brings it back', async () => {
	const file = exported(recording('server'));
	let hash;
	await open(file, async (page) => {
		const step = async (act) => {
			await act();
			await drawn(page);
			await page.evaluate(() => sysprof.save());
		};
		await step(() => page.locator('.flame').first().click({ position: { x: 100, y: 27 } }));
		const zoom = await page.evaluate(() => sysprof.app.state.zoom);
		assert.equal(zoom.length, 1);
		await step(() => page.locator('.view:not([hidden]) [data-view=table]').click());
		await step(() => page.locator('.table td', { hasText: 'next_char' }).first().click());
		assert.equal(await page.evaluate(() => sysprof.app.state.view), 'sandwich');
		hash = new URL(page.url()).hash;
		await page.goBack();
		await until(page, () => sysprof.app.state.view === 'table');
		await page.goBack();
		await until(page, () => sysprof.app.state.view === 'flame' && sysprof.app.state.zoom.length === 1);
		await page.goBack();
		await until(page, () => sysprof.app.state.zoom.length === 0);
		await page.goForward();
		await until(page, () => sysprof.app.state.zoom.length === 1);
	}, { hash: '#tab=cpu' });
	await open(file, async (page) => {
		assert.deepEqual(await page.evaluate(() => [sysprof.app.state.view, sysprof.app.state.fn]), ['sandwich', 'next_char']);
		assert.match(await page.locator('.sides').innerText(), /Who calls next_char/);
	}, { hash });
});

test('keys and clicks with keys held do what the help says', async () => {
	await open(exported(recording('server')), async (page) => {
		const state = (name) => page.evaluate((key) => sysprof.app.state[key], name);
		const press = (key) => page.keyboard.press(key).then(() => drawn(page));
		const clickOn = async (depth, modifiers) => {
			await page.locator('.flame').first().click({ position: { x: 60, y: depth * 18 + 9 }, modifiers });
			await drawn(page);
		};
		await press('i');
		assert.equal(await state('isInverted'), true);
		await clickOn(1, ['Control']);
		assert.equal(await state('isInverted'), false);
		await press('r');
		assert.equal(await state('isMerged'), true);
		await clickOn(1, ['Alt']);
		const [hidden] = await state('hidden');
		assert.ok(hidden);
		await page.locator('.chips button', { hasText: `without ${hidden}` }).click();
		await clickOn(2, []);
		assert.equal((await state('zoom')).length, 2);
		await press('u');
		assert.equal((await state('zoom')).length, 1);
		await press('Escape');
		assert.equal((await state('zoom')).length, 0);
		await clickOn(1, ['Shift']);
		assert.equal(await state('view'), 'sandwich');
		for (const key of ['v', 'f', 'w', 'n', '0', 'PageDown', 'ArrowUp', '2', '9'])
			await press(key);
		assert.equal(await state('view'), 'table');
	});
});

test('a page is printed in light colours, whatever it is read in', async () => {
	await open(exported(recording('server')), async (page) => {
		await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
		assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
		await page.evaluate(() => dispatchEvent(new Event('afterprint')));
		assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
	}, { colorScheme: 'dark' });
});

test('a recording without switches has a page of its profiles', async () => {
	const recorded = recording('server');
	await open(exported(recorded), async (page) => {
		assert.equal(await page.locator('#tabs').isVisible(), false);
		assert.equal(await page.locator('[role=tab]').count(), 1);
		assert.match(await page.locator('.view output').first().innerText(), /130 ms cpu/);
	});
});

test('the tables that are not about stacks are those of the report', async () => {
	const recorded = recording('syscalls');
	const { syscalls } = JSON.parse(sysprof('report', '-i', recorded, 'syscalls', '--json'));
	await open(exported(recorded), async (page) => {
		await page.locator('.view:not([hidden]) [data-view=sheet]').click();
		await drawn(page);
		const [duration, count] = [formatOf('nanoseconds'), formatOf('count')];
		const shown = await page.locator('.sheet .table tbody tr:not([aria-hidden])').evaluateAll((rows) =>
			rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
		assert.deepEqual(shown, syscalls.map((row) => [row.syscall, row.name, String(row.tid), count(row.calls), count(row.errors),
			duration(row.total_ns), duration(row.mean_ns), duration(row.p99_ns), duration(row.max_ns)]));
	}, { hash: '#tab=syscalls' });
});

// A thread or more, as the reports' sheets show it: the @keys of each row with their formats.
const AS = { text: (value) => value, id: String, count: formatOf('count'), ns: formatOf('nanoseconds') };
const LATENCY = {
	threads: { name: 'text', tid: 'id', count: 'count', preempted: 'count', total_ns: 'ns', mean_ns: 'ns', p50_ns: 'ns', p99_ns: 'ns', max_ns: 'ns' },
	histogram: { from_ns: 'ns', count: 'count', total_ns: 'ns' },
	instead: { name: 'text', tid: 'id', count: 'count', total_ns: 'ns' },
};

async function assertLatency(page, said) {
	for (const [i, [name, keys]] of Object.entries(LATENCY).entries()) {
		await update(page, { sheet: i });
		assert.deepEqual(await tableOf(page), said[name].map((row) => Object.entries(keys).map(([key, as]) => AS[as](row[key]))), name);
	}
}

for (const [name, make] of [['waits', () => recording('waits')], ['idle', () => recording('idle')], ['a busy one', waiting]]) {
	test(`the waits for a CPU of ${name} are those of the report, in all and in a range`, async () => {
		const recorded = make();
		const latency = (...args) => JSON.parse(sysprof('report', '-i', recorded, 'latency', '--json', ...args));
		await open(exported(recorded), async (page) => {
			await until(page, () => sysprof.app.trace.isWhole);
			await assertLatency(page, latency());
			const span = await page.evaluate(() => sysprof.app.trace.span);
			for (const range of [[0.05, 0.31], [0.45, 0.62], [0.3, 1]].map((ends) => ends.map((end) => Math.round(end * span)))) {
				await update(page, { range });
				await assertLatency(page, latency('--since', `${range[0]}ns`, '--until', `${range[1]}ns`));
			}
			await drawn(page);
			const box = await page.locator('.view:not([hidden]) .heat').boundingBox();
			await page.mouse.move(box.x + 0.2 * box.width, box.y + 50);
			await page.mouse.down();
			await page.mouse.move(box.x + 0.7 * box.width, box.y + 60, { steps: 3 });
			await page.mouse.up();
			await drawn(page);
			const dragged = await page.evaluate(() => sysprof.app.state.range);
			await assertLatency(page, latency('--since', `${dragged[0]}ns`, '--until', `${dragged[1]}ns`));
		}, { hash: '#tab=latency' });
	});
}

test('what is said of the recording is what the report says of it', async () => {
	for (const [name, profile] of PROFILES) {
		const recorded = recording(name);
		const { audit: { lines } } = JSON.parse(sysprof('report', '-i', recorded, profile, '--json', '--tree'));
		await open(exported(recorded), async (page) => {
			await page.locator('#audit').click();
			assert.deepEqual(await page.locator('#audit-lines p').allInnerTexts(), lines.map(({ text }) => text), name);
			assert.deepEqual(await page.locator('#audit-lines p.flaw').allInnerTexts(),
				lines.filter((line) => line.is_flaw).map(({ text }) => text), name);
		});
	}
});

test('functions whose names are markup, script, right to left or 10 KB long are only text', async () => {
	const names = ['<script>pwned=1</script>', '</script><img src=x onerror=pwned=1>', '\'\\"--><svg onload=pwned=1>',
		'a\\xe2\\x80\\xaeb', 'x'.repeat(10_000), '${pwned=1}{{pwned=1}}', 'constructor', '__proto__'];
	const events = ['start time=1s'];
	names.forEach((name, i) => events.push(`comm time=1s pid=${10 + i} tid=${10 + i} name="${name}"`,
		`sample time=${1100 + i}ms pid=${10 + i} tid=${10 + i} cpu=0 weight=10ms stack={"${name}"!"${name}";"${name}"!"${name}"@"${name}":3}`));
	const recorded = recording('markup-functions', `${events.join('\n')}\nend time=2s\n`);
	const said = report(recorded, 'cpu');
	await open(exported(recorded), async (page) => {
		for (const view of ['flame', 'sandwich', 'table']) {
			for (const fn of said.rows.map((row) => row.name))
				await update(page, { view, fn, focus: '', hidden: [] });
		}
		assert.deepEqual((await tableOf(page)).map((row) => row.slice(0, 5)).sort(byText), wanted(said, 'cpu', false));
		for (const fn of said.rows.map((row) => row.name))
			await update(page, { view: 'flame', focus: fn, hidden: [fn] });
		await page.evaluate(() => sysprof.save());
		await page.reload();
		await until(page, () => document.documentElement.dataset.ready && sysprof.app.state.focus);
		assert.deepEqual(await page.evaluate(() => [typeof globalThis.pwned, document.images.length,
			document.querySelectorAll('svg').length, document.scripts.length]), ['undefined', 0, 0, 1]);
	}, { hash: '#tab=cpu' });
});

test('the page itself, without data, is no more than 300 KB', () => {
	assert.ok(statSync(exported(recording('empty', 'start time=1s\nsample time=1100ms pid=1 tid=1 cpu=0 weight=1ms\nend time=2s\n'))).size < 300_000);
});

test('on a narrow window nothing of a profile is beyond its edge', async () => {
	await open(exported(recording('server')), async (page) => {
		for (const view of ['flame', 'sandwich', 'table', 'source']) {
			await update(page, { view });
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), view);
		}
	}, { hash: '#tab=cpu', viewport: { width: 390, height: 760 } });
});
