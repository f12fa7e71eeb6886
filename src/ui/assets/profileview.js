/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tab of a profile: a heat map over time, and below it a flame graph, the callers and
 * callees of a function, or a table.  All show the range, the threads and the function that
 * are looked at.
 */
import { branchOf, groupedBranch, wholeBranch } from './branch.js';
import { make } from './dom.js';
import { FlameView } from './flameview.js';
import { HeatMap } from './heatmap.js';
import { GROUPS, ProfileTree } from './profiletree.js';
import { matcherOf } from './search.js';
import { SheetView } from './sheetview.js';
import { SourceView } from './sourceview.js';
import { Table } from './table.js';
import { FLAME_KINDS, flameColour } from './theme.js';
import { Tip } from './tip.js';
import { TABLES, tableColumns, rowsOfTable } from './top.js';
import { exactTime, formatOf, percent } from './units.js';

export const VIEWS = { flame: 'Flame graph', sandwich: 'Callers & callees', table: 'Table', source: 'Source' };

/* A drop-down of @options, { value: title }, that sets @name of the state. */
function choice(app, name, label, options) {
	return make('select', { name, 'aria-label': label, onchange: ({ target }) => app.update({ [name]: target.value }) },
		...Object.entries(options).map(([value, title]) => make('option', { value }, title)));
}

function titlesOf(table, hasCpus) {
	return Object.fromEntries(Object.entries(table).filter(([name]) => hasCpus || name !== 'cpu')
		.map(([name, { title }]) => [name, title]));
}

export class ProfileView {
	/* @sheets: tables about the same, or undefined. */
	constructor(app, element, profile, sheets) {
		this.app = app;
		this.element = element;
		this.profile = profile;
		this.model = new ProfileTree(app, profile);
		this.isOfMemory = profile.types.some(({ type }) => type.startsWith('alloc_'));
		this.tip = new Tip(app);
		this.shown = {};
		this.#build();
		if (sheets)
			this.#addSheets(sheets);
	}

	#addSheets(sheets) {
		const { app } = this;
		const place = make('section', { class: 'sheet' });
		const button = make('button', { 'data-view': 'sheet', onclick: () => app.update({ view: 'sheet' }) }, 'By thread');
		this.views.at(-1).after(button);
		this.views.push(button);
		this.content.append(place);
		this.sheets = new SheetView(app, place, sheets);
	}

	#build() {
		const { app, element, profile, tip, model } = this;
		const toggle = (name, title, hint) => make('button', { 'data-toggle': name, title: hint,
			onclick: () => app.update({ [name]: !app.state[name], zoom: [] }) }, title);
		this.views = Object.entries(VIEWS).map(([view, title]) => make('button', { 'data-view': view,
			onclick: () => app.update({ view }) }, title));
		this.choices = [
			choice(app, 'value', 'Value', Object.fromEntries(profile.types.map(({ type }) => [type, type.replaceAll('_', ' ')]))),
			choice(app, 'group', 'Below the root', titlesOf(GROUPS, model.hasCpus)),
			choice(app, 'by', 'Rows of', titlesOf(TABLES, model.hasCpus)),
		];
		this.choices[0].hidden = profile.types.length < 2;
		this.toggles = [toggle('isInverted', 'Inverted', 'Innermost functions first, callers below (i, or ctrl-click)'),
			toggle('isMerged', 'Merge recursion', 'A function that calls itself is one (r)')];
		this.chips = make('span', { class: 'chips' });
		this.about = make('output', { class: 'grow' });
		this.part = make('output', { class: 'part-found' });
		this.heat = make('div', { class: 'heat' });
		this.flame = make('div', { class: 'flame', tabindex: '0' });
		this.table = make('div', { tabindex: '0' });
		this.callers = make('div', { class: 'flame', tabindex: '0' });
		this.callees = make('div', { class: 'flame', tabindex: '0' });
		this.titles = [make('h2'), make('h2')];
		this.lines = make('div', { class: 'lines' });
		this.sides = make('div', { class: 'sides' }, this.titles[0], this.callers, this.titles[1], this.callees);
		this.content = make('div', { class: 'content' }, this.table, this.flame, this.sides, this.lines);
		this.actions = make('div', { class: 'bar actions', hidden: '' });
		this.notes = this.#notesOf(profile.notes);
		element.append(make('div', { class: 'bar' }, ...this.views, ...this.choices, ...this.toggles, this.about, this.part),
			this.heat, this.chips, this.notes, this.actions, this.content);
		this.sourceView = new SourceView(app, this.lines, model);
		this.heatMap = new HeatMap(app, this.heat, tip);
		const on = { act: (branch, event) => this.#act(branch, event) };
		this.flameView = new FlameView(app, this.flame, tip, { ...on, zoom: () => this.#zoomed() });
		this.sideViews = [new FlameView(app, this.callers, tip, on), new FlameView(app, this.callees, tip, on)];
		this.topTable = new Table(this.table, {
			sort: (sort) => app.update({ sort }),
			pick: (row) => row.isFunction && app.update(row.line ? { file: row.file, view: 'source' } : { fn: row.name, view: 'sandwich' }),
		});
	}

	/* A line, which opens to all there are; flaws first. */
	#notesOf(notes) {
		const lines = notes.toSorted((a, b) => b.isFlaw - a.isFlaw).map(({ isFlaw, text }) =>
			make('span', { class: isFlaw ? 'flaw' : '' }, text));
		if (lines.length < 2)
			return make('div', { class: 'notes' }, ...lines);
		return make('details', { class: 'notes' }, make('summary', {}, lines[0], ` (and ${lines.length - 1} more)`),
			...lines.slice(1));
	}

	/* What a click does besides to zoom. */
	#act(branch, event) {
		const { app, app: { state } } = this;
		const { name, isGroup } = branch.info;
		if (event.ctrlKey || event.metaKey)
			app.update({ isInverted: !state.isInverted, zoom: [] });
		else if (event.shiftKey && !isGroup)
			app.update({ fn: name, view: 'sandwich' });
		else if (event.altKey && !isGroup)
			app.update({ hidden: [...state.hidden, name], zoom: [] });
		else
			return false;
		return true;
	}

	print() {
		this.topTable.draw(true);
		this.sourceView.print();
		this.sheets?.print();
	}

	/* What the keyboard scrolls. */
	get scrolled() {
		const { view } = this.element.dataset;
		return view === 'flame' ? this.flame : view === 'sheet' ? this.sheets.scrolled : view === 'source' ? this.sourceView.scrolled : this.table;
	}

	#zoomed() {
		this.app.update({ zoom: this.flameView.path });
	}

	draw(whole) {
		const { model, profile } = this;
		const state = whole.view === 'sheet' && !this.sheets ? { ...whole, view: 'flame' } : whole;
		const { unit } = profile.types[model.typeOf(state)];
		this.format = formatOf(unit);
		this.#drawBar(state);
		this.#drawHeat(state);
		this.matches = state.query.length > 1 ? matcherOf(state.query) : null;
		this.element.dataset.view = state.view;
		this.tree = model.tree(state);
		this.#drawAbout(state);
		if (state.view === 'sheet')
			this.sheets.draw(state);
		else if (state.view === 'flame')
			this.#drawFlame(state);
		else if (state.view === 'source')
			this.sourceView.draw(state, this.format);
		else
			this.#drawTable(state);
		if (state.view === 'sandwich')
			this.#drawSides(state);
		this.#drawActions(state);
	}

	#drawBar(state) {
		const { views, toggles, choices, model, profile } = this;
		for (const button of views)
			button.setAttribute('aria-pressed', button.dataset.view === state.view);
		for (const button of toggles)
			button.setAttribute('aria-pressed', state[button.dataset.toggle]);
		const [value, group, by] = choices;
		value.value = profile.types[model.typeOf(state)].type;
		group.value = state.group;
		by.value = state.by;
		group.hidden = state.view !== 'flame';
		by.hidden = state.view !== 'table';
		toggles[0].hidden = state.view !== 'flame';
	}

	#drawHeat(state) {
		const { profile: { rows }, heatMap, model } = this;
		this.heat.hidden = !rows.isTimed;
		if (this.heat.hidden)
			return;
		const all = model.values({ ...state, range: null });
		if (this.shown.heat !== all)
			heatMap.set(rows, all, this.format);
		this.shown.heat = all;
		heatMap.draw(state);
	}

	#drawAbout(state) {
		const { app, tree, format, matches, profile } = this;
		const total = tree.total[0];
		const type = profile.types[this.model.typeOf(state)].type.replaceAll('_', ' ');
		this.about.textContent = `${format(total)} ${type}`;
		const chip = (text, hint, changes) => make('button', { title: hint,
			onclick: () => app.update({ ...changes, zoom: [] }) }, text, ' ×');
		const chips = [];
		if (state.range && profile.rows.isTimed && this.model.untimed(state))
			chips.push(make('span', { class: 'flaw' },
				`${format(this.model.untimed(state))} at times that are not known, left out`));
		if (state.range)
			chips.unshift(chip(profile.rows.isTimed ? `${this.isOfMemory ? 'allocated ' : ''}${exactTime(state.range[0])} to ${exactTime(state.range[1])}` :
				'this profile is of all the time', 'Look at all of the time (Esc)', { range: null }));
		if (state.filter)
			chips.push(chip(`threads with “${state.filter}”`, 'Look at all threads', { filter: '' }));
		if (state.focus)
			chips.push(chip(`only stacks with ${state.focus}`, 'Look at all stacks', { focus: '' }));
		for (const name of state.hidden)
			chips.push(chip(`without ${name}`, 'Show it again', { hidden: state.hidden.filter((other) => other !== name) }));
		this.chips.replaceChildren(...chips);
		this.isMatch = matches && Uint8Array.from(tree.labels.items, ({ name }) => matches(name) ? 1 : 0);
		this.part.textContent = matches ? `${percent(tree.sumUnder(this.isMatch), total)} matches` : '';
	}

	/* What the branches are made of; what else changes is drawn without them being made anew. */
	#keyOf() {
		const { tree } = this;
		return [tree, tree.values, this.app.theme];
	}

	#isNew(name, ...parts) {
		const old = this.shown[name];
		this.shown[name] = parts;
		return !old || old.length !== parts.length || parts.some((part, i) => part !== old[i]);
	}

	#drawFlame(state) {
		const { flameView, tree, format } = this;
		flameView.isMatch = this.isMatch;
		if (this.#isNew('flame', ...this.#keyOf(), state.isInverted, state.group) ||
			flameView.path.join() !== state.zoom.join())
			flameView.set(this.#wholeBranch(tree, state), format, this.#empty(state), state.zoom);
		else
			flameView.draw();
	}

	#wholeBranch(tree, state) {
		if (this.#isNew('whole', ...this.#keyOf(), state.isInverted, state.group)) {
			this.whole = state.group === 'none' ? wholeBranch(tree, state.isInverted) :
				groupedBranch(tree, this.model.group(state.group), state.isInverted);
		}
		return this.whole;
	}

	#empty(state) {
		return state.range || state.filter || state.focus ? 'There is nothing of this profile in what is looked at.' :
			'There is nothing in this profile.';
	}

	#drawTable(state) {
		const { app, model, tree, format, matches, profile } = this;
		const by = state.view === 'table' && this.choices[2].value ? state.by : 'function';
		if (this.#isNew('table', ...this.#keyOf(), by, state.sort, state.query, state.view, state.fn)) {
			const { rows, total } = rowsOfTable(model, state, by);
			const wanted = matches ? rows.filter(({ name, module, file }) => matches(name) || matches(module) || matches(file)) : rows;
			const sort = state.sort || 'flat';
			this.fn = state.fn || rows.reduce((best, row) => row.flat > best.flat ? row : best, { name: '', flat: 0 }).name;
			const columns = tableColumns(by, state.view === 'sandwich', format, total);
			this.topTable.isPicked = ({ name }) => state.view === 'sandwich' && name === this.fn;
			this.topTable.set(columns, wanted, sort, wanted.length ? '' : rows.length ? 'No row matches.' : this.#empty(state));
		} else {
			this.topTable.draw();
		}
	}

	#drawSides(state) {
		const { tree, format, sideViews, titles } = this;
		const label = tree.labels.labels.find(this.fn);
		const isNew = this.#isNew('sides', ...this.#keyOf(), label);
		sideViews.forEach((view, i) => {
			view.isMatch = this.isMatch;
			if (isNew)
				view.set(branchOf(tree, label, i === 0), format, 'It is not in what is looked at.');
			else
				view.draw();
		});
		titles[0].textContent = `Who calls ${this.fn}`;
		titles[1].textContent = `What ${this.fn} calls`;
	}

	/* Of the function that a flame graph is zoomed to, or whose callers are shown. */
	#drawActions(state) {
		const { app, tree, format, flameView: { focus } } = this;
		const branch = state.view === 'flame' && focus?.parent ? focus : null;
		const { name, isGroup } = branch?.info ?? { name: state.view === 'sandwich' ? this.fn : '' };
		const buttons = name && !isGroup ? [
			state.view === 'flame' && make('button', { onclick: () => app.update({ fn: name, view: 'sandwich' }) }, VIEWS.sandwich),
			make('button', { onclick: () => app.update({ focus: name, zoom: [] }) }, 'Only stacks with it'),
			make('button', { onclick: () => app.update({ hidden: [...state.hidden, name], zoom: [] }) }, 'Hide it'),
		] : [];
		const value = branch ? ` ${format(branch.total)}, ${percent(branch.total, tree.total[0])}` : '';
		if (this.#isNew('actions', name, value, state.view, ...state.hidden))
			this.actions.replaceChildren(make('b', {}, name), make('span', { class: 'grow' }, value), ...buttons.filter(Boolean),
				...branch ? [make('button', { title: 'Show all of it (Esc)', onclick: () => app.update({ zoom: [] }) }, 'All')] : []);
		if (this.actions.hidden !== !name)
			app.update({}); /* there is more room, or less */
		this.actions.hidden = !name;
	}

	/* Dots that say what colours mean. */
	legend() {
		return FLAME_KINDS.map(([name, fn, isInlined]) => [name, flameColour(this.app.theme, fn, isInlined)]);
	}
}
