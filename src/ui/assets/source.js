/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of source, as src/export/page_source.c tells of them, and what each is worth. */

/* Of each state of a file, as of enum page_source_state, what it lacks. */
export const SOURCE_LACKS = ['', 'The file was not found where this page was made: the lines that were met, without their text.',
	'The file is newer than the recording: lines may have moved.',
	'There was no room in this page for the lines of this file.'];
const SOURCE_ABSENT = SOURCE_LACKS.length; /* of a file that is in no table */
SOURCE_LACKS[SOURCE_ABSENT] = 'This page was made without lines of source.';

const lineDecoder = new TextDecoder();

/* By name, { state, lines: their texts by number }. */
export function readSources(texts, parts, lineParts) {
	const files = new Map();
	const pieces = [...lineParts];
	let at = 0;
	const next = (lines, before) => {
		while (!pieces[0][0].hasMore()) {
			pieces.shift();
			at = 0;
		}
		const [skipped, sizes, { bytes }] = pieces[0];
		const line = before + skipped.next() + 1;
		const size = sizes.next();
		lines.set(line, lineDecoder.decode(bytes.subarray(at, at += size)));
		return line;
	};
	for (const [names, states, counts] of parts) {
		while (names.hasMore()) {
			const lines = new Map();
			files.set(texts[names.next()], { state: states.next(), lines });
			for (let n = counts.next(), line = 0; n > 0; n--)
				line = next(lines, line);
		}
	}
	return files;
}

/* By file, those with the most first: { name, flat, lines: by number, { flat, cum } }. */
export function sourceFilesOf(tree) {
	const { flat, cum } = tree.sums();
	const files = new Map();
	tree.labels.items.forEach(({ file, line }, label) => {
		if (!file || !line || !(cum[label] > 0))
			return;
		if (!files.has(file))
			files.set(file, { name: file, flat: 0, cum: 0, lines: new Map() });
		const entry = files.get(file);
		entry.flat += flat[label];
		entry.cum = Math.max(entry.cum, cum[label]);
		entry.lines.set(line, { flat: flat[label], cum: cum[label] });
	});
	return [...files.values()].sort((a, b) => b.flat - a.flat || b.cum - a.cum || (a.name < b.name ? -1 : 1));
}

/* The lines of one of these, with those that @sources has around them: { line, text, flat, cum }; gaps have no line. */
export function sourceLinesOf({ name, lines }, sources) {
	const { state, lines: texts } = sources.get(name) ?? { state: SOURCE_ABSENT, lines: new Map() };
	const numbers = [...new Set([...texts.keys(), ...lines.keys()])].sort((a, b) => a - b);
	const rows = [];
	for (const line of numbers) {
		if (rows.length && rows.at(-1).line !== line - 1)
			rows.push({ line: null, text: '⋯', flat: null, cum: null });
		const worth = lines.get(line);
		rows.push({ line, text: texts.get(line) ?? '', flat: worth?.flat || null, cum: worth?.cum ?? null });
	}
	return { rows, lack: SOURCE_LACKS[state] };
}
