/* SPDX-License-Identifier: GPL-2.0-only */
#include "ring_room.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "cpus.h"
#include "perf_attr.h"
#include "perf_ring.h"

struct trial {
	int fd;
	struct perf_ring ring;
};

static bool try_rings(const struct perf_event_attr *attr, bool is_tasks, const struct cpus *cpus,
		      size_t bytes)
{
	ARRAY(struct trial) trials = { 0 };
	struct trial *trial;
	int r = 0;

	for (size_t i = 0; r != -EPERM && r != -ENOMEM && i < cpus->list.n; i++) {
		int fd = perf_open(attr, is_tasks ? 0 : -1, (int)cpus->list.items[i]);

		if (fd < 0)
			continue;
		trial = array_add(&trials);
		trial->fd = fd;
		r = perf_ring_map(&trial->ring, fd, bytes);
	}
	array_for_each(trial, &trials) {
		perf_ring_unmap(&trial->ring);
		close(trial->fd);
	}
	array_release(&trials);
	return r != -EPERM && r != -ENOMEM;
}

/* A trial of the rings takes as long as the rings; there is no need of one without limits. */
static bool is_unlimited(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &head, data) && data[0].effective & CAP_TO_MASK(CAP_IPC_LOCK);
}

bool ring_room_for(const struct perf_event_attr *attr, bool is_tasks, size_t bytes)
{
	struct cpus cpus = { 0 };
	bool fits;

	if (is_unlimited())
		return true;
	cpus_online(&cpus);
	fits = try_rings(attr, is_tasks, &cpus, bytes);
	cpus_release(&cpus);
	return fits;
}
