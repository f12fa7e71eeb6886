/* SPDX-License-Identifier: GPL-2.0-only */
/* What was recorded, made of the tables that src/export/html.c and page_names.c write. */
import { readProfiles, readSheets } from './profile.js';
import { KINDS, Track } from './track.js';

export const UNKNOWN = 0;
export const RUNNING = 1;
export const RUNNABLE = 2;
export const BLOCKED = 3; /* not sampled */
export const WAITS = 4; /* + the class */

const GOES_ON = 0x10;
export const CUT_START = 0x20;
export const CUT_END = 0x40;
export const PREEMPTED = 0x80;

export const WAKER_UNSEEN = 0;
export const WAKER_INTERRUPT = 1;
export const WAKER_UNRECORDED = 2;
const WAKER_THREAD = 3; /* + its reference; of which this is the first */

const decoder = new TextDecoder();

function countRows(parts, column = 0) {
	return parts.reduce((n, columns) => n + columns[column].countAll(), 0);
}

/* Each part's columns with @row for each value of the first. */
function eachRow(parts, row) {
	for (const columns of parts) {
		while (columns[0].hasMore())
			row(...columns);
	}
}

/* Where the rows of each of @n groups begin, if rows are put in the order of groups. */
function startsOf(groups, n) {
	const starts = new Uint32Array(n + 1);
	for (let i = 0; i < groups.length; i++)
		starts[groups[i] + 1]++;
	for (let i = 0; i < n; i++)
		starts[i + 1] += starts[i];
	return starts;
}

/* The columns sorted by group, keeping the order within each. */
function regroup(groups, starts, columns) {
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

function readTexts(parts) {
	const texts = [''];
	for (const [sizes, { bytes }] of parts) {
		for (let at = 0; sizes.hasMore();) {
			const size = sizes.next();
			texts.push(decoder.decode(bytes.subarray(at, at += size)));
		}
	}
	return texts;
}

function readFunctions(parts, texts) {
	const functions = [{ name: '', module: '', kind: 0, file: '' }];
	eachRow(parts, (name, module, kind, file) => functions.push({
		name: texts[name.next()], module: texts[module.next()], kind: kind.next(),
		file: texts[file.next()],
	}));
	return functions;
}

/* Of each frame, its functions and lines, innermost first. */
function readFrames(parts) {
	const frames = [[]];
	eachRow(parts, (levels, fn, line) => frames.push(Array.from({ length: levels.next() },
		() => ({ fn: fn.next(), line: line.next() }))));
	return frames;
}

function readStacks(parts) {
	const n = countRows(parts) + 1;
	const stacks = { n, parent: new Uint32Array(n), frame: new Uint32Array(n) };
	let i = 1;
	eachRow(parts, (parent, frame) => {
		stacks.parent[i] = parent.next();
		stacks.frame[i++] = frame.next();
	});
	return stacks;
}

function readThreads(parts, texts) {
	const threads = [];
	eachRow(parts, (id, leader, pid, tid, name, process) => {
		const thread = {
			index: threads.length, id: id.next(), leader: leader.next(), pid: pid.next(),
			tid: tid.next(), name: texts[name.next()], processName: texts[process.next()],
		};
		thread.leader ||= thread.id;
		threads.push(thread);
	});
	return threads;
}

/* Slices are merged that were parted at the edges of system calls. */
function readStates(parts, nThreads) {
	const n = countRows(parts);
	const states = {
		start: new Float64Array(n), end: new Float64Array(n), kind: new Uint8Array(n),
		cpu: new Uint16Array(n), detail: new Uint32Array(n),
	};
	const waits = { object: [0], call: [0], stack: [0], waker: [0], wakerStack: [0] };
	const thread = new Uint32Array(n);
	const ends = new Float64Array(nThreads);
	const last = new Uint32Array(nThreads);
	let i = 0;
	for (const [threads, kinds, gaps, spans, cpus, insteads, objects, calls, stacks, wakers,
		wakerStacks] of parts) {
		while (threads.hasMore()) {
			const t = threads.next() - 1;
			const flags = kinds.next();
			const start = ends[t] + gaps.next();
			const end = ends[t] = start + spans.next();
			if (flags & GOES_ON) {
				states.end[last[t]] = end;
				states.kind[last[t]] |= flags & CUT_END;
				continue;
			}
			last[t] = i;
			thread[i] = t;
			states.start[i] = start;
			states.end[i] = end;
			states.kind[i] = flags;
			states.cpu[i] = cpus.next();
			if ((flags & 15) === RUNNABLE) {
				states.detail[i] = insteads.next();
			} else if ((flags & 15) >= BLOCKED) {
				states.detail[i] = waits.object.length;
				waits.object.push(objects.next());
				waits.call.push(calls.next());
				waits.stack.push(stacks.next());
				waits.waker.push(wakers.next());
				waits.wakerStack.push(wakerStacks.next());
			}
			i++;
		}
	}
	for (const [name, column] of Object.entries(states))
		states[name] = column.subarray(0, i);
	const groups = thread.subarray(0, i);
	const starts = startsOf(groups, nThreads);
	for (const name of Object.keys(waits))
		waits[name] = Uint32Array.from(waits[name]);
	return { states: regroup(groups, starts, states), starts, waits };
}

/* What is told of each row of a table, in its order: a name, and arguments in `first` to the next. */
function readItems(parts) {
	const n = countRows(parts);
	const most = parts.reduce((sum, [, , keys]) => sum + keys.countAll(), 0);
	const items = {
		name: new Uint32Array(n), first: new Uint32Array(n + 1), key: new Uint32Array(most),
		form: new Uint8Array(most), value: new Float64Array(most),
	};
	let i = 0;
	let arg = 0;
	for (const [names, counts, keys, forms, values] of parts) {
		while (names.hasMore()) {
			items.name[i] = names.next();
			items.first[i + 1] = items.first[i++] + counts.next();
		}
		while (keys.hasMore()) {
			items.key[arg] = keys.next();
			items.form[arg] = forms.next();
			items.value[arg++] = values.next();
		}
	}
	return items;
}

/* Row by row, what follows the items: each part's columns after theirs. */
function eachItem(parts, row) {
	for (const [, , , , , first, ...others] of parts) {
		while (first.hasMore())
			row(first, ...others);
	}
}

const ARG_ADDRESS = 1;
export const ARG_TEXT = 2;

/* { name, args: [[key, text]] } of row @i of @items. */
export function itemOf({ texts }, items, i) {
	const args = [];
	for (let arg = items.first[i]; arg < items.first[i + 1]; arg++) {
		const value = items.value[arg];
		args.push([texts[items.key[arg]], items.form[arg] === ARG_TEXT ? texts[value] :
			items.form[arg] === ARG_ADDRESS ? `0x${value.toString(16)}` : String(value)]);
	}
	return { name: texts[items.name[i]], args };
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

function readRuns(parts) {
	const n = countRows(parts);
	const runs = {
		start: new Float64Array(n), end: new Float64Array(n), thread: new Uint32Array(n),
		kind: new Uint8Array(n),
	};
	const cpu = new Uint16Array(n);
	const ends = [];
	let i = 0;
	eachRow(parts, (cpus, threads, gaps, spans) => {
		const c = cpu[i] = cpus.next();
		runs.thread[i] = threads.next() - 1;
		runs.start[i] = (ends[c] ?? 0) + gaps.nextSigned();
		runs.end[i] = ends[c] = runs.start[i] + spans.next();
		i++;
	});
	const starts = startsOf(cpu, ends.length);
	return { runs: regroup(cpu, starts, runs), starts };
}

function readSamples(parts, nThreads) {
	const n = countRows(parts);
	const samples = {
		time: new Float64Array(n), cpu: new Uint16Array(n), weight: new Float64Array(n),
		stack: new Uint32Array(n),
	};
	const thread = new Uint32Array(n);
	let time = 0;
	let i = 0;
	eachRow(parts, (threads, times, cpus, weights, stacks) => {
		thread[i] = threads.next() - 1;
		samples.time[i] = time += times.nextSigned();
		samples.cpu[i] = cpus.next();
		samples.weight[i] = weights.next();
		samples.stack[i] = stacks.next();
		i++;
	});
	const starts = startsOf(thread, nThreads);
	return { samples: regroup(thread, starts, samples), starts };
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

function processesOf(threads) {
	const processes = new Map();
	for (const thread of threads.filter(({ track }) => track.to > track.from)) {
		const { leader, pid, processName } = thread;
		if (!processes.has(leader))
			processes.set(leader, { pid, name: '', threads: [], first: Infinity,
				sums: new Float64Array(KINDS) });
		const process = processes.get(leader);
		process.threads.push(thread);
		if (thread.id === leader || !process.name)
			process.name = processName || thread.name;
		thread.process = process;
		thread.first = thread.track.start[thread.track.from];
		process.first = Math.min(process.first, thread.first);
		thread.sums.forEach((ns, kind) => { process.sums[kind] += ns; });
	}
	for (const { leader, stops } of threads.filter((thread) => thread.stops.to > thread.stops.from)) {
		if (processes.has(leader))
			processes.get(leader).stops = stops;
	}
	return [...processes.values()];
}

export function readTrace(tables) {
	const parts = (name) => tables.get(name) ?? [];
	const texts = readTexts(parts('texts'));
	const threads = readThreads(parts('threads'), texts);
	const { states, starts, waits } = readStates(parts('states'), threads.length);
	const { calls, starts: callStarts } = readCalls(parts('calls'), threads.length);
	const { samples, starts: sampleStarts } = readSamples(parts('samples'), threads.length);
	const { runs, starts: runStarts } = readRuns(parts('runs'));
	const { marks, starts: markStarts } = readMarks(parts('marks'), threads.length);
	const { pauses, starts: pauseStarts } = readPauses(parts('pauses'), threads.length);
	const others = readOthers(parts('others'), texts);
	const facts = new Map();
	const audit = [];
	eachRow(parts('facts'), (key, value) => facts.set(texts[key.next()], texts[value.next()]));
	eachRow(parts('audit'), (flaw, text) => audit.push({
		isFlaw: flaw.next() === 1, text: texts[text.next()],
	}));
	const span = Math.max(1, Number(facts.get('page.span_ns')));
	for (const thread of threads) {
		const { index } = thread;
		thread.track = new Track(states, starts[index], starts[index + 1]);
		thread.calls = new Track(calls, callStarts[index], callStarts[index + 1]);
		thread.samples = [sampleStarts[index], sampleStarts[index + 1]];
		thread.marks = [markStarts[index], markStarts[index + 1]];
		thread.pauses = new Track(pauses, pauseStarts[2 * index], pauseStarts[2 * index + 1]);
		thread.stops = new Track(pauses, pauseStarts[2 * index + 1], pauseStarts[2 * index + 2]);
		thread.sums = thread.track.total(-Infinity, Infinity);
	}
	const processes = processesOf(threads);
	const cpus = Array.from({ length: runStarts.length - 1 }, (_, cpu) => ({
		cpu, track: new Track(runs, runStarts[cpu], runStarts[cpu + 1]),
	})).filter(({ track }) => track.to > track.from);
	const trace = {
		span, facts, audit, texts, threads, processes, cpus, states, waits, calls, samples, runs, marks,
		others, pauses, outside: [markStarts[threads.length], markStarts[threads.length + 1]],
		functions: readFunctions(parts('functions'), texts), frames: readFrames(parts('frames')),
		stacks: readStacks(parts('stacks')),
		kindNames: ['unknown', 'running', 'runnable', 'blocked',
			...(facts.get('page.waits') ?? '').split(' ')],
	};
	trace.profiles = readProfiles(trace, parts('profiles'), parts('rows'));
	trace.sheets = readSheets(trace, parts('sheets'), parts('cells'));
	return trace;
}

/* The functions of a stack, innermost first, as { fn, line }. */
export function levelsOf(trace, stack) {
	const levels = [];
	for (; stack; stack = trace.stacks.parent[stack])
		levels.push(...trace.frames[trace.stacks.frame[stack]]);
	return levels;
}

/* Of a blocked slice, what is known of it beside times. */
export function waitOf(trace, slice) {
	const { object, call, stack, waker, wakerStack } = trace.waits;
	const i = trace.states.detail[slice];
	const who = waker[i];
	return {
		object: trace.texts[object[i]], call: trace.texts[call[i]], stack: stack[i],
		wakerStack: wakerStack[i], how: Math.min(who, WAKER_THREAD),
		waker: who >= WAKER_THREAD + 1 ? trace.threads[who - WAKER_THREAD - 1] : null,
	};
}

export function isBlocked(kind) {
	return (kind & 15) >= BLOCKED;
}

/* "blocked: network" */
export function kindName(trace, kind) {
	const k = kind & 15;
	return k >= WAITS ? `blocked: ${trace.kindNames[k]}` : trace.kindNames[k];
}

/* Of sums by kind: what was blocked. */
export function blockedSum(sums) {
	let sum = 0;
	for (let kind = BLOCKED; kind < KINDS; kind++)
		sum += sums[kind];
	return sum;
}
