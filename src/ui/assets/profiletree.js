/* SPDX-License-Identifier: GPL-2.0-only */
/* A profile as what is looked at has it: its values and its call trees, made anew as far as they must be. */
import { CallTree } from './calltree.js';
import { labelsOf } from './labels.js';
import { valuesIn } from './profile.js';
import { threadsOf } from './rows.js';
import { processTitle, threadName } from './facts.js';

/* What rows can be put together by, below the root: a number of each row, and its name. */
export const GROUPS = {
	none: { title: 'not grouped' },
	process: { title: 'by process', key: ({ leader }) => leader, name: processTitle },
	thread: { title: 'by thread', key: ({ id }) => id, name: threadName },
	cpu: { title: 'by CPU', isOfCpus: true },
};

/* { of: the group of each row, names, threads: one of each }. */
function groupRows({ threads }, rows, by) {
	const { key, name, isOfCpus } = GROUPS[by];
	const known = new Map();
	const names = [];
	const firsts = [];
	const of = new Uint32Array(rows.n);
	for (let i = 0; i < rows.n; i++) {
		const thread = threads[rows.thread[i]];
		const id = isOfCpus ? rows.cpu[i] : key(thread);
		if (!known.has(id)) {
			known.set(id, names.length);
			names.push(!isOfCpus ? name(thread) : id ? `CPU ${id - 1}` : '[no CPU]');
			firsts.push(thread);
		}
		of[i] = known.get(id);
	}
	return { of, names, threads: firsts };
}

/* For each stack, whether the function called @name is on it. */
function stacksWith(trace, name) {
	const { labels, first, label } = labelsOf(trace);
	const { n, parent, frame } = trace.stacks;
	const wanted = labels.find(name);
	const inFrame = trace.frames.map((_, i) => label.subarray(first[i], first[i + 1]).includes(wanted) ? 1 : 0);
	const stacks = new Uint8Array(n);
	for (let stack = 1; stack < n; stack++)
		stacks[stack] = stacks[parent[stack]] | inFrame[frame[stack]];
	stacks[0] = inFrame[0]; /* not before: it is no caller */
	return stacks;
}

/* The last result of a function, for as long as what it is made of stays. */
class Kept {
	get(key, compute) {
		if (this.key !== key)
			this.value = compute();
		this.key = key;
		return this.value;
	}
}

export class ProfileTree {
	constructor(app, profile) {
		this.app = app;
		this.profile = profile;
		this.groups = {};
		this.kept = { values: new Kept(), function: new Kept(), line: new Kept(), source: new Kept(), module: new Kept() };
	}

	get hasCpus() {
		return this.profile.rows.cpu.some((cpu) => cpu > 0);
	}

	group(by) {
		return this.groups[by] ??= groupRows(this.app.trace, this.profile.rows, by);
	}

	/* What each row is worth, by the type, the range, the threads and the function of @state. */
	values(state) {
		const { app: { trace }, profile: { rows } } = this;
		const [since, until] = state.range ?? [-Infinity, Infinity];
		const type = this.typeOf(state);
		return this.kept.values.get([type, since, until, state.filter, state.focus].join('\n'), () => {
			const isWanted = state.filter ? new Uint8Array(trace.threads.length) : null;
			for (const { index } of isWanted ? threadsOf(trace, state) : [])
				isWanted[index] = 1;
			const values = valuesIn(rows, type, { since, until, isWanted });
			const stacks = state.focus && stacksWith(trace, state.focus);
			return stacks ? values.map((value, row) => stacks[rows.stack[row]] && value) : values;
		});
	}

	/* How much is told, but not when it was. */
	untimed(state) {
		const { length, values } = this.profile.rows;
		return length ? values[this.typeOf(state)].reduce((sum, value, i) => sum + (length[i] ? 0 : value), 0) : 0;
	}

	typeOf({ value }) {
		const { types, defaultType } = this.profile;
		const type = types.findIndex((candidate) => candidate.type === value);
		return type < 0 ? defaultType : type;
	}

	/* The call tree of what @state looks at, whose labels are told apart by @key. */
	tree(state, key = 'function') {
		const { app: { trace }, profile: { rows } } = this;
		const labels = labelsOf(trace, key);
		const hidden = new Set(key === 'function' ? state.hidden.map((name) => labels.labels.find(name)) : []);
		const tree = this.kept[key].get([state.isMerged, ...hidden].join(), () =>
			new CallTree(trace, labels, rows, { isMerged: state.isMerged, hidden }));
		const values = this.values(state);
		if (tree.values !== values)
			tree.setValues(values);
		return tree;
	}
}
