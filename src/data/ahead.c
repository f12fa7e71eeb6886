/* SPDX-License-Identifier: GPL-2.0-only */
#include "ahead.h"

#include <errno.h>

void ahead_init(struct ahead *ahead)
{
	*ahead = (struct ahead){ 0 };
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->changed, NULL);
}

void ahead_release(struct ahead *ahead)
{
	while (ahead->n_taken < ahead->n_put)
		chunk_release(&ahead->chunks[ahead->n_taken++ % AHEAD_CHUNKS]);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
}

int ahead_put(struct ahead *ahead, const struct chunk *chunk)
{
	struct chunk refused = *chunk;
	bool is_stopped;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->n_put - ahead->n_taken == AHEAD_CHUNKS && !ahead->is_stopped)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	is_stopped = ahead->is_stopped;
	if (!is_stopped)
		ahead->chunks[ahead->n_put++ % AHEAD_CHUNKS] = *chunk;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	if (is_stopped)
		chunk_release(&refused);
	return is_stopped ? -ECANCELED : 0;
}

bool ahead_take(struct ahead *ahead, struct chunk *ret)
{
	bool has_more;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->n_put == ahead->n_taken && !ahead->has_ended)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	has_more = ahead->n_put > ahead->n_taken;
	if (has_more)
		*ret = ahead->chunks[ahead->n_taken++ % AHEAD_CHUNKS];
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	return has_more;
}

static void set(struct ahead *ahead, bool *flag)
{
	pthread_mutex_lock(&ahead->lock);
	*flag = true;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
}

void ahead_end(struct ahead *ahead)
{
	set(ahead, &ahead->has_ended);
}

void ahead_stop(struct ahead *ahead)
{
	set(ahead, &ahead->is_stopped);
}
