/* SPDX-License-Identifier: GPL-2.0-only */
/* Two profiles compared, made of the tables that src/export/diff_html.c writes. */
import { countRows, eachRow } from './read.js';
import { formatOf } from './units.js';

const OLD = 1; /* bits of which sides a row is in */
const NEW = 2;

const halves = new DataView(new ArrayBuffer(8));

/* A double, of its halves. */
function nextDouble(column) {
	halves.setUint32(0, column.next());
	halves.setUint32(4, column.next());
	return halves.getFloat64(0);
}

/* { name, module, file, line, before, after, noise }; before, or after: null where it is not. */
function readRows(parts, texts) {
	const rows = [];
	eachRow(parts, (name, module, file, line, isIn, amounts) => {
		const row = { name: texts[name.next()], module: texts[module.next()], file: texts[file.next()], line: line.next() };
		const sides = isIn.next();
		row.before = nextDouble(amounts);
		row.after = nextDouble(amounts);
		row.noise = nextDouble(amounts);
		row.difference = row.after - row.before;
		if (!(sides & OLD))
			row.before = null;
		if (!(sides & NEW))
			row.after = null;
		rows.push(row);
	});
	return rows;
}

/* Of what is less than nothing, as growth may be, there is no width. */
function widthOf(before, after) {
	return Math.max(0, before) + Math.max(0, after);
}

/*
 * Nodes of both call trees, parents first, in columns: what both have there, and widths, of
 * which each is at least what its children have.
 */
function readTree(parts, texts) {
	const n = countRows(parts);
	const numbers = () => new Float64Array(n);
	const tree = { n, parent: new Uint32Array(n), label: new Uint32Array(n), before: numbers(), after: numbers(),
		noise: numbers(), width: numbers(), children: Array.from({ length: n }, () => []), height: new Uint16Array(n), items: [] };
	const labels = new Map();
	const labelOf = (name, module, isGroup) => {
		const key = `${isGroup}${name}`;
		if (!labels.has(key))
			labels.set(key, tree.items.push({ name, module, kind: 0, file: '', isGroup }) - 1);
		return labels.get(key);
	};
	let i = 0;
	eachRow(parts, (parent, name, module, isProcess, amounts) => {
		tree.parent[i] = parent.next();
		tree.label[i] = labelOf(texts[name.next()], texts[module.next()], isProcess.next() === 1);
		for (const column of [tree.before, tree.after, tree.noise])
			column[i] = nextDouble(amounts);
		tree.width[i] = widthOf(nextDouble(amounts), nextDouble(amounts));
		i++;
	});
	while (--i > 0) {
		const parent = tree.parent[i];
		tree.width[parent] += tree.width[i];
		tree.children[parent].push(i);
		tree.height[parent] = Math.max(tree.height[parent], tree.height[i] + 1);
	}
	tree.nLabels = tree.items.length;
	return tree;
}

/* null: the page is of one recording. */
export function readDifference({ facts, texts }, rowParts, treeParts) {
	if (!rowParts.length)
		return null;
	const [total, ...rows] = readRows(rowParts, texts);
	const fact = (name) => facts.get(`diff.${name}`) ?? '';
	const format = fact('scale') === 'share' ? (share) => `${share.toFixed(2)} %` : formatOf(fact('unit'));
	return { profile: fact('profile'), type: fact('type'), scale: fact('scale'), head: [...facts].filter(([key]) => key.startsWith('diff.head.')).map(([, line]) => line),
		format, total, rows, tree: readTree(treeParts, texts) };
}

/* Chance alone may be it. */
export function isNoise({ difference, noise }) {
	return Math.abs(difference) <= noise;
}

/* "+12.3 %"; "new", "gone" or '' where there is nothing to take a percentage of. */
export function changeText({ before, after, difference }) {
	if (!before)
		return after ? 'new' : '';
	if (!after)
		return 'gone';
	const percent = 100 * difference / before;
	if (Math.abs(percent) > 9999)
		return `${(after / before).toFixed(0)}×`;
	return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
}

/* What a flame graph draws of a node of the tree. */
export class DifferenceBranch {
	constructor(tree, node, parent) {
		this.tree = tree;
		this.node = node;
		this.parent = parent;
		this.depth = parent ? parent.depth + 1 : 0;
		this.label = parent ? tree.label[node] : tree.nLabels;
		this.total = tree.width[node];
		this.isCalled = true;
		this.made = null;
	}
	/* Widest first, and those of no width left out. */
	get children() {
		const { tree, node } = this;
		return this.made ??= tree.children[node].filter((child) => tree.width[child] > 0)
			.sort((a, b) => tree.width[b] - tree.width[a] || a - b)
			.map((child) => new DifferenceBranch(tree, child, this));
	}
	get info() {
		return this.parent ? this.tree.items[this.label] : { name: 'all', module: '', file: '', isGroup: true };
	}
	get height() {
		return this.tree.height[this.node];
	}
	/* As a row has it. */
	get row() {
		const { tree: { before, after, noise }, node } = this;
		return { before: before[node], after: after[node], difference: after[node] - before[node], noise: noise[node] };
	}
	child(label) {
		return this.children.find((child) => child.label === label);
	}
	/* Of what is new the hue is red, of what is gone blue; grey where chance may be it. */
	colour({ name }) {
		const { row } = this;
		const isDark = name === 'dark';
		const all = widthOf(row.before, row.after);
		const part = all > 0 ? Math.min(1, Math.abs(row.difference) / all) : 0;
		if (isNoise(row))
			return isDark ? '#3a414b' : '#d9dde2';
		const light = isDark ? 30 + 18 * Math.sqrt(part) : 90 - 28 * Math.sqrt(part);
		return `hsl(${row.difference > 0 ? 8 : 214} ${isDark ? 55 : 80}% ${light}%)`;
	}
}
