/*
 * The functions of <string.h> that the hypervisor brings itself, against the C library's: every
 * alignment, sizes around the blocks of words, overlaps both ways, and no byte beside.
 */
#include "tests/unit/unit.h"

#define memcpy  twofold_memcpy
#define memmove twofold_memmove
#define memset  twofold_memset
#define memcmp  twofold_memcmp
#define strlen  twofold_strlen
#define strcmp  twofold_strcmp
#define strncmp twofold_strncmp
#include "hyp/core/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#define ROOM           192
#define SIZE_MAX_TRIED 104 /* three blocks of words and then some */

static u8 ours[ROOM] __attribute__((aligned(8)));
static u8 theirs[ROOM] __attribute__((aligned(8)));

/* The same bytes in both, all different from their neighbours. */
static void fill(void)
{
    for (u32 i = 0; i < ROOM; i++)
        ours[i] = theirs[i] = (u8)(i * 37 + 11);
}

TEST(memcpy_at_every_alignment_and_size)
{
    static u8 source[ROOM] __attribute__((aligned(8)));

    for (u32 i = 0; i < ROOM; i++)
        source[i] = (u8)(255 - i);
    for (u32 to = 0; to < 8; to++)
        for (u32 from = 0; from < 8; from++)
            for (u32 size = 0; size <= SIZE_MAX_TRIED; size++) {
                fill();
                CHECK(twofold_memcpy(ours + to, source + from, size) == ours + to);
                memcpy(theirs + to, source + from, size);
                CHECK(!memcmp(ours, theirs, ROOM));
            }
}

TEST(memcpy_of_pages_that_touch_their_ends)
{
    u8 *from = malloc(4096), *to = malloc(4096);

    for (u32 i = 0; i < 4096; i++)
        from[i] = (u8)(i * 7);
    twofold_memcpy(to, from, 4096);
    bool equal = !memcmp(to, from, 4096);
    free(from);
    free(to);
    CHECK(equal);
}

TEST(memmove_over_itself_both_ways)
{
    for (u32 to = 0; to < 80; to++)
        for (u32 from = 0; from < 80; from++)
            for (u32 size = 0; size <= SIZE_MAX_TRIED; size += size < 40 ? 1 : 16) {
                fill();
                CHECK(twofold_memmove(ours + to, ours + from, size) == ours + to);
                memmove(theirs + to, theirs + from, size);
                CHECK(!memcmp(ours, theirs, ROOM));
            }
}

TEST(memset_at_every_alignment_and_size)
{
    static const int bytes[] = {0, 0x5a, 0xff, -1, 0x1234}; /* the low 8 bits count */

    for (u32 b = 0; b < ARRAY_SIZE(bytes); b++)
        for (u32 to = 0; to < 8; to++)
            for (u32 size = 0; size <= SIZE_MAX_TRIED; size++) {
                fill();
                CHECK(twofold_memset(ours + to, bytes[b], size) == ours + to);
                memset(theirs + to, bytes[b], size);
                CHECK(!memcmp(ours, theirs, ROOM));
            }
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

TEST(memcmp_compares_unsigned_bytes_up_to_the_size)
{
    for (u32 at = 0; at < 40; at++)
        for (u32 size = 0; size <= 40; size++) {
            fill();
            ours[at] = 0x7f;
            theirs[at] = 0x80;
            for (u32 from = 0; from <= at && from < 4; from++) { /* at every alignment */
                u32 rest = size > from ? size - from : 0;

                CHECK_EQ(sign(twofold_memcmp(ours + from, theirs + from, rest)),
                         size > at ? -1 : 0);
                CHECK_EQ(sign(twofold_memcmp(theirs + from, ours + from, rest)), size > at ? 1 : 0);
            }
        }
}

TEST(memcmp_sees_past_a_nul)
{
    CHECK(twofold_memcmp("a\0b", "a\0c", 3) < 0);
    CHECK_EQ(twofold_memcmp("a\0b", "a\0c", 2), 0);
    CHECK_EQ(twofold_memcmp(NULL, NULL, 0), 0);
}

static const char *const texts[] = {
    "", "a", "b", "ab", "abc", "abd", "ABC", "abcd", "\x7f", "\x80", "\xff", "a\x80", "a\x7f", "aa",
};

TEST(strings_compare_as_the_library_says)
{
    for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
        for (u32 j = 0; j < ARRAY_SIZE(texts); j++) {
            CHECK_EQ(sign(twofold_strcmp(texts[i], texts[j])), sign(strcmp(texts[i], texts[j])));
            for (u32 size = 0; size <= 6; size++)
                CHECK_EQ(sign(twofold_strncmp(texts[i], texts[j], size)),
                         sign(strncmp(texts[i], texts[j], size)));
        }
}

TEST(strncmp_needs_no_end_within_the_size)
{
    char a[3] = {'a', 'b', 'c'}, b[3] = {'a', 'b', 'd'}; /* ASan sees a byte too many */

    CHECK_EQ(twofold_strncmp(a, b, 2), 0);
    CHECK(twofold_strncmp(a, b, 3) < 0);
    CHECK_EQ(twofold_strncmp(a, a, 3), 0);
    CHECK_EQ(twofold_strncmp(a, b, 0), 0);
}

TEST(strlen_of_every_length_and_alignment)
{
    for (u32 from = 0; from < 8; from++)
        for (u32 length = 0; length < 64; length++) {
            memset(ours, 'x', ROOM);
            ours[from + length] = 0;
            CHECK_EQ(twofold_strlen((char *)ours + from), length);
        }
}

UNIT_MAIN("string")
