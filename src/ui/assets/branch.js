/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a flame graph draws: branches of a call tree, made as they come into view, since
 * the whole may be millions.  A branch stands for nodes of the tree with one label: below
 * it are what they call; or, turned round, who called them.
 */
class Branch {
	constructor(tree, label, parent) {
		this.tree = tree;
		this.label = label;
		this.parent = parent;
		this.depth = parent ? parent.depth + 1 : 0;
		this.nodes = [];
		this.total = 0;
		this.self = 0; /* what ends here */
		this.isCalled = false; /* not always inlined */
		this.isStart = false; /* its nodes are where stacks end, not who is called */
		this.title = null; /* of what is no function */
		this.made = null;
	}

	/* Largest first, and those of no value left out. */
	get children() {
		if (!this.made) {
			const byLabel = new Map();
			this.grow((label) => {
				let child = byLabel.get(label);
				if (!child)
					byLabel.set(label, child = new this.constructor(this.tree, label, this));
				return child;
			});
			this.made = [...byLabel.values()].sort((a, b) => b.total - a.total || a.label - b.label);
		}
		return this.made;
	}

	get info() {
		const info = this.tree.labelAt(this.label);
		return this.title === null ? info : { ...info, name: this.title };
	}

	child(label) {
		return this.children.find((child) => child.label === label);
	}
}

/* Downwards: what was called. */
class Callees extends Branch {
	add(node) {
		const { tree } = this;
		this.nodes.push(node);
		this.total += tree.total[node];
		this.self += tree.self[node];
		this.isCalled ||= tree.isCalled[node] === 1;
	}
	grow(childOf) {
		const { firstChild, nextSibling, total, label } = this.tree;
		for (const node of this.nodes) {
			for (let child = firstChild[node]; child; child = nextSibling[child]) {
				if (total[child] > 0)
					childOf(label[child]).add(child);
			}
		}
	}
	get height() {
		return this.nodes.reduce((most, node) => Math.max(most, this.tree.height[node]), 0);
	}
}

/* Upwards: who called, with the part of each call's value that came from the branch's root. */
class Callers extends Branch {
	constructor(tree, label, parent) {
		super(tree, label, parent);
		this.parts = [];
	}
	add(node, part) {
		this.nodes.push(node);
		this.parts.push(part);
		this.total += part;
		this.isCalled ||= this.tree.isCalled[node] === 1;
	}
	grow(childOf) {
		const { parent, label } = this.tree;
		this.nodes.forEach((node, i) => {
			const caller = this.isStart ? node : parent[node];
			if (caller)
				childOf(label[caller]).add(caller, this.parts[i]);
			else
				this.self += this.parts[i];
		});
	}
	get height() {
		return this.nodes.reduce((most, node) => Math.max(most, this.tree.depth[node]), 0) - !this.isStart;
	}
}

/* Put all that @tree is worth under @branch. */
function fill(branch, tree) {
	branch.isStart = branch instanceof Callers;
	for (let node = 1; branch.isStart && node < tree.n; node++) {
		if (tree.self[node] > 0)
			branch.add(node, tree.self[node]);
	}
	if (!branch.isStart)
		branch.add(0);
	return branch;
}

/* All of @tree; or, as @isInverted, from the innermost functions to their callers. */
export function wholeBranch(tree, isInverted = false) {
	return fill(new (isInverted ? Callers : Callees)(tree, tree.nLabels, null), tree);
}

/* The same of one group of rows, once somebody looks below it. */
function groupBranch(root, which, of, isInverted) {
	const branch = new (isInverted ? Callers : Callees)(root.tree, root.label + 1 + which, root);
	const { grow } = branch;
	branch.isStart = true;
	branch.isCalled = true;
	branch.grow = (childOf) => {
		branch.tree = root.tree.part((row) => of[row] === which);
		branch.total = 0;
		grow.call(fill(branch, branch.tree), childOf);
	};
	Object.defineProperty(branch, 'height', { get: () => root.tree.height[0] });
	return branch;
}

/* The same with groups of rows below the root: @of each row, which of @names. */
export function groupedBranch(tree, { of, names }, isInverted = false) {
	const root = new Callees(tree, tree.nLabels, null);
	const branches = names.map((name, i) => Object.assign(groupBranch(root, i, of, isInverted), { title: name }));
	tree.values.forEach((value, row) => { branches[of[row]].total += value; });
	root.total = tree.total[0];
	root.made = branches.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total || a.label - b.label);
	Object.defineProperty(root, 'height', { get: () => tree.height[0] + 1 });
	return root;
}

/* What @label calls; or, as @isInverted, what leads to it.  Where it recurses, its outermost call. */
export function branchOf(tree, label, isInverted) {
	const root = new (isInverted ? Callers : Callees)(tree, label, null);
	for (let node = 1; node < tree.n; node++) {
		if (tree.label[node] === label && tree.isOuter[node] && tree.total[node] > 0)
			root.add(node, tree.total[node]);
	}
	return root;
}
