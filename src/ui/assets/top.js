/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of a profile's table: functions, lines, modules, processes, threads or CPUs. */
import { GROUPS } from './profiletree.js';
import { percent } from './units.js';

export const TABLES = {
	function: { title: 'functions', head: 'function' },
	line: { title: 'source lines', head: 'function' },
	module: { title: 'modules', head: 'module' },
	process: { title: 'processes', head: 'process', isGroup: true },
	thread: { title: 'threads', head: 'thread', isGroup: true },
	cpu: { title: 'CPUs', head: 'CPU', isGroup: true },
};

function rowsOfTree(tree, isFunction) {
	const { flat, cum } = tree.sums();
	const rows = [];
	for (let label = 0; label < tree.labels.items.length; label++) {
		if (cum[label] > 0)
			rows.push({ ...tree.labelAt(label), flat: flat[label], cum: cum[label], isFunction });
	}
	return rows.sort((a, b) => b.cum - a.cum);
}

function rowsOfGroups(model, state, by) {
	const { of, names } = model.group(by);
	const values = model.values(state);
	const sums = new Float64Array(names.length);
	for (let i = 0; i < of.length; i++)
		sums[of[i]] += values[i];
	return names.map((name, i) => ({ name, module: '', file: '', flat: sums[i], cum: sums[i] })).filter(({ cum }) => cum > 0);
}

/* { rows: [{ name, module, file, line, flat, cum, isFunction }], total }. */
export function rowsOfTable(model, state, by) {
	if (by in GROUPS)
		return { rows: rowsOfGroups(model, state, by), total: model.tree(state).total[0] };
	const tree = model.tree(state, by);
	return { rows: rowsOfTree(tree, by !== 'module'), total: tree.total[0] };
}

/* @isShort: beside something else. */
export function tableColumns(by, isShort, format, total) {
	const { head, isGroup } = TABLES[by];
	const value = (key, title) => [
		{ key, title, cell: (row) => row[key], text: format },
		{ key: `${key}%`, title: '%', cell: (row) => row[key], text: (ns) => percent(ns, total) },
	];
	const place = ({ file, line }) => line ? `${file}:${line}` : file;
	return [...value('flat', isGroup ? 'value' : 'flat'), ...isGroup ? [] : value('cum', 'cum'),
		{ key: 'name', title: head, cell: ({ name }) => name, isText: true, hint: (row) =>
			[row.name, row.module, place(row)].filter(Boolean).join('\n') },
		...isShort || isGroup || by === 'module' ? [] : [
			{ key: 'where', title: by === 'line' ? 'line' : 'module', isText: true, cell: by === 'line' ? place :
				({ module, isInMore }) => isInMore ? `${module} …` : module }]];
}
