/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long threads waited for a CPU within a range of time: the tables that src/analysis/latency.c
 * makes of all of it, made of the slices.
 */
import { PREEMPTED, RUNNABLE } from './trace.js';

const KIND = 15;

/* As src/analysis/histogram.c has durations: exact below 16, then 16 buckets for each power of two. */
function octaveOf(ns) {
	const near = Math.floor(Math.log2(ns));
	return 2 ** near > ns ? near - 1 : 2 ** (near + 1) <= ns ? near + 1 : near;
}

function bucketOf(ns) {
	if (ns < 16)
		return ns;
	const octave = octaveOf(ns);
	return (octave - 3) * 16 + Math.floor(ns / 2 ** (octave - 4)) % 16;
}

function lastOf(bucket) {
	const step = 2 ** (Math.floor(bucket / 16) - 1);
	return bucket < 16 ? bucket : (16 + bucket % 16) * step + step - 1;
}

function quantileOf(row, share) {
	const rank = Math.ceil(share * row.count);
	let seen = 0;
	for (const [bucket, n] of [...row.buckets].sort(([a], [b]) => a - b)) {
		seen += n;
		if (seen >= rank)
			return Math.min(row.max_ns, lastOf(bucket));
	}
	return 0;
}

/* Each wait for a CPU, as far as it lies in the range, with its thread and slice. */
export function eachWait({ threads, states }, since, until, take) {
	for (const thread of threads) {
		const { track } = thread;
		for (let i = track.find(since); i < track.to && states.start[i] < until; i++) {
			const ns = Math.min(states.end[i], until) - Math.max(states.start[i], since);
			if ((states.kind[i] & KIND) === RUNNABLE && ns > 0)
				take(thread, i, ns);
		}
	}
}

/* Sums by a key, of which @about tells what else is in their row. */
class Sums {
	constructor(about) {
		this.about = about;
		this.rows = new Map();
	}
	add(key, ns) {
		if (!this.rows.has(key))
			this.rows.set(key, { count: 0, total_ns: 0, ...this.about(key) });
		const row = this.rows.get(key);
		row.count++;
		row.total_ns += ns;
		return row;
	}
	/* The largest first. */
	get sorted() {
		return [...this.rows.values()].sort((a, b) => b.total_ns - a.total_ns || a.order - b.order);
	}
}

function naming(thread) {
	return { name: thread.name, tid: thread.tid, pid: thread.pid, order: thread.id };
}

const NOBODY = { name: '[nobody: the CPU was idle, or not known]', tid: 0, pid: 0, order: 0 };

/* The rows of @sheets, which are of all the time, for what is from @since until @until. */
export function latencyIn(trace, sheets, since, until) {
	const byTid = new Map(trace.threads.map((thread) => [thread.tid, thread]));
	const threads = new Sums((thread) => ({ ...naming(thread), preempted: 0, max_ns: 0, buckets: new Map() }));
	const octaves = new Sums((octave) => ({ from_ns: 2 ** octave }));
	const insteads = new Sums((thread) => thread ? naming(thread) : NOBODY);
	eachWait(trace, since, until, (thread, i, ns) => {
		const row = threads.add(thread, ns);
		row.preempted += trace.states.kind[i] & PREEMPTED ? 1 : 0;
		row.max_ns = Math.max(row.max_ns, ns);
		row.buckets.set(bucketOf(ns), (row.buckets.get(bucketOf(ns)) ?? 0) + 1);
		octaves.add(octaveOf(ns), ns);
		insteads.add(byTid.get(trace.states.detail[i]), ns);
	});
	for (const row of threads.rows.values()) {
		Object.assign(row, { mean_ns: Math.floor(row.total_ns / row.count), p50_ns: quantileOf(row, 0.5),
			p99_ns: quantileOf(row, 0.99) });
	}
	const made = { threads: threads.sorted, instead: insteads.sorted,
		histogram: [...octaves.rows.values()].sort((a, b) => a.from_ns - b.from_ns) };
	return sheets.map((sheet) => ({ ...sheet, rows: made[sheet.name].map((row) => sheet.columns.map(({ key }) => row[key])) }));
}

/* How long all threads waited in each of @n equal cells. */
export function latencyByCell(trace, cell, n) {
	const sums = new Float64Array(n);
	eachWait(trace, 0, n * cell, (thread, i) => {
		const { start, end } = trace.states;
		for (let at = Math.max(0, Math.floor(start[i] / cell)); at < n && at * cell < end[i]; at++)
			sums[at] += Math.min(end[i], (at + 1) * cell) - Math.max(start[i], at * cell);
	});
	return sums;
}
