/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CPUs are online, by number. */
#ifndef RECORD_CPUS_H
#define RECORD_CPUS_H

#include <stdint.h>

#include "base/array.h"

struct cpus {
	ARRAY(uint32_t) list; /* ascending */
};

/* Read /sys/devices/system/cpu/online.  Where that cannot be read, CPUs 0 … n-1. */
void cpus_online(struct cpus *ret);

/* Parse "0-3,5": 0 or -EINVAL. */
int cpus_parse(const char *text, struct cpus *ret);
void cpus_release(struct cpus *cpus);

#endif /* RECORD_CPUS_H */
