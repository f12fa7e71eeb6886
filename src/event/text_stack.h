/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks as people write them: {app!main;app!work>inlined@w.c:12;[kernel]!sys_read},
 * outermost first.  sysprof-dump(1) has the grammar.
 */
#ifndef EVENT_TEXT_STACK_H
#define EVENT_TEXT_STACK_H

#include "event/definer.h"
#include "text_lex.h"

struct stack_maker;

struct stack_maker *stack_maker_new(struct definer *definer); /* borrowed */
void stack_maker_free(struct stack_maker *maker);

/* From now on stacks that name the module @path mean the one with @id. */
void stack_maker_set_module(struct stack_maker *maker, const char *path, uint32_t id);

/* Read a stack, whose `{` comes next, of process @pid.  0, or -EINVAL and a message. */
int stack_maker_parse(struct stack_maker *maker, struct lexer *lexer, uint32_t pid,
		      uint32_t *ret_stack);

#endif /* EVENT_TEXT_STACK_H */
