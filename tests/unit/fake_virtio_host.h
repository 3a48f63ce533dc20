/*
 * What a virtio device has around it, for unit tests and fuzzers of devices: a guest's RAM that is
 * an array, a host that gives access to it, an interrupt line that remembers. Whoever includes this
 * has a CHECK(condition), as unit.h's.
 */
#ifndef UNIT_FAKE_VIRTIO_HOST_H
#define UNIT_FAKE_VIRTIO_HOST_H

#ifndef CHECK /* fuzzers have their own */
#include "tests/unit/unit.h"
#endif
#include <string.h>

#include "arch/types.h"
#include "hyp/dev/mmio.h"
#include "hyp/dev/virtqueue.h"

#ifndef FAKE_RAM_SIZE
#define FAKE_RAM_SIZE 0x100000u
#endif
#define FAKE_RAM_BASE 0x80000000ull  /* gPA */
#define FAKE_RAM_HOST 0x240000000ull /* hPA; no 32-bit one, and no two runs are side by side */

static struct {
    u8 ram[FAKE_RAM_SIZE];
    u32 allocated; /* bytes of it that fake_alloc gave                                  */
    u32 run;       /* bytes that locate tells of at most, aligned to it: a power of two */
    bool gone;     /* no more RAM can be backed                                         */
    u32 wakes;     /* calls of wake                                                     */
    u32 located;   /* calls of locate                                                   */
    bool line;     /* level of the interrupt line                                       */
    u32 rises;     /* how often it became high                                          */
} fake_host;

/* The power-on state: RAM is full of 0xa5, the line is low, a run is a page. */
static inline void fake_host_reset(void)
{
    memset(&fake_host, 0, sizeof(fake_host));
    memset(fake_host.ram, 0xa5, sizeof(fake_host.ram));
    fake_host.run = 4096;
}

static inline bool fake_is_ram(gpa_t gpa, u32 size)
{
    return gpa >= FAKE_RAM_BASE && gpa <= FAKE_RAM_BASE + FAKE_RAM_SIZE &&
           size <= FAKE_RAM_BASE + FAKE_RAM_SIZE - gpa;
}

/* The bytes at a guest physical address. */
static inline u8 *fake_ram(gpa_t gpa, u32 size)
{
    CHECK(fake_is_ram(gpa, size));
    return &fake_host.ram[gpa - FAKE_RAM_BASE];
}

/* Gives RAM for a ring or a buffer; `align` is a power of two. */
static inline gpa_t fake_alloc(u32 size, u32 align)
{
    u32 offset = ALIGN_UP(fake_host.allocated, align);

    CHECK(offset <= FAKE_RAM_SIZE && size <= FAKE_RAM_SIZE - offset);
    fake_host.allocated = offset + size;
    return FAKE_RAM_BASE + offset;
}

/* The bytes at a host physical address that locate told of; they lie in one run. */
static inline u8 *fake_host_bytes(hpa_t at, u32 size)
{
    u64 offset = at - FAKE_RAM_HOST, run = offset / (2 * fake_host.run);
    u64 in_run = offset % (2 * fake_host.run);

    CHECK(at >= FAKE_RAM_HOST && in_run + size <= fake_host.run);
    return fake_ram(FAKE_RAM_BASE + run * fake_host.run + in_run, size);
}

static inline bool fake_read(void *ctx, gpa_t from, void *to, u32 size)
{
    CHECK(ctx == &fake_host);
    if (fake_host.gone || !fake_is_ram(from, size))
        return false;
    memcpy(to, fake_ram(from, size), size);
    return true;
}

static inline bool fake_write(void *ctx, gpa_t to, const void *from, u32 size)
{
    CHECK(ctx == &fake_host);
    if (fake_host.gone || !fake_is_ram(to, size))
        return false;
    memcpy(fake_ram(to, size), from, size);
    return true;
}

static inline u32 fake_locate(void *ctx, gpa_t gpa, u32 size, bool write, hpa_t *at)
{
    u64 offset = gpa - FAKE_RAM_BASE;
    u32 in_run = (u32)offset & (fake_host.run - 1);

    (void)write;
    CHECK(ctx == &fake_host);
    fake_host.located++;
    if (fake_host.gone || !fake_is_ram(gpa, 1))
        return 0;
    *at = FAKE_RAM_HOST + (offset - in_run) * 2 + in_run;
    if (size > fake_host.run - in_run)
        size = fake_host.run - in_run;
    return size < FAKE_RAM_SIZE - offset ? size : (u32)(FAKE_RAM_SIZE - offset);
}

static inline void fake_wake(void *ctx)
{
    CHECK(ctx == &fake_host);
    fake_host.wakes++;
}

static inline void fake_line(void *controller, u32 source, bool level)
{
    CHECK(controller == &fake_host && source == 1);
    fake_host.rises += level && !fake_host.line;
    fake_host.line = level;
}

/* What a device's init takes. */
static const struct virtio_host fake_virtio_host = {
    .read = fake_read,
    .write = fake_write,
    .locate = fake_locate,
    .wake = fake_wake,
    .ctx = &fake_host,
};
static const struct irq_line fake_irq = {.set = fake_line, .controller = &fake_host, .source = 1};

#endif
