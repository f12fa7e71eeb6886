/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people read them. */

const STEPS = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];

/* Three digits that count: "1.23 ms". */
export function duration(ns) {
	if (!ns)
		return '0';
	const [unit, name] = STEPS.find(([least]) => Math.abs(ns) >= least) ?? STEPS[3];
	const value = ns / unit;
	const digits = unit === 1 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return `${value.toFixed(digits)} ${name}`;
}

/* To the nanosecond, however long: "1.234 567 890 s". */
export function exactTime(ns) {
	const sign = ns < 0 ? '−' : '';
	const whole = Math.floor(Math.abs(ns) / 1e9);
	const rest = String(Math.round(Math.abs(ns) - whole * 1e9)).padStart(9, '0');
	return `${sign}${whole}.${rest.slice(0, 3)} ${rest.slice(3, 6)} ${rest.slice(6)} s`;
}

const BYTES = [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']];

export function byteSize(n) {
	const [unit, name] = BYTES.find(([least]) => Math.abs(n) >= least) ?? BYTES[4];
	const value = n / unit;
	const digits = unit === 1 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return `${value.toFixed(digits)} ${name}`;
}

/* Of values in the unit that a profile's type says. */
export function formatOf(unit) {
	return { nanoseconds: duration, bytes: byteSize }[unit] ?? ((n) => count(Math.round(n)));
}

export function percent(part, whole) {
	const share = whole ? 100 * part / whole : 0;
	return `${share.toFixed(share >= 99.95 || share === 0 ? 0 : share >= 10 ? 1 : 2)} %`;
}

export function count(n) {
	return String(n).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/* The distance between marks of an axis: 1, 2 or 5 times a power of ten, at least @ns. */
export function niceStep(ns) {
	const power = 10 ** Math.floor(Math.log10(ns));
	return power * ([1, 2, 5, 10].find((factor) => factor * power >= ns) ?? 10);
}

/* What stands at a mark, with no more digits than marks @step apart need. */
export function axisLabel(ns, step) {
	const [unit, name] = Math.abs(ns) >= 1e9 ? STEPS[0] : STEPS.find(([least]) => step >= least) ?? STEPS[3];
	const digits = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
	const [whole, rest = ''] = (ns / unit).toFixed(digits).split('.');
	return `${whole}${rest && '.'}${rest.replace(/(...)(?=.)/g, '$1 ')} ${name}`;
}
