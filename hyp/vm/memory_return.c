/*
 * Pages of RAM that the guest can do without go back to the host while it runs. Between a page's
 * last use and its free: it is unmapped, the vCPUs forget it, and whoever had looked it up before
 * has finished with it.
 */
#include "hyp/core/pages.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/tlb.h"
#include "hyp/vm/vm.h"

/* What is taken at a time: one shoot-down for all. */
struct batch {
    u32 frames[MEMORY_STEP_PAGES];
    u32 count;
};

/* The memory lock is held. False: no host memory for a table. */
static bool take_page(struct vm *vm, gpa_t page, struct batch *batch)
{
    struct stage2_leaf leaf;

    if (!stage2_lookup(&vm->stage2, page, &leaf) || memory_has_image(vm, page))
        return true;
    if (stage2_unmap(&vm->stage2, page, PAGE_SIZE) != STAGE2_OK)
        return false;
    memory_split_chunk(vm, page);
    vm->memory.own_pages--;
    batch->frames[batch->count++] = (u32)(leaf.hpa >> PAGE_SHIFT);
    return true;
}

/* Until all who had looked a page up before it was unmapped are done: they hold it for a copy. */
static void wait_for_users(const struct vm *vm)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* with the one in memory.c, pages_hold */
    while (__atomic_load_n(&vm->memory.users, __ATOMIC_ACQUIRE))
        ;
}

/* At most MEMORY_STEP_PAGES. */
static bool give_back(struct vm *vm, gpa_t gpa, u32 count)
{
    struct batch batch = {.count = 0};
    struct vcpu *waited = memory_lock(vm);
    bool taken = true;

    for (u32 i = 0; i < count && taken; i++)
        taken = take_page(vm, gpa + i * PAGE_SIZE, &batch);
    if (batch.count) {
        tlb_shoot_down(vm);
        wait_for_users(vm);
    }
    memory_unlock(vm, waited);
    for (u32 i = 0; i < batch.count; i++)
        page_free((hpa_t)batch.frames[i] << PAGE_SHIFT, 0);
    return taken;
}

bool memory_give_back(struct vm *vm, gpa_t gpa, u64 size)
{
    gpa_t end = gpa + size;

    if (vm->config.dma_trusted || !IS_ALIGNED(gpa | size, (u64)PAGE_SIZE) ||
        !memory_is_ram(vm, gpa, size))
        return false;
    for (; gpa < end; gpa += MEMORY_STEP_BYTES) {
        u64 left = (end - gpa) / PAGE_SIZE;

        if (!give_back(vm, gpa, left < MEMORY_STEP_PAGES ? (u32)left : MEMORY_STEP_PAGES))
            return false;
    }
    return true;
}
