# Twofold. `make` builds the hypervisor and the guests; `make test` is all the tests there are.
# CC_KIND=clang builds the hypervisor with clang instead of gcc.

BUILD   := build
CROSS   ?= riscv64-unknown-elf-
CC_KIND ?= gcc

ARCH_FLAGS_gcc   := -march=rv32ima_zicsr_zifencei -mabi=ilp32 -mcmodel=medany
ARCH_FLAGS_clang := --target=riscv32-unknown-elf -march=rv32ima -mabi=ilp32 -mcmodel=medany
# Assembly names F and D registers; what runs of it is decided at run time.
ASM_FLAGS_gcc    := -march=rv32imafd_zicsr_zifencei
ASM_FLAGS_clang  := -march=rv32imafd
CC_gcc   := $(CROSS)gcc
CC_clang := clang

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wundef -Werror
# gp is the guests' alone (arch/guest_context.h): no small data, no linker relaxation to it.
CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-common -fno-pic -fno-stack-protector \
          -fno-strict-aliasing -fomit-frame-pointer -msmall-data-limit=0 $(WARNINGS) -I. -MMD -MP
LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
           -Wl,--no-warn-rwx-segments

CC     := $(CC_$(CC_KIND))
OUT    := $(BUILD)/$(CC_KIND)
LIBGCC  = $(shell $(CROSS)gcc -march=rv32ima -mabi=ilp32 -print-libgcc-file-name)

HYP_SOURCES := $(wildcard arch/*.c arch/*.S hyp/*.c hyp/*/*.c)
HYP_OBJECTS := $(HYP_SOURCES:%=$(OUT)/%.o)
GUEST_LIB   := $(wildcard guest/lib/*.c guest/lib/*.S)
GUESTS      := $(patsubst guest/%.c,%,$(wildcard guest/*.c))
GUEST_OUT   := $(BUILD)/guest
FUZZERS     := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
UNIT_TESTS  := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all hypervisor guests units fuzzers test linux gdb bench attack fuzz walk.svg format clean
.DELETE_ON_ERROR:
.SECONDARY:

all: hypervisor guests
hypervisor: $(OUT)/twofold.bin $(OUT)/twofold.asm
ifeq ($(CC_KIND),gcc)
hypervisor: $(BUILD)/twofold.bin $(BUILD)/twofold.elf
endif
guests: $(GUESTS:%=$(GUEST_OUT)/%.elf) $(GUESTS:%=$(GUEST_OUT)/%.bin)

$(BUILD)/twofold.%: $(OUT)/twofold.%
	@cp $< $@

# The hypervisor.
$(OUT)/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	@$(CC) $(ARCH_FLAGS_$(CC_KIND)) $(CFLAGS) -c $< -o $@
$(OUT)/%.S.o: %.S Makefile
	@mkdir -p $(@D)
	@$(CC) $(ARCH_FLAGS_$(CC_KIND)) $(ASM_FLAGS_$(CC_KIND)) -I. -MMD -MP -g -c $< -o $@
$(OUT)/twofold.elf: $(HYP_OBJECTS) linker/hypervisor.ld
	@$(CROSS)gcc -march=rv32ima -mabi=ilp32 $(LDFLAGS) -T linker/hypervisor.ld -Wl,-Map=$(@:.elf=.map) \
	    $(HYP_OBJECTS) $(LIBGCC) -o $@
$(OUT)/twofold.bin: $(OUT)/twofold.elf
	@$(CROSS)objcopy -O binary $< $@
$(OUT)/twofold.asm: $(OUT)/twofold.elf
	@$(CROSS)objdump -d $< > $@

# The guests: each guest/NAME.c is one, with all of guest/lib.
GUEST_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-common -fno-pic -fno-stack-protector \
                -msmall-data-limit=0 -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror -I. -MMD -MP
$(GUEST_OUT)/%.c.o: guest/%.c Makefile
	@mkdir -p $(@D)
	@$(CC_gcc) $(ARCH_FLAGS_gcc) $(GUEST_CFLAGS) -c $< -o $@
$(GUEST_OUT)/%.S.o: guest/%.S Makefile
	@mkdir -p $(@D)
	@$(CC_gcc) $(ARCH_FLAGS_gcc) $(ASM_FLAGS_gcc) -I. -MMD -MP -g -c $< -o $@
$(GUEST_OUT)/%.elf: $(GUEST_OUT)/%.c.o $(GUEST_LIB:guest/%=$(GUEST_OUT)/%.o) linker/guest.ld
	@$(CC_gcc) -march=rv32ima -mabi=ilp32 $(LDFLAGS) -T linker/guest.ld $(filter %.o,$^) $(LIBGCC) -o $@
$(GUEST_OUT)/%.bin: $(GUEST_OUT)/%.elf
	@$(CROSS)objcopy -O binary $< $@

# Unit tests, on the host.
HOST_CFLAGS := -std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra \
               -Werror -I. -MMD -MP
units: $(UNIT_TESTS)
$(BUILD)/unit/%: tests/unit/%.c Makefile
	@mkdir -p $(@D)
	@gcc $(HOST_CFLAGS) $< -lfdt -o $@

# Fuzzers, on the host; clang has libFuzzer.
FUZZ_SECONDS ?= 300
fuzzers: $(FUZZERS)
$(BUILD)/fuzz/%: tests/fuzz/%.c Makefile
	@mkdir -p $(@D)
	@clang $(HOST_CFLAGS) -fsanitize=fuzzer $< -lfdt -o $@

test:
	.ci/packages test
	$(MAKE) -s -j$$(nproc) all units fuzzers
	$(MAKE) -s -j$$(nproc) hypervisor CC_KIND=clang
	python3 tests/run.py

linux:
	guest/linux/build.sh

gdb: all
	./qemu-run.sh --gdb

bench: all
	python3 tests/bench/bench.py
	python3 tests/scale.py --bench

# Ten minutes of guests that attack, beside a Linux that works; the seed is printed.
attack: all
	python3 tests/attack.py --seconds 600 --harts 4

# Every fuzzer for five minutes; FUZZ_SECONDS=N for another time.
fuzz: fuzzers
	tests/fuzz/run.sh seconds $(FUZZ_SECONDS)

# The walk of 8 reads in docs/two-stage.md as a picture; docs/walk_svg.py draws any record.
walk.svg: all
	TWOFOLD_BUILD=no ./qemu-run.sh --vms guest/examples/two-stage.dts --harts 1 \
	    --monitor-script guest/examples/walk.monitor < /dev/null > $(BUILD)/walk.log
	docs/walk_svg.py $(BUILD)/walk.log > $(BUILD)/walk.svg

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
