# SPDX-License-Identifier: GPL-2.0-only
# sysprof: `make help` lists the targets.
VERSION := 0.1
O ?= build
CC ?= gcc
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition \
	-Wdeclaration-after-statement -Wvla -Wwrite-strings -Wpointer-arith -Wshadow
PKGS := libdw libelf zlib
override CFLAGS += -std=gnu11 -D_GNU_SOURCE -Iinclude -I$(O)/gen -MMD -MP -fno-common $(WARN) \
	-DSYSPROF_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS))
LDLIBS := $(shell pkg-config --libs $(PKGS)) -liberty -lm
ifeq ($(SAN),1)
override SAN := address,undefined
endif
ifdef SAN
override CFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SAN)
endif
ifdef WERROR
override CFLAGS += -Werror
endif
ifneq ($(V),1)
Q := @
say = @printf '  %-6s %s\n' $(1) $(patsubst $(O)/%,%,$(2));
endif

SRCS := $(wildcard src/*/*.c)
OBJS := $(SRCS:%.c=$(O)/%.o)
UNIT := $(patsubst %.c,$(O)/%.o,$(wildcard tests/unit/*.c))

all: $(O)/sysprof	## build everything (default)

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(O)/sysprof: $(O)/src/main.o $(OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Each tests/unit/x.c is a cmocka program of its own.
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

check-unit: $(UNIT:.o=)	## unit tests
	$(Q)CMOCKA_MESSAGE_OUTPUT=TAP prove $(UNIT:.o=)

clean:	## remove what was built
	$(Q)rm -rf $(O)
help:	## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 18

.SECONDARY:
-include $(OBJS:.o=.d) $(UNIT:.o=.d)
.PHONY: all check-unit clean help
