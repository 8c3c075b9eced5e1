# SPDX-License-Identifier: GPL-2.0-only
# make: everything into build/ (O=DIR elsewhere). V=1 shows commands, SAN=1 adds ASan and UBSan, TSAN=1 (without WERROR: gcc 12
# then warns for nothing) TSan, for what has threads: lenscap capture. WERROR=1 is CI's.

O ?= build
# Below the tree always by the same name: files of dependencies hold it, and another name for a target is another target.
override O := $(patsubst $(CURDIR)/%,%,$(abspath $(O)))
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share/lenscap
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= /lib/systemd/system
VERSION := 0.1.0

# CROSS_COMPILE=aarch64-linux-gnu- SYSROOT=FOLDER: for another machine, with the headers and libraries in FOLDER.
ifdef CROSS_COMPILE
CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
endif
CLANG ?= clang
BPFTOOL ?= bpftool
MULTIARCH := $(shell $(CC) -print-multiarch)
# The same bytes wherever the tree is: no path of it in debug information, of the programs in the kernel too.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.
# Types of the machine that the programs are for: asm/ is beside the rest in its own folder, which clang -target bpf does not know.
BPF_INCLUDES := $(if $(SYSROOT),-nostdlibinc -isystem $(SYSROOT)/usr/include) -I$(SYSROOT)/usr/include/$(MULTIARCH)
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror $(BPF_INCLUDES) $(PREFIX_MAP)

CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -D_GNU_SOURCE \
	-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE $(PREFIX_MAP) -MMD -MP -I$(O)/gen \
	-DLENSCAP_VERSION='"$(VERSION)"' -DLENSCAP_DATADIR='"$(DATADIR)"' $(if $(WERROR),-Werror)
override LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifdef SYSROOT
override CFLAGS += --sysroot=$(SYSROOT)
override LDFLAGS += --sysroot=$(SYSROOT)
endif
ifdef SAN
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -U_FORTIFY_SOURCE
override LDFLAGS += -fsanitize=address,undefined
endif
ifdef TSAN
override CFLAGS += -fsanitize=thread -U_FORTIFY_SOURCE
override LDFLAGS += -fsanitize=thread
endif

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

LIB_SRC := $(wildcard userspace/lib/*.c)
POLICY_SRC := $(wildcard userspace/feed/*.c userspace/policy/*.c)
DAEMON_SRC := $(wildcard userspace/daemon/*.c)
CLI_SRC := $(wildcard userspace/cli/*.c)
LOADER_SRC := $(wildcard loader/*.c)
LOADER_PURE := loader/links.c loader/match.c loader/mirror_choice.c loader/notes.c loader/permits.c loader/zones.c
BPF_SRC := $(wildcard bpf/*.bpf.c)
TEST_BPF_SRC := $(wildcard tests/bpf/*.bpf.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
KERNEL_SRC := $(wildcard tests/dataplane/test_*.c)
TOOL_BPF := $(wildcard tests/tools/*.bpf.c)
TOOL_SRC := $(filter-out $(TOOL_BPF),$(wildcard tests/tools/*.c))

obj = $(patsubst %.c,$(O)/%.o,$(1))
SKEL := $(patsubst bpf/%.bpf.c,$(O)/gen/%.skel.h,$(BPF_SRC))
TEST_SKEL := $(patsubst tests/bpf/%.bpf.c,$(O)/gen/%.skel.h,$(TEST_BPF_SRC))
PROGRAMS := $(O)/lenscap $(O)/lenscapd $(O)/lenscap-loader
UNITS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(UNIT_SRC))
KERNELS := $(patsubst tests/dataplane/%.c,$(O)/tests/dataplane/%,$(KERNEL_SRC))
TOOLS := $(patsubst tests/tools/%.c,$(O)/tests/tools/%,$(TOOL_SRC))
MAN := $(patsubst doc/man/%.scd,$(O)/man/%,$(wildcard doc/man/*.scd))

LIBS_LIB := -lyaml -ljansson -lsodium -lbpf
LIBS_POLICY := -lnettle -lyajl -lcsv -lunistring -lcyaml -ljansson -lmnl
LIBS_DAEMON := -lsystemd -lcurl -lseccomp
LIBS_LOADER := -lmnl -lsystemd

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all man tests units fuzz deb clean
all: $(PROGRAMS) man
man: $(MAN)
tests: units $(KERNELS) $(TOOLS)
units: $(UNITS)

$(O)/lenscap: $(call obj,$(CLI_SRC)) $(O)/libpolicy.a $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_POLICY) $(LIBS_LIB)

$(O)/lenscapd: $(call obj,$(DAEMON_SRC)) $(O)/libpolicy.a $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_POLICY) $(LIBS_LIB) $(LIBS_DAEMON)

$(O)/lenscap-loader: $(call obj,$(LOADER_SRC)) $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LIB) $(LIBS_LOADER)

$(O)/liblenscap.a: $(call obj,$(LIB_SRC))
$(O)/libpolicy.a: $(call obj,$(POLICY_SRC))
$(O)/libports.a: $(call obj,$(LOADER_PURE))
$(O)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Test programs: every other .c file of their folder (shared helpers) is linked into each.
$(O)/tests/unit/test_%: $(O)/tests/unit/test_%.o $(call obj,$(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))) $(O)/libports.a $(O)/libpolicy.a $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_POLICY) $(LIBS_LIB) $(LIBS_DAEMON)

$(O)/tests/unit/test_sandbox: $(call obj,userspace/daemon/sandbox.c userspace/daemon/sandbox_files.c)

$(O)/tests/dataplane/test_%: $(O)/tests/dataplane/test_%.o $(call obj,$(filter-out $(KERNEL_SRC),$(wildcard tests/dataplane/*.c))) $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lpthread $(LIBS_LIB)

$(O)/tests/tools/bench_%: $(O)/tests/tools/bench_%.o $(O)/tests/dataplane/kernel.o $(O)/tests/dataplane/packet.o $(O)/libpolicy.a $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread -lm $(LIBS_POLICY) $(LIBS_LIB)

$(O)/tests/tools/%: $(O)/tests/tools/%.o $(O)/libpolicy.a $(O)/liblenscap.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread $(LIBS_POLICY) $(LIBS_LIB)

$(O)/%.o: %.c | $(SKEL)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -c -o $@ $<

$(call obj,$(TOOL_SRC)): | $(patsubst tests/tools/%.bpf.c,$(O)/gen/%.skel.h,$(TOOL_BPF))

$(O)/%.bpf.o: %.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/tests/bpf/%.bpf.o: tests/bpf/%.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(call obj,$(wildcard tests/dataplane/*.c) $(TOOL_SRC)): | $(TEST_SKEL)

$(O)/gen/%.skel.h: $(O)/tests/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $* > $@

$(O)/gen/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $* > $@

$(O)/gen/%.skel.h: $(O)/tests/tools/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $* > $@

$(O)/man/%: doc/man/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && scdoc < $< > $@

# Everything again with clang's fuzzer and sanitizers, in a folder of its own: scripts/fuzz runs the targets.
FUZZ_FLAGS := -g -O1 -std=gnu11 -D_GNU_SOURCE -DLENSCAP_VERSION='"$(VERSION)"' -DLENSCAP_DATADIR='"$(DATADIR)"' -I$(O)/gen \
	-fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz: $(FUZZERS)

$(O)/fuzz/obj/%.o: %.c | $(SKEL)
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(patsubst %.c,$(O)/fuzz/obj/%.o,$(POLICY_SRC) $(LIB_SRC))
	$(call say,LD,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS_POLICY) $(LIBS_LIB)

# Debian packages in $(O)/deb.
deb:
	scripts/deb $(O)/deb

clean:
	rm -rf $(O)

-include $(shell find $(O) -name vm -prune -o -name '*.d' -print 2>/dev/null)
include dist/install.mk
