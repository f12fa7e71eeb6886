/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the timeline: CPUs, processes with their threads in the order asked for, then
 * disks and interrupts. */
import { RUNNABLE, RUNNING, WAITS, blockedSum } from './trace.js';

export const ORDERS = {
	running: { title: 'most running', value: ({ sums }) => sums[RUNNING] },
	waiting: { title: 'most waiting', value: (item, idle) => waitingSum(item.sums, idle) },
	name: { title: 'name', value: null },
	start: { title: 'first seen', value: ({ first }) => -first },
};

const CPU_HEIGHT = 19;
const PROCESS_HEIGHT = 28;
const THREAD_HEIGHT = 22;
const CALLS_HEIGHT = 11;
const OTHER_HEIGHT = 18;

/* Runnable and blocked, but for sleeping and polling: that is mostly having nothing to do. */
export function waitingSum(sums, idle) {
	return sums[RUNNABLE] + blockedSum(sums) - idle.reduce((ns, kind) => ns + sums[kind], 0);
}

export function idleKinds(trace) {
	return ['sleep', 'poll'].map((name) => trace.kindNames.indexOf(name, WAITS))
		.filter((kind) => kind >= 0);
}

function nameOf(item) {
	return item.name || '';
}

function sorter(trace, order) {
	const { value } = ORDERS[order];
	const idle = idleKinds(trace);
	if (!value)
		return (a, b) => nameOf(a).localeCompare(nameOf(b)) || (a.tid ?? a.pid) - (b.tid ?? b.pid);
	return (a, b) => value(b, idle) - value(a, idle) || b.sums[RUNNING] - a.sums[RUNNING] ||
		(a.tid ?? a.pid) - (b.tid ?? b.pid);
}

function matches(filter, ...texts) {
	return texts.some((text) => String(text).toLowerCase().includes(filter));
}

/* A filter finds threads by their names and ids, and all threads of processes by theirs. */
function chosenThreads(process, filter) {
	if (!filter || matches(filter, process.name, process.pid))
		return process.threads;
	return process.threads.filter(({ name, tid }) => matches(filter, name, tid));
}

function threadRow(thread) {
	const hasCalls = thread.calls.to > thread.calls.from;
	return { thread, height: THREAD_HEIGHT + (hasCalls ? CALLS_HEIGHT : 0), strip: THREAD_HEIGHT - 4 };
}

/* Each row: { height, top, strip } and what it is of: a cpu, a process or a thread. */
export function rowsOf(trace, { filter, order, closed }) {
	const wanted = filter.trim().toLowerCase();
	const compare = sorter(trace, order);
	const rows = wanted ? [] : trace.cpus.map((cpu) => ({ cpu, height: CPU_HEIGHT, strip: CPU_HEIGHT - 3 }));
	const chosen = trace.processes
		.map((process) => ({ process, threads: chosenThreads(process, wanted) }))
		.filter(({ threads }) => threads.length);
	chosen.sort((a, b) => compare(a.process, b.process));
	for (const { process, threads } of chosen) {
		const isClosed = closed.has(process.pid);
		if (process.threads.length > 1)
			rows.push({ process, isClosed, height: PROCESS_HEIGHT, strip: PROCESS_HEIGHT - 10 });
		if (process.threads.length > 1 && isClosed)
			continue;
		for (const thread of threads.toSorted(compare))
			rows.push(threadRow(thread));
	}
	for (const other of trace.others.tracks) {
		if (!wanted || matches(wanted, other.name))
			rows.push({ other, height: OTHER_HEIGHT, strip: OTHER_HEIGHT - 4 });
	}
	let top = 0;
	for (const row of rows) {
		row.top = top;
		top += row.height;
	}
	return rows;
}

/* The threads that @filter leaves, in closed processes, too, and those that have samples only. */
export function threadsOf(trace, { filter }) {
	const wanted = filter.trim().toLowerCase();
	const without = trace.threads.filter(({ process, name, tid, processName, pid }) => !process &&
		(!wanted || matches(wanted, name, tid, processName, pid)));
	return [...trace.processes.flatMap((process) => chosenThreads(process, wanted)), ...without];
}

export function heightOf(rows) {
	const last = rows.at(-1);
	return last ? last.top + last.height : 0;
}

/* The row at @y, or the last above it. */
export function rowAt(rows, y) {
	let low = 0;
	let high = rows.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (rows[middle].top <= y)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}
