/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is looked at, in one place.  Whoever changes it says so by update(); all who show it
 * are drawn once, before the next frame.
 */
import { levelsOf } from './trace.js';

const SHORTEST_NS = 20; /* that a view can be */

export class App {
	/* @tables: those that are not read yet. */
	constructor(trace, tables) {
		this.trace = trace;
		this.tables = tables;
		this.whenWhole = null; /* called once all of the trace is read */
		this.wantWhole = null; /* to be called for it to be read, if it is not being read */
		this.theme = null;
		this.state = {
			tab: 'timeline', since: 0, until: trace.span, scroll: 0, filter: '', order: 'running',
			closed: new Set(), range: null, pin: null, wantedPin: '', query: '', found: null, hit: null,
			theme: 'light',
			/* Of the tabs of profiles: names of functions, and labels from the root to what is the whole. */
			view: 'flame', value: '', group: 'none', by: 'function', isInverted: false, isMerged: false, isNoisy: false,
			fn: '', file: '', focus: '', hidden: [], zoom: [], sort: '', sheet: 0,
		};
		this.viewers = [];
		this.isDue = false;
		this.frames = null; /* times of frames, while somebody measures */
	}

	/* @draw is called with the state before each frame that may look different. */
	show(draw) {
		this.viewers.push(draw);
	}

	update(changes) {
		Object.assign(this.state, changes);
		if (!this.isDue) {
			this.isDue = true;
			requestAnimationFrame(() => this.isDue && this.drawNow());
		}
	}

	drawNow() {
		const begun = performance.now();
		this.isDue = false;
		for (const draw of this.viewers)
			draw(this.state);
		this.frames?.push(performance.now() - begun);
	}

	/* Look at the time between two instants, as far as there is any. */
	look(since, until) {
		const { span } = this.trace;
		const length = Math.min(span, Math.max(SHORTEST_NS, until - since));
		const start = Math.min(span - length, Math.max(0, since + (until - since - length) / 2));
		this.update({ since: start, until: start + length });
	}

	/* Closer (@factor below 1) or farther, so that @time stays where it is. */
	zoom(factor, time = (this.state.since + this.state.until) / 2) {
		const { since, until } = this.state;
		const length = Math.min(this.trace.span, Math.max(SHORTEST_NS, (until - since) * factor));
		const share = (time - since) / (until - since);
		this.look(time - share * length, time + (1 - share) * length);
	}

	/* Sideways, by a share of what is seen. */
	pan(share) {
		const { since, until } = this.state;
		const { span } = this.trace;
		const by = Math.min(span - until, Math.max(-since, share * (until - since)));
		this.update({ since: since + by, until: until + by });
	}

	/* Bring a stretch of time into view, if it is not, with some room around it. */
	reveal(start, end) {
		const { since, until } = this.state;
		if (start >= since && end <= until && end - start >= (until - since) / 500)
			return;
		const room = Math.max((end - start) * 2, 1000);
		this.look(start - room, end + room);
	}

	functionsOf(stack) {
		return levelsOf(this.trace, stack).map(({ fn, line }) => ({ ...this.trace.functions[fn], line }));
	}
}
