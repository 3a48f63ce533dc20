/*
 * A host with memory for a few small VMs, for the tests of hyp/vm/memory.h: the real allocator,
 * G-stage and memory files, over fake physical memory. The allocator can be made to fail, and what
 * would stop other vCPUs is recorded.
 */
#ifndef UNIT_MEMORY_RIG_H
#define UNIT_MEMORY_RIG_H

#include "tests/unit/fake_console.h"
#include "tests/unit/fake_vm.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/pages.c"

#define RECORDS   0x40000000ull
#define LOW_BANK  0x80000000ull /* direct: tables and records */
#define LOW_SIZE  MIB(8)
#define HIGH_BANK 0x140000000ull /* the RAM of the VMs */
#define HIGH_SIZE MIB(24)

#define RAM      ((gpa_t)PLATFORM_RAM_BASE)
#define MIB4     ((u64)SUPERPAGE_SIZE)
#define STEP     KIB(256)
#define PLENTY   0xffffffffu
#define RIG_VMS  4
#define VM_PAGES (VM_MIN_MEMORY / PAGE_SIZE)

static struct {
    struct vm vms[RIG_VMS];
    u32 allocations_left; /* until the allocator fails */
    u32 shoot_downs;
    void (*on_shoot_down)(const struct vm *vm);
} rig;

static hpa_t rig_page_alloc(u32 order, enum page_zone zone)
{
    if (!rig.allocations_left)
        return PAGE_NONE;
    if (rig.allocations_left != PLENTY)
        rig.allocations_left--;
    return page_alloc(order, zone);
}

static void *rig_page_alloc_ptr(u32 order)
{
    hpa_t block = rig_page_alloc(order, ZONE_DIRECT);

    if (block == PAGE_NONE)
        return NULL;
    phys_fill(block, 0, block_size(order));
    return phys_ptr(block);
}

enum vm_state vm_state(const struct vm *vm)
{
    return (enum vm_state)vm->life.state;
}

bool vm_is_ending(const struct vm *vm)
{
    return vm->life.ending != VM_STAYS;
}

void vm_request_end(struct vm *vm, enum vm_ending ending)
{
    if (!vm_is_ending(vm))
        vm->life.ending = ending;
}

enum task_result vcpu_run(struct task *task)
{
    UNIT_FAIL("task %p is not to run", (void *)task);
}

struct vcpu *vcpu_begin_wait(void)
{
    return NULL;
}

void vcpu_end_wait(struct vcpu *waited)
{
    CHECK(!waited);
}

u32 devices_pages(const struct vm *vm)
{
    (void)vm;
    return 0;
}

void tlb_shoot_down(const struct vm *vm)
{
    __atomic_add_fetch(&rig.shoot_downs, 1, __ATOMIC_RELAXED);
    if (rig.on_shoot_down)
        rig.on_shoot_down(vm);
}

#define page_alloc     rig_page_alloc
#define page_alloc_ptr rig_page_alloc_ptr
#include "hyp/vm/stage2.c"
#include "hyp/vm/memory_piece.c"
#include "hyp/vm/shared_image.c"
#include "hyp/vm/memory.c"
#include "hyp/vm/memory_access.c"
#include "hyp/vm/memory_chunks.c"
#include "hyp/vm/memory_lazy.c"
#include "hyp/vm/memory_return.c"
#include "hyp/vm/memory_run.c"
#include "hyp/vm/memory_life.c"
#include "hyp/vm/memory_load.c"
#undef page_alloc
#undef page_alloc_ptr

/* A host without VMs. What a failed test left is forgotten. */
static void start_host(void)
{
    memset(&pages, 0, sizeof(pages));
    for (u32 direct = 0; direct < 2; direct++)
        for (u32 order = 0; order <= PAGE_MAX_ORDER; order++)
            pages.free_list[direct][order] = FRAME_NONE;
    fake_ram_reset();
    fake_ram_add(RECORDS, MIB(1), true, FAKE_BACKED);
    fake_ram_add(LOW_BANK, LOW_SIZE, true, FAKE_BACKED);
    fake_ram_add(HIGH_BANK, HIGH_SIZE, false, FAKE_BACKED);
    pages_add_bank(LOW_BANK, LOW_BANK + LOW_SIZE, phys_ptr(RECORDS));
    pages_add_bank(HIGH_BANK, HIGH_BANK + HIGH_SIZE, phys_ptr(RECORDS + KIB(512)));
    memset(&rig, 0, sizeof(rig));
    memset(&images, 0, sizeof(images));
    rig.allocations_left = PLENTY;
    console_forget();
}

/* The host's pages that are in use. */
static u32 pages_used(void)
{
    return pages_total() - pages_free();
}

/* VM `index`, 8 MiB, not yet with its memory; `how` is "", or has "lazy", "shared", "4K" or
 * "trusted" in it. */
static struct vm *describe_vm(u32 index, const char *how)
{
    static const char *const names[RIG_VMS] = {"a", "b", "c", "d"};
    struct vm *vm = &rig.vms[index];

    memset(vm, 0, sizeof(*vm));
    vm->config = (struct vm_config){
        .name = names[index],
        .cpus = 1,
        .memory = VM_MIN_MEMORY,
        .shared = strstr(how, "shared") != NULL,
        .lazy = strstr(how, "lazy") || strstr(how, "shared"),
        .small_leaves = strstr(how, "4K") != NULL,
        .dma_trusted = strstr(how, "trusted") != NULL,
    };
    memory_init(vm);
    return vm;
}

static inline struct vm *make_vm(u32 index, const char *how)
{
    struct vm *vm = describe_vm(index, how);

    CHECK(memory_create(vm));
    return vm;
}

static inline void add_piece_to(struct vm *vm, gpa_t gpa, const void *data, u32 size)
{
    CHECK(memory_add_piece(vm, &(struct piece){data, gpa, size}));
}

/* Runs steps until they are done; returns how many it took. */
static u32 run_steps(bool (*step)(struct vm *vm, u32 *progress), struct vm *vm)
{
    u32 progress = 0, count = 1;

    while (!step(vm, &progress))
        count++;
    return count;
}

static inline enum memory_load load_pieces(struct vm *vm)
{
    enum memory_load result;
    u32 progress = 0;

    while ((result = memory_load_step(vm, &progress)) == MEMORY_LOADING)
        ;
    return result;
}

/* Clears and loads: the state in which a life begins. */
static inline void begin_life(struct vm *vm)
{
    run_steps(memory_clear_step, vm);
    CHECK_EQ(load_pieces(vm), MEMORY_LOADED);
}

static void end_vm(struct vm *vm)
{
    run_steps(memory_free_step, vm);
    CHECK(!vm->stage2.entries && !vm->memory.chunks && !vm->memory.piece_count);
}

/* All VMs are gone: so must be all that they had. */
static void end_host(void)
{
    CHECK_EQ(pages_used(), 0);
    CHECK_EQ(shared_image_pages(), 0);
    CHECK(!images.first);
}

/* Where a page of the VM is; fails the test when it is nowhere. */
static inline struct stage2_leaf leaf_at(const struct vm *vm, gpa_t gpa)
{
    struct stage2_leaf leaf = {0};

    CHECK(stage2_lookup(&vm->stage2, gpa, &leaf));
    return leaf;
}

static inline bool is_backed(const struct vm *vm, gpa_t gpa)
{
    struct stage2_leaf leaf;

    return stage2_lookup(&vm->stage2, gpa, &leaf);
}

/* What the host page that is mapped at `gpa` holds, without any of the code under test. */
static inline u8 byte_at(const struct vm *vm, gpa_t gpa)
{
    return *fake_bytes(leaf_at(vm, gpa).hpa, 1);
}

/* Are the `size` bytes at `gpa`, all backed, those at `bytes`, or zeros when it is NULL? */
static inline bool ram_is(const struct vm *vm, gpa_t gpa, const u8 *bytes, u32 size)
{
    for (u32 i = 0; i < size; i++)
        if (byte_at(vm, gpa + i) != (bytes ? bytes[i] : 0))
            return false;
    return true;
}

/* A file: bytes that differ from their neighbours and from those of other files. */
static inline u8 *make_file(u32 size, u32 seed)
{
    u8 *bytes = malloc(size);

    for (u32 i = 0; i < size; i++)
        bytes[i] = (u8)(i * 31 + (i >> 8) * 7 + seed * 101 + 1);
    return bytes;
}

#endif
