# Posthaste. `make` builds, `make check` runs the unit tests under sanitizers, `make install DESTDIR=…` installs.
# Each folder of src says in its module.mk what it is; SANITIZE=1 builds into a folder of its own.

all:

ifeq ($(wildcard config.mk),)
$(shell dev/configure >&2)
endif
include config.mk

comma := ,
B := $(if $(SANITIZE),build-asan,build)

CC ?= cc
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter -Wno-missing-field-initializers $(if $(CI),-Werror)
HARDENING := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fno-strict-aliasing
OPTIMISE := $(if $(SANITIZE),-O1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer,-O2 $(HARDENING))
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -g $(OPTIMISE) -ffunction-sections -fdata-sections $(WARNINGS) -Isrc -I. $(CFLAGS)
ALL_LDFLAGS = $(if $(SANITIZE),-fsanitize=address$(comma)undefined,-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now) -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)

LIBRARIES :=
DAEMONS :=
COMMANDS :=

# $(call library,NAME,FOLDER…): a static archive of all sources of the folders
define library_rules
LIBRARIES += $(1)
lib_$(1)_OBJECTS := $$(patsubst %.c,$$(B)/%.o,$$(sort $$(foreach d,$(2),$$(wildcard $$(d)/*.c))))
$$(B)/lib$(1).a: $$(lib_$(1)_OBJECTS)
endef
library = $(eval $(call library_rules,$(strip $(1)),$(2)))

# $(call daemon,NAME,FOLDER…) and $(call command,NAME,FOLDER…): programs
define program_rules
$(3) += $(1)
program_$(1)_OBJECTS := $$(patsubst %.c,$$(B)/%.o,$$(sort $$(foreach d,$(2),$$(wildcard $$(d)/*.c))))
$$(B)/$(4)/$(1): $$(program_$(1)_OBJECTS)
endef
daemon = $(eval $(call program_rules,$(strip $(1)),$(2),DAEMONS,libexec))
command = $(eval $(call program_rules,$(strip $(1)),$(2),COMMANDS,sbin))

# $(call table_module,TYPE,FOLDER): a table type that is loaded when it is needed (table/module.h)
define table_module_rules
MODULE_FILES += $$(B)/lib/table-$(1).so
$$(B)/lib/table-$(1).so: $$(patsubst %.c,$$(B)/pic/%.o,$$(wildcard $(2)/*.c))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -shared $$(LDFLAGS) -o $$@ $$^ $$(MODULE_LIBS_$(1))
$$(B)/pic/$(2)/%.o: MODULE_CFLAGS = $$(MODULE_CFLAGS_$(1))
endef
table_module = $(if $(filter $(strip $(1)),$(TABLE_MODULES)),$(eval $(call table_module_rules,$(strip $(1)),$(strip $(2)))))
MODULE_FILES :=

include $(sort $(wildcard src/*/module.mk))

ARCHIVES := $(patsubst %,$(B)/lib%.a,$(LIBRARIES))
DAEMON_FILES := $(patsubst %,$(B)/libexec/%,$(DAEMONS))
COMMAND_FILES := $(patsubst %,$(B)/sbin/%,$(COMMANDS))

all: $(DAEMON_FILES) $(COMMAND_FILES) $(MODULE_FILES) manuals

# config.h is made first; the compiler's .d files say which sources depend on what is in it
$(B)/pic/%.o: %.c | config.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -g -O2 -fPIC $(WARNINGS) -Isrc -I. $(MODULE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.o: %.c | config.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(ARCHIVES):
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# Where programs report to is said by the programs themselves: daemons take no options from the environment
SANITIZER := $(if $(SANITIZE),$(B)/tests/sanitizer/options.o)

$(DAEMON_FILES) $(COMMAND_FILES): $(SANITIZER) $(ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,-u,posthaste_stamp -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBRARY_LIBS)

# Made again with what was chosen; config.h keeps its time when nothing in it changed.
config.mk: dev/configure
	dev/configure $(CONFIGURE_ARGUMENTS)

config.h: config.mk ;

# -- manuals: the registry and man/parameters make the lists of parameters in the pages of man ---------------------------

MANUAL_SOURCES := $(wildcard man/man?/*)
MANUALS := $(patsubst %,$(B)/%,$(MANUAL_SOURCES))

$(B)/manual: $(patsubst %.c,$(B)/%.o,$(wildcard dev/manual/*.c)) $(ARCHIVES)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBRARY_LIBS)

$(B)/man/%: man/% $(B)/manual $(wildcard man/parameters/*.mdoc)
	@mkdir -p $(@D)
	$(Q)$(B)/manual fill man/parameters $< > $@.new && mv $@.new $@

manuals: $(MANUALS)

# One folder for all sections, so that pages find each other
html: manuals
	@dev/html-manuals $(B)

# -- tests: tests/unit mirrors src; tests/fuzz has one target per parser ------------------------------------------------

UNIT_SOURCES := $(shell find tests/unit -name '*_test.c' 2>/dev/null)
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
UNIT_HELPERS := $(patsubst %.c,$(B)/%.o,$(shell find tests/unit -name '*.c' ! -name '*_test.c' 2>/dev/null))

$(B)/libtesting.a: $(UNIT_HELPERS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(UNIT_TESTS): $(B)/%: $(B)/%.o $(B)/libtesting.a $(ARCHIVES)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -Wl,--start-group $(B)/libtesting.a $(ARCHIVES) -Wl,--end-group $(LIBRARY_LIBS) -lcmocka

unit-tests: $(UNIT_TESTS) manuals
	@dev/check-layers
	@dev/check-parameters
	@dev/check-manuals $(B)
	@dev/run-unit-tests $(UNIT_TESTS)

check:
	$(MAKE) SANITIZE=1 unit-tests

FUZZ_SOURCES := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,build-fuzz/%,$(FUZZ_SOURCES))
FUZZ_FLAGS := -std=gnu17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -Isrc -I.
# The libraries, and those parts of programs that read what strangers wrote
FUZZED_PARTS := src/local/member.c src/pickup/copy.c src/pickup/flags.c src/pipe/argv.c src/pipe/options.c \
	src/sendmail/extract.c src/sendmail/input.c
FUZZ_OBJECTS := $(patsubst %.c,build-fuzz/%.o,$(foreach l,$(LIBRARIES),$(patsubst $(B)/%.o,%.c,$(lib_$(l)_OBJECTS))) $(FUZZED_PARTS))

build-fuzz/%.o: %.c | config.h
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

build-fuzz/libfuzzed.a: $(FUZZ_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(FUZZ_TARGETS): build-fuzz/%: tests/fuzz/%.c build-fuzz/libfuzzed.a
	$(Q)clang $(subst fuzzer-no-link,fuzzer,$(FUZZ_FLAGS)) -o $@ $^ $(LIBRARY_LIBS)

fuzz:
	@dev/run-fuzz $(SECONDS)

# -- installing ---------------------------------------------------------------------------------------------------------

# HTML_DIRECTORY=/where/they/go: the manuals as HTML, too
install: all $(if $(HTML_DIRECTORY),html)
	dev/install "$(DESTDIR)" $(B) "$(HTML_DIRECTORY)"

clean:
	rm -rf build build-asan build-fuzz

.PHONY: all manuals html check unit-tests fuzz install clean
.SECONDARY:
-include $(shell find $(B) build-fuzz -name '*.d' 2>/dev/null)
