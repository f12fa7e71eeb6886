/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was recorded, made of the tables that src/export/html.c and page_names.c write: all but
 * what happened when, which slices.js adds.
 */
import { countRows, eachRow, regroup, startsOf } from './read.js';
import { readDifference } from './difference.js';
import { readSources } from './source.js';
import { readProfiles, readSheets } from './profile.js';
import { KINDS, Track } from './track.js';

export const UNKNOWN = 0;
export const RUNNING = 1;
export const RUNNABLE = 2;
export const BLOCKED = 3; /* not sampled */
export const WAITS = 4; /* + the class */

export const CUT_START = 0x20;
export const CUT_END = 0x40;
export const PREEMPTED = 0x80;

export const WAKER_UNSEEN = 0;
export const WAKER_INTERRUPT = 1;
export const WAKER_UNRECORDED = 2;
const WAKER_THREAD = 3; /* + its reference; of which this is the first */

const decoder = new TextDecoder();

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

/* What is known of threads' slices before they are read: how many there are, and their sums. */
function readTracks(parts, threads) {
	eachRow(parts, (refs, first, nSlices, nWaits, kinds, ns) => {
		const thread = threads[refs.next() - 1];
		const has = kinds.next();
		Object.assign(thread, { first: first.next(), nSlices: nSlices.next(), nWaits: nWaits.next() });
		for (let kind = 0; kind < KINDS; kind++)
			thread.sums[kind] = has >> kind & 1 ? ns.next() : 0;
	});
}

/* For equal parts of the time, for how long threads were running and runnable in it: { n, sums }. */
function readOverview(parts) {
	const n = countRows(parts);
	const sums = new Float64Array(n * KINDS);
	let at = 0;
	eachRow(parts, (running, runnable) => {
		sums[at + RUNNING] = running.next();
		sums[at + RUNNABLE] = runnable.next();
		at += KINDS;
	});
	return { n, sums };
}

function processesOf(threads) {
	const processes = new Map();
	for (const thread of threads.filter(({ nSlices }) => nSlices)) {
		const { leader, pid, processName } = thread;
		if (!processes.has(leader))
			processes.set(leader, { leader, pid, name: '', threads: [], first: Infinity,
				sums: new Float64Array(KINDS) });
		const process = processes.get(leader);
		process.threads.push(thread);
		if (thread.id === leader || !process.name)
			process.name = processName || thread.name;
		thread.process = process;
		process.first = Math.min(process.first, thread.first);
		thread.sums.forEach((ns, kind) => { process.sums[kind] += ns; });
	}
	return [...processes.values()];
}

const NOTHING = { start: [], end: [], kind: [], time: [] };
const NO_TRACK = new Track(NOTHING, 0, 0);

/* While it is not whole, nothing is known of what slices.js reads. */
export function readTrace(tables) {
	const parts = (name) => tables.get(name) ?? [];
	const texts = readTexts(parts('texts'));
	const threads = readThreads(parts('threads'), texts);
	const { samples, starts: sampleStarts } = readSamples(parts('samples'), threads.length);
	const facts = new Map();
	const audit = [];
	eachRow(parts('facts'), (key, value) => facts.set(texts[key.next()], texts[value.next()]));
	eachRow(parts('audit'), (flaw, text) => audit.push({
		isFlaw: flaw.next() === 1, text: texts[text.next()],
	}));
	threads.forEach((thread, i) => Object.assign(thread, { samples: [sampleStarts[i], sampleStarts[i + 1]],
		nSlices: 0, nWaits: 0, sums: new Float64Array(KINDS), marks: [0, 0], track: NO_TRACK, calls: NO_TRACK,
		pauses: NO_TRACK, stops: NO_TRACK }));
	readTracks(parts('tracks'), threads);
	const nRuns = [];
	eachRow(parts('cpus'), (n) => nRuns.push(n.next()));
	const trace = {
		span: Math.max(1, Number(facts.get('page.span_ns'))), facts, audit, texts, threads, samples, nRuns,
		processes: processesOf(threads), overview: readOverview(parts('overview')),
		cpus: nRuns.map((n, cpu) => ({ cpu, n, track: NO_TRACK })).filter(({ n }) => n),
		isWhole: false, states: NOTHING, waits: NOTHING, calls: NOTHING, runs: NOTHING, marks: NOTHING,
		pauses: NOTHING, others: { slices: NOTHING, tracks: [] }, outside: [0, 0],
		functions: readFunctions(parts('functions'), texts), frames: readFrames(parts('frames')),
		stacks: readStacks(parts('stacks')),
		kindNames: ['unknown', 'running', 'runnable', 'blocked',
			...(facts.get('page.waits') ?? '').split(' ')],
	};
	trace.difference = readDifference(trace, parts('differences'), parts('difftree'));
	trace.profiles = readProfiles(trace, parts('profiles'), parts('rows'));
	trace.sources = readSources(texts, parts('files'), parts('source'));
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
