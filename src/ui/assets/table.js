/* SPDX-License-Identifier: GPL-2.0-only */
/* A table of many rows, of which only those in view are elements; its heads sort it. */
import { make } from './dom.js';

const ROW_HEIGHT = 24; /* as the style has it */
const MARGIN = 20; /* rows beyond what is in view */
const MOST_PRINTED = 300;

function compareCells(a, b) {
	if (a === null || b === null)
		return (a === null) - (b === null);
	return typeof a === 'number' ? b - a : a.localeCompare(b);
}

export class Table {
	/*
	 * @columns: { key, title, cell(row), text(cell, row), isText, hint(row) }; @on: sort(key) of a
	 * head that was clicked, pick(row) of a row.
	 */
	constructor(element, on = {}) {
		this.on = on;
		this.body = make('tbody');
		this.heads = make('tr');
		this.foot = make('div', { class: 'rest' });
		this.element = element;
		this.element.classList.add('table');
		element.append(make('table', {}, make('thead', {}, this.heads), this.body), this.foot);
		element.addEventListener('scroll', () => this.draw());
		this.rows = [];
		this.columns = [];
		this.isPicked = null;
	}

	/* @sort: a column's key, with '-' before it to turn its order round; or '': as they come. */
	set(columns, rows, sort, foot = '') {
		const wanted = sort.replace(/^-/, '');
		const column = columns.find(({ key }) => key === wanted);
		const turn = sort.startsWith('-') ? -1 : 1;
		this.columns = columns;
		this.rows = column ? rows.map((row) => [column.cell(row), row])
			.sort((a, b) => turn * compareCells(a[0], b[0])).map(([, row]) => row) : rows;
		this.heads.replaceChildren(...columns.map((head) => make('th', {
			class: head.isText ? 'text' : '', 'aria-sort': head !== column ? null : turn > 0 === !head.isText ?
				'descending' : 'ascending',
		}, make('button', { onclick: () => this.on.sort?.(head === column && turn > 0 ? `-${head.key}` : head.key) },
			head.title))));
		this.foot.textContent = foot;
		this.drawn = '';
		this.draw();
	}

	/* Have row @i in view, in the middle as far as there is room. */
	reveal(i) {
		this.element.scrollTop = Math.max(0, (i + 1) * ROW_HEIGHT - this.element.clientHeight / 2);
		this.draw();
	}

	draw(isPrinted = false) {
		const { element, rows } = this;
		const top = isPrinted ? 0 : Math.max(0, Math.floor(element.scrollTop / ROW_HEIGHT) - MARGIN);
		const end = isPrinted ? Math.min(rows.length, MOST_PRINTED) : Math.min(rows.length,
			top + Math.ceil(element.clientHeight / ROW_HEIGHT) + 2 * MARGIN);
		const drawn = `${top} ${end}`;
		if (drawn === this.drawn)
			return;
		this.drawn = drawn;
		this.body.replaceChildren(this.#room(top), ...rows.slice(top, end).map((row) => this.#row(row)),
			this.#room(isPrinted ? 0 : rows.length - end));
	}

	#room(n) {
		const row = make('tr', { 'aria-hidden': 'true' });
		row.style.height = `${n * ROW_HEIGHT}px`;
		return row;
	}

	#row(row) {
		return make('tr', { class: this.isPicked?.(row) ? 'picked' : '',
			onclick: this.on.pick && (() => this.on.pick(row)), tabindex: this.on.pick && '0',
			onkeydown: this.on.pick && ((event) => event.key === 'Enter' && this.on.pick(row)) },
		...this.columns.map(({ cell, text, isText, hint }) => {
			const value = cell(row);
			const shown = value === null ? '' : text ? text(value, row) : String(value);
			return make('td', { class: isText ? 'text' : '', title: hint ? hint(row) : isText ? shown : null }, shown);
		}));
	}
}
