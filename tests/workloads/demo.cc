// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: demo [SECONDS]
 * What `make demo` profiles: two threads that do honest work, in C++ as it is shipped, that
 * is optimised, without frame pointers, with debug information.  One builds a small search
 * index and asks it; the other parses nested formulas and evaluates them, so that its
 * stacks are deep.  Where the time goes is for the profile to say.
 */
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pthread.h>

namespace
{
using clock_type = std::chrono::steady_clock;

class random_numbers {
public:
	unsigned below(unsigned n)
	{
		state = state * 6364136223846793005u + 1442695040888963407u;
		return static_cast<unsigned>(state >> 33) % n;
	}

private:
	std::uint64_t state = 42;
};
}

namespace search
{
struct posting {
	unsigned document;
	unsigned count;
};

class index {
public:
	void add(const std::string &text);
	std::vector<posting> find(const std::string &word) const;

private:
	std::vector<std::string> words_of(const std::string &text) const;

	std::unordered_map<std::string, std::vector<posting>> postings;
	unsigned n_documents = 0;
};

std::vector<std::string> index::words_of(const std::string &text) const
{
	std::vector<std::string> words;
	std::string word;

	for (char c : text) {
		if (c != ' ') {
			word += c;
		} else if (!word.empty()) {
			words.push_back(word);
			word.clear();
		}
	}
	return words;
}

void index::add(const std::string &text)
{
	for (const auto &word : words_of(text)) {
		auto &list = postings[word];

		if (list.empty() || list.back().document != n_documents)
			list.push_back({ n_documents, 0 });
		list.back().count++;
	}
	n_documents++;
}

std::vector<posting> index::find(const std::string &word) const
{
	auto found = postings.find(word);

	if (found == postings.end())
		return {};
	std::vector<posting> ranked = found->second;
	std::sort(ranked.begin(), ranked.end(),
		  [](const posting &a, const posting &b) { return a.count > b.count; });
	return ranked;
}

std::string make_document(random_numbers &random)
{
	std::string text;

	for (int i = 0; i < 200; i++) {
		unsigned word = random.below(40) * random.below(40);

		text += "word" + std::to_string(word) + ' ';
	}
	return text;
}

void serve(clock_type::time_point end, unsigned long *n_found)
{
	random_numbers random;

	pthread_setname_np(pthread_self(), "search");
	while (clock_type::now() < end) {
		index shelf;

		for (int i = 0; i < 100; i++)
			shelf.add(make_document(random));
		for (int i = 0; i < 300; i++)
			*n_found += shelf.find("word" + std::to_string(random.below(100))).size();
	}
}
}

namespace formula
{
struct node {
	virtual ~node() = default;
	virtual double value(double x) const = 0;
};

struct number : node {
	explicit number(double n) : n(n) {}
	double value(double) const override { return n; }
	double n;
};

struct variable : node {
	double value(double x) const override { return x; }
};

struct operation : node {
	operation(char sign, std::unique_ptr<node> a, std::unique_ptr<node> b)
		: sign(sign), a(std::move(a)), b(std::move(b)) {}
	double value(double x) const override;

	char sign;
	std::unique_ptr<node> a, b;
};

double operation::value(double x) const
{
	double left = a->value(x), right = b->value(x);

	switch (sign) {
	case '+':
		return left + right;
	case '-':
		return left - right;
	default:
		return left * right / 8;
	}
}

class parser {
public:
	explicit parser(const std::string &text) : at(text.c_str()) {}
	std::unique_ptr<node> sum();

private:
	std::unique_ptr<node> product();
	std::unique_ptr<node> factor();

	const char *at;
};

std::unique_ptr<node> parser::sum()
{
	auto left = product();

	while (*at == '+' || *at == '-') {
		char sign = *at++;

		left = std::make_unique<operation>(sign, std::move(left), product());
	}
	return left;
}

std::unique_ptr<node> parser::product()
{
	auto left = factor();

	while (*at == '*') {
		at++;
		left = std::make_unique<operation>('*', std::move(left), factor());
	}
	return left;
}

std::unique_ptr<node> parser::factor()
{
	if (*at == '(') {
		at++;
		auto inner = sum();
		at++;
		return inner;
	}
	if (*at == 'x') {
		at++;
		return std::make_unique<variable>();
	}
	char *end;
	double n = std::strtod(at, &end);

	at = end;
	return std::make_unique<number>(n);
}

std::string make_formula(random_numbers &random, int depth)
{
	if (!depth)
		return random.below(2) ? "x" : std::to_string(1 + random.below(9));
	std::string inner = make_formula(random, depth - 1);
	std::string other = make_formula(random, depth > 6 ? 0 : depth - 1);

	return "(" + inner + "+-*"[random.below(3)] + other + ")";
}

double integrate(const node &f)
{
	double area = 0;

	for (int i = 0; i < 400; i++)
		area += f.value(i / 400.0) / 400;
	return area;
}

void compute(clock_type::time_point end, double *total)
{
	random_numbers random;

	pthread_setname_np(pthread_self(), "formulas");
	while (clock_type::now() < end) {
		auto f = parser(make_formula(random, 24)).sum();

		*total += integrate(*f);
	}
}
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 3;
	auto end = clock_type::now() +
		   std::chrono::microseconds(static_cast<long>(seconds * 1e6));
	unsigned long n_found = 0;
	double total = 0;
	std::thread searching(search::serve, end, &n_found);
	std::thread computing(formula::compute, end, &total);

	searching.join();
	computing.join();
	std::fprintf(stderr, "demo: %lu documents found, formulas add up to %g\n", n_found, total);
	return 0;
}
