/* SPDX-License-Identifier: GPL-2.0-only */
/* The tab of the timeline: overview, tracks, what is over them, and the panel. */
import { chainOf } from './chain.js';
import { fitCanvas, make } from './dom.js';
import { Overview } from './overview.js';
import { Panel } from './panel.js';
import { ORDERS } from './rows.js';
import { readSlices } from './slices.js';
import { isBlocked } from './trace.js';
import { RULER, Tracks } from './tracks.js';
import { Tip } from './tip.js';
import { count, exactTime } from './units.js';

const NEAR = 4; /* how many pixels beside something still mean it, and are no drag */

export class Timeline {
	constructor(app, element) {
		this.app = app;
		this.element = element;
		this.#build();
		this.tip = new Tip(app);
		this.share = null; /* of the slices that are read, once that has begun */
		this.overview = new Overview(app, element.querySelector('.overview'));
		this.tracks = new Tracks(app, this.canvas);
		this.panel = new Panel(app, element.querySelector('.panel'), this.tip);
		this.drag = null;
		app.pin = (thread, slice, isFar) => this.pin(thread, slice, isFar);
		app.fit = () => this.fit();
		this.#listen();
	}

	#build() {
		const { app } = this;
		this.filter = make('input', { id: 'filter', type: 'search', placeholder: 'Filter threads',
			'aria-label': 'Filter threads', autocomplete: 'off', spellcheck: 'false',
			oninput: ({ target }) => app.update({ filter: target.value, scroll: 0 }) });
		this.order = make('select', { id: 'order', 'aria-label': 'Order of threads',
			onchange: ({ target }) => app.update({ order: target.value, scroll: 0 }) },
			...Object.entries(ORDERS).map(([value, { title }]) => make('option', { value }, title)));
		this.place = make('output', { class: 'grow' });
		this.canvas = make('canvas', { tabindex: '0', 'aria-label': 'Tracks of CPUs and threads over time' });
		this.over = make('canvas', { class: 'top' });
		this.empty = make('div', { class: 'empty' });
		const all = make('button', { class: 'wide', title: 'All of it (0)', onclick: () => app.look(0, app.trace.span) },
			'All');
		this.element.append(
			make('div', { class: 'bar' }, this.filter, make('label', {}, this.order), this.place, all),
			make('div', { class: 'overview' }),
			make('div', { class: 'tracks' }, this.canvas, this.over, this.empty),
			make('section', { class: 'panel', hidden: '' }, make('div', { class: 'grip' }),
				make('div', { class: 'head' }), make('div', { class: 'body' })));
	}

	draw(state) {
		if (this.element.hidden)
			return;
		if (this.filter.value !== state.filter)
			this.filter.value = state.filter;
		this.order.value = state.order;
		this.panel.draw(state);
		this.overview.draw(state);
		this.tracks.draw(state);
		this.#drawOver(state);
		this.place.textContent = `${exactTime(state.since)} to ${exactTime(state.until)}`;
		this.wantWhole();
		this.empty.textContent = !this.app.trace.isWhole ? this.#progress() : this.tracks.rows.length ? '' : state.filter ?
			`No process or thread has “${state.filter}” in its name or id.` :
			'Nothing was recorded here: no thread ran or waited in this time.';
	}

	wantWhole() {
		if (this.share === null)
			this.#read();
	}

	/* After the first picture, which needs none, the slices. */
	#read() {
		const { app, app: { trace } } = this;
		const tell = (share) => {
			this.share = share;
			this.empty.textContent = this.#progress();
		};
		this.share = 0;
		requestAnimationFrame(() => setTimeout(async () => {
			try {
				await readSlices(trace, app.tables, tell);
			} catch (error) {
				this.empty.textContent = `The slices of this timeline cannot be read: ${error.message}.`;
				throw error;
			}
			this.tracks.colourRuns();
			app.whenWhole();
		}));
	}

	#progress() {
		const n = this.app.trace.threads.reduce((sum, { nSlices }) => sum + nSlices, 0);
		return n ? `Reading ${count(n)} slices: ${Math.floor(100 * this.share)} %` : '';
	}

	/* What is above the tracks: the range, the pointer's time, the pinned slice and its chain. */
	#drawOver(state) {
		const { theme: { ink } } = this.app;
		const view = fitCanvas(this.over);
		const { context } = view;
		const { gutter } = this.tracks.view;
		context.clearRect(0, 0, view.width, view.height);
		context.save();
		context.beginPath();
		context.rect(gutter, 0, view.width - gutter, view.height);
		context.clip();
		if (state.range) {
			const [from, to] = state.range.map((time) => this.tracks.xOf(time));
			context.fillStyle = ink.range;
			context.fillRect(from, 0, to - from, view.height);
			context.fillStyle = ink.accent;
			context.fillRect(from - 0.5, 0, 1, view.height);
			context.fillRect(to - 0.5, 0, 1, view.height);
			context.fillRect(from, RULER - 3, to - from, 2);
		}
		if (this.pointer && !this.drag) {
			context.fillStyle = ink.soft;
			context.globalAlpha = 0.5;
			context.fillRect(Math.round(this.pointer.x), 0, 1, view.height);
			context.globalAlpha = 1;
		}
		context.beginPath();
		context.rect(gutter, RULER, view.width - gutter, view.height - RULER);
		context.clip();
		if (state.pin)
			this.#drawPin(context, state.pin, view);
		if (state.hit)
			this.#drawHit(context, state.hit);
		context.restore();
	}

	#boxOf(thread, start, end) {
		const row = this.tracks.rowOf(thread);
		if (!row)
			return null;
		const top = this.tracks.yOf(row) + 2;
		const left = this.tracks.xOf(start);
		return { left, top, width: Math.max(2, this.tracks.xOf(end) - left), height: row.strip };
	}

	#outline(context, box, width) {
		const { theme: { ink } } = this.app;
		context.lineWidth = width + 2;
		context.strokeStyle = ink.back;
		context.strokeRect(box.left, box.top, box.width, box.height);
		context.lineWidth = width;
		context.strokeStyle = ink.accent;
		context.strokeRect(box.left, box.top, box.width, box.height);
	}

	#drawPin(context, { thread, slice }) {
		const { trace } = this.app;
		const { start, end, kind } = trace.states;
		const links = isBlocked(kind[slice]) ? chainOf(trace, thread, slice) : [];
		for (const link of links.slice(1)) {
			const box = this.#boxOf(link.thread, link.since, link.until);
			if (box)
				this.#outline(context, box, 1);
		}
		for (const link of links) {
			if (link.waker?.process)
				this.#drawArrow(context, link);
		}
		const box = this.#boxOf(thread, start[slice], end[slice]);
		if (box)
			this.#outline(context, box, 2);
	}

	/* From the waker to the woken, at the time of the wake-up. */
	#drawArrow(context, { thread, waker, until }) {
		const { theme: { ink } } = this.app;
		const from = this.#boxOf(waker, until, until);
		const to = this.#boxOf(thread, until, until);
		if (!from || !to || from.top === to.top)
			return;
		const down = to.top > from.top;
		const x = from.left;
		const begin = from.top + from.height / 2;
		const end = down ? to.top : to.top + to.height;
		for (const [colour, width] of [[ink.back, 4], [ink.accent, 1.8]]) {
			context.strokeStyle = context.fillStyle = colour;
			context.lineWidth = width;
			context.beginPath();
			context.moveTo(x, begin);
			context.lineTo(x, end);
			context.stroke();
		}
		context.beginPath();
		context.arc(x, begin, 3, 0, 7);
		context.fill();
		context.beginPath();
		context.moveTo(x, end);
		context.lineTo(x - 4, end + (down ? -7 : 7));
		context.lineTo(x + 4, end + (down ? -7 : 7));
		context.fill();
	}

	#drawHit(context, hit) {
		const box = this.#boxOf(this.app.trace.threads[hit.thread], hit.time, hit.time);
		if (!box)
			return;
		context.fillStyle = this.app.theme.ink.hit;
		context.beginPath();
		context.moveTo(box.left - 5, box.top - 2);
		context.lineTo(box.left + 5, box.top - 2);
		context.lineTo(box.left, box.top + 6);
		context.fill();
		context.fillRect(box.left - 0.75, box.top, 1.5, box.height);
	}

	#listen() {
		const { canvas, app } = this;
		canvas.addEventListener('pointerdown', (event) => this.#down(event));
		canvas.addEventListener('pointermove', (event) => this.#move(event));
		canvas.addEventListener('pointerup', (event) => this.#up(event));
		canvas.addEventListener('pointercancel', () => { this.drag = null; });
		canvas.addEventListener('pointerleave', () => this.#leave());
		canvas.addEventListener('dblclick', (event) => this.#clickTwice(event));
		canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
		const grip = this.element.querySelector('.grip');
		grip.addEventListener('pointerdown', (event) => grip.setPointerCapture(event.pointerId));
		grip.addEventListener('pointermove', (event) => {
			if (!grip.hasPointerCapture(event.pointerId))
				return;
			const { bottom } = this.element.getBoundingClientRect();
			const height = Math.max(90, Math.min(bottom - event.clientY, innerHeight - 260));
			grip.parentElement.style.height = `${height}px`;
			app.update({});
		});
	}

	#pointOf({ clientX, clientY }) {
		const { left, top } = this.canvas.getBoundingClientRect();
		return { x: clientX - left, y: clientY - top };
	}

	#nanosecondsOf(pixels) {
		const { view } = this.tracks;
		return pixels * (view.until - view.since) / (view.width - view.gutter);
	}

	#wheel(event) {
		const { app } = this;
		const { x } = this.#pointOf(event);
		const unit = event.deltaMode === 1 ? 18 : 1;
		event.preventDefault();
		if (event.deltaX)
			app.pan(event.deltaX * unit / (this.tracks.view.width - this.tracks.view.gutter));
		if (event.shiftKey || x < this.tracks.view.gutter)
			app.update({ scroll: app.state.scroll + event.deltaY * unit });
		else if (event.deltaY)
			app.zoom(Math.exp(event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.002)), this.tracks.timeAt(x));
	}

	/* Dragging moves; with shift, or on the ruler, it selects a range. */
	#down(event) {
		const point = this.#pointOf(event);
		const { state } = this.app;
		if (event.button !== 0 || !this.tracks.view)
			return;
		const isRange = (event.shiftKey || point.y < RULER) && point.x >= this.tracks.view.gutter;
		this.canvas.setPointerCapture(event.pointerId);
		this.drag = { ...point, isRange, isFar: false, since: state.since, until: state.until,
			scroll: state.scroll, time: this.tracks.timeAt(point.x) };
		this.tip.hide();
	}

	#move(event) {
		const point = this.#pointOf(event);
		const { app, drag } = this;
		this.pointer = point;
		if (!this.tracks.view)
			return;
		if (!drag) {
			const found = this.tracks.pick(point.x, point.y);
			this.canvas.style.cursor = point.y < RULER ? 'crosshair' : found?.isName ? 'pointer' : 'default';
			this.tip.show(found, event.clientX, event.clientY, this.#nanosecondsOf(NEAR));
			app.update({});
			return;
		}
		drag.isFar ||= Math.hypot(point.x - drag.x, point.y - drag.y) >= NEAR;
		if (!drag.isFar)
			return;
		if (drag.isRange) {
			const ends = [drag.time, this.tracks.timeAt(point.x)].sort((a, b) => a - b)
				.map((time) => Math.round(Math.min(app.trace.span, Math.max(0, time))));
			app.update({ range: ends[1] > ends[0] ? ends : null, pin: null });
			return;
		}
		this.canvas.style.cursor = 'grabbing';
		const by = this.#nanosecondsOf(drag.x - point.x);
		if (drag.x >= this.tracks.view.gutter)
			app.look(drag.since + by, drag.until + by);
		app.update({ scroll: drag.scroll + drag.y - point.y });
	}

	#up(event) {
		const { drag } = this;
		this.drag = null;
		if (!drag || drag.isFar)
			this.app.update({});
		else
			this.#click(this.#pointOf(event));
	}

	#leave() {
		this.pointer = null;
		this.tip.hide();
		this.app.update({});
	}

	#click({ x, y }) {
		const { app } = this;
		const found = this.tracks.pick(x, y);
		if (found?.row.process && found.pause >= 0)
			this.#pinPause(found.row.process, found.pause);
		else if (found?.row.process)
			this.#toggle(found.row.process.pid);
		else if (found?.run >= 0)
			this.pin(found.thread, found.thread.track.at(app.trace.runs.start[found.run]), true);
		else if (found?.slice >= 0 && !found.isName)
			this.pin(found.thread, found.slice, false, found.pause);
		else if (!found?.isName)
			app.update({ pin: null, range: y < RULER ? null : app.state.range });
	}

	#toggle(pid) {
		const closed = new Set(this.app.state.closed);
		if (!closed.delete(pid))
			closed.add(pid);
		this.app.update({ closed });
	}

	#clickTwice(event) {
		const { x, y } = this.#pointOf(event);
		if (this.tracks.pick(x, y)?.slice >= 0)
			this.fit();
	}

	/* Of what the last to stop did until then, or who stopped all, or any that was stopped. */
	#pinPause(process, pause) {
		const { threads, pauses: { start, stopping, last, by } } = this.app.trace;
		const time = start[pause] + stopping[pause];
		const thread = [threads[last[pause] - 1], threads[by[pause] - 1], ...process.threads]
			.find((candidate) => candidate?.process === process && candidate.track.at(time) >= 0);
		if (thread)
			this.pin(thread, thread.track.at(time), false, pause);
	}

	/* Pin a slice; bring it into view if it is @isFar away.  @pause: one that was clicked at. */
	pin(thread, slice, isFar, pause = -1) {
		const { start, end } = this.app.trace.states;
		if (slice < 0)
			return;
		this.app.update({ pin: { thread, slice, pause } });
		if (!isFar)
			return;
		this.app.reveal(start[slice], end[slice]);
		this.revealThread(thread);
	}

	revealThread(thread) {
		const { app, tracks } = this;
		if (!thread.process)
			return;
		const closed = new Set(app.state.closed);
		closed.delete(thread.process.pid);
		app.update({ closed, filter: tracks.rowOf(thread) ? app.state.filter : '' });
		tracks.draw(app.state);
		const row = tracks.rowOf(thread);
		const above = row ? row.top - app.state.scroll : 0;
		if (row && (above < 0 || above + row.height > tracks.view.body))
			app.update({ scroll: row.top - tracks.view.body / 2 });
	}

	/* Zoom to what is pinned, else to the range. */
	fit() {
		const { pin, range } = this.app.state;
		const { start, end } = this.app.trace.states;
		const [since, until] = pin ? [start[pin.slice], end[pin.slice]] : range ?? [0, this.app.trace.span];
		const room = pin ? (until - since) * 0.15 : 0;
		this.app.look(since - room, until + room);
	}

	/* The slice before or after the pinned one. */
	step(by) {
		const { pin } = this.app.state;
		const next = pin && pin.slice + by;
		if (pin && next >= pin.thread.track.from && next < pin.thread.track.to)
			this.pin(pin.thread, next, true);
	}
}
