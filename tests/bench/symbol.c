/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast addresses of a program with much debug information are named, beside
 * addr2line and eu-addr2line.  `symbol FILE` takes that file; else a C++ program of
 * some 15 MB of .debug_info is built, which takes half a minute.  Exits 1 where 5,000
 * distinct addresses take more than four seconds, or longer than addr2line.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "symbol/symbolizer.h"

enum { N_ADDRESSES = 5000, N_SLOW = 250 };

#define LIMIT_SECONDS 4.0

static const char source[] =
	"#include <algorithm>\n#include <functional>\n#include <future>\n#include <iostream>\n"
	"#include <map>\n#include <random>\n#include <regex>\n#include <sstream>\n"
	"#include <string>\n#include <unordered_map>\n#include <vector>\n"
	"namespace { struct Key { int a; std::string b; bool operator<(const Key &o) const {"
	" return a < o.a; } }; }\n"
	"int JOIN(int n, char **v) {\n"
	"	std::map<Key, std::vector<std::string>> m; std::unordered_map<std::string, int> u;\n"
	"	for (int i = 0; i < n; i++) { m[Key{i, std::to_string(i)}].push_back(v[0]); u[v[0]]++; }\n"
	"	std::regex re(\"([a-z]+)([0-9]*)\"); std::smatch s; std::string t = v[0];\n"
	"	std::vector<int> w(n); std::mt19937 g(NUMBER); std::shuffle(w.begin(), w.end(), g);\n"
	"	std::sort(w.begin(), w.end(), [](int a, int b) { return a % 7 < b % 7; });\n"
	"	std::function<int(int)> f = [&](int x) { std::ostringstream o; o << x << t;"
	" return (int)o.str().size(); };\n"
	"	auto a = std::async(std::launch::async, f, n);\n"
	"	return a.get() + std::regex_search(t, s, re) + w[0]; }\n"
	"#if NUMBER == 0\nint main(int c, char **v) { return JOIN(c, v); }\n#endif\n";

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static char *build_program(const char *directory)
{
	char *command =
		xasprintf("cd %s && seq 0 11 | xargs -P2 -I@ g++ -std=c++17 -O2 -g -pthread "
			  "-DNUMBER=@ -DJOIN=work_@ -c -o @.o program.cc && "
			  "g++ -o program -pthread *.o",
			  directory);
	char *path = xasprintf("%s/program.cc", directory);
	FILE *file = fopen(path, "w");

	fputs(source, file);
	fclose(file);
	if (system(command))
		exit(1);
	free(command);
	free(path);
	return xasprintf("%s/program", directory);
}

/* The section @name: its address, and its size, or 0. */
static uint64_t section(const char *path, const char *name, uint64_t *ret_size)
{
	int fd = open(path, O_RDONLY);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr = { 0 };
	size_t names = 0;

	elf_getshdrstrndx(elf, &names);
	while ((scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, &shdr) && !strcmp(elf_strptr(elf, names, shdr.sh_name), name))
			break;
	}
	*ret_size = scn ? shdr.sh_size : 0;
	elf_end(elf);
	close(fd);
	return shdr.sh_addr;
}

static int compare(const void *a, const void *b)
{
	return *(const uint64_t *)a < *(const uint64_t *)b ? -1 : 1;
}

static void choose_addresses(const char *path, uint64_t *ret)
{
	uint64_t size, start = section(path, ".text", &size);
	unsigned int seed = 3;

	for (int i = 0; i < N_ADDRESSES; i++)
		ret[i] = start + ((uint64_t)rand_r(&seed) << 8 ^ (uint64_t)rand_r(&seed)) % size;
	qsort(ret, N_ADDRESSES, sizeof(*ret), compare);
}

static double time_ours(const char *path, const uint64_t *addresses)
{
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	struct symbol_module module = {
		.kind = MODULE_ELF, .path = path, .build_id = "", .fd = open(path, O_RDONLY)
	};
	double start = now(), opened;
	size_t n_levels = 0, n_named = 0;

	if (symbolizer_open(s, &module))
		exit(1);
	opened = now();
	for (int i = 0; i < N_ADDRESSES; i++) {
		const struct symbol_name *names;
		size_t n = symbolizer_find(s, addresses[i], &names);

		n_levels += n;
		n_named += n > 0;
	}
	printf("symbolizer: opened in %.0f ms; %d addresses in %.0f ms (%zu named, %zu levels), "
	       "%.0f a second\n",
	       1e3 * (opened - start), N_ADDRESSES, 1e3 * (now() - opened), n_named, n_levels,
	       N_ADDRESSES / (now() - opened));
	symbolizer_free(s);
	close(module.fd);
	return now() - start;
}

/* Seconds that @tool takes for the first @n addresses, spread over the file. */
static double time_tool(const char *tool, const char *path, const uint64_t *addresses, int n)
{
	char *command = xasprintf("%s -fi -e %s >/dev/null", tool, path);
	double start = now();
	FILE *pipe = popen(command, "w");

	for (int i = 0; i < n; i++)
		fprintf(pipe, "%#lx\n", (unsigned long)addresses[i * (N_ADDRESSES / n)]);
	if (pclose(pipe))
		exit(1);
	free(command);
	start = now() - start;
	printf("%s: %d addresses in %.0f ms, %.0f a second\n", tool, n, 1e3 * start, n / start);
	return start / n;
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/sysprof-bench-XXXXXX", *path, *clean;
	uint64_t *addresses = xcalloc(N_ADDRESSES, sizeof(*addresses)), size;
	double ours, binutils, elfutils;

	elf_version(EV_CURRENT);
	if (!mkdtemp(directory))
		return 1;
	path = argc > 1 ? xstrdup(argv[1]) : build_program(directory);
	section(path, ".debug_info", &size);
	printf("%s: %.1f MB of .debug_info\n", path, (double)size / 1e6);
	choose_addresses(path, addresses);
	ours = time_ours(path, addresses);
	binutils = time_tool("addr2line", path, addresses, N_ADDRESSES) * N_ADDRESSES;
	elfutils = time_tool("eu-addr2line", path, addresses, N_SLOW) * N_ADDRESSES;
	printf("with opening, addr2line takes %.1f times as long, eu-addr2line %.0f times\n",
	       binutils / ours, elfutils / ours);
	clean = xasprintf("rm -rf %s", directory);
	if (system(clean))
		return 1;
	free(clean);
	free(path);
	free(addresses);
	return ours > LIMIT_SECONDS || ours > binutils;
}
