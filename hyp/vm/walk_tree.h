/*
 * The tables of one stage as a tree: root entries, and below each pointer the entries of its table;
 * neighbours that are alike are one run. Pure.
 */
#ifndef VM_WALK_TREE_H
#define VM_WALK_TREE_H

#include "hyp/vm/walk.h"

enum walk_run_kind {
    WALK_RUN_LEAVES,
    WALK_RUN_TABLE,      /* a pointer at level 1                                    */
    WALK_RUN_UNREADABLE, /* the same, to a table where the VM has no memory         */
    WALK_RUN_FLAWED,     /* valid, and yet every walk ends there: `flaw`             */
};

struct walk_run {
    enum walk_run_kind kind;
    int level;
    u64 from;    /* the first address that is translated: a gVA or a gPA     */
    u64 size;    /* bytes; 0: no run                                         */
    pte_t entry; /* the first; of the others only the PPN differs, by one leaf each */
    enum walk_reason flaw;
};

/* Where the words of the tables are. */
struct walk_tree_reader {
    /* The word at `address`: a gPA of the VS-stage, an hPA of the G-stage. False: no memory. */
    bool (*read)(const void *memory, enum walk_stage stage, u64 address, pte_t *entry);
    const void *memory;
};

/* A scan of all that one stage translates, from address 0 on. */
struct walk_tree {
    enum walk_stage stage;
    u64 root;             /* a gPA, an hPA                                  */
    bool shallow;         /* the root only                                  */
    u64 next;             /* the address that is looked at next             */
    bool told;            /* the table that `next` is in has been told of   */
    struct walk_run open; /* what may go on with the next entry      */
};

/*
 * Looks at one entry more. True: a run has ended, which is in `done`. The tables may change between
 * two steps: each reads from the root on.
 */
bool walk_tree_step(struct walk_tree *tree, const struct walk_tree_reader *reader,
                    struct walk_run *done);

/* Nothing more will come. */
bool walk_tree_ended(const struct walk_tree *tree);

#endif
