/* SPDX-License-Identifier: GPL-2.0-only */
/* Colours.  What runs is green, what waits for a CPU amber; what is blocked has the hue of
 * its class, pale where waiting costs nobody anything. */
import { JIT, KERNEL, NOTE } from './labels.js';
import { KINDS } from './track.js';

const STATES = { /* by the names of kinds: light, dark */
	unknown: ['#ece4da', '#332e28'],
	running: ['#2f9e5b', '#3caa68'],
	runnable: ['#f4a51c', '#eda72f'],
	blocked: ['#d3d7dd', '#3b424b'],
	other: ['#bcc3cd', '#525b67'],
	lock: ['#df4f46', '#d4554b'],
	condvar: ['#efdcd8', '#4a3634'],
	network: ['#7db2ee', '#38679e'],
	disk: ['#9d78de', '#7f5fc4'],
	pipe: ['#63c0b8', '#2b7d77'],
	poll: ['#d3e3f6', '#27394d'],
	sleep: ['#e6e8eb', '#272c33'],
	child: ['#cfae8c', '#6f583f'],
	pagefault: ['#df7abd', '#a8558c'],
	ipc: ['#98a3ea', '#56619f'],
};

const PROCESSES = [ /* of the busiest processes first, on the tracks of CPUs: light, dark */
	['#4c8bd6', '#4c86cb'], ['#e08a3c', '#cf8038'], ['#3fa98c', '#3a9c81'], ['#b56bc9', '#a661ba'],
	['#d05f6a', '#c25963'], ['#8aa63b', '#82993d'], ['#5fa9c9', '#5698b5'], ['#c9a13d', '#b8943a'],
	['#8c7ae0', '#8271cf'], ['#cf7aa5', '#bd7097'], ['#74b86a', '#68a560'], ['#a98467', '#9a785e'],
	['#9aa3ad', '#6d7681'],
];
export const PROCESS_COLOURS = PROCESSES.length; /* the last is of all others */

const INK = {
	light: { back: '#ffffff', head: '#f3f5f7', line: '#e7e9ec', text: '#1c2127', soft: '#66707c',
		grid: 'rgb(20 30 45 / 7%)', onDark: '#ffffff',
		call: '#aab4c0', error: '#cf4a42', accent: '#2563d4', hit: '#d600a4',
		veil: 'rgb(240 242 245 / 66%)', range: 'rgb(37 99 212 / 12%)', edge: 'rgb(255 255 255 / 55%)',
		sample: '#175f35', pause: '#3b2a78' },
	dark: { back: '#1b1f24', head: '#22272e', line: '#2b3138', text: '#e4e7eb', soft: '#939daa',
		grid: 'rgb(220 230 245 / 7%)', onDark: '#ffffff',
		call: '#4b5561', error: '#d85f56', accent: '#6ea2ff', hit: '#ff5fd2',
		veil: 'rgb(12 14 17 / 62%)', range: 'rgb(110 162 255 / 16%)', edge: 'rgb(20 23 27 / 50%)',
		sample: '#b9f0cf', pause: '#d9c9ff' },
};

/* As a pixel of an image: its bytes are red, green, blue, alpha. */
function pixelOf(hex) {
	const rgb = parseInt(hex.slice(1), 16);
	return (0xff000000 | (rgb & 0xff) << 16 | (rgb & 0xff00) | rgb >> 16) >>> 0;
}

/* Black on light, white on dark. */
function inkOn(hex, ink) {
	const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
	const isDark = red * 0.3 + green * 0.59 + blue * 0.11 < 150;
	return isDark ? ink.onDark : '#1c2127';
}

export function themeOf(name, kindNames) {
	const at = name === 'dark' ? 1 : 0;
	const ink = INK[name];
	const states = Array.from({ length: KINDS },
		(_, kind) => (STATES[kindNames[kind]] ?? STATES.other)[at]);
	const processes = Array.from({ length: KINDS },
		(_, i) => PROCESSES[Math.min(i, PROCESS_COLOURS - 1)][at]);
	const set = (colours) => ({
		colours, pixels: Uint32Array.from(colours, pixelOf),
		inks: colours.map((colour) => inkOn(colour, ink)),
	});
	return { name, ink, states: set(states), processes: set(processes),
		pixel: { back: pixelOf(ink.back), head: pixelOf(ink.head), line: pixelOf(ink.line),
			call: pixelOf(ink.call), error: pixelOf(ink.error), sample: pixelOf(ink.sample),
			hit: pixelOf(ink.hit) } };
}

function hash(text) {
	let h = 2166136261;
	for (let i = 0; i < text.length; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 16777619);
	return h >>> 0;
}

/* Of modules: none near those of the kernel, of JIT and of inlined code. */
const HUES = [8, 20, 32, 44, 56, 70, 290, 312, 332, 350];

/* What colours of flame graphs mean, beside that of each module. */
export const FLAME_KINDS = [
	['kernel', { name: '', module: '[kernel]', kind: KERNEL }, false],
	['JIT', { name: '', module: '', kind: JIT }, false],
	['inlined', { name: '', module: 'x', kind: 1 }, true],
];

/*
 * Of a function in a flame graph: by the module it is of, the same in every recording;
 * @isInlined: wherever it was seen.
 */
export function flameColour(theme, fn, isInlined) {
	const isDark = theme.name === 'dark';
	const shade = hash(fn.name) % 9 - 4;
	const hsl = (hue, full, light) => `hsl(${hue} ${full}% ${light + shade * 0.8 - (isDark ? 31 : 0)}%)`;
	if (fn.kind === NOTE || !fn.module && !fn.kind)
		return isDark ? '#3a414b' : '#d9dde2';
	if (fn.kind === KERNEL)
		return hsl(222, isDark ? 30 : 52, 77);
	if (fn.kind === JIT)
		return hsl(125, isDark ? 32 : 46, 70);
	if (isInlined)
		return hsl(176, isDark ? 32 : 44, 74);
	return hsl(HUES[hash(fn.module) % HUES.length], isDark ? 42 : 66, 73);
}
