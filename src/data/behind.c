/* SPDX-License-Identifier: GPL-2.0-only */
#include "behind.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/mem.h"

struct behind {
	const struct output *output; /* borrowed */
	struct buf out;              /* the chunk that is being written */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	ARRAY(struct chunk) queue; /* the first is being written */
	struct behind_state state;
	bool has_ended;
};

/* Half a chunk at the end would only look like a crash: cut it off where that is possible. */
static int write_chunk(struct behind *behind, const struct chunk *chunk, uint64_t offset)
{
	int r;

	buf_clear(&behind->out);
	chunk_encode(&behind->out, chunk);
	r = file_write_fd(behind->output->fd, behind->out.data, behind->out.size);
	if (r && behind->output->kind != OUTPUT_STREAM)
		(void)!ftruncate(behind->output->fd, (off_t)offset);
	return r;
}

/* Under the lock, which is given up for the time that takes.  After an error all is dropped. */
static void write_first(struct behind *behind)
{
	struct chunk chunk = behind->queue.items[0];
	uint64_t offset = behind->state.written_bytes;
	int r = behind->state.error;

	if (!r) {
		pthread_mutex_unlock(&behind->lock);
		r = write_chunk(behind, &chunk, offset);
		pthread_mutex_lock(&behind->lock);
	}
	if (!r)
		behind->state.written_bytes += behind->out.size;
	__atomic_store_n(&behind->state.error, r, __ATOMIC_RELAXED);
	behind->state.pending_bytes -= chunk.payload.size;
	behind->queue.n--;
	memmove(behind->queue.items, behind->queue.items + 1,
		behind->queue.n * sizeof(*behind->queue.items));
	chunk_release(&chunk);
	pthread_cond_broadcast(&behind->changed);
}

static void *write_all(void *arg)
{
	struct behind *behind = arg;

	pthread_mutex_lock(&behind->lock);
	while (!behind->has_ended) {
		if (behind->queue.n)
			write_first(behind);
		else
			pthread_cond_wait(&behind->changed, &behind->lock);
	}
	pthread_mutex_unlock(&behind->lock);
	return NULL;
}

/* Signals are for the thread that waits for them. */
static bool start_thread(struct behind *behind)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&behind->thread, NULL, write_all, behind);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !r;
}

struct behind *behind_new(const struct output *output, uint64_t written_bytes)
{
	struct behind *behind = xcalloc(1, sizeof(*behind));

	behind->output = output;
	behind->state.written_bytes = written_bytes;
	pthread_mutex_init(&behind->lock, NULL);
	pthread_cond_init(&behind->changed, NULL);
	behind->has_thread = start_thread(behind);
	return behind;
}

void behind_free(struct behind *behind)
{
	struct chunk *chunk;

	if (!behind)
		return;
	pthread_mutex_lock(&behind->lock);
	behind->has_ended = true;
	pthread_cond_broadcast(&behind->changed);
	pthread_mutex_unlock(&behind->lock);
	if (behind->has_thread)
		pthread_join(behind->thread, NULL);
	array_for_each(chunk, &behind->queue)
		chunk_release(chunk);
	array_release(&behind->queue);
	buf_release(&behind->out);
	pthread_cond_destroy(&behind->changed);
	pthread_mutex_destroy(&behind->lock);
	free(behind);
}

static int wait_until(struct behind *behind, uint64_t pending_bytes)
{
	while (behind->queue.n && behind->state.pending_bytes > pending_bytes) {
		if (behind->has_thread)
			pthread_cond_wait(&behind->changed, &behind->lock);
		else
			write_first(behind);
	}
	return behind->state.error;
}

int behind_put(struct behind *behind, const struct chunk *chunk)
{
	int r;

	pthread_mutex_lock(&behind->lock);
	*array_add(&behind->queue) = *chunk;
	behind->state.pending_bytes += chunk->payload.size;
	pthread_cond_broadcast(&behind->changed);
	r = wait_until(behind, behind->has_thread ? BEHIND_MAX_BYTES : 0);
	pthread_mutex_unlock(&behind->lock);
	return r;
}

int behind_error(const struct behind *behind)
{
	return __atomic_load_n(&behind->state.error, __ATOMIC_RELAXED);
}

int behind_wait(struct behind *behind)
{
	int r;

	pthread_mutex_lock(&behind->lock);
	r = wait_until(behind, 0);
	pthread_mutex_unlock(&behind->lock);
	return r;
}

struct behind_state behind_state(struct behind *behind)
{
	struct behind_state state;

	pthread_mutex_lock(&behind->lock);
	state = behind->state;
	pthread_mutex_unlock(&behind->lock);
	return state;
}
