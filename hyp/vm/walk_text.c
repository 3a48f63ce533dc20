#include "hyp/vm/walk_text.h"

#include <stdarg.h>

#include "arch/csr.h"
#include "hyp/core/printk.h"
#include "hyp/vm/walk_verdict.h"

struct printer {
    const struct walk_view *view;
    void (*line)(const char *text);
};

static void print(const struct printer *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print(const struct printer *p, const char *format, ...)
{
    char text[WALK_TEXT_WIDTH + 1];
    va_list list;

    va_start(list, format);
    format_text_list(text, sizeof(text), format, list);
    va_end(list);
    p->line(text);
}

static const char *mode_text(const struct walk_context *context)
{
    return context->user ? "VU-mode" : "VS-mode";
}

static void print_title(const struct printer *p)
{
    const struct walk_context *context = &p->view->context;

    print(p, "Twofold: VM \"%s\", vCPU %u: %s of gVA 0x%08x in %s%s%s", p->view->vm, p->view->vcpu,
          walk_access_text(p->view->record.access), p->view->record.gva, mode_text(context),
          context->sum ? ", SUM" : "", context->mxr ? ", MXR" : "");
}

static void print_roots(const struct printer *p)
{
    u32 vsatp = p->view->context.vsatp, hgatp = p->view->hgatp;
    gva_t gva = p->view->record.gva;

    if (vsatp & SATP_SV32) {
        print(p, "  gVA    %08x  VPN[1] %u, VPN[0] %u, offset 0x%03x", gva, sv32_vpn(gva, 1),
              sv32_vpn(gva, 0), gva & (PAGE_SIZE - 1));
        print(p, "  vsatp  %08x  Sv32, ASID %u, root at gPA 0x%09llx", vsatp,
              (vsatp & SATP_ASID) >> SATP_ASID_SHIFT, (u64)(vsatp & SATP_PPN) << PAGE_SHIFT);
    } else {
        print(p, "  vsatp  %08x  Bare: gPA = gVA", vsatp);
    }
    print(p, "  hgatp  %08x  Sv32x4, VMID %u, root at hPA 0x%09llx", hgatp,
          (hgatp & HGATP_VMID) >> HGATP_VMID_SHIFT, p->view->context.root);
}

/* Where an entry leads: a pointer to a table, a leaf to the byte that is translated. */
static void target_text(const struct walk_record *record, const struct walk_read *read,
                        char text[16])
{
    bool guest = read->stage == WALK_VS_STAGE;
    u32 offset = (guest ? record->gva : (u32)read->gpa) & (sv32_leaf_size(read->level) - 1);

    format_text(text, 16, "%s 0x%09llx", guest ? "gPA" : "hPA",
                pte_address(read->entry) | (pte_is_leaf(read->entry) ? offset : 0));
}

static bool is_blamed(const struct walk_record *record, u32 number)
{
    return record->reason && record->blamed == number;
}

/*
 * A table of the guest has an address in two spaces, one of the host's in one; there, the gPA is
 * what it is read for. A read whose entry is to blame for a fault is marked.
 */
static void print_read(const struct printer *p, u32 number)
{
    const struct walk_record *record = &p->view->record;
    const struct walk_read *read = &record->reads[number];
    bool guest = read->stage == WALK_VS_STAGE, blamed = is_blamed(record, number);
    u32 offset = read->index * (u32)sizeof(pte_t);
    char flags[WALK_FLAGS_TEXT], target[16];

    walk_flags_text(read->entry, flags);
    target_text(record, read, target);
    print(p, "%s %u  %-5s L%d  %s 0x%09llx  0x%09llx  %5u  %08x  %06x  %u  %s  %s",
          blamed ? "*" : " ", number + 1, guest ? "guest" : "host", read->level,
          guest ? " at" : "for", guest ? read->gpa - offset : read->gpa, read->hpa - offset,
          read->index, read->entry, read->entry >> PTE_PPN_SHIFT, read->entry >> PTE_RSW_SHIFT & 3,
          flags, blamed && record->reason <= WALK_MISALIGNED ? "nowhere" : target);
}

static void print_reads(const struct printer *p)
{
    print(p, "     table     for/at gPA       at hPA       index  entry     PPN    RSW DAGUXWRV  "
             "leads to");
    for (u32 i = 0; i < p->view->record.count; i++)
        print_read(p, i);
}

static const char *size_text(u32 size)
{
    return size == SUPERPAGE_SIZE ? "4 MiB" : size ? "4 KiB" : "none (Bare)";
}

static const char *instruction_text(const struct walk_view *view)
{
    return view->record.access == WALK_EXECUTE ? "HLVX" : "HLV";
}

/* What is at the end of the walk, read twice: where we found it, and where hardware finds it. */
static void print_word(const struct printer *p)
{
    const struct walk_view *view = p->view;

    if (view->hardware_cause)
        print(p, "  the word there: 0x%08x by our walk, but %s traps with cause %u  DIFFERENT",
              view->found, instruction_text(view), view->hardware_cause);
    else
        print(p, "  the word there: 0x%08x by our walk, 0x%08x by hardware (%s)%s", view->found,
              view->hardware, instruction_text(view),
              view->found == view->hardware ? "" : "  DIFFERENT");
}

static void print_translation(const struct printer *p)
{
    const struct walk_record *record = &p->view->record;
    char rights[4];

    walk_rights_text(record->rights, rights);
    print(p, "  gVA 0x%08x => gPA 0x%09llx => hPA 0x%09llx  in %u read%s", record->gva, record->gpa,
          record->hpa, record->count, record->count == 1 ? "" : "s");
    print(p, "  page of the guest: %s, leaf of the host: %s; rights of both in %s: %s",
          size_text(record->vs_size), size_text(record->g_size), mode_text(&p->view->context),
          rights);
    if (p->view->asked)
        print_word(p);
}

static void print_reason(const struct printer *p)
{
    const struct walk_record *record = &p->view->record;
    const struct walk_read *read = &record->reads[record->blamed];
    char where[32] = "";

    if (record->reason == WALK_NO_MEMORY)
        format_text(where, sizeof(where), ", hPA 0x%09llx", read->hpa);
    print(p, "  fault at read %u, entry %u of %s L%d%s: %s", record->blamed + 1, read->index,
          read->stage == WALK_VS_STAGE ? "guest" : "host", read->level, where,
          walk_reason_text(record));
}

static void print_trap(const struct printer *p, const struct walk_verdict *verdict)
{
    const struct walk_record *record = &p->view->record;
    char htinst[16];

    if (verdict->taker == WALK_GUEST) {
        print(p, "  trap: cause %u, %s, to the guest: stval 0x%08x", record->cause,
              walk_cause_text(record->cause), verdict->stval);
        return;
    }
    format_text(htinst, sizeof(htinst), "0x%08x", verdict->htinst);
    print(p, "  trap: cause %u, %s, to the hypervisor", record->cause,
          walk_cause_text(record->cause));
    print(p, "        stval 0x%08x, htval 0x%08x (gPA 0x%09llx), htinst %s", verdict->stval,
          verdict->htval, record->gpa,
          verdict->htinst                  ? htinst
          : record->access == WALK_EXECUTE ? "0"
                                           : "0 or the instruction");
}

static void print_answer(const struct printer *p)
{
    static const char *const texts[] = {
        [WALK_ANSWER_BACK] = "is RAM without a page: it gets one",
        [WALK_ANSWER_COPY] = "is shared RAM: the VM gets a page of its own",
        [WALK_ANSWER_DEVICE] = "is a register of a device, which answers: ",
        [WALK_ANSWER_ACCESS_FAULT] = "is nowhere: the guest gets an access fault",
    };
    const struct walk_record *record = &p->view->record;
    enum walk_answer answer = p->view->answer;

    if (answer)
        print(p, "        that gPA%s %s%s",
              record->implicit_write ? ", of the guest's entry to be updated,"
              : record->implicit     ? ", of the guest's entry,"
                                     : "",
              texts[answer], answer == WALK_ANSWER_DEVICE ? p->view->device : "");
}

/* HLVX may tell of a guest-page fault as of a page fault, without htval. */
static bool is_same_trap(const struct walk_view *view, const struct walk_verdict *verdict)
{
    if (view->hardware_cause == CAUSE_FETCH_PAGE && view->record.cause == CAUSE_FETCH_GUEST_PAGE)
        return true;
    return view->hardware_cause == view->record.cause && view->hardware_htval == verdict->htval;
}

static void print_hardware_trap(const struct printer *p, const struct walk_verdict *verdict)
{
    const struct walk_view *view = p->view;

    if (view->hardware_cause)
        print(p, "  hardware (%s): cause %u, htval 0x%08x, htinst 0x%08x%s", instruction_text(view),
              view->hardware_cause, view->hardware_htval, view->hardware_htinst,
              is_same_trap(view, verdict) ? "" : "  DIFFERENT");
    else
        print(p, "  hardware (%s): no trap, 0x%08x  DIFFERENT", instruction_text(view),
              view->hardware);
}

static void print_fault(const struct printer *p)
{
    struct walk_verdict verdict;

    walk_verdict(&p->view->record, &verdict);
    print_reason(p);
    print_trap(p, &verdict);
    print_answer(p);
    if (p->view->asked)
        print_hardware_trap(p, &verdict);
}

void walk_text(const struct walk_view *view, void (*line)(const char *text))
{
    const struct printer p = {view, line};

    print_title(&p);
    print_roots(&p);
    print_reads(&p);
    if (view->record.cause)
        print_fault(&p);
    else
        print_translation(&p);
}
