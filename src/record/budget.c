/* SPDX-License-Identifier: GPL-2.0-only */
#include "budget.h"

#include <stddef.h>

#include "stacks.h"

#define RECORDER_NS   900.0 /* what it costs the recorder, until that is known */
#define KNOWN_SAMPLES 100
#define WAITS_SHARE   0.9  /* of the limit; wake-ups have what is left, 0.1 at least */
#define CALLS_MOST    0.25 /* of the limit for calls, and for locks, of what is left of it, */
#define CALLS_LEAST   0.1  /* but no less than this */
#define CALLS_LEVEL   4    /* to begin with */
#define SPINS_LEAST   3    /* always: a sample takes as long as what it is of, and adds to it */
#define CALM_SHARE    0.6  /* of the limit: lower levels must fit into so much */
#define CALM_NS       5000000000u
#define SMALL_SHARE   0.4  /* of the limit: where all with large stacks would take more, */
#define LARGE_SHARE   0.2  /* or less */
#define UNFINISHED    0.01 /* of all stacks: more are too many */
#define BARRED_NS     60000000000u
#define SMALL_SAVES   1.4
#define LARGE_BYTES   8192u

static const uint32_t periods[] = { 1, 3, 7, 17, 61, 257, 1021 };

#define N_LEVELS (sizeof(periods) / sizeof(periods[0]))

void budget_init(struct budget *budget, uint32_t permille, uint32_t n_cpus)
{
	*budget = (struct budget){
		.limit = permille / 1000.0 * n_cpus,
		.level = { [BUDGET_SPINS] = SPINS_LEAST },
	};
}

uint32_t budget_period(const struct budget *budget, enum budget_event event)
{
	return periods[budget->level[event]];
}

void budget_expect_many(struct budget *budget, enum budget_event event)
{
	budget->level[event] = CALLS_LEVEL;
	budget->calm_ns = CALM_NS;
}

static uint64_t all_samples(const struct budget_load *load)
{
	uint64_t n = 0;

	for (size_t i = 0; i < BUDGET_N_EVENTS; i++)
		n += load->n_samples[i];
	return n;
}

uint32_t budget_stack_bytes(const struct budget *budget)
{
	return budget->is_small ? STACKS_SMALL_BYTES : LARGE_BYTES;
}

uint32_t budget_sample_ns(const struct budget *budget)
{
	return budget->is_small ? BUDGET_SMALL_NS : BUDGET_SAMPLE_NS;
}

bool budget_is_spent(const struct budget *budget, const struct budget_load *load)
{
	return (double)(all_samples(load) * budget_sample_ns(budget) + load->recorder_ns) >
	       budget->limit * BUDGET_WINDOW_NS;
}

/* Seconds for each second that sampling all of @event would take, at @sample_ns for its thread. */
static double full_cost(const struct budget *budget, const struct budget_load *load,
			enum budget_event event, uint32_t sample_ns)
{
	uint64_t n = all_samples(load);
	double recorder_ns = n < KNOWN_SAMPLES ? RECORDER_NS :
						 (double)load->recorder_ns / (double)n;
	double n_events = (double)load->n_samples[event] * (double)periods[budget->level[event]];

	if (n)
		n_events += n_events * (double)load->n_lost / (double)n;
	return n_events * (sample_ns + recorder_ns) / (double)load->elapsed_ns;
}

/* The lowest level at which something of @cost stays under @limit. */
static unsigned int level_for(double cost, double limit)
{
	unsigned int level = 0;

	while (level < N_LEVELS - 1 && cost / periods[level] > limit)
		level++;
	return level;
}

static void levels_for(const double cost[BUDGET_N_EVENTS], double limit,
		       unsigned int ret[BUDGET_N_EVENTS])
{
	double waits, left;

	ret[BUDGET_WAITS] = level_for(cost[BUDGET_WAITS], WAITS_SHARE * limit);
	waits = cost[BUDGET_WAITS] / periods[ret[BUDGET_WAITS]];
	ret[BUDGET_WAKES] = level_for(cost[BUDGET_WAKES], waits < WAITS_SHARE * limit ?
								  limit - waits :
								  (1 - WAITS_SHARE) * limit);
	left = limit - waits - cost[BUDGET_WAKES] / periods[ret[BUDGET_WAKES]];
	for (size_t i = BUDGET_CALLS; i < BUDGET_N_EVENTS; i++) {
		double part = left < CALLS_MOST * limit ? left : CALLS_MOST * limit;

		if (part < CALLS_LEAST * limit)
			part = CALLS_LEAST * limit;
		ret[i] = level_for(cost[i], part);
		if (i == BUDGET_SPINS && ret[i] < SPINS_LEAST)
			ret[i] = SPINS_LEAST;
		left -= cost[i] / periods[ret[i]];
	}
}

static bool take_levels(struct budget *budget, const unsigned int levels[BUDGET_N_EVENTS],
			bool may_fall)
{
	bool changed = false;

	for (size_t i = 0; i < BUDGET_N_EVENTS; i++) {
		if (levels[i] == budget->level[i] || (levels[i] < budget->level[i] && !may_fall))
			continue;
		budget->level[i] = levels[i];
		changed = true;
	}
	return changed;
}

static bool is_unfinished(const struct budget_load *load)
{
	uint64_t n = all_samples(load);

	return n >= KNOWN_SAMPLES && (double)load->n_unfinished > UNFINISHED * (double)n;
}

/* True: so much of each stack is copied as was not before. */
static bool update_size(struct budget *budget, const struct budget_load *load)
{
	bool was_small = budget->is_small;
	double cost = 0;

	for (size_t i = 0; i < BUDGET_N_EVENTS; i++) {
		double all = full_cost(budget, load, (enum budget_event)i, BUDGET_SAMPLE_NS);

		cost += i >= BUDGET_CALLS ? all / periods[budget->level[i]] : all;
	}
	budget->small_barred_ns -= load->elapsed_ns < budget->small_barred_ns ?
					   load->elapsed_ns :
					   budget->small_barred_ns;
	if (cost < LARGE_SHARE * budget->limit)
		budget->small_calm_ns += load->elapsed_ns;
	else
		budget->small_calm_ns = 0;
	if (budget->is_small && is_unfinished(load)) {
		budget->is_small = false;
		budget->small_barred_ns = BARRED_NS;
	} else if (budget->is_small && budget->small_calm_ns >= CALM_NS) {
		budget->is_small = false;
	} else if (cost > SMALL_SHARE * budget->limit && !budget->small_barred_ns &&
		   !is_unfinished(load)) {
		budget->is_small = true;
	}
	return budget->is_small != was_small;
}

static bool update_levels(struct budget *budget, const struct budget_load *load, double limit)
{
	unsigned int levels[BUDGET_N_EVENTS];
	double cost[BUDGET_N_EVENTS], now = 0;
	bool is_lower = false;

	for (size_t i = 0; i < BUDGET_N_EVENTS; i++) {
		cost[i] = full_cost(budget, load, (enum budget_event)i, budget_sample_ns(budget));
		now += cost[i] / periods[budget->level[i]];
	}
	if (now > limit) {
		budget->calm_ns = 0;
		levels_for(cost, limit, levels);
		return take_levels(budget, levels, false);
	}
	levels_for(cost, CALM_SHARE * limit, levels);
	for (size_t i = 0; i < BUDGET_N_EVENTS; i++)
		is_lower |= levels[i] < budget->level[i];
	budget->calm_ns = is_lower ? budget->calm_ns + load->elapsed_ns : 0;
	if (budget->calm_ns < CALM_NS)
		return false;
	budget->calm_ns = 0;
	for (size_t i = 0; i < BUDGET_N_EVENTS; i++)
		levels[i] = levels[i] < budget->level[i] ? levels[i] : budget->level[i];
	return take_levels(budget, levels, true);
}

/* Small stacks take the recorder less, too: how much is known after the next window only. */
bool budget_update(struct budget *budget, const struct budget_load *load)
{
	bool is_resized;
	double limit;

	if (!load->elapsed_ns)
		return false;
	is_resized = update_size(budget, load);
	limit = budget->limit - (double)load->poll_ns / (double)load->elapsed_ns;
	if (is_resized && budget->is_small)
		limit *= SMALL_SAVES;
	return update_levels(budget, load, limit) || is_resized;
}
