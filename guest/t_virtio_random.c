/*
 * Rings full of random numbers, given to every virtio device: round after round, each device takes
 * what it can of them or breaks, and works again after a reset. Bootargs: seed=N (default 1),
 * rounds=N of each case (default 10). Random buffers are in VICTIM_RAM or nowhere at all, never in
 * this guest's own memory.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/random.h"
#include "guest/lib/sbi.h"
#include "guest/lib/virtio_victim.h"
#include "guest/lib/virtio_ways.h"

#define NOTIFICATIONS 3
#define CONSOLE_BYTES 8 /* of a buffer: what a console is given, it prints */

static u32 seed, rounds;
static u64 ram_end;

/* Addresses where devices find nothing. On QEMU itself only those that are far from its devices. */
static u64 random_nowhere(void)
{
    const u64 places[] = {
        ram_end,   1ull << 40, ~0ull, ~0ull - random_word() % 64, ram_end - 16, RAM_BASE - 16,
        UART_BASE, PLIC_BASE,  0,     (u64)random_word() << 34};

    return places[random_word() % (runs_natively() ? 3 : ARRAY_SIZE(places))];
}

static u64 random_address(void)
{
    if (random_word() % 16 == 0)
        return random_nowhere();
    return VICTIM_RAM + random_word() % (VICTIM_RAM_SIZE / 2);
}

static u32 random_size(void)
{
    static const u32 sizes[] = {0, 1, 2, 4, 10, 12, 16, 60, 512, 513, 1514, 4096, 0x4000};

    if (victim->kind == VIRTIO_CONSOLE)
        return random_word() % CONSOLE_BYTES;
    if (!runs_natively() && random_word() % 32 == 0)
        return random_word();
    return RANDOM_ONE_OF(sizes);
}

/* What devices read as headers, page numbers and frames: small numbers, for most have a meaning. */
static void fill_ram(void)
{
    volatile u32 *word = (volatile u32 *)VICTIM_RAM;

    for (u32 i = 0; i < VICTIM_RAM_SIZE / 4; i++)
        word[i] = victim->kind == VIRTIO_CONSOLE ? 0x20202020 : random_word() % 16;
}

/* Flags of an entry: most chains are to end, and most are to be read before they are written. */
static u16 random_flags(void)
{
    u32 random = random_word();
    u16 flags = random & 1 ? VIRTQ_NEXT : 0;

    flags |= random % 3 == 0 ? VIRTQ_WRITE : 0;
    flags |= random % 11 == 0 ? VIRTQ_INDIRECT : 0;
    return random % 61 == 0 ? (u16)random_word() : flags;
}

static u16 random_turn(void)
{
    if (!victim_queue.way.packed)
        return 0;
    return random_word() % 8 == 0 ? VIRTQ_USED : VIRTQ_AVAIL;
}

static void randomise(volatile struct virtq_entry *entry, bool in_ring)
{
    u16 flags = random_flags(), other = (u16)(random_word() % (VICTIM_QUEUE_SIZE + 1));

    entry->size = random_size();
    entry->address = random_address();
    if (flags & VIRTQ_INDIRECT) {
        entry->address = (u32)victim_queue.tables[random_word() % VICTIM_QUEUE_SIZE];
        entry->size = random_word() % 300;
    }
    if (victim_queue.way.packed) {
        entry->id = other;
        entry->packed_flags = (u16)(in_ring ? (flags & 7) | random_turn() : flags);
    } else {
        entry->flags = flags;
        entry->next = other;
    }
}

static void randomise_split(void)
{
    volatile struct virtq_available *available = victim_queue.available;

    for (u32 i = 0; i < VICTIM_QUEUE_SIZE; i++)
        available->heads[i] = (u16)(random_word() % (VICTIM_QUEUE_SIZE + 1));
    *virtq_used_event(&victim_queue) = (u16)random_word();
    available->flags = (u16)random_word();
    virtq_fence();
    available->index += random_word() % 8 == 0 ? (u16)random_word() : random_word() % 4;
}

static void randomise_packed(void)
{
    victim_queue.driver_event->at = (u16)random_word();
    victim_queue.driver_event->flags = (u16)random_word();
}

static void randomise_queue(void)
{
    for (u32 table = 0; table < VICTIM_QUEUE_SIZE; table++)
        for (u32 i = 0; i < VIRTQ_TABLE; i++)
            randomise(&victim_queue.tables[table][i], false);
    for (u32 i = 0; i < VICTIM_QUEUE_SIZE; i++)
        randomise(&victim_queue.entries[i], true);
    if (victim_queue.way.packed)
        randomise_packed();
    else
        randomise_split();
}

/* The rings change while the device is at work. */
static void attack(void)
{
    fill_ram();
    for (u32 i = 0; i < NOTIFICATIONS; i++) {
        randomise_queue();
        virtio_notify(&victim_device, victim->queue);
    }
}

static void random_rings(void)
{
    for (u32 round = 0; round < rounds; round++) {
        random_seed(random_mix(seed, round));
        victim_attack_all(attack, VICTIM_MAY_BREAK);
    }
}

int main(void)
{
    static const struct test_case all[] = {CASE(random_rings)};
    static const struct virtio_cases list = {.cases = all, .count = ARRAY_SIZE(all), .half = true};
    struct virtio first;

    seed = fdt_bootarg_number("seed", 1);
    rounds = fdt_bootarg_number("rounds", 10);
    ram_end = (u64)RAM_BASE + fdt_ram_size();
    printf("t_virtio_random: seed %u, %u rounds\n", seed, rounds);
    test_begin("t_virtio_random");
    if (virtio_in_slot(0, &first))
        virtio_run_ways(&first, &list, 1);
    return test_end();
}
