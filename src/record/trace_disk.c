/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_disk.h"

#define MAX_REQUESTS 65536u /* those that were merged into others stay behind */

static uint64_t key_of(const struct trace_disk_io *io, uint64_t sector)
{
	return hash_u64(sector ^ hash_u64((uint64_t)io->dev << 32 | io->op));
}

static struct trace_request *find(struct trace_disk *disk, uint64_t key)
{
	const uint64_t *place = map_find(&disk->by_key, key);

	return place ? &disk->requests.items[*place] : NULL;
}

static struct trace_request *add(struct trace_disk *disk, uint64_t key)
{
	uint32_t place;

	if (disk->by_key.n >= MAX_REQUESTS)
		trace_disk_gap(disk);
	if (disk->unused.n) {
		place = disk->unused.items[--disk->unused.n];
	} else {
		array_add(&disk->requests);
		place = (uint32_t)disk->requests.n - 1;
	}
	*map_insert(&disk->by_key, key) = place;
	disk->requests.items[place] = (struct trace_request){ .key = key };
	return &disk->requests.items[place];
}

static void set_size(struct trace_request *request, const struct trace_disk_io *io)
{
	request->sector = io->sector;
	request->n_sectors = request->n_left = io->n_sectors;
}

void trace_disk_start(struct trace_disk *disk, const struct trace_disk_io *io, uint64_t time_ns)
{
	uint64_t key = key_of(io, io->sector);
	struct trace_request *request = find(disk, key);

	if (!request)
		request = add(disk, key);
	*request = (struct trace_request){ .key = key, .tid = io->tid, .made_ns = time_ns };
	set_size(request, io);
}

/* A request that the device refused for the moment is issued again: it counts from the first. */
void trace_disk_issue(struct trace_disk *disk, const struct trace_disk_io *io, uint64_t time_ns)
{
	uint64_t key = key_of(io, io->sector);
	struct trace_request *request = find(disk, key);

	if (!request) {
		request = add(disk, key);
		request->tid = io->tid;
	}
	if (!request->issued_ns)
		request->issued_ns = time_ns;
	set_size(request, io);
}

static void forget(struct trace_disk *disk, struct trace_request *request)
{
	map_remove(&disk->by_key, request->key);
	*array_add(&disk->unused) = (uint32_t)(request - disk->requests.items);
}

/* A part is done: what is left goes by its own first sector. */
static void step(struct trace_disk *disk, struct trace_request *request,
		 const struct trace_disk_io *io)
{
	struct trace_request rest = *request;

	rest.n_left -= io->n_sectors;
	rest.key = key_of(io, io->sector + io->n_sectors);
	forget(disk, request);
	if (!find(disk, rest.key))
		*add(disk, rest.key) = rest;
}

bool trace_disk_done(struct trace_disk *disk, const struct trace_disk_io *io,
		     struct trace_request *ret)
{
	struct trace_request *request = find(disk, key_of(io, io->sector));

	if (!request || !request->issued_ns)
		return false;
	if (io->n_sectors && io->n_sectors < request->n_left && !io->error) {
		step(disk, request, io);
		return false;
	}
	*ret = *request;
	forget(disk, request);
	return true;
}

void trace_disk_gap(struct trace_disk *disk)
{
	map_clear(&disk->by_key);
	disk->requests.n = 0;
	disk->unused.n = 0;
}

void trace_disk_release(struct trace_disk *disk)
{
	map_release(&disk->by_key);
	array_release(&disk->requests);
	array_release(&disk->unused);
}
