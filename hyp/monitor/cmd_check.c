/* check: our walk against this hart's, over random tables. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/console.h"
#include "hyp/core/string.h"
#include "hyp/monitor/names.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/walk_check.h"
#include "hyp/vm/walk_text.h"

#define WALKS_DEFAULT 10000
#define WALKS_MAX     100000000
#define ACCESSES      8 /* with the same tables         */
#define PORTION       4 /* tables between two pauses    */

static struct {
    struct walk_check check;
    u32 walks, seed;
} run;

static void show_line(const char *text)
{
    show("%s\n", text);
}

/* What it may do or not, and what it should not. */
static void show_hart(void)
{
    const struct walk_check *check = &run.check;

    show("%10sA and D are set by %s in the VS-stage, by %s in the G-stage\n", "",
         check->vs_hardware_ad ? "hardware" : "software",
         check->g_hardware_ad ? "hardware" : "software");
    if (check->vs_hardware_ad && !check->updates_need_w)
        show("%10s... and in tables, too, that the G-stage does not let be written\n", "");
    if (check->left_out)
        show("%8u  more were left out, where this hart is known not to follow the spec\n",
             check->left_out);
}

/* What happened how often, so that a test sees that all of it has. */
static void show_counts(void)
{
    const struct walk_check *check = &run.check;

    for (u32 cause = 1; cause < WALK_CHECK_CAUSES; cause++)
        if (check->outcomes[cause])
            show("%8u  %s\n", check->outcomes[cause], cause_name(cause));
    show("%8u  of these on entries of the guest's tables, %u to set A or D\n", check->implicit,
         check->updates);
    show("%8u  translated, in 1 to 8 reads: %u %u %u %u %u %u %u %u\n", check->outcomes[0],
         check->lengths[1], check->lengths[2], check->lengths[3], check->lengths[4],
         check->lengths[5], check->lengths[6], check->lengths[7], check->lengths[8]);
}

static enum command_result show_difference(void)
{
    console_hold();
    walk_text(&run.check.view, show_line);
    console_release();
    return command_failed("the hart does not do what our walk says: %s (walk %u, seed %u)",
                          run.check.difference, run.check.walks, run.seed);
}

static enum command_result check_some(bool cancelled)
{
    bool agrees = true;

    for (u32 i = 0; i < PORTION && agrees && !cancelled && run.check.walks < run.walks; i++)
        agrees = walk_check_tables(&run.check, ACCESSES);
    if (agrees && !cancelled && run.check.walks < run.walks)
        return COMMAND_WAITS;
    walk_check_end(&run.check);
    if (!agrees)
        return show_difference();
    show("%u walks over %u random tables of both stages, seed %u: the hart agrees with each\n",
         run.check.walks, run.check.tables, run.seed);
    show_hart();
    show_counts();
    return COMMAND_DONE;
}

/* [COUNT] [seed N] */
static enum command_result parse(const struct arguments *arguments)
{
    u64 walks = WALKS_DEFAULT, seed = 1;
    u32 at = 1;

    if (at < arguments->count && strcmp(arguments->word[at], "seed") &&
        !argument_number(arguments->word[at++], &walks))
        return COMMAND_FAILED;
    if (at + 2 == arguments->count && !strcmp(arguments->word[at], "seed")) {
        if (!argument_number(arguments->word[at + 1], &seed))
            return COMMAND_FAILED;
        at += 2;
    }
    if (at != arguments->count)
        return command_failed("expected seed N, not \"%s\"", arguments->word[at]);
    if (!walks || walks > WALKS_MAX)
        return command_failed("a number of walks is from 1 to %u", WALKS_MAX);
    run.walks = (u32)walks;
    run.seed = (u32)seed;
    return COMMAND_DONE;
}

enum command_result command_check(const struct arguments *arguments)
{
    if (parse(arguments) != COMMAND_DONE)
        return COMMAND_FAILED;
    if (!walk_check_begin(&run.check, run.seed))
        return command_failed("there are no 4M of free memory for the tables");
    command_wait(check_some, 0);
    return COMMAND_WAITS;
}
