/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks CFI before libdw gets to see it.
 *
 * libdw (0.188) trusts much of what stands in CFI: a register number makes it
 * allocate and clear up to 2 GiB, each remembered state copies that, an operand or
 * an augmentation may be read from behind the end, expressions of any length are
 * kept for ever.  And whoever makes a file decides what stands there.  So every
 * entry is walked once, and a section with anything in it that no compiler writes
 * is refused as a whole.  What a section says is libdw's to find out.
 */
#ifndef UNWIND_CFI_VET_H
#define UNWIND_CFI_VET_H

#include "unwind/cfi_image.h"

/* Take out of @image what libdw should not see. */
void cfi_vet(struct cfi_image *image);

#endif /* UNWIND_CFI_VET_H */
