#include "hyp/vm/walk_verdict.h"

#include "arch/csr.h"

bool walk_is_guest_page_fault(u32 cause)
{
    return cause == CAUSE_FETCH_GUEST_PAGE || cause == CAUSE_LOAD_GUEST_PAGE ||
           cause == CAUSE_STORE_GUEST_PAGE;
}

void walk_verdict(const struct walk_record *record, struct walk_verdict *verdict)
{
    *verdict = (struct walk_verdict){.taker = WALK_NOBODY};
    if (!record->cause)
        return;
    verdict->stval = record->gva;
    verdict->taker = WALK_GUEST;
    if (!walk_is_guest_page_fault(record->cause))
        return;
    verdict->taker = WALK_HYPERVISOR;
    verdict->htval = (u32)(record->gpa >> 2);
    if (record->implicit)
        verdict->htinst = record->implicit_write ? WALK_HTINST_WRITE : WALK_HTINST_READ;
}

const char *walk_cause_text(u32 cause)
{
    static const char *const texts[] = {
        [CAUSE_FETCH_ACCESS] = "instruction access fault",
        [CAUSE_LOAD_ACCESS] = "load access fault",
        [CAUSE_STORE_ACCESS] = "store/AMO access fault",
        [CAUSE_FETCH_PAGE] = "instruction page fault",
        [CAUSE_LOAD_PAGE] = "load page fault",
        [CAUSE_STORE_PAGE] = "store/AMO page fault",
        [CAUSE_FETCH_GUEST_PAGE] = "instruction guest-page fault",
        [CAUSE_LOAD_GUEST_PAGE] = "load guest-page fault",
        [CAUSE_STORE_GUEST_PAGE] = "store/AMO guest-page fault",
    };

    return cause < ARRAY_SIZE(texts) ? texts[cause] : NULL;
}

/* The right that the access needs in the entry to blame: an entry is read or written, whatever the
 * access. */
static enum walk_access needed(const struct walk_record *record)
{
    if (!record->implicit)
        return record->access;
    return record->implicit_write ? WALK_WRITE : WALK_READ;
}

const char *walk_flaw_text(enum walk_reason flaw)
{
    static const char *const texts[WALK_REASONS] = {
        [WALK_FINE] = "",
        [WALK_NO_MEMORY] = "there is no memory",
        [WALK_NOT_VALID] = "it is not valid (V is 0)",
        [WALK_RESERVED_POINTER] = "a pointer with A, D or U is reserved",
        [WALK_TOO_DEEP] = "a pointer, but there is no further level (R, W, X are 0)",
        [WALK_RESERVED_RIGHTS] = "W without R is reserved",
        [WALK_MISALIGNED] = "a misaligned superpage (PPN[0] is not 0)",
        [WALK_NOT_USER] = "not a page of user mode (U is 0)",
        [WALK_USER_PAGE] = "a page of user mode (U is 1), which SUM does not open",
        [WALK_NO_RIGHT] = "it does not allow that",
        [WALK_NOT_ACCESSED] = "A is 0, and hardware does not set it",
        [WALK_NOT_DIRTY] = "D is 0, and hardware does not set it",
    };

    return texts[flaw];
}

const char *walk_reason_text(const struct walk_record *record)
{
    static const char *const rights[] = {
        [WALK_READ] = "it does not allow reads (R is 0)",
        [WALK_WRITE] = "it does not allow writes (W is 0)",
        [WALK_EXECUTE] = "it does not allow fetches (X is 0)",
    };

    return record->reason == WALK_NO_RIGHT ? rights[needed(record)]
                                           : walk_flaw_text(record->reason);
}

const char *walk_access_text(enum walk_access access)
{
    static const char *const texts[] = {
        [WALK_READ] = "read",
        [WALK_WRITE] = "write",
        [WALK_EXECUTE] = "fetch",
    };

    return texts[access];
}

void walk_rights_text(u32 rights, char *text)
{
    text[0] = rights & PTE_R ? 'r' : '-';
    text[1] = rights & PTE_W ? 'w' : '-';
    text[2] = rights & PTE_X ? 'x' : '-';
    text[3] = '\0';
}

void walk_flags_text(pte_t entry, char text[WALK_FLAGS_TEXT])
{
    static const char letters[] = "DAGUXWRV";

    for (u32 i = 0; i < 8; i++)
        text[i] = entry >> (7 - i) & 1 ? letters[i] : '-';
    text[8] = '\0';
}
