// SPDX-License-Identifier: GPL-2.0-only
// Locks that are no static data.  `heaplocks SECONDS`: four threads fight over the lock of a Cache
// on the heap, one of a Table's shards on the heap, one of a Table on the stack of main.
#include <pthread.h>
#include <mutex>
#include <thread>
#include <vector>

#include "burn.h"

namespace app {

struct Lru {
	long n = 0;
	std::mutex lock;
};

class Cache {
	char name[32] = "";
	Lru lru;

public:
	NOINLINE void get()
	{
		std::lock_guard<std::mutex> guard(lru.lock);

		lru.n += name[0] + 1;
		burn_ns(100000);
	}
};

} // namespace app

struct shard {
	long n;
	pthread_mutex_t lock;
};

struct table {
	long version;
	struct shard shards[4];
};

static NOINLINE void use(struct table *table, int i)
{
	pthread_mutex_lock(&table->shards[i].lock);
	table->shards[i].n++;
	burn_ns(100000);
	pthread_mutex_unlock(&table->shards[i].lock);
}

static void work(app::Cache *cache, struct table *heap, struct table *stack, uint64_t end_ns)
{
	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		cache->get();
		use(heap, 2);
		use(stack, 1);
	}
}

int main(int argc, char **argv)
{
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) +
			  (uint64_t)(argc > 1 ? atoi(argv[1]) : 1) * 1000000000;
	app::Cache *cache = new app::Cache;
	struct table *heap = new table(), local = {};
	std::vector<std::thread> threads;

	for (int i = 0; i < 4; i++)
		threads.emplace_back(work, cache, heap, &local, end_ns);
	for (std::thread &thread : threads)
		thread.join();
	return 0;
}
