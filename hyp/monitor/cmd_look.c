/* The commands that look into a VM, and the walk, one of them. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/string.h"
#include "hyp/monitor/look.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

struct walk_wish {
    gva_t gva;
    enum walk_access access;
    bool user;
    const char *vcpu; /* a number; NULL: the first */
};

static bool parse_access(const char *word, enum walk_access *access)
{
    static const char *const words[] = {
        [WALK_READ] = "r", [WALK_WRITE] = "w", [WALK_EXECUTE] = "x"};

    for (u32 i = 0; i < ARRAY_SIZE(words); i++)
        if (!strcmp(word, words[i])) {
            *access = (enum walk_access)i;
            return true;
        }
    return false;
}

/* gVA [r|w|x] [user] [vcpu N] */
static enum command_result parse_walk(const struct arguments *arguments, struct walk_wish *wish)
{
    u64 gva;

    *wish = (struct walk_wish){.access = WALK_READ};
    if (!argument_number(arguments->word[2], &gva))
        return COMMAND_FAILED;
    if (gva >> 32)
        return command_failed("gVA %s has more than 32 bits", arguments->word[2]);
    wish->gva = (gva_t)gva;
    for (u32 i = 3; i < arguments->count; i++) {
        if (!strcmp(arguments->word[i], "user"))
            wish->user = true;
        else if (!strcmp(arguments->word[i], "vcpu") && i + 1 < arguments->count)
            wish->vcpu = arguments->word[++i];
        else if (!parse_access(arguments->word[i], &wish->access))
            return command_failed("expected r, w, x, user or vcpu N, not \"%s\"",
                                  arguments->word[i]);
    }
    return COMMAND_DONE;
}

/* The vCPU is loaded here, so that the hardware can walk too. If it waits for its timer, it goes on
 * waiting. */
static void look(struct vcpu *vcpu, const struct walk_wish *wish, struct guest_walk_view *view)
{
    bool waits = vcpu->timer.hart != NULL;

    vcpu_load(vcpu);
    guest_walk_look(vcpu, wish->gva, wish->access, wish->user, view);
    if (waits)
        vtimer_wake_later(vcpu);
    vcpu_put(vcpu);
}

static enum command_result command_walk(const struct arguments *arguments)
{
    static struct guest_walk_view view;
    struct vm *vm = argument_vm(arguments->word[1]);
    struct walk_wish wish;
    struct vcpu *vcpu;

    if (!vm || parse_walk(arguments, &wish) != COMMAND_DONE)
        return COMMAND_FAILED;
    vcpu = look_at_started_vcpu(vm, wish.vcpu);
    if (!vcpu)
        return COMMAND_FAILED;
    look(vcpu, &wish, &view);
    look_end(vm);
    guest_walk_show(&view);
    return COMMAND_DONE;
}

static const char *const spaces[] = {"gva", "gpa", "hpa", NULL};

const struct command commands_look[] = {
    {
        .name = "regs",
        .arguments = "VM [VCPU] [fp]",
        .summary = "registers and CSRs of a vCPU, and what it does",
        .example = "regs web 1 fp : vCPU 1, its FP registers too",
        .min_words = 1,
        .max_words = 3,
        .complete = {COMPLETE_VM},
        .run = command_regs,
    },
    {
        .name = "mem",
        .arguments = "VM gva|gpa ADDR [LENGTH] [vcpu N] | hpa ADDR [LENGTH]",
        .summary = "bytes of memory; a gVA goes through the tables of a vCPU",
        .example = "mem web gva 0xc0000000 256 : at most 64K at a time",
        .min_words = 2,
        .max_words = 6,
        .complete = {COMPLETE_VM, COMPLETE_WORDS},
        .words = spaces,
        .run = command_mem,
    },
    {
        .name = "map",
        .arguments = "VM [GPA [LENGTH]]",
        .summary = "stage 2 as ranges: gPA => hPA, rights, size of the leaves",
        .example = "map web 0x80000000 16M : the first 16 MiB of its RAM",
        .min_words = 1,
        .max_words = 3,
        .complete = {COMPLETE_VM},
        .run = command_map,
    },
    {
        .name = "walk",
        .arguments = "VM GVA [r|w|x] [user] [vcpu N]",
        .summary = "the two-stage walk of an address, entry by entry",
        .example = "walk web 0xc0000000 x : as a fetch of its kernel",
        .min_words = 2,
        .max_words = 6,
        .complete = {COMPLETE_VM},
        .run = command_walk,
    },
    {.name = NULL},
};
