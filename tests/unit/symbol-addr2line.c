/* SPDX-License-Identifier: GPL-2.0-only */
/* Names and lines agree with those of addr2line, which reads DWARF by other means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "build.h"
#include "symbol/symbolizer.h"

#define N_ADDRESSES 500

static const char program[] =
	"#include <algorithm>\n#include <map>\n#include <numeric>\n#include <string>\n"
	"#include <vector>\n"
	"namespace shop {\n"
	"struct Item { std::string name; std::vector<int> prices; };\n"
	"class Store {\n"
	"	std::map<std::string, Item> items;\n"
	"public:\n"
	"	void add(int n) { for (int i = 0; i < n; i++) {\n"
	"		Item &item = items[std::to_string(i)];\n"
	"		item.name = std::to_string(i * 3); item.prices.push_back(i); } }\n"
	"	long total() const { long sum = 0; for (auto &i : items)\n"
	"		sum += std::accumulate(i.second.prices.begin(), i.second.prices.end(), 0);\n"
	"		return sum; }\n"
	"	void sort() { for (auto &i : items) std::sort(i.second.prices.begin(),\n"
	"		i.second.prices.end(), [](int a, int b) { return a % 7 < b % 7; }); }\n"
	"};\n"
	"}\n"
	"int main(int argc, char **) { shop::Store s; s.add(argc * 10); s.sort(); "
	"return (int)s.total(); }\n";

struct level {
	char function[4096]; /* as linked */
	char file[4096];     /* its last part */
	unsigned int line;
};

static void read_line(FILE *pipe, char *to, size_t size)
{
	assert_non_null(fgets(to, (int)size, pipe));
	to[strcspn(to, "\n")] = '\0';
}

/* The level at the head of addr2line's output; two lines. */
static void read_level(FILE *pipe, const char *function, struct level *ret)
{
	char line[4096], *at;

	snprintf(ret->function, sizeof(ret->function), "%s", function);
	read_line(pipe, line, sizeof(line));
	at = strstr(line, " (discriminator");
	if (at)
		*at = '\0';
	at = strrchr(line, ':');
	assert_non_null(at);
	ret->line = (unsigned int)strtoul(at + 1, NULL, 10);
	*at = '\0';
	at = strrchr(line, '/');
	snprintf(ret->file, sizeof(ret->file), "%s", at ? at + 1 : line);
}

/* But for C1, C2 and D0 … D4, which one source becomes, and the suffix of clones. */
static bool is_same_function(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	if (!a[n] || !b[n])
		return a[n] == b[n] || a[n] == '.' || b[n] == '.';
	return n && (a[n - 1] == 'C' || a[n - 1] == 'D') && !strcmp(a + n + 1, b + n + 1);
}

static bool is_same(const struct level *theirs, const struct symbol_name *ours)
{
	const char *file = ours->file ? strrchr(ours->file, '/') : NULL;

	return is_same_function(theirs->function, ours->linkage ? ours->linkage : ours->function) &&
	       !strcmp(theirs->file, file ? file + 1 : "??") && theirs->line == ours->line;
}

static FILE *ask_addr2line(uint64_t start, uint64_t size)
{
	unsigned int seed = 11;
	char command[512];
	FILE *file = fopen(build_path("addresses"), "w"), *pipe;

	assert_non_null(file);
	for (int i = 0; i < N_ADDRESSES; i++)
		fprintf(file, "%#llx\n",
			(unsigned long long)(start + (uint64_t)rand_r(&seed) % size));
	fclose(file);
	snprintf(command, sizeof(command), "cd %s && addr2line -afi -e program <addresses",
		 build_dir);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	return pipe;
}

static void compare_all(FILE *pipe, struct symbolizer *s, size_t *n_same, size_t *n_none)
{
	char line[4096];
	bool more = fgets(line, sizeof(line), pipe) != NULL;

	while (more) {
		uint64_t address = strtoull(line, NULL, 16);
		const struct symbol_name *names;
		size_t n = symbolizer_find(s, address, &names), i = 0;
		bool same = true;

		for (;; i++) {
			static struct level theirs;

			more = fgets(line, sizeof(line), pipe) != NULL;
			if (!more || !strncmp(line, "0x0", 3))
				break;
			line[strcspn(line, "\n")] = '\0';
			read_level(pipe, line, &theirs);
			same = same && i < n && is_same(&theirs, &names[i]);
		}
		/* Between functions addr2line names the one before; without lines, its unit. */
		if (!n || !names[n - 1].file) {
			++*n_none;
			continue;
		}
		*n_same += same && i == n;
	}
}

static void random_addresses_have_the_chain_that_addr2line_has(void **state)
{
	struct symbol_module module = { .kind = MODULE_ELF,
					.path = build_path("program"),
					.build_id = "" };
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	size_t n_same = 0, n_none = 0;
	FILE *pipe;

	(void)state;
	build_file("program.cc", program);
	build("g++ -O2 -gdwarf-4 -o program program.cc");
	module.fd = open(module.path, O_RDONLY);
	assert_int_equal(symbolizer_open(s, &module), 0);
	pipe = ask_addr2line(
		build_hex("objdump -h program | sed -n 's/.* \\.text *//p' | cut -d' ' -f3"),
		build_hex("objdump -h program | sed -n 's/.* \\.text *//p' | cut -d' ' -f1"));
	compare_all(pipe, s, &n_same, &n_none);
	pclose(pipe);
	close(module.fd);
	symbolizer_free(s);
	/* What is left are aliases of which each chooses another. */
	assert_in_range(n_none, 0, N_ADDRESSES / 10);
	assert_in_range(n_same, (N_ADDRESSES - n_none) * 99 / 100, N_ADDRESSES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_addresses_have_the_chain_that_addr2line_has),
	};

	return cmocka_run_group_tests(tests, build_setup, build_teardown);
}
