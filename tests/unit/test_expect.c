/* What scripts expect: text in a VM's scroll-back and in the log, behind what was found before. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_vm.h"
#include "hyp/core/log.c"
#include "hyp/monitor/expect.c"

/* A scroll-back that holds the last PAST bytes, as the real one does. */
#define PAST 2048

static struct vm vm, other = {.index = 1};
static struct {
    const struct vm *vm;
    char text[65536];
    u64 written;
} printed;

u32 vm_console_read_past(struct vm *of, u64 *from, char *to, u32 size)
{
    u64 oldest = printed.written > PAST ? printed.written - PAST : 0;
    u64 end = of == printed.vm ? printed.written : 0;
    u32 copied = 0;

    if (*from < oldest)
        *from = oldest;
    for (; copied < size && *from < end; copied++)
        to[copied] = printed.text[(*from)++];
    return copied;
}

/* An `expect` of its own. */
static bool look(struct vm *in, const char *text)
{
    expect_begin(in);
    return expect_console(in, text);
}

static void print(const char *text)
{
    memcpy(printed.text + printed.written, text, strlen(text));
    printed.written += strlen(text);
}

static void fill(char byte, u32 count)
{
    memset(printed.text + printed.written, byte, count);
    printed.written += count;
}

static void fresh(void)
{
    printed.vm = &vm;
    printed.written = 0;
    memset(console_seen, 0, sizeof(console_seen));
}

TEST(text_is_found_once_it_is_there)
{
    fresh();
    CHECK(!look(&vm, "login: "));
    print("welcome\r\nlogi");
    CHECK(!look(&vm, "login: "));
    print("n: ");
    CHECK(look(&vm, "login: "));
}

TEST(the_next_text_is_looked_for_behind_the_last)
{
    fresh();
    print("# one\r\n# two\r\n");
    CHECK(look(&vm, "# "));
    CHECK(look(&vm, "# "));
    CHECK(!look(&vm, "# "));
    CHECK(!look(&vm, "one"));
    CHECK(look(&vm, "two\r\n"));
}

/* A command asks again and again, and the text comes in pieces. */
TEST(text_that_comes_in_pieces)
{
    fresh();
    expect_begin(&vm);
    for (const char *p = "....need...needl....needle"; *p; p++) {
        char piece[2] = {*p};

        CHECK(!expect_console(&vm, "needle"));
        print(piece);
    }
    CHECK(expect_console(&vm, "needle"));
}

TEST(a_text_that_was_not_found_changes_nothing)
{
    fresh();
    print("a b");
    fill('.', 1000);
    CHECK(!look(&vm, "c"));
    CHECK(look(&vm, "a b"));
}

TEST(text_across_the_ends_of_windows)
{
    for (u32 before = WINDOW - 6; before < WINDOW + 2; before++) {
        fresh();
        fill('.', before);
        print("needle");
        fill('.', 700);
        CHECK(look(&vm, "needle"));
        CHECK_EQ(console_seen[0], before + 6);
    }
}

TEST(a_text_that_begins_like_itself)
{
    fresh();
    print("ababababac");
    CHECK(look(&vm, "ababac"));
}

TEST(what_the_scroll_back_has_lost_is_passed_over)
{
    fresh();
    print("early");
    fill('x', 5000);
    print("late");
    CHECK(!look(&vm, "early"));
    CHECK(look(&vm, "late"));
}

TEST(the_longest_text)
{
    char text[COMMAND_LINE];

    fresh();
    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    fill('x', 1000);
    fill('y', COMMAND_LINE - 2);
    CHECK(!look(&vm, text));
    print("y");
    CHECK(look(&vm, text));
}

TEST(each_vm_has_a_place_of_its_own)
{
    fresh();
    print("ready");
    CHECK(!look(&other, "ready"));
    CHECK(look(&vm, "ready"));
}

static void say(const char *text)
{
    log_append(0, text, (u32)strlen(text));
}

TEST(lines_of_the_log_are_found_in_their_order)
{
    say("VM \"a\" starts\n");
    say("VM \"b\" starts\n");
    CHECK(expect_log("\"a\" starts"));
    CHECK(!expect_log("\"a\" starts"));
    say("VM \"a\" powered off\n");
    say("VM \"b\" powered off\n");
    CHECK(expect_log("powered off"));
    CHECK(expect_log("powered off"));
    CHECK(!expect_log("powered off"));
}

UNIT_MAIN("expect")
