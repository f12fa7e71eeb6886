/* SPDX-License-Identifier: GPL-2.0-only */
/* The analyses by name: one file each. */
#ifndef ANALYSIS_ANALYSES_H
#define ANALYSIS_ANALYSES_H

#include "analysis/analysis.h"

void *cpu_begin(const struct analysis_input *input);
void cpu_profile(void *state, struct profile *ret);

void *block_begin(const struct analysis_input *input);
void *wakers_begin(const struct analysis_input *input);
void *chain_begin(const struct analysis_input *input);
const char *block_lack(const void *state);
void block_profile(void *state, struct profile *ret);

void *mutex_begin(const struct analysis_input *input);
const char *mutex_lack(const void *state);
void mutex_profile(void *state, struct profile *ret);

void *locks_sheets_begin(const struct analysis_input *input);
const char *locks_sheets_lack(const void *state);
void locks_sheets(void *state, struct sheets *ret);

void *kernel_locks_begin(const struct analysis_input *input);
const char *kernel_locks_lack(const void *state);
void kernel_locks_profile(void *state, struct profile *ret);
void kernel_locks_sheets(void *state, struct sheets *ret);

void *stacks_begin(const struct analysis_input *input);
const char *stacks_lack(const void *state);
void stacks_profile(void *state, struct profile *ret);

void *threads_begin(const struct analysis_input *input);
const char *threads_lack(const void *state);
void threads_sheets(void *state, struct sheets *ret);

void *latency_begin(const struct analysis_input *input);
const char *latency_lack(const void *state);
void latency_sheets(void *state, struct sheets *ret);

void *syscalls_begin(const struct analysis_input *input);
const char *syscalls_lack(const void *state);
void syscalls_profile(void *state, struct profile *ret);
void syscalls_sheets(void *state, struct sheets *ret);

void *pauses_begin(const struct analysis_input *input);
const char *pauses_lack(const void *state);
void pauses_sheets(void *state, struct sheets *ret);

void *heap_begin(const struct analysis_input *input);
void *allocs_begin(const struct analysis_input *input);
void *peak_begin(const struct analysis_input *input);
void *growth_begin(const struct analysis_input *input);
void *age_begin(const struct analysis_input *input);
void *leaks_begin(const struct analysis_input *input);
const char *heap_lack(const void *state);
void heap_profile(void *state, struct profile *ret);
void heap_sheets(void *state, struct sheets *ret);

/* What to say of a recording that tells nothing of time off the CPU; NULL: it does. */
const char *analysis_lacks_switches(const struct sched *sched);

/* The same of one that does not tell who was woken when, and by whom. */
const char *analysis_lacks_wakeups(const struct sched *sched);

#endif /* ANALYSIS_ANALYSES_H */
