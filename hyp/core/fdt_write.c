/* Writing a flattened device tree, token by token. */
#include "arch/u64.h"
#include "hyp/core/fdt_format.h"
#include "hyp/core/fdt_write.h"
#include "hyp/core/string.h"

/* Where the blocks begin: after an empty reservation block the structure, after it the strings. */
#define RESERVATIONS 40u
#define STRUCTURE    (RESERVATIONS + RESERVATION_SIZE)

static void put_be32(u8 *p, u32 value)
{
    p[0] = (u8)(value >> 24);
    p[1] = (u8)(value >> 16);
    p[2] = (u8)(value >> 8);
    p[3] = (u8)value;
}

/*
 * The next header + length bytes of the buffer, zeroed and padded to 4, or NULL when
 * they do not fit. `header` is small; `length` is any.
 */
static u8 *claim(struct fdt_writer *w, u32 header, u32 length)
{
    u32 room = w->capacity - w->used;
    u32 size = ALIGN_UP(header + length, 4); /* may have wrapped: length is judged by itself too */

    if (w->failed || length > room || size > room) {
        w->failed = true;
        return NULL;
    }
    u8 *place = w->buffer + w->used;
    w->used += size;
    memset(place, 0, size);
    return place;
}

static void put_token(struct fdt_writer *w, u32 token)
{
    u8 *place = claim(w, TOKEN_SIZE, 0);

    if (place)
        put_be32(place, token);
}

void fdt_begin(struct fdt_writer *w, void *buffer, u32 capacity, u32 boot_hart)
{
    *w = (struct fdt_writer){.buffer = buffer, .capacity = capacity};
    /* Sizes that a reader can hold in a signed offset; it also keeps claim's sums from wrapping. */
    if (w->capacity > INT32_MAX)
        w->capacity = INT32_MAX;
    u8 *header = claim(w, STRUCTURE, 0);
    if (header)
        put_be32(header + HEADER_BOOT_HART, boot_hart);
}

/* Begins a node with a name of `length` bytes. Returns where the name goes, or NULL. */
static u8 *begin_named(struct fdt_writer *w, u32 length)
{
    if (w->depth == 0 && w->has_root)
        w->failed = true;
    w->depth++;
    w->has_root = true;
    w->may_put = true;
    u8 *place = claim(w, TOKEN_SIZE + 1, length);
    if (!place)
        return NULL;
    put_be32(place, TOKEN_BEGIN_NODE);
    return place + TOKEN_SIZE;
}

void fdt_begin_node(struct fdt_writer *w, const char *name)
{
    u32 length = (u32)strlen(name);
    u8 *place = begin_named(w, length);

    if (place)
        memcpy(place, name, length);
}

void fdt_begin_unit(struct fdt_writer *w, const char *name, u64 unit)
{
    static const u8 hex[] = "0123456789abcdef";
    u32 length = (u32)strlen(name);
    u32 digits = 1;

    while (digits < 16 && unit >> (4 * digits) != 0)
        digits++;
    u8 *place = begin_named(w, length + 1 + digits);
    if (!place)
        return;
    memcpy(place, name, length);
    place[length] = '@';
    for (u32 i = digits; i > 0; i--, unit >>= 4)
        place[length + i] = hex[unit & 15];
}

void fdt_end_node(struct fdt_writer *w)
{
    if (w->depth == 0) {
        w->failed = true;
        return;
    }
    w->depth--;
    w->may_put = false;
    put_token(w, TOKEN_END_NODE);
}

/* The offset of `name` in the strings block to be; sets `failed` when there are too many. */
static u32 name_offset(struct fdt_writer *w, const char *name)
{
    u32 n = w->name_count;

    for (u32 i = 0; i < n; i++)
        if (strcmp(w->names[i], name) == 0)
            return w->name_offsets[i];
    if (n == FDT_WRITE_STRINGS) {
        w->failed = true;
        return 0;
    }
    w->names[n] = name;
    w->name_offsets[n] = w->names_size;
    w->name_count = n + 1;
    w->names_size += (u32)strlen(name) + 1;
    return w->name_offsets[n];
}

/* Begins a property with a value of `length` bytes. Returns where the value goes, or NULL. */
static u8 *begin_prop(struct fdt_writer *w, const char *name, u32 length)
{
    u32 offset = name_offset(w, name);

    if (!w->may_put)
        w->failed = true;
    u8 *place = claim(w, PROP_HEADER_SIZE, length);
    if (!place)
        return NULL;
    put_be32(place, TOKEN_PROP);
    put_be32(place + 4, length);
    put_be32(place + 8, offset);
    return place + PROP_HEADER_SIZE;
}

void fdt_put(struct fdt_writer *w, const char *name, const void *data, u32 length)
{
    u8 *value = begin_prop(w, name, length);

    if (value && length > 0)
        memcpy(value, data, length);
}

void fdt_put_flag(struct fdt_writer *w, const char *name)
{
    begin_prop(w, name, 0);
}

void fdt_put_cells(struct fdt_writer *w, const char *name, const u32 *cells, u32 count)
{
    u8 *value = begin_prop(w, name, count * 4);

    for (u32 i = 0; value && i < count; i++)
        put_be32(value + 4 * i, cells[i]);
}

void fdt_put_u32(struct fdt_writer *w, const char *name, u32 value)
{
    fdt_put_cells(w, name, &value, 1);
}

void fdt_put_u64(struct fdt_writer *w, const char *name, u64 value)
{
    fdt_put_cells(w, name, (const u32[]){u64_high(value), u64_low(value)}, 2);
}

void fdt_put_reg(struct fdt_writer *w, u64 address, u64 size)
{
    const u32 cells[] = {u64_high(address), u64_low(address), u64_high(size), u64_low(size)};

    fdt_put_cells(w, "reg", cells, ARRAY_SIZE(cells));
}

void fdt_put_string(struct fdt_writer *w, const char *name, const char *value)
{
    fdt_put(w, name, value, (u32)strlen(value) + 1);
}

void fdt_put_strings(struct fdt_writer *w, const char *name, const char *const *values, u32 count)
{
    u32 length = 0;

    for (u32 i = 0; i < count; i++)
        length += (u32)strlen(values[i]) + 1;
    u8 *value = begin_prop(w, name, length);
    for (u32 i = 0; value && i < count; i++) {
        u32 size = (u32)strlen(values[i]) + 1;
        memcpy(value, values[i], size);
        value += size;
    }
}

static void put_header(struct fdt_writer *w, u32 strings)
{
    u8 *header = w->buffer;

    put_be32(header + HEADER_MAGIC, FDT_FORMAT_MAGIC);
    put_be32(header + HEADER_TOTAL_SIZE, w->used);
    put_be32(header + HEADER_STRUCTURE, STRUCTURE);
    put_be32(header + HEADER_STRINGS, strings);
    put_be32(header + HEADER_RESERVATIONS, RESERVATIONS);
    put_be32(header + HEADER_VERSION, FDT_FORMAT_VERSION);
    put_be32(header + HEADER_LAST_COMPATIBLE, FDT_FORMAT_LAST_COMPATIBLE);
    put_be32(header + HEADER_STRINGS_SIZE, w->names_size);
    put_be32(header + HEADER_STRUCTURE_SIZE, strings - STRUCTURE);
}

u32 fdt_finish(struct fdt_writer *w)
{
    put_token(w, TOKEN_END);
    if (w->depth != 0 || !w->has_root)
        w->failed = true;

    u32 strings = w->used;
    u8 *place = claim(w, 0, w->names_size);
    if (!place)
        return 0;
    for (u32 i = 0; i < w->name_count; i++)
        memcpy(place + w->name_offsets[i], w->names[i], strlen(w->names[i]) + 1);
    put_header(w, strings);
    return w->used;
}
