/*
 * Copying from and to guest RAM, and finding it on the host, while the VM runs: stage 2 is looked
 * up without a lock.
 */
#include "arch/sv32.h"
#include "hyp/core/copy.h"
#include "hyp/core/hart.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/vm.h"

/* Is this hart's task a vCPU for which tlb_shoot_down waits? */
static bool is_inside(void)
{
    const struct task *task = this_hart()->task;

    return task && task->run == vcpu_run && container_of(task, struct vcpu, task)->in_guest;
}

/*
 * Between the two, what is looked up in stage 2 without the memory lock stays the VM's: who takes
 * pages away waits for vCPUs anyway, and for all others while they are counted (memory_return.c).
 * Nothing is waited for meanwhile.
 */
static bool pages_hold(struct vm *vm)
{
    if (likely(is_inside()))
        return false;
    __atomic_add_fetch(&vm->memory.users, 1, __ATOMIC_SEQ_CST);
    return true;
}

static void pages_release(struct vm *vm, bool counted)
{
    if (counted)
        __atomic_sub_fetch(&vm->memory.users, 1, __ATOMIC_RELEASE);
}

/* Backs the page of `gpa`, RAM, if need be, with the right that is needed. */
static bool back_for(struct vm *vm, gpa_t gpa, u32 right)
{
    enum memory_touched touched = memory_touch(vm, gpa, right == PTE_W);

    return touched == MEMORY_BACKED || touched == MEMORY_COPIED;
}

static bool is_mapped(const struct vm *vm, gpa_t gpa, u32 right, struct stage2_leaf *leaf)
{
    return stage2_lookup(&vm->stage2, gpa, leaf) && leaf->rights & right;
}

/* Where the byte at `gpa` is: pages are held when it returns true. Between backing it and looking
 * at it again the guest may have given it back. */
static bool hold(struct vm *vm, gpa_t gpa, u32 right, struct stage2_leaf *leaf, bool *counted)
{
    for (;;) {
        *counted = pages_hold(vm);
        if (is_mapped(vm, gpa, right, leaf))
            return true;
        pages_release(vm, *counted);
        if (!back_for(vm, gpa, right))
            return false;
    }
}

/* How much of `size` bytes at `gpa` lies in its page, or in its leaf of `unit` bytes. */
static u32 in_one(u32 unit, gpa_t gpa, u32 size)
{
    u32 room = unit - ((u32)gpa & (unit - 1));

    return size < room ? size : room;
}

static NOINLINE bool read_by_leaf(struct vm *vm, gpa_t gpa, u8 *out, u32 size)
{
    struct stage2_leaf leaf;
    bool counted;

    for (u32 count; size; size -= count, gpa += count, out += count) {
        if (!hold(vm, gpa, PTE_R, &leaf, &counted))
            return false;
        count = in_one(leaf.size, gpa, size);
        phys_read(leaf.hpa, out, count);
        pages_release(vm, counted);
    }
    return true;
}

static NOINLINE bool write_by_leaf(struct vm *vm, gpa_t gpa, const u8 *in, u32 size)
{
    struct stage2_leaf leaf;
    bool counted;

    for (u32 count; size; size -= count, gpa += count, in += count) {
        if (!hold(vm, gpa, PTE_W, &leaf, &counted))
            return false;
        count = in_one(leaf.size, gpa, size);
        phys_write(leaf.hpa, in, count);
        pages_release(vm, counted);
    }
    return true;
}

static pte_t load_entry(const pte_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/*
 * Where [gpa, gpa + size) is in the hypervisor's own memory: NULL unless it is there, RAM, mapped
 * with this right, and all of it in one page or 4 MiB leaf. Pages are held. The same as
 * memory_is_ram, stage2_lookup and phys_ptr, but short.
 */
static inline u8 *quick(const struct vm *vm, gpa_t gpa, u32 size, u32 right)
{
    u32 index = (u32)(gpa / SUPERPAGE_SIZE), unit = SUPERPAGE_SIZE, offset;
    const pte_t *entries = vm->stage2.entries;
    pte_t entry;
    u8 *leaf;

    if (gpa >> SV32X4_GPA_BITS || !entries ||
        index - (u32)(vm->memory.base / SUPERPAGE_SIZE) >=
            (u32)(vm->config.memory / SUPERPAGE_SIZE))
        return NULL;
    entry = load_entry(&entries[index]);
    if (!pte_is_leaf(entry)) {
        if (!(entry & PTE_V))
            return NULL;
        entries = phys_frame(entry >> PTE_PPN_SHIFT);
        entry = load_entry(&entries[sv32x4_gpn(gpa, 0)]);
        unit = PAGE_SIZE;
    }
    offset = (u32)gpa & (unit - 1);
    if (!(entry & right) || size > unit - offset)
        return NULL;
    leaf = phys_frame(entry >> PTE_PPN_SHIFT);
    return leaf ? leaf + offset : NULL;
}

bool memory_read(struct vm *vm, gpa_t gpa, void *to, u32 size)
{
    bool counted = pages_hold(vm);
    const u8 *from = quick(vm, gpa, size, PTE_R);

    if (likely(from))
        copy_whole(to, from, size);
    pages_release(vm, counted);
    return likely(from) || (memory_is_ram(vm, gpa, size) && read_by_leaf(vm, gpa, to, size));
}

bool memory_write(struct vm *vm, gpa_t gpa, const void *from, u32 size)
{
    bool counted = pages_hold(vm);
    u8 *to = quick(vm, gpa, size, PTE_W);

    if (likely(to))
        copy_whole(to, from, size);
    pages_release(vm, counted);
    return likely(to) || (memory_is_ram(vm, gpa, size) && write_by_leaf(vm, gpa, from, size));
}

/* The leaf at `gpa`, RAM, backed if need be. */
static bool find(struct vm *vm, gpa_t gpa, u32 right, struct stage2_leaf *leaf)
{
    while (!is_mapped(vm, gpa, right, leaf))
        if (!back_for(vm, gpa, right))
            return false;
    return true;
}

u32 memory_locate(struct vm *vm, gpa_t gpa, u32 size, bool write, hpa_t *at)
{
    u32 right = write ? PTE_W : PTE_R, run;
    struct stage2_leaf leaf;
    u64 room;

    if (!memory_is_ram(vm, gpa, 1) || !find(vm, gpa, right, &leaf))
        return 0;
    room = vm->memory.base + vm->config.memory - gpa;
    size = size < room ? size : (u32)room;
    *at = leaf.hpa;
    run = in_one(leaf.size, gpa, size);
    while (run < size && find(vm, gpa + run, right, &leaf) && leaf.hpa == *at + run)
        run += in_one(leaf.size, gpa + run, size - run);
    return run;
}
