/* RAM that is backed when it is touched, at first or after it was given back: with zeros, or with
 * what the VM's images have there. */
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/tlb.h"
#include "hyp/vm/vm.h"

/* What images have in a page of a VM that shares them. */
struct page_contents {
    u32 pieces;
    const struct memory_piece *only; /* where it is one */
};

static struct page_contents contents_of(const struct vm *vm, gpa_t page)
{
    struct page_contents contents = {0};

    if (!vm->config.shared)
        return contents;
    for (u32 i = 0; i < vm->memory.piece_count; i++) {
        if (!piece_covers(&vm->memory.pieces[i].piece, page))
            continue;
        contents.only = contents.pieces++ ? NULL : &vm->memory.pieces[i];
    }
    return contents;
}

bool memory_has_image(const struct vm *vm, gpa_t page)
{
    return contents_of(vm, page).pieces != 0;
}

/* A page of the VM's own, filled as at power-on; PAGE_NONE: no memory. */
static hpa_t compose(const struct vm *vm, gpa_t page)
{
    hpa_t backing = page_alloc(0, ZONE_ANY);

    if (backing == PAGE_NONE)
        return PAGE_NONE;
    phys_fill(backing, 0, PAGE_SIZE);
    if (vm->config.shared)
        for (u32 i = 0; i < vm->memory.piece_count; i++)
            piece_write(&vm->memory.pieces[i].piece, page, backing);
    return backing;
}

/*
 * Nothing is mapped at `page`. Instructions that we have stored may be in no hart's way of fetching
 * them yet: the guest does not know that it would need fence.i. So its vCPUs take new VMIDs before
 * they can see the page, and with that comes a fence.i.
 */
static bool map(struct vm *vm, gpa_t page, hpa_t backing, u32 rights, bool has_code)
{
    if (has_code)
        tlb_shoot_down(vm);
    return stage2_map(&vm->stage2, page, backing, PAGE_SIZE, rights) == STAGE2_OK;
}

static enum memory_touched back_own(struct vm *vm, gpa_t page, bool has_code)
{
    hpa_t backing = compose(vm, page);

    if (backing == PAGE_NONE)
        return MEMORY_EXHAUSTED;
    if (!map(vm, page, backing, STAGE2_RWX, has_code)) {
        page_free(backing, 0);
        return MEMORY_EXHAUSTED;
    }
    vm->memory.own_pages++;
    return MEMORY_BACKED;
}

static enum memory_touched back_shared(struct vm *vm, gpa_t page, const struct memory_piece *piece)
{
    gpa_t image_start = ALIGN_DOWN(piece->piece.gpa, PAGE_SIZE);
    hpa_t backing = shared_image_page(piece->image, (u32)((page - image_start) >> PAGE_SHIFT));

    if (backing == PAGE_NONE || !map(vm, page, backing, STAGE2_RX, true))
        return MEMORY_EXHAUSTED;
    vm->memory.shared_pages++;
    return MEMORY_BACKED;
}

static enum memory_touched back(struct vm *vm, gpa_t page, bool write)
{
    struct page_contents contents = contents_of(vm, page);

    if (contents.only && contents.only->image && !write)
        return back_shared(vm, page, contents.only);
    return back_own(vm, page, contents.pieces);
}

/*
 * Copy on write, without a moment in which the page is not mapped, or in which one vCPU writes to
 * the new page while another reads the old one: the copy takes the place of the original read-only,
 * when either may be read; once nobody can have the original, it becomes writable. The copy is made
 * from the bundle, for so far nobody has written there.
 */
static enum memory_touched copy(struct vm *vm, gpa_t page)
{
    hpa_t backing = compose(vm, page);

    if (backing == PAGE_NONE)
        return MEMORY_EXHAUSTED;
    /* Of one entry that is there: nothing to allocate, nothing that could fail. */
    ASSERT(stage2_remap(&vm->stage2, page, backing, PAGE_SIZE, STAGE2_RX) == STAGE2_OK);
    tlb_shoot_down(vm);
    ASSERT(stage2_remap(&vm->stage2, page, backing, PAGE_SIZE, STAGE2_RWX) == STAGE2_OK);
    vm->memory.shared_pages--;
    vm->memory.own_pages++;
    return MEMORY_COPIED;
}

enum memory_touched memory_touch_page(struct vm *vm, gpa_t page, bool write)
{
    struct stage2_leaf leaf;

    if (stage2_lookup(&vm->stage2, page, &leaf))
        return write && !(leaf.rights & PTE_W) ? copy(vm, page) : MEMORY_BACKED;
    if (!vm->stage2.entries)
        return MEMORY_NOT_RAM;
    return back(vm, page, write);
}

/* Whoever touched it, the guest or we for it: told once, for the VM may come here until it stops.
 */
static void end_for_want(struct vm *vm, gpa_t gpa)
{
    if (!vm_is_ending(vm))
        printk("Twofold: VM \"%s\" stopped: no host memory is left for its page 0x%llx\n",
               vm->config.name, gpa);
    vm_request_end(vm, vm_state(vm) == VM_STARTING ? VM_UNBOOTABLE : VM_FAULTS);
}

enum memory_touched memory_touch(struct vm *vm, gpa_t gpa, bool write)
{
    enum memory_touched result;
    struct vcpu *waited;

    if (!memory_is_ram(vm, gpa, 1))
        return MEMORY_NOT_RAM;
    /* Under the lock: another vCPU may have been faster. */
    waited = memory_lock(vm);
    result = memory_touch_page(vm, ALIGN_DOWN(gpa, PAGE_SIZE), write);
    memory_unlock(vm, waited);
    if (result == MEMORY_EXHAUSTED)
        end_for_want(vm, gpa);
    return result;
}
