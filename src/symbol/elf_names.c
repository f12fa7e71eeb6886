/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf_names.h"

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/intern.h"
#include "base/mem.h"
#include "data_names.h"
#include "debug_info.h"
#include "download.h"
#include "event/definer.h"
#include "fde.h"
#include "symbol/demangle.h"
#include "symbol/gopclntab.h"
#include "symtab.h"

struct elf_names {
	Dwfl *dwfl;
	Dwfl_Callbacks callbacks;
	char *debug_path; /* NULL: libdwfl's */
	struct download download;
	uint64_t bias; /* of the DWARF: to subtract from an address of the file */
	struct symtab symtab;
	struct data_names *data;
	struct debug_info *debug_info; /* NULL: none; as for the next */
	struct gopclntab *gopclntab;
	struct fdes *fdes;
	struct intern texts; /* made from symbols */
	struct buf demangled;
};

/* Those longer than the recording keeps are compared as far as it does. */
static bool has_build_id(Elf *elf, const char *want)
{
	const unsigned char *id;
	ssize_t size = dwelf_elf_gnu_build_id(elf, (const void **)&id);
	size_t n = strlen(want);

	if (size <= 0)
		return !n;
	if (n > 2 * (size_t)size || n % 2 || (n < 2 * (size_t)size && n < 40))
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		char hex[3];

		snprintf(hex, sizeof(hex), "%02x", id[i]);
		if (strncasecmp(hex, want + 2 * i, 2))
			return false;
	}
	return true;
}

/*
 * Programs and libraries only; of a file by path, the one that was recorded only.  Where
 * that was never opened, as its process was gone too soon, nothing tells.
 */
static int check_file(int fd, const char *build_id)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	GElf_Ehdr ehdr;
	int r = 0;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr) ||
	    (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN))
		r = -EBADMSG;
	else if (build_id && !has_build_id(elf, build_id))
		r = build_id[0] ? -ESTALE : -ENOKEY;
	elf_end(elf);
	return r;
}

/* The kernel maps one image into every process: ours is the target's, if the build-id agrees. */
static int open_own_vdso(void)
{
	const ElfW(Ehdr) *image = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	int fd = image ? memfd_create("vdso", MFD_CLOEXEC) : -1, r;

	if (!image)
		return -ENOENT;
	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, image, image->e_shoff + (size_t)image->e_shnum * image->e_shentsize);
	if (!r)
		return fd;
	close(fd);
	return r;
}

/* By which the file and what lies beside it are reached; owned. */
static char *way_to(const struct symbol_module *module)
{
	const char *slash = strrchr(module->path, '/');

	return module->dir && slash ? xasprintf("%s%s", module->dir, slash) : xstrdup(module->path);
}

/* The result is owned.  A path may by now be a pipe: opening one must not block. */
static int open_file(const struct symbol_module *module, const char *path)
{
	int fd;

	if (module->fd < 0 && module->kind == MODULE_VDSO)
		return open_own_vdso();
	if (module->fd >= 0)
		fd = fcntl(module->fd, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* As open_file(), and the file is what it has to be. */
static int open_checked(const struct symbol_module *module, const char *path)
{
	int fd = open_file(module, path), r;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		r = -EBADMSG;
	else
		r = check_file(fd, module->fd < 0 ? module->build_id : NULL);
	if (!r)
		return fd;
	close(fd);
	return r;
}

static bool is_code(void *arg, uint64_t address)
{
	const struct elf_names *names = arg;

	return symtab_is_code(&names->symtab, address + names->bias);
}

/* Sections of DWARF that no name is in. */
static bool is_unwanted(const char *name)
{
	static const char *const unwanted[] = {
		".debug_loc",     ".debug_loclists",     ".debug_frame",        ".debug_macro",
		".debug_macinfo", ".debug_pubnames",     ".debug_pubtypes",     ".debug_names",
		".debug_aranges", ".debug_gnu_pubnames", ".debug_gnu_pubtypes",
	};

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
		if (!strcmp(name, unwanted[i]))
			return true;
	}
	return false;
}

/*
 * libdw inflates all there is of DWARF when it opens a file.  Before it does, what is not
 * wanted becomes empty: in the headers in memory, of the file that the symbols are from.
 */
static void hide_unwanted(Dwfl_Module *module)
{
	Elf_Scn *section = NULL;
	Elf *elf = NULL;
	GElf_Addr address;
	GElf_Shdr shdr;
	GElf_Sym sym;
	size_t names;

	if (dwfl_module_getsymtab(module) < 2 ||
	    !dwfl_module_getsym_info(module, 1, &sym, &address, NULL, &elf, NULL) || !elf ||
	    elf_getshdrstrndx(elf, &names))
		return;
	while ((section = elf_nextscn(elf, section))) {
		const char *name =
			gelf_getshdr(section, &shdr) ? elf_strptr(elf, names, shdr.sh_name) : NULL;

		if (!name || !(shdr.sh_flags & SHF_COMPRESSED) || !is_unwanted(name))
			continue;
		shdr.sh_type = SHT_NOBITS;
		gelf_update_shdr(section, &shdr);
	}
}

/* Takes @fd. */
static int read_names(struct elf_names *names, const char *path, int fd, bool has_pointers)
{
	Dwfl_Module *module;
	GElf_Addr bias = 0, dwarf_bias = 0;
	Dwarf *dwarf;
	Elf *elf;

	dwfl_report_begin(names->dwfl);
	module = dwfl_report_elf(names->dwfl, path, path, fd, 0, true);
	if (!module) {
		close(fd);
		return -EBADMSG;
	}
	dwfl_report_end(names->dwfl, NULL, NULL);
	elf = dwfl_module_getelf(module, &bias);
	if (!elf)
		return -EBADMSG;
	symtab_init(&names->symtab, module);
	if (!has_pointers)
		hide_unwanted(module);
	dwarf = dwfl_module_getdwarf(module, &dwarf_bias);
	if (dwarf) {
		names->bias = dwarf_bias - bias;
		names->debug_info = debug_info_new(dwarf, is_code, names);
	}
	names->data = data_names_new(module, dwarf, names->bias);
	names->gopclntab = gopclntab_new(elf);
	names->fdes = fdes_new(elf);
	return dwarf || names->symtab.symbols.n || names->gopclntab || names->fdes ? 0 : -ENODATA;
}

int elf_names_open(const struct symbol_module *module, const struct symbolizer_options *options,
		   struct elf_names **ret)
{
	char *path = way_to(module);
	struct elf_names *names;
	int fd, r;

	elf_version(EV_CURRENT);
	fd = open_checked(module, path);
	if (fd < 0) {
		free(path);
		return fd;
	}
	names = xcalloc(1, sizeof(*names));
	names->debug_path = options->debug_path ? xstrdup(options->debug_path) : NULL;
	names->callbacks = (Dwfl_Callbacks){ .find_elf = dwfl_build_id_find_elf,
					     .find_debuginfo = dwfl_standard_find_debuginfo,
					     .section_address = dwfl_offline_section_address,
					     .debuginfo_path = &names->debug_path };
	names->dwfl = dwfl_begin(&names->callbacks);
	if (!names->dwfl) {
		close(fd);
		free(path);
		elf_names_free(names);
		return -ENOMEM;
	}
	download_watch(&names->download, names->dwfl, options);
	r = read_names(names, path, fd, module->has_pointers);
	free(path);
	if (r)
		elf_names_free(names);
	else
		*ret = names;
	return r;
}

void elf_names_free(struct elf_names *names)
{
	if (!names)
		return;
	data_names_free(names->data);
	debug_info_free(names->debug_info);
	gopclntab_free(names->gopclntab);
	fdes_free(names->fdes);
	symtab_release(&names->symtab);
	dwfl_end(names->dwfl);
	free(names->debug_path);
	intern_release(&names->texts);
	buf_release(&names->demangled);
	free(names);
}

/* Without the version: `memcpy@@GLIBC_2.14`, but all of `puts@plt`. */
static const char *unversioned(struct elf_names *names, const char *name)
{
	const char *at = strchr(name, '@');
	size_t size = strnlen(name, SYMBOL_TEXT_MAX);

	if (at > name && at < name + size && (at[1] == '@' || (at[1] >= 'A' && at[1] <= 'Z')))
		size = (size_t)(at - name);
	return intern_text(&names->texts, intern_bytes(&names->texts, name, size));
}

static const char *keep(struct elf_names *names, const struct buf *text)
{
	return intern_text(&names->texts, intern_bytes(&names->texts, text->data, text->size));
}

/* Whether @full, such as ns::Class::run<int>, can be what DWARF calls @name, run<int>. */
static bool is_full_name(const char *full, const char *name)
{
	char *base = xstrndup(name, strcspn(name, "<"));
	bool is = *base && strstr(full, base);

	free(base);
	return is;
}

/*
 * What the symbol table adds to the outermost level: a name where there is none;
 * the name as linked, of which DWARF may have none or a general form (C4 of
 * constructors); and of C's aliases the one for people, malloc where DWARF has
 * __libc_malloc.
 */
static void add_symbol(struct elf_names *names, const struct symbol *symbol, bool is_entry,
		       struct symbol_name *level)
{
	const char *linkage = unversioned(names, symbol->name);
	bool is_mangled = demangle(linkage, &names->demangled);

	if (!*level->function ||
	    (is_mangled && is_full_name(buf_str(&names->demangled), level->function))) {
		level->function = is_mangled ? keep(names, &names->demangled) : linkage;
		level->linkage = is_mangled ? linkage : NULL;
	} else if (is_entry && !is_mangled && strspn(linkage, "_") < strspn(level->function, "_")) {
		level->function = linkage;
		level->linkage = NULL;
	}
}

/* Of what has no name: where it begins. */
static size_t find_place(struct elf_names *names, uint64_t address, struct symbol_name *ret)
{
	char place[sizeof(PLACE_PREFIX "ffffffffffffffff")];
	uint64_t start;

	if (!names->fdes || !fdes_find(names->fdes, address, &start))
		return 0;
	snprintf(place, sizeof(place), PLACE_PREFIX "%llx", (unsigned long long)start);
	*ret = (struct symbol_name){
		.function = intern_text(&names->texts,
					intern_bytes(&names->texts, place, strlen(place))),
	};
	return 1;
}

/* Of what is no code: static data. */
static size_t find_data(struct elf_names *names, uint64_t address, struct symbol_name *ret)
{
	struct buf text = { 0 };
	size_t n = data_names_find(names->data, address, &text);

	if (n)
		*ret = (struct symbol_name){ .function = keep(names, &text) };
	buf_release(&text);
	return n;
}

size_t elf_names_find(struct elf_names *names, uint64_t address, struct symbol_name *ret)
{
	const struct symbol *symbol = symtab_find(&names->symtab, address);
	uint64_t entry = 0;
	size_t n = 0;

	if (!symtab_is_code(&names->symtab, address) && find_data(names, address, ret))
		return 1;

	if (names->debug_info)
		n = debug_info_find(names->debug_info, address - names->bias, ret, &entry);
	if (!n && symbol)
		ret[n++] = (struct symbol_name){ .function = "" };
	for (size_t i = 0; i + 1 < n; i++) {
		if (!*ret[i].function)
			ret[i].function = "(unnamed)";
	}
	if (!n && names->gopclntab)
		return gopclntab_find(names->gopclntab, address, ret);
	if (!n)
		return find_place(names, address, ret);
	if (symbol)
		add_symbol(names, symbol, symbol->start == entry + names->bias, &ret[n - 1]);
	return *ret[n - 1].function ? n : find_place(names, address, ret);
}

bool elf_names_find_pointer(struct elf_names *names, uint64_t address,
			    const struct event_pointer *pointer, struct buf *out,
			    uint64_t *ret_rank)
{
	return names->debug_info &&
	       debug_info_find_pointer(names->debug_info, address - names->bias, pointer, out,
				       ret_rank);
}
