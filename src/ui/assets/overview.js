/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole recording in a strip: how many threads ran and waited for a CPU; what is in view. */
import { SANS, fitCanvas } from './dom.js';
import { KINDS } from './track.js';
import { RUNNABLE, RUNNING } from './trace.js';
import { gutterOf } from './tracks.js';
import { axisLabel, niceStep } from './units.js';

export class Overview {
	constructor(app, element) {
		this.app = app;
		this.canvas = document.createElement('canvas');
		element.append(this.canvas);
		this.picture = document.createElement('canvas');
		this.key = '';
		this.drag = null;
		element.addEventListener('pointerdown', (event) => this.#down(event));
		element.addEventListener('pointermove', (event) => this.#move(event));
		element.addEventListener('pointerup', () => { this.drag = null; });
		element.addEventListener('pointercancel', () => { this.drag = null; });
		element.addEventListener('wheel', (event) => {
			event.preventDefault();
			app.zoom(Math.exp(event.deltaY * 0.002), this.#timeAt(event));
		}, { passive: false });
	}

	/* What was divided into so many parts, for as long as the width stays; of what is known so far. */
	#divide(n) {
		const { isWhole, overview, span, threads } = this.app.trace;
		if (this.sums?.length === n * KINDS && this.isOfWhole === isWhole)
			return this.sums;
		this.sums = new Float64Array(n * KINDS);
		this.isOfWhole = isWhole;
		if (isWhole)
			threads.forEach(({ track }) => track.divide(0, span, n, this.sums));
		else
			resample(overview, span, n, this.sums);
		return this.sums;
	}

	#paint({ width, height, scale }, gutter) {
		const { theme, trace } = this.app;
		const n = Math.max(1, Math.round(width - gutter));
		const sums = this.#divide(n);
		const part = trace.span / n;
		const room = height - 18;
		let most = trace.cpus.length || 1;
		for (let x = 0; x < n; x++)
			most = Math.max(most, (sums[x * KINDS + RUNNING] + sums[x * KINDS + RUNNABLE]) / part);
		this.picture.width = Math.round(width * scale);
		this.picture.height = Math.round(height * scale);
		const context = this.picture.getContext('2d');
		context.setTransform(scale, 0, 0, scale, 0, 0);
		for (let x = 0; x < n; x++) {
			const running = sums[x * KINDS + RUNNING] / part / most * room;
			const runnable = sums[x * KINDS + RUNNABLE] / part / most * room;
			context.fillStyle = theme.states.colours[RUNNABLE];
			context.fillRect(gutter + x, height - 1 - running - runnable, 1, runnable);
			context.fillStyle = theme.states.colours[RUNNING];
			context.fillRect(gutter + x, height - 1 - running, 1, running);
		}
		this.#caption(context, gutter, room, most);
	}

	#caption(context, gutter, room, most) {
		const { theme: { ink }, trace } = this.app;
		const { width } = this.view;
		const step = niceStep(trace.span / Math.max(2, (width - gutter) / 120));
		context.font = `11px ${SANS}`;
		context.textBaseline = 'middle';
		context.fillStyle = ink.soft;
		for (let time = 0; time <= trace.span; time += step)
			context.fillText(axisLabel(time, step), this.#xOf(time) + 4, 9);
		context.fillText('threads that run', 12, 20);
		context.fillText(`or wait for a CPU`, 12, 34);
		if (gutter > 200) {
			context.textAlign = 'right';
			context.fillText(`${Math.ceil(most)}`, gutter - 8, 20);
			context.fillText('0', gutter - 8, 50);
		}
	}

	draw(state) {
		const { theme, theme: { ink } } = this.app;
		const view = this.view = fitCanvas(this.canvas);
		const gutter = this.gutter = gutterOf(view.width);
		const key = [view.width, view.height, view.scale, theme.name, this.app.trace.isWhole].join();
		if (key !== this.key)
			this.#paint(view, gutter);
		this.key = key;
		const { context } = view;
		context.clearRect(0, 0, view.width, view.height);
		context.drawImage(this.picture, 0, 0, view.width, view.height);
		const [left, right] = [this.#xOf(state.since), this.#xOf(state.until)];
		context.fillStyle = ink.veil;
		context.fillRect(gutter, 0, left - gutter, view.height);
		context.fillRect(right, 0, view.width - right, view.height);
		if (state.range) {
			context.fillStyle = ink.range;
			const from = this.#xOf(state.range[0]);
			context.fillRect(from, 0, Math.max(1, this.#xOf(state.range[1]) - from), view.height);
		}
		context.strokeStyle = ink.accent;
		context.lineWidth = 1.5;
		context.strokeRect(left, 1, Math.max(2, right - left), view.height - 2);
	}

	#xOf(time) {
		return this.gutter + time / this.app.trace.span * (this.view.width - this.gutter);
	}

	#timeAt({ clientX }) {
		const x = clientX - this.canvas.getBoundingClientRect().left;
		const share = (x - this.gutter) / (this.view.width - this.gutter);
		return Math.min(1, Math.max(0, share)) * this.app.trace.span;
	}

	/* Within what is in view it is moved; elsewhere, what is dragged over comes into view. */
	#down(event) {
		const { state, trace } = this.app;
		const time = this.#timeAt(event);
		const isAll = state.until - state.since > trace.span * 0.98;
		this.drag = !isAll && time > state.since && time < state.until ?
			{ hold: time - state.since } : { from: time };
		event.currentTarget.setPointerCapture(event.pointerId);
	}

	#move(event) {
		if (!this.drag)
			return;
		const { state } = this.app;
		const time = this.#timeAt(event);
		if (this.drag.from === undefined)
			this.app.pan((time - this.drag.hold - state.since) / (state.until - state.since));
		else if (Math.abs(time - this.drag.from) > 3 * this.app.trace.span / this.view.width)
			this.app.look(Math.min(time, this.drag.from), Math.max(time, this.drag.from));
	}
}

/* Of sums over parts of at least 1 ns that begin at 0 and pass the end of @span, those over @n equal parts of it. */
function resample({ n: nParts, sums }, span, n, into) {
	const part = Math.ceil(span / nParts);
	for (let i = 0; i < nParts; i++) {
		const from = i * part / span * n;
		const to = (i + 1) * part / span * n;
		for (let x = Math.floor(from); x < n && x < to; x++) {
			const share = (Math.min(to, x + 1) - Math.max(from, x)) / (to - from);
			for (const kind of [RUNNING, RUNNABLE])
				into[x * KINDS + kind] += share * sums[i * KINDS + kind];
		}
	}
}
