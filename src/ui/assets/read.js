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

/* By name, the parts of each table: arrays of columns.  Their elements leave the page. */
export async function readTables(elements) {
	const parts = await Promise.all(Array.from(elements, async (element) => {
		const { table } = element.dataset;
		const bytes = bytesOf(element.textContent);
		element.remove();
		return [table, columnsOf(await inflate(bytes))];
	}));
	const tables = new Map();
	for (const [table, columns] of parts)
		tables.set(table, [...tables.get(table) ?? [], columns]);
	return tables;
}
