/* SPDX-License-Identifier: GPL-2.0-only */
/* The tab of waits for a CPU: its tables, of all the time or of the range that is dragged over its heat map. */
import { make } from './dom.js';
import { HeatMap } from './heatmap.js';
import { latencyByCell, latencyIn } from './latency.js';
import { SheetView } from './sheetview.js';
import { Tip } from './tip.js';
import { duration, exactTime } from './units.js';

export class LatencyView extends SheetView {
	constructor(app, element, sheets) {
		super(app, element, sheets);
		this.heat = make('div', { class: 'heat', hidden: '' });
		this.chips = make('span', { class: 'chips' });
		this.content.before(this.heat, this.chips);
		this.heatMap = new HeatMap(app, this.heat, new Tip(app));
		this.isOfRange = true;
	}

	/* Slices are wanted, which may have to be read first. */
	sheetsOf(state) {
		const { app: { trace }, sheets } = this;
		if (!state.range || !trace.isWhole)
			return sheets;
		if (this.range !== state.range)
			this.inRange = latencyIn(trace, sheets, ...state.range);
		this.range = state.range;
		return this.inRange;
	}

	draw(state) {
		const { app, app: { trace }, heat, heatMap } = this;
		if (!trace.isWhole)
			app.wantWhole();
		heat.hidden = !trace.isWhole;
		this.chips.replaceChildren(...state.range ? [make('button', { title: 'Look at all of the time (Esc)',
			onclick: () => app.update({ range: null }) }, `${exactTime(state.range[0])} to ${exactTime(state.range[1])}`, ' ×')] : []);
		if (trace.isWhole) {
			if (!heatMap.sums)
				this.#fill();
			heatMap.draw(state);
		}
		super.draw(state);
	}

	#fill() {
		const { app: { trace }, heatMap } = this;
		const n = Math.ceil(trace.span / heatMap.cell);
		const start = Float64Array.from({ length: n }, (_, i) => i * heatMap.cell);
		heatMap.set({ n, start, length: null }, latencyByCell(trace, heatMap.cell, n), duration);
	}
}
