/* The commands that scripts are made of; they work at the prompt as well. */
#include "hyp/monitor/cmd_script.h"

#include "arch/csr.h"
#include "hyp/core/log.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/core/timer.h"
#include "hyp/monitor/command.h"
#include "hyp/monitor/expect.h"
#include "hyp/vm/vm.h"

#define TIMEOUT_MS 60000
#define POLL_MS    10

/* What the command that waits waits for; the words stay as they are meanwhile. */
static struct {
    struct vm *vm;
    enum vm_state state;
    const char *text; /* to appear, or what is left to be typed */
    u64 deadline;
} waits;

static struct vm *expected; /* whose text a command waits for; atomic: vCPUs look at it */

bool script_expects(const struct vm *vm)
{
    return vm == __atomic_load_n(&expected, __ATOMIC_RELAXED);
}

static bool is_late(void)
{
    return time_now() >= waits.deadline;
}

/* The time that a word says; NULL: the default. False: it is none, told. */
static bool set_deadline(const char *word)
{
    u32 ms = TIMEOUT_MS;

    if (word && !argument_time(word, &ms))
        return false;
    waits.deadline = timer_after(ms);
    return true;
}

static enum command_result wait_with(enum command_result (*poll)(bool cancelled))
{
    enum command_result result = poll(false);

    if (result == COMMAND_WAITS)
        command_wait(poll, POLL_MS);
    return result;
}

static enum command_result poll_time(bool cancelled)
{
    return cancelled || is_late() ? COMMAND_DONE : COMMAND_WAITS;
}

static enum command_result poll_state(bool cancelled)
{
    enum vm_state state = vm_state(waits.vm);

    if (cancelled || state == waits.state)
        return COMMAND_DONE;
    if (is_late())
        return command_failed("the time is up, and VM \"%s\" is %s", waits.vm->config.name,
                              vm_state_name(state));
    return COMMAND_WAITS;
}

static const char *const states[] = {
    [VM_OFF] = "off",        [VM_STARTING] = "starting", [VM_RUNNING] = "running",
    [VM_PAUSED] = "paused",  [VM_ENDING] = "ending",     [VM_WAITING] = "waiting",
    [VM_WAITING + 1] = NULL,
};

static bool argument_state(const char *word, enum vm_state *state)
{
    for (u32 i = 0; states[i]; i++)
        if (!strcmp(states[i], word)) {
            *state = (enum vm_state)i;
            return true;
        }
    command_failed("\"%s\" is no state: expected off, starting, running, paused, ending or waiting",
                   word);
    return false;
}

static enum command_result command_wait_for(const struct arguments *arguments)
{
    const char *const *word = arguments->word;

    if (arguments->count == 2) {
        if (!set_deadline(word[1]))
            return COMMAND_FAILED;
        return wait_with(poll_time);
    }
    waits.vm = argument_vm(word[1]);
    if (!waits.vm || !argument_state(word[2], &waits.state) ||
        !set_deadline(arguments->count == 4 ? word[3] : NULL))
        return COMMAND_FAILED;
    return wait_with(poll_state);
}

static enum command_result no_text(void)
{
    return command_failed("the time is up, and the text has not appeared");
}

static enum command_result poll_console(bool cancelled)
{
    bool found = expect_console(waits.vm, waits.text);

    if (!found && !cancelled && !is_late())
        return COMMAND_WAITS;
    __atomic_store_n(&expected, NULL, __ATOMIC_RELAXED);
    return found || cancelled ? COMMAND_DONE : no_text();
}

static enum command_result poll_log(bool cancelled)
{
    if (cancelled || expect_log(waits.text))
        return COMMAND_DONE;
    return is_late() ? no_text() : COMMAND_WAITS;
}

static enum command_result command_expect(const struct arguments *arguments)
{
    const char *const *word = arguments->word;

    waits.text = word[2];
    if (!*waits.text)
        return command_failed("expected some text");
    if (!set_deadline(arguments->count == 4 ? word[3] : NULL))
        return COMMAND_FAILED;
    if (!strcmp(word[1], "log"))
        return wait_with(poll_log);
    waits.vm = argument_vm(word[1]);
    if (!waits.vm)
        return COMMAND_FAILED;
    expect_begin(waits.vm);
    __atomic_store_n(&expected, waits.vm, __ATOMIC_RELAXED);
    return wait_with(poll_console);
}

static enum command_result poll_type(bool cancelled)
{
    while (*waits.text && vm_console_type(waits.vm, (u8)*waits.text))
        waits.text++;
    if (cancelled || !*waits.text)
        return COMMAND_DONE;
    if (vm_state(waits.vm) == VM_OFF)
        return command_failed("VM \"%s\" is off", waits.vm->config.name);
    return is_late() ? command_failed("the time is up, and VM \"%s\" does not read",
                                      waits.vm->config.name)
                     : COMMAND_WAITS;
}

static enum command_result command_type(const struct arguments *arguments)
{
    waits.vm = argument_vm(arguments->word[1]);
    waits.text = arguments->word[2];
    if (!waits.vm || !set_deadline(NULL))
        return COMMAND_FAILED;
    return wait_with(poll_type);
}

static enum command_result command_echo(const struct arguments *arguments)
{
    char line[COMMAND_LINE];
    u32 length = 0;

    line[0] = '\0';
    for (u32 i = 1; i < arguments->count; i++)
        length += format_text(line + length, COMMAND_LINE - length, i > 1 ? " %s" : "%s",
                              arguments->word[i]);
    printk("%s\n", line);
    return COMMAND_DONE;
}

const struct command commands_script[] = {
    {.name = "wait",
     .arguments = "TIME | VM STATE [TIME]",
     .summary = "waits that long, or until a VM is in a state, at most 60 s or TIME",
     .example = "wait web off 2m : until the VM web is off",
     .min_words = 1,
     .max_words = 3,
     .complete = {COMPLETE_VM, COMPLETE_WORDS},
     .words = states,
     .run = command_wait_for},
    {.name = "expect",
     .arguments = "VM|log \"TEXT\" [TIME]",
     .summary = "waits until a VM, or the hypervisor, has printed a text",
     .example = "expect web \"login: \" 90s : until web asks who is there",
     .min_words = 2,
     .max_words = 3,
     .complete = {COMPLETE_VM},
     .run = command_expect},
    {.name = "type",
     .arguments = "VM \"TEXT\"",
     .summary = "types a text at a VM's console; \\n in it is Enter",
     .example = "type web \"poweroff\\n\" : as if a person had",
     .min_words = 2,
     .max_words = 2,
     .complete = {COMPLETE_VM},
     .run = command_type},
    {.name = "echo",
     .arguments = "TEXT...",
     .summary = "prints a text",
     .example = "echo all are up : says so",
     .max_words = COMMAND_WORDS - 1,
     .run = command_echo},
    {.name = NULL},
};
