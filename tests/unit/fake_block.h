/*
 * A disk for unit tests and fuzzers: an array, with a cache that loses what was not flushed. It
 * checks that every request is one that hyp/core/block.h allows, and carries it out at once, or
 * keeps it until the test wants it done. A fuzzer has a CHECK(condition) of its own.
 */
#ifndef UNIT_FAKE_BLOCK_H
#define UNIT_FAKE_BLOCK_H

#include <string.h>

#include "hyp/core/block.h"

#ifndef CHECK
#include "tests/unit/unit.h"
#endif

#ifndef FAKE_BLOCK_SECTORS
#define FAKE_BLOCK_SECTORS 2048u
#endif
#define FAKE_BLOCK_LOG 1024u

struct fake_block {
    struct block_device device;
    u8 bytes[FAKE_BLOCK_SECTORS * SECTOR_SIZE];
    u8 durable[FAKE_BLOCK_SECTORS * SECTOR_SIZE]; /* what a power cut leaves           */
    u8 *(*ram)(hpa_t at, u32 size);               /* where a segment is */
    bool keeps;                                   /* requests, until fake_block_do     */
    struct block_request *kept[64];
    u32 kept_count;
    u32 fail_in; /* the request after so many others fails; ~0u: none */
    enum block_result failure;
    struct fake_block_entry {
        enum block_op op;
        u64 sector;
        u32 sectors, segments;
        bool unmap;
    } log[FAKE_BLOCK_LOG];
    u32 count; /* of requests that came */
};

static struct fake_block fake_block;

static inline void fake_block_copy(const struct block_request *request)
{
    u8 *at = fake_block.bytes + request->sector * SECTOR_SIZE;

    for (u32 i = 0; i < request->segment_count; i++) {
        const struct segment *segment = &request->segments[i];
        u8 *ram = fake_block.ram(segment->address, segment->size);

        if (request->op == BLOCK_READ)
            memcpy(ram, at, segment->size);
        else
            memcpy(at, ram, segment->size);
        at += segment->size;
    }
}

static inline void fake_block_carry_out(struct block_request *request)
{
    u8 *at = fake_block.bytes + request->sector * SECTOR_SIZE;
    struct fake_block *disk = &fake_block;

    request->result = BLOCK_OK;
    if (disk->fail_in != ~0u && !disk->fail_in--) {
        request->result = disk->failure;
    } else if (request->op == BLOCK_FLUSH) {
        memcpy(disk->durable, disk->bytes, sizeof(disk->durable));
    } else if (request->op == BLOCK_WRITE_ZEROES) {
        memset(at, 0, request->sectors * SECTOR_SIZE);
    } else if (request->op == BLOCK_DISCARD) {
        memset(at, 0xdd, request->sectors * SECTOR_SIZE);
    } else {
        fake_block_copy(request);
    }
    request->done(request);
}

static inline void fake_block_check(const struct block_request *request)
{
    const struct block_device *device = &fake_block.device;
    u64 size = 0;

    CHECK(request->done);
    if (request->op == BLOCK_FLUSH)
        return;
    CHECK(request->sector <= device->sectors &&
          request->sectors <= device->sectors - request->sector);
    CHECK(request->op == BLOCK_READ || !device->read_only);
    CHECK(request->op != BLOCK_DISCARD || device->discards);
    CHECK(request->op != BLOCK_WRITE_ZEROES || device->writes_zeroes);
    if (request->op != BLOCK_READ && request->op != BLOCK_WRITE) {
        CHECK(!device->max_range || request->sectors <= device->max_range);
        return;
    }
    CHECK(request->segment_count && request->segment_count <= device->max_segments);
    CHECK(request->sectors && request->sectors <= device->max_sectors);
    for (u32 i = 0; i < request->segment_count; i++) {
        CHECK(request->segments[i].size);
        size += request->segments[i].size;
    }
    CHECK(size == (u64)request->sectors * SECTOR_SIZE);
}

static inline void fake_block_submit(struct block_device *device, struct block_request *request)
{
    CHECK(device == &fake_block.device);
    fake_block_check(request);
    fake_block.log[fake_block.count++ % FAKE_BLOCK_LOG] = (struct fake_block_entry){
        request->op, request->sector, request->sectors, request->segment_count, request->unmap};
    if (!fake_block.keeps) {
        fake_block_carry_out(request);
        return;
    }
    CHECK(fake_block.kept_count < sizeof(fake_block.kept) / sizeof(*fake_block.kept));
    fake_block.kept[fake_block.kept_count++] = request;
}

/* Carries out kept request `index`. */
static inline void fake_block_do(u32 index)
{
    struct block_request *request = fake_block.kept[index];

    CHECK(index < fake_block.kept_count);
    fake_block.kept_count--;
    memmove(&fake_block.kept[index], &fake_block.kept[index + 1],
            (fake_block.kept_count - index) * sizeof(*fake_block.kept));
    fake_block_carry_out(request);
}

/* The byte that a fresh disk has there: no two sectors are alike. */
static inline u8 fake_block_byte(u64 at)
{
    return (u8)(at * 7 + (at >> SECTOR_SHIFT) * 13 + (at >> 16));
}

/* A fresh disk that takes all requests, a large one at once. */
static inline void fake_block_begin(u8 *(*ram)(hpa_t at, u32 size))
{
    memset(&fake_block, 0, sizeof(fake_block));
    fake_block.ram = ram;
    fake_block.fail_in = ~0u;
    fake_block.failure = BLOCK_IO_ERROR;
    fake_block.device = (struct block_device){
        .submit = fake_block_submit,
        .sectors = FAKE_BLOCK_SECTORS,
        .max_segments = 64,
        .max_sectors = 1024,
        .volatile_cache = true,
        .discards = true,
        .writes_zeroes = true,
    };
    for (u32 i = 0; i < sizeof(fake_block.bytes); i++)
        fake_block.bytes[i] = fake_block_byte(i);
    memcpy(fake_block.durable, fake_block.bytes, sizeof(fake_block.durable));
}

#endif
