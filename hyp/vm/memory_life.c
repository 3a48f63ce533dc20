/*
 * A VM's RAM comes, is cleared and goes. No vCPU runs, so that nothing here needs a lock or a
 * fence; what the host gets back it poisons, which is why that takes steps.
 */
#include "hyp/core/pages.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/vm.h"

void memory_drop_page(struct vm *vm, gpa_t page, const struct stage2_leaf *leaf)
{
    stage2_unmap(&vm->stage2, page, PAGE_SIZE);
    if (!(leaf->rights & PTE_W)) {
        vm->memory.shared_pages--;
        return;
    }
    page_free(leaf->hpa, 0);
    vm->memory.own_pages--;
}

/* Gives back what is mapped from `*gpa` on, up to `end`, 4 MiB-aligned, with the table there.
 * False: there is more, but the step, `left` pages of it, is over. */
static bool give_back_table(struct vm *vm, gpa_t *gpa, gpa_t end, u32 *left)
{
    struct stage2_leaf leaf;

    for (; stage2_next(&vm->stage2, gpa, end, &leaf); *gpa += PAGE_SIZE) {
        if (!*left)
            return false;
        --*left;
        memory_drop_page(vm, *gpa, &leaf);
    }
    stage2_drop(&vm->stage2, end - SUPERPAGE_SIZE);
    return true;
}

/* Gives back what was touched; progress: pages of RAM. */
static bool give_back_step(struct vm *vm, u32 *progress)
{
    gpa_t end = vm->memory.base + vm->config.memory;
    gpa_t gpa = vm->memory.base + (gpa_t)*progress * PAGE_SIZE;
    u32 left = MEMORY_STEP_PAGES;
    bool done = true;

    while (done && gpa < end)
        done = give_back_table(vm, &gpa, ALIGN_DOWN(gpa, SUPERPAGE_SIZE) + SUPERPAGE_SIZE, &left);
    *progress = (u32)((gpa - vm->memory.base) / PAGE_SIZE);
    return done;
}

/* Lazy RAM. */
static bool map_nothing(struct vm *vm)
{
    (void)vm;
    return true;
}

/* The kinds of RAM. */
struct backing {
    bool (*map)(struct vm *vm);
    bool (*clear_step)(struct vm *vm, u32 *progress);
    bool (*free_step)(struct vm *vm, u32 *progress);
};

static const struct backing *backing_of(const struct vm *vm)
{
    static const struct backing lazy = {map_nothing, give_back_step, give_back_step};
    static const struct backing run = {memory_map_run, memory_clear_run_step, memory_free_run_step};
    static const struct backing chunks = {memory_map_chunks, memory_clear_chunks_step,
                                          memory_free_chunks_step};

    if (vm->config.dma_trusted)
        return &run;
    return vm->config.lazy ? &lazy : &chunks;
}

void memory_init(struct vm *vm)
{
    vm->memory = (struct vm_memory){.base = PLATFORM_RAM_BASE};
}

/* As after memory_init, but for RAM that is the VM's for ever. */
static void forget(struct vm *vm)
{
    gpa_t base = vm->memory.base;
    bool has_run = vm->memory.has_run;

    memory_init(vm);
    if (!has_run)
        return;
    vm->memory.base = base;
    vm->memory.has_run = true;
    vm->memory.own_pages = memory_kept_pages(vm);
}

bool memory_create(struct vm *vm)
{
    u32 progress = 0;

    forget(vm);
    if (!stage2_init(&vm->stage2))
        return false;
    vm->stage2.small_leaves = vm->config.small_leaves;
    if (backing_of(vm)->map(vm))
        return true;
    while (!memory_free_step(vm, &progress))
        ;
    return false;
}

bool memory_clear_step(struct vm *vm, u32 *progress)
{
    if (!backing_of(vm)->clear_step(vm, progress))
        return false;
    for (u32 i = 0; i < vm->memory.piece_count; i++)
        vm->memory.pieces[i].loaded = 0;
    return true;
}

/* One image at a step; true: the VM uses none any more. */
static bool release_image_step(struct vm *vm)
{
    for (u32 i = 0; i < vm->memory.piece_count; i++) {
        struct memory_piece *piece = &vm->memory.pieces[i];

        if (!piece->image)
            continue;
        if (shared_image_release_step(piece->image))
            piece->image = NULL;
        return false;
    }
    return true;
}

bool memory_free_step(struct vm *vm, u32 *progress)
{
    if (!backing_of(vm)->free_step(vm, progress) || !release_image_step(vm))
        return false;
    stage2_destroy(&vm->stage2);
    forget(vm);
    return true;
}

u32 memory_kept_pages(const struct vm *vm)
{
    return vm->memory.has_run ? (u32)(vm->config.memory / PAGE_SIZE) : 0;
}

struct memory_footprint memory_footprint(const struct vm *vm)
{
    struct memory_footprint footprint = {
        .own = vm->memory.own_pages,
        .shared = vm->memory.shared_pages,
        .tables = vm->stage2.table_pages,
        .other = BIT(VM_ORDER) + devices_pages(vm),
    };

    for (u32 i = 0; i < SHARED_REGIONS_PER_VM; i++)
        footprint.shared += vm->shared[i].pages;
    for (u32 i = 0; i < vm->config.cpus; i++)
        if (__atomic_load_n(&vm->vcpus[i], __ATOMIC_RELAXED))
            footprint.other += BIT(VCPU_ORDER);
    if (vm->memory.chunks)
        footprint.other += BIT(memory_chunk_list_order(vm));
    return footprint;
}
