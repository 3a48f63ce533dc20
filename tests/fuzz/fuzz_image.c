/*
 * Fuzzes the planner of kernels: an image is refused in a sentence, or its pieces and its entry lie
 * in the RAM of the VM, and no two pieces in the same place. The first byte says how much RAM that
 * is, the rest is the file. Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_image.c
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

/* Every byte of the piece is one of the file. */
static void read_all(const struct piece *piece)
{
    for (u32 i = 0; i < piece->size; i++)
        (void)*(const volatile u8 *)(piece->data + i);
}

static void plan_and_check(const struct vm *vm)
{
    gpa_t end = PLATFORM_RAM_BASE + vm->config.memory;
    struct image_plan plan;

    console_forget();
    if (!image_plan(vm, &plan)) {
        check(!strncmp(fake_console.text, "Twofold: VM \"fuzz\", kernel: ", 28));
        check(console_line_ended());
        return;
    }
    check(fake_console.size == 0);
    check(plan.start >= PLATFORM_RAM_BASE && plan.start <= plan.end && plan.end <= end);
    check(plan.entry >= PLATFORM_RAM_BASE && plan.entry + 4 <= end);
    check(planned_within(&plan, plan.start, plan.end) && planned_apart(&plan));
    for (u32 i = 0; i < plan.piece_count; i++)
        read_all(&plan.pieces[i]);
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
    vm.memory.base = PLATFORM_RAM_BASE;
    vm.config = (struct vm_config){.name = "fuzz",
                                   .cpus = 1,
                                   .memory = memories[data[0] % ARRAY_SIZE(memories)],
                                   .kernel = {file, (u32)(size - 1)},
                                   .bootargs = ""};
    plan_and_check(&vm);
    free(file);
    return 0;
}
