/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of source of one file, with what is spent in each, and in what it calls. */
import { make } from './dom.js';
import { sourceFilesOf, sourceLinesOf } from './source.js';
import { Table } from './table.js';
import { percent } from './units.js';

const MOST_FILES = 500;

export class SourceView {
	constructor(app, element, model) {
		this.app = app;
		this.model = model;
		this.select = make('select', { 'aria-label': 'File', onchange: ({ target }) => app.update({ file: target.value }) });
		this.lack = make('output', { class: 'grow flaw' });
		this.place = make('div', { tabindex: '0' });
		element.append(make('div', { class: 'bar' }, this.select, this.lack), this.place);
		this.table = new Table(this.place);
		this.shown = [];
	}

	get scrolled() {
		return this.place;
	}

	print() {
		this.table.draw(true);
	}

	draw(state, format) {
		const tree = this.model.tree(state, 'source');
		const parts = [tree, tree.values, state.file];
		if (parts.every((part, i) => part === this.shown[i])) {
			this.table.draw();
			return;
		}
		const isOther = !this.shown.length || this.shown[2] !== state.file;
		this.shown = parts;
		this.#fill(tree, state, format, isOther);
	}

	#fill(tree, state, format, isOther) {
		const files = sourceFilesOf(tree);
		const total = tree.total[0];
		const file = files.find(({ name }) => name === state.file) ?? files[0];
		this.select.replaceChildren(...files.slice(0, MOST_FILES).map(({ name, flat }) =>
			make('option', { value: name, title: name }, `${name} · ${percent(flat, total)}`)));
		if (file && !files.slice(0, MOST_FILES).includes(file))
			this.select.append(make('option', { value: file.name }, file.name));
		this.select.hidden = !file;
		this.select.value = file?.name ?? '';
		const { rows, lack } = file ? sourceLinesOf(file, this.app.trace.sources) :
			{ rows: [], lack: 'No line of source is known of what is looked at.' };
		this.lack.textContent = lack;
		this.table.isPicked = ({ flat }) => flat > 0;
		this.table.set(sourceColumns(format, total), rows, '');
		if (isOther)
			this.table.reveal(hottestLine(rows));
	}
}

function sourceColumns(format, total) {
	const share = (value) => percent(value, total);
	const value = (key) => [{ key, title: key, cell: (row) => row[key], text: format },
		{ key: `${key}%`, title: '%', cell: (row) => row[key], text: share }];
	return [...value('flat'), ...value('cum'), { key: 'line', title: 'line', cell: ({ line }) => line, text: String },
		{ key: 'text', title: 'source', isText: true, cell: ({ text }) => text, hint: () => null }];
}

/* Of rows, the number of that with the most. */
function hottestLine(rows) {
	const worth = ({ flat, cum }) => (flat ?? 0) || (cum ?? 0) / 1e6;
	return rows.reduce((best, row, i) => worth(row) > worth(rows[best] ?? {}) ? i : best, 0);
}
