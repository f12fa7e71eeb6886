/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zooms and searches.  All it knows is read from the boxes; text goes into text nodes.
 * The box is the window's width: positions are percentages, so only labels depend on it.
 */
(() => {
	'use strict';
	const svg = document.currentScript.ownerSVGElement;
	const SVG = 'http://www.w3.org/2000/svg';
	const HTML = 'http://www.w3.org/1999/xhtml';
	const NARROWEST = 0.02; /* percent */
	const ROOM = 6;
	const LABEL_MIN = 3;
	const boxes = Array.from(svg.querySelectorAll('.box'), (element) => ({
		element,
		start: parseFloat(element.getAttribute('x')),
		width: parseFloat(element.getAttribute('width')),
		level: parseFloat(element.getAttribute('y')),
		name: element.querySelector('title').textContent.split('\n')[0],
		label: element.querySelector('text'),
	}));
	let focus = boxes[0];
	let advance = 7.23;

	function make(space, name, parent, attributes = {}) {
		const element = document.createElementNS(space, name);
		for (const [key, value] of Object.entries(attributes))
			element.setAttribute(key, value);
		parent.append(element);
		return element;
	}

	/* Template arguments are the first to go. */
	function fit(name, letters) {
		const all = Array.from(name);
		if (all.length <= letters)
			return name;
		let brief = name, before;
		do {
			before = brief;
			brief = brief.replace(/<[^<>\u2026]+>/g, '\u2026');
		} while (brief !== before);
		const rest = Array.from(brief);
		return rest.length <= letters ? brief : `${rest.slice(0, letters - 1).join('')}\u2026`;
	}

	function label(box, width) {
		const letters = Math.floor((width * svg.clientWidth / 100 - ROOM) / advance);
		if (letters < LABEL_MIN) {
			box.label?.remove();
			box.label = null;
			return;
		}
		box.label ??= make(SVG, 'text', box.element, { x: 3, y: 12 });
		const text = fit(box.name, letters);
		if (box.label.textContent !== text)
			box.label.textContent = text;
	}

	function place(box) {
		const [start, end] = [focus.start, focus.start + focus.width];
		const slack = focus.width * 1e-6 + 1e-4;
		const isAbove = box.level < focus.level && box.start <= start + slack && box.start + box.width >= end - slack;
		const x = isAbove ? 0 : (box.start - start) / focus.width * 100;
		const width = isAbove ? 100 : box.width / focus.width * 100;
		const isIn = isAbove || box === focus ||
			(box.level > focus.level && x > -0.001 && x < 99.9999 && width >= NARROWEST);
		box.element.style.display = isIn || focus === boxes[0] ? '' : 'none';
		box.element.classList.toggle('above', isAbove && box !== focus);
		box.element.setAttribute('x', `${x}%`);
		box.element.setAttribute('width', `${width}%`);
		if (isIn || focus === boxes[0])
			label(box, width);
	}

	function draw() {
		boxes.forEach(place);
	}

	/* What lies under a box that matches counts once. */
	function search(input, output) {
		let end = -1, share = 0, n = 0, matches = () => false;
		input.setCustomValidity('');
		try {
			const expression = new RegExp(input.value, /[A-Z]/.test(input.value) ? '' : 'i');
			if (input.value)
				matches = (name) => expression.test(name);
		} catch {
			input.setCustomValidity('no regular expression');
		}
		for (const box of boxes) {
			const isHit = box !== boxes[0] && matches(box.name);
			box.element.classList.toggle('hit', isHit);
			n += isHit;
			if (isHit && box.start >= end - 1e-4) {
				share += box.width;
				end = box.start + box.width;
			}
		}
		svg.classList.toggle('searched', input.value !== '' && input.validity.valid);
		output.textContent = !input.value ? '' : !input.validity.valid ? input.validationMessage :
			`${share.toFixed(2)}% match, in ${n}`;
	}

	function start() {
		const place = make(SVG, 'foreignObject', svg, { x: 10, y: 6, height: 26 });
		const form = make(HTML, 'form', place);
		const output = make(HTML, 'output', form);
		const out = make(HTML, 'button', form, { type: 'button', hidden: '' });
		const input = make(HTML, 'input', form, { placeholder: 'search: a regular expression  /', type: 'text' });
		const zoom = (box) => {
			focus = box;
			out.hidden = box === boxes[0];
			draw();
		};
		out.textContent = 'all';
		out.addEventListener('click', () => zoom(boxes[0]));
		form.addEventListener('submit', (event) => event.preventDefault());
		input.addEventListener('input', () => search(input, output));
		boxes.forEach((box) => box.element.addEventListener('click', () =>
			zoom(box === focus ? boxes[0] : box)));
		const resize = () => {
			place.setAttribute('width', Math.max(svg.clientWidth - 20, 1));
			draw();
		};
		const status = svg.querySelector('.boxes').previousElementSibling;
		const said = status.textContent;
		svg.addEventListener('pointerover', (event) => {
			const title = event.target.closest('.box')?.querySelector('title').textContent;
			const letters = Math.max(1, Math.floor((svg.clientWidth - 20) / advance));
			status.textContent = title ? fit(title.replaceAll('\n', '  '), letters) : said;
		});
		window.addEventListener('resize', resize);
		window.addEventListener('keydown', (event) => {
			if (event.key === 'Escape') {
				input.value = '';
				search(input, output);
				input.blur();
				zoom(boxes[0]);
			} else if (document.activeElement !== input && (event.key === '/' || event.ctrlKey && event.key === 'f')) {
				input.focus();
				event.preventDefault();
			}
		});
		const probe = make(SVG, 'text', svg);
		probe.textContent = 'm'.repeat(100);
		advance = probe.getComputedTextLength() / 100 || advance;
		probe.remove();
		svg.classList.add('scripted');
		svg.dataset.ready = 'yes';
		svg.setAttribute('width', '100%');
		resize();
	}

	if (boxes.length)
		start();
})();
