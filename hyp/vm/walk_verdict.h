/*
 * What a walk that ends in a fault means: the trap that hardware raises, who takes it, and the
 * words for it. Pure.
 */
#ifndef VM_WALK_VERDICT_H
#define VM_WALK_VERDICT_H

#include "hyp/vm/walk.h"

/* Who takes the trap: page and access faults are delegated (hedeleg), guest-page faults cannot be.
 */
enum walk_taker { WALK_NOBODY, WALK_GUEST, WALK_HYPERVISOR };

/* HTINST of a fault on the guest's own tables (privileged spec, "Transformed Instruction or
 * Pseudoinstruction for mtinst or htinst"). */
#define WALK_HTINST_READ  0x00002000u
#define WALK_HTINST_WRITE 0x00002020u

/* All 0 when the walk ended well. */
struct walk_verdict {
    enum walk_taker taker;
    u32 stval;
    u32 htval;  /* bits 33:2 of the gPA of a guest-page fault                             */
    u32 htinst; /* of a fault on the guest's own tables; else the hart may have 0 there, or,
                 * of a load or store, the instruction                                    */
};

void walk_verdict(const struct walk_record *record, struct walk_verdict *verdict);

bool walk_is_guest_page_fault(u32 cause);

/* "load page fault". NULL: no walk ends so. */
const char *walk_cause_text(u32 cause);

/* What is wrong with the entry to blame, as the end of a sentence about it; "" for WALK_FINE. */
const char *walk_reason_text(const struct walk_record *record);

/* The same of a flaw (walk_entry_flaw). */
const char *walk_flaw_text(enum walk_reason flaw);

/* "read", "write", "fetch". */
const char *walk_access_text(enum walk_access access);

/* "r-x"; `text` has 4 bytes. */
void walk_rights_text(u32 rights, char *text);

/* The flags of an entry in the order of their bits, "DAGUXWRV", '-' where one is clear. */
#define WALK_FLAGS_TEXT 9
void walk_flags_text(pte_t entry, char text[WALK_FLAGS_TEXT]);

#endif
