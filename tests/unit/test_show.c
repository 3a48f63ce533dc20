/* Numbers as a person reads them. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_hart.h"
#include "hyp/core/format.c"
#include "hyp/monitor/show.c"

struct hart harts[MAX_HARTS];
u32 hart_count = 2;
struct machine machine = {.timebase = 10000000};

static char printed[512];

void console_write_as(const void *owner, const char *prefix, const char *text, u32 size)
{
    (void)owner;
    CHECK(!prefix);
    memcpy(printed, text, size);
    printed[size] = '\0';
}

TEST(lines_end_as_a_terminal_wants)
{
    show("%u\n", 5);
    CHECK_STR(printed, "5\r\n");
    show("part");
    CHECK_STR(printed, "part");
}

TEST(nothing_is_printed_for_nothing)
{
    printed[0] = 'x';
    show("%s", "");
    CHECK_EQ(printed[0], 'x');
}

TEST(a_line_that_is_too_long_loses_its_rest)
{
    char text[300];

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    show("%s\n", text);
    CHECK_EQ(strlen(printed), 254);
}

TEST(sizes_in_the_largest_unit_that_says_enough)
{
    CHECK_STR(size_text(0).text, "0");
    CHECK_STR(size_text(1000).text, "1000");
    CHECK_STR(size_text(1024).text, "1K");
    CHECK_STR(size_text(1536).text, "1536");
    CHECK_STR(size_text(MIB(128)).text, "128M");
    CHECK_STR(size_text(MIB(1536)).text, "1536M");
    CHECK_STR(size_text(GIB(1)).text, "1G");
    CHECK_STR(size_text(GIB(14)).text, "14G");
    CHECK_STR(size_text(MIB(20) + 4096).text, "20M");
    CHECK_STR(size_text(KIB(100)).text, "100K");
}

TEST(times_of_ticks)
{
    CHECK_STR(seconds_text(0).text, "0.000");
    CHECK_STR(seconds_text(12345678).text, "1.234");
    CHECK_STR(micros_text(12345).text, "1234.5");
    CHECK_STR(micros_text_fine(12345).text, "1234.500");
}

TEST(times_do_not_overflow_where_products_would)
{
    u64 year = 31536000ull * machine.timebase;

    CHECK_STR(seconds_text(year + 1).text, "31536000.000");
    CHECK_STR(micros_text_fine(year + 1).text, "31536000000000.100");
}

TEST(other_timebases)
{
    machine.timebase = 1000000;
    CHECK_STR(micros_text(7).text, "7.0");
    machine.timebase = 3;
    CHECK_STR(seconds_text(4).text, "1.333");
    machine.timebase = 10000000;
}

TEST(percents_are_rounded)
{
    CHECK_STR(percent_text(1, 3).text, "33.3");
    CHECK_STR(percent_text(2, 3).text, "66.7");
    CHECK_STR(percent_text(5, 0).text, "0.0");
    CHECK_STR(percent_text(200, 100).text, "200.0");
}

TEST(rates_a_second)
{
    CHECK_STR(rate_text(50, 5000000).text, "100");
    CHECK_STR(rate_text(99999, 10000000).text, "99999");
    CHECK_STR(rate_text(123456, 10000000).text, "123K");
    CHECK_STR(rate_text(12345678, 10000000).text, "12M");
    CHECK_STR(rate_text(5, 0).text, "0");
}

TEST(harts_are_told_by_their_ids)
{
    harts[0].id = 3;
    harts[1].id = 11;
    CHECK_STR(harts_text(SCHED_ALL_HARTS).text, "all");
    CHECK_STR(harts_text(1).text, "3");
    CHECK_STR(harts_text(3).text, "3,11");
}

TEST(the_longest_list_of_harts_has_room)
{
    hart_count = MAX_HARTS;
    for (u32 i = 0; i < MAX_HARTS; i++)
        harts[i].id = 100 + i;
    CHECK_EQ(strlen(harts_text(0x7fffffff).text), 31 * 4 - 1);
}

UNIT_MAIN("show")
