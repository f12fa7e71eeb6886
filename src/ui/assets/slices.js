/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened when: the slices, runs, calls, marks and pauses of a trace, of the tables that
 * src/export/html.c writes.  They are most of a page, and read once its timeline is looked at.
 */
import { eachItem, readItems } from './items.js';
import { regroup, startsOf } from './read.js';
import { BLOCKED, CUT_END, RUNNABLE } from './trace.js';
import { Track } from './track.js';

const GOES_ON = 0x10;

/* The tables that are read here. */
export const SLICE_TABLES = ['states', 'runs', 'calls', 'marks', 'others', 'pauses'];

/* Where what is counted for each of @counts begins, and the end of the last. */
function startsOfCounts(counts) {
	const starts = new Uint32Array(counts.length + 1);
	counts.forEach((n, i) => { starts[i + 1] = starts[i] + n; });
	return starts;
}

/* Each slice goes where its thread's next one is; what goes on is merged with what is before it. */
class States {
	constructor(threads) {
		const starts = this.starts = startsOfCounts(threads.map(({ nSlices }) => nSlices));
		const n = starts[threads.length];
		const nWaits = threads.reduce((sum, thread) => sum + thread.nWaits, 1);
		this.next = starts.slice();
		this.ends = new Float64Array(threads.length);
		this.states = { start: new Float64Array(n), end: new Float64Array(n), kind: new Uint8Array(n),
			cpu: new Uint16Array(n), detail: new Uint32Array(n) };
		this.waits = Object.fromEntries(['object', 'call', 'stack', 'waker', 'wakerStack'].map((name) =>
			[name, new Uint32Array(nWaits)]));
		this.nWaits = 1;
	}

	read([threads, kinds, gaps, spans, cpus, insteads, ...ofWaits]) {
		const { next, ends, states: { start, end, kind, cpu, detail } } = this;
		while (threads.hasMore()) {
			const t = threads.next() - 1;
			const flags = kinds.next();
			const from = ends[t] + gaps.next();
			const to = ends[t] = from + spans.next();
			if (flags & GOES_ON) {
				end[next[t] - 1] = to;
				kind[next[t] - 1] |= flags & CUT_END;
				continue;
			}
			const i = next[t]++;
			start[i] = from;
			end[i] = to;
			kind[i] = flags;
			cpu[i] = cpus.next();
			if ((flags & 15) === RUNNABLE)
				detail[i] = insteads.next();
			else if ((flags & 15) >= BLOCKED)
				detail[i] = this.#readWait(ofWaits);
		}
	}

	#readWait([objects, calls, stacks, wakers, wakerStacks]) {
		const { waits } = this;
		const i = this.nWaits++;
		waits.object[i] = objects.next();
		waits.call[i] = calls.next();
		waits.stack[i] = stacks.next();
		waits.waker[i] = wakers.next();
		waits.wakerStack[i] = wakerStacks.next();
		return i;
	}
}

class Runs {
	constructor(cpus) {
		const starts = this.starts = startsOfCounts(cpus);
		const n = starts[cpus.length];
		this.next = starts.slice();
		this.ends = new Float64Array(cpus.length);
		this.runs = { start: new Float64Array(n), end: new Float64Array(n), thread: new Uint32Array(n), kind: new Uint8Array(n) };
	}

	read([cpus, threads, gaps, spans]) {
		const { next, ends, runs: { start, end, thread } } = this;
		while (cpus.hasMore()) {
			const c = cpus.next();
			const i = next[c]++;
			thread[i] = threads.next() - 1;
			start[i] = ends[c] + gaps.nextSigned();
			end[i] = ends[c] = start[i] + spans.next();
		}
	}
}

function readCalls(parts, nThreads) {
	const items = readItems(parts);
	const n = items.name.length;
	const calls = { start: new Float64Array(n), end: new Float64Array(n), kind: new Uint8Array(n),
		item: new Uint32Array(n) };
	const thread = new Uint32Array(n);
	const ends = new Float64Array(nThreads);
	let i = 0;
	eachItem(parts, (threads, gaps, spans, failed) => {
		const t = thread[i] = threads.next() - 1;
		calls.start[i] = ends[t] + gaps.nextSigned();
		calls.end[i] = ends[t] = calls.start[i] + spans.next();
		calls.kind[i] = failed.next();
		calls.item[i] = i++;
	});
	const starts = startsOf(thread, nThreads);
	return { calls: { ...regroup(thread, starts, calls), items }, starts };
}

/* Slices of tracks that are no thread's, such as disks: { slices, tracks: [{ name, track }] }. */
function readOthers(parts, texts) {
	const items = readItems(parts);
	const n = items.name.length;
	const slices = { start: new Float64Array(n), end: new Float64Array(n), kind: new Uint8Array(n),
		item: new Uint32Array(n) };
	const group = new Uint32Array(n);
	const groups = new Map(); /* by the text of its name */
	let time = 0;
	let i = 0;
	eachItem(parts, (tracks, starts, spans, failed) => {
		const text = tracks.next();
		if (!groups.has(text))
			groups.set(text, groups.size);
		group[i] = groups.get(text);
		slices.start[i] = time += starts.nextSigned();
		slices.end[i] = time + spans.next();
		slices.kind[i] = failed.next();
		slices.item[i] = i++;
	});
	const starts = startsOf(group, groups.size);
	const sorted = { ...regroup(group, starts, slices), items };
	return { slices: sorted, tracks: [...groups].map(([text, g]) => ({ name: texts[text],
		track: new Track(sorted, starts[g], starts[g + 1]) })) };
}

/*
 * Two tracks of each thread: what stops its whole process, if it is the main one, and what stops
 * it alone.
 */
function readPauses(parts, nThreads) {
	const items = readItems(parts);
	const n = items.name.length;
	const pauses = { start: new Float64Array(n), end: new Float64Array(n), kind: new Uint8Array(n),
		item: new Uint32Array(n), stopping: new Float64Array(n), by: new Uint32Array(n),
		last: new Uint32Array(n), lastStack: new Uint32Array(n) };
	const group = new Uint32Array(n);
	let time = 0;
	let i = 0;
	eachItem(parts, (whose, isProcess, starts, spans, stopping, by, last, lastStack) => {
		group[i] = 2 * (whose.next() - 1) + isProcess.next();
		pauses.start[i] = time += starts.nextSigned();
		pauses.end[i] = time + spans.next();
		pauses.stopping[i] = stopping.next();
		pauses.by[i] = by.next();
		pauses.last[i] = last.next();
		pauses.lastStack[i] = lastStack.next();
		pauses.item[i] = i++;
	});
	const starts = startsOf(group, 2 * nThreads);
	return { pauses: { ...regroup(group, starts, pauses), items }, starts };
}

export const MARK_MIGRATE = 3;
export const MARK_FAULT = 4;

/* In the order of time for each thread; they come as what they lie in ends. */
function readMarks(parts, nThreads) {
	const items = readItems(parts);
	const n = items.name.length;
	const marks = { time: new Float64Array(n), what: new Uint8Array(n), item: new Uint32Array(n) };
	const thread = new Uint32Array(n);
	let time = 0;
	let i = 0;
	eachItem(parts, (threads, kinds, times) => {
		thread[i] = (threads.next() || nThreads + 1) - 1; /* nobody's are the last */
		marks.what[i] = kinds.next();
		marks.time[i] = time += times.nextSigned();
		marks.item[i] = i++;
	});
	const order = new Uint32Array(n).map((_, k) => k).sort((a, b) => marks.time[a] - marks.time[b]);
	for (const [name, column] of Object.entries(marks))
		marks[name] = new column.constructor(Array.from(order, (k) => column[k]));
	const threads = order.map((k) => thread[k]);
	const starts = startsOf(threads, nThreads + 1);
	return { marks: { ...regroup(threads, starts, marks), items }, starts };
}

/*
 * Read them all into @trace, which then is whole, part by part, so that the page lives on
 * meanwhile; @tell is told what share is done.
 */
export async function readSlices(trace, tables, tell) {
	const { threads, texts } = trace;
	const most = ['states', 'runs'].reduce((n, name) => n + tables.countParts(name), 0);
	let n = 0;
	const readInto = async (name, reader) => {
		for await (const part of tables.each(name)) {
			reader.read(part);
			tell(++n / most);
		}
		return reader;
	};
	const { states, waits, starts } = await readInto('states', new States(threads));
	const { runs, starts: runStarts } = await readInto('runs', new Runs(trace.nRuns));
	const { calls, starts: callStarts } = readCalls(await tables.all('calls'), threads.length);
	const { marks, starts: markStarts } = readMarks(await tables.all('marks'), threads.length);
	const { pauses, starts: pauseStarts } = readPauses(await tables.all('pauses'), threads.length);
	const others = readOthers(await tables.all('others'), texts);
	for (const thread of threads) {
		const { index } = thread;
		thread.track = new Track(states, starts[index], starts[index + 1]);
		thread.calls = new Track(calls, callStarts[index], callStarts[index + 1]);
		thread.marks = [markStarts[index], markStarts[index + 1]];
		thread.pauses = new Track(pauses, pauseStarts[2 * index], pauseStarts[2 * index + 1]);
		thread.stops = new Track(pauses, pauseStarts[2 * index + 1], pauseStarts[2 * index + 2]);
	}
	const processes = new Map(trace.processes.map((process) => [process.leader, process]));
	for (const { leader, stops } of threads.filter((thread) => thread.stops.to > thread.stops.from)) {
		if (processes.has(leader))
			processes.get(leader).stops = stops;
	}
	for (const cpu of trace.cpus)
		cpu.track = new Track(runs, runStarts[cpu.cpu], runStarts[cpu.cpu + 1]);
	Object.assign(trace, { states, waits, runs, calls, marks, pauses, others, isWhole: true,
		outside: [markStarts[threads.length], markStarts[threads.length + 1]] });
}
