/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_fault.h"

#include "base/map.h"
#include "base/mem.h"
#include "wait_place.h"

#define MAX_SEEN 100000

struct wait_faults {
	struct wait_places *places;
	struct map addresses; /* thread → where it faulted last, */
	struct map ips;       /* and by what instruction */
};

struct wait_faults *wait_faults_new(struct definer *definer)
{
	struct wait_faults *faults = xcalloc(1, sizeof(*faults));

	faults->places = wait_places_new(definer);
	return faults;
}

void wait_faults_free(struct wait_faults *faults)
{
	if (!faults)
		return;
	wait_places_free(faults->places);
	map_release(&faults->addresses);
	map_release(&faults->ips);
	free(faults);
}

void wait_faults_forget_ids(struct wait_faults *faults)
{
	wait_places_forget(faults->places);
}

void wait_faults_see(struct wait_faults *faults, uint32_t tid, uint64_t ip, uint64_t address)
{
	if (faults->ips.n >= MAX_SEEN) { /* threads that are gone, most of them */
		map_clear(&faults->addresses);
		map_clear(&faults->ips);
	}
	*map_insert(&faults->addresses, tid) = address;
	*map_insert(&faults->ips, tid) = ip;
}

void wait_faults_explain(struct wait_faults *faults, const struct wait_call *call,
			 struct wait_reason *reason)
{
	const uint64_t *ip = map_find(&faults->ips, call->tid);
	struct wait_place place;

	if (reason->why != WAIT_PAGEFAULT || !ip || *ip != call->ip)
		return;
	reason->address = *map_find(&faults->addresses, call->tid);
	place = wait_places_find(faults->places, call->pid, reason->address, call->now_ns);
	reason->object = place.object;
	reason->offset = place.offset;
}

struct event wait_faults_event(struct wait_faults *faults, const struct perf_record *record,
			       uint32_t stack)
{
	uint64_t address = record->sample.address;
	struct wait_place place =
		wait_places_find(faults->places, record->pid, address, record->time_ns);

	return (struct event){
		.kind = EVENT_FAULT_STACK,
		.time_ns = record->time_ns,
		.fault_stack = {
			.pid = record->pid,
			.tid = record->tid,
			.cpu = record->cpu,
			.stack = stack,
			.object = place.object,
			.address = address,
			.offset = place.offset,
		},
	};
}
