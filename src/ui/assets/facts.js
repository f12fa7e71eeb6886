/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to be said of a slice, a call, a run: lines for the tip and the panel. */
import {
	CUT_END, CUT_START, PREEMPTED, RUNNABLE, RUNNING, WAKER_INTERRUPT, WAKER_UNRECORDED, WAKER_UNSEEN,
	isBlocked, kindName, waitOf,
} from './trace.js';
import { itemOf } from './items.js';
import { duration, exactTime } from './units.js';

export function threadName(thread) {
	return `${thread.name} (${thread.tid})`;
}

/* Of the process that a thread is of, whether or not it has a track. */
export function processTitle({ process, processName, name, pid }) {
	return `${processName || process?.name || name} (${pid})`;
}

function runnableFacts({ trace }, slice, flags, facts) {
	const tid = trace.states.detail[slice];
	const instead = tid && trace.threads.find((thread) => thread.tid === tid);
	facts.push(['because', flags & PREEMPTED ? 'it was preempted' : 'it was woken, or is new']);
	facts.push(['then ran on', `CPU ${trace.states.cpu[slice]}`]);
	if (tid)
		facts.push(['ran there', instead ? threadName(instead) : `thread ${tid}`]);
}

function wakerText({ how, waker }) {
	if (waker)
		return threadName(waker);
	return { [WAKER_UNSEEN]: 'not seen', [WAKER_INTERRUPT]: 'an interrupt',
		[WAKER_UNRECORDED]: 'a thread that was not recorded' }[how];
}

function blockedFacts({ trace }, slice, facts) {
	const wait = waitOf(trace, slice);
	if (wait.object)
		facts.push(['on', wait.object]);
	if (wait.call)
		facts.push(['in', wait.call]);
	if (!(trace.states.kind[slice] & CUT_END))
		facts.push(['woken by', wakerText(wait)]);
	return { stack: wait.stack, wakerStack: wait.wakerStack };
}

/* { title, kind, facts: [[name, text]], stack, wakerStack } of a thread's slice. */
export function sliceFacts(app, slice) {
	const { trace } = app;
	const { start, end, kind, cpu } = trace.states;
	const flags = kind[slice];
	const facts = [];
	let more = {};
	if ((flags & 15) === RUNNING)
		facts.push(['on', `CPU ${cpu[slice]}`]);
	else if ((flags & 15) === RUNNABLE)
		runnableFacts(app, slice, flags, facts);
	else if (isBlocked(flags))
		more = blockedFacts(app, slice, facts);
	facts.push(['from', exactTime(start[slice])], ['to', exactTime(end[slice])]);
	if (flags & CUT_START)
		facts.push(['', 'it began before the recording did']);
	if (flags & CUT_END)
		facts.push(['', 'it went on when the recording ended']);
	return { title: `${kindName(trace, flags)} for ${duration(end[slice] - start[slice])}`,
		kind: flags & 15, facts, ...more };
}

/* An argument of an item as it is shown: "queued_ns" as a duration. */
export function argFact([key, text]) {
	const isTime = key.endsWith('_ns');
	return [key.replace(/_ns$/, '').replaceAll('_', ' '), isTime ? duration(Number(text)) : text];
}

/* Of row @i of calls, of pauses or of others: what an item tells, and when it was. */
export function itemFacts({ trace }, slices, i) {
	const { start, end, items, item } = slices;
	const { name, args } = itemOf(trace, items, item[i]);
	return { title: `${name} for ${duration(end[i] - start[i])}`,
		facts: [...args.map(argFact), ['from', exactTime(start[i])], ['to', exactTime(end[i])]] };
}

export function runFacts({ trace }, run) {
	const { start, end, thread } = trace.runs;
	const who = trace.threads[thread[run]];
	return { title: `${threadName(who)} for ${duration(end[run] - start[run])}`,
		facts: [['process', processTitle(who)], ['from', exactTime(start[run])], ['to', exactTime(end[run])]] };
}
