#include "hyp/core/nearest.h"

#include "hyp/core/string.h"

#define LONGEST 31
#define FAR     (LONGEST + 1)

static u32 min(u32 a, u32 b)
{
    return a < b ? a : b;
}

/*
 * Edit distance with transpositions of neighbours, by rows: row i has the distances of the first i
 * letters of `a` to every beginning of `b`. Three rows are enough, for a transposition looks back
 * by two.
 */
u32 edit_distance(const char *a, const char *b)
{
    u32 rows[3][LONGEST + 1];
    u32 length_a = (u32)strlen(a), length_b = (u32)strlen(b);

    if (length_a > LONGEST || length_b > LONGEST)
        return FAR;
    for (u32 j = 0; j <= length_b; j++)
        rows[0][j] = j;
    for (u32 i = 1; i <= length_a; i++) {
        u32 *row = rows[i % 3], *above = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];

        row[0] = i;
        for (u32 j = 1; j <= length_b; j++) {
            row[j] = min(above[j] + 1, row[j - 1] + 1);
            row[j] = min(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min(row[j], before[j - 2] + 1);
        }
    }
    return rows[length_a % 3][length_b];
}

const char *nearest_name(const char *word, const char *(*name_at)(u32 index))
{
    const char *nearest = NULL, *name;
    u32 least = 3; /* one more than is near */

    if (2 * least > strlen(word))
        least = ((u32)strlen(word) + 1) / 2;
    for (u32 i = 0; (name = name_at(i)); i++) {
        u32 distance = edit_distance(word, name);

        if (distance < least) {
            least = distance;
            nearest = name;
        }
    }
    return nearest;
}
