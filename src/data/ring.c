/* SPDX-License-Identifier: GPL-2.0-only */
#include "data/ring.h"

#include "base/array.h"
#include "base/buf.h"
#include "event/codec.h"
#include "event/prelude.h"

#define SECOND_NS   1000000000u
#define BLOCK_BYTES (64u << 10)

/*
 * Ids lie in two ranges of so many, of which half may be used: what a single step defines
 * has room in the rest.
 */
#define RANGE_IDS ((uint32_t)1 << 19)

#define DEFS_SHARE 8 /* of the memory, for the definitions of a range: one part in so many */

/* Events as a chunk holds them, of one second or a part of it. */
struct block {
	uint64_t second;
	uint64_t last_ns; /* the latest time in it */
	struct buf payload;
};

struct ring {
	struct event_sink sink;
	struct ring_options options;
	struct definer *definer; /* borrowed */
	struct definer *before;  /* with the ids of the other range; NULL: nobody needs them */
	uint64_t renewed_ns;     /* events until then use those */
	uint32_t range;          /* 0 or 1: that the definer gives ids from */
	struct prelude *prelude;
	ARRAY(struct block) blocks;
	size_t first; /* of the blocks that are kept */
	struct event_codec codec;
	size_t size_bytes;     /* of the blocks */
	uint64_t oldest_ns;    /* time of the first event that there ever was; 0: none */
	uint64_t newest_ns;    /* and of the latest */
	uint64_t forgotten_ns; /* events are kept from then on; 0: all */
	bool is_short;
	bool has_end;
};

static struct definer_skip skip_of(uint32_t range)
{
	uint32_t n = range * RANGE_IDS;

	return (struct definer_skip){ n, n, n, n };
}

static const char *text_of(void *arg, uint32_t string)
{
	const struct ring *ring = arg;
	const char *text = definer_text(ring->definer, string);

	return *text || !ring->before ? text : definer_text(ring->before, string);
}

static size_t n_blocks(const struct ring *ring)
{
	return ring->blocks.n - ring->first;
}

static struct block *last_block(struct ring *ring)
{
	return n_blocks(ring) ? &ring->blocks.items[ring->blocks.n - 1] : NULL;
}

/* Calls @fn for each event of @block; not 0 ends it. */
static int each_event(const struct block *block, int (*fn)(void *arg, struct event *event),
		      void *arg)
{
	const unsigned char *at = block->payload.data, *end = at + block->payload.size;
	struct event_codec codec = { 0 };
	struct event event;
	int r = 0;

	while (!r && at < end) {
		ssize_t size = event_decode(&codec, at, (size_t)(end - at), &event);

		if (size < 0)
			break;
		at += size;
		r = fn(arg, &event);
	}
	return r;
}

static int forget_event(void *arg, struct event *event)
{
	struct ring *ring = arg;

	prelude_take(ring->prelude, event, text_of, ring);
	return 0;
}

/* What was forgotten stays in front of the others until it is most of them. */
static void tidy_blocks(struct ring *ring)
{
	size_t n = n_blocks(ring);

	if (ring->first < n || ring->first < 64)
		return;
	memmove(ring->blocks.items, ring->blocks.items + ring->first,
		n * sizeof(*ring->blocks.items));
	ring->blocks.n = n;
	ring->first = 0;
}

static void forget_first(struct ring *ring)
{
	struct block *block = &ring->blocks.items[ring->first];

	each_event(block, forget_event, ring);
	if (block->last_ns > ring->forgotten_ns)
		ring->forgotten_ns = block->last_ns;
	ring->size_bytes -= block->payload.alloc;
	buf_release(&block->payload);
	ring->first++;
	tidy_blocks(ring);
}

void ring_forget(struct ring *ring, uint64_t time_ns)
{
	uint64_t second = time_ns / SECOND_NS;

	while (n_blocks(ring) && ring->blocks.items[ring->first].second < second) {
		forget_first(ring);
		ring->is_short = false;
	}
	if (ring->forgotten_ns && ring->forgotten_ns < second * SECOND_NS) {
		ring->forgotten_ns = second * SECOND_NS;
		ring->is_short = false;
	}
}

/* Seconds that are older than the span when it is @now_ns, as far as they are over. */
static void forget_old(struct ring *ring, uint64_t now_ns)
{
	if (now_ns >= ring->options.span_ns + SECOND_NS)
		ring_forget(ring, now_ns - ring->options.span_ns);
}

static size_t total_bytes(const struct ring *ring)
{
	return ring->size_bytes + definer_size_bytes(ring->definer) +
	       (ring->before ? definer_size_bytes(ring->before) : 0);
}

/* Not the block that is being filled. */
static void forget_excess(struct ring *ring)
{
	while (n_blocks(ring) > 1 && total_bytes(ring) > ring->options.max_bytes) {
		forget_first(ring);
		ring->is_short = true;
	}
}

static void shrink(struct ring *ring, struct block *block)
{
	struct buf *payload = &block->payload;

	ring->size_bytes -= payload->alloc - payload->size;
	payload->data = xrealloc(payload->data, payload->size, 1);
	payload->alloc = payload->size;
}

static struct block *begin_block(struct ring *ring, uint64_t second)
{
	struct block *block = last_block(ring);

	if (block)
		shrink(ring, block);
	forget_old(ring, ring->newest_ns);
	forget_excess(ring);
	block = array_add(&ring->blocks);
	block->second = second;
	ring->codec = (struct event_codec){ 0 };
	return block;
}

/* The definer has definitions, but for those that are of a time, and put when that is over. */
static bool is_kept(enum event_kind kind)
{
	return event_has_time(kind) || kind == EVENT_DESCRIPTOR;
}

static int put(struct event_sink *sink, const struct event *event)
{
	struct ring *ring = (struct ring *)sink;
	uint64_t time_ns = event_has_time(event->kind) ? event->time_ns : ring->newest_ns;
	uint64_t second = time_ns / SECOND_NS;
	struct block *block;
	size_t alloc;

	if (event->kind == EVENT_META)
		prelude_take(ring->prelude, event, text_of, ring);
	if (!is_kept(event->kind))
		return 0;
	if (!ring->oldest_ns)
		ring->oldest_ns = time_ns;
	if (time_ns > ring->newest_ns)
		ring->newest_ns = time_ns;
	block = last_block(ring);
	if (!block || second > block->second || block->payload.size >= BLOCK_BYTES)
		block = begin_block(ring, block && second < block->second ? block->second : second);
	alloc = block->payload.alloc;
	event_encode(&ring->codec, &block->payload, event);
	ring->size_bytes += block->payload.alloc - alloc;
	if (time_ns > block->last_ns)
		block->last_ns = time_ns;
	ring->has_end |= event->kind == EVENT_END;
	return 0;
}

struct ring *ring_new(const struct ring_options *options)
{
	struct ring *ring = xcalloc(1, sizeof(*ring));

	ring->sink.put = put;
	ring->options = *options;
	ring->prelude = prelude_new();
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	for (size_t i = ring->first; i < ring->blocks.n; i++)
		buf_release(&ring->blocks.items[i].payload);
	array_release(&ring->blocks);
	definer_free(ring->before);
	prelude_free(ring->prelude);
	free(ring);
}

void ring_set_definer(struct ring *ring, struct definer *definer)
{
	ring->definer = definer;
}

struct event_sink *ring_sink(struct ring *ring)
{
	return &ring->sink;
}

/* The ids of the other range are needed no more. */
static void forget_before(struct ring *ring)
{
	struct definer_skip skip = skip_of(!ring->range);

	prelude_forget_ids(ring->prelude, &skip, RANGE_IDS);
	definer_free(ring->before);
	ring->before = NULL;
}

static bool is_full_of_ids(const struct ring *ring)
{
	return definer_n_ids(ring->definer) >= RANGE_IDS / 2 ||
	       definer_size_bytes(ring->definer) > ring->options.max_bytes / DEFS_SHARE;
}

bool ring_renew_ids(struct ring *ring)
{
	struct definer_skip skip;

	if (ring->before && ring->forgotten_ns >= ring->renewed_ns)
		forget_before(ring);
	if (!is_full_of_ids(ring))
		return false;
	while (ring->before && n_blocks(ring) && ring->forgotten_ns < ring->renewed_ns) {
		forget_first(ring);
		ring->is_short = true;
	}
	if (ring->before)
		forget_before(ring);
	ring->range = !ring->range;
	skip = skip_of(ring->range);
	ring->before = definer_restart(ring->definer, &skip);
	ring->renewed_ns = ring->newest_ns + 1;
	return true;
}

int ring_describe(const struct ring *ring, struct event_sink *sink)
{
	int r = ring->before ? definer_describe(ring->before, sink) : 0;

	return r ? r : definer_describe(ring->definer, sink);
}

struct putting {
	struct ring *ring;
	struct event_sink *sink;
	uint64_t start_ns;
};

static int put_event(void *arg, struct event *event)
{
	const struct putting *putting = arg;

	prelude_rebase(putting->ring->prelude, putting->start_ns, text_of, putting->ring, event);
	return event_sink_put(putting->sink, event);
}

static int put_events(struct ring *ring, struct event_sink *sink)
{
	struct putting putting = { ring, sink, ring->forgotten_ns };
	int r = 0;

	for (size_t i = ring->first; !r && i < ring->blocks.n; i++)
		r = each_event(&ring->blocks.items[i], put_event, &putting);
	return r;
}

int ring_put_all(struct ring *ring, uint64_t end_ns, struct event_sink *sink)
{
	struct event end = { .kind = EVENT_END, .time_ns = end_ns };
	int r = 0;

	forget_old(ring, end_ns);
	if (ring->before)
		r = definer_put_all(ring->before, sink);
	if (!r)
		r = definer_put_all(ring->definer, sink);
	if (!r)
		r = prelude_put(ring->prelude, ring->forgotten_ns, ring->definer, sink);
	if (!r)
		r = put_events(ring, sink);
	if (!r && !ring->has_end)
		r = event_sink_put(sink, &end);
	return r;
}

struct ring_state ring_state(const struct ring *ring)
{
	return (struct ring_state){
		.size_bytes = total_bytes(ring),
		.start_ns = ring->forgotten_ns ? ring->forgotten_ns : ring->oldest_ns,
		.end_ns = ring->newest_ns,
		.is_short = ring->is_short,
	};
}
