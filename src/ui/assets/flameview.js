/* SPDX-License-Identifier: GPL-2.0-only */
/* A flame graph that grows downwards: widths are values, a click makes a part the whole. */
import { SANS, fitCanvas, fitText, make } from './dom.js';
import { flameColour } from './theme.js';
import { duration, percent } from './units.js';

const ROW = 18;
const NARROWEST = 0.6; /* what is less wide is not drawn: it lies within its parent's end */

export class FlameView {
	/* @tip shows lines at a point. */
	constructor(app, element, tip) {
		this.app = app;
		this.tip = tip;
		this.element = element;
		this.canvas = make('canvas');
		this.empty = make('div', { class: 'empty' });
		element.append(this.canvas, this.empty);
		this.root = this.focus = null;
		this.scroll = 0;
		this.matches = null;
		this.canvas.addEventListener('click', (event) => this.#click(event));
		this.canvas.addEventListener('pointermove', (event) => this.#hover(event));
		this.canvas.addEventListener('pointerleave', () => tip.hide());
		this.canvas.addEventListener('wheel', (event) => {
			this.scroll += event.deltaY;
			this.draw();
			event.preventDefault();
		}, { passive: false });
	}

	/* @root as of flameTree(); @empty: what to say where there is nothing. */
	set(root, empty) {
		this.root = this.focus = root;
		this.scroll = 0;
		this.empty.textContent = root.total > 0 ? '' : empty;
		this.draw();
	}

	#functionOf(node) {
		return typeof node.fn === 'number' ? this.app.trace.functions[node.fn] :
			{ name: node.fn, module: '', kind: 0, file: '' };
	}

	/* How much of the whole @matches: what lies under one that does counts once. */
	matching(matches) {
		const sumOf = (node) => node.parent && matches(this.#functionOf(node).name) ? node.total :
			node.sorted.reduce((sum, child) => sum + sumOf(child), 0);
		this.matches = matches;
		this.draw();
		return matches && this.root ? sumOf(this.root) : 0;
	}

	draw() {
		const { app: { theme } } = this;
		if (!this.root || !this.canvas.isConnected)
			return;
		const view = this.view = fitCanvas(this.canvas);
		this.boxes = [];
		const { context } = view;
		context.clearRect(0, 0, view.width, view.height);
		context.font = `11px ${SANS}`;
		context.textBaseline = 'middle';
		if (!(this.root.total > 0))
			return;
		const above = [];
		for (let node = this.focus; node; node = node.parent)
			above.unshift(node);
		this.deepest = 0;
		for (const node of above.slice(0, -1))
			this.#box(node, 0, view.width, theme, true);
		this.#tree(this.focus, 0, view.width, theme);
		this.scroll = Math.max(0, Math.min(this.scroll, (this.deepest + 1) * ROW - view.height));
	}

	#tree(focus, left, width, theme) {
		const waiting = [[focus, left, width]];
		while (waiting.length) {
			const [node, x, w] = waiting.pop();
			this.#box(node, x, w, theme, false);
			let at = x;
			for (const child of node.sorted) {
				const share = child.total / node.total * w;
				if (share < NARROWEST)
					break;
				waiting.push([child, at, share]);
				at += share;
			}
		}
	}

	#box(node, x, width, theme, isAbove) {
		const { view: { context, height }, matches } = this;
		const top = node.depth * ROW - this.scroll;
		this.deepest = Math.max(this.deepest, node.depth);
		if (top > height || top < -ROW)
			return;
		const fn = this.#functionOf(node);
		const isMatch = matches && node.parent && matches(fn.name);
		context.globalAlpha = isAbove ? 0.55 : matches && !isMatch ? 0.45 : 1;
		context.fillStyle = isMatch ? theme.ink.hit : flameColour(theme, fn);
		context.fillRect(x, top, Math.max(width - 0.5, 0.3), ROW - 1);
		context.globalAlpha = 1;
		context.fillStyle = isMatch ? '#ffffff' : theme.ink.text;
		const text = fitText(context, node.parent ? fn.name : `all: ${duration(node.total)}`, width - 8);
		if (text)
			context.fillText(text, x + 4, top + ROW / 2);
		this.boxes.push({ node, x, width, top });
	}

	#at({ clientX, clientY }) {
		const { left, top } = this.canvas.getBoundingClientRect();
		const [x, y] = [clientX - left, clientY - top];
		return this.boxes?.find((box) => x >= box.x && x < box.x + box.width &&
			y >= box.top && y < box.top + ROW)?.node;
	}

	#click(event) {
		const node = this.#at(event);
		if (!node)
			return;
		this.focus = node === this.focus ? node.parent ?? node : node;
		this.draw();
	}

	#hover(event) {
		const node = this.#at(event);
		if (!node) {
			this.tip.hide();
			return;
		}
		const { name, module, file } = this.#functionOf(node);
		const lines = [make('p', { class: 'strong' }, node.parent ? name : 'all'),
			make('p', {}, `${duration(node.total)}, ${percent(node.total, this.root.total)} of all` +
				(this.focus === this.root ? '' : `, ${percent(node.total, this.focus.total)} of what is shown`)),
			make('p', {}, `itself ${duration(node.self)}`)];
		if (module || file)
			lines.push(make('p', { class: 'soft' }, [module, file].filter(Boolean).join(' · ')));
		this.tip.showLines(lines, event.clientX, event.clientY);
	}
}
