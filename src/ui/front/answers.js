/* SPDX-License-Identifier: GPL-2.0-only */
/* What the server says as JSON, for people: findings, and tables with a head for each column. */
import { make } from '../assets/dom.js';
import { Table } from '../assets/table.js';
import { byteSize, count, duration } from '../assets/units.js';

/* Of tables with many columns, those to look at first; the others are in the text. */
const COLUMNS = {
	locks: ['lock', 'kind', 'contentions', 'total_ns', 'mean_ns', 'max_ns', 'waiting', 'top_holder', 'top_waiter',
		'meanwhile', 'process'],
	apart: ['lock', 'kind', 'contentions', 'total_ns', 'top_waiter'],
	threads: ['name', 'tid', 'lifetime_ns', 'running_percent', 'runnable_percent', 'blocked_percent', 'unknown_percent',
		'lock_ns', 'network_ns', 'disk_ns', 'sleep_ns', 'idle_ns'],
};

function formatOfKey(key) {
	if (key.endsWith('_ns') || key === 'ns')
		return duration;
	if (key.endsWith('_bytes') || key === 'bytes')
		return byteSize;
	if (key.endsWith('percent'))
		return (share) => `${share.toFixed(1)} %`;
	return key === 'tid' || key === 'pid' ? String : count;
}

function titleOfKey(key) {
	const unit = ['_ns', '_bytes', '_percent'].find((end) => key.endsWith(end)) ?? '';
	return key.slice(0, key.length - unit.length).replaceAll('_', ' ');
}

function columnOf(rows, key) {
	const isText = rows.some((row) => typeof row[key] === 'string');
	return { key, title: titleOfKey(key), isText, cell: (row) => row[key] ?? null,
		text: isText ? null : formatOfKey(key) };
}

function addTable(place, name, rows) {
	const box = make('div', { class: 'sheet', tabindex: '0', 'aria-label': name });
	const keys = COLUMNS[name] ?? Object.keys(rows[0]);
	const columns = keys.filter((key) => key in rows[0]).map((key) => columnOf(rows, key));
	const table = new Table(box, { sort: (key) => table.set(columns, rows, key) });
	place.append(make('h3', {}, titleOfKey(name)), box);
	table.set(columns, rows, '');
}

function addNotes(place, { notes, audit }) {
	const lines = [...notes ?? [], ...(audit?.lines ?? []).filter((line) => line.is_flaw)];
	for (const { text, is_flaw: isFlaw } of lines)
		place.append(make('p', { class: isFlaw ? 'note flaw' : 'note' }, text));
}

/* Every array of the @answer is a table. */
export function showTables(place, answer) {
	const tables = Object.entries(answer).filter(([name, rows]) => name !== 'notes' && Array.isArray(rows) && rows.length);
	addNotes(place, answer);
	for (const [name, rows] of tables)
		addTable(place, name, rows);
	if (!tables.length)
		place.append(make('p', { class: 'empty' }, 'There was nothing of this.'));
}

function findingOf(row, lookAt) {
	const profile = row.command?.replace(/^next: /, '');
	return make('li', {},
		make('meter', { min: 0, max: 100, value: row.percent, 'aria-label': `${row.percent.toFixed(1)} % of the busy time` }),
		make('h3', {}, `${row.percent.toFixed(1)} % `, make('strong', {}, row.finding), ` ${duration(row.ns)}`),
		...[row.blame, row.held, row.end].filter(Boolean).map((text) => make('p', {}, text)),
		lookAt(profile));
}

/* @lookAt(profile) makes what leads to that; or null. */
export function showFindings(place, answer, lookAt) {
	const { findings = [], ...rest } = answer;
	if (findings.length)
		place.append(make('ol', { class: 'findings' }, ...findings.map((row) => findingOf(row, lookAt))));
	else
		place.append(make('p', { class: 'empty' }, 'Nothing stands out.'));
	addNotes(place, answer);
	for (const [name, rows] of Object.entries(rest)) {
		if (name !== 'notes' && Array.isArray(rows) && rows.length)
			addTable(place, name, rows.map(({ command, ...row }) => row));
	}
}
