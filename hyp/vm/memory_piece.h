/*
 * A piece of an image: bytes of the bundle, and the gPA at which they lie when a VM starts. The
 * bytes are directly mapped and stay as they are for ever.
 */
#ifndef VM_MEMORY_PIECE_H
#define VM_MEMORY_PIECE_H

#include "arch/types.h"

struct piece {
    const u8 *data;
    gpa_t gpa;
    u32 size;
};

/* Has it bytes in the page at `page`? */
bool piece_covers(const struct piece *piece, gpa_t page);

/* Writes those of its bytes that lie in the page at `page` into the host page `to`; leaves the rest
 * of that as it is. */
void piece_write(const struct piece *piece, gpa_t page, hpa_t to);

/* The same for [gpa, gpa + size), into `to`. */
void piece_read(const struct piece *piece, gpa_t gpa, void *to, u32 size);

#endif
