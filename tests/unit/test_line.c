/* The line editor and its history: every key, what it says has happened, and the limits. */
#include "tests/unit/unit.h"
#include "hyp/monitor/history.c"
#include "hyp/monitor/line.c"

static struct history history;
static struct line line;

static void fresh(void)
{
    history = (struct history){0};
    line_init(&line, &history);
}

/* Types all of `keys`; the last event. */
static enum line_event type(const char *keys)
{
    enum line_event event = LINE_SAME;

    for (; *keys; keys++)
        event = line_type(&line, (u8)*keys);
    return event;
}

/* Types a whole line, as the monitor does it. */
static void enter(const char *text)
{
    type(text);
    CHECK_EQ(type("\r"), LINE_DONE);
    history_add(&history, line.text);
    line_clear(&line);
}

#define UP         "\033[A"
#define DOWN       "\033[B"
#define RIGHT      "\033[C"
#define LEFT       "\033[D"
#define DELETE_KEY "\033[3~"

TEST(letters_are_inserted_at_the_cursor)
{
    fresh();
    CHECK_EQ(type("ac"), LINE_CHANGED);
    CHECK_EQ(type(LEFT), LINE_CHANGED);
    type("b");
    CHECK_STR(line.text, "abc");
    CHECK_EQ(line.cursor, 2);
    CHECK_EQ(line.length, 3);
}

TEST(the_cursor_stops_at_both_ends)
{
    fresh();
    type("ab");
    CHECK_EQ(type(RIGHT), LINE_SAME);
    CHECK_EQ(line.cursor, 2);
    type(LEFT LEFT);
    CHECK_EQ(type(LEFT), LINE_SAME);
    CHECK_EQ(line.cursor, 0);
}

TEST(home_and_end_in_every_spelling)
{
    static const char *const homes[] = {"\001", "\033[H", "\033OH", "\033[1~", "\033[7~"};
    static const char *const ends[] = {"\005", "\033[F", "\033OF", "\033[4~", "\033[8~"};

    for (u32 i = 0; i < ARRAY_SIZE(homes); i++) {
        fresh();
        type("abc");
        CHECK_EQ(type(homes[i]), LINE_CHANGED);
        CHECK_EQ(line.cursor, 0);
        CHECK_EQ(type(ends[i]), LINE_CHANGED);
        CHECK_EQ(line.cursor, 3);
        CHECK_STR(line.text, "abc");
    }
}

TEST(arrows_of_application_mode_and_with_modifiers)
{
    fresh();
    type("abc\033OD");
    CHECK_EQ(line.cursor, 2);
    type("\033OC");
    CHECK_EQ(line.cursor, 3);
    type("\033[1;5D");
    CHECK_EQ(line.cursor, 2);
    CHECK_STR(line.text, "abc");
}

TEST(control_letters_move_like_the_arrows)
{
    fresh();
    enter("one");
    type("ab\002");
    CHECK_EQ(line.cursor, 1);
    type("\006");
    CHECK_EQ(line.cursor, 2);
    type("\020");
    CHECK_STR(line.text, "one");
    type("\016");
    CHECK_STR(line.text, "ab");
}

TEST(backspace_takes_the_letter_before_in_both_spellings)
{
    fresh();
    type("abcd" LEFT "\177");
    CHECK_STR(line.text, "abd");
    type("\b");
    CHECK_STR(line.text, "ad");
    CHECK_EQ(line.cursor, 1);
    type("\b");
    CHECK_EQ(type("\b"), LINE_SAME);
    CHECK_STR(line.text, "d");
}

TEST(delete_takes_the_letter_under_the_cursor)
{
    fresh();
    type("abc");
    CHECK_EQ(type(DELETE_KEY), LINE_SAME);
    type("\001" DELETE_KEY);
    CHECK_STR(line.text, "bc");
    type("\004");
    CHECK_STR(line.text, "c");
    CHECK_EQ(line.cursor, 0);
}

TEST(control_d_ends_only_an_empty_line)
{
    fresh();
    CHECK_EQ(type("\004"), LINE_END);
    type("a");
    CHECK_EQ(type("\004"), LINE_SAME);
    CHECK_STR(line.text, "a");
}

TEST(kill_to_the_end_to_the_start_and_a_word)
{
    fresh();
    type("pause web now" LEFT LEFT LEFT "\013");
    CHECK_STR(line.text, "pause web ");
    CHECK_EQ(type("\027"), LINE_CHANGED);
    CHECK_STR(line.text, "pause ");
    type("web" LEFT LEFT "\025");
    CHECK_STR(line.text, "eb");
    CHECK_EQ(line.cursor, 0);
    CHECK_EQ(type("\025"), LINE_SAME);
    CHECK_EQ(type("\027"), LINE_SAME);
}

TEST(a_line_ends_with_either_byte_or_both)
{
    fresh();
    type("a");
    CHECK_EQ(type("\r"), LINE_DONE);
    CHECK_STR(line.text, "a");
    line_clear(&line);
    CHECK_EQ(type("\n"), LINE_SAME); /* of "\r\n" */
    type("b");
    CHECK_EQ(type("\n"), LINE_DONE);
    line_clear(&line);
    CHECK_EQ(type("\n"), LINE_DONE); /* an empty line of its own */
}

TEST(control_c_leaves_the_text_to_be_shown)
{
    fresh();
    type("half");
    CHECK_EQ(type("\003"), LINE_CANCEL);
    CHECK_STR(line.text, "half");
    line_clear(&line);
    CHECK_EQ(line.length, 0);
    CHECK_STR(line.text, "");
}

TEST(a_second_tab_lists_and_any_key_between_begins_anew)
{
    fresh();
    CHECK_EQ(type("\t"), LINE_COMPLETE);
    CHECK_EQ(type("\t"), LINE_LIST);
    CHECK_EQ(type("\t"), LINE_LIST);
    type("a");
    CHECK_EQ(type("\t"), LINE_COMPLETE);
}

TEST(control_l_is_told)
{
    fresh();
    type("abc");
    CHECK_EQ(type("\f"), LINE_CLEAR);
    CHECK_STR(line.text, "abc");
}

TEST(a_full_line_takes_no_more_wherever_the_cursor_is)
{
    fresh();
    for (u32 i = 0; i < COMMAND_LINE - 1; i++)
        CHECK_EQ(type("x"), LINE_CHANGED);
    CHECK_EQ(type("y"), LINE_SAME);
    type("\001");
    CHECK_EQ(type("y"), LINE_SAME);
    line_insert(&line, "more");
    CHECK_EQ(line.length, COMMAND_LINE - 1);
    CHECK_EQ(strlen(line.text), COMMAND_LINE - 1);
    CHECK_EQ(line.text[0], 'x');
}

TEST(other_control_characters_and_bytes_above_ascii_do_nothing)
{
    fresh();
    type("a");
    CHECK_EQ(type("\007\030\037\034\305\203\377"), LINE_SAME);
    CHECK_EQ(line_type(&line, 0), LINE_SAME);
    CHECK_STR(line.text, "a");
}

TEST(unknown_sequences_and_alt_keys_are_swallowed)
{
    fresh();
    type("a\033[15~\033[Z\033OP\033[99999999999~\033[200~\033x\033[;;H");
    CHECK_STR(line.text, "a");
    type("b");
    CHECK_STR(line.text, "ba"); /* the last one was Home, with empty numbers */
}

TEST(a_line_end_gets_through_a_broken_sequence)
{
    fresh();
    type("vms\033[");
    CHECK_EQ(type("\r"), LINE_DONE);
    CHECK_STR(line.text, "vms");
    line_clear(&line);
    type("\033");
    CHECK_EQ(type("\003"), LINE_CANCEL);
    type("ab");
    CHECK_STR(line.text, "ab");
}

TEST(up_and_down_go_through_the_history_and_back_to_what_was_begun)
{
    fresh();
    enter("one");
    enter("two");
    type("begun");
    CHECK_EQ(type(UP), LINE_CHANGED);
    CHECK_STR(line.text, "two");
    type(UP);
    CHECK_STR(line.text, "one");
    CHECK_EQ(type(UP), LINE_SAME);
    CHECK_STR(line.text, "one");
    type(DOWN);
    CHECK_STR(line.text, "two");
    type(DOWN);
    CHECK_STR(line.text, "begun");
    CHECK_EQ(type(DOWN), LINE_SAME);
    CHECK_EQ(line.cursor, 5);
}

TEST(a_changed_line_of_the_history_is_a_new_one)
{
    fresh();
    enter("one");
    type(UP "!");
    enter("");
    CHECK_STR(history_at(&history, 1), "one!");
    CHECK_STR(history_at(&history, 2), "one");
}

TEST(after_a_line_the_history_begins_at_its_end)
{
    fresh();
    enter("one");
    enter("two");
    type(UP UP);
    enter("");
    type(UP);
    CHECK_STR(line.text, "one");
}

TEST(the_history_has_no_empty_lines_and_none_twice_in_a_row)
{
    fresh();
    enter("");
    enter("a");
    enter("a");
    enter("b");
    enter("a");
    CHECK_EQ(history.count, 3);
    CHECK(!history_at(&history, 0));
    CHECK_STR(history_at(&history, 1), "a");
    CHECK_STR(history_at(&history, 2), "b");
    CHECK_STR(history_at(&history, 3), "a");
    CHECK(!history_at(&history, 4));
}

TEST(the_history_keeps_the_newest_lines)
{
    char text[16];

    fresh();
    for (u32 i = 0; i < HISTORY_LINES + 5; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        enter(text);
    }
    CHECK_STR(history_at(&history, 1), "line 36");
    CHECK_STR(history_at(&history, HISTORY_LINES), "line 5");
    CHECK(!history_at(&history, HISTORY_LINES + 1));
}

TEST(the_longest_line_goes_to_the_history_and_back)
{
    char text[COMMAND_LINE];

    fresh();
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    enter(text);
    type(UP);
    CHECK_STR(line.text, text);
    CHECK_EQ(line.cursor, COMMAND_LINE - 1);
}

/* Whatever is typed, the text stays one: within its bounds, terminated, of printable letters. */
TEST(random_keys_keep_the_line_whole)
{
    static const char often[] = "\033[A\033[B\033[~13;OH\t";
    u32 seed = 1;

    fresh();
    for (u32 i = 0; i < 200000; i++) {
        bool any;
        enum line_event event;

        seed = seed * 1664525 + 1013904223;
        any = seed >> 28 == 0;
        event =
            line_type(&line, any ? (u8)(seed >> 8) : (u8)often[(seed >> 8) % (sizeof(often) - 1)]);
        CHECK(line.length < COMMAND_LINE && line.cursor <= line.length);
        CHECK_EQ(strlen(line.text), line.length);
        if (event == LINE_DONE) {
            history_add(&history, line.text);
            line_clear(&line);
        }
    }
    CHECK(history.count > 2);
}

UNIT_MAIN("line")
