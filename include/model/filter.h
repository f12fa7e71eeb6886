/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to leave out: the same words with the same meaning for every command, the
 * web pages and the live screen.
 *
 *   process NAME|PID   thread NAME|TID   cpu N[,N-M…]   (a comma separates choices)
 *   since SPAN   until SPAN     from the start; negative: from the end
 *   focus RE     ignore RE      stacks with (without) a function that matches
 *   no-kernel                   user space only
 *   wait CLASS   idle           waits: of what kind; those of threads without work as well
 *   lock NAME                   contention: for one lock
 *
 * Time is asked of each event as it passes; the rest is applied to a profile, when
 * all names are known.  Only rows are left out and stacks are cut, never is a value
 * changed.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/buf.h"
#include "model/profile.h"

struct filter_who { /* a process or thread, by number or by name */
	char *name; /* owned; NULL: by its number alone */
	uint32_t id;
	bool is_id; /* the name is a number: either may match */
};

struct filter_cpus {
	uint32_t first, last;
};

struct filter { /* all-zero lets everything through */
	ARRAY(struct filter_who) processes;
	ARRAY(struct filter_who) threads;
	ARRAY(struct filter_cpus) cpus;
	bool has_since, has_until;
	int64_t since_ns, until_ns; /* as given */
	bool has_focus, has_ignore;
	regex_t focus, ignore;
	bool no_kernel;
	bool with_idle;
	char *lock;              /* owned; NULL: all */
	uint32_t waits;          /* of bit 1 << class; 0: all */
	struct buf text;         /* what was asked for, for headers: "process=nginx cpu=0-3" */
	struct buf arguments;    /* the same for a shell: " --process=nginx --cpu=0-3" */
	uint64_t from_ns, to_ns; /* since and until, once bound */
};

/*
 * Take one filter by its name ("process" …).  @value is not looked at for
 * no-kernel and idle.  Returns 0; or -EINVAL and a sentence for people in @message; or
 * -ENOENT where no filter is called @name.
 */
int filter_set(struct filter *filter, const char *name, const char *value, struct buf *message);

/* Times count from the ends of the window, which must be known before events pass. */
bool filter_needs_window(const struct filter *filter);
void filter_bind(struct filter *filter, uint64_t start_ns, uint64_t end_ns);

/* Whether an event at @time_ns is wanted; an interval's part that is. */
bool filter_has_time(const struct filter *filter, uint64_t time_ns);
void filter_clip(const struct filter *filter, uint64_t *start_ns, uint64_t *end_ns);

/* Whether waits of class @why (enum wait_class) are wanted. */
bool filter_has_wait(const struct filter *filter, uint32_t why);

/* Whether a thread is wanted, when all names are known. */
bool filter_has_task(const struct filter *filter, const struct model *model, uint32_t task);

bool filter_is_empty(const struct filter *filter);

/* Leave out of @profile what the filter leaves out. */
void filter_apply(const struct filter *filter, struct profile *profile);

void filter_release(struct filter *filter);

#endif /* MODEL_FILTER_H */
