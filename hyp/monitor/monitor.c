#include "hyp/monitor/monitor.h"

#include "hyp/core/printk.h"
#include "hyp/core/sched.h"
#include "hyp/core/string.h"
#include "hyp/core/timer.h"
#include "hyp/monitor/cmd_script.h"
#include "hyp/monitor/command.h"
#include "hyp/monitor/prompt.h"
#include "hyp/monitor/script.h"
#include "hyp/monitor/show.h"
#include "hyp/monitor/typed.h"
#include "hyp/vm/vm.h"

/* The task's own. */
static struct {
    struct sched_group group;
    struct task task;
    struct timer timer;
    bool interactive;
    bool failed;   /* a line of the script has           */
    bool scripted; /* the script has not come to its end */
    struct script script;
    char line[COMMAND_LINE];                     /* of the script, the last one        */
    enum command_result (*poll)(bool cancelled); /* of a command that waits; NULL      */
    u32 interval_ms;
} monitor;

void monitor_wake(void)
{
    sched_wake(&monitor.task);
}

static bool is_busy(void)
{
    return monitor.poll || monitor.scripted;
}

static void set_busy(void)
{
    typed_set_busy(is_busy(), monitor.poll && command_running()->live);
}

void command_wait(enum command_result (*poll)(bool cancelled), u32 interval_ms)
{
    monitor.poll = poll;
    monitor.interval_ms = interval_ms;
}

void monitor_end(void)
{
    prompt_show(false);
    for (u32 i = 0; i < vm_count; i++)
        vm_console_flush(vms[i]);
    vms_power_off(monitor.failed);
}

/* With a person at it, the machine stays; the run has failed all the same. */
static void fail_script(const char *reason)
{
    printk("Twofold: monitor script, line %u: %s: %s\n", monitor.script.line, monitor.line, reason);
    monitor.scripted = false;
    monitor.failed = true;
    if (!monitor.interactive)
        monitor_end();
}

static void tell_failure(void)
{
    const char *reason = command_reason();

    if (monitor.scripted)
        fail_script(reason ? reason : "failed");
    else if (reason)
        show("Twofold: %s\n", reason);
}

static void finish(enum command_result result)
{
    if (result == COMMAND_WAITS)
        return;
    monitor.poll = NULL;
    if (result == COMMAND_FAILED)
        tell_failure();
}

/* A command waits. */
static void go_on(void)
{
    bool cancelled = typed_take_cancel();
    enum command_result result = monitor.poll(cancelled);

    if (cancelled && monitor.scripted)
        result = command_failed("cancelled by Ctrl-C");
    else if (cancelled && result == COMMAND_WAITS)
        result = COMMAND_DONE;
    finish(result);
}

/* Nothing to run, or a comment. */
static bool is_idle(const char *line)
{
    while (*line == ' ' || *line == '\t')
        line++;
    return !*line || *line == '#';
}

static void run_script_line(void)
{
    switch (script_next(&monitor.script, monitor.line)) {
    case SCRIPT_LINE:
        if (is_idle(monitor.line))
            break;
        prompt_echo(monitor.line);
        if (typed_take_cancel())
            fail_script("cancelled by Ctrl-C");
        else
            finish(command_run(monitor.line));
        break;
    case SCRIPT_TOO_LONG:
        fail_script("the line is too long");
        break;
    case SCRIPT_END:
        monitor.scripted = false;
        break;
    }
}

static void tell_lost(void)
{
    u32 lost = typed_take_lost();

    if (lost)
        show("Twofold: of what was typed while a command ran, %u bytes are lost\n", lost);
}

/* Until a line is complete and has been run; false: all has been typed. */
static bool run_typed_line(void)
{
    const char *line;
    u8 byte;

    while (typed_take(&byte)) {
        line = prompt_type(byte);
        if (line) {
            typed_take_cancel(); /* one for a command that had ended by then */
            finish(command_run(line));
            return true;
        }
    }
    return false;
}

/* One step of what there is to do; false: nothing now. */
static bool step(void)
{
    if (monitor.poll) {
        go_on();
        return !monitor.poll;
    }
    if (monitor.scripted) {
        run_script_line();
        return true;
    }
    if (!monitor.interactive && !vms_alive())
        monitor_end();
    tell_lost();
    return run_typed_line();
}

/* When to look again though nobody wakes us. */
static void arm_timer(void)
{
    if (monitor.poll)
        timer_arm(&monitor.timer, timer_after(monitor.interval_ms));
}

static enum task_result run(struct task *task)
{
    bool more;

    (void)task;
    if (keyboard_focused())
        prompt_show(false);
    keyboard_settle();
    more = step();
    set_busy();
    prompt_show(!keyboard_focused() && !is_busy());
    if (more)
        return TASK_YIELD;
    arm_timer();
    return TASK_BLOCK;
}

static void timer_fired(struct timer *timer)
{
    (void)timer;
    monitor_wake();
}

/* A command waits for this VM's text. */
static void vm_printed(struct vm *vm)
{
    if (script_expects(vm))
        monitor_wake();
}

void monitor_init(const char *script, u32 script_size, bool interactive)
{
    static const struct sched_share share = {
        .weight = SCHED_WEIGHT_DEFAULT, .cap = SCHED_NO_CAP, .affinity = SCHED_ALL_HARTS};

    sched_group_init(&monitor.group, &share);
    monitor.group.urgent = true;
    sched_init_task(&monitor.task, &monitor.group, run);
    monitor.timer.fire = timer_fired;
    monitor.interactive = interactive;
    monitor.script = (struct script){.text = script, .size = script_size};
    monitor.scripted = script != NULL;
    prompt_init();
    if (interactive)
        vm_console_view(VIEW_NONE, NULL, 0);
    vm_console_printed = vm_printed;
    vms_on_off(monitor_wake);
}

void monitor_start(void)
{
    set_busy();
    keyboard_init(monitor.interactive);
    monitor_wake();
}
