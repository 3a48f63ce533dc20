/* The formatter behind printk: against the C library's, and at the ends of buffers. */
#include "tests/unit/unit.h"
#include "hyp/core/format.c"

#define ROOM 128

/* Both formatters on the same values, in buffers of every size that matters. */
#define CHECK_SAME(...)                                                                     \
    do {                                                                                    \
        char theirs[ROOM];                                                                  \
        u32 length = (u32)snprintf(theirs, ROOM, __VA_ARGS__);                              \
        for (u32 size = 0; size <= length + 2; size++) {                                    \
            char *ours = malloc(size + 1); /* ASan sees a byte too many, 'z' one that is */ \
            u32 kept = size > length ? length : size ? size - 1 : 0;                        \
            ours[size] = 'z';                                                               \
            u32 used = format_text(ours, size, __VA_ARGS__);                                \
            bool same = !size || (!memcmp(ours, theirs, kept) && ours[kept] == '\0');       \
            same = same && used == kept && ours[size] == 'z';                               \
            if (!same && size > length)                                                     \
                printf("# \"%s\", expected \"%s\"\n", ours, theirs);                        \
            free(ours);                                                                     \
            if (!same)                                                                      \
                UNIT_FAIL("%s in %u bytes", #__VA_ARGS__, size);                            \
        }                                                                                   \
    } while (0)

TEST(text_without_conversions)
{
    CHECK_SAME("nothing %s", "");
    CHECK_SAME("100%% and %% %s", "more");
    CHECK_SAME("%s%s%s", "a", "b", "c");
}

TEST(numbers_of_32_bits)
{
    static const s32 numbers[] = {0, 1, -1, 9, 10, -10, 65535, 99999, INT32_MAX, INT32_MIN};

    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
        CHECK_SAME("%d", numbers[i]);
        CHECK_SAME("%u", (u32)numbers[i]);
        CHECK_SAME("%x", (u32)numbers[i]);
    }
}

TEST(numbers_of_64_bits)
{
    static const s64 numbers[] = {0,         1,          -1,        4294967295, 4294967296,
                                  -42949672, 9999999999, INT64_MAX, INT64_MIN,  0x123456789abcdef0};

    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
        CHECK_SAME("%lld", numbers[i]);
        CHECK_SAME("%llu", (u64)numbers[i]);
        CHECK_SAME("%llx", (u64)numbers[i]);
        CHECK_SAME("%020llu|%-22llx|", (u64)numbers[i], (u64)numbers[i]);
    }
}

/* One value after another is taken from the list in its own width. */
TEST(widths_mixed_in_one_text)
{
    CHECK_SAME("%u %llx %d %lld %c %s %x", 1u, 0xfedcba9876543210ull, -3, -4ll, 'c', "text", 0xfu);
}

TEST(padding_left_right_and_with_zeros)
{
    CHECK_SAME("[%5d][%-5d][%05d]", 42, 42, 42);
    CHECK_SAME("[%5u][%-5u][%05u]", 42u, 42u, 42u);
    CHECK_SAME("[%8x][%-8x][%08x]", 0xbeefu, 0xbeefu, 0xbeefu);
    CHECK_SAME("[%1d][%-1d][%01d]", 4711, 4711, 4711);
    CHECK_SAME("[%6d][%-6d]", -42, -42);
    CHECK_SAME("[%10s][%-10s]", "text", "text");
    CHECK_SAME("[%3c][%-3c]", 'x', 'x');
    CHECK_SAME("[%2s][%-2s]", "text", "text");
}

TEST(zeros_go_behind_the_sign)
{
    CHECK_SAME("[%06d][%012lld]", -42, -42ll);
    CHECK_SAME("[%03d][%02d][%01d][%030d]", -42, -42, -42, -42);
    CHECK_SAME("[%-6d][%040x]", -42, 0xbeefu);
}

TEST(a_precision_cuts_a_string)
{
    CHECK_SAME("[%.3s][%.0s][%.9s]", "abcdef", "abcdef", "abcdef");
    CHECK_SAME("[%6.3s][%-6.3s]", "abcdef", "abcdef");
    CHECK_SAME("[%.*s]", 2, "abcdef");
    CHECK_SAME("[%-18.*s]", 4, "abcdef");
}

TEST(a_string_needs_no_end_within_its_precision)
{
    char *text = malloc(3), out[ROOM];

    memcpy(text, "abc", 3);
    format_text(out, sizeof(out), "%.3s|%.*s", text, 2u, text);
    free(text);
    CHECK_STR(out, "abc|ab");
}

TEST(pointers_are_plain_hex)
{
    char out[ROOM];

    format_text(out, sizeof(out), "%p|%p", (void *)(uintptr_t)0xfc001234u, NULL);
    CHECK_STR(out, "fc001234|0");
}

static u32 with_unchecked_format(char *out, const char *format, ...)
{
    va_list list;
    u32 used;

    va_start(list, format);
    used = format_text_list(out, ROOM, format, list);
    va_end(list);
    return used;
}

/* As on the target, where long and size_t have 32 bits. */
TEST(one_l_and_z_are_words)
{
    char out[ROOM];

    with_unchecked_format(out, "%lx %zx %lu", 0x100000005ull, 0x200000006ull, 7ull);
    CHECK_STR(out, "5 6 7");
}

TEST(a_format_that_ends_in_the_middle)
{
    static const char *const formats[] = {"ab%", "ab%-", "ab%08", "ab%ll", "ab%5.3"};
    char out[ROOM];

    for (u32 i = 0; i < ARRAY_SIZE(formats); i++) {
        CHECK_EQ(with_unchecked_format(out, formats[i], 1), 2);
        CHECK_STR(out, "ab");
    }
}

static u64 next_random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* The division by 10 without a 64-bit division, on numbers of every length. */
TEST(random_numbers)
{
    u64 state = 88172645463325252ull;

    for (u32 i = 0; i < 4000; i++) {
        u64 number = next_random(&state) >> (i % 64);
        char ours[ROOM], theirs[ROOM];

        format_text(ours, ROOM, "%llu %lld %llx %u", number, (s64)number, number, (u32)number);
        snprintf(theirs, ROOM, "%llu %lld %llx %u", number, (s64)number, number, (u32)number);
        CHECK_STR(ours, theirs);
    }
}

UNIT_MAIN("format")
