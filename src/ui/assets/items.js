/* SPDX-License-Identifier: GPL-2.0-only */
/* What a system call, a mark, a pause says of itself: a name, and arguments. */
import { countRows } from './read.js';

/* What is told of each row of a table, in its order: a name, and arguments in `first` to the next. */
export function readItems(parts) {
	const n = countRows(parts);
	const most = parts.reduce((sum, [, , keys]) => sum + keys.countAll(), 0);
	const items = {
		name: new Uint32Array(n), first: new Uint32Array(n + 1), key: new Uint32Array(most),
		form: new Uint8Array(most), value: new Float64Array(most),
	};
	let i = 0;
	let arg = 0;
	for (const [names, counts, keys, forms, values] of parts) {
		while (names.hasMore()) {
			items.name[i] = names.next();
			items.first[i + 1] = items.first[i++] + counts.next();
		}
		while (keys.hasMore()) {
			items.key[arg] = keys.next();
			items.form[arg] = forms.next();
			items.value[arg++] = values.next();
		}
	}
	return items;
}

/* Row by row, what follows the items: each part's columns after theirs. */
export function eachItem(parts, row) {
	for (const [, , , , , first, ...others] of parts) {
		while (first.hasMore())
			row(first, ...others);
	}
}

const ARG_ADDRESS = 1;
export const ARG_TEXT = 2;

/* { name, args: [[key, text]] } of row @i of @items. */
export function itemOf({ texts }, items, i) {
	const args = [];
	for (let arg = items.first[i]; arg < items.first[i + 1]; arg++) {
		const value = items.value[arg];
		args.push([texts[items.key[arg]], items.form[arg] === ARG_TEXT ? texts[value] :
			items.form[arg] === ARG_ADDRESS ? `0x${value.toString(16)}` : String(value)]);
	}
	return { name: texts[items.name[i]], args };
}
