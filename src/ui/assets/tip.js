/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands beside the pointer. */
import { argFact, itemFacts, runFacts, sliceFacts, threadName } from './facts.js';
import { byId, make } from './dom.js';
import { pauseFacts } from './pauses.js';
import { firstAfter } from './track.js';
import { itemOf } from './items.js';
import { RUNNABLE, RUNNING, blockedSum } from './trace.js';
import { duration } from './units.js';

const TIP_FRAMES = 12;
const MOST_MARKS = 5;

function line(text, name = '') {
	return make('p', { class: name }, text);
}

function stackLines(app, stack, title) {
	if (!stack)
		return [];
	const functions = app.functionsOf(stack);
	const lines = functions.slice(0, TIP_FRAMES).map(({ name }) => line(name, 'mono'));
	if (functions.length > TIP_FRAMES)
		lines.push(line(`and ${functions.length - TIP_FRAMES} more`, 'soft'));
	return [line(title, 'soft'), ...lines];
}

function sumLines({ sums }) {
	return [line(`running ${duration(sums[RUNNING])}, runnable ${duration(sums[RUNNABLE])}, ` +
		`blocked ${duration(blockedSum(sums))}`)];
}

function sampleLines(app, found, slack) {
	const { time, stack } = app.trace.samples;
	let best = -1;
	for (let i = found.thread.samples[0]; i < found.thread.samples[1]; i++) {
		if (Math.abs(time[i] - found.time) <= slack &&
			(best < 0 || Math.abs(time[i] - found.time) < Math.abs(time[best] - found.time)))
			best = i;
	}
	return best < 0 ? [] : stackLines(app, stack[best], 'sampled here:');
}

function factLines(facts) {
	return facts.map(([name, text]) => line(name ? `${name}: ${text}` : text));
}

function markLines({ trace }, { marks: [from, to] }, time, slack) {
	const { marks } = trace;
	const lines = [];
	for (let i = firstAfter(marks.time, from, to, time - slack); i < to && marks.time[i] <= time + slack &&
		lines.length < MOST_MARKS; i++) {
		const { name, args } = itemOf(trace, marks.items, marks.item[i]);
		lines.push(line([name, ...args.map((arg) => argFact(arg).join(' '))].join(', ')));
	}
	return lines;
}

function pauseLines(app, pause) {
	if (pause < 0)
		return [];
	const { title, facts, stack } = pauseFacts(app, pause);
	return [line(title, 'strong'), ...factLines(facts), ...stackLines(app, stack, 'the last to stop came by:')];
}

function linesOf(app, found, slack) {
	const { row, thread } = found;
	if (found.isName && row.thread)
		return [line(threadName(row.thread), 'strong'),
			line(`process ${row.thread.process.name} (${row.thread.process.pid})`, 'soft'),
			...sumLines(row.thread)];
	if (row.process)
		return [line(`${row.process.name} (${row.process.pid})`, 'strong'),
			line(`${row.process.threads.length} threads`, 'soft'), ...sumLines(row.process),
			...pauseLines(app, found.pause)];
	if (row.other && found.other < 0)
		return [line(row.other.name, 'strong')];
	if (row.other) {
		const { title, facts } = itemFacts(app, app.trace.others.slices, found.other);
		return [line(title, 'strong'), line(row.other.name, 'soft'), ...factLines(facts)];
	}
	if (found.run >= 0) {
		const { title, facts } = runFacts(app, found.run);
		return [line(title, 'strong'), ...factLines(facts)];
	}
	const lines = pauseLines(app, found.pause);
	if (found.call >= 0) {
		const { title, facts } = itemFacts(app, app.trace.calls, found.call);
		lines.push(line(title, 'strong'), ...factLines(facts));
	}
	if (found.slice >= 0) {
		const { title, facts, stack, wakerStack } = sliceFacts(app, found.slice);
		lines.push(line(title, found.call >= 0 ? '' : 'strong'), line(threadName(thread), 'soft'));
		lines.push(...factLines(found.call >= 0 ? [] : facts), ...stackLines(app, stack, 'waits at:'),
			...stackLines(app, wakerStack, 'woken from:'), ...sampleLines(app, found, slack));
	}
	if (thread)
		lines.push(...markLines(app, thread, found.time, slack));
	return lines;
}

export class Tip {
	constructor(app) {
		this.app = app;
		this.element = byId('tip');
	}

	hide() {
		this.element.hidden = true;
	}

	/* @slack: how many nanoseconds beside the pointer still count. */
	show(found, x, y, slack) {
		const lines = found ? linesOf(this.app, found, slack) : [];
		this.showLines(lines, x, y);
	}

	showLines(lines, x, y) {
		const { element } = this;
		element.replaceChildren(...lines);
		element.hidden = !lines.length;
		const { width, height } = element.getBoundingClientRect();
		const left = x + 14 + width > innerWidth ? Math.max(4, x - width - 10) : x + 14;
		const top = Math.max(4, Math.min(y + 14, innerHeight - height - 6));
		element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
	}
}
