/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands beside the pointer. */
import { callFacts, runFacts, sliceFacts, threadName } from './facts.js';
import { byId, make } from './dom.js';
import { RUNNABLE, RUNNING, blockedSum } from './trace.js';
import { duration } from './units.js';

const TIP_FRAMES = 12;

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

function linesOf(app, found, slack) {
	const { row, thread } = found;
	if (found.isName && row.thread)
		return [line(threadName(row.thread), 'strong'),
			line(`process ${row.thread.process.name} (${row.thread.process.pid})`, 'soft'),
			...sumLines(row.thread)];
	if (row.process)
		return [line(`${row.process.name} (${row.process.pid})`, 'strong'),
			line(`${row.process.threads.length} threads`, 'soft'), ...sumLines(row.process)];
	if (found.run >= 0) {
		const { title, facts } = runFacts(app, found.run);
		return [line(title, 'strong'), ...factLines(facts)];
	}
	const lines = [];
	if (found.call >= 0) {
		const { title, facts } = callFacts(app, found.call);
		lines.push(line(title, 'strong'), ...factLines(facts));
	}
	if (found.slice >= 0) {
		const { title, facts, stack, wakerStack } = sliceFacts(app, found.slice);
		lines.push(line(title, found.call >= 0 ? '' : 'strong'), line(threadName(thread), 'soft'));
		lines.push(...factLines(found.call >= 0 ? [] : facts), ...stackLines(app, stack, 'waits at:'),
			...stackLines(app, wakerStack, 'woken from:'), ...sampleLines(app, found, slack));
	}
	for (const mark of (thread?.marks ?? []).filter(({ time }) => Math.abs(time - found.time) <= slack))
		lines.push(line(`${mark.what} ${mark.text}`));
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
