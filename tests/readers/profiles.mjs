#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// What is exported of each profile is read by others: inferno, Go's pprof and speedscope find in it what
// `report --json` says.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { complaintsOf, serve, speedscopeOf } from './speedscope.mjs';

const { O, SYSPROF } = process.env;
const here = path.dirname(fileURLToPath(import.meta.url));

// What never happens ends a test after that; nothing is known by it.
const TIMEOUT = 60_000;

// Which of tests/data holds what.
const PROFILES = [['server', 'cpu'], ['hostile', 'cpu'], ['waits', 'block'], ['waits', 'wakers'], ['chain', 'chain'], ['locks', 'mutex'],
	['kernel-locks', 'kernel-locks'], ['syscalls', 'syscalls'], ['heap', 'heap'], ['heap', 'allocs']];

let directory;

const file = (name, suffix) => path.join(directory, `${name}.${suffix}`);

function sysprof(...args) {
	return execFileSync(SYSPROF, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e9 });
}

before(() => {
	directory = mkdtempSync(path.join(tmpdir(), 'sysprof-profiles-'));
	mkdirSync(file('pprof', 'tmp'));
	for (const name of new Set(PROFILES.map(([data]) => data)))
		sysprof('dump', '--assemble', path.join(here, '../data', `${name}.events`), '-o', file(name, 'data'));
});

after(() => rmSync(directory, { recursive: true, force: true }));

function report(name, profile) {
	return JSON.parse(sysprof('report', '-i', file(name, 'data'), profile, '--json', '--tree', '-n', '0', '--min', '0'));
}

function exported(name, profile, suffix, ...args) {
	const to = file(`${name}-${profile}`, suffix);
	sysprof('export', '-i', file(name, 'data'), profile, '-o', to, ...args);
	return to;
}

// Each value type that has something.
const typesOf = (said) => said.types.filter(({ total }) => total > 0);

for (const [name, profile] of PROFILES) {
	test(`inferno draws all of ${profile} in ${name}`, () => {
		for (const { type, total } of typesOf(report(name, profile))) {
			const folded = exported(name, profile, 'folded', '--value', type);
			const { status, stdout, stderr } = spawnSync(path.join(O, 'readers/inferno/bin/inferno-flamegraph'),
				['--minwidth', '0', folded], { encoding: 'utf8', timeout: TIMEOUT });
			assert.deepEqual([status, stderr], [0, '']);
			assert.equal(stdout.match(/<title>all \(([\d,]+) samples, 100%\)/)?.[1].replaceAll(',', ''), String(total));
		}
	});
}

// The flat and cumulative value of each function, by its name.
function topOf(text) {
	const rows = {};
	for (const [, flat, cum, name] of text.matchAll(/^\s*(-?[\d.]+)[a-zA-Z]*\s+\S+%\s+\S+%\s+(-?[\d.]+)[a-zA-Z]*\s+\S+%\s+(.*)$/gm)) {
		const row = rows[name.replace(/ \(inline\)$/, '')] ??= [0, 0];
		row[0] += Number(flat);
		row[1] += Number(cum);
	}
	return rows;
}

for (const [name, profile] of PROFILES) {
	test(`go tool pprof lists the functions of ${profile} in ${name}`, () => {
		const said = report(name, profile);
		const pprof = exported(name, profile, 'pb.gz');
		for (const { type, unit } of typesOf(said)) {
			const text = execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-top', '-nodecount=1000000', '-nodefraction=0',
				'-edgefraction=0', `-sample_index=${type}`, `-unit=${unit}`, pprof], { encoding: 'utf8', timeout: TIMEOUT,
				stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PPROF_TMPDIR: file('pprof', 'tmp') } });
			const top = topOf(text);
			const want = {};
			for (const { name: fn, flat, cum } of said.rows.filter((row) => row.cum[type] > 0)) {
				const row = want[fn] ??= [0, 0];
				row[0] += flat[type];
				row[1] += cum[type];
			}
			assert.deepEqual(top, want, type);
		}
	});
}

test('speedscope opens each profile', async (t) => {
	const { chromium } = createRequire(`${O}/browser/`)('playwright-core');
	const server = await serve(path.join(O, 'readers/node_modules/speedscope/dist/release'));
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell', args: ['--no-sandbox'] });
	const page = await browser.newPage();
	const complaints = complaintsOf(page);
	page.setDefaultTimeout(TIMEOUT);
	for (const [name, profile] of PROFILES) {
		await t.test(`${profile} in ${name}`, async () => {
			const said = report(name, profile);
			const { total } = said.types.find(({ type }) => type === said.value);
			for (const suffix of ['folded', 'speedscope.json']) {
				const { profiles } = await speedscopeOf(page, server, exported(name, profile, suffix, '--value', said.value));
				assert.equal(profiles.reduce((sum, { startValue, endValue }) => sum + endValue - startValue, 0), total, suffix);
			}
		});
	}
	assert.deepEqual(complaints, []);
	await browser.close();
	server.close();
});
