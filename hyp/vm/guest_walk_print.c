/* The walk as a picture in text: for a person at the console. */
#include "arch/csr.h"
#include "arch/guest_access.h"
#include "hyp/core/console.h"
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
static void show_read(u32 number, const struct walk_read *read)
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
static void show_value(const struct guest_walk_view *view)
{
    if (view->hardware_cause)
        printk("  the word there: 0x%08x by our walk, but HLV traps with cause %u\n", view->found,
               view->hardware_cause);
    else
        printk("  the word there: 0x%08x by our walk, 0x%08x by hardware (HLV)%s\n", view->found,
               view->hardware, view->found == view->hardware ? "" : "  DIFFERENT");
}

static void show_fault(const struct guest_walk_view *view)
{
    const struct walk_record *record = &view->record;

    printk("  fault after %u reads: cause %u%s\n", record->count, record->cause,
           record->implicit ? ", on the guest's own tables" : "");
    if (record->cause >= CAUSE_FETCH_GUEST_PAGE)
        printk("  gPA 0x%09llx does not translate\n", record->gpa);
}

static void show_end(const struct guest_walk_view *view)
{
    const struct walk_record *record = &view->record;

    if (record->cause) {
        show_fault(view);
        return;
    }
    printk("  gVA 0x%08x => gPA 0x%09llx => hPA 0x%09llx  in %u reads\n", record->gva, record->gpa,
           record->hpa, record->count);
    printk("  page of the guest: %s, leaf of the host: %s\n", size_text(record->vs_size),
           size_text(record->g_size));
    show_value(view);
}

void guest_walk_show(const struct guest_walk_view *view)
{
    const struct walk_record *record = &view->record;

    console_hold();
    printk("Twofold: VM \"%s\": %s of gVA 0x%08x through vsatp %08x and hgatp %08x%s\n",
           view->vm_name, access_names[record->access], record->gva, view->vsatp, view->hgatp,
           view->user ? ", in VU-mode" : "");
    for (u32 i = 0; i < record->count; i++)
        show_read(i + 1, &record->reads[i]);
    show_end(view);
    console_release();
}

/* HLV has the rights of the mode in SPVP. */
static void ask_hardware(struct guest_walk_view *view)
{
    u32 hstatus = csr_read(CSR_HSTATUS);
    struct guarded_trap trap;

    csr_write(CSR_HSTATUS, view->user ? hstatus & ~HSTATUS_SPVP : hstatus | HSTATUS_SPVP);
    view->hardware_cause = 0;
    if (!guest_load_word(ALIGN_DOWN(view->record.gva, 4), &view->hardware, &trap))
        view->hardware_cause = trap.cause;
    csr_write(CSR_HSTATUS, hstatus);
}

void guest_walk_look(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                     struct guest_walk_view *view)
{
    *view = (struct guest_walk_view){
        .vm_name = vcpu->vm->config.name,
        .user = user,
        .vsatp = csr_read(CSR_VSATP),
        .hgatp = csr_read(CSR_HGATP),
    };
    guest_walk(vcpu, gva, access, user, &view->record);
    if (view->record.cause)
        return;
    view->found = phys_read32(ALIGN_DOWN(view->record.hpa, 4));
    ask_hardware(view);
}

void guest_walk_print(const struct vcpu *vcpu, gva_t gva, enum walk_access access)
{
    struct guest_walk_view view;

    guest_walk_look(vcpu, gva, access, !(csr_read(CSR_SSTATUS) & SSTATUS_SPP), &view);
    vm_console_flush(vcpu->vm);
    guest_walk_show(&view);
}
