/* SPDX-License-Identifier: GPL-2.0-only */
/* What samples and waits of a part of the timeline are worth, stack by stack. */
import { CallTree } from './calltree.js';
import { labelsOf } from './labels.js';
import { firstAfter } from './track.js';
import { isBlocked } from './trace.js';

function add(values, stack, value) {
	values.set(stack, (values.get(stack) ?? 0) + value);
}

/* By stack, the weight of the CPU samples of @threads between two times. */
export function cpuValues(trace, threads, since, until) {
	const { time, weight, stack } = trace.samples;
	const values = new Map();
	for (const { samples: [from, to] } of threads) {
		for (let i = firstAfter(time, from, to, since); i < to && time[i] < until; i++)
			add(values, stack[i], weight[i]);
	}
	return values;
}

/* By stack, how long @threads were blocked between two times; by 0, where no stack was taken. */
export function waitValues(trace, threads, since, until) {
	const { start, end, kind, detail } = trace.states;
	const values = new Map();
	for (const { track } of threads) {
		for (let i = track.find(since); i < track.to && start[i] < until; i++) {
			if (isBlocked(kind[i]))
				add(values, trace.waits.stack[detail[i]],
					Math.min(end[i], until) - Math.max(start[i], since));
		}
	}
	return values;
}

/* The call tree of @values, by stack. */
export function treeOf(trace, values) {
	const tree = new CallTree(trace, labelsOf(trace),
		{ n: values.size, stack: Uint32Array.from(values.keys()) });
	tree.setValues(Float64Array.from(values.values()));
	return tree;
}
