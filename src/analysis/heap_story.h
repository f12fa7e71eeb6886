/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether memory grows, how, and whose, in a sentence. */
#ifndef ANALYSIS_HEAP_STORY_H
#define ANALYSIS_HEAP_STORY_H

#include "analysis/analysis.h"
#include "base/buf.h"

struct heap_story;

/* Observes what is borrowed in @input from now on. */
struct heap_story *heap_story_begin(const struct analysis_input *input);

/*
 * Everything has passed.  If there is at least a tenth more in use than at the start, and that is
 * no chance: by how much, and whose most of it is; else nothing.
 */
void heap_story_tell(struct heap_story *story, struct buf *out);

void heap_story_free(struct heap_story *story);

#endif /* ANALYSIS_HEAP_STORY_H */
