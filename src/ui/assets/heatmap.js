/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A profile over time: a column for each second, say, from left to right, and in it a cell
 * for each part of that second, downwards.  What is dragged over is looked at alone.
 */
import { SANS, fitCanvas, make } from './dom.js';
import { axisLabel, exactTime, niceStep } from './units.js';

const ROWS = 20; /* cells in a column */
const AXIS = 16; /* pixels for the times */
const GUTTER = 12;

export class HeatMap {
	constructor(app, element, tip) {
		this.app = app;
		this.tip = tip;
		this.canvas = make('canvas', { 'aria-label': 'Heat map over time' });
		this.element = element;
		element.append(this.canvas);
		const { span } = app.trace;
		this.cell = Number(app.trace.facts.get('page.slot_ns')) || 1;
		this.column = this.cell * ROWS;
		this.n = Math.ceil(span / this.column);
		this.sums = null;
		this.drag = null;
		element.addEventListener('pointerdown', (event) => this.#down(event));
		element.addEventListener('pointermove', (event) => this.#move(event));
		element.addEventListener('pointerup', (event) => this.#up(event));
		element.addEventListener('pointercancel', () => { this.drag = null; });
		element.addEventListener('pointerleave', () => tip.hide());
	}

	/* Row i of @rows is worth @values[i]; @format shows that. */
	set(rows, values, format) {
		const sums = this.sums = new Float64Array(this.n * ROWS);
		this.format = format;
		for (let i = 0; i < rows.n; i++) {
			const first = Math.min(sums.length - 1, Math.max(0, Math.floor(rows.start[i] / this.cell)));
			const cells = rows.length ? Math.round(rows.length[i] / this.cell) : 1;
			for (let cell = first; cell < first + cells && cell < sums.length; cell++)
				sums[cell] += values[i] / cells;
		}
		this.most = sums.reduce((most, sum) => Math.max(most, sum), 0);
	}

	draw(state) {
		const { app: { theme: { ink, name } }, most, sums } = this;
		const view = this.view = fitCanvas(this.canvas);
		const { context, width, height } = view;
		this.width = (width - 2 * GUTTER) / this.n;
		this.height = (height - AXIS) / ROWS;
		context.clearRect(0, 0, width, height);
		for (let i = 0; i < sums.length; i++) {
			if (!sums[i])
				continue;
			context.fillStyle = heatColour(sums[i] / most, name);
			this.#fill(context, i, i);
		}
		if (state.range)
			this.#veil(context, state.range, ink);
		this.#axis(context, ink);
	}

	/* The cells from @first to @last, of one column. */
	#fill(context, first, last) {
		const left = GUTTER + Math.floor(first / ROWS) * this.width;
		const top = AXIS + first % ROWS * this.height;
		const gap = this.width > 6 ? 0.5 : 0;
		context.fillRect(left, top, this.width - gap, (last - first + 1) * this.height);
	}

	/* What is outside of the range fades. */
	#veil(context, range, ink) {
		const [from, to] = this.cellsOf(range);
		context.fillStyle = ink.veil;
		for (let column = 0; column < this.n; column++) {
			const [first, last] = [column * ROWS, column * ROWS + ROWS - 1];
			if (last < from || first > to) {
				this.#fill(context, first, last);
				continue;
			}
			if (first < from)
				this.#fill(context, first, from - 1);
			if (last > to)
				this.#fill(context, to + 1, last);
		}
	}

	#axis(context, ink) {
		const { span } = this.app.trace;
		const step = niceStep(span / Math.max(2, this.view.width / 110));
		context.font = `11px ${SANS}`;
		context.textBaseline = 'middle';
		context.fillStyle = ink.soft;
		for (let time = 0; time < span - step / 3; time += step)
			context.fillText(axisLabel(time, step), GUTTER + time / this.column * this.width, AXIS / 2);
	}

	/* The first and the last cell of a range. */
	cellsOf([since, until]) {
		return [Math.floor(since / this.cell + 1e-6), Math.ceil(until / this.cell - 1e-6) - 1];
	}

	#cellAt({ clientX, clientY }) {
		const { left, top } = this.canvas.getBoundingClientRect();
		const column = Math.floor((clientX - left - GUTTER) / this.width);
		const row = Math.floor((clientY - top - AXIS) / this.height);
		return Math.min(this.n - 1, Math.max(0, column)) * ROWS + Math.min(ROWS - 1, Math.max(0, row));
	}

	#timesOf(a, b) {
		const [first, last] = a < b ? [a, b] : [b, a];
		return [Math.round(first * this.cell), Math.min(this.app.trace.span, Math.round((last + 1) * this.cell))];
	}

	#down(event) {
		if (event.button !== 0)
			return;
		this.drag = { from: this.#cellAt(event), isFar: false };
		this.element.setPointerCapture(event.pointerId);
	}

	#move(event) {
		const cell = this.#cellAt(event);
		const [since, until] = this.drag?.isFar ? this.app.state.range : this.#timesOf(cell, cell);
		this.tip.showLines([make('p', { class: 'strong' }, `${exactTime(since)} to ${exactTime(until)}`),
			...this.drag?.isFar ? [] : [make('p', {}, this.format(this.sums[cell]))]], event.clientX, event.clientY);
		if (!this.drag || !this.drag.isFar && cell === this.drag.from)
			return;
		this.drag.isFar = true;
		const range = this.#timesOf(this.drag.from, cell);
		this.app.update({ range: range[1] > range[0] ? range : null, pin: null });
	}

	/* A click is for all of the time again; or, where that is looked at, for a column. */
	#up() {
		const { drag, app } = this;
		this.drag = null;
		if (!drag || drag.isFar)
			return;
		const first = drag.from - drag.from % ROWS;
		app.update({ range: app.state.range ? null : this.#timesOf(first, first + ROWS - 1), pin: null });
	}
}

/* From nearly nothing to the most there is. */
function heatColour(share, theme) {
	const part = Math.sqrt(share);
	return theme === 'dark' ? `hsl(${40 - 30 * part} ${55 + 40 * part}% ${22 + 42 * part}%)` :
		`hsl(${46 - 40 * part} ${75 + 15 * part}% ${92 - 46 * part}%)`;
}
