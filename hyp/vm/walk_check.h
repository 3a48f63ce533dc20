/*
 * A test of the walk against the hart it runs on: random tables for both stages in memory of their
 * own, and for random accesses the software walk first, then HLV, HLVX or HSV with the same tables.
 * Any difference is found: whether it faults and with which cause, stval, htval and htinst, where
 * it leads, which A and D are set.
 *
 * All entries lead into the test's memory or to a page that the firmware protects, if there is one,
 * so that on a hart that walks well nothing else is touched.
 */
#ifndef VM_WALK_CHECK_H
#define VM_WALK_CHECK_H

#include "hyp/vm/walk_view.h"

#define WALK_CHECK_CAUSES 24

struct walk_check {
    hpa_t pool;                         /* 4 MiB, aligned: tables and what they map       */
    hpa_t protected;                    /* a page that traps, or 0: there is none known   */
    u32 random;                         /* state of the random numbers                    */
    bool tame;                          /* these tables allow most of what is tried */
    bool vs_hardware_ad, g_hardware_ad; /* found by trying             */
    bool updates_need_w;                /* does the G-stage keep hardware from setting A and D */

    u32 tables, walks, left_out;     /* where this hart is known to differ                      */
    u32 outcomes[WALK_CHECK_CAUSES]; /* how often each cause; 0: none                         */
    u32 implicit, updates;           /* faults on entries of the guest's tables; on their A, D */
    u32 lengths[WALK_MAX_READS + 1]; /* of walks that end well                                 */

    /* After a difference: the walk, and what the hardware did. */
    struct walk_view view;
    const char *difference;
};

/* Takes the memory. False: there are no 4 MiB. This hart must have no vCPU loaded, in all three. */
bool walk_check_begin(struct walk_check *check, u32 seed);

/* Makes new tables and `accesses` accesses with them. False: the hart did something else than the
 * walk said: `view` and `difference` tell. */
bool walk_check_tables(struct walk_check *check, u32 accesses);

void walk_check_end(struct walk_check *check);

#endif
