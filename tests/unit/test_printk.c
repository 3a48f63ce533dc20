/* printk, and the machine's console as several share it. The bytes are looked at one by one. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"

static struct {
    char text[16384];
    u32 size;
} out;

static void take(void *device, const char *text, u32 size)
{
    (void)device;
    if (size > sizeof(out.text) - 1 - out.size)
        abort();
    memcpy(out.text + out.size, text, size);
    out.size += size;
    out.text[out.size] = '\0';
}

static void forget(void)
{
    out.size = 0;
    out.text[0] = '\0';
}

static void begin(void)
{
    console_set_sink(&(struct console_sink){.write = take});
    console_set_prompt(NULL, 0);
    console_end_line();
    memset(&kept, 0, sizeof(kept));
    fake_time = 0;
    forget();
}

static void write_as(const void *owner, const char *prefix, const char *text)
{
    console_write_as(owner, prefix, text, (u32)strlen(text));
}

static void prompt_is(const char *text)
{
    console_set_prompt(text, (u32)strlen(text));
}

static const char a[1], b[1]; /* two owners */

TEST(a_newline_goes_out_as_two_bytes)
{
    begin();
    printk("one\n\ntwo\n");
    CHECK_STR(out.text, "one\r\n\r\ntwo\r\n");
}

TEST(a_line_may_come_in_parts)
{
    begin();
    printk("o");
    printk("ne");
    printk("\n");
    CHECK_STR(out.text, "one\r\n");
}

TEST(nothing_prints_nothing)
{
    begin();
    printk("%s", "");
    CHECK_EQ(out.size, 0);
    CHECK_EQ(log_end(), 0);
}

TEST(too_long_a_line_keeps_its_end)
{
    char text[PRINTK_MAX + 50];

    begin();
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    printk("%s\n", text);
    CHECK_EQ(out.size, PRINTK_MAX + 1); /* one of them became two */
    CHECK_STR(out.text + PRINTK_MAX - 2, "x\r\n");
    forget();
    printk("%s", text);
    CHECK_EQ(out.size, PRINTK_MAX);
}

TEST(what_is_printed_is_logged_with_the_time)
{
    char text[PRINTK_MAX + 1];
    u64 from = 0, time;

    begin();
    fake_time = 0x100000005ull;
    printk("one %u\n", 1u);
    fake_time = 77;
    CHECK(!complain("thing", "is %s", "wrong"));
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 6);
    CHECK_STR(text, "one 1\n");
    CHECK_EQ(time, 0x100000005ull);
    log_read(&from, &time, text, sizeof(text));
    CHECK_STR(text, "Twofold: thing: is wrong\n");
    CHECK_EQ(time, 77);
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 0);
}

TEST(lines_of_owners_are_not_logged)
{
    begin();
    write_as(a, "[a] ", "text\n");
    CHECK_EQ(log_end(), 0);
}

TEST(an_owner_begins_its_line_with_its_prefix_and_goes_on_without)
{
    begin();
    write_as(a, "[a] ", "one");
    write_as(a, "[a] ", " two\n");
    write_as(a, "[a] ", "three\r\n");
    write_as(a, NULL, "four\n");
    CHECK_STR(out.text, "[a] one two\n[a] three\r\nfour\n");
}

TEST(a_line_left_open_is_ended_before_anothers)
{
    begin();
    write_as(a, "[a] ", "login: ");
    write_as(b, "[b] ", "text\n");
    write_as(a, "[a] ", "x");
    printk("ours\n");
    printk("open");
    write_as(b, NULL, "b\n");
    CHECK_STR(out.text, "[a] login: \r\n[b] text\n[a] x\r\nours\r\nopen\r\nb\n");
}

TEST(end_line_ends_only_what_is_open)
{
    begin();
    console_end_line();
    write_as(a, "[a] ", "x");
    console_end_line();
    console_end_line();
    write_as(a, "[a] ", "y\n");
    CHECK_STR(out.text, "[a] x\r\n[a] y\n");
}

TEST(a_prompt_is_erased_for_a_line_and_drawn_again)
{
    begin();
    prompt_is("> ");
    CHECK_STR(out.text, "> ");
    forget();
    printk("text\n");
    CHECK_STR(out.text, "\r\033[Ktext\r\n> ");
    forget();
    write_as(a, "[a] ", "part");
    CHECK_STR(out.text, "\r\033[K[a] part"); /* its line has not ended */
    write_as(a, "[a] ", " end\n");
    CHECK_STR(out.text, "\r\033[K[a] part end\n> ");
}

TEST(a_prompt_set_anew_is_shown_below_an_open_line)
{
    begin();
    prompt_is("> ");
    write_as(a, "[a] ", "login: ");
    forget();
    prompt_is("> v");
    CHECK_STR(out.text, "\r\n> v");
    forget();
    prompt_is("> vm");
    CHECK_STR(out.text, "m"); /* it goes on from what is shown */
    forget();
    write_as(a, "[a] ", "root\n");
    CHECK_STR(out.text, "\r\033[K[a] root\n> vm");
}

TEST(a_prompt_that_changes_is_drawn_as_a_whole)
{
    begin();
    prompt_is("> vm");
    forget();
    prompt_is("> v");
    CHECK_STR(out.text, "\r\033[K> v");
    forget();
    prompt_is("> w");
    CHECK_STR(out.text, "\r\033[K> w");
}

TEST(a_prompt_that_is_left_stays_as_a_line)
{
    begin();
    prompt_is("> vms");
    forget();
    console_leave_prompt();
    CHECK_STR(out.text, "\r\n");
    forget();
    console_leave_prompt();
    printk("text\n");
    CHECK_STR(out.text, "text\r\n");
}

TEST(a_prompt_taken_away_is_erased)
{
    begin();
    prompt_is("> ");
    forget();
    console_set_prompt(NULL, 0);
    CHECK_STR(out.text, "\r\033[K");
    forget();
    console_set_prompt(NULL, 0);
    printk("text\n");
    CHECK_STR(out.text, "text\r\n");
}

TEST(a_prompt_is_the_consoles_own_copy)
{
    char text[CONSOLE_PROMPT_MAX + 10];

    begin();
    memset(text, 'p', sizeof(text));
    console_set_prompt(text, sizeof(text));
    memset(text, 'q', sizeof(text));
    forget();
    printk("x\n");
    CHECK_EQ(out.size, 4 + 3 + CONSOLE_PROMPT_MAX);
    CHECK_EQ(out.text[out.size - 1], 'p');
}

/* What is printed in one hold is between one erasing and one drawing. */
TEST(a_held_console_draws_the_prompt_once)
{
    begin();
    prompt_is("> ");
    forget();
    console_hold();
    printk("one\n");
    console_hold(); /* nests */
    printk("two\n");
    console_release();
    write_as(a, "[a] ", "three\n");
    console_release();
    CHECK_STR(out.text, "\r\033[Kone\r\ntwo\r\n[a] three\n> ");
    CHECK_EQ(console_lock.held, 0);
    CHECK(!holder);
}

static jmp_buf stopped;

static void stop(void)
{
    longjmp(stopped, 1);
}

TEST(a_panic_prints_whoever_holds_the_console)
{
    begin();
    prompt_is("> ");
    write_as(a, "[a] ", "x");
    forget();
    console_lock.held = 1; /* by another hart */
    holder = out.text;
    hold_depth = 3;
    panic_stop = stop;
    if (!setjmp(stopped))
        panic("it was %s", "bad");
    CHECK(strstr(out.text, "\r\nPANIC: it was bad\r\nThis is a bug in Twofold") == out.text);
    printk("and more\n");
    CHECK(strstr(out.text, "and more\r\n"));
}

UNIT_MAIN("printk")
