/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Profiles and sheets as tables of a page, which src/ui/assets/profile.js reads.  Each has
 * one row that says what it is, and how many of the rows of another table are its own.
 */
#ifndef EXPORT_PAGE_PROFILE_H
#define EXPORT_PAGE_PROFILE_H

#include "model/audit.h"
#include "model/profile.h"
#include "model/sheet.h"
#include "page_names.h"

/* Each line after @whose it is.  All return 0 or -errno. */
int page_put_audit(struct page_names *names, const struct audit *audit, const char *whose,
		   FILE *out);
int page_put_profile(struct page_names *names, const struct profile *profile, FILE *out);
int page_put_sheets(struct page_names *names, const struct sheets *sheets, FILE *out);

#endif /* EXPORT_PAGE_PROFILE_H */
