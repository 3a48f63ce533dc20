/* Near misses, against a plain recursive definition of the distance over all short words. */
#include "tests/unit/unit.h"
#include "hyp/core/nearest.c"

/* Damerau's distance (optimal string alignment), as it is defined. */
static u32 defined(const char *a, u32 m, const char *b, u32 n)
{
    u32 best, other;

    if (!m || !n)
        return m + n;
    best = defined(a, m - 1, b, n - 1) + (a[m - 1] != b[n - 1]);
    other = defined(a, m - 1, b, n) + 1;
    best = other < best ? other : best;
    other = defined(a, m, b, n - 1) + 1;
    best = other < best ? other : best;
    if (m > 1 && n > 1 && a[m - 1] == b[n - 2] && a[m - 2] == b[n - 1]) {
        other = defined(a, m - 2, b, n - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

/* Word number `code` of those of up to 4 letters a, b, c. */
static void word_of(u32 code, char *word)
{
    u32 length = 0;

    for (; code; code = (code - 1) / 3)
        word[length++] = (char)('a' + (code - 1) % 3);
    word[length] = '\0';
}

TEST(all_words_of_up_to_four_letters)
{
    char a[8], b[8];

    for (u32 i = 0; i <= 120; i++)
        for (u32 j = 0; j <= 120; j++) {
            word_of(i, a);
            word_of(j, b);
            CHECK_EQ(edit_distance(a, b), defined(a, (u32)strlen(a), b, (u32)strlen(b)));
        }
}

TEST(words_of_any_length)
{
    CHECK_EQ(edit_distance("", ""), 0);
    CHECK_EQ(edit_distance("abcdefghijabcdefghijabcdefghijk", "abcdefghijabcdefghijabcdefghijk"),
             0);
    CHECK_EQ(edit_distance("abcdefghijabcdefghijabcdefghijk", ""), 31);
    CHECK_EQ(edit_distance("abcdefghijabcdefghijabcdefghijkl", "a"), 32);
    CHECK_EQ(edit_distance("a", "abcdefghijabcdefghijabcdefghijkl"), 32);
}

static const char *name_at(u32 index)
{
    static const char *const names[] = {"memory", "kernel", "cpus", "cap", "pause", "resume", NULL};

    return names[index];
}

static void check_nearest(const char *word, const char *meant)
{
    const char *found = nearest_name(word, name_at);

    if (!meant)
        CHECK(!found);
    else
        CHECK_STR(found ? found : "(none)", meant);
}

TEST(the_nearest_name_if_it_is_near)
{
    check_nearest("memroy", "memory");
    check_nearest("memory", "memory");
    check_nearest("cpu", "cpus");
    check_nearest("kernal", "kernel");
    check_nearest("resum", "resume");
    check_nearest("puase", "pause");
    check_nearest("", NULL);
    check_nearest("x", NULL);
    check_nearest("ca", NULL);
    check_nearest("frobnicate", NULL);
    check_nearest("abcdefghijabcdefghijabcdefghijabcdefghij", NULL);
}

UNIT_MAIN("nearest")
