/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * make() says new 2000 times, for 300 bytes each; every other one is deleted. Asks for too much,
 * too, and fails if that does not throw.
 */
#include <cstddef>
#include <new>

struct block {
	char bytes[300];
};

static block *blocks[2000];

static __attribute__((noinline)) block *make()
{
	block *ret = new block;

	ret->bytes[0] = 1;
	return ret;
}

int main()
{
	volatile std::size_t huge = static_cast<std::size_t>(1) << 60;

	for (block *&b : blocks)
		b = make();
	for (int i = 0; i < 2000; i += 2)
		delete blocks[i];
	try {
		::operator delete(::operator new(huge));
	} catch (const std::bad_alloc &) {
		return 0;
	}
	return 1;
}
