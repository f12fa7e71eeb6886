/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies under the pixels of the tracks.  Each column of a strip shows how its bit of
 * time was divided, by height: so nothing is hidden however far one zooms out, and what
 * fills a column has it whole.  Pixels are set here rather than drawn as rectangles, as
 * there may be a hundred thousand.
 */
import { KINDS, firstAfter } from './track.js';
import { RUNNABLE, RUNNING, WAITS } from './trace.js';

/* Upwards.  What is rare and matters stays below, where it starts from the same line. */
const STACKED = [RUNNING, RUNNABLE, ...Array.from({ length: KINDS - WAITS }, (_, i) => WAITS + i), 3, 0];
export const ANY_ORDER = Array.from({ length: KINDS }, (_, kind) => kind);

/* Nearly all of a column is all: slices end at fractions of pixels. */
const FULL = 0.97;

export class Raster {
	constructor() {
		this.width = 0;
		this.height = 0;
		this.image = null;
	}

	resize(width, height, back) {
		if (!this.image || width !== this.width || height !== this.height) {
			this.width = width;
			this.height = height;
			this.image = new ImageData(width, height);
			this.pixels = new Uint32Array(this.image.data.buffer);
			this.sums = new Float64Array(width * KINDS);
			this.line = new Uint32Array(width);
		}
		this.pixels.fill(back);
	}

	/* Rows of pixels from @top to before @bottom, as far as they lie within. */
	band(top, bottom, pixel) {
		const from = Math.max(0, top);
		const to = Math.min(this.height, bottom);
		if (from < to)
			this.pixels.fill(pixel, from * this.width, to * this.width);
	}

	/* A strip of what @tracks did: { top, height, back, since, until, colours, wide, tell }. */
	strip(tracks, box) {
		this.sums.fill(0);
		for (const track of tracks)
			track.divide(box.since, box.until, this.width, this.sums, box.wide, box.tell);
		const order = box.order ?? STACKED;
		const part = (box.until - box.since) / this.width * (box.scale ?? 1);
		const mixed = this.#solid(box, order, part);
		for (const x of mixed)
			this.#column(x, box, order, part);
	}

	/* Fill the columns that have one colour; returns the others. */
	#solid({ top, height, back, colours }, order, part) {
		const { line, sums, width } = this;
		const mixed = [];
		for (let x = 0; x < width; x++) {
			let most = 0;
			let all = 0;
			let colour = back;
			for (const kind of order) {
				const ns = sums[x * KINDS + kind];
				all += ns;
				if (ns > most) {
					most = ns;
					colour = colours[kind];
				}
			}
			if (all > 0 && most < FULL * part)
				mixed.push(x);
			line[x] = all > 0 && most < FULL * part ? back : colour;
		}
		for (let y = Math.max(0, top); y < Math.min(this.height, top + height); y++)
			this.pixels.set(line, y * width);
		return mixed;
	}

	/*
	 * One column, from its foot upwards; what there is of running, and all of what @isRare,
	 * is never less than a pixel.
	 */
	#column(x, { top, height, colours, isRare }, order, part) {
		const { pixels, sums, width } = this;
		let foot = top + height;
		let level = foot;
		for (const kind of order) {
			const ns = sums[x * KINDS + kind];
			if (!ns)
				continue;
			level -= ns / part * height;
			let head = Math.max(top, Math.round(level));
			if (head === foot && (isRare || kind === RUNNING || kind === RUNNABLE) && foot > top)
				head = foot - 1;
			const from = Math.max(0, head);
			for (let y = Math.min(foot, this.height) - 1; y >= from; y--)
				pixels[y * width + x] = colours[kind];
			foot = Math.min(foot, head);
		}
	}

	/* Ticks at @times from index @from to before @to, at most one a column. */
	ticks(times, from, to, { top, height, since, until, pixel }) {
		const { width, pixels } = this;
		const part = (until - since) / width;
		let i = firstAfter(times, from, to, since);
		while (i < to && times[i] < until) {
			const x = Math.min(width - 1, Math.floor((times[i] - since) / part));
			for (let y = Math.max(0, top); y < Math.min(this.height, top + height); y++)
				pixels[y * width + x] = pixel;
			i = firstAfter(times, i + 1, to, since + (x + 1) * part);
		}
	}
}
