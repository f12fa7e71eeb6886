/* SPDX-License-Identifier: GPL-2.0-only */
/* flame.css and flame.js, as scripts/make-text puts them into the program. */
#ifndef EXPORT_FLAME_TEXT_H
#define EXPORT_FLAME_TEXT_H

extern const char flame_style[], flame_script[];

#endif /* EXPORT_FLAME_TEXT_H */
