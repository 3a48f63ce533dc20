/* The RAM of a VM as the monitor sees it, and its lock. */
#include "hyp/vm/memory.h"

#include "hyp/core/physmem.h"
#include "hyp/core/string.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/vm.h"

bool memory_is_ram(const struct vm *vm, gpa_t gpa, u64 size)
{
    u64 offset = gpa - vm->memory.base;

    return gpa >= vm->memory.base && offset < vm->config.memory &&
           size <= vm->config.memory - offset;
}

/* How much of `size` bytes at `gpa` lies in one page. */
static u32 in_page(gpa_t gpa, u32 size)
{
    u32 room = PAGE_SIZE - ((u32)gpa & (PAGE_SIZE - 1));

    return size < room ? size : room;
}

/* What [gpa, gpa + size), in one page, will be when it is touched. */
static void peek_untouched(const struct vm *vm, gpa_t gpa, void *to, u32 size)
{
    memset(to, 0, size);
    if (vm->config.shared)
        for (u32 i = 0; i < vm->memory.piece_count; i++)
            piece_read(&vm->memory.pieces[i].piece, gpa, to, size);
}

bool memory_peek(const struct vm *vm, gpa_t gpa, void *to, u32 size)
{
    struct stage2_leaf leaf;
    u8 *out = to;

    if (!vm->stage2.entries)
        return false;
    for (u32 count; size; size -= count, gpa += count, out += count) {
        count = in_page(gpa, size);
        if (stage2_lookup(&vm->stage2, gpa, &leaf))
            phys_read(leaf.hpa, out, count);
        else
            peek_untouched(vm, gpa, out, count);
    }
    return true;
}

/* The memory lock is held. Backs the page for the VM alone and says where it is. */
static bool own_page(struct vm *vm, gpa_t page, hpa_t *hpa)
{
    enum memory_touched touched = memory_touch_page(vm, page, true);
    struct stage2_leaf leaf;

    if (touched != MEMORY_BACKED && touched != MEMORY_COPIED)
        return false;
    stage2_lookup(&vm->stage2, page, &leaf);
    *hpa = leaf.hpa;
    return true;
}

static bool point_at(struct vm *vm, gpa_t page, hpa_t hpa)
{
    return stage2_remap(&vm->stage2, page, hpa, PAGE_SIZE, STAGE2_RWX) == STAGE2_OK;
}

struct vcpu *memory_lock(struct vm *vm)
{
    struct vcpu *waited = vcpu_begin_wait();

    spin_lock(&vm->memory.lock);
    return waited;
}

void memory_unlock(struct vm *vm, struct vcpu *waited)
{
    spin_unlock(&vm->memory.lock);
    vcpu_end_wait(waited);
}

/* The memory lock is held. The first can be put back when the second fails: its table is there. */
static bool swap(struct vm *vm, gpa_t a, gpa_t b)
{
    hpa_t hpa_a, hpa_b;

    if (!own_page(vm, a, &hpa_a) || !own_page(vm, b, &hpa_b) || !point_at(vm, a, hpa_b))
        return false;
    if (!point_at(vm, b, hpa_a)) {
        point_at(vm, a, hpa_a);
        return false;
    }
    /* Neither chunk is in one place any more. */
    memory_split_chunk(vm, a);
    memory_split_chunk(vm, b);
    return true;
}

bool memory_swap(struct vm *vm, gpa_t a, gpa_t b)
{
    struct vcpu *waited;
    bool swapped;

    if (!memory_is_ram(vm, a, PAGE_SIZE) || !memory_is_ram(vm, b, PAGE_SIZE))
        return false;
    if (a == b)
        return true;
    waited = memory_lock(vm);
    swapped = swap(vm, a, b);
    memory_unlock(vm, waited);
    return swapped;
}
