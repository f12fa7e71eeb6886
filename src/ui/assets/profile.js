/* SPDX-License-Identifier: GPL-2.0-only */
/* Profiles and sheets, made of the tables that src/export/page_profile.c writes. */

/*
 * Rows: of each its stack, its thread's index, its CPU + 1 or 0, when it began and for how long
 * it lasted (null: these are instants; NaN, from when on: it is not told by time), and a value
 * of each type.  This is of each sample: one, and its weight.
 */
function rowsOfSamples({ samples, threads }) {
	const n = samples.time.length;
	const thread = new Uint32Array(n);
	for (const { index, samples: [from, to] } of threads)
		thread.fill(index, from, to);
	return { n, stack: samples.stack, thread, cpu: Uint16Array.from(samples.cpu, (cpu) => cpu + 1),
		start: samples.time, length: null, isTimed: n > 0, values: [new Float64Array(n).fill(1), samples.weight] };
}

/* The next @n rows of a table that may be in parts. */
class Rows {
	constructor(parts) {
		this.parts = parts;
		this.at = 0;
	}
	next() {
		while (!this.parts[this.at][0].hasMore())
			this.at++;
		return this.parts[this.at];
	}
	read(n, nTypes, slotNs) {
		const rows = { n, stack: new Uint32Array(n), thread: new Uint32Array(n), cpu: new Uint16Array(n),
			start: new Float64Array(n), length: new Float64Array(n), isTimed: false,
			values: Array.from({ length: nTypes }, () => new Float64Array(n)) };
		for (let i = 0; i < n; i++) {
			const [stacks, threads, cpus, spans, slots, values] = this.next();
			rows.stack[i] = stacks.next();
			rows.thread[i] = threads.next() - 1;
			rows.cpu[i] = cpus.next();
			rows.length[i] = spans.next() * slotNs;
			rows.start[i] = rows.length[i] ? slots.next() * slotNs : NaN;
			rows.isTimed ||= rows.length[i] > 0;
			for (const column of rows.values)
				column[i] = values.nextSigned();
		}
		return rows;
	}
}

export function readProfiles(trace, parts, rowParts) {
	const rows = new Rows(rowParts);
	const slotNs = Number(trace.facts.get('page.slot_ns')) || 1;
	return parts.map(([name, isOfSamples, type, nTypes, types, units, nRows, nNotes, flaws, notes]) => {
		const text = (column) => trace.texts[column.next()];
		const profile = { name: text(name), defaultType: type.next(),
			types: Array.from({ length: nTypes.next() }, () => ({ type: text(types), unit: text(units) })),
			notes: Array.from({ length: nNotes.next() }, () => ({ isFlaw: flaws.next() === 1, text: text(notes) })) };
		profile.rows = isOfSamples.next() ? rowsOfSamples(trace) : rows.read(nRows.next(), profile.types.length, slotNs);
		return profile;
	});
}

const UNITS = ['text', 'count', 'nanoseconds', 'bytes', 'percent', '', '', 'id']; /* enum sheet_unit */
const PERCENT_PARTS = 1e6;

function cellOf(trace, unit, column) {
	const value = column.next();
	if (unit === 'text')
		return trace.texts[value];
	if (!value)
		return null;
	const folded = value - 1;
	const number = folded % 2 ? -(folded + 1) / 2 : folded / 2;
	return unit === 'percent' ? number / PERCENT_PARTS : number;
}

/* By analysis, its sheets: { name, title, columns: [{ key, title, unit }], rows: [[cell]] }. */
export function readSheets(trace, parts, cellParts) {
	const cells = cellParts.map(([column]) => column);
	const sheets = new Map();
	const next = (unit) => {
		while (!cells[0].hasMore())
			cells.shift();
		return cellOf(trace, unit, cells[0]);
	};
	for (const [analysis, name, title, nColumns, keys, heads, units, nRows] of parts) {
		const text = (column) => trace.texts[column.next()];
		const of = text(analysis);
		const sheet = { name: text(name), title: text(title), columns: Array.from({ length: nColumns.next() },
			() => ({ key: text(keys), title: text(heads), unit: UNITS[units.next()] })) };
		sheet.rows = Array.from({ length: nRows.next() }, () => sheet.columns.map(({ unit }) => next(unit)));
		sheets.set(of, [...sheets.get(of) ?? [], sheet]);
	}
	return sheets;
}

/* How much of row @i lies between two times; of what is not told by time, all of all time. */
function shareIn({ isTimed, start, length }, i, since, until) {
	const from = start[i];
	if (!isTimed || since === -Infinity && until === Infinity)
		return 1;
	if (!length)
		return from >= since && from < until ? 1 : 0;
	const part = (Math.min(from + length[i], until) - Math.max(from, since)) / length[i];
	return part > 0 ? part : 0;
}

/* What row i of @rows is worth where not all of it counts: { since, until } and @isWanted threads. */
export function valuesIn(rows, type, { since, until, isWanted }) {
	const all = rows.values[type];
	const values = new Float64Array(rows.n);
	for (let i = 0; i < rows.n; i++) {
		if (isWanted && !isWanted[rows.thread[i]])
			continue;
		values[i] = all[i] * shareIn(rows, i, since, until);
	}
	return values;
}
