/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU profile: every sample stands for its interval of running time. */
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"

enum { VALUE_SAMPLES, VALUE_CPU };

struct cpu {
	struct model_observer observer;
	struct model *model;
	const struct filter *filter;
	struct profile profile; /* as it grows */
};

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct cpu *cpu = (struct cpu *)observer;
	int64_t *all = cpu->profile.unfiltered;
	struct profile_row *row;
	struct profile_key key;

	if (event->kind != EVENT_SAMPLE)
		return;
	all[VALUE_SAMPLES] = value_add(all[VALUE_SAMPLES], 1);
	all[VALUE_CPU] = value_add(all[VALUE_CPU], clamp(event->sample.weight_ns));
	if (!filter_has_time(cpu->filter, event->time_ns))
		return;
	key = (struct profile_key){
		.stack = event->sample.stack,
		.task = model_task_now(cpu->model, event->sample.pid, event->sample.tid),
		.cpu = event->sample.cpu,
	};
	row = profile_row(&cpu->profile, &key);
	row->values[VALUE_SAMPLES] = value_add(row->values[VALUE_SAMPLES], 1);
	row->values[VALUE_CPU] = value_add(row->values[VALUE_CPU], clamp(event->sample.weight_ns));
}

struct model_observer *cpu_begin(struct model *model, const struct filter *filter)
{
	struct cpu *cpu = xcalloc(1, sizeof(*cpu));

	cpu->observer.event = take;
	cpu->model = model;
	cpu->filter = filter;
	profile_init(&cpu->profile, "cpu", model);
	profile_add_type(&cpu->profile, "samples", "count");
	cpu->profile.default_type = profile_add_type(&cpu->profile, "cpu", "nanoseconds");
	cpu->profile.period_type = (struct value_type){ "cpu", "nanoseconds" };
	model_observe(model, &cpu->observer);
	return &cpu->observer;
}

void cpu_end(struct model_observer *observer, struct profile *ret)
{
	struct cpu *cpu = (struct cpu *)observer;
	const char *hz = dictionary_meta(model_dictionary(cpu->model), "hz");
	uint64_t rate;

	model_ignore(cpu->model, observer);
	if (hz && !human_parse_number(hz, 1, 1000000000, &rate))
		cpu->profile.period = (int64_t)(1000000000 / rate);
	profile_close(&cpu->profile, cpu->filter);
	*ret = cpu->profile;
	free(cpu);
}
