#include "hyp/vm/walk_tree.h"

static u64 end_of(enum walk_stage stage)
{
    return stage == WALK_VS_STAGE ? 1ull << 32 : 1ull << SV32X4_GPA_BITS;
}

bool walk_tree_ended(const struct walk_tree *tree)
{
    return tree->next >= end_of(tree->stage) && !tree->open.size;
}

/* Ends the open run, if there is one. */
static bool end_run(struct walk_tree *tree, struct walk_run *done)
{
    *done = tree->open;
    tree->open.size = 0;
    return done->size != 0;
}

static bool read_at(const struct walk_tree *tree, const struct walk_tree_reader *reader, u64 table,
                    int level, pte_t *entry)
{
    u32 index = tree->stage == WALK_VS_STAGE ? sv32_vpn((gva_t)tree->next, level)
                                             : sv32x4_gpn(tree->next, level);

    return reader->read(reader->memory, tree->stage, table + index * (u32)sizeof(pte_t), entry);
}

/* The run that begins, and perhaps ends, at `next`; its size is 0 where there is nothing. */
static struct walk_run look(const struct walk_tree *tree, const struct walk_tree_reader *reader)
{
    struct walk_run run = {.level = 1, .from = tree->next};
    bool pointer;

    if (!read_at(tree, reader, tree->root, 1, &run.entry))
        run.entry = 0;
    run.flaw = walk_entry_flaw(run.entry, 1);
    pointer = !run.flaw && !pte_is_leaf(run.entry);
    if (pointer && tree->told) {
        run.level = 0;
        if (read_at(tree, reader, pte_address(run.entry), 0, &run.entry)) {
            run.flaw = walk_entry_flaw(run.entry, 0);
            pointer = false;
        } else {
            run.kind = WALK_RUN_UNREADABLE;
        }
    }
    if (run.kind != WALK_RUN_UNREADABLE)
        run.kind = pointer ? WALK_RUN_TABLE : run.flaw ? WALK_RUN_FLAWED : WALK_RUN_LEAVES;
    run.size = run.flaw == WALK_NOT_VALID        ? 0
               : run.kind == WALK_RUN_UNREADABLE ? SUPERPAGE_SIZE
                                                 : sv32_leaf_size(run.level);
    return run;
}

static bool continues(const struct walk_run *run, const struct walk_run *next)
{
    u32 flags = PAGE_SIZE / sizeof(pte_t) - 1; /* the ten bits below the PPN */

    if (!run->size || run->kind != next->kind || run->level != next->level ||
        run->from + run->size != next->from || ((run->entry ^ next->entry) & flags))
        return false;
    if (run->kind == WALK_RUN_FLAWED)
        return run->flaw == next->flaw;
    return run->kind == WALK_RUN_LEAVES &&
           pte_address(run->entry) + run->size == pte_address(next->entry);
}

/* Where the entry after `run`, at which we are, begins to count. */
static void move_on(struct walk_tree *tree, const struct walk_run *run)
{
    bool enters = run->kind == WALK_RUN_TABLE && !tree->shallow;
    u32 size = run->kind == WALK_RUN_UNREADABLE ? SUPERPAGE_SIZE : sv32_leaf_size(run->level);

    tree->told = tree->told || enters;
    if (enters)
        return;
    tree->next = ALIGN_DOWN(tree->next, (u64)size) + size;
    if (IS_ALIGNED(tree->next, (u64)SUPERPAGE_SIZE))
        tree->told = false;
}

bool walk_tree_step(struct walk_tree *tree, const struct walk_tree_reader *reader,
                    struct walk_run *done)
{
    struct walk_run run;
    bool ended;

    if (tree->next >= end_of(tree->stage))
        return end_run(tree, done);
    run = look(tree, reader);
    if (continues(&tree->open, &run)) {
        tree->open.size += run.size;
        move_on(tree, &run);
        return false;
    }
    ended = end_run(tree, done);
    tree->open = run;
    move_on(tree, &run);
    return ended;
}
