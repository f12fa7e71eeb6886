/* SPDX-License-Identifier: GPL-2.0-only */
/* A tab of tables that are not about stacks, as the reports have them. */
import { make } from './dom.js';
import { matcherOf } from './search.js';
import { Table } from './table.js';
import { duration, formatOf } from './units.js';

function formatterOf(unit) {
	return { id: String, nanoseconds: duration, percent: (share) => `${share.toFixed(1)} %` }[unit] ?? formatOf(unit);
}

export class SheetView {
	constructor(app, element, sheets) {
		this.app = app;
		this.sheets = sheets;
		this.about = make('output', { class: 'grow' });
		this.buttons = sheets.map(({ name, title }, i) => make('button', { onclick: () => app.update({ sheet: i }) },
			title || name));
		element.dataset.view = 'only';
		this.place = make('div', { tabindex: '0' });
		this.content = make('div', { class: 'content' }, this.place);
		this.isOfRange = false;
		element.append(make('div', { class: 'bar' }, ...sheets.length > 1 ? this.buttons : [], this.about), this.content);
		this.table = new Table(this.place, { sort: (sort) => app.update({ sort }) });
	}

	print() {
		this.table.draw(true);
	}

	get scrolled() {
		return this.place;
	}

	/* The sheets as they are of what is looked at. */
	sheetsOf() {
		return this.sheets;
	}

	draw(state) {
		const which = Math.min(state.sheet, this.sheets.length - 1);
		const sheets = this.sheetsOf(state);
		const { columns, rows } = sheets[which];
		this.buttons.forEach((button, i) => button.setAttribute('aria-pressed', i === which));
		const key = [which, state.sort, state.query].join('\n');
		if (key === this.key && rows === this.rows) {
			this.table.draw();
			return;
		}
		this.key = key;
		this.rows = rows;
		const matches = state.query.length > 1 ? matcherOf(state.query) : null;
		const wanted = matches ? rows.filter((row) => row.some((cell) => typeof cell === 'string' && matches(cell))) : rows;
		const shown = columns.map((column, i) => ({ key: column.key || column.title, title: column.title,
			cell: (row) => row[i], isText: column.unit === 'text', text: column.unit === 'text' ? null : formatterOf(column.unit) }))
			.filter(({ title }) => title);
		this.about.textContent = `${wanted.length} of ${rows.length} rows${state.range && (!this.isOfRange || sheets === this.sheets) ? ', of all the time, not of the range' : ''}`;
		this.table.set(shown, wanted, state.sort, wanted.length ? '' : 'No row matches.');
	}
}
