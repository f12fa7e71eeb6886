/* SPDX-License-Identifier: GPL-2.0-only */
#include "analysis/analysis.h"

#include <string.h>

#include "analyses.h"

const struct analysis analyses[] = {
	{ "cpu", "which functions use the CPU", cpu_begin, NULL, cpu_profile, NULL },
	{ "block", "where threads wait", block_begin, block_lack, block_profile, NULL },
	{ "wakers", "where threads wait, and who ended it", wakers_begin, block_lack, block_profile,
	  NULL },
	{ "chain", "where threads wait, and what kept those who ended it", chain_begin, block_lack,
	  block_profile, NULL },
	{ "mutex", "which locks are fought over, and who holds them", mutex_begin, mutex_lack,
	  mutex_profile, NULL },
	{ "locks", "each lock that is fought over", locks_sheets_begin, locks_sheets_lack, NULL,
	  locks_sheets },
	{ "kernel-locks", "which locks of the kernel's are fought over", kernel_locks_begin,
	  kernel_locks_lack, kernel_locks_profile, kernel_locks_sheets },
	{ "heap", "who holds the memory that is in use", heap_begin, heap_lack, heap_profile,
	  heap_sheets },
	{ "allocs", "who allocates, and how soon it is freed", allocs_begin, heap_lack,
	  heap_profile, heap_sheets },
	{ "peak", "who held memory when most was in use", peak_begin, heap_lack, heap_profile,
	  heap_sheets },
	{ "growth", "whose memory grew, and whose shrank", growth_begin, heap_lack, heap_profile,
	  heap_sheets },
	{ "age", "how old the memory is that is in use", age_begin, heap_lack, NULL, heap_sheets },
	{ "leaks", "who holds memory that was never given back", leaks_begin, heap_lack,
	  heap_profile, heap_sheets },
	{ "stacks", "where every thread stands at the end", stacks_begin, stacks_lack,
	  stacks_profile, NULL },
	{ "threads", "what each thread did all the time", threads_begin, threads_lack, NULL,
	  threads_sheets },
	{ "latency", "how long threads wait for a CPU, and who runs instead", latency_begin,
	  latency_lack, NULL, latency_sheets },
	{ "syscalls", "the system calls of each thread", syscalls_begin, syscalls_lack,
	  syscalls_profile, syscalls_sheets },
	{ "pauses", "when a language's runtime stops its threads, and why", pauses_begin,
	  pauses_lack, NULL, pauses_sheets },
	{ 0 },
};

const char *analysis_lacks_switches(const struct sched *sched)
{
	if (sched && sched_has_switches(sched))
		return NULL;
	return "the recording tells nothing of the time that threads do not run: it holds no "
	       "switches between them; record as root and without --cpu-only (`sysprof check` "
	       "says what works here)";
}

const char *analysis_lacks_wakeups(const struct sched *sched)
{
	const char *lack = analysis_lacks_switches(sched);

	if (lack || sched_has_wakeups(sched))
		return lack;
	return "the recording holds no wake-ups: it does not tell who ended a wait, nor when a "
	       "thread could run again; record as root";
}

const struct analysis *analysis_find(const char *name)
{
	const struct analysis *a;

	for (a = analyses; a->name; a++) {
		if (!strcmp(a->name, name))
			return a;
	}
	return NULL;
}

void analysis_finish(const struct analysis *analysis, void *state, const struct filter *filter,
		     struct profile *ret)
{
	analysis->profile(state, ret);
	filter_apply(filter, ret);
}

void analysis_discard(const struct analysis *analysis, void *state)
{
	struct profile profile;
	struct sheets sheets;

	if (analysis->profile) {
		analysis->profile(state, &profile);
		profile_release(&profile);
	} else {
		analysis->sheets(state, &sheets);
		sheets_release(&sheets);
	}
}
