/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live screen of `sysprof top`.  What is looked at is a small struct that keys change; what
 * it shows is laid out as text by a process without privilege, from the tables of the analyses
 * that `sysprof report` shows; a thin part puts that onto the terminal.
 *
 * A screen as text is lines, each ended by '\n', of printable UTF-8 and bytes that change the
 * style of what follows them (enum top_style) until the end of the line.
 */
#ifndef UI_TOP_H
#define UI_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/profile.h"
#include "model/sheet.h"

#define TOP_WORDS_SIZE 64
#define TOP_TEXT_MAX   ((size_t)4 << 20) /* bytes of a screen */

enum top_view { TOP_PROCESSES, TOP_THREADS, TOP_FUNCTIONS, TOP_WAITS, TOP_LOCKS, TOP_N_VIEWS };

enum top_style {
	TOP_PLAIN = 1,
	TOP_BOLD,
	TOP_HEADS, /* of columns */
	TOP_SELECTED,
	TOP_RUNNING, /* parts of bars */
	TOP_RUNNABLE,
	TOP_BLOCKED,
	TOP_FLAW,
	TOP_N_STYLES /* below '\n' */
};

/* What is looked at; all-zero is how it begins. */
struct top_state {
	uint32_t view;                /* enum top_view */
	uint32_t sorts[TOP_N_VIEWS];  /* by which of its columns that can be sorted by */
	uint32_t turned[TOP_N_VIEWS]; /* smallest first */
	char filter[TOP_WORDS_SIZE];  /* rows with these words in them */
	uint32_t is_typing;           /* them */
	uint32_t is_helping, is_frozen;
	uint32_t pid, tid; /* only of this process, or thread; 0: of all */
	char who[TOP_WORDS_SIZE];
	uint32_t selected;    /* a row: where it is, */
	uint64_t selected_id; /* or who, wherever it gets to; 0: it stays where it is */
	uint64_t detail_id;   /* a row that is opened; 0: none */
	uint32_t detail_first;
	uint32_t with_callees;
};

/* What else is shown. */
struct top_facts {
	char target[TOP_WORDS_SIZE];
	char message[2 * TOP_WORDS_SIZE];
	uint32_t self_permille; /* of a CPU, that all this takes */
	uint32_t n_unnamed;     /* frames that wait for a name */
	uint32_t is_over;       /* the targets are gone */
	uint64_t n_lost;
};

struct top_request {
	struct top_state state;
	struct top_facts facts;
	uint32_t width, height;
};

/* Besides the text: what keys need to know of it. */
struct top_reply {
	uint32_t n_rows;
	uint32_t selected; /* less than that, or 0 */
	uint64_t selected_id;
	uint32_t pid, tid; /* of that row */
	char name[TOP_WORDS_SIZE];
	uint32_t n_page;  /* rows that a screen shows */
	uint32_t n_lines; /* of what is opened */
};

/* Keys are characters, or these. */
enum top_key {
	TOP_KEY_UP = 0x110000, /* above all of Unicode */
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_BACKSPACE,
	TOP_KEY_PREVIOUS, /* Shift-Tab */
	TOP_KEY_RESIZE,
};

enum top_effect { TOP_NONE, TOP_CHANGED, TOP_QUIT };

/* @seen: what the screen shows as yet. */
enum top_effect top_press(struct top_state *state, const struct top_reply *seen, uint32_t key);

#define TOP_MAX_VALUES 5

struct top_row {
	uint64_t id;  /* stays from one second to the next */
	char *name;   /* owned, as the others; fit to print */
	char *beside; /* a function's module, a thread's waits, who ended the waits for a lock */
	char *kind;   /* of a lock; or NULL */
	uint32_t pid, tid;
	int64_t values[TOP_MAX_VALUES];
};

enum { TOP_LIFE, TOP_RUN, TOP_READY, TOP_BLOCK, TOP_UNKNOWN }; /* of processes and threads */
enum { TOP_FLAT, TOP_CUM };                                    /* of functions */
enum { TOP_TOTAL, TOP_COUNT, TOP_MOST, TOP_AT_ONCE };          /* of waits and locks */

struct top_table { /* all-zero is a valid empty one */
	ARRAY(struct top_row) rows;
	int64_t total; /* of the first value */
	uint64_t start_ns, end_ns;
	char *lack;         /* owned: why there are no rows; or NULL */
	char *flaw;         /* owned: what makes the figures less than the truth; or NULL */
	struct buf *opened; /* the text of what is opened; borrowed, or NULL */
};

/* The analysis that a view shows, by name. */
const char *top_analysis(enum top_view view);

/* Rows of what that analysis found: sheets, or a profile. */
void top_take_sheets(struct top_table *ret, const struct sheets *sheets, enum top_view view);
void top_take_profile(struct top_table *ret, const struct profile *profile, enum top_view view);
void top_table_release(struct top_table *table);

/* Appends a screen of exactly that size; sorts @table's rows. */
void top_lay_out(struct buf *out, struct top_table *table, const struct top_request *request,
		 struct top_reply *ret);

/* The terminal. */
struct top_screen;

bool top_screen_is_there(void);          /* both ways: keys, and what is shown */
struct top_screen *top_screen_new(void); /* or NULL, having said why */
void top_screen_free(struct top_screen *screen);
void top_screen_size(struct top_screen *screen, uint32_t *ret_width, uint32_t *ret_height);
bool top_screen_key(struct top_screen *screen, uint32_t *ret); /* if one was pressed */

/* Whatever is in @text, no control character of it reaches the terminal. */
void top_screen_show(struct top_screen *screen, const char *text, size_t size);

#endif /* UI_TOP_H */
