/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables that the page carries: see src/export/page_table.h for how they are packed. */

/* Numbers one after another. */
export class Column {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}
	next() {
		const { bytes } = this;
		let byte = bytes[this.at++];
		if (byte < 0x80)
			return byte;
		let value = byte & 0x7f;
		let scale = 0x80;
		do {
			byte = bytes[this.at++];
			value += (byte & 0x7f) * scale;
			scale *= 0x80;
		} while (byte >= 0x80);
		return value;
	}
	nextSigned() {
		const value = this.next();
		return value % 2 ? -(value + 1) / 2 : value / 2;
	}
	hasMore() {
		return this.at < this.bytes.length;
	}
	/* How many numbers there are in all. */
	countAll() {
		let n = 0;
		for (const byte of this.bytes)
			n += byte < 0x80;
		return n;
	}
}

function bytesOf(base64) {
	if (Uint8Array.fromBase64)
		return Uint8Array.fromBase64(base64);
	const text = atob(base64);
	const bytes = new Uint8Array(text.length);
	for (let i = 0; i < text.length; i++)
		bytes[i] = text.charCodeAt(i);
	return bytes;
}

async function inflate(bytes) {
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

function columnsOf(bytes) {
	const head = new Column(bytes);
	const sizes = Array.from({ length: head.next() }, () => head.next());
	let { at } = head;
	return sizes.map((size) => new Column(bytes.subarray(at, at += size)));
}

/* What is in @element leaves the page. */
async function read(element) {
	const bytes = bytesOf(element.textContent);
	element.remove();
	return columnsOf(await inflate(bytes));
}

/* The tables of a page, each in parts, which are arrays of columns. */
export class Tables {
	constructor(elements) {
		this.elements = new Map();
		for (const element of elements) {
			const { table } = element.dataset;
			this.elements.set(table, [...this.elements.get(table) ?? [], element]);
		}
	}
	get names() {
		return [...this.elements.keys()];
	}
	countParts(name) {
		return this.elements.get(name)?.length ?? 0;
	}
	all(name) {
		return Promise.all((this.elements.get(name) ?? []).map(read));
	}
	/* One part after the other, of which the next is inflated meanwhile. */
	async* each(name) {
		const elements = this.elements.get(name) ?? [];
		const parts = elements.slice(0, 2).map(read);
		for (let i = 0; i < elements.length; i++) {
			const part = await parts.shift();
			if (i + 2 < elements.length)
				parts.push(read(elements[i + 2]));
			yield part;
		}
	}
}

export function countRows(parts, column = 0) {
	return parts.reduce((n, columns) => n + columns[column].countAll(), 0);
}

/* Each part's columns with @row for each value of the first. */
export function eachRow(parts, row) {
	for (const columns of parts) {
		while (columns[0].hasMore())
			row(...columns);
	}
}

/* Where the rows of each of @n groups begin, if rows are put in the order of groups. */
export function startsOf(groups, n) {
	const starts = new Uint32Array(n + 1);
	for (let i = 0; i < groups.length; i++)
		starts[groups[i] + 1]++;
	for (let i = 0; i < n; i++)
		starts[i + 1] += starts[i];
	return starts;
}

/* The columns sorted by group, keeping the order within each. */
export function regroup(groups, starts, columns) {
	const next = starts.slice();
	const place = new Uint32Array(groups.length);
	for (let i = 0; i < place.length; i++)
		place[i] = next[groups[i]]++;
	return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, moved(column, place)]));
}

/* @column with what is at i at @place[i].  Engines are fast where it is of one type all the time. */
function moved(column, place) {
	const to = new column.constructor(column.length);
	for (let i = 0; i < place.length; i++)
		to[place[i]] = column[i];
	return to;
}
