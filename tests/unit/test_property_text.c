/* Properties that are typed: each form, right and wrong, and what the parser of descriptions is
 * given. */
#include "tests/unit/unit.h"
#include "hyp/monitor/property_text.c"

static struct property_value value;
static struct fdt_prop prop;

static bool give(const char *name, const char *text)
{
    memset(&value, 0xa5, sizeof(value));
    return property_from_text(name, text, &value, &prop);
}

/* The cells that the property got are `expected`, big-endian. */
static void check_cells(const char *expected, u32 size)
{
    CHECK_EQ(prop.length, size);
    CHECK(!memcmp(prop.data, expected, size));
}

TEST(a_text_keeps_its_end)
{
    CHECK(give("memory", "128M"));
    CHECK_STR(prop.name, "memory");
    CHECK_EQ(prop.length, 5);
    CHECK_STR((const char *)prop.data, "128M");
}

TEST(an_empty_text_is_one)
{
    CHECK(give("bootargs", ""));
    CHECK_EQ(prop.length, 1);
}

TEST(digits_are_a_text_where_a_text_belongs)
{
    CHECK(give("bootargs", "1"));
    CHECK_EQ(prop.length, 2);
    CHECK_STR((const char *)prop.data, "1");
}

TEST(unknown_properties_are_texts_for_the_parser_to_refuse)
{
    CHECK(give("wieght", "1"));
    CHECK_STR(prop.name, "wieght");
    CHECK_EQ(prop.length, 2);
}

TEST(a_number_is_a_cell)
{
    CHECK(give("weight", "512"));
    check_cells("\0\0\2\0", 4);
    CHECK(give("cpus", "0"));
    check_cells("\0\0\0\0", 4);
    CHECK(give("max-exits", "4294967295"));
    check_cells("\xff\xff\xff\xff", 4);
}

TEST(what_is_no_number_is_refused)
{
    static const char *const wrong[] = {
        "", "x", "1x", " 1", "-1", "1,2", "1,", "4294967296", "99999999999999999999999", "0x10"};

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
        CHECK(!give("cap", wrong[i]));
}

TEST(numbers_with_commas_are_cells)
{
    CHECK(give("cpu-affinity", "0,1,31"));
    check_cells("\0\0\0\0\0\0\0\1\0\0\0\37", 12);
    CHECK(give("cpu-affinity", "3"));
    check_cells("\0\0\0\3", 4);
}

TEST(commas_without_numbers_are_refused)
{
    static const char *const wrong[] = {"", ",", "0,", ",0", "0,,1", "0 1", "0,x"};

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
        CHECK(!give("cpu-affinity", wrong[i]));
}

TEST(more_numbers_than_there_is_room_for_are_refused)
{
    char text[4 * PROPERTY_CELLS] = "0";

    for (u32 i = 1; i < PROPERTY_CELLS; i++)
        strcat(text, ",1");
    CHECK(give("cpu-affinity", text));
    CHECK_EQ(prop.length, 4 * PROPERTY_CELLS);
    strcat(text, ",1");
    CHECK(!give("cpu-affinity", text));
}

TEST(a_flag_is_on_and_has_no_value)
{
    CHECK(give("lazy", "on"));
    CHECK_EQ(prop.length, 0);
    CHECK(!give("lazy", "off"));
    CHECK(!give("debug", ""));
    CHECK(!give("shared", "1"));
}

TEST(every_form_is_told)
{
    CHECK_STR(property_form("weight"), "a number");
    CHECK(strstr(property_form("cpu-affinity"), "0,1"));
    CHECK(strstr(property_form("lazy"), "on"));
    CHECK_STR(property_form("memory"), "a text");
}

UNIT_MAIN("property_text")
