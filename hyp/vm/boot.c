#include "hyp/vm/boot.h"

#include "arch/u64.h"
#include "hyp/core/printk.h"
#include "hyp/vm/guest_fdt.h"
#include "hyp/vm/image.h"
#include "hyp/vm/memory.h"
#include "hyp/vm/vm.h"

/* QEMU puts the FDT of an RV32 machine at the end of RAM, but not above its first GiB. */
#define FDT_CEILING GIB(1)
#define FDT_ALIGN   MIB(2)

/* Where things go: FDT at the top, the initrd right below it, the kernel where it wants to be. */
struct places {
    gpa_t fdt, initrd, initrd_end;
};

/* The FDT lies below this. Its address goes into a register. */
static gpa_t fdt_end(const struct vm *vm)
{
    u64 size = vm->config.memory < FDT_CEILING ? vm->config.memory : FDT_CEILING;
    gpa_t end = vm->memory.base + size;

    return end < GIB(4) ? end : GIB(4);
}

static bool choose_places(const struct vm *vm, const struct image_plan *kernel,
                          struct places *places)
{
    gpa_t end = fdt_end(vm);
    u32 size = vm->config.initrd.size;

    places->fdt = ALIGN_DOWN(end - GUEST_FDT_MAX, FDT_ALIGN);
    places->initrd = places->initrd_end = 0;
    if (kernel->end > places->fdt && kernel->start < places->fdt + GUEST_FDT_MAX) {
        printk("Twofold: VM \"%s\": the kernel ends at 0x%llx, where the device tree must go; "
               "give the VM more memory\n",
               vm->config.name, kernel->end);
        return false;
    }
    if (!size)
        return true;
    places->initrd = ALIGN_DOWN(places->fdt - size, PAGE_SIZE);
    places->initrd_end = places->initrd + size;
    if (size > places->fdt - vm->memory.base ||
        (places->initrd < kernel->end && kernel->start < places->initrd_end)) {
        printk("Twofold: VM \"%s\": kernel (to 0x%llx) and initrd (%u KiB) do not fit %u MiB\n",
               vm->config.name, kernel->end, size / 1024, (u32)(vm->config.memory >> 20));
        return false;
    }
    return true;
}

static bool write_fdt(struct vm *vm, const struct places *places)
{
    static u8 buffer[GUEST_FDT_MAX] __attribute__((aligned(8)));
    static struct spinlock lock; /* of the buffer: two VMs may start again at once */
    bool written;
    u32 size;

    spin_lock(&lock);
    size = guest_fdt_write(vm, buffer, places->initrd, places->initrd_end);
    written = size && memory_write(vm, places->fdt, buffer, size);
    spin_unlock(&lock);
    if (!size)
        printk("Twofold: VM \"%s\": its device tree does not fit %u bytes\n", vm->config.name,
               GUEST_FDT_MAX);
    return written;
}

_Static_assert(IMAGE_SEGMENTS + 1 <= MEMORY_PIECES, "there is room for all pieces");

static void add_pieces(struct vm *vm, const struct image_plan *kernel, const struct places *places)
{
    const struct blob *initrd = &vm->config.initrd;
    const struct piece piece = {initrd->data, places->initrd, initrd->size};

    for (u32 i = 0; i < kernel->piece_count; i++)
        ASSERT(memory_add_piece(vm, &kernel->pieces[i]));
    if (initrd->size)
        ASSERT(memory_add_piece(vm, &piece));
}

bool boot_plan(struct vm *vm)
{
    struct image_plan kernel;
    struct places places;

    if (!image_plan(vm, &kernel) || !choose_places(vm, &kernel, &places))
        return false;
    if (!vm->memory.piece_count)
        add_pieces(vm, &kernel, &places);
    return true;
}

/* The plan is made again rather than kept: it takes little, and nothing that it depends on changes
 * while the VM has its memory. */
bool boot_finish(struct vm *vm)
{
    struct vcpu *first = vm->vcpus[0];
    struct image_plan kernel;
    struct places places;

    if (!image_plan(vm, &kernel) || !choose_places(vm, &kernel, &places) || !write_fdt(vm, &places))
        return false;
    first->start_entry = u64_low(kernel.entry);
    first->start_opaque = u64_low(places.fdt);
    first->hsm = HSM_START_PENDING;
    return true;
}
