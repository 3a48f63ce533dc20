/* The log of the hypervisor's own messages. */
#include "tests/unit/unit.h"
#include "hyp/core/log.c"

static void forget(void)
{
    memset(&kept, 0, sizeof(kept));
}

static void append(u64 time, const char *text)
{
    log_append(time, text, (u32)strlen(text));
}

TEST(entries_come_back_in_order_with_their_times)
{
    char text[LOG_TEXT_MAX + 1];
    u64 from = 0, time;

    forget();
    append(5, "one\n");
    append(0x123456789abcull, "a part");
    append(7, " and its end\n");
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 4);
    CHECK_STR(text, "one\n");
    CHECK_EQ(time, 5);
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 6);
    CHECK_STR(text, "a part");
    CHECK_EQ(time, 0x123456789abcull);
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 13);
    CHECK_STR(text, " and its end\n");
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 0);
    CHECK_EQ(from, log_end());
    append(9, "more\n");
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 5);
    CHECK_STR(text, "more\n");
}

TEST(an_empty_log_has_nothing)
{
    char text[8];
    u64 from = 0, time;

    forget();
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 0);
    log_append(1, "", 0);
    CHECK_EQ(log_end(), 0);
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 0);
}

TEST(a_reader_that_begins_at_the_end_sees_only_what_is_new)
{
    char text[LOG_TEXT_MAX + 1];
    u64 from, time;

    forget();
    append(1, "old\n");
    from = log_end();
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 0);
    append(2, "new\n");
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 4);
    CHECK_STR(text, "new\n");
}

TEST(a_small_buffer_cuts_an_entry_and_keeps_the_next)
{
    char text[4];
    u64 from = 0, time;

    forget();
    append(1, "long enough\n");
    append(2, "b\n");
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 3);
    CHECK_STR(text, "lon");
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), 2);
    CHECK_STR(text, "b\n");
}

TEST(an_entry_is_cut_at_the_most_it_may_be)
{
    char text[2 * LOG_TEXT_MAX], long_text[2 * LOG_TEXT_MAX];
    u64 from = 0, time;

    forget();
    memset(long_text, 'x', sizeof(long_text));
    log_append(1, long_text, sizeof(long_text));
    CHECK_EQ(log_read(&from, &time, text, sizeof(text)), LOG_TEXT_MAX);
}

/* Entries of every length, many times round the ring: what is read back is whole and the newest. */
TEST(the_oldest_entries_make_room_for_new_ones)
{
    enum { ENTRIES = 20000 };
    char text[LOG_TEXT_MAX + 1], expected[64];
    u32 count = 0, first = 0, bytes = 0;
    u64 from = 0, time;

    forget();
    for (u32 i = 0; i < ENTRIES; i++) {
        snprintf(expected, sizeof(expected), "%u%.*s\n", i, (int)(i * 7 % 40),
                 "........................................");
        append(i, expected);
    }
    while (log_read(&from, &time, text, sizeof(text))) {
        u32 i = (u32)time;

        if (!count)
            first = i;
        CHECK_EQ(i, first + count);
        snprintf(expected, sizeof(expected), "%u%.*s\n", i, (int)(i * 7 % 40),
                 "........................................");
        CHECK_STR(text, expected);
        bytes += (u32)(strlen(text) + sizeof(struct log_header));
        count++;
    }
    CHECK_EQ(first + count, ENTRIES);
    CHECK(bytes <= LOG_SIZE && bytes + sizeof(struct log_header) + 64 > LOG_SIZE);
}

UNIT_MAIN("log")
