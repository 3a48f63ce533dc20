/*
 * The two-dimensional walk, in software: gVA => gPA through the guest's Sv32 tables (VS-stage),
 * each of whose entries lies at a gPA that is itself translated through the VM's Sv32x4 tables
 * (G-stage). Records every table entry read, in the order in which hardware reads them:
 *
 *            guest L1 entry        guest L0 entry        the page
 *   host L1        1                     4                   7
 *   host L0        2                     5                   8
 *   guest          3                     6                   => hPA
 *
 * Pure: memory is read through a callback, so the host tests it over random tables. Its verdict is
 * that of the hardware, fault by fault, with A and D updates either left to software (Svade) or
 * done by hardware (Svadu); the walk itself changes nothing.
 */
#ifndef VM_WALK_H
#define VM_WALK_H

#include "arch/sv32.h"
#include "arch/types.h"

#define WALK_MAX_READS 8

enum walk_access { WALK_READ, WALK_WRITE, WALK_EXECUTE };

enum walk_stage { WALK_VS_STAGE, WALK_G_STAGE };

/* What governs a walk: the CSRs of the vCPU as it would make the access. */
struct walk_context {
    u32 vsatp;           /* mode, ASID, root; Bare skips the VS-stage                     */
    hpa_t root;          /* of the G-stage                                                */
    bool user;           /* VU-mode                                                       */
    bool sum;            /* vsstatus.SUM: VS-mode reads and writes pages of VU-mode       */
    bool mxr;            /* vsstatus.MXR: loads may read executable pages, VS-stage only  */
    bool mxr_hs;         /* sstatus.MXR: the same in both stages                          */
    bool vs_hardware_ad; /* henvcfg.ADUE: A and D of the VS-stage are set by hardware     */
    bool g_hardware_ad;  /* menvcfg.ADUE: A and D of the G-stage are set by hardware      */
    bool ignores_ad;     /* a debugger's walk: A and D are neither asked for nor set      */
    /* Reads the entry at `pa`. False: no memory there (the walk ends in an access fault). */
    bool (*read_entry)(void *memory, hpa_t pa, pte_t *entry);
    void *memory;
};

/* One table entry read. */
struct walk_read {
    enum walk_stage stage;
    int level;   /* 1: the root, 0: the last                                        */
    gpa_t gpa;   /* VS-stage: where the guest knows the entry; G-stage: the gPA that
                  * this read helps to translate                                    */
    hpa_t hpa;   /* where the entry is                                              */
    u32 index;   /* in its table                                                    */
    pte_t entry; /* what was read                                                   */
};

/* What is wrong with the entry at which a walk ends in a fault. */
enum walk_reason {
    WALK_FINE,
    WALK_NO_MEMORY,        /* it lies where there is no memory                        */
    WALK_NOT_VALID,        /* V is 0                                                  */
    WALK_RESERVED_POINTER, /* a pointer with A, D or U                                */
    WALK_TOO_DEEP,         /* a pointer at level 0                                    */
    WALK_RESERVED_RIGHTS,  /* a leaf with W and without R                             */
    WALK_MISALIGNED,       /* a superpage whose PPN[0] is not 0                       */
    WALK_NOT_USER,         /* U is 0: nothing for VU-mode, nor for any of the G-stage */
    WALK_USER_PAGE,        /* U is 1: for VS-mode only by SUM, and never to fetch     */
    WALK_NO_RIGHT,         /* the right that the access needs is not there            */
    WALK_NOT_ACCESSED,     /* A is 0 and hardware does not set it                     */
    WALK_NOT_DIRTY,        /* the same of D, for a write                              */
    WALK_REASONS
};

struct walk_record {
    gva_t gva;
    enum walk_access access;
    u32 count;
    struct walk_read reads[WALK_MAX_READS];

    enum walk_reason reason;
    u32 blamed; /* the read whose entry is to blame; where there is no memory, the one that could
                 * not be made, which is `count`: reads[count] tells all but the entry          */

    u32 cause; /* 0: translated; else the exception hardware raises: a page fault (12, 13, 15), a
                * guest-page fault (20, 21, 23), or an access fault (1, 5, 7) where a table lies
                * outside memory; always of the kind of `access`                              */
    gpa_t gpa; /* where the VS-stage led, 0 if it failed; for a guest-page fault the address
                * that did not translate, of which htval reports bits 33:2                    */
    bool implicit;       /* a guest-page fault on an entry of the guest's own tables          */
    bool implicit_write; /* ... to set A or D: htinst 0x2020 instead of 0x2000                */
    u32 vs_size;         /* bytes of the VS-stage's leaf; 0 when Bare, or if it failed        */

    /* Valid when cause is 0, else 0. */
    hpa_t hpa;  /* where the G-stage led                                                      */
    u32 g_size; /* bytes of its leaf                                                          */
    u32 rights; /* PTE_R, PTE_W, PTE_X that both stages give to this mode                     */
};

/* What is wrong with an entry of `level`, permissions aside: WALK_FINE for a leaf, or a pointer to
 * the next level. */
enum walk_reason walk_entry_flaw(pte_t entry, int level);

/* Walks `gva` for `access`. Always fills the whole record. */
void walk(const struct walk_context *context, gva_t gva, enum walk_access access,
          struct walk_record *record);

#endif
