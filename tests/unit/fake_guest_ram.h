/*
 * The RAM of a VM, however large, as a plan would fill it, for the tests and the fuzzer of
 * hyp/vm/image.c. What no piece covers is zero, as after power-on.
 */
#ifndef UNIT_FAKE_GUEST_RAM_H
#define UNIT_FAKE_GUEST_RAM_H

#include "tests/unit/fake_vm.h"
#include "hyp/vm/image.h"
#include "hyp/vm/memory.h"

/* The byte at `gpa`. */
static inline u8 planned_byte(const struct image_plan *plan, gpa_t gpa)
{
    for (u32 i = 0; i < plan->piece_count; i++) {
        const struct piece *piece = &plan->pieces[i];

        if (gpa >= piece->gpa && gpa - piece->gpa < piece->size)
            return piece->data[gpa - piece->gpa];
    }
    return 0;
}

/* Whether all pieces lie in [start, end) and have bytes. */
static inline bool planned_within(const struct image_plan *plan, gpa_t start, gpa_t end)
{
    for (u32 i = 0; i < plan->piece_count; i++) {
        const struct piece *piece = &plan->pieces[i];

        if (!piece->size || piece->gpa < start || piece->gpa > end ||
            piece->size > end - piece->gpa)
            return false;
    }
    return plan->piece_count <= IMAGE_SEGMENTS;
}

/* Whether no two pieces have a byte of RAM in common. */
static inline bool planned_apart(const struct image_plan *plan)
{
    for (u32 i = 0; i < plan->piece_count; i++)
        for (u32 j = 0; j < i; j++) {
            const struct piece *a = &plan->pieces[i], *b = &plan->pieces[j];

            if (a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size)
                return false;
        }
    return true;
}

bool memory_is_ram(const struct vm *vm, gpa_t gpa, u64 size)
{
    u64 end = vm->memory.base + vm->config.memory;

    return gpa >= vm->memory.base && gpa < end && size <= end - gpa;
}

#endif
