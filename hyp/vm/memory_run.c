/*
 * RAM that is where it is on the host (gPA = hPA), so that a device which was handed through and
 * does DMA finds it where the guest says. No IOMMU stops such a device when its VM has ended: the
 * run of host RAM is the VM's for ever.
 */
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/vm.h"

/* So much of it begins below 4 GiB, where a kernel can start, if not all of it does. */
#define LOW_BYTES MIB(64)

static bool take_run(struct vm *vm)
{
    u32 blocks = (u32)(vm->config.memory / SUPERPAGE_SIZE);
    hpa_t run = page_alloc_run(blocks, PLATFORM_RAM_BASE, GIB(4));

    if (run == PAGE_NONE)
        run = page_alloc_run(blocks, PLATFORM_RAM_BASE, GIB(4) - LOW_BYTES + vm->config.memory);
    if (run == PAGE_NONE)
        return complain(vm->config.name,
                        "dma = \"trusted\" needs %u MiB of RAM in one piece below 4 GiB, which no "
                        "free part of this machine's has",
                        (u32)(vm->config.memory >> 20));
    vm->memory.base = run;
    vm->memory.has_run = true;
    vm->memory.own_pages = memory_kept_pages(vm);
    return true;
}

bool memory_map_run(struct vm *vm)
{
    if (vm->config.lazy)
        return complain(vm->config.name,
                        "dma = \"trusted\" needs all of the RAM from the start: not with \"%s\"",
                        vm->config.shared ? "shared" : "lazy");
    if (!vm->memory.has_run && !take_run(vm))
        return false;
    return stage2_map(&vm->stage2, vm->memory.base, vm->memory.base, vm->config.memory,
                      STAGE2_RWX) == STAGE2_OK;
}

bool memory_clear_run_step(struct vm *vm, u32 *progress)
{
    u64 done = (u64)*progress * MEMORY_STEP_BYTES;

    if (done == vm->config.memory)
        return true;
    phys_fill(vm->memory.base + done, 0, MEMORY_STEP_BYTES);
    ++*progress;
    return false;
}

bool memory_free_run_step(struct vm *vm, u32 *progress)
{
    u64 done = (u64)*progress * SUPERPAGE_SIZE;

    if (!vm->memory.has_run || done == vm->config.memory)
        return true;
    stage2_drop(&vm->stage2, vm->memory.base + done);
    ++*progress;
    return false;
}
