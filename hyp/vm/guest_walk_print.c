/* The walk as a picture in text: for a person at the console. */
#include "arch/csr.h"
#include "arch/guest_access.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/vm.h"

static const char *const access_names[] = {
    [WALK_READ] = "read",
    [WALK_WRITE] = "write",
    [WALK_EXECUTE] = "fetch",
};

/* The flags of an entry, one letter each, '-' where clear. */
static void flag_text(pte_t entry, char text[9])
{
    static const char letters[] = "DAGUXWRV";

    for (u32 i = 0; i < 8; i++)
        text[i] = entry >> (7 - i) & 1 ? letters[i] : '-';
    text[8] = '\0';
}

/* A guest's entry has an address in two spaces; the host's, in one, is there for a gPA. */
static void print_read(u32 number, const struct walk_read *read)
{
    bool guest = read->stage == WALK_VS_STAGE;
    char flags[9];

    flag_text(read->entry, flags);
    printk("  %u  %s L%u  %s gPA 0x%09llx %s hPA 0x%09llx  [%4u]  %08x %s -> %s 0x%09llx\n", number,
           guest ? "guest" : " host", read->level ? 1u : 2u, guest ? " at" : "for", read->gpa,
           guest ? "=" : ":", read->hpa, read->index, read->entry, flags, guest ? "gPA" : "hPA",
           pte_address(read->entry));
}

static const char *size_text(u32 size)
{
    return size == SUPERPAGE_SIZE ? "4 MiB" : size ? "4 KiB" : "none (Bare)";
}

/* What is at the end of the walk, read twice: where we found it, and where hardware finds it. */
static void print_value(gva_t gva, hpa_t hpa)
{
    struct guarded_trap trap;
    u32 ours = phys_read32(ALIGN_DOWN(hpa, 4));
    u32 hardware;

    if (guest_load_word(ALIGN_DOWN(gva, 4), &hardware, &trap))
        printk("  the word there: 0x%08x by our walk, 0x%08x by hardware (HLV)%s\n", ours, hardware,
               ours == hardware ? "" : "  DIFFERENT");
    else
        printk("  the word there: 0x%08x by our walk, but HLV traps with cause %u\n", ours,
               trap.cause);
}

static void print_end(gva_t gva, const struct walk_record *record)
{
    if (record->cause) {
        printk("  fault after %u reads: cause %u%s\n", record->count, record->cause,
               record->implicit ? ", on the guest's own tables" : "");
        return;
    }
    printk("  gVA 0x%08x => gPA 0x%09llx => hPA 0x%09llx  in %u reads\n", gva, record->gpa,
           record->hpa, record->count);
    printk("  page of the guest: %s, leaf of the host: %s\n", size_text(record->vs_size),
           size_text(record->g_size));
    print_value(gva, record->hpa);
}

void guest_walk_print(struct vcpu *vcpu, gva_t gva, enum walk_access access)
{
    struct walk_record record;

    guest_walk(vcpu, gva, access, !(csr_read(CSR_SSTATUS) & SSTATUS_SPP), &record);
    vm_console_flush(vcpu->vm);
    console_hold();
    printk("Twofold: VM \"%s\": %s of gVA 0x%08x through vsatp %08x and hgatp %08x\n",
           vcpu->vm->config.name, access_names[access], gva, csr_read(CSR_VSATP),
           csr_read(CSR_HGATP));
    for (u32 i = 0; i < record.count; i++)
        print_read(i + 1, &record.reads[i]);
    print_end(gva, &record);
    console_release();
}
