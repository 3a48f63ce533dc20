/*
 * hyp/vm/memory.h for unit tests and fuzzers: the RAM of a VM, however large, as the list of what
 * was written into it. The rest is zero, as after power-on. Who writes elsewhere ends the program.
 */
#ifndef UNIT_FAKE_GUEST_RAM_H
#define UNIT_FAKE_GUEST_RAM_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_vm.h"
#include "hyp/vm/memory.h"

#define FAKE_WRITES 256

static struct {
    struct {
        gpa_t gpa;
        u8 *bytes;
        u32 size;
    } writes[FAKE_WRITES];
    u32 count;
    u32 budget; /* writes until the host has no more pages */
} fake_guest_ram = {.budget = FAKE_WRITES};

static inline void guest_ram_reset(void)
{
    while (fake_guest_ram.count)
        free(fake_guest_ram.writes[--fake_guest_ram.count].bytes);
    fake_guest_ram.budget = FAKE_WRITES;
}

/* The byte at `gpa`: what was written there last. */
static inline u8 guest_ram_byte(gpa_t gpa)
{
    for (u32 i = fake_guest_ram.count; i > 0; i--) {
        u64 offset = gpa - fake_guest_ram.writes[i - 1].gpa;

        if (offset < fake_guest_ram.writes[i - 1].size)
            return fake_guest_ram.writes[i - 1].bytes[offset];
    }
    return 0;
}

/* Whether everything written lies in [start, end). */
static inline bool guest_ram_written_within(gpa_t start, gpa_t end)
{
    for (u32 i = 0; i < fake_guest_ram.count; i++) {
        gpa_t gpa = fake_guest_ram.writes[i].gpa;

        if (fake_guest_ram.writes[i].size &&
            (gpa < start || gpa > end || fake_guest_ram.writes[i].size > end - gpa))
            return false;
    }
    return true;
}

bool memory_is_ram(const struct vm *vm, gpa_t gpa, u64 size)
{
    u64 end = PLATFORM_RAM_BASE + vm->config.memory;

    return gpa >= PLATFORM_RAM_BASE && gpa < end && size <= end - gpa;
}

bool memory_write(struct vm *vm, gpa_t gpa, const void *from, u32 size)
{
    u8 *bytes = malloc(size ? size : 1);

    if (!memory_is_ram(vm, gpa, size) || fake_guest_ram.count == FAKE_WRITES || !bytes)
        abort();
    memcpy(bytes, from, size);
    fake_guest_ram.writes[fake_guest_ram.count].gpa = gpa;
    fake_guest_ram.writes[fake_guest_ram.count].bytes = bytes;
    fake_guest_ram.writes[fake_guest_ram.count++].size = size;
    return fake_guest_ram.count <= fake_guest_ram.budget;
}

#endif
