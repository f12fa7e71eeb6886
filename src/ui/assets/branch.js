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
		this.isWhole = false; /* the root of all */
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
		return this.tree.labelAt(this.label);
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
			const caller = this.isWhole ? node : parent[node];
			if (caller)
				childOf(label[caller]).add(caller, this.parts[i]);
			else
				this.self += this.parts[i];
		});
	}
	get height() {
		return this.nodes.reduce((most, node) => Math.max(most, this.tree.depth[node]), 0) - !this.isWhole;
	}
}

/* All of @tree; or, as @isInverted, from the innermost functions to their callers. */
export function wholeBranch(tree, isInverted = false) {
	const root = new (isInverted ? Callers : Callees)(tree, tree.nLabels, null);
	root.isWhole = true;
	if (!isInverted) {
		root.add(0);
		return root;
	}
	for (let node = 1; node < tree.n; node++) {
		if (tree.self[node] > 0)
			root.add(node, tree.self[node]);
	}
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
