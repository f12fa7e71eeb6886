/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What holds at a code address, found as cheaply as can be: in the cache of exact
 * PCs, else in the one of module addresses that all processes share, else in CFI,
 * else in the instructions.
 */
#ifndef UNWIND_RULES_H
#define UNWIND_RULES_H

#include "base/array.h"
#include "unwind/row.h"
#include "unwind/rule_cache.h"

struct cfi;

struct rules_cfi {
	struct cfi *cfi; /* owned; NULL: not met yet, or forgotten */
	uint64_t asked;  /* n_asked, when it was asked last */
};

struct rules {
	struct rule_cache by_pc;      /* scope: generation of the space */
	struct rule_cache by_module;  /* scope: module index; address: ELF virtual address */
	ARRAY(struct rules_cfi) cfis; /* by module index */
	size_t cfi_bytes;             /* that they take */
	uint64_t n_asked;
	ARRAY(struct row) rows;     /* of RULE_ROW, by its number */
	int32_t signal_row;         /* number of code_sigreturn()'s, from 1; 0: not kept yet */
	struct rule_entry found;    /* the last that was not in the cache */
	struct unwind_stats *stats; /* borrowed */
};

void rules_init(struct rules *rules, struct unwind_stats *stats);
void rules_release(struct rules *rules);

/* As rules_find(), where the cache does not know. */
const struct rule_entry *rules_find_cold(struct rules *rules, const struct unwind_sample *sample,
					 uint64_t address, bool is_exact);

/*
 * The rule at @address, which is_exact if an instruction begins there; or NULL where
 * no mapping is.  Good until the next.
 */
static inline const struct rule_entry *
rules_find(struct rules *rules, const struct unwind_sample *sample, uint64_t address, bool is_exact)
{
	const struct rule_entry *known =
		rule_cache_find(&rules->by_pc, sample->space->generation, address);

	if (!known)
		return rules_find_cold(rules, sample, address, is_exact);
	rules->stats->n_pc_hits++;
	return known;
}

/*
 * The whole row of CFI at @address in @mapping, which the caller releases.  Returns
 * 0, -ENOENT where no CFI covers it, -EINVAL if it is of no use.
 */
int rules_row(struct rules *rules, const struct space *space, const struct mapping *mapping,
	      uint64_t address, struct row *ret);

#endif /* UNWIND_RULES_H */
