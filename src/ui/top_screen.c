/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, through ncurses: text and styles out, keys in. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After the C library's, some names of which it takes for macros. */
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/mem.h"
#include "ui/top.h"

#define ESCAPE_MS 25 /* what follows an Esc that late is no part of it */

struct top_screen {
	SCREEN *screen;
	bool is_utf8;
	attr_t styles[TOP_N_STYLES];
};

static struct top_screen *shown; /* for the end of the program, however that comes */

static void restore(void)
{
	if (shown)
		endwin();
}

static void set_styles(struct top_screen *screen)
{
	const char *no = getenv("NO_COLOR");

	screen->styles[TOP_BOLD] = A_BOLD;
	screen->styles[TOP_HEADS] = A_REVERSE;
	screen->styles[TOP_SELECTED] = A_BOLD | A_REVERSE;
	screen->styles[TOP_FLAW] = A_BOLD;
	if ((no && *no) || !has_colors() || start_color() == ERR || use_default_colors() == ERR)
		return;
	init_pair(TOP_RUNNING, COLOR_GREEN, -1);
	init_pair(TOP_RUNNABLE, COLOR_RED, -1);
	init_pair(TOP_BLOCKED, COLOR_BLUE, -1);
	init_pair(TOP_FLAW, COLOR_YELLOW, -1);
	for (int i = TOP_RUNNING; i <= TOP_FLAW; i++)
		screen->styles[i] = (attr_t)COLOR_PAIR(i);
}

bool top_screen_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

struct top_screen *top_screen_new(void)
{
	struct top_screen *screen;
	SCREEN *terminal;

	setlocale(LC_CTYPE, "");
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		err(0, "cannot use a terminal of type '%s'; set TERM to one that terminfo has",
		    getenv("TERM") ? getenv("TERM") : "");
		return NULL;
	}
	screen = xcalloc(1, sizeof(*screen));
	screen->screen = terminal;
	screen->is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, true);
	nodelay(stdscr, true);
	curs_set(0);
	set_styles(screen);
	if (!shown)
		atexit(restore);
	shown = screen;
	return screen;
}

void top_screen_free(struct top_screen *screen)
{
	if (!screen)
		return;
	shown = NULL;
	endwin();
	delscreen(screen->screen);
	free(screen);
}

void top_screen_size(struct top_screen *screen, uint32_t *ret_width, uint32_t *ret_height)
{
	int height, width;

	(void)screen;
	getmaxyx(stdscr, height, width);
	*ret_width = (uint32_t)width;
	*ret_height = (uint32_t)height;
}

static uint32_t key_of(int key)
{
	switch (key) {
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_END:
		return TOP_KEY_END;
	case KEY_BACKSPACE:
		return TOP_KEY_BACKSPACE;
	case KEY_BTAB:
		return TOP_KEY_PREVIOUS;
	case KEY_ENTER:
		return '\n';
	case KEY_RESIZE:
		return TOP_KEY_RESIZE;
	default:
		return key < 0x80 ? (uint32_t)key : 0;
	}
}

bool top_screen_key(struct top_screen *screen, uint32_t *ret)
{
	int key = getch();

	(void)screen;
	*ret = key == ERR ? 0 : key_of(key);
	return key != ERR;
}

/* What a terminal without UTF-8 shows of @c. */
static unsigned int plain(unsigned int c)
{
	switch (c) {
	case 0x2026: /* … */
		return '~';
	case 0x2190: /* ← */
		return '<';
	default:
		return c < 0x7f ? c : '?';
	}
}

static void put_character(const struct top_screen *screen, unsigned int c)
{
	wchar_t text[2] = { (wchar_t)(screen->is_utf8 ? c : plain(c)) };

	addnwstr(text, 1);
}

/* Of a control character, or of bytes that are no text, something stands in its place. */
static size_t put_next(const struct top_screen *screen, const char *at, size_t size)
{
	struct buf fit = { 0 };
	unsigned int c = 0;
	size_t n = utf8_decode(at, size, &c);

	n = n ? n : 1;
	escape_text(&fit, at, n);
	if (fit.size == n && !memcmp(fit.data, at, n))
		put_character(screen, c);
	else
		put_character(screen, '?');
	buf_release(&fit);
	return n;
}

static void put_line(const struct top_screen *screen, const char *line, size_t size)
{
	for (size_t i = 0; i < size;) {
		unsigned char byte = (unsigned char)line[i];

		if (byte >= TOP_PLAIN && byte < TOP_N_STYLES) {
			attrset((int)screen->styles[byte]);
			i++;
		} else {
			i += put_next(screen, line + i, size - i);
		}
	}
	attrset(A_NORMAL);
}

void top_screen_show(struct top_screen *screen, const char *text, size_t size)
{
	int row = 0;

	erase();
	while (size && row < getmaxy(stdscr)) {
		const char *end = memchr(text, '\n', size);
		size_t n = end ? (size_t)(end - text) : size;

		move(row++, 0);
		put_line(screen, text, n);
		n += end != NULL;
		text += n;
		size -= n;
	}
	refresh();
}
