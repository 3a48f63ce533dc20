/*
 * What this machine's harts can do, found out by trying: never by a version, a name or an ISA
 * string. Probed once on the boot hart; harts of one machine are taken to be alike.
 */
#ifndef ARCH_FEATURES_H
#define ARCH_FEATURES_H

#include "arch/types.h"

/* What htinst holds after a guest-page fault that a load makes. */
enum htinst_kind { HTINST_ZERO, HTINST_PSEUDO, HTINST_TRANSFORMED };

struct features {
    bool h;        /* the hypervisor extension                                         */
    bool sv32x4;   /* hgatp takes Sv32x4                                               */
    u32 vmid_bits; /* VMIDLEN                                                          */
    bool sstc;     /* stimecmp, and vstimecmp for guests by henvcfg.STCE               */
    bool fp_single, fp_double; /* F, D                                                       */
    bool guest_adue; /* henvcfg.ADUE: hardware can update A and D of guests' tables      */
    bool stateen;    /* hstateen0 (Smstateen)                                            */
    bool envcfg;     /* henvcfg                                                          */
    bool counters;   /* cycle and instret can be read                                    */
    bool aia;        /* hvien and its kin (Ssaia)                                        */
    u32 geilen;      /* guest external interrupts                                        */
    enum htinst_kind htinst;
    u32 htinst_mask; /* all ones; 0 where htinst is to be ignored                        */
    bool mpv_defect; /* traps that firmware redirects arrive with V = 1                  */
};

extern struct features features;

/*
 * Fills `features`. Called once on the boot hart with trap_vector installed. `image_pa`: where the
 * image was loaded; the probes run a few guest instructions of it. Leaves all CSRs at zero.
 */
void features_probe(hpa_t image_pa);

/* What each hart needs before it runs guests: no timer of theirs is due. */
void features_init_hart(void);

#endif
