#include "hyp/dev/virtqueue.h"

/* The part of a run of buffers that is still to be copied. */
struct stretch {
    const struct virtio_buffer *buffer, *end;
    u32 offset; /* in the buffer */
};

/*
 * Takes the next piece, of at most `size` bytes, within one buffer; returns its bytes, 0 at the
 * end. No buffer is empty.
 */
static u32 next_piece(struct stretch *stretch, u32 size, gpa_t *at)
{
    while (stretch->buffer < stretch->end && stretch->offset >= stretch->buffer->size)
        stretch->offset -= stretch->buffer++->size;
    if (stretch->buffer == stretch->end)
        return 0;
    *at = stretch->buffer->address + stretch->offset;
    if (size > stretch->buffer->size - stretch->offset)
        size = stretch->buffer->size - stretch->offset;
    stretch->offset += size;
    return size;
}

bool virtio_chain_read(const struct virtio_chain *chain, const struct virtio_host *host, u32 offset,
                       void *to, u32 size)
{
    struct stretch stretch = {chain->buffers, chain->buffers + chain->readable, offset};
    u8 *byte = to;
    u32 piece;
    gpa_t at;

    for (; size; size -= piece, byte += piece) {
        piece = next_piece(&stretch, size, &at);
        if (!piece || !host->read(host->ctx, at, byte, piece))
            return false;
    }
    return true;
}

bool virtio_chain_write(const struct virtio_chain *chain, const struct virtio_host *host,
                        u32 offset, const void *from, u32 size)
{
    const struct virtio_buffer *first = chain->buffers + chain->readable;
    struct stretch stretch = {first, first + chain->writable, offset};
    const u8 *byte = from;
    u32 piece;
    gpa_t at;

    for (; size; size -= piece, byte += piece) {
        piece = next_piece(&stretch, size, &at);
        if (!piece || !host->write(host->ctx, at, byte, piece))
            return false;
    }
    return true;
}
