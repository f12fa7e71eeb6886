/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slices of one track, in the order of time and without overlap, each of a kind below
 * KINDS.  Sums up to every STRIDE-th slice are kept, so that what any stretch of time
 * holds is known exactly after a few steps, however many slices lie in it: so there are
 * no levels of detail, and what is drawn is exact at each zoom.
 */
export const KINDS = 16;
const STRIDE = 32;

/* The first of the sorted @times from index @from to before @to that is not before @time. */
export function firstAfter(times, from, to, time) {
	while (from < to) {
		const middle = (from + to) >> 1;
		if (times[middle] < time)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

export class Track {
	/* The slices are those from @from to before @to of the arrays. */
	constructor(slices, from, to) {
		this.start = slices.start;
		this.end = slices.end;
		this.kind = slices.kind;
		this.from = from;
		this.to = to;
		this.sums = null;
	}

	#sums() {
		if (this.sums)
			return this.sums;
		const { start, end, kind, from, to } = this;
		const sums = new Float64Array((Math.ceil((to - from) / STRIDE) + 1) * KINDS);
		for (let i = from, at = 0; i < to; i++) {
			if ((i - from) % STRIDE === 0) {
				at += i > from ? KINDS : 0;
				sums.copyWithin(at + KINDS, at, at + KINDS);
			}
			sums[at + KINDS + (kind[i] & 15)] += end[i] - start[i];
		}
		this.sums = sums;
		return sums;
	}

	/* The first slice that ends after @time; it need not have begun. */
	find(time, low = this.from) {
		const { end } = this;
		let high = this.to;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (end[middle] > time)
				high = middle;
			else
				low = middle + 1;
		}
		return low;
	}

	/* The slice at @time, or -1. */
	at(time) {
		const i = this.find(time);
		return i < this.to && this.start[i] <= time ? i : -1;
	}

	/* Add what whole slices from @i to before @j last to @into, from @base on by kind. */
	addSlices(i, j, into, base) {
		const { start, end, kind, from } = this;
		const first = Math.ceil((i - from) / STRIDE);
		const last = Math.floor((j - from) / STRIDE);
		if (first < last) {
			const sums = this.#sums();
			for (let k = 0; k < KINDS; k++)
				into[base + k] += sums[last * KINDS + k] - sums[first * KINDS + k];
			this.addSlices(i, from + first * STRIDE, into, base);
			i = from + last * STRIDE;
		}
		for (; i < j; i++)
			into[base + (kind[i] & 15)] += end[i] - start[i];
	}

	/* What passes from @since to @until, by kind. */
	total(since, until, into = new Float64Array(KINDS), base = 0) {
		const i = this.find(since);
		const j = this.find(until, i);
		this.addSlices(i, j, into, base);
		if (i < j && this.start[i] < since)
			into[base + (this.kind[i] & 15)] -= since - this.start[i];
		if (j < this.to && this.start[j] < until) {
			const start = Math.max(this.start[j], since);
			into[base + (this.kind[j] & 15)] += until - start;
		}
		return into;
	}

	/*
	 * The same for each of @n equal parts of that time, KINDS numbers each.  Slices at
	 * least @wide parts long are told to @tell.
	 */
	divide(since, until, n, into, wide = Infinity, tell = null) {
		const { start, end, kind, to } = this;
		const part = (until - since) / n;
		for (let i = this.find(since); i < to && start[i] < until; i++) {
			const k = kind[i] & 15;
			const from = Math.max(0, (start[i] - since) / part);
			const rightEnd = Math.min(n, (end[i] - since) / part);
			const first = Math.floor(from);
			const last = Math.min(n - 1, Math.floor(rightEnd));
			if (first === last) {
				into[first * KINDS + k] += (rightEnd - from) * part;
				const stop = since + (first + 1) * part;
				if (i + 2 * STRIDE < to && end[i + 2 * STRIDE] < stop) {
					const j = this.find(stop, i);
					this.addSlices(i + 1, j, into, first * KINDS);
					i = j - 1;
				}
				continue;
			}
			if (tell && rightEnd - from >= wide)
				tell(i, from, rightEnd);
			into[first * KINDS + k] += (first + 1 - from) * part;
			for (let p = first + 1; p < last; p++)
				into[p * KINDS + k] += part;
			into[last * KINDS + k] += (rightEnd - last) * part;
		}
	}
}
