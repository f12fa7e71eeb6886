/* SPDX-License-Identifier: GPL-2.0-only */
/* The tab of what differs between two recordings: a flame graph of both, and a table with the noise. */
import { DifferenceBranch, changeText, isNoise } from './difference.js';
import { make } from './dom.js';
import { FlameView } from './flameview.js';
import { matcherOf } from './search.js';
import { Table } from './table.js';
import { Tip } from './tip.js';
import { percent } from './units.js';

const VIEWS_OF_TWO = { flame: 'Flame graph', table: 'Table' };

export class DiffView {
	constructor(app, element, difference) {
		this.app = app;
		this.element = element;
		this.difference = difference;
		this.root = new DifferenceBranch(difference.tree, 0, null);
		this.tip = new Tip(app);
		this.views = Object.entries(VIEWS_OF_TWO).map(([view, title]) => make('button', { 'data-view': view,
			onclick: () => app.update({ view }) }, title));
		this.toggle = make('button', { 'data-toggle': 'isNoisy', title: 'Also what differs by less than its noise',
			onclick: () => app.update({ isNoisy: !app.state.isNoisy }) }, 'With noise');
		this.about = make('output', { class: 'grow' });
		this.part = make('output', { class: 'part-found' });
		this.flame = make('div', { class: 'flame', tabindex: '0' });
		this.place = make('div', { tabindex: '0' });
		element.append(make('div', { class: 'bar' }, ...this.views, this.toggle, this.about, this.part),
			make('div', { class: 'notes' }, make('span', {}, difference.head.join(' · '))), make('div', { class: 'content' }, this.place, this.flame));
		this.flameView = new FlameView(app, this.flame, this.tip, { zoom: () => app.update({ zoom: this.flameView.path }),
			lines: (branch) => this.#linesOf(branch) });
		this.table = new Table(this.place, { sort: (sort) => app.update({ sort }) });
		this.about.textContent = this.#amounts(difference.total);
	}

	get viewNames() {
		return Object.keys(VIEWS_OF_TWO);
	}

	get scrolled() {
		return this.element.dataset.view === 'table' ? this.place : this.flame;
	}

	print() {
		this.table.draw(true);
	}

	#signed(amount) {
		return `${amount > 0 ? '+' : amount < 0 ? '−' : ''}${this.difference.format(Math.abs(amount))}`;
	}

	/* "old 1.20 s, new 1.50 s: +300 ms (+25.0 %), noise ±100 ms" */
	#amounts(row) {
		const { format } = this.difference;
		const noise = row.noise > 0 ? `, ${isNoise(row) ? 'chance may be it:' : 'noise'} ±${format(row.noise)}` : '';
		return `old ${format(row.before ?? 0)}, new ${format(row.after ?? 0)}: ${this.#signed(row.difference)} ` +
			`(${changeText(row)})${noise}`;
	}

	#linesOf(branch) {
		const { name, module, isGroup } = branch.info;
		return [make('p', { class: 'strong' }, name), make('p', {}, this.#amounts(branch.row)),
			...isGroup && branch.parent ? [make('p', { class: 'soft' }, 'process')] : [],
			...module ? [make('p', { class: 'soft' }, module)] : []];
	}

	draw(state) {
		const view = state.view === 'table' ? 'table' : 'flame';
		const matches = state.query.length > 1 ? matcherOf(state.query) : null;
		this.element.dataset.view = view;
		for (const button of this.views)
			button.setAttribute('aria-pressed', button.dataset.view === view);
		this.toggle.setAttribute('aria-pressed', state.isNoisy);
		this.toggle.hidden = view !== 'table';
		if (view === 'flame')
			this.#drawFlame(state, matches);
		else
			this.#drawTable(state, matches);
	}

	#drawFlame(state, matches) {
		const { flameView, root, difference: { tree, format } } = this;
		flameView.isMatch = matches && Uint8Array.from(tree.items, ({ name }) => matches(name) ? 1 : 0);
		this.part.textContent = matches ? `${percent(widthUnder(tree, flameView.isMatch), tree.width[0])} matches` : '';
		if (flameView.root === root && flameView.path.join() === state.zoom.join())
			flameView.draw();
		else
			flameView.set(root, format, 'There is nothing in either profile.', state.zoom);
	}

	#drawTable(state, matches) {
		const { difference: { rows } } = this;
		const key = [state.sort, state.query, state.isNoisy].join('\n');
		if (key === this.key) {
			this.table.draw();
			return;
		}
		this.key = key;
		const found = matches ? rows.filter(({ name, module, file }) => matches(name) || matches(module) || matches(file)) : rows;
		const wanted = state.isNoisy ? found : found.filter((row) => !isNoise(row));
		const n = found.length - wanted.length;
		this.part.textContent = `${wanted.length} of ${rows.length} rows`;
		this.table.set(this.#columns(), wanted, state.sort, n ? `${n} rows differ by less than their noise: chance may be it.` :
			wanted.length ? '' : 'No row differs, or matches.');
	}

	#columns() {
		const { format, rows } = this.difference;
		const amount = (key, title, text) => ({ key, title, cell: (row) => row[key], text });
		const place = ({ file, line }) => line ? `${file}:${line}` : file;
		return [amount('before', 'old', format), amount('after', 'new', format),
			amount('difference', 'diff', (value) => this.#signed(value)),
			{ key: 'change', title: 'diff %', cell: ({ before, after, difference }) => before ? difference / before :
				after ? Infinity : null,
				text: (_, row) => changeText(row) },
			amount('noise', 'noise', (value) => value ? `±${format(value)}` : ''),
			{ key: 'name', title: 'name', cell: ({ name }) => name, isText: true },
			...rows.some(({ line }) => line) ? [{ key: 'line', title: 'line', isText: true, cell: place }] : [],
			{ key: 'module', title: 'module', cell: ({ module }) => module, isText: true }];
	}

	/* Dots that say what colours mean. */
	legend() {
		const colour = (before, after, noise) => DifferenceBranch.prototype.colour.call({ row: { before, after, noise,
			difference: after - before } }, this.app.theme);
		return [['new has more', colour(0, 1, 0)], ['old had more', colour(1, 0, 0)], ['chance may be it', colour(1, 1, 1)]];
	}
}

/* How wide is what lies under labels that match: each branch counts once. */
function widthUnder(tree, isMatch) {
	const isUnder = new Uint8Array(tree.n);
	let width = 0;
	for (let i = 1; i < tree.n; i++) {
		isUnder[i] = isUnder[tree.parent[i]] | isMatch[tree.label[i]];
		width += isUnder[i] && !isUnder[tree.parent[i]] ? tree.width[i] : 0;
	}
	return width;
}
