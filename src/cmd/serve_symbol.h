/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of addresses, as Go's /debug/pprof/symbol tells them: of a process, as it has them
 * mapped now; of whatever is more, those of the kernel only, which are the same in all.
 */
#ifndef CMD_SERVE_SYMBOL_H
#define CMD_SERVE_SYMBOL_H

#include "ui/serve.h"

/*
 * In a child: answers @request over the socket @replies.  @addresses is a file that a process
 * without privilege gave.  Does not return.
 */
void serve_symbol_run(const struct serve_request *request, int addresses, int replies)
	__attribute__((noreturn));

#endif /* CMD_SERVE_SYMBOL_H */
