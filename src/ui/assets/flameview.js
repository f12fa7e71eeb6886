/* SPDX-License-Identifier: GPL-2.0-only */
/* A flame graph that grows downwards: widths are values, a click makes a part the whole. */
import { SANS, fitCanvas, fitText, make } from './dom.js';
import { flameColour } from './theme.js';
import { percent } from './units.js';

const ROW = 18;
const NARROWEST = 0.6; /* what is less wide is not drawn: it lies within its parent's end */

export class FlameView {
	/* @tip shows lines at a point; @on: what is called with a branch and the event: zoom, act; what is
	 * to be told of a branch: lines. */
	constructor(app, element, tip, on = {}) {
		this.app = app;
		this.tip = tip;
		this.on = on;
		this.canvas = make('canvas');
		this.ground = make('div', { class: 'ground' }, this.canvas); /* as high as all the levels */
		this.empty = make('div', { class: 'empty' });
		this.element = element;
		element.append(this.ground, this.empty);
		this.root = this.focus = null;
		this.isMatch = null;
		this.canvas.addEventListener('click', (event) => this.#click(event));
		this.canvas.addEventListener('pointermove', (event) => this.#hover(event));
		this.canvas.addEventListener('pointerleave', () => tip.hide());
		element.addEventListener('scroll', () => this.draw());
	}

	/*
	 * @root: a branch; @format: of its values; @empty: what to say where there is nothing;
	 * @path: labels of what is the whole, from below the root on.
	 */
	set(root, format, empty, path = []) {
		this.root = root;
		this.format = format;
		this.focus = root;
		for (const label of path)
			this.focus = this.focus.child(label) ?? this.focus;
		this.empty.textContent = root.total > 0 ? '' : empty;
		this.draw();
	}

	/* The labels from the root to what is the whole. */
	get path() {
		const path = [];
		for (let branch = this.focus; branch?.parent; branch = branch.parent)
			path.unshift(branch.label);
		return path;
	}

	/* By label, whether it is marked; or null. */
	mark(isMatch) {
		this.isMatch = isMatch;
		this.draw();
	}

	zoom(branch) {
		this.focus = branch;
		this.draw();
		this.on.zoom?.(branch);
	}

	draw() {
		const { app: { theme }, root, focus, element } = this;
		if (!root || !this.canvas.isConnected)
			return;
		const height = root.total > 0 ? (focus.depth + focus.height + 1) * ROW : 0;
		this.ground.style.height = `max(100%, ${height}px)`;
		const view = this.view = fitCanvas(this.canvas, {}, element);
		this.scroll = Math.max(0, Math.min(element.scrollTop, height - view.height));
		this.boxes = [];
		const { context } = view;
		context.clearRect(0, 0, view.width, view.height);
		context.font = `11px ${SANS}`;
		context.textBaseline = 'middle';
		this.colours = new Map();
		if (!(root.total > 0))
			return;
		for (let branch = focus.parent; branch; branch = branch.parent)
			this.#box(branch, 0, view.width, theme, true);
		this.#branches(focus, view, theme);
	}

	#branches(focus, { width, height }, theme) {
		const waiting = [focus, 0, width];
		while (waiting.length) {
			const w = waiting.pop();
			const x = waiting.pop();
			const branch = waiting.pop();
			this.#box(branch, x, w, theme, false);
			if ((branch.depth + 1) * ROW - this.scroll > height)
				continue;
			let at = x;
			for (const child of branch.children) {
				const share = child.total / branch.total * w;
				if (share < NARROWEST)
					break;
				waiting.push(child, at, share);
				at += share;
			}
		}
	}

	#colourOf(branch, theme) {
		if (branch.colour)
			return branch.colour(theme);
		const key = branch.label * 2 + branch.isCalled;
		let colour = this.colours.get(key);
		if (!colour)
			this.colours.set(key, colour = flameColour(theme, branch.info, !branch.isCalled));
		return colour;
	}

	#nameOf(branch) {
		const { name } = branch.info;
		return branch.label === branch.tree.nLabels && !branch.colour ? `all: ${this.format(branch.total)}` : name;
	}

	#box(branch, x, width, theme, isAbove) {
		const { view: { context, height }, isMatch } = this;
		const top = branch.depth * ROW - this.scroll;
		if (top > height || top < -ROW)
			return;
		const matches = isMatch?.[branch.label] === 1;
		context.globalAlpha = isAbove ? 0.55 : isMatch && !matches ? 0.45 : 1;
		context.fillStyle = matches ? theme.ink.hit : this.#colourOf(branch, theme);
		context.fillRect(x, top, Math.max(width - 0.5, 0.3), ROW - 1);
		context.globalAlpha = isAbove ? 0.8 : 1;
		context.fillStyle = matches ? '#ffffff' : theme.ink.text;
		const text = width > 16 && fitText(context, this.#nameOf(branch), width - 8);
		if (text)
			context.fillText(text, x + 4, top + ROW / 2);
		context.globalAlpha = 1;
		this.boxes.push({ branch, x, width, top });
	}

	/* What is drawn at an event. */
	at({ clientX, clientY }) {
		const { left, top } = this.canvas.getBoundingClientRect();
		const [x, y] = [clientX - left, clientY - top];
		return this.boxes?.find((box) => x >= box.x && x < box.x + box.width &&
			y >= box.top && y < box.top + ROW)?.branch;
	}

	#click(event) {
		const branch = this.at(event);
		if (!branch || this.on.act?.(branch, event))
			return;
		this.zoom(branch === this.focus ? branch.parent ?? branch : branch);
	}

	#hover(event) {
		const branch = this.at(event);
		if (!branch) {
			this.tip.hide();
			return;
		}
		this.tip.showLines(this.on.lines?.(branch) ?? this.#linesOf(branch), event.clientX, event.clientY);
	}

	#linesOf(branch) {
		const { format, root, focus } = this;
		const { name, module, file, line } = branch.info;
		const lines = [make('p', { class: 'strong' }, name),
			make('p', {}, `${format(branch.total)}, ${percent(branch.total, root.total)} of all` +
				(focus === root ? '' : `, ${percent(branch.total, focus.total)} of what is shown`))];
		if (branch.self)
			lines.push(make('p', {}, `itself ${format(branch.self)}`));
		if (!branch.isCalled && branch.parent)
			lines.push(make('p', { class: 'soft' }, 'inlined'));
		if (module || file)
			lines.push(make('p', { class: 'soft' }, [module, line ? `${file}:${line}` : file].filter(Boolean).join(' · ')));
		return lines;
	}
}
