/* SPDX-License-Identifier: GPL-2.0-only */
#include "cpus.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

#define MAX_CPU 65536ul

int cpus_parse(const char *text, struct cpus *ret)
{
	char *end = (char *)(uintptr_t)text;

	while (*end && *end != '\n') {
		unsigned long first = strtoul(end, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last > MAX_CPU || (*end && *end != ',' && *end != '\n'))
			return -EINVAL;
		for (; first <= last; first++)
			*array_add(&ret->list) = (uint32_t)first;
		if (*end == ',')
			end++;
	}
	return ret->list.n ? 0 : -EINVAL;
}

void cpus_online(struct cpus *ret)
{
	struct buf text = { 0 };

	file_read("/sys/devices/system/cpu/online", &text);
	ret->list.n = 0;
	if (cpus_parse(buf_str(&text), ret)) {
		ret->list.n = 0;
		for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
			*array_add(&ret->list) = (uint32_t)i;
	}
	buf_release(&text);
}

void cpus_release(struct cpus *cpus)
{
	array_release(&cpus->list);
}
