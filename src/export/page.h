/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page that shows a recording, as scripts/make-page puts it together from
 * src/ui/assets: what stands before the data, and what stands behind it.
 */
#ifndef EXPORT_PAGE_H
#define EXPORT_PAGE_H

extern const char page_head[], page_tail[];

#endif /* EXPORT_PAGE_H */
