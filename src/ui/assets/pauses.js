/* SPDX-License-Identifier: GPL-2.0-only */
/* Pauses of runtimes, as garbage collectors have them: bands across what they stop. */
import { SANS, fitText } from './dom.js';
import { itemFacts } from './facts.js';

const BAND_WIDE = 8; /* from which width on a band has edges, and shows when all had stopped */
const LINE_HEIGHT = 4; /* below a process's row, where the narrowest band is still seen */

/* The tracks of pauses that stop what a row is of. */
export function pauseTracksOf({ process, thread }) {
	const tracks = process ? [process.stops] : thread ? [thread.process?.stops, thread.pauses] : [];
	return tracks.filter((track) => track?.to > track?.from);
}

/* The pause on @tracks that lasts at @time, or begins within @slack of it: its index, or -1. */
export function pauseAt(tracks, time, slack) {
	for (const track of tracks) {
		const i = track.find(time - slack);
		if (i < track.to && track.start[i] <= time + slack)
			return i;
	}
	return -1;
}

/* Of what @tracks have between two times: at most @most of them, from the first on. */
export function pausesWithin(tracks, since, until, most) {
	const found = [];
	for (const track of tracks) {
		for (let i = track.find(since); i < track.to && track.start[i] < until && found.length < most; i++)
			found.push(i);
	}
	return found;
}

/* { title, facts, stack: of the last to stop } of pause @i. */
export function pauseFacts(app, i) {
	const { title, facts } = itemFacts(app, app.trace.pauses, i);
	return { title, facts, stack: app.trace.pauses.lastStack[i] };
}

/* The name of pause @i. */
export function pauseName({ texts, pauses: { items, item } }, i) {
	return texts[items.name[item[i]]];
}

/* [left, right, pause] of what is seen of @track; pauses that share a pixel are one band. */
function bandsOf(tracks, track) {
	const { view } = tracks;
	const bands = [];
	for (let i = track.find(view.since); i < track.to && track.start[i] < view.until;) {
		const left = Math.max(view.gutter, tracks.xOf(track.start[i]));
		const right = Math.max(left + 1, Math.min(view.width, tracks.xOf(track.end[i])));
		bands.push([left, right, i]);
		i = Math.max(i + 1, track.find(tracks.timeAt(right), i));
	}
	return bands;
}

/* Slanting lines: whatever colour is beneath is seen between them. */
function hatchOf(context, ink) {
	const tile = document.createElement('canvas');
	tile.width = tile.height = 6;
	const pen = tile.getContext('2d');
	pen.strokeStyle = ink.pause;
	pen.lineWidth = 1;
	for (const x of [-6, 0, 6]) {
		pen.moveTo(x, 6);
		pen.lineTo(x + 6, 0);
	}
	pen.stroke();
	return context.createPattern(tile, 'repeat');
}

function drawBand({ tracks, hatch, ink, trace }, [left, right, i], top, height) {
	const { context } = tracks.view;
	context.fillStyle = ink.pause;
	context.globalAlpha = right - left < BAND_WIDE ? 0.3 : 0.2;
	context.fillRect(left, top, right - left, height);
	context.globalAlpha = 1;
	if (right - left < BAND_WIDE)
		return;
	context.fillRect(left, top, 1, height);
	context.fillRect(right - 1, top, 1, height);
	const stopped = Math.max(left, tracks.xOf(trace.pauses.start[i] + trace.pauses.stopping[i]));
	if (stopped >= right)
		return;
	if (stopped > left)
		context.fillRect(stopped, top, 1, height);
	context.fillStyle = hatch;
	context.fillRect(stopped, top, right - stopped, height);
}

function nameBand({ tracks, ink, trace }, [left, right, i], middle) {
	const { context } = tracks.view;
	context.font = `11px ${SANS}`;
	context.textBaseline = 'middle';
	const text = fitText(context, pauseName(trace, i), right - left - 10);
	if (!text)
		return;
	context.fillStyle = ink.head;
	context.fillRect(left + 3, middle - 8, context.measureText(text).width + 4, 16);
	context.fillStyle = ink.text;
	context.fillText(text, left + 5, middle);
}

/* It has what it stops, rather than being stopped with others. */
function isWhole({ process, thread }, track) {
	return process || track === thread.pauses || thread.process.threads.length === 1;
}

/* [row, band, whether the row is all that is stopped] for each that is seen in @rows. */
function eachBand(tracks, rows, show) {
	const known = new Map();
	for (const row of rows) {
		for (const track of pauseTracksOf(row)) {
			if (!known.has(track))
				known.set(track, bandsOf(tracks, track));
			for (const band of known.get(track))
				show(row, band, isWhole(row, track));
		}
	}
}

/* Across the rows that are seen; at the foot of what is stopped a line shows the shortest, too. */
export function drawPauses(tracks, rows) {
	const { app: { theme: { ink }, trace }, view: { context } } = tracks;
	const by = { tracks, ink, trace, hatch: null };
	eachBand(tracks, rows, (row, band, isAll) => {
		by.hatch ??= hatchOf(context, ink);
		const top = tracks.yOf(row);
		drawBand(by, band, top, row.height);
		context.fillStyle = ink.pause;
		if (isAll)
			context.fillRect(band[0], top + row.height - 1 - LINE_HEIGHT, band[1] - band[0], LINE_HEIGHT);
	});
}

export function drawPauseNames(tracks, rows) {
	const { app: { theme: { ink }, trace } } = tracks;
	eachBand(tracks, rows, (row, band, isAll) => {
		if (isAll)
			nameBand({ tracks, ink, trace }, band,
				tracks.yOf(row) + (row.process ? row.height / 2 - 1 : row.strip / 2 + 2));
	});
}
