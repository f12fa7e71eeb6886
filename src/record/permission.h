/* SPDX-License-Identifier: GPL-2.0-only */
/* Says why the kernel refuses, and what would help: decided by what it answered. */
#ifndef RECORD_PERMISSION_H
#define RECORD_PERMISSION_H

#include <sys/types.h>

#include "record/recorder.h"
#include "sampler.h"

/* 0 if the processes to be recorded are there, else -ESRCH, having said why. */
int permission_check_targets(const struct recorder_options *options);

/* Explain why the sampler did not open; returns @error. */
int permission_explain_open(int error, const struct recorder_options *options);

/*
 * A line about each thing that is missing from a recording that works in part, such as
 * those of the @n_threads that there were not enough descriptors for.
 */
void permission_note_missing(struct sampler_facts facts, size_t n_threads);

/* 0 if the process may be followed without privilege, else -EACCES, having said why. */
int permission_check_pid(pid_t pid);

/*
 * As many descriptors as may be had: they go for events (threads × CPUs without privilege) and
 * for modules.
 */
void permission_raise_fds(void);

#endif /* RECORD_PERMISSION_H */
