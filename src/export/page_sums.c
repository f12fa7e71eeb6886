/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_sums.h"

#include "page_table.h"

enum {
	TRACK_THREAD,
	TRACK_FIRST,
	TRACK_N_SLICES,
	TRACK_N_WAITS,
	TRACK_KINDS, /* a bit for each that it has */
	TRACK_NS,    /* of each of them */
	N_TRACK
};
enum { PART_RUNNING, PART_RUNNABLE, N_PART };

void page_sums_init(struct page_sums *ret, uint64_t start_ns, uint64_t end_ns)
{
	uint64_t span_ns = end_ns > start_ns ? end_ns - start_ns : 1;

	*ret = (struct page_sums){
		.start_ns = start_ns,
		.part_ns = (span_ns + PAGE_SUMS_PARTS - 1) / PAGE_SUMS_PARTS,
	};
}

static struct page_sums_part *part_at(struct page_sums *sums, uint64_t ns)
{
	uint64_t i = ns / sums->part_ns;

	return &sums->parts[i < PAGE_SUMS_PARTS ? i : PAGE_SUMS_PARTS];
}

/* In a few steps, however many parts there are between its ends. */
static void add_to_parts(struct page_sums *sums, size_t which, uint64_t since_ns, uint64_t until_ns)
{
	struct page_sums_part *first = part_at(sums, since_ns), *last = part_at(sums, until_ns);

	if (first == last) {
		first->ns[which] += until_ns - since_ns;
		return;
	}
	first->ns[which] += sums->part_ns - since_ns % sums->part_ns;
	first[1].more[which]++;
	last->more[which]--;
	last->ns[which] += until_ns - (uint64_t)(last - sums->parts) * sums->part_ns;
}

void page_sums_add(struct page_sums *sums, uint32_t ref, uint64_t kind, uint64_t start_ns,
		   uint64_t end_ns)
{
	uint64_t since_ns = start_ns - sums->start_ns, until_ns = end_ns - sums->start_ns;
	struct page_sums_track *track;

	while (sums->tracks.n <= ref)
		array_add(&sums->tracks);
	track = &sums->tracks.items[ref];
	track->ns[kind & SLICE_KIND] += end_ns - start_ns;
	if (!(kind & SLICE_GOES_ON)) {
		track->first_ns = track->n_slices ? track->first_ns : since_ns;
		track->n_slices++;
		track->n_waits += (kind & SLICE_KIND) >= SLICE_BLOCKED;
	}
	if ((kind & SLICE_KIND) == SLICE_RUNNING || (kind & SLICE_KIND) == SLICE_RUNNABLE)
		add_to_parts(sums, (kind & SLICE_KIND) == SLICE_RUNNABLE, since_ns, until_ns);
}

static int put_track(struct page_table *table, uint64_t ref, const struct page_sums_track *track)
{
	uint64_t kinds = 0;

	page_table_add(table, TRACK_THREAD, ref);
	page_table_add(table, TRACK_FIRST, track->first_ns);
	page_table_add(table, TRACK_N_SLICES, track->n_slices);
	page_table_add(table, TRACK_N_WAITS, track->n_waits);
	for (size_t kind = 0; kind <= SLICE_KIND; kind++) {
		if (!track->ns[kind])
			continue;
		kinds |= 1ull << kind;
		page_table_add(table, TRACK_NS, track->ns[kind]);
	}
	page_table_add(table, TRACK_KINDS, kinds);
	return page_table_end_row(table);
}

static int put_tracks(struct page_sums *sums, FILE *out)
{
	struct page_table table = { .name = "tracks", .out = out, .n_columns = N_TRACK };
	struct page_sums_track *track;
	int error = 0, finish_error;

	array_for_each(track, &sums->tracks) {
		if (track->n_slices && !error)
			error = put_track(&table, (uint64_t)(track - sums->tracks.items), track);
	}
	finish_error = page_table_finish(&table);
	return error ? error : finish_error;
}

static int put_parts(struct page_sums *sums, FILE *out)
{
	struct page_table table = { .name = "overview", .out = out, .n_columns = N_PART };
	int64_t n[2] = { 0 };

	for (size_t i = 0; i < PAGE_SUMS_PARTS; i++) {
		const struct page_sums_part *part = &sums->parts[i];

		for (size_t which = 0; which < 2; which++) {
			n[which] += part->more[which];
			page_table_add(&table, which ? PART_RUNNABLE : PART_RUNNING,
				       part->ns[which] + (uint64_t)n[which] * sums->part_ns);
		}
	}
	return page_table_finish(&table);
}

int page_sums_finish(struct page_sums *sums, FILE *out)
{
	int error = put_tracks(sums, out), parts_error = put_parts(sums, out);

	array_release(&sums->tracks);
	return error ? error : parts_error;
}
