#include "hyp/vm/memory_piece.h"

#include "hyp/core/physmem.h"
#include "hyp/core/string.h"

/* What a piece has of a range: bytes that begin `at` bytes into the range. */
struct part {
    const u8 *data;
    u32 at, size; /* size 0: nothing */
};

static struct part part_of(const struct piece *piece, gpa_t start, u32 size)
{
    gpa_t from = piece->gpa > start ? piece->gpa : start;
    gpa_t end = start + size, piece_end = piece->gpa + piece->size;

    if (end > piece_end)
        end = piece_end;
    if (from >= end)
        return (struct part){0};
    return (struct part){
        .data = piece->data + (u32)(from - piece->gpa),
        .at = (u32)(from - start),
        .size = (u32)(end - from),
    };
}

bool piece_covers(const struct piece *piece, gpa_t page)
{
    return part_of(piece, page, PAGE_SIZE).size != 0;
}

void piece_write(const struct piece *piece, gpa_t page, hpa_t to)
{
    struct part part = part_of(piece, page, PAGE_SIZE);

    if (part.size)
        phys_write(to + part.at, part.data, part.size);
}

void piece_read(const struct piece *piece, gpa_t gpa, void *to, u32 size)
{
    struct part part = part_of(piece, gpa, size);

    if (part.size)
        memcpy((u8 *)to + part.at, part.data, part.size);
}
