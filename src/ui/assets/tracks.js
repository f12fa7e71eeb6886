/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracks: names at the left, what was done when at the right. */
import { SANS, fitCanvas, fitText } from './dom.js';
import { firstAfter } from './track.js';
import { ANY_ORDER, Raster } from './raster.js';
import { itemOf } from './items.js';
import { MARK_FAULT, MARK_MIGRATE } from './slices.js';
import { RUNNABLE, RUNNING, blockedSum, kindName, waitOf } from './trace.js';
import { drawPauseNames, drawPauses, pauseAt, pauseTracksOf } from './pauses.js';
import { PROCESS_COLOURS } from './theme.js';
import { heightOf, rowAt, rowsOf } from './rows.js';
import { axisLabel, duration, niceStep, percent } from './units.js';

export const RULER = 24;
const WIDE = 34; /* from which width on a slice may have a text in it */
const MOST_LABELS = 3000;

export function gutterOf(width) {
	return width < 700 ? 120 : 236;
}

export class Tracks {
	constructor(app, canvas) {
		this.app = app;
		this.canvas = canvas;
		this.raster = new Raster();
		this.rows = [];
		this.key = '';
		this.#colourProcesses();
	}

	/* The busiest processes have colours of their own on the tracks of CPUs. */
	#colourProcesses() {
		const busiest = this.app.trace.processes.toSorted((a, b) => b.sums[RUNNING] - a.sums[RUNNING]);
		busiest.forEach((process, i) => { process.colour = Math.min(i, PROCESS_COLOURS - 1); });
	}

	/* Once the runs are read. */
	colourRuns() {
		const { runs, threads } = this.app.trace;
		for (let i = 0; i < runs.thread.length; i++)
			runs.kind[i] = threads[runs.thread[i]].process?.colour ?? PROCESS_COLOURS - 1;
	}

	#layOut(state) {
		const key = [this.app.trace.isWhole, state.filter, state.order, [...state.closed].join()].join('\n');
		if (key !== this.key)
			this.rows = rowsOf(this.app.trace, state);
		this.key = key;
	}

	/* Rows that are seen, from the first to before the last. */
	#seen(scroll, height) {
		const first = rowAt(this.rows, scroll);
		let last = first;
		while (last < this.rows.length && this.rows[last].top < scroll + height)
			last++;
		return this.rows.slice(first, last);
	}

	draw(state) {
		const view = fitCanvas(this.canvas, { alpha: false, willReadFrequently: true });
		this.#layOut(state);
		view.gutter = gutterOf(view.width);
		view.body = view.height - RULER;
		view.scroll = Math.max(0, Math.min(state.scroll, heightOf(this.rows) - view.body));
		state.scroll = view.scroll;
		Object.assign(view, { since: state.since, until: state.until, labels: [] });
		this.view = view;
		view.context.fillStyle = this.app.theme.ink.back;
		view.context.fillRect(0, 0, view.width, view.height);
		if (view.width <= view.gutter || view.body <= 0)
			return;
		const seen = this.#seen(view.scroll, view.body);
		this.#paint(seen, state);
		this.#drawGrid();
		view.context.save();
		view.context.beginPath();
		view.context.rect(0, RULER, view.width, view.body);
		view.context.clip();
		drawPauses(this, seen);
		this.#drawLabels();
		drawPauseNames(this, seen);
		for (const row of seen)
			this.#drawMarks(row);
		for (const row of seen)
			this.#drawName(row);
		view.context.restore();
		this.#drawScrollbar();
	}

	#paint(seen, state) {
		const { view, raster, app: { theme } } = this;
		const width = Math.round((view.width - view.gutter) * view.scale);
		const height = Math.round(view.body * view.scale);
		raster.resize(width, height, theme.pixel.back);
		for (const row of seen) {
			const top = Math.round((row.top - view.scroll) * view.scale);
			if (row.process)
				this.#paintProcess(row, top);
			else if (row.cpu)
				this.#paintCpu(row, top);
			else if (row.other)
				this.#paintItems(row, row.other.track, top, { top: 2, height: row.strip, kind: 'other' });
			else
				this.#paintThread(row, top, state);
			const end = top + Math.round(row.height * view.scale);
			raster.band(end - 1, end, theme.pixel.line);
		}
		view.context.putImageData(raster.image, Math.round(view.gutter * view.scale),
			Math.round(RULER * view.scale));
	}

	#box(row, top, more) {
		const { view } = this;
		return { top: top + Math.round(2 * view.scale), height: Math.round(row.strip * view.scale),
			since: view.since, until: view.until, wide: WIDE * view.scale, ...more };
	}

	#teller(row, top, height, kind) {
		const { labels } = this.view;
		return (slice, from, rightEnd) => {
			if (labels.length < MOST_LABELS)
				labels.push({ row, slice, from, rightEnd, top, height, kind });
		};
	}

	#paintProcess(row, top) {
		const { theme, trace } = this.app;
		const { process } = row;
		const scale = Math.max(1, Math.min(trace.cpus.length, process.threads.length));
		this.raster.band(top, top + Math.round(row.height * this.view.scale), theme.pixel.head);
		const box = this.#box(row, top + Math.round(4 * this.view.scale), {
			back: theme.pixel.head, colours: theme.states.pixels, order: [RUNNING, RUNNABLE], scale });
		this.raster.strip(process.threads.map(({ track }) => track), box);
	}

	#paintCpu(row, top) {
		const { theme } = this.app;
		const box = this.#box(row, top, { back: theme.pixel.back, colours: theme.processes.pixels,
			order: ANY_ORDER });
		box.tell = this.#teller(row, 2, row.strip, 'cpu');
		this.raster.strip([row.cpu.track], box);
	}

	#paintThread(row, top, state) {
		const { theme, trace } = this.app;
		const { thread } = row;
		const { scale } = this.view;
		const box = this.#box(row, top, { back: theme.pixel.back, colours: theme.states.pixels });
		box.tell = this.#teller(row, 2, row.strip, 'state');
		this.raster.strip([thread.track], box);
		const foot = box.top + box.height;
		this.raster.ticks(trace.samples.time, ...thread.samples, { ...box, top: foot - Math.round(2 * scale),
			height: Math.round(2 * scale), pixel: theme.pixel.sample });
		if (row.height > row.strip + 8)
			this.#paintItems(row, thread.calls, top, { top: row.strip + 3,
				height: row.height - row.strip - 5, kind: 'call' });
		const hits = state.found?.byThread.get(thread.index);
		if (hits)
			this.raster.ticks(hits, 0, hits.length, { ...box, height: Math.round(3 * scale),
				pixel: theme.pixel.hit });
	}

	/* Slices that are items: grey, and red where they failed. */
	#paintItems(row, track, top, { top: below, height, kind }) {
		const { view, app: { theme } } = this;
		const box = this.#box(row, top, { back: theme.pixel.back,
			colours: [theme.pixel.call, theme.pixel.error], order: [1, 0], isRare: true });
		box.top = top + Math.round(below * view.scale);
		box.height = Math.round(height * view.scale);
		box.tell = this.#teller(row, below, height, kind);
		this.raster.strip([track], box);
	}

	xOf(time) {
		const { view } = this;
		return view.gutter + (time - view.since) / (view.until - view.since) * (view.width - view.gutter);
	}

	timeAt(x) {
		const { view } = this;
		return view.since + (x - view.gutter) / (view.width - view.gutter) * (view.until - view.since);
	}

	yOf(row) {
		return RULER + row.top - this.view.scroll;
	}

	#drawGrid() {
		const { view, app: { theme: { ink } } } = this;
		const { context } = view;
		const step = niceStep((view.until - view.since) / Math.max(2, (view.width - view.gutter) / 110));
		context.fillStyle = ink.head;
		context.fillRect(0, 0, view.width, RULER);
		context.fillStyle = ink.line;
		context.fillRect(0, RULER - 1, view.width, 1);
		context.font = `11px ${SANS}`;
		context.textBaseline = 'middle';
		context.textAlign = 'left';
		for (let n = Math.ceil(view.since / step); n * step <= view.until; n++) {
			const x = Math.round(this.xOf(n * step));
			context.fillStyle = ink.grid;
			context.fillRect(x, RULER, 1, view.body);
			context.fillStyle = ink.soft;
			context.fillRect(x, RULER - 6, 1, 6);
			context.fillText(axisLabel(n * step, step), x + 4, RULER / 2 - 1);
		}
		this.#drawOutside();
		context.fillStyle = ink.head;
		context.fillRect(0, 0, view.gutter, RULER - 1);
		context.fillStyle = ink.soft;
		context.fillText(`${duration(view.until - view.since)} in view`, 12, RULER / 2);
	}

	/* What came from outside, such as a signal that triggered: a line through all rows. */
	#drawOutside() {
		const { view, app: { theme: { ink }, trace, trace: { marks } } } = this;
		const [from, to] = trace.outside;
		view.context.fillStyle = ink.hit;
		for (let i = firstAfter(marks.time, from, to, view.since); i < to && marks.time[i] <= view.until; i++) {
			const { name, args } = itemOf(trace, marks.items, marks.item[i]);
			const x = Math.round(this.xOf(marks.time[i]));
			view.context.fillRect(x, 0, 1, view.height);
			view.context.fillText([name, ...args.map(([, text]) => text)].join(': '), x + 4, RULER - 6);
		}
	}

	#labelOf({ row, slice, kind }) {
		const { trace, theme } = this.app;
		if (kind === 'cpu') {
			const thread = trace.threads[trace.runs.thread[slice]];
			return [thread.name, theme.processes.inks[trace.runs.kind[slice] & 15]];
		}
		if (kind === 'call' || kind === 'other') {
			const { items, item } = kind === 'call' ? trace.calls : trace.others.slices;
			return [trace.texts[items.name[item[slice]]], theme.ink.text];
		}
		const flags = trace.states.kind[slice];
		const inks = theme.states.inks[flags & 15];
		if ((flags & 15) === RUNNING)
			return [`CPU ${trace.states.cpu[slice]}`, inks];
		if ((flags & 15) <= RUNNABLE)
			return [kindName(trace, flags), inks];
		const wait = waitOf(trace, slice);
		const name = kindName(trace, flags).replace('blocked: ', '');
		return [wait.object ? `${name} · ${wait.object}` : name, inks];
	}

	#drawLabels() {
		const { view, app: { theme: { ink } } } = this;
		const { context } = view;
		context.textBaseline = 'middle';
		for (const label of view.labels) {
			const left = view.gutter + label.from / view.scale;
			const right = view.gutter + label.rightEnd / view.scale;
			const top = this.yOf(label.row) + label.top;
			const [text, colour] = this.#labelOf(label);
			if (left > view.gutter) {
				context.fillStyle = ink.edge;
				context.fillRect(left, top, 1, label.height);
			}
			context.font = label.kind === 'call' ? `9px ${SANS}` : `11px ${SANS}`;
			const fitted = fitText(context, text, right - left - 9);
			if (!fitted)
				continue;
			context.fillStyle = colour;
			context.fillText(fitted, left + 5, top + label.height / 2 + 0.5);
		}
	}

	/* Births, ends, signals and the like, as little flags; as many as can be told apart. */
	#drawMarks({ thread, top }) {
		const { view, app: { theme: { ink }, trace: { marks: { time, what } } } } = this;
		const [from, to] = thread?.marks ?? [0, 0];
		const y = RULER + top - view.scroll + 1;
		view.context.fillStyle = ink.text;
		let i = firstAfter(time, from, to, view.since);
		for (; i < to && time[i] < view.until; i++) {
			if (what[i] === MARK_MIGRATE || what[i] === MARK_FAULT)
				continue;
			const x = this.xOf(time[i]);
			view.context.beginPath();
			view.context.moveTo(x - 3.5, y);
			view.context.lineTo(x + 3.5, y);
			view.context.lineTo(x, y + 6);
			view.context.fill();
			i = firstAfter(time, i + 1, to, this.timeAt(x + 4)) - 1;
		}
	}

	#drawName(row) {
		const { view, app: { theme: { ink } } } = this;
		const { context } = view;
		const y = this.yOf(row);
		context.fillStyle = row.process ? ink.head : ink.back;
		context.fillRect(0, y, view.gutter, row.height - 1);
		context.fillStyle = ink.line;
		context.fillRect(0, y + row.height - 1, view.gutter, 1);
		context.fillRect(view.gutter - 1, y, 1, row.height);
		if (row.other)
			this.#text(row.other.name, '', 12, y + row.height / 2, false);
		const middle = y + (row.process ? row.height / 2 : row.strip / 2 + 2);
		if (row.cpu)
			this.#text(`CPU ${row.cpu.cpu}`, '', 12, middle, false);
		else if (row.process)
			this.#drawProcessName(row, y, middle);
		else if (row.thread)
			this.#drawThreadName(row.thread, middle);
	}

	#drawProcessName({ process, isClosed }, y, middle) {
		const { view, app: { theme: { ink, processes }, trace } } = this;
		const { context } = view;
		context.fillStyle = ink.soft;
		context.beginPath();
		if (isClosed) {
			context.moveTo(12, middle - 4);
			context.lineTo(17, middle);
			context.lineTo(12, middle + 4);
		} else {
			context.moveTo(10.5, middle - 2.5);
			context.lineTo(18.5, middle - 2.5);
			context.lineTo(14.5, middle + 2.5);
		}
		context.fill();
		context.fillStyle = processes.colours[process.colour];
		context.fillRect(view.gutter - 5, y, 3, 27);
		this.#text(process.name, `${process.threads.length} threads · ` +
			percent(process.sums[RUNNING], trace.span), 24, middle, true);
	}

	#drawThreadName(thread, middle) {
		const { processes } = this.app.theme;
		const isAlone = thread.process.threads.length === 1;
		const share = percent(thread.sums[RUNNING],
			thread.sums[RUNNING] + thread.sums[RUNNABLE] + blockedSum(thread.sums) + thread.sums[0]);
		this.#text(thread.name, `${thread.tid} · ${share}`, isAlone ? 12 : 24, middle, isAlone);
		if (isAlone) {
			this.view.context.fillStyle = processes.colours[thread.process.colour];
			this.view.context.fillRect(this.view.gutter - 5, middle - 9, 3, 18);
		}
	}

	/* A name and, where there is room, what to add, at the right. */
	#text(name, more, x, y, isStrong) {
		const { view, app: { theme: { ink } } } = this;
		const { context } = view;
		let room = view.gutter - x - 12;
		context.textBaseline = 'middle';
		context.font = `11px ${SANS}`;
		const width = more ? context.measureText(more).width : 0;
		if (more && width < room - 60) {
			context.fillStyle = ink.soft;
			context.fillText(more, view.gutter - 10 - width, y);
			room -= width + 8;
		}
		context.font = `${isStrong ? '600 ' : ''}12px ${SANS}`;
		context.fillStyle = ink.text;
		context.fillText(fitText(context, name, room), x, y);
	}

	#drawScrollbar() {
		const { view, app: { theme: { ink } } } = this;
		const all = heightOf(this.rows);
		if (all <= view.body)
			return;
		const height = Math.max(24, view.body * view.body / all);
		const top = RULER + view.scroll / (all - view.body) * (view.body - height);
		view.context.fillStyle = ink.soft;
		view.context.globalAlpha = 0.45;
		view.context.beginPath();
		view.context.roundRect(view.width - 8, top, 5, height, 2.5);
		view.context.fill();
		view.context.globalAlpha = 1;
	}

	/* What is at a point: { row, time, thread, slice, call, pause, run }; null where nothing is. */
	pick(x, y) {
		const { view, rows, app: { trace } } = this;
		if (!view || y < RULER || !rows.length)
			return null;
		const row = rows[rowAt(rows, y - RULER + view.scroll)];
		const within = y - this.yOf(row);
		if (within >= row.height)
			return null;
		const found = { row, time: this.timeAt(x), isName: x < view.gutter, slice: -1, call: -1, run: -1,
			other: -1, pause: -1 };
		if (found.isName)
			return found;
		const slack = (view.until - view.since) / (view.width - view.gutter);
		found.pause = pauseAt(pauseTracksOf(row), found.time, slack);
		if (row.process)
			return found;
		if (row.cpu) {
			found.run = nearest(row.cpu.track, found.time, slack);
			found.thread = found.run >= 0 ? trace.threads[trace.runs.thread[found.run]] : null;
			return found;
		}
		if (row.other) {
			found.other = nearest(row.other.track, found.time, slack);
			return found;
		}
		found.thread = row.thread;
		if (within > row.strip + 2)
			found.call = nearest(row.thread.calls, found.time, slack);
		found.slice = found.thread.track.at(found.time);
		return found;
	}

	rowOf(thread) {
		return this.rows.find((row) => row.thread === thread) ??
			this.rows.find((row) => row.process && row.process === thread.process);
	}
}

/* The slice at @time, or one that begins within @slack of it. */
function nearest(track, time, slack) {
	const i = track.find(time);
	return i < track.to && track.start[i] <= time + slack ? i : -1;
}
