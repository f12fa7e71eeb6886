/* SPDX-License-Identifier: GPL-2.0-only */
/* What keys do to what is looked at. */
#include <string.h>

#include "base/escape.h"
#include "top_columns.h"
#include "ui/top.h"

#define KEY_TAB    '\t'
#define KEY_ENTER  '\n'
#define KEY_RETURN '\r'
#define KEY_ESCAPE 0x1b
#define KEY_DELETE 0x7f
#define KEY_CTRL_H 0x08
#define KEY_CTRL_U 0x15

static bool is_backspace(uint32_t key)
{
	return key == TOP_KEY_BACKSPACE || key == KEY_DELETE || key == KEY_CTRL_H;
}

static bool is_enter(uint32_t key)
{
	return key == KEY_ENTER || key == KEY_RETURN;
}

/* Rows of other things: none of them is the one that was selected. */
static void forget_selection(struct top_state *state)
{
	state->selected = 0;
	state->selected_id = 0;
	state->detail_id = 0;
	state->detail_first = 0;
}

static enum top_effect look_at(struct top_state *state, uint32_t view)
{
	state->view = view;
	forget_selection(state);
	return TOP_CHANGED;
}

/* A character more, if it has room. */
static void append(char *words, uint32_t key)
{
	size_t size = strlen(words);

	if (key < 0x20 || key >= KEY_DELETE || size + 1 >= TOP_WORDS_SIZE)
		return;
	words[size] = (char)key;
	words[size + 1] = '\0';
}

static enum top_effect type(struct top_state *state, uint32_t key)
{
	size_t size = strlen(state->filter);

	if (is_enter(key)) {
		state->is_typing = false;
	} else if (key == KEY_ESCAPE) {
		state->is_typing = false;
		state->filter[0] = '\0';
	} else if (key == KEY_CTRL_U) {
		state->filter[0] = '\0';
	} else if (is_backspace(key)) {
		state->filter[size ? size - 1 : 0] = '\0';
	} else {
		append(state->filter, key);
	}
	forget_selection(state);
	return TOP_CHANGED;
}

/* Where a key that moves leads to from @at, among @n that a screen shows @page of. */
static bool move(uint32_t *at, uint32_t n, uint32_t page, uint32_t key)
{
	uint32_t last = n ? n - 1 : 0, step = page > 1 ? page - 1 : 1;

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		*at -= *at > 0;
		break;
	case TOP_KEY_DOWN:
	case 'j':
		*at += 1;
		break;
	case TOP_KEY_PAGE_UP:
		*at = *at > step ? *at - step : 0;
		break;
	case TOP_KEY_PAGE_DOWN:
		*at += step;
		break;
	case TOP_KEY_HOME:
	case 'g':
		*at = 0;
		break;
	case TOP_KEY_END:
	case 'G':
		*at = last;
		break;
	default:
		return false;
	}
	if (*at > last)
		*at = last;
	return true;
}

/* What one does is seen among functions first. */
static void look_into(struct top_state *state, const struct top_reply *seen)
{
	state->pid = seen->pid;
	state->tid = state->view == TOP_THREADS ? seen->tid : 0;
	memcpy(state->who, seen->name, sizeof(state->who));
	state->who[sizeof(state->who) - 1] = '\0';
	look_at(state, TOP_FUNCTIONS);
	state->filter[0] = '\0';
}

static enum top_effect enter(struct top_state *state, const struct top_reply *seen)
{
	if (!seen->n_rows)
		return TOP_NONE;
	if (state->view == TOP_PROCESSES || state->view == TOP_THREADS) {
		look_into(state, seen);
		return TOP_CHANGED;
	}
	state->selected_id = seen->selected_id;
	state->detail_id = seen->selected_id;
	state->detail_first = 0;
	return TOP_CHANGED;
}

/* One step back out of what was gone into. */
static enum top_effect go_back(struct top_state *state)
{
	if (state->detail_id) {
		state->detail_id = 0;
	} else if (state->filter[0]) {
		state->filter[0] = '\0';
		forget_selection(state);
	} else if (state->pid) {
		look_at(state, state->tid ? TOP_THREADS : TOP_PROCESSES);
		state->pid = state->tid = 0;
		state->who[0] = '\0';
	} else {
		return TOP_NONE;
	}
	return TOP_CHANGED;
}

static enum top_effect press_in_detail(struct top_state *state, const struct top_reply *seen,
				       uint32_t key)
{
	uint32_t n = seen->n_lines > seen->n_page ? seen->n_lines - seen->n_page + 1 : 1;

	if (move(&state->detail_first, n, seen->n_page, key))
		return TOP_CHANGED;
	if (key == 'c' && state->view == TOP_FUNCTIONS) {
		state->with_callees = !state->with_callees;
		state->detail_first = 0;
		return TOP_CHANGED;
	}
	return TOP_NONE;
}

static enum top_effect press_in_rows(struct top_state *state, const struct top_reply *seen,
				     uint32_t key)
{
	uint32_t view = state->view, at = seen->selected;

	if (move(&at, seen->n_rows, seen->n_page, key)) {
		state->selected = at;
		state->selected_id = 0;
		return TOP_CHANGED;
	}
	switch (key) {
	case 's':
		state->sorts[view] = (state->sorts[view] + 1) % top_n_sorts(view);
		break;
	case 'S':
		state->sorts[view] =
			(state->sorts[view] + top_n_sorts(view) - 1) % top_n_sorts(view);
		break;
	case 'r':
		state->turned[view] = !state->turned[view];
		break;
	case '/':
		state->is_typing = true;
		break;
	case KEY_ENTER:
	case KEY_RETURN:
		return enter(state, seen);
	default:
		return TOP_NONE;
	}
	return TOP_CHANGED;
}

/* What means the same wherever it is pressed. */
static enum top_effect press_anywhere(struct top_state *state, uint32_t key)
{
	if (key >= '1' && key < '1' + TOP_N_VIEWS)
		return look_at(state, key - '1');
	switch (key) {
	case 'q':
		return TOP_QUIT;
	case KEY_TAB:
		return look_at(state, (state->view + 1) % TOP_N_VIEWS);
	case TOP_KEY_PREVIOUS:
		return look_at(state, (state->view + TOP_N_VIEWS - 1) % TOP_N_VIEWS);
	case 'f':
	case ' ':
		state->is_frozen = !state->is_frozen;
		return TOP_CHANGED;
	case '?':
	case 'h':
		state->is_helping = true;
		return TOP_CHANGED;
	case KEY_ESCAPE:
		return go_back(state);
	case TOP_KEY_RESIZE:
		return TOP_CHANGED;
	default:
		return is_backspace(key) ? go_back(state) : TOP_NONE;
	}
}

enum top_effect top_press(struct top_state *state, const struct top_reply *seen, uint32_t key)
{
	enum top_effect effect;

	if (key == TOP_KEY_RESIZE)
		return TOP_CHANGED;
	if (state->is_helping) {
		state->is_helping = false;
		return key == 'q' ? TOP_QUIT : TOP_CHANGED;
	}
	if (state->is_typing)
		return type(state, key);
	effect = press_anywhere(state, key);
	if (effect != TOP_NONE)
		return effect;
	return state->detail_id ? press_in_detail(state, seen, key) :
				  press_in_rows(state, seen, key);
}
