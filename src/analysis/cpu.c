/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU profile: every sample stands for its interval of running time. */
#include <stddef.h>
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"

#define GAP_PERCENT 5.0 /* more than chance explains */

enum { VALUE_SAMPLES, VALUE_CPU };

struct cpu {
	struct model_observer observer; /* first: of events */
	struct sched_observer running;
	const struct sched *sched; /* or NULL */
	struct model *model;
	const struct filter *filter;
	struct profile profile; /* as it grows */
	struct profile exact;   /* running time by the switches: of each task and CPU */
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

static void take_interval(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct cpu *cpu = (struct cpu *)((char *)observer - offsetof(struct cpu, running));
	uint64_t start_ns = interval->start_ns, end_ns = interval->end_ns;
	struct profile_key key = { .task = interval->task, .cpu = interval->cpu };
	struct profile_row *row;

	filter_clip(cpu->filter, &start_ns, &end_ns);
	if (interval->state != SCHED_RUNNING || end_ns <= start_ns)
		return;
	row = profile_row(&cpu->exact, &key);
	row->values[0] = value_add(row->values[0], clamp(end_ns - start_ns));
}

void *cpu_begin(const struct analysis_input *input)
{
	struct cpu *cpu = xcalloc(1, sizeof(*cpu));

	cpu->observer.event = take;
	cpu->running.interval = take_interval;
	cpu->model = input->model;
	cpu->sched = input->sched;
	cpu->filter = input->filter;
	profile_init(&cpu->profile, "cpu", cpu->model);
	profile_add_type(&cpu->profile, "samples", "count");
	cpu->profile.default_type = profile_add_type(&cpu->profile, "cpu", "nanoseconds");
	cpu->profile.is_of_samples = true;
	cpu->profile.period_type = (struct value_type){ "cpu", "nanoseconds" };
	profile_init(&cpu->exact, "running", cpu->model);
	profile_add_type(&cpu->exact, "running", "nanoseconds");
	model_observe(cpu->model, &cpu->observer);
	if (input->sched)
		sched_observe(input->sched, &cpu->running);
	return cpu;
}

/* The samples' sum beside the exact running time of the same threads. */
static void compare(struct cpu *cpu)
{
	int64_t sampled, exact;
	double gap;
	char time[HUMAN_SIZE];

	if (!cpu->sched || !sched_has_switches(cpu->sched) || cpu->filter->has_focus ||
	    cpu->filter->has_ignore || cpu->filter->no_kernel)
		return;
	filter_apply(cpu->filter, &cpu->exact);
	exact = profile_total(&cpu->exact, 0);
	sampled = profile_total(&cpu->profile, VALUE_CPU);
	if (exact <= 0)
		return;
	gap = 100.0 * ((double)sampled - (double)exact) / (double)exact;
	audit_add(&cpu->profile.notes, gap > GAP_PERCENT || gap < -GAP_PERCENT,
		  "by the switches, which are exact, these threads ran for %s: the samples' sum is "
		  "off by %+.1f%%",
		  human_duration(time, (uint64_t)exact), gap);
}

void cpu_profile(void *state, struct profile *ret)
{
	struct cpu *cpu = state;
	const char *hz = dictionary_meta(model_dictionary(cpu->model), "hz");
	uint64_t rate;

	model_ignore(cpu->model, &cpu->observer);
	if (hz && !human_parse_number(hz, 1, 1000000000, &rate))
		cpu->profile.period = (int64_t)(1000000000 / rate);
	profile_close(&cpu->profile, cpu->filter);
	filter_apply(cpu->filter, &cpu->profile);
	compare(cpu);
	profile_release(&cpu->exact);
	*ret = cpu->profile;
	free(cpu);
}
