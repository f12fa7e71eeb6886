/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: big [SECONDS]
 * A program with much debug information: this file is compiled UNITS times with
 * -DUNIT=0 …, each with types of its own, so that the standard library is instantiated
 * anew in each, and once without UNIT for main().  It goes round all units; what burns the
 * CPU in them is inlined, several levels deep.
 */
#include <utility>

template <int unit> struct key {
	int id;
};

template <int unit> unsigned long work(unsigned long seed);

#ifdef UNIT
#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

using own = key<UNIT>;

static bool operator<(const own &a, const own &b)
{
	return a.id < b.id;
}

static bool operator==(const own &a, const own &b)
{
	return a.id == b.id;
}

struct hash {
	size_t operator()(const own &k) const
	{
		return static_cast<size_t>(k.id) * 0x9e3779b97f4a7c15u;
	}
};

namespace
{
unsigned long sort_some(std::mt19937_64 &random)
{
	std::vector<own> keys(200);
	std::deque<own> queue;

	std::generate(keys.begin(), keys.end(), [&] { return own{ int(random() % 1000) }; });
	std::copy(keys.begin(), keys.end(), std::back_inserter(queue));
	std::sort(keys.begin(), keys.end());
	std::stable_sort(queue.begin(), queue.end());
	return keys[100].id + queue[50].id;
}

unsigned long fill_trees(std::mt19937_64 &random)
{
	std::map<own, std::shared_ptr<own>> tree;
	std::set<std::pair<own, std::string>> set;

	for (int i = 0; i < 100; i++) {
		own k{ int(random() % 500) };

		tree[k] = std::make_shared<own>(k);
		set.emplace(k, std::to_string(k.id));
	}
	return std::accumulate(tree.begin(), tree.end(), set.size(),
			       [](size_t sum, const auto &at) { return sum + at.second->id; });
}

unsigned long hash_some(std::mt19937_64 &random)
{
	std::unordered_map<own, std::variant<int, std::string, std::vector<own>>, hash> table;
	unsigned long sum = 0;

	for (int i = 0; i < 100; i++) {
		own k{ int(random() % 500) };

		if (k.id % 3)
			table[k] = std::vector<own>(3, k);
		else
			table[k] = std::to_string(k.id);
	}
	for (const auto &at : table)
		sum += std::visit([](const auto &v) { return sizeof(v); }, at.second);
	return sum;
}

unsigned long match_some(std::mt19937_64 &random)
{
	static const std::regex re("([a-z]+)([0-9]*)x" + std::to_string(UNIT));
	std::function<bool(const own &)> is_odd = [](const own &k) { return k.id & 1; };
	std::ostringstream out;
	std::smatch match;
	std::string text;

	out << "abc" << random() % 100 << 'x' << UNIT;
	text = out.str();
	return std::regex_search(text, match, re) + is_odd(own{ int(text.size()) });
}
}

template <> unsigned long work<UNIT>(unsigned long seed)
{
	std::mt19937_64 random(seed);

	return sort_some(random) + fill_trees(random) + hash_some(random) + match_some(random);
}
#else
#include <chrono>
#include <cstdio>
#include <cstdlib>

template <int... unit>
static unsigned long all(unsigned long seed, std::integer_sequence<int, unit...>)
{
	return (work<unit>(seed) + ...);
}

int main(int argc, char **argv)
{
	using clock = std::chrono::steady_clock;
	auto end = clock::now() + std::chrono::duration<double>(argc > 1 ? atof(argv[1]) : 1.0);
	unsigned long sum = 0, seed = 0;

	while (clock::now() < end)
		sum += all(seed++, std::make_integer_sequence<int, UNITS>());
	printf("{\"rounds\": %lu, \"sum\": %lu}\n", seed, sum);
	return 0;
}
#endif
