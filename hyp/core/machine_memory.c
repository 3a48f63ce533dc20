/* Which RAM is free, and to whom it goes. */
#include "arch/sv32.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/paging.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"

/* Every reserved range splits a bank in two at most. */
_Static_assert(MAX_RAM_BANKS + MAX_RESERVED + 1 <= PAGE_MAX_BANKS, "banks for the page allocator");

/* Sv32 leaves reach 34 bits; RAM beyond cannot be mapped by anyone. */
#define PHYSICAL_END (1ull << SV32X4_GPA_BITS)

/*
 * The next free range of [start, end) that touches no reserved range: from *start on. False when
 * there is none. Reserved ranges come in any order and may overlap.
 */
static bool next_free(hpa_t *start, hpa_t end, hpa_t *free_end)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (u32 i = 0; i < machine.reserved_count; i++)
            if (machine.reserved[i].start <= *start && machine.reserved[i].end > *start) {
                *start = machine.reserved[i].end;
                moved = true;
            }
    }
    *free_end = end;
    for (u32 i = 0; i < machine.reserved_count; i++)
        if (machine.reserved[i].start > *start && machine.reserved[i].start < *free_end)
            *free_end = machine.reserved[i].start;
    return *start < end;
}

/* Calls `use` for every free range of RAM. */
static void each_free(void (*use)(hpa_t start, hpa_t end))
{
    for (u32 i = 0; i < machine.ram_count; i++) {
        hpa_t start = ALIGN_UP(machine.ram[i].start, PAGE_SIZE);
        hpa_t end = ALIGN_DOWN(machine.ram[i].end, PAGE_SIZE);
        hpa_t free_end;

        for (; next_free(&start, end, &free_end); start = free_end)
            use(start, free_end);
    }
}

/* The allocator's records come out of one directly mapped range that is large enough for all. */
static u32 records_needed;
static struct range records;

static void count_records(hpa_t start, hpa_t end)
{
    records_needed += ALIGN_UP(pages_record_size(start, end), 8);
}

static void choose_records(hpa_t start, hpa_t end)
{
    if (!records.end && end - start >= records_needed && phys_is_direct(start, records_needed))
        records = (struct range){start, start + records_needed};
}

static void give_pages(hpa_t start, hpa_t end)
{
    u32 size = ALIGN_UP(pages_record_size(start, end), 8);

    pages_add_bank(start, end, phys_ptr(records.start));
    records.start += size;
}

void machine_init_memory(void)
{
    hpa_t lowest = ~0ull;

    for (u32 i = 0; i < machine.ram_count; i++) {
        if (machine.ram[i].end > PHYSICAL_END)
            machine.ram[i].end = PHYSICAL_END;
        if (machine.ram[i].start < lowest)
            lowest = machine.ram[i].start;
    }
    paging_init_direct(lowest);
    for (u32 i = 0; i < machine.ram_count; i++)
        paging_map_direct(machine.ram[i].start, machine.ram[i].end);
    each_free(count_records);
    each_free(choose_records);
    if (!records.end)
        panic("no free range of RAM has the %u KiB that the page records need",
              records_needed / 1024);
    machine.reserved[machine.reserved_count++] =
        (struct range){records.start, ALIGN_UP(records.end, PAGE_SIZE)};
    each_free(give_pages);
}
