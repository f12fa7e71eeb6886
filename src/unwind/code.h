/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the instructions at an address tell, where CFI is silent.
 *
 * Following the frame pointer goes wrong at two places: in the first instructions
 * and the last of a function, when it is still or again the caller's and a frame
 * would be left out; and at the return from a signal handler, which is no call.
 * Both are few instructions, always the same.  Where a function returns soon after a
 * call, its instructions up to there tell where the return address is.
 *
 * So are the places where Go's runtime leaves a goroutine for good or begins a
 * thread.  Go 1.26 clears the frame pointer there; 1.19 leaves a goroutine's in it,
 * which by then may run elsewhere: it leads to frames that did not call, or nowhere.
 */
#ifndef UNWIND_CODE_H
#define UNWIND_CODE_H

#include "unwind/row.h"
#include "unwind/rule.h"

enum { CODE_BEFORE = 16, CODE_SIZE = 32 }; /* bytes looked at: before the address, and in all */

/*
 * Is the frame that executes @code + CODE_BEFORE not set up yet, or taken down?
 * Then @ret is the rule for it.
 */
bool code_prologue(const unsigned char *code, struct rule *ret);

/* Has the frame that executes @code + CODE_BEFORE its room, but not its caller's rbp in it yet? */
bool code_saves_frame_pointer(const unsigned char *code);

/*
 * Does the frame that goes on at @code + CODE_BEFORE do nothing but give up its room and
 * return?  Then @ret is the rule for it, whatever the frame pointer is used for.
 */
bool code_epilogue(const unsigned char *code, struct rule *ret);

/*
 * The same in a program of Go, whose own frames the frame pointer leads on from, also
 * where their stack was not copied: of those without a frame, of C's (Go's own save no
 * register but rbp), and of a call that is never returned from, which ends the stack.
 */
bool code_go_caller(const unsigned char *code, struct rule *ret);

/* Does @code + CODE_BEFORE return from a signal handler?  Then @ret is the row for it. */
bool code_sigreturn(const unsigned char *code, struct row *ret);

#endif /* UNWIND_CODE_H */
