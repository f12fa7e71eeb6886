/* SPDX-License-Identifier: GPL-2.0-only */
#include "dormant.h"

#include <string.h>

void dormant_find(struct dormant *dormant, const struct waits *waits, const struct model *model,
		  const struct filter *filter)
{
	const char *target = dictionary_meta(model_dictionary(model), "target");

	*dormant = (struct dormant){ .model = model };
	dormant->is_wanted = target && !strcmp(target, "system") && !filter->processes.n &&
			     !filter->threads.n;
	for (uint32_t task = 1; dormant->is_wanted && task <= model_n_tasks(model); task++) {
		uint32_t pid = model_thread(model, model_task(model, task).thread).pid;
		uint64_t *ns = map_insert(&dormant->running_ns, pid);

		*ns = (uint64_t)value_add((int64_t)*ns, waits_life(waits, task).running_ns);
	}
}

void dormant_release(struct dormant *dormant)
{
	map_release(&dormant->running_ns);
}

static bool is_stuck(const struct wait_row *row)
{
	return row->is_sampled && (row->place.why == WAIT_LOCK || row->place.why == WAIT_DISK ||
				   row->place.why == WAIT_PAGEFAULT);
}

bool dormant_has(const struct dormant *dormant, const struct wait_row *row)
{
	uint32_t thread;
	const uint64_t *ns;

	if (!dormant->is_wanted || is_stuck(row))
		return false;
	thread = model_task(dormant->model, row->task).thread;
	ns = map_find(&dormant->running_ns, model_thread(dormant->model, thread).pid);
	return ns && !*ns;
}
