// SPDX-License-Identifier: GPL-2.0-only
// speedscope in Chromium: it reads a file, and tells by Ctrl+S what it read.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

// On loopback, as it will not be opened as a file.
export function serve(root) {
	const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
	const server = createServer(({ url }, response) => {
		const wanted = path.join(root, path.basename(new URL(url, 'http://x').pathname) || 'index.html');
		response.setHeader('content-type', types[path.extname(wanted)] ?? 'application/octet-stream');
		try {
			response.end(readFileSync(wanted));
		} catch {
			response.writeHead(404).end();
		}
	});
	return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// What it complains of from now on.
export function complaintsOf(page) {
	const complaints = [];
	page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
	page.on('pageerror', (error) => complaints.push(error.stack));
	return complaints;
}

// @file as it writes it again, once its title has @title.
export async function speedscopeOf(page, server, file, title = ' - speedscope') {
	await page.goto(`http://127.0.0.1:${server.address().port}/`);
	await page.locator('input[type=file]').setInputFiles(file);
	await page.waitForFunction((wanted) => document.title.includes(wanted), title);
	const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Control+s')]);
	return JSON.parse(readFileSync(await download.path(), 'utf8'));
}
