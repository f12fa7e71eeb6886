/* SPDX-License-Identifier: GPL-2.0-only */
/* The tree of a flame graph: stacks with values, merged from the outermost function inwards. */
import { firstAfter } from './track.js';
import { isBlocked } from './trace.js';

class Node {
	constructor(fn, parent) {
		this.fn = fn; /* the function's number; or a text: what is no function */
		this.parent = parent;
		this.children = new Map();
		this.self = 0;
		this.total = 0;
		this.depth = parent ? parent.depth + 1 : 0;
	}
	child(fn) {
		let node = this.children.get(fn);
		if (!node)
			this.children.set(fn, node = new Node(fn, this));
		return node;
	}
}

/* @values: by stack; that of stack 0 is of none, and stands under the name @without. */
export function flameTree(trace, values, without, isInverted = false) {
	const root = new Node('all', null);
	const { parent, frame } = trace.stacks;
	const nodes = new Map([[0, root]]);
	const nodeOf = (stack) => {
		const path = [];
		for (; !nodes.has(stack); stack = parent[stack])
			path.push(stack);
		let node = nodes.get(stack);
		while (path.length) {
			const at = path.pop();
			for (const { fn } of trace.frames[frame[at]].toReversed())
				node = node.child(fn);
			nodes.set(at, node);
		}
		return node;
	};
	const innerNodeOf = (stack) => {
		let node = root;
		for (; stack; stack = parent[stack]) {
			for (const { fn } of trace.frames[frame[stack]])
				node = node.child(fn);
		}
		return node;
	};
	for (const [stack, value] of values) {
		const node = stack ? (isInverted ? innerNodeOf : nodeOf)(stack) : root.child(without);
		node.self += value;
	}
	sumUp(root);
	return root;
}

function sumUp(root) {
	const order = [root];
	for (const node of order) {
		for (const child of node.children.values())
			order.push(child);
	}
	for (const node of order.toReversed()) {
		node.total += node.self;
		if (node.parent)
			node.parent.total += node.total;
	}
	for (const node of order)
		node.sorted = [...node.children.values()].sort((a, b) => b.total - a.total);
}

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
