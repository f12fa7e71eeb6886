/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

#include "base/buf.h"
#include "model/syscalls.h"

#define WAKER_FRAMES 128u

struct definer *leaf_definer(struct model *model)
{
	const struct dictionary *dict = model_dictionary(model);
	struct definer *definer = definer_new(model_sink(model));

	definer_skip(definer, &(struct definer_skip){
				      .n_strings = dictionary_n_strings(dict),
				      .n_modules = dictionary_n_modules(dict),
				      .n_frames = dictionary_n_frames(dict),
				      .n_stacks = dictionary_n_stacks(dict),
			      });
	return definer;
}

void leaf_reason(struct buf *out, const struct model *model, const struct wait_row *row)
{
	const struct dictionary *dict = model_dictionary(model);
	const char *call = row->place.nr ? syscall_name(model, row->place.nr - 1) : NULL;
	const char *object = dictionary_string(dict, row->place.object);

	if (!row->is_sampled) {
		buf_puts(out, "not sampled");
		return;
	}
	buf_puts(out, wait_class_name(row->place.why));
	if (call || *object)
		buf_puts(out, ":");
	if (call && strncmp(object, call, strlen(call)) != 0)
		buf_printf(out, " %s", call);
	if (*object)
		buf_printf(out, " %s", object);
}

uint32_t leaf_wait(struct definer *definer, const struct model *model, const struct wait_row *row)
{
	struct buf text = { 0 };
	uint32_t stack;

	leaf_reason(&text, model, row);
	stack = definer_stack(definer, row->place.stack, definer_note(definer, buf_str(&text)));
	buf_release(&text);
	return stack;
}

static void put_waker(struct buf *out, const struct model *model, const struct wait_row *row)
{
	const struct dictionary *dict = model_dictionary(model);
	uint32_t name = model_task_name(model, row->place.waker);

	if (!row->place.waker)
		buf_puts(out, "ended by an interrupt, or nobody seen");
	else if (name)
		buf_printf(out, "ended by %s", dictionary_string(dict, name));
	else
		buf_printf(out, "ended by tid %u",
			   model_thread(model, model_task(model, row->place.waker).thread).tid);
}

uint32_t leaf_waker(struct definer *definer, const struct model *model, const struct wait_row *row)
{
	const struct dictionary *dict = model_dictionary(model);
	uint32_t stack = leaf_wait(definer, model, row), at = row->place.waker_stack;
	struct buf text = { 0 };

	if (!row->is_sampled)
		return stack;
	put_waker(&text, model, row);
	stack = definer_stack(definer, stack, definer_note(definer, buf_str(&text)));
	buf_release(&text);
	for (unsigned int i = 0; at && i < WAKER_FRAMES; i++) {
		struct dict_stack node = dictionary_stack(dict, at);

		stack = definer_stack(definer, stack, node.frame);
		at = node.parent;
	}
	if (at)
		stack = definer_stack(definer, stack, definer_note(definer, "truncated: too deep"));
	return stack;
}
