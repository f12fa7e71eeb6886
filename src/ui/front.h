/* SPDX-License-Identifier: GPL-2.0-only */
/* The page at / of `sysprof serve`: src/ui/front as texts. */
#ifndef UI_FRONT_H
#define UI_FRONT_H

extern const char front_html[], front_js[], front_css[];

#endif /* UI_FRONT_H */
