/*
 * Prints walk records over random tables, one JSON object a line, as docs/walk-record.schema.json
 * has them; each with the words of memory that the walk has read, so that another walker can do it
 * again.
 *
 *     walk_records COUNT [SEED]
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/random_tables.h"
#include "hyp/core/format.c"
#include "hyp/vm/walk.c"
#include "hyp/vm/walk_json.c"
#include "hyp/vm/walk_verdict.c"

/* The words read so far; the same one may have been read before. */
static struct {
    u32 count;
    struct {
        hpa_t pa;
        pte_t entry;
    } words[WALK_MAX_READS];
} seen;

static void note(hpa_t pa, pte_t entry)
{
    for (u32 i = 0; i < seen.count; i++)
        if (seen.words[i].pa == pa)
            return;
    seen.words[seen.count].pa = pa;
    seen.words[seen.count++].entry = entry;
}

static bool read_and_note(void *memory, hpa_t pa, pte_t *entry)
{
    if (!read_random(memory, pa, entry))
        return false;
    note(pa, *entry);
    return true;
}

static void print_record(u32 round)
{
    char text[WALK_JSON_MAX];
    struct walk_view view = {.vm = "random"};
    u32 length;

    tables_seed = round;
    seen.count = 0;
    view.context = random_context(round);
    view.context.read_entry = read_and_note;
    walk(&view.context, scramble(round * 4ull + 2), (enum walk_access)(round % 3), &view.record);
    length = walk_json(&view, text, sizeof(text));
    printf("%.*s,\"memory\":{", (int)length - 1, text);
    for (u32 i = 0; i < seen.count; i++)
        printf("%s\"0x%09llx\":\"0x%08x\"", i ? "," : "", (unsigned long long)seen.words[i].pa,
               seen.words[i].entry);
    puts("}}");
}

int main(int argc, char **argv)
{
    u32 count = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 0;
    u32 seed = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 1;

    if (!count) {
        fprintf(stderr, "Usage: walk_records COUNT [SEED]\n");
        return 2;
    }
    for (u32 i = 0; i < count; i++)
        print_record(seed + i);
    return 0;
}
