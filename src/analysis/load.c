/* SPDX-License-Identifier: GPL-2.0-only */
#include "load.h"

#define STEP_NS   10000000u
#define MAX_STEPS 100000u /* or longer ones, so that there are not more of them */

void load_init(struct load *load, uint64_t start_ns, uint64_t end_ns)
{
	*load = (struct load){ .start_ns = start_ns, .step_ns = STEP_NS };
	if ((end_ns - start_ns) / STEP_NS >= MAX_STEPS)
		load->step_ns = (end_ns - start_ns) / MAX_STEPS + 1;
}

void load_release(struct load *load)
{
	array_release(&load->steps);
}

static uint64_t place_of(const struct load *load, uint64_t time_ns)
{
	uint64_t place = time_ns > load->start_ns ? (time_ns - load->start_ns) / load->step_ns : 0;

	return place < MAX_STEPS ? place : MAX_STEPS - 1; /* of what is behind the end */
}

static struct load_step *step_at(struct load *load, uint64_t place)
{
	while (load->steps.n <= place)
		array_add(&load->steps);
	return &load->steps.items[place];
}

void load_add(struct load *load, enum load_kind kind, uint64_t start_ns, uint64_t end_ns)
{
	uint64_t first = place_of(load, start_ns), last = place_of(load, end_ns);

	if (first == last) {
		step_at(load, first)->ns[kind] += end_ns - start_ns;
		return;
	}
	step_at(load, first)->ns[kind] += load->start_ns + (first + 1) * load->step_ns - start_ns;
	step_at(load, first + 1)->n_whole[kind]++;
	step_at(load, last)->n_whole[kind]--;
	step_at(load, last)->ns[kind] += end_ns - (load->start_ns + last * load->step_ns);
}

void load_switch(struct load *load, uint64_t time_ns)
{
	step_at(load, place_of(load, time_ns))->n_switches++;
}

void load_tell(const struct load *load, struct timeline_sink *sink)
{
	int64_t n_whole[LOAD_N_KINDS] = { 0 };
	double n[LOAD_N_KINDS];

	for (size_t i = 0; sink->load && i < load->steps.n; i++) {
		const struct load_step *step = &load->steps.items[i];

		for (int kind = 0; kind < LOAD_N_KINDS; kind++) {
			n_whole[kind] += step->n_whole[kind];
			n[kind] = (double)n_whole[kind] +
				  (double)step->ns[kind] / (double)load->step_ns;
		}
		sink->load(sink, &(struct timeline_load){
					 .time_ns = load->start_ns + i * load->step_ns,
					 .n_running = n[LOAD_RUNNING],
					 .n_runnable = n[LOAD_RUNNABLE],
					 .n_requests = n[LOAD_REQUESTS],
					 .n_switches = step->n_switches,
				 });
	}
}
