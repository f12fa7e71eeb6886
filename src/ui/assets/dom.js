/* SPDX-License-Identifier: GPL-2.0-only */
/* Elements.  Whatever stands in them is text: nothing here reads markup. */

export function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith('on') && value)
			element.addEventListener(name.slice(2), value);
		else if (value !== false && value != null)
			element.setAttribute(name, value);
	}
	element.append(...children.filter((child) => child != null));
	return element;
}

export function byId(id) {
	return document.getElementById(id);
}

/* Fit @canvas to @place, in pixels of the screen; returns its context and size in CSS's. */
export function fitCanvas(canvas, options, place = canvas.parentElement) {
	const { clientWidth: width, clientHeight: height } = place;
	const scale = window.devicePixelRatio || 1;
	const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
	if (canvas.width !== w || canvas.height !== h) {
		canvas.width = w;
		canvas.height = h;
	}
	const context = canvas.getContext('2d', options);
	context.setTransform(scale, 0, 0, scale, 0, 0);
	return { context, width, height, scale };
}

/* The start of @text that fits into @width, with an ellipsis if that is not all; or ''. */
export function fitText(context, text, width) {
	if (width < 8)
		return '';
	const most = Math.ceil(width / 3); /* characters are hardly narrower */
	const cut = text.length > most ? text.slice(0, most) : text;
	if (cut === text && context.measureText(text).width <= width)
		return text;
	let [low, high] = [0, cut.length];
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (context.measureText(`${cut.slice(0, middle)}…`).width <= width)
			low = middle;
		else
			high = middle - 1;
	}
	return low > 1 ? `${cut.slice(0, low)}…` : '';
}

export const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
