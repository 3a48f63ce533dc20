/* tables: both stages of a vCPU as trees, some entries at a time: the VM runs on while they are
 * printed. */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "hyp/core/string.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/show.h"
#include "hyp/monitor/through.h"
#include "hyp/vm/vm.h"
#include "hyp/core/printk.h"
#include "hyp/vm/walk_tree.h"
#include "hyp/vm/walk_verdict.h"

#define RUNS    32   /* printed at a time                              */
#define ENTRIES 1024 /* looked at while a VM is held                   */
#define ROWS    1000 /* of each stage: hostile tables have a million   */

static struct {
    struct through through;
    struct walk_tree tree;
    bool shallow;
    u32 rows;
} tables;

/* The memory of tables: the guest's by gPA, which the G-stage translates first. */
static bool read_word(const void *memory, enum walk_stage stage, u64 address, pte_t *entry)
{
    const struct walk_context *context = memory;
    struct stage2_leaf leaf = {.hpa = address};

    if (stage == WALK_VS_STAGE && !stage2_lookup(&tables.through.vm->stage2, address, &leaf))
        return false;
    return context->read_entry(context->memory, leaf.hpa, entry);
}

static void show_title(void)
{
    const struct vm *vm = tables.through.vm;
    u32 vsatp = tables.through.vsatp;

    if (tables.tree.stage == WALK_G_STAGE)
        show("G-stage of VM \"%s\": Sv32x4, root at hPA 0x%09llx\n", vm->config.name,
             tables.tree.root);
    else if (vsatp & SATP_SV32)
        show("VS-stage of VM \"%s\", vCPU %u: Sv32, ASID %u, root at gPA 0x%09llx\n",
             vm->config.name, tables.through.vcpu, (vsatp & SATP_ASID) >> SATP_ASID_SHIFT,
             tables.tree.root);
    else
        show("VS-stage of VM \"%s\", vCPU %u: Bare, gPA = gVA\n", vm->config.name,
             tables.through.vcpu);
}

static void begin_stage(enum walk_stage stage, u64 root)
{
    tables.tree = (struct walk_tree){.stage = stage, .root = root, .shallow = tables.shallow};
    tables.rows = 0;
    show_title();
}

static u32 index_of(u64 address, int level)
{
    return tables.tree.stage == WALK_VS_STAGE ? sv32_vpn((gva_t)address, level)
                                              : sv32x4_gpn(address, level);
}

/* The place of a run in its table, with the table's level; entries of level 0 stand further in. */
static void place_text(const struct walk_run *run, char *text, u32 size)
{
    u32 first = index_of(run->from, run->level);
    u32 last = index_of(run->from + run->size - 1, run->level);
    const char *indent = run->level ? "" : "    ";

    if (first == last)
        format_text(text, size, "%s  L%d       %4u", indent, run->level, first);
    else
        format_text(text, size, "%s  L%d %4u..%4u", indent, run->level, first, last);
}

static void show_leaves(const struct walk_run *run, const char *place, const char *flags)
{
    u64 last = run->from + run->size - 1;
    const char *size = size_text(run->size).text;

    if (tables.tree.stage == WALK_VS_STAGE)
        show("%s  %s  gVA 0x%08llx-0x%08llx => gPA 0x%09llx %6s\n", place, flags, run->from, last,
             pte_address(run->entry), size);
    else
        show("%s  %s  gPA 0x%09llx-0x%09llx => hPA 0x%09llx %6s\n", place, flags, run->from, last,
             pte_address(run->entry), size);
}

static void show_run(const struct walk_run *run)
{
    const char *space = tables.tree.stage == WALK_VS_STAGE ? "gPA" : "hPA";
    char place[24], flags[WALK_FLAGS_TEXT];

    tables.rows++;
    walk_flags_text(run->entry, flags);
    place_text(run, place, sizeof(place));
    switch (run->kind) {
    case WALK_RUN_LEAVES:
        show_leaves(run, place, flags);
        break;
    case WALK_RUN_TABLE:
        show("%s  %s  table at %s 0x%09llx\n", place, flags, space, pte_address(run->entry));
        break;
    case WALK_RUN_UNREADABLE:
        show("      there is no memory at %s 0x%09llx\n", space, pte_address(run->entry));
        break;
    case WALK_RUN_FLAWED:
        show("%s  %s  %08x: %s\n", place, flags, run->entry, walk_flaw_text(run->flaw));
        break;
    }
}

/* The next stage, or the end. */
static enum command_result next_stage(void)
{
    if (tables.rows == ROWS)
        show("... and more\n");
    if (tables.tree.stage == WALK_G_STAGE)
        return COMMAND_DONE;
    begin_stage(WALK_G_STAGE, tables.through.vm->stage2.root);
    return COMMAND_WAITS;
}

static bool stage_ended(void)
{
    bool bare = tables.tree.stage == WALK_VS_STAGE && !(tables.through.vsatp & SATP_SV32);

    return bare || tables.rows == ROWS || walk_tree_ended(&tables.tree);
}

static enum command_result tables_some(bool cancelled)
{
    static struct walk_run done[RUNS];
    struct walk_context context;
    const struct walk_tree_reader reader = {read_word, &context};
    u32 count = 0;

    if (cancelled)
        return COMMAND_DONE;
    if (stage_ended())
        return next_stage();
    if (!through_begin(&tables.through, &context))
        return COMMAND_FAILED;
    for (u32 i = 0; i < ENTRIES && count < RUNS && !walk_tree_ended(&tables.tree); i++)
        count += walk_tree_step(&tables.tree, &reader, &done[count]);
    through_end(&tables.through);
    for (u32 i = 0; i < count && tables.rows < ROWS; i++)
        show_run(&done[i]);
    return COMMAND_WAITS;
}

/* VM [vcpu N] [depth 1|2] */
static enum command_result parse(const struct arguments *arguments, const char **vcpu)
{
    u64 depth = 2;

    *vcpu = NULL;
    for (u32 i = 2; i < arguments->count; i += 2) {
        if (i + 1 < arguments->count && !strcmp(arguments->word[i], "vcpu"))
            *vcpu = arguments->word[i + 1];
        else if (i + 1 == arguments->count || strcmp(arguments->word[i], "depth"))
            return command_failed("expected vcpu N or depth N, not \"%s\"", arguments->word[i]);
        else if (!argument_number(arguments->word[i + 1], &depth))
            return COMMAND_FAILED;
    }
    if (depth < 1 || depth > 2)
        return command_failed("the tables have depth 1 and 2");
    tables.shallow = depth == 1;
    return COMMAND_DONE;
}

enum command_result command_show_tables(const struct arguments *arguments)
{
    const char *vcpu;

    if (parse(arguments, &vcpu) != COMMAND_DONE ||
        !through_choose(&tables.through, arguments->word[1], vcpu))
        return COMMAND_FAILED;
    begin_stage(WALK_VS_STAGE, (u64)(tables.through.vsatp & SATP_PPN) << PAGE_SHIFT);
    command_wait(tables_some, 0);
    return COMMAND_WAITS;
}
