/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a text stands: in names of threads, objects, system calls, and functions on stacks. */
import { firstAfter } from './track.js';
import { ARG_TEXT } from './items.js';
import { isBlocked } from './trace.js';

/* A part of a text, or a /regular expression/, whatever the case.  A half-typed one is a text. */
export function matcherOf(text) {
	const expression = /^\/(.+)\/$/.exec(text)?.[1];
	if (expression) {
		try {
			const pattern = new RegExp(expression, 'i');
			return (candidate) => pattern.test(candidate);
		} catch {
			/* no expression: looked for as it stands */
		}
	}
	const wanted = text.toLowerCase();
	return (candidate) => candidate.toLowerCase().includes(wanted);
}

function matchingStacks({ stacks, frames, functions }, matches) {
	const byFunction = functions.map(({ name }) => matches(name));
	const byFrame = frames.map((levels) => levels.some(({ fn }) => byFunction[fn]));
	const found = new Uint8Array(stacks.n);
	for (let stack = 1; stack < stacks.n; stack++)
		found[stack] = found[stacks.parent[stack]] || byFrame[stacks.frame[stack]] ? 1 : 0;
	return found;
}

/* By its name or an argument's text, such as ENOENT. */
function itemMatches({ items, item }, i, byText) {
	const row = item[i];
	if (byText[items.name[row]])
		return true;
	for (let arg = items.first[row]; arg < items.first[row + 1]; arg++) {
		if (items.form[arg] === ARG_TEXT && byText[items.value[arg]])
			return true;
	}
	return false;
}

function hitsOf(trace, thread, byText, byStack) {
	const { states, waits, calls, samples } = trace;
	const hits = [];
	for (let i = thread.track.from; i < thread.track.to; i++) {
		const at = states.detail[i];
		if (isBlocked(states.kind[i]) && (byText[waits.object[at]] || byText[waits.call[at]] ||
			byStack[waits.stack[at]]))
			hits.push(states.start[i]);
	}
	for (let i = thread.calls.from; i < thread.calls.to; i++) {
		if (itemMatches(calls, i, byText))
			hits.push(calls.start[i]);
	}
	for (const track of [thread.pauses, thread.stops]) {
		for (let i = track.from; i < track.to; i++) {
			if (itemMatches(trace.pauses, i, byText))
				hits.push(track.start[i]);
		}
	}
	for (let i = thread.samples[0]; i < thread.samples[1]; i++) {
		if (byStack[samples.stack[i]])
			hits.push(samples.time[i]);
	}
	return Float64Array.from(hits).sort();
}

/* { text, n, byThread: times of hits by the thread's index, names: threads called so }. */
export function search(trace, text) {
	const matches = matcherOf(text);
	const byText = Uint8Array.from(trace.texts, (candidate) => candidate && matches(candidate) ? 1 : 0);
	const byStack = matchingStacks(trace, matches);
	const byThread = new Map();
	let n = 0;
	for (const thread of trace.threads) {
		let hits = hitsOf(trace, thread, byText, byStack);
		if (!hits.length && thread.process && (matches(thread.name) || matches(thread.process.name)))
			hits = Float64Array.of(thread.first);
		if (hits.length)
			byThread.set(thread.index, hits);
		n += hits.length;
	}
	return { text, n, byThread };
}

/* The hit that follows (@step 1) or precedes (-1) @time and its thread: { time, thread }. */
export function hitFrom(found, { time, thread }, step) {
	let best = null;
	const isNearer = (a, b) => step * (a.time - b.time || a.thread - b.thread) < 0;
	for (const [index, hits] of found.byThread) {
		let i = firstAfter(hits, 0, hits.length, time);
		if (step > 0) {
			while (i < hits.length && hits[i] === time && index <= thread)
				i++;
		} else if (!(i < hits.length && hits[i] === time && index < thread)) {
			i--;
		}
		const hit = { time: hits[i], thread: index };
		if (i >= 0 && i < hits.length && (!best || isNearer(hit, best)))
			best = hit;
	}
	return best;
}

/* How many hits there are up to @hit, it included. */
export function hitNumber(found, hit) {
	let n = 0;
	for (const [index, hits] of found.byThread) {
		let i = firstAfter(hits, 0, hits.length, hit.time);
		while (i < hits.length && hits[i] === hit.time && index <= hit.thread)
			i++;
		n += i;
	}
	return n;
}
