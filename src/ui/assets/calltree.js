/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The call tree of rows of stacks: its shape is made once, what the rows are worth, or
 * which of them count, may change often.  Everything is in columns of numbers, as there may
 * be millions of nodes; parents have smaller numbers than their children.
 */

const NO_NODE = 0; /* the root, which is no child */

/* The child of a node for a label, by open addressing. */
class Children {
	constructor() {
		this.slots = new Uint32Array(1 << 12);
	}
	#slot(parent, label) {
		let hash = Math.imul(parent, 0x9e3779b1) + Math.imul(label, 0x85ebca6b) | 0;
		hash = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d);
		return (hash ^ hash >>> 13) & (this.slots.length - 1);
	}
	/* Its place, where it is or is to be. */
	#find({ parent, label }, ofParent, ofLabel) {
		const { slots } = this;
		const mask = slots.length - 1;
		let at = this.#slot(ofParent, ofLabel);
		while (slots[at] !== NO_NODE && (parent[slots[at]] !== ofParent || label[slots[at]] !== ofLabel))
			at = (at + 1) & mask;
		return at;
	}
	get(tree, parent, label) {
		return this.slots[this.#find(tree, parent, label)];
	}
	/* The newest node. */
	put(tree, node) {
		if (node * 2 < this.slots.length) {
			this.slots[this.#find(tree, tree.parent[node], tree.label[node])] = node;
			return;
		}
		this.slots = new Uint32Array(this.slots.length * 4);
		for (let i = 1; i <= node; i++)
			this.slots[this.#find(tree, tree.parent[i], tree.label[i])] = i;
	}
}

function grown(column, length) {
	const to = new column.constructor(length);
	to.set(column);
	return to;
}

export class CallTree {
	/*
	 * @rows: { n, stack }.  @isMerged: a function that calls itself is one node; @hidden: labels
	 * left out.
	 */
	constructor(trace, labels, rows, { isMerged = false, hidden = new Set() } = {}) {
		this.labels = labels;
		this.isMerged = isMerged || labels.isModules;
		this.hidden = hidden;
		this.n = 1;
		this.parent = new Uint32Array(1 << 10);
		this.label = new Uint32Array(1 << 10);
		this.isCalled = new Uint8Array(1 << 10); /* not always inlined */
		this.label[0] = this.nLabels = labels.items.length; /* the root's is none of them */
		this.#place(trace, rows);
		for (const name of ['parent', 'label', 'isCalled'])
			this[name] = this[name].slice(0, this.n);
		this.#link();
		this.self = new Float64Array(this.n);
		this.total = new Float64Array(this.n);
	}

	#child(children, parent, label, isInlined) {
		let node = children.get(this, parent, label);
		if (node === NO_NODE) {
			node = this.n++;
			if (node >= this.parent.length) {
				for (const name of ['parent', 'label', 'isCalled'])
					this[name] = grown(this[name], node * 2);
			}
			this.parent[node] = parent;
			this.label[node] = label;
			children.put(this, node);
		}
		if (!isInlined)
			this.isCalled[node] = 1;
		return node;
	}

	#frame(children, node, frame) {
		const { labels: { first, label, isInlined }, hidden } = this;
		for (let i = first[frame]; i < first[frame + 1]; i++) {
			if (hidden.has(label[i]) || this.isMerged && node && this.label[node] === label[i])
				continue;
			node = this.#child(children, node, label[i], isInlined[i]);
		}
		return node;
	}

	/* The node of each row, by way of those of the stacks that it is made of. */
	#place({ stacks }, rows) {
		const children = new Children();
		const known = new Uint32Array(stacks.n);
		const isKnown = new Uint8Array(stacks.n);
		const path = [];
		isKnown[0] = 1; /* where stacks begin: the root */
		this.nodeOfRow = new Uint32Array(rows.n);
		for (let row = 0; row < rows.n; row++) {
			let stack = rows.stack[row];
			if (!stack) {
				this.nodeOfRow[row] = this.#frame(children, 0, 0);
				continue;
			}
			for (path.length = 0; !isKnown[stack]; stack = stacks.parent[stack])
				path.push(stack);
			let node = known[stack];
			while (path.length) {
				const at = path.pop();
				node = known[at] = this.#frame(children, node, stacks.frame[at]);
				isKnown[at] = 1;
			}
			this.nodeOfRow[row] = node;
		}
	}

	/* Lists of children; and which nodes are below none of the same label. */
	#link() {
		const { n, parent, label } = this;
		this.firstChild = new Uint32Array(n);
		this.nextSibling = new Uint32Array(n);
		this.isOuter = new Uint8Array(n);
		this.depth = new Uint16Array(n);
		this.height = new Uint16Array(n);
		for (let i = n - 1; i > 0; i--) {
			this.nextSibling[i] = this.firstChild[parent[i]];
			this.firstChild[parent[i]] = i;
			this.height[parent[i]] = Math.max(this.height[parent[i]], this.height[i] + 1);
		}
		const above = new Uint32Array(this.nLabels + 1); /* how many of each label are on the way */
		for (let i = this.firstChild[0]; i;) {
			this.depth[i] = this.depth[parent[i]] + 1;
			this.isOuter[i] = above[label[i]]++ ? 0 : 1;
			let next = this.firstChild[i];
			while (!next && i) {
				above[label[i]]--;
				next = this.nextSibling[i];
				i = parent[i];
			}
			i = next;
		}
	}

	/* Row i is worth @values[i], which may be 0. */
	setValues(values) {
		this.values = values;
		this.self.fill(0);
		this.#sumUp(this, () => true);
	}

	/* The same tree, but of the rows that @isWanted only. */
	part(isWanted) {
		const part = Object.create(this, {
			self: { value: new Float64Array(this.n) }, total: { value: new Float64Array(this.n) },
		});
		this.#sumUp(part, isWanted);
		return part;
	}

	#sumUp({ self, total }, isWanted) {
		const { n, parent, nodeOfRow, values } = this;
		for (let row = 0; row < values.length; row++) {
			if (values[row] && isWanted(row))
				self[nodeOfRow[row]] += values[row];
		}
		total.set(self);
		for (let i = n - 1; i > 0; i--)
			total[parent[i]] += total[i];
	}

	/* For each node whether it, or one above it, has a label that @isWanted. */
	under(isWanted) {
		const { n, parent, label } = this;
		const under = new Uint8Array(n);
		for (let i = 1; i < n; i++)
			under[i] = isWanted[label[i]] | under[parent[i]];
		return under;
	}

	/* How much lies under labels that @isWanted: each stack counts once. */
	sumUnder(isWanted) {
		const under = this.under(isWanted);
		let sum = 0;
		for (let i = 1; i < this.n; i++)
			sum += under[i] ? this.self[i] : 0;
		return sum;
	}

	/* By label: flat is what stands in it, cum what it called, too, each stack once. */
	sums() {
		const flat = new Float64Array(this.nLabels + 1);
		const cum = new Float64Array(this.nLabels + 1);
		for (let i = 1; i < this.n; i++) {
			flat[this.label[i]] += this.self[i];
			if (this.isOuter[i])
				cum[this.label[i]] += this.total[i];
		}
		return { flat, cum };
	}

	/* { name, module, kind, file, line } of a label. */
	labelAt(label) {
		return this.labels.items[label] ?? { name: 'all', module: '', kind: 0, file: '', isGroup: true };
	}
}
