#include "hyp/dev/virtqueue_parts.h"

void table_open(struct descriptor_table *table, gpa_t at, u32 count, u32 ahead)
{
    table->at = at;
    table->count = count;
    table->ahead = ahead < TABLE_WINDOW ? ahead : TABLE_WINDOW;
    table->first = 0;
    table->loaded = 0;
}

static bool load_window(struct descriptor_table *table, const struct virtio_host *host, u32 index)
{
    u32 count = table->count - index;

    if (index >= table->count)
        return false;
    if (count > table->ahead)
        count = table->ahead;
    table->first = index;
    table->loaded = count;
    table->ahead = TABLE_WINDOW;
    return ring_read(host, table->at + index * DESCRIPTOR_SIZE, table->window,
                     count * DESCRIPTOR_SIZE);
}

const struct descriptor *table_entry(struct descriptor_table *table, const struct virtio_host *host,
                                     u32 index)
{
    if (index - table->first >= table->loaded && !load_window(table, host, index))
        return NULL;
    return &table->window[index - table->first];
}

bool table_open_indirect(struct descriptor_table *table, const struct virtqueue_setup *setup,
                         const struct descriptor *descriptor)
{
    u32 count = descriptor->size / DESCRIPTOR_SIZE;

    if (!setup->indirect || descriptor->size % DESCRIPTOR_SIZE || !count || count > setup->size)
        return false;
    table_open(table, descriptor->address, count, count);
    return true;
}

void chain_clear(struct virtio_chain *chain)
{
    chain->readable = 0;
    chain->writable = 0;
    chain->readable_size = 0;
    chain->writable_size = 0;
}

/* Adds to a sum of bytes, which 32 bits can hold ("The Virtqueue Descriptor Table"). */
static bool add_size(u32 *sum, u32 size)
{
    *sum += size;
    return *sum >= size;
}

bool chain_append(struct virtio_chain *chain, const struct descriptor *descriptor, u16 flags,
                  u32 limit)
{
    u32 count = chain->readable + chain->writable, size = descriptor->size;

    if (count >= limit || !size || descriptor->address > ~(u64)0 - size)
        return false;
    chain->buffers[count] = (struct virtio_buffer){descriptor->address, size};
    if (flags & DESCRIPTOR_WRITE) {
        chain->writable++;
        return add_size(&chain->writable_size, size);
    }
    chain->readable++;
    return !chain->writable && add_size(&chain->readable_size, size);
}
