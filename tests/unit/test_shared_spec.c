/* What the strings of "shared-memory" may be. */
#include "tests/unit/unit.h"
#include "hyp/vm/shared_spec.c"

static struct shared_spec spec;

static void check_accepted(const char *text, const char *name, u32 size, bool read_only)
{
    const char *error;

    memset(&spec, 0x5a, sizeof(spec));
    error = shared_spec_parse(text, &spec);
    if (error)
        UNIT_FAIL("\"%s\": %s", text, error);
    CHECK(!strcmp(spec.name, name));
    CHECK_EQ(spec.size, size);
    CHECK_EQ(spec.read_only, read_only);
}

/* Refused, with a phrase that has `word` in it. */
static void check_refused(const char *text, const char *word)
{
    const char *error = shared_spec_parse(text, &spec);

    if (!error)
        UNIT_FAIL("\"%s\" is accepted", text);
    if (!strstr(error, word))
        UNIT_FAIL("\"%s\": %s", text, error);
}

TEST(a_name_and_a_size)
{
    check_accepted("mailbox 64K", "mailbox", 0x10000, false);
    check_accepted("a 4K", "a", 0x1000, false);
    check_accepted("My_log-2.old 16M", "My_log-2.old", 0x1000000, false);
    check_accepted("x 16384K", "x", 0x1000000, false);
    check_accepted("x 0004K", "x", 0x1000, false);
}

TEST(rights)
{
    check_accepted("log 4K ro", "log", 0x1000, true);
    check_accepted("log 4K rw", "log", 0x1000, false);
}

TEST(the_longest_name)
{
    check_accepted("abcdefghijklmnopqrstuvw 4K", "abcdefghijklmnopqrstuvw", 0x1000, false);
    check_refused("abcdefghijklmnopqrstuvwx 4K", "23 letters");
}

TEST(names_that_are_none)
{
    static const char *const texts[] = {
        "", " 4K", "  mailbox 4K", "a/b 4K", "a\"b 4K", "a,b 4K", "\xc3\xa4 4K", "a\t4K", "a\n 4K"};

    for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
        check_refused(texts[i], "a name");
}

TEST(sizes_that_are_none)
{
    static const char *const texts[] = {
        "a",
        "a ",
        "a 4",
        "a K",
        "a 4k",
        "a 4G",
        "a 0K",
        "a 0M",
        "a 1K",
        "a 6K",
        "a 17M",
        "a 16388K",
        "a -4K",
        "a 0x4K",
        "a 4KB",
        "a 4K,ro",
        "a 4 K",
        "a ro",
        "a 4.K",
        "a  4K",
        "a 4194305K",
        "a 4294967300K",
        "a 18446744073709551620K",
    };

    for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
        check_refused(texts[i], "a size");
}

TEST(rights_that_are_none)
{
    static const char *const texts[] = {"a 4K r", "a 4K rwx", "a 4K  ro", "a 4K ro ", "a 4K RO"};

    for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
        check_refused(texts[i], "after the size");
}

UNIT_MAIN("shared_spec")
