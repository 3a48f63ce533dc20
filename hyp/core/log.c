/*
 * A ring of bytes. An entry is a header and its text; positions count the bytes ever put there, so
 * that an old one is known to be gone.
 */
#include "hyp/core/log.h"

#include "hyp/core/lock.h"

struct log_header {
    u64 time;
    u32 size; /* of the text */
};

static struct {
    struct spinlock lock;
    u64 oldest, end; /* positions of the first entry that is still there, and after the last */
    u8 ring[LOG_SIZE];
} kept;

static void copy_in(u64 at, const void *from, u32 size)
{
    const u8 *bytes = from;

    for (u32 i = 0; i < size; i++)
        kept.ring[(u32)(at + i) % LOG_SIZE] = bytes[i];
}

static void copy_out(u64 at, void *to, u32 size)
{
    u8 *bytes = to;

    for (u32 i = 0; i < size; i++)
        bytes[i] = kept.ring[(u32)(at + i) % LOG_SIZE];
}

static u64 after_entry(u64 at)
{
    struct log_header header;

    copy_out(at, &header, sizeof(header));
    return at + sizeof(header) + header.size;
}

void log_append(u64 time, const char *text, u32 size)
{
    const struct log_header header = {time, size < LOG_TEXT_MAX ? size : LOG_TEXT_MAX};

    if (!size)
        return;
    spin_lock(&kept.lock);
    while (kept.end + sizeof(header) + header.size - kept.oldest > LOG_SIZE)
        kept.oldest = after_entry(kept.oldest);
    copy_in(kept.end, &header, sizeof(header));
    copy_in(kept.end + sizeof(header), text, header.size);
    kept.end += sizeof(header) + header.size;
    spin_unlock(&kept.lock);
}

/* The lock is held, and there is an entry at `at`. */
static u32 copy_entry(u64 at, u64 *time, char *text, u32 size)
{
    struct log_header header;

    copy_out(at, &header, sizeof(header));
    if (header.size > size - 1)
        header.size = size - 1;
    copy_out(at + sizeof(header), text, header.size);
    text[header.size] = '\0';
    *time = header.time;
    return header.size;
}

u32 log_read(u64 *from, u64 *time, char *text, u32 size)
{
    u32 length = 0;

    spin_lock(&kept.lock);
    if (*from < kept.oldest)
        *from = kept.oldest;
    if (*from < kept.end) {
        length = copy_entry(*from, time, text, size);
        *from = after_entry(*from);
    }
    spin_unlock(&kept.lock);
    return length;
}

u64 log_end(void)
{
    u64 at;

    spin_lock(&kept.lock);
    at = kept.end;
    spin_unlock(&kept.lock);
    return at;
}
