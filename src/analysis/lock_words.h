/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words in memory that threads wait for, as they come and go: how many wait at
 * once, how long those who got a lock by waiting held it, and when there was contention.
 */
#ifndef ANALYSIS_LOCK_WORDS_H
#define ANALYSIS_LOCK_WORDS_H

#include "analysis/analysis.h"
#include "strata.h"

#define LOCK_N_SLICES 20u

struct lock_word {
	uint32_t lock; /* for who makes locks of words: an index + 1 */
	uint32_t n_waiting, most_waiting;
	uint64_t waiting_ns; /* of all threads together, until at_ns */
	uint64_t at_ns;
	uint64_t charged_ns;                 /* of waiting_ns, to those who unlocked by then */
	struct amount slices[LOCK_N_SLICES]; /* of time, by when waits ended */
};

/* By a task: from getting it after a wait, while others waited, to waking the next. */
struct lock_hold {
	struct amount held;
	int64_t max_ns;
};

/*
 * How long others waited for the word while a task held it, from the unlock before to its
 * own: what it held up, whomever its unlock woke.
 */
struct lock_holdup {
	uint32_t word;
	uint32_t task, stack;  /* where it unlocked; 0: nobody did until the end */
	struct slot_span when; /* of the unlock, if it was asked for */
	int64_t ns;
};

struct lock_words;

struct lock_words *lock_words_begin(const struct analysis_input *input);
void lock_words_free(struct lock_words *words);

/* Ids count from 1; 0: nobody waited there.  @object: the recorder's name for it, or 0. */
uint32_t lock_words_find(const struct lock_words *words, uint32_t pid, uint64_t address,
			 uint32_t object);
struct lock_word *lock_words_get(struct lock_words *words, uint32_t id);

/* A contention for the word @id ended at @end_ns. */
void lock_words_add(struct lock_words *words, uint32_t id, uint64_t end_ns, int64_t ns);

/* How long a slice is; they begin with the window. */
uint64_t lock_words_slice_ns(const struct lock_words *words);

/* All-zero where no hold was seen from its beginning to its end. */
struct lock_hold lock_words_hold(const struct lock_words *words, uint32_t id, uint32_t task);

/* Everything has passed. */
void lock_words_finish(struct lock_words *words);
const struct lock_holdup *lock_words_holdups(const struct lock_words *words, size_t *ret_n);

/* Memory that processes share has one name in all of them: whether @object is such a name. */
bool lock_is_shared(const struct model *model, uint32_t object);

/* What a futex's @object says beyond "futex 0x…": "app+0x4040"; NULL: nothing. */
const char *lock_place(const struct model *model, uint32_t object);

#endif /* ANALYSIS_LOCK_WORDS_H */
