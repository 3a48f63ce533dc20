/* The table of VMs, and what a person may do with their lives. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

/* "running"; "powered off"; "running, life 3, failed before". */
static void state_text(const struct vm *vm, char *text, u32 size)
{
    enum vm_state state = vm_state(vm);
    enum vm_ending last = (enum vm_ending)vm->life.last_ending;

    if (state == VM_OFF)
        format_text(text, size, "%s", last == VM_STAYS ? "off" : vm_ending_text(last));
    else if (last == VM_STAYS)
        format_text(text, size, "%s", vm_state_name(state));
    else
        format_text(text, size, "%s, life %u, %s before", vm_state_name(state), vm->life.lives,
                    vm_ending_text(last));
}

static void show_row(struct vm *vm)
{
    const struct sched_share *share = &vm->config.share;
    struct memory_footprint used = memory_footprint(vm);
    char state[64], cap[12] = "-";

    state_text(vm, state, sizeof(state));
    if (share->cap != SCHED_NO_CAP)
        format_text(cap, sizeof(cap), "%u%%", share->cap);
    show("%2u %-10s %4u %5s %6s %6s %6u %4s %-5s %9s  %s\n", vm->index + 1, vm->config.name,
         vm->config.cpus, size_text(vm->config.memory).text,
         size_text((u64)used.own * PAGE_SIZE).text, size_text((u64)used.shared * PAGE_SIZE).text,
         share->weight, cap, harts_text(share->affinity).text,
         seconds_text(sched_group_run_time(&vm->group)).text, state);
}

static enum command_result command_vms(const struct arguments *arguments)
{
    (void)arguments;
    show("%2s %-10s %4s %5s %6s %6s %6s %4s %-5s %9s  %s\n", "#", "VM", "vCPU", "mem", "own",
         "shared", "weight", "cap", "harts", "run s", "state");
    for (u32 i = 0; i < vm_count; i++)
        show_row(vms[i]);
    return COMMAND_DONE;
}

/* A wish, and the states in which a VM can fulfil it. */
struct wish {
    const char *name, *done; /* "kill", "killed" */
    bool (*carry_out)(struct vm *vm);
    u32 states;
};

static const struct wish wishes[] = {
    {"start", "started", life_start, BIT(VM_OFF) | BIT(VM_WAITING)},
    {"pause", "paused", life_pause, BIT(VM_RUNNING)},
    {"resume", "resumed", life_resume, BIT(VM_PAUSED)},
    {"reset", "reset", life_reset, BIT(VM_STARTING) | BIT(VM_RUNNING) | BIT(VM_PAUSED)},
    {"stop", "asked to stop", life_ask_to_stop, BIT(VM_RUNNING)},
    {"kill", "killed", life_kill,
     BIT(VM_STARTING) | BIT(VM_RUNNING) | BIT(VM_PAUSED) | BIT(VM_ENDING) | BIT(VM_WAITING)},
};

static const struct wish *find_wish(const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(wishes); i++)
        if (!strcmp(wishes[i].name, name))
            return &wishes[i];
    return NULL;
}

/* Those that cannot are left alone; that none can is an error. */
static enum command_result carry_out_for_all(const struct wish *wish)
{
    u32 done = 0;

    for (u32 i = 0; i < vm_count; i++)
        if (wish->states & BIT(vm_state(vms[i])))
            done += wish->carry_out(vms[i]);
    if (!done)
        return command_failed("no VM is in a state in which it can be %s", wish->done);
    return COMMAND_DONE;
}

/* All names are looked at first, so that a wrong one changes nothing. */
static enum command_result command_life(const struct arguments *arguments)
{
    const struct wish *wish = find_wish(arguments->word[0]);
    struct vm *wished[COMMAND_WORDS];

    if (arguments->count == 2 && !strcmp(arguments->word[1], "all"))
        return carry_out_for_all(wish);
    for (u32 i = 1; i < arguments->count; i++) {
        wished[i] = argument_vm(arguments->word[i]);
        if (!wished[i])
            return COMMAND_FAILED;
        if (!(wish->states & BIT(vm_state(wished[i]))))
            return command_failed("VM \"%s\" is %s: it cannot be %s", wished[i]->config.name,
                                  vm_state_name(vm_state(wished[i])), wish->done);
    }
    for (u32 i = 1; i < arguments->count; i++)
        if (!wish->carry_out(wished[i]))
            return command_failed("VM \"%s\" was not %s", wished[i]->config.name, wish->done);
    return COMMAND_DONE;
}

static enum command_result command_stop(const struct arguments *arguments)
{
    enum command_result result = command_life(arguments);

    if (result == COMMAND_DONE)
        show("asked; a guest that does not listen can only be killed: kill %s\n",
             arguments->word[1]);
    return result;
}

#define LIFE_COMMAND(verb, what, example_line, function)                                    \
    {                                                                                       \
        .name = verb, .arguments = "VM... | all", .summary = what, .example = example_line, \
        .min_words = 1, .max_words = COMMAND_WORDS - 1,                                     \
        .complete = {COMPLETE_VM, COMPLETE_VM, COMPLETE_VM}, .run = function                \
    }

const struct command commands_vm[] = {
    {
        .name = "vms",
        .arguments = "",
        .summary = "the VMs: state, memory, share of the harts",
        .example = "vms : own and shared are the RAM that is backed now",
        .run = command_vms,
    },
    {
        .name = "create",
        .arguments = "NAME from VM [PROPERTY VALUE]...",
        .summary = "adds a VM, off, as another one is described",
        .example = "create web2 from web memory 64M cpu-affinity 0,1 : then: start web2",
        .min_words = 3,
        .max_words = COMMAND_WORDS - 1,
        .run = command_create,
    },
    LIFE_COMMAND("start", "starts a VM that is off, or waits for its restart",
                 "start web : from its images, with empty memory", command_life),
    LIFE_COMMAND("pause", "lets a VM stand still, and its time too",
                 "pause web : until: resume web", command_life),
    LIFE_COMMAND("resume", "lets a paused VM go on", "resume all : all that are paused",
                 command_life),
    LIFE_COMMAND("reset", "starts a VM again, as its reset button does",
                 "reset web : nothing is asked", command_life),
    LIFE_COMMAND("stop", "asks a VM to shut down, as its power button does",
                 "stop web : what it does then is its own affair", command_stop),
    LIFE_COMMAND("kill", "takes a VM off at once", "kill web : its memory is given back",
                 command_life),
    {
        .name = "balloon",
        .arguments = "VM [SIZE]",
        .summary = "asks a VM to give so much of its RAM back, or tells how much it has given",
        .example = "balloon web 64M : 0 lets it have all again",
        .min_words = 1,
        .max_words = 2,
        .complete = {COMPLETE_VM},
        .run = command_balloon,
    },
    {.name = NULL},
};
