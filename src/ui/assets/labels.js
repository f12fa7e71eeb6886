/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is told apart on stacks: functions by their names, lines of source, or modules.
 * Each is a label, a number; as in the reports, two functions of one name are one.
 */
/* Kinds of modules, as of enum module_kind. */
export const KERNEL = 2;
export const JIT = 4;
export const NOTE = 5; /* no code: why a stack ends early */

/* By name: what two levels of stacks have in common that are one. */
const KEYS = {
	function: ({ name }) => [name],
	line: ({ name, file }, line) => [name, file, line],
	source: ({ file }, line) => [line ? file : '', '', line ? line : 0],
	module: ({ name, module, kind }) => [module || (kind === NOTE ? name : '[unknown]')],
};

class Labels {
	constructor(key) {
		this.keyOf = KEYS[key];
		this.isModules = key === 'module';
		this.items = []; /* { name, module, kind, file, line } */
		this.ids = new Map();
	}
	/* Of a level of a frame. */
	add(fn, line) {
		const parts = this.keyOf(fn, line);
		const key = parts.join('\0');
		let id = this.ids.get(key);
		if (id === undefined) {
			this.ids.set(key, id = this.items.length);
			this.items.push({ name: parts[0], module: this.isModules ? '' : fn.module, kind: fn.kind,
				file: fn.file, line: parts[2] ?? 0, isInMore: false });
		}
		this.items[id].isInMore ||= !this.isModules && this.items[id].module !== fn.module;
		return id;
	}
	find(name) {
		return this.ids.get(name) ?? -1;
	}
}

/* { items, first, label, isInlined }: the levels of frame i, outermost first, from first[i] on. */
function readLabels({ frames, functions, facts }, key) {
	const labels = new Labels(key);
	const first = new Uint32Array(frames.length + 1);
	const label = [];
	const isInlined = [];
	frames.forEach((levels, frame) => {
		first[frame] = label.length;
		for (let i = levels.length; i-- > 0;) {
			label.push(labels.add(functions[levels[i].fn], levels[i].line));
			isInlined.push(i > 0 ? 1 : 0);
		}
		if (!frame) { /* of a stack that was not taken */
			label.push(labels.add({ name: facts.get('page.no_stack') ?? '', module: '', kind: NOTE, file: '' }, 0));
			isInlined.push(0);
		}
	});
	first[frames.length] = label.length;
	return { labels, items: labels.items, first, label: Uint32Array.from(label),
		isInlined: Uint8Array.from(isInlined), isModules: labels.isModules };
}

/* Those of all the frames of @trace, told apart by @key. */
export function labelsOf(trace, key = 'function') {
	trace.labels ??= new Map();
	if (!trace.labels.has(key))
		trace.labels.set(key, readLabels(trace, key));
	return trace.labels.get(key);
}
