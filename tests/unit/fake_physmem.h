/*
 * hyp/core/physmem.h for unit tests: host physical memory in a few stretches. Each is direct or
 * not, as the hypervisor sees low and high RAM, and is backed by host memory or not: whoever
 * touches what is not backed, or asks for a pointer to what is not direct, fails the test.
 */
#ifndef UNIT_FAKE_PHYSMEM_H
#define UNIT_FAKE_PHYSMEM_H

#include "hyp/core/physmem.h"
#include "tests/unit/unit.h"

#define FAKE_RAM_MAX 64

struct fake_ram {
    hpa_t start;
    u64 size;
    bool direct;
    u8 *bytes; /* NULL: not backed */
};

static struct {
    struct fake_ram ram[FAKE_RAM_MAX];
    u32 count;
    u64 high_bytes_touched; /* by phys_read and the like, in memory that is not direct */
} fake;

enum fake_backing { FAKE_BACKED, FAKE_UNBACKED };

/* Adds [start, start + size), filled with bytes that nobody should rely on. */
static inline void fake_ram_add(hpa_t start, u64 size, bool direct, enum fake_backing backing)
{
    struct fake_ram *ram = &fake.ram[fake.count++];

    *ram = (struct fake_ram){.start = start, .size = size, .direct = direct};
    if (backing == FAKE_BACKED) {
        ram->bytes = malloc(size);
        memset(ram->bytes, 0xe7, size);
    }
}

static inline void fake_ram_reset(void)
{
    while (fake.count)
        free(fake.ram[--fake.count].bytes);
    fake.high_bytes_touched = 0;
}

static inline struct fake_ram *fake_ram_of(hpa_t pa, u64 size)
{
    for (u32 i = 0; i < fake.count; i++) {
        struct fake_ram *ram = &fake.ram[i];

        if (pa >= ram->start && pa - ram->start < ram->size &&
            size <= ram->size - (pa - ram->start))
            return ram;
    }
    return NULL;
}

/* Host memory behind [pa, pa + size), which is all RAM and backed. */
static inline u8 *fake_bytes(hpa_t pa, u64 size)
{
    struct fake_ram *ram = fake_ram_of(pa, size);

    if (!ram || !ram->bytes)
        UNIT_FAIL("access to %llu bytes at 0x%llx", size, pa);
    if (!ram->direct)
        fake.high_bytes_touched += size;
    return ram->bytes + (pa - ram->start);
}

bool phys_is_direct(hpa_t pa, u64 size)
{
    const struct fake_ram *ram = fake_ram_of(pa, size);

    return ram && ram->direct;
}

void *phys_frame(u32 frame)
{
    hpa_t pa = (hpa_t)frame << PAGE_SHIFT;

    return phys_is_direct(pa, PAGE_SIZE) ? fake_bytes(pa, PAGE_SIZE) : NULL;
}

void *phys_ptr(hpa_t pa)
{
    if (!phys_is_direct(pa, 1))
        UNIT_FAIL("pointer to 0x%llx, which is not direct", pa);
    return fake_bytes(pa, 1);
}

hpa_t phys_of(const void *ptr)
{
    for (u32 i = 0; i < fake.count; i++) {
        const struct fake_ram *ram = &fake.ram[i];
        const u8 *byte = ptr;

        if (ram->direct && ram->bytes && byte >= ram->bytes && byte < ram->bytes + ram->size)
            return ram->start + (u64)(byte - ram->bytes);
    }
    UNIT_FAIL("%p is not in direct memory", ptr);
}

void phys_read(hpa_t pa, void *to, u32 size)
{
    memcpy(to, fake_bytes(pa, size), size);
}

void phys_write(hpa_t pa, const void *from, u32 size)
{
    memcpy(fake_bytes(pa, size), from, size);
}

void phys_fill(hpa_t pa, u8 byte, u64 size)
{
    memset(fake_bytes(pa, size), byte, size);
}

void phys_copy(hpa_t to, hpa_t from, u64 size)
{
    memmove(fake_bytes(to, size), fake_bytes(from, size), size);
}

u32 phys_read32(hpa_t pa)
{
    u32 value;

    phys_read(pa, &value, sizeof(value));
    return value;
}

#endif
