/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tab of flame graphs: of the CPU samples and of the waits in the selected range, or in
 * all that was recorded, of the threads that the filter leaves.
 */
import { make } from './dom.js';
import { cpuValues, flameTree, waitValues } from './flame.js';
import { FlameView } from './flameview.js';
import { threadsOf } from './rows.js';
import { matcherOf } from './search.js';
import { Tip } from './tip.js';
import { exactTime, duration, percent } from './units.js';

/* A profile more is a row here. */
export const PROFILES = {
	cpu: { title: 'CPU', values: cpuValues, without: '[no stack]', unit: 'by samples',
		empty: 'There is no CPU sample.' },
	waits: { title: 'Waits', values: waitValues, without: '[no stack taken]', unit: 'blocked',
		empty: 'Nothing waited.' },
};

export class Profiles {
	constructor(app, element) {
		this.app = app;
		this.element = element;
		this.key = '';
		this.buttons = Object.entries(PROFILES).map(([name, { title }]) => make('button', {
			'data-profile': name, onclick: () => app.update({ profile: name }) }, title));
		this.turn = make('button', { title: 'Callers below what they called (i)',
			onclick: () => app.update({ isInverted: !app.state.isInverted }) }, 'Inverted');
		this.about = make('output', { class: 'grow' });
		this.part = make('output', {});
		const place = make('div', { class: 'flame' });
		element.append(make('div', { class: 'bar flames-bar' }, ...this.buttons, this.turn, this.about, this.part),
			place);
		this.flame = new FlameView(app, place, new Tip(app));
	}

	draw(state) {
		const { app } = this;
		const { values, without, unit, empty } = PROFILES[state.profile];
		const [since, until] = state.range ?? [0, app.trace.span];
		const key = [state.profile, state.isInverted, since, until, state.filter].join('\n');
		if (key !== this.key) {
			const threads = threadsOf(app.trace, state);
			this.root = flameTree(app.trace, values(app.trace, threads, since, until), without,
				state.isInverted);
			this.flame.set(this.root, empty);
		}
		this.key = key;
		for (const button of this.buttons)
			button.setAttribute('aria-pressed', button.dataset.profile === state.profile);
		this.turn.setAttribute('aria-pressed', state.isInverted);
		this.about.textContent = [`${duration(this.root.total)} ${unit}`,
			state.range && `${exactTime(since)} to ${exactTime(until)}`,
			state.filter && `threads with “${state.filter}”`].filter(Boolean).join(', ');
		const found = this.flame.matching(state.query.length > 1 ? matcherOf(state.query) : null);
		this.part.textContent = state.query.length > 1 ? `${percent(found, this.root.total)} matches` : '';
	}
}
