/* The commands' frame: finding, checking and running a line, arguments, completion, help. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_vm.h"
#include "hyp/core/format.c"
#include "hyp/core/nearest.c"
#include "hyp/monitor/arguments.c"
#include "hyp/monitor/command.c"
#include "hyp/monitor/complete.c"
#include "hyp/monitor/words.c"

struct vm *vms[VM_MAX];
u32 vm_count;

static struct vm web, worker, db;
static struct vcpu first_vcpu;
static enum vm_state state_of_vm;

struct vm *vm_find(const char *name)
{
    for (u32 i = 0; i < vm_count; i++)
        if (!strcmp(vms[i]->config.name, name))
            return vms[i];
    return NULL;
}

enum vm_state vm_state(const struct vm *vm)
{
    (void)vm;
    return state_of_vm;
}

const char *vm_state_name(enum vm_state state)
{
    return state == VM_OFF ? "off" : "running";
}

static const char *const settings[] = {"escape", "weight", NULL};

const char *setting_name(u32 index)
{
    return settings[index];
}

/* What the commands of these tests have been given. */
static u32 runs, last_count;
static char last_word[COMMAND_LINE];

static enum command_result note(const struct arguments *arguments)
{
    runs++;
    last_count = arguments->count;
    strcpy(last_word, arguments->word[arguments->count - 1]);
    return COMMAND_DONE;
}

static enum command_result refuse(const struct arguments *arguments)
{
    return command_failed("%s is not to be", arguments->word[0]);
}

static const char *const wait_words[] = {"off", "paused", NULL};

const struct command commands_vm[] = {
    {.name = "vms", .arguments = "", .run = note},
    {.name = "pause",
     .arguments = "VM...",
     .min_words = 1,
     .max_words = 3,
     .complete = {COMPLETE_VM, COMPLETE_VM},
     .run = note},
    {.name = NULL},
};
const struct command commands_look[] = {{.name = NULL}};
const struct command commands_stat[] = {{.name = NULL}};
const struct command commands_trace[] = {
    {.name = "refuse", .arguments = "[X]", .max_words = 1, .run = refuse},
    {.name = NULL},
};
const struct command commands_disks[] = {{.name = NULL}};
const struct command commands_net[] = {{.name = NULL}};
const struct command commands_system[] = {
    {.name = "set", .arguments = "", .complete = {COMPLETE_SETTING}, .max_words = 2, .run = note},
    {.name = NULL},
};
const struct command commands_monitor[] = {
    {.name = "help", .arguments = "", .complete = {COMPLETE_COMMAND}, .max_words = 1, .run = note},
    {.name = NULL},
};
const struct command commands_script[] = {
    {.name = "wait",
     .arguments = "VM STATE",
     .min_words = 2,
     .max_words = 2,
     .complete = {COMPLETE_VM, COMPLETE_WORDS},
     .words = wait_words,
     .run = note},
    {.name = NULL},
};

static void fresh(void)
{
    web.config.name = "web";
    worker.config.name = "worker";
    db.config.name = "db";
    web.config.cpus = 2;
    web.vcpus[0] = &first_vcpu;
    vms[0] = &web;
    vms[1] = &worker;
    vms[2] = &db;
    vm_count = 3;
    state_of_vm = VM_RUNNING;
    runs = 0;
    command_run("");
}

TEST(a_line_runs_its_command_with_its_words)
{
    fresh();
    CHECK_EQ(command_run(" pause \"web\" db"), COMMAND_DONE);
    CHECK_EQ(runs, 1);
    CHECK_EQ(last_count, 3);
    CHECK_STR(last_word, "db");
    CHECK_STR(command_running()->name, "pause");
    CHECK(!command_reason());
}

TEST(empty_lines_and_comments_are_done)
{
    fresh();
    CHECK_EQ(command_run(""), COMMAND_DONE);
    CHECK_EQ(command_run("   # pause web"), COMMAND_DONE);
    CHECK_EQ(runs, 0);
    CHECK(!command_running());
}

TEST(the_number_of_words_is_checked_and_the_usage_told)
{
    fresh();
    CHECK_EQ(command_run("pause"), COMMAND_FAILED);
    CHECK_STR(command_reason(), "expected: pause VM...");
    CHECK_EQ(command_run("pause a b c d"), COMMAND_FAILED);
    CHECK_EQ(command_run("vms x"), COMMAND_FAILED);
    CHECK_STR(command_reason(), "expected: vms");
    CHECK_EQ(runs, 0);
}

TEST(unknown_commands_are_told_the_nearest)
{
    fresh();
    CHECK_EQ(command_run("puase web"), COMMAND_FAILED);
    CHECK_STR(command_reason(), "there is no command \"puase\"; did you mean \"pause\"?");
    CHECK_EQ(command_run("xyzzy"), COMMAND_FAILED);
    CHECK_STR(command_reason(), "there is no command \"xyzzy\"; `help` lists them");
}

TEST(lines_that_cannot_be_taken_apart_fail)
{
    fresh();
    CHECK_EQ(command_run("pause \"web"), COMMAND_FAILED);
    CHECK_STR(command_reason(), "a quote (\") is not closed");
}

TEST(a_reason_is_of_its_own_line_only)
{
    fresh();
    CHECK_EQ(command_run("refuse"), COMMAND_FAILED);
    CHECK_STR(command_reason(), "refuse is not to be");
    CHECK_EQ(command_run("vms"), COMMAND_DONE);
    CHECK(!command_reason());
}

TEST(a_long_reason_is_cut)
{
    char line[COMMAND_LINE];

    fresh();
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    CHECK_EQ(command_run(line), COMMAND_FAILED);
    CHECK_EQ(strlen(command_reason()), REASON_MAX - 1);
}

TEST(rows_come_in_the_order_of_the_tables)
{
    static const char *const order[] = {"vms", "pause", "refuse", "set", "help", "wait"};

    for (u32 i = 0; i < ARRAY_SIZE(order); i++)
        CHECK_STR(command_name(i), order[i]);
    CHECK(!command_name(ARRAY_SIZE(order)));
    CHECK(command_find("set") == &commands_system[0]);
    CHECK(!command_find("se"));
}

TEST(argument_vm_finds_or_tells_the_nearest)
{
    fresh();
    CHECK(argument_vm("worker") == &worker);
    CHECK(!argument_vm("wroker"));
    CHECK_STR(command_reason(), "there is no VM \"wroker\"; did you mean \"worker\"?");
    CHECK(!argument_vm("nothing"));
    CHECK_STR(command_reason(), "there is no VM \"nothing\"; `vms` lists them");
    CHECK(!argument_vm(""));
}

TEST(argument_number_reads_every_form)
{
    static const struct {
        const char *word;
        u64 value;
    } good[] = {
        {"0", 0},
        {"12", 12},
        {"0x1f", 31},
        {"0XAbC", 0xabc},
        {"64K", 65536},
        {"2M", 2 << 20},
        {"1G", 1 << 30},
        {"0x10K", 16384},
        {"18446744073709551615", ~(u64)0},
        {"0xffffffffffffffff", ~(u64)0},
        {"17179869183G", 17179869183ull << 30},
    };
    u64 value;

    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK(argument_number(good[i].word, &value));
        CHECK_EQ(value, good[i].value);
    }
}

TEST(argument_number_refuses_the_rest)
{
    static const char *const bad[] = {
        "",
        "x",
        "0x",
        "0xg",
        "-1",
        "+1",
        "1k",
        "1KB",
        "1 ",
        " 1",
        "1.5",
        "K",
        "12a",
        "18446744073709551616",
        "99999999999999999999999",
        "0x10000000000000000",
        "17179869184G",
    };
    u64 value;

    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!argument_number(bad[i], &value));
    CHECK_STR(command_reason(), "\"17179869184G\" is not a number: expected such as 12, 0x1f, 64K, "
                                "2M or 1G");
}

TEST(argument_time_reads_every_unit)
{
    static const struct {
        const char *word;
        u32 ms;
    } good[] = {
        {"250ms", 250},  {"5s", 5000}, {"3", 3000},       {"2m", 120000},
        {"1h", 3600000}, {"0", 0},     {"24h", 86400000}, {"86400", 86400000},
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "5x",
                                      "5S",
                                      "25h",
                                      "86401",
                                      "1.5s",
                                      "-1s",
                                      "18446744073709551615h",
                                      "4294967297ms"};
    u32 ms;

    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK(argument_time(good[i].word, &ms));
        CHECK_EQ(ms, good[i].ms);
    }
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!argument_time(bad[i], &ms));
}

TEST(argument_vcpu_finds_or_tells_why_not)
{
    fresh();
    CHECK(argument_vcpu(&web, "0") == &first_vcpu);
    CHECK(!argument_vcpu(&web, "2"));
    CHECK_STR(command_reason(), "VM \"web\" has no vCPU 2: it has 2, numbered from 0");
    CHECK(!argument_vcpu(&web, "0x100000000"));
    CHECK(!argument_vcpu(&web, "x"));
    state_of_vm = VM_OFF;
    CHECK(!argument_vcpu(&web, "1"));
    CHECK_STR(command_reason(), "VM \"web\" is off: it has no vCPUs now");
}

/* The completion of a line: how many there are, and what is put in. */
static u32 complete(const char *line, const char *expected)
{
    static char more[COMMAND_LINE];
    u32 found = command_complete(line, (u32)strlen(line), more);

    CHECK_STR(more, expected);
    return found;
}

TEST(commands_are_completed_as_far_as_they_agree)
{
    fresh();
    CHECK_EQ(complete("", ""), 6);
    CHECK_EQ(complete("p", "ause "), 1);
    CHECK_EQ(complete("pause", " "), 1);
    CHECK_EQ(complete("x", ""), 0);
    CHECK_EQ(complete("help wa", "it "), 1);
}

TEST(vms_settings_and_words_are_completed)
{
    fresh();
    CHECK_EQ(complete("pause w", ""), 2);
    CHECK_STR(command_candidate(0), "web");
    CHECK_STR(command_candidate(1), "worker");
    CHECK_EQ(complete("pause wo", "rker "), 1);
    CHECK_EQ(complete("pause web ", ""), 3);
    CHECK_EQ(complete("pause  web  d", "b "), 1);
    CHECK_EQ(complete("set ", ""), 2);
    CHECK_EQ(complete("set e", "scape "), 1);
    CHECK_EQ(complete("wait web pa", "used "), 1);
    CHECK_EQ(complete("wait web ", ""), 2);
}

TEST(a_common_beginning_is_put_in_without_a_blank)
{
    fresh();
    db.config.name = "worst";
    CHECK_EQ(complete("pause wo", "r"), 2);
}

TEST(words_of_unknown_commands_and_further_ones_are_not_completed)
{
    fresh();
    CHECK_EQ(complete("xyzzy w", ""), 0);
    CHECK_EQ(complete("vms w", ""), 0);
    CHECK_EQ(complete("pause a b w", ""), 0);
    CHECK_EQ(complete("pause a b c d e f w", ""), 0);
}

TEST(more_vms_than_candidates_are_no_harm)
{
    static struct vm many[VM_MAX];
    static char names[VM_MAX][8];

    for (u32 i = 0; i < VM_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "vm%u", i);
        many[i].config.name = names[i];
        vms[i] = &many[i];
    }
    vm_count = VM_MAX;
    CHECK_EQ(complete("pause ", "vm"), VM_MAX);
    CHECK_STR(command_candidate(VM_MAX - 1), "vm63");
    fresh();
}

UNIT_MAIN("command")
