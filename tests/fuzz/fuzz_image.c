/*
 * Fuzzes the loader of kernels: an image is refused in a sentence, or all that it wrote and its
 * entry lie in the RAM of the VM. The first byte says how much RAM that is, the rest is the file.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_image.c
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_console.h"
#include "tests/unit/fake_guest_ram.h"
#include "hyp/vm/image.c"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void load(struct vm *vm)
{
    gpa_t end = PLATFORM_RAM_BASE + vm->config.memory;
    struct loaded_image loaded;

    guest_ram_reset();
    console_forget();
    if (!image_load(vm, &loaded)) {
        check(!strncmp(fake_console.text, "Twofold: VM \"fuzz\", kernel: ", 28));
        check(console_line_ended());
        return;
    }
    check(fake_console.size == 0);
    check(loaded.start >= PLATFORM_RAM_BASE && loaded.start <= loaded.end && loaded.end <= end);
    check(loaded.entry >= PLATFORM_RAM_BASE && loaded.entry + 4 <= end);
    check(guest_ram_written_within(loaded.start, loaded.end));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static const u64 memories[] = {MIB(8), MIB(64), GIB(2), GIB(14)};
    static struct vm vm;
    u8 *file;

    if (size < 2)
        return 0;
    file = malloc(size - 1); /* a copy of its own: ASan wants its exact size */
    memcpy(file, data + 1, size - 1);
    vm.config = (struct vm_config){.name = "fuzz",
                                   .cpus = 1,
                                   .memory = memories[data[0] % ARRAY_SIZE(memories)],
                                   .kernel = {file, (u32)(size - 1)},
                                   .bootargs = ""};
    load(&vm);
    free(file);
    return 0;
}
