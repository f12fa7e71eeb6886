# SPDX-License-Identifier: GPL-2.0-only
# Programs of known behaviour that the live tests, the benches and the demo profile; what
# each does, and what is therefore true of it, stands at its head.
W := $(O)/workloads
WORKLOADS := demo split split-static split-static-pie split-stripped split-fp deep recurse \
	sighandler altstack plt forker execer shortlived dlopener plugin-a.so plugin-b.so jit threads \
	kernelheavy waits locks holders deadlock hotlock stdlocks rustlocks accounts handover calls pingpong \
	details faults goburn gogarbage rustburn JavaBurn.class JavaGarbage.class mntns.sh
WFLAGS := -O2 -g -fomit-frame-pointer -Wall -Wextra -D_GNU_SOURCE -Itests/workloads $(if $(WERROR),-Werror)
FROM := tests/workloads
WORKLOADS += heaplocks atomics barriers gil.py callers mapper waitany stutter leaks mallocs objects
WORKLOADS += ownmalloc cxxnew noevent.so pollserver parklocks
WORKLOADS += gohttp churner spawner resident resident-static gogrow JavaGrow.class

workloads: $(addprefix $(W)/,$(WORKLOADS))

$(W)/%: WLDFLAGS =
$(W)/%: $(FROM)/%.c $(FROM)/burn.h
	@mkdir -p $(@D)
	$(call say,WORK,$@)
	$(Q)$(CC) $(WFLAGS) -o $@ $< $(WLDFLAGS) -pthread -ldl

$(W)/%: $(FROM)/%.cc $(FROM)/burn.h
	@mkdir -p $(@D)
	$(call say,WORK,$@)
	$(Q)$(CXX) -std=c++17 $(WFLAGS) -o $@ $< -pthread

$(W)/split-static: WLDFLAGS = -static
$(W)/split-static-pie: WLDFLAGS = -static-pie
$(W)/split-fp: WLDFLAGS = -fno-omit-frame-pointer
$(W)/split-static $(W)/split-static-pie $(W)/split-fp: $(FROM)/split.c $(FROM)/burn.h
	@mkdir -p $(@D)
	$(call say,WORK,$@)
	$(Q)$(CC) $(WFLAGS) -o $@ $< $(WLDFLAGS)

$(W)/resident-static: $(FROM)/resident.c
	@mkdir -p $(@D)
	$(call say,WORK,$@)
	$(Q)$(CC) $(WFLAGS) -static -o $@ $<

# Debug information and symbols in a file beside it, as distributions ship them.
$(W)/split-stripped: $(W)/split
	$(call say,WORK,$@)
	$(Q)objcopy --only-keep-debug $< $@.debug && objcopy --strip-all $< $@ && \
		cd $(@D) && objcopy --add-gnu-debuglink=$(@F).debug $(@F)

$(W)/libtiny.so: $(FROM)/tiny.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WFLAGS) -fPIC -shared -Wl,-soname,libtiny.so -o $@ $<

$(W)/plt: WLDFLAGS = $(W)/libtiny.so -Wl,-rpath,'$$ORIGIN' -Wl,-z,lazy
$(W)/plt: $(W)/libtiny.so

$(W)/plugin-%.so: $(FROM)/plugin.c $(FROM)/burn.h
	@mkdir -p $(@D)
	$(call say,WORK,$@)
	$(Q)$(CC) $(WFLAGS) -DBURN=plugin_$*_burn -fPIC -shared -o $@ $<

$(W)/noevent.so: $(FROM)/noevent.c
	$(call say,WORK,$@)
	$(Q)$(CC) $(WFLAGS) -fPIC -shared -o $@ $<

$(W)/goburn $(W)/gogarbage $(W)/gogrow $(W)/gohttp: $(W)/%: $(FROM)/%/main.go $(FROM)/%/go.mod
	$(call say,WORK,$@)
	$(Q)cd $(FROM)/$* && GOCACHE=$(abspath $(W))/.gocache GOTOOLCHAIN=local CGO_ENABLED=0 \
		go build -o $(abspath $@) .

$(W)/rust%: $(FROM)/rust%.rs
	@mkdir -p $(@D)
	$(call say,WORK,$@)
	$(Q)MAKEFLAGS= rustc --edition 2021 -C opt-level=2 -g -o $@ $<

# Its crates are Debian's, so that no network is needed.
CRATES := /usr/share/cargo/registry
$(W)/parklocks: $(FROM)/rustlocks.rs $(FROM)/parking/Cargo.toml
	@mkdir -p $(W)/parking
	$(call say,WORK,$@)
	$(Q)cp $(FROM)/rustlocks.rs $(W) && cp $(FROM)/parking/Cargo.toml $(W)/parking
	$(Q)cd $(W)/parking && MAKEFLAGS= RUSTFLAGS="--cfg parking" cargo build -q --release --offline \
		--config 'source.crates-io.replace-with="debian"' \
		--config 'source.debian.directory="$(CRATES)"'
	$(Q)cp $(W)/parking/target/release/parklocks $@

$(W)/JavaBurn.class $(W)/JavaGarbage.class $(W)/JavaGrow.class: $(W)/%.class: $(FROM)/%.java
	$(call say,WORK,$@)
	$(Q)javac -d $(W) $<

$(W)/atomics: WFLAGS += -std=c++20
$(W)/barriers: WLDFLAGS = -fopenmp
$(W)/gil.py: $(FROM)/gil.py
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(W)/mntns.sh: $(FROM)/mntns.sh
	@mkdir -p $(@D)
	$(Q)cp $< $@
