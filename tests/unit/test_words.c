/* Words of the monitor's lines, and the lines of its scripts. */
#include "tests/unit/unit.h"
#include "hyp/monitor/script.c"
#include "hyp/monitor/words.c"

static struct arguments words;

static const char *split(const char *text)
{
    static char line[COMMAND_LINE];

    strcpy(line, text);
    return words_split(line, &words);
}

TEST(blanks_separate_words)
{
    CHECK(!split("  pause \t web  "));
    CHECK_EQ(words.count, 2);
    CHECK_STR(words.word[0], "pause");
    CHECK_STR(words.word[1], "web");
}

TEST(nothing_has_no_words)
{
    CHECK(!split(""));
    CHECK_EQ(words.count, 0);
    CHECK(!split(" \t "));
    CHECK_EQ(words.count, 0);
}

TEST(a_comment_begins_at_a_word)
{
    CHECK(!split("# all of it"));
    CHECK_EQ(words.count, 0);
    CHECK(!split("wait 1s # a second"));
    CHECK_EQ(words.count, 2);
    CHECK(!split("echo a#b \"# c\""));
    CHECK_EQ(words.count, 3);
    CHECK_STR(words.word[1], "a#b");
    CHECK_STR(words.word[2], "# c");
}

TEST(quotes_keep_blanks_and_may_be_a_part_of_a_word)
{
    CHECK(!split("expect web \"login: \" a\"b c\"d \"\""));
    CHECK_EQ(words.count, 5);
    CHECK_STR(words.word[2], "login: ");
    CHECK_STR(words.word[3], "ab cd");
    CHECK_STR(words.word[4], "");
}

TEST(escapes_within_quotes)
{
    CHECK(!split("type web \"a\\n\\r\\t\\\"\\\\\\x1d\\xfF!\""));
    CHECK_STR(words.word[2], "a\n\r\t\"\\\x1d\xff!");
}

TEST(no_escapes_outside_quotes)
{
    CHECK(!split("echo a\\nb \\"));
    CHECK_STR(words.word[1], "a\\nb");
    CHECK_STR(words.word[2], "\\");
}

TEST(wrong_lines_are_explained)
{
    CHECK_STR(split("type web \"abc"), "a quote (\") is not closed");
    CHECK_STR(split("type web \"abc\\"), "after \\, expected n, r, t, \", \\ or x and two "
                                         "hexadecimal digits");
    CHECK(split("type web \"\\q\""));
    CHECK(split("type web \"\\x4\""));
    CHECK(split("type web \"\\x"));
    CHECK(split("type web \"\\x1"));
    CHECK_STR(split("type web \"\\x00\""), "\\x00 cannot be in a word");
}

TEST(as_many_words_as_there_is_room_for)
{
    CHECK(!split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"));
    CHECK_EQ(words.count, COMMAND_WORDS);
    CHECK_STR(words.word[15], "16");
    CHECK(!split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 # no word"));
    CHECK_STR(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"), "too many words");
}

/* Whatever the line has, the words lie within it and end. */
TEST(random_lines_stay_within_themselves)
{
    static const char letters[] = "ab \t\"\"\\\\nx1#";
    u32 seed = 7;

    for (u32 round = 0; round < 50000; round++) {
        u32 length = round % 40;
        char *line = malloc(length + 1); /* exactly, so that ASan sees every step beyond */

        for (u32 i = 0; i < length; i++) {
            seed = seed * 1664525 + 1013904223;
            line[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
        }
        line[length] = '\0';
        if (!words_split(line, &words))
            for (u32 i = 0; i < words.count; i++)
                CHECK(words.word[i] >= line &&
                      words.word[i] + strlen(words.word[i]) <= line + length);
        free(line);
    }
}

static char got[COMMAND_LINE];

static enum script_status next(struct script *script)
{
    memset(got, '?', sizeof(got));
    return script_next(script, got);
}

static struct script script_of(const char *text)
{
    return (struct script){.text = text, .size = (u32)strlen(text)};
}

TEST(a_script_is_read_line_by_line)
{
    struct script script = script_of("vms\n\r\n  wait 1s\r\necho last");

    CHECK_EQ(next(&script), SCRIPT_LINE);
    CHECK_STR(got, "vms");
    CHECK_EQ(script.line, 1);
    CHECK_EQ(next(&script), SCRIPT_LINE);
    CHECK_STR(got, "");
    CHECK_EQ(next(&script), SCRIPT_LINE);
    CHECK_STR(got, "  wait 1s");
    CHECK_EQ(next(&script), SCRIPT_LINE);
    CHECK_STR(got, "echo last");
    CHECK_EQ(script.line, 4);
    CHECK_EQ(next(&script), SCRIPT_END);
    CHECK_EQ(next(&script), SCRIPT_END);
    CHECK_EQ(script.line, 4);
}

TEST(an_empty_script_ends_at_once)
{
    struct script empty = script_of(""), none = {0};

    CHECK_EQ(next(&empty), SCRIPT_END);
    CHECK_EQ(next(&none), SCRIPT_END);
}

/* As a property of a device tree may have it. */
TEST(a_byte_of_0_ends_the_script)
{
    struct script script = {.text = "vms\n\0vms\n", .size = 9};

    CHECK_EQ(next(&script), SCRIPT_LINE);
    CHECK_EQ(next(&script), SCRIPT_END);
}

TEST(a_line_that_does_not_fit_is_told_with_its_number)
{
    char text[2 * COMMAND_LINE];
    struct script script;

    memset(text, 'x', sizeof(text));
    text[COMMAND_LINE - 1] = '\n'; /* the longest that fits */
    text[sizeof(text) - 1] = '\0'; /* the next is one too long */
    script = script_of(text);
    CHECK_EQ(next(&script), SCRIPT_LINE);
    CHECK_EQ(strlen(got), COMMAND_LINE - 1);
    CHECK_EQ(next(&script), SCRIPT_LINE);
    text[COMMAND_LINE - 1] = 'x';
    script = script_of(text);
    CHECK_EQ(next(&script), SCRIPT_TOO_LONG);
    CHECK_EQ(script.line, 1);
    CHECK_EQ(strlen(got), COMMAND_LINE - 1);
}

UNIT_MAIN("words")
