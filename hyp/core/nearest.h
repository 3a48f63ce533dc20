/* Near misses: which of some names a person may have meant. Pure. */
#ifndef CORE_NEAREST_H
#define CORE_NEAREST_H

#include "arch/types.h"

/*
 * Edits (insert, delete, exchange a letter, swap two neighbours) that turn `a` into `b`. Names
 * longer than 31 letters are as far as can be: 32.
 */
u32 edit_distance(const char *a, const char *b);

/*
 * The name that `word` most resembles of those that name_at returns for 0, 1, ... until NULL; NULL
 * when none is near: at most 2 edits away, and fewer than half its letters.
 */
const char *nearest_name(const char *word, const char *(*name_at)(u32 index));

#endif
