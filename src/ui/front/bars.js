/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process does, small: its threads now, and the CPUs it used over the last two minutes. */
import { make } from '../assets/dom.js';

export const HISTORY = 120; /* seconds */
const BAR = { width: 220, height: 14 };
const SPARK = { width: 90, height: 16 };

function canvasOf({ width, height }) {
	const canvas = make('canvas', { role: 'img' });
	const ratio = window.devicePixelRatio || 1;
	canvas.width = width * ratio;
	canvas.height = height * ratio;
	canvas.style.width = `${width}px`;
	canvas.style.height = `${height}px`;
	canvas.getContext('2d').scale(ratio, ratio);
	return canvas;
}

function colourOf(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}

function label(canvas, text) {
	canvas.title = text;
	canvas.setAttribute('aria-label', text);
	return canvas;
}

export function stateBar(p) {
	const canvas = canvasOf(BAR);
	const context = canvas.getContext('2d');
	const all = Math.max(p.threads, p.load) || 1;
	let x = 0;
	for (const [value, name] of [[p.run, 'running'], [p.wait, 'runnable'], [p.disk, 'disk'], [p.idle, 'blocked']]) {
		const width = BAR.width * value / all;
		context.fillStyle = colourOf(name);
		context.fillRect(x, 0, width, BAR.height);
		x += width;
	}
	return label(canvas, `${p.run.toFixed(2)} running, ${p.wait.toFixed(2)} waiting for a CPU, ` +
		`${p.disk} disk, ${p.idle.toFixed(2)} blocked`);
}

export function sparkline({ history: runs }) {
	const canvas = canvasOf(SPARK);
	const context = canvas.getContext('2d');
	const top = Math.max(1, ...runs);
	context.fillStyle = colourOf('running');
	runs.forEach((run, i) => {
		const height = SPARK.height * run / top;
		context.fillRect(SPARK.width * (HISTORY - runs.length + i) / HISTORY, SPARK.height - height,
			SPARK.width / HISTORY, height);
	});
	return label(canvas, runs.length ? `${runs[runs.length - 1].toFixed(2)} CPUs now` : '');
}
