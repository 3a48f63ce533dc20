/*
 * Rings that no driver makes, given to every virtio device there is. A device that meets one needs
 * a reset, says so, and does nothing more until then; nothing else happens to anybody.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/virtio_victim.h"
#include "guest/lib/virtio_ways.h"

#define NEXT       VIRTQ_NEXT
#define WRITE      VIRTQ_WRITE
#define INDIRECT   VIRTQ_INDIRECT
#define TABLE      ((u32)victim_queue.tables[1]) /* where nothing else is put */
#define REST       32u /* of a buffer that goes over the end of RAM: what is in it */
#define NET_HEADER (victim_device.modern ? 12 : 10)
#define ENTRY      sizeof(struct virtq_entry)

static u64 ram_end;

/* A whole request whose one interesting buffer is `bad`: behind a header where the device wants
 * one. */
static void put_buffer(u64 address, u32 size)
{
    u16 direction = victim->reads ? 0 : WRITE;
    struct victim_entry one[] = {{address, size, direction, 0}};
    struct victim_entry block[] = {{VICTIM_RAM, 16, NEXT, 1},
                                   {address, size, WRITE | NEXT, 2},
                                   {VICTIM_RAM + 4096, 1, WRITE, 0}};

    victim_clear_ram();
    if (victim->kind == VIRTIO_BLOCK)
        victim_put(block, ARRAY_SIZE(block));
    else
        victim_put(one, 1);
}

/* Bytes of a buffer that is as it should be. What a console is given, it prints. */
static u32 good_size(void)
{
    return victim->kind == VIRTIO_CONSOLE ? 1 : 512;
}

static void put_good_buffer(void)
{
    put_buffer(VICTIM_RAM + 2 * PAGE_SIZE, good_size());
}

/* For the parts of a chain that are not in question. */
static struct victim_entry good(u16 flags, u16 next)
{
    return (struct victim_entry){VICTIM_RAM, good_size(), flags, next};
}

/* ---- Buffers that are not there. ---- */

static u64 bad_address;
static u32 bad_size;

/* A frame whose beginning is there is for all: one for nobody might not be read to its end. */
static void use_bad_buffer(void)
{
    u8 *start = (u8 *)(u32)bad_address;

    if (victim->kind == VIRTIO_NET && bad_address == ram_end - REST) {
        memset(start, 0, REST);
        memset(start + NET_HEADER, 0xff, 6);
    }
    put_buffer(bad_address, bad_size);
}

/* Devices of the machine are not RAM either: of QEMU's they may be reached. */
static void buffers_that_are_no_ram(void)
{
    const struct {
        u64 address;
        u32 size;
    } buffers[] = {{0, 512},
                   {FINISHER_BASE, 512},
                   {PLIC_BASE, 512},
                   {UART_BASE, 512},
                   {VIRTIO_BASE, 512},
                   {RAM_BASE - 512, 512},
                   {RAM_BASE - REST, 512},
                   {ram_end, 512},
                   {ram_end - REST, 512},
                   {1ull << 32, 512},
                   {(1ull << 32) + VICTIM_RAM, 512},
                   {(1ull << 34) + VICTIM_RAM, 512},
                   {(1ull << 63) + VICTIM_RAM, 512},
                   {~0ull - 255, 512},
                   {~0ull, 512}};

    if (runs_natively())
        SKIP("QEMU reads and writes its devices, and ignores what is not there");
    for (u32 i = 0; i < ARRAY_SIZE(buffers); i++) {
        bad_address = buffers[i].address;
        bad_size = buffers[i].size;
        victim_attack_all(use_bad_buffer, VICTIM_BREAKS);
    }
}

/* A device may have moved what there was before it found the end; a console prints it. */
static void use_long_buffer(void)
{
    put_buffer(victim->kind == VIRTIO_CONSOLE ? ram_end - REST : VICTIM_RAM, bad_size);
}

static void buffers_longer_than_ram(void)
{
    static const u32 sizes[] = {0xffffffff, 0xfffffe00, 0x80000000, 0x7ffffe00};

    if (runs_natively())
        SKIP("QEMU takes what there is");
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        bad_size = sizes[i];
        victim_attack_all(use_long_buffer, VICTIM_MAY_BREAK);
    }
}

static void use_empty_buffer(void)
{
    put_buffer(VICTIM_RAM, 0);
}

static void empty_buffers(void)
{
    victim_attack_all(use_empty_buffer, VICTIM_BREAKS);
}

/* ---- Chains that are none. ---- */

static void writable_first(void)
{
    struct victim_entry chain[] = {good(WRITE | NEXT, 1), good(0, 0)};

    victim_put(chain, ARRAY_SIZE(chain));
}

static void writable_before_readable(void)
{
    victim_attack_all(writable_first, VICTIM_BREAKS);
}

static void too_many_bytes(void)
{
    struct victim_entry chain[4];
    u16 direction = victim->reads ? 0 : WRITE;

    for (u16 i = 0; i < 4; i++)
        chain[i] = (struct victim_entry){VICTIM_RAM, 0xc0000000,
                                         (u16)(direction | (i < 3 ? NEXT : 0)), (u16)(i + 1)};
    victim_put(chain, ARRAY_SIZE(chain));
}

/* The sizes of a chain add up to more than 32 bits have room for. */
static void more_than_4_gib(void)
{
    if (runs_natively())
        SKIP("QEMU takes what there is");
    victim_attack_all(too_many_bytes, VICTIM_BREAKS);
}

static void chain_into_loop(void)
{
    struct victim_entry chain[] = {good(NEXT, 1), good(NEXT, 2), good(NEXT, 0)};

    victim_put(chain, ARRAY_SIZE(chain));
}

static void loops(void)
{
    victim_attack_all(chain_into_loop, VICTIM_BREAKS);
}

static void chain_onto_itself(void)
{
    struct victim_entry chain[] = {good(NEXT, 0)};

    victim_put(chain, ARRAY_SIZE(chain));
}

static void descriptor_that_follows_itself(void)
{
    victim_attack_all(chain_onto_itself, VICTIM_BREAKS);
}

static u16 bad_number;

static void chain_to_bad_number(void)
{
    struct victim_entry chain[] = {good(NEXT, bad_number)};

    victim_put(chain, ARRAY_SIZE(chain));
}

static void next_outside_the_table(void)
{
    static const u16 numbers[] = {VICTIM_QUEUE_SIZE, VICTIM_QUEUE_SIZE + 1, 0x8000, 0xffff};

    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
        bad_number = numbers[i];
        victim_attack_all(chain_to_bad_number, VICTIM_BREAKS);
    }
}

/* ---- The available ring. ---- */

static void head_of_bad_number(void)
{
    struct victim_entry chain[] = {good(victim->reads ? 0 : WRITE, 0)};

    victim_put(chain, ARRAY_SIZE(chain));
    victim_queue.available->heads[0] = bad_number;
}

static void heads_outside_the_table(void)
{
    static const u16 numbers[] = {VICTIM_QUEUE_SIZE, 0x8000, 0xffff};

    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
        bad_number = numbers[i];
        victim_attack_all(head_of_bad_number, VICTIM_BREAKS);
    }
}

static void jump_of_index(void)
{
    struct victim_entry chain[] = {good(victim->reads ? 0 : WRITE, 0)};

    victim_put(chain, ARRAY_SIZE(chain));
    victim_queue.available->index = bad_number;
}

/* More at once than the queue has entries. */
static void index_that_jumps(void)
{
    static const u16 numbers[] = {VICTIM_QUEUE_SIZE + 1, 0x100, 0x8000, 0xffff};

    if (runs_natively())
        SKIP("QEMU follows it as far as it finds chains");
    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
        bad_number = numbers[i];
        victim_attack_all(jump_of_index, VICTIM_BREAKS);
    }
}

static void same_head_everywhere(void)
{
    put_good_buffer();
    for (u32 i = 0; i < VICTIM_QUEUE_SIZE; i++)
        victim_queue.available->heads[i] = 0;
    virtq_fence();
    victim_queue.available->index = VICTIM_QUEUE_SIZE;
}

/* One chain made available many times: it is used many times, or not at all. */
static void one_chain_many_times(void)
{
    victim_attack_all(same_head_everywhere, VICTIM_MAY_BREAK);
}

static void events_of_any_kind(void)
{
    put_good_buffer();
    victim_queue.available->flags = 0xfffe;
    *virtq_used_event(&victim_queue) = 0x7fff;
}

/* Whatever is asked for of interrupts: no more than that they come or do not. */
static void events_that_never_come(void)
{
    victim_attack_all(events_of_any_kind, VICTIM_LIVES);
}

/* ---- Packed rings. ---- */

static void endless_chain(void)
{
    struct victim_entry chain[VICTIM_QUEUE_SIZE];

    for (u32 i = 0; i < VICTIM_QUEUE_SIZE; i++)
        chain[i] = good(NEXT, 0);
    victim_put_in_ring(chain, ARRAY_SIZE(chain));
}

/* Every slot goes on to the next, and the last one to the first. */
static void chain_round_the_ring(void)
{
    victim_attack_all(endless_chain, VICTIM_BREAKS);
}

static void chain_into_old_slots(void)
{
    struct victim_entry chain[] = {good(NEXT, 0), good(NEXT, 0)};

    victim_put_in_ring(chain, ARRAY_SIZE(chain)); /* what follows was never filled in: size 0 */
}

static void chain_without_end(void)
{
    victim_attack_all(chain_into_old_slots, VICTIM_BREAKS);
}

static void packed_event_garbage(void)
{
    victim_queue.driver_event->at = 0x7fff;
    victim_queue.driver_event->flags = 0xffff;
    put_good_buffer();
}

static void events_outside_the_ring(void)
{
    victim_attack_all(packed_event_garbage, VICTIM_LIVES);
}

static void any_id(void)
{
    put_good_buffer();
    for (u32 i = 0; i < VICTIM_QUEUE_SIZE; i++)
        victim_queue.entries[i].id = 0xffff;
}

/* The id of a buffer is the driver's own affair. */
static void ids_outside_the_ring(void)
{
    victim_attack_all(any_id, VICTIM_MAY_BREAK);
}

/* ---- Indirect tables. ---- */

static u64 table_at;
static u32 table_size;
static u16 table_flags;

static void use_bad_table(void)
{
    struct victim_entry lead = {table_at, table_size, table_flags, 0};

    victim_clear_ram();
    for (u32 i = 0; i < VIRTQ_TABLE; i++)
        victim_queue.tables[1][i] =
            (struct virtq_entry){.address = VICTIM_RAM, .size = good_size()};
    victim_put_in_ring(&lead, 1);
}

static void table(u64 at, u32 size, u16 flags, enum victim_end end)
{
    table_at = at;
    table_size = size;
    table_flags = flags;
    victim_attack_all(use_bad_table, end);
}

static void tables_of_bad_sizes(void)
{
    static const u32 sizes[] = {0, 1, 15, 17, ENTRY + 8, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        table(TABLE, sizes[i], INDIRECT, VICTIM_BREAKS);
}

/* Longer than the queue; QEMU's limit is higher. */
static void tables_that_are_too_long(void)
{
    static const u32 entries[] = {VICTIM_QUEUE_SIZE + 1, VIRTQ_MAX + 1, 0x10000, 0x0fffffff};

    if (runs_natively())
        SKIP("QEMU takes longer ones");
    for (u32 i = 0; i < ARRAY_SIZE(entries); i++)
        table(TABLE, entries[i] * ENTRY, INDIRECT, VICTIM_BREAKS);
}

static void tables_that_are_no_ram(void)
{
    const u64 places[] = {0,
                          UART_BASE,
                          RAM_BASE - ENTRY,
                          RAM_BASE - 8,
                          ram_end,
                          ram_end - ENTRY,
                          (1ull << 32) + TABLE,
                          (1ull << 63) + TABLE,
                          ~0ull - 8,
                          ~0ull - 2 * ENTRY + 1};

    if (runs_natively())
        SKIP("QEMU reads its devices");
    for (u32 i = 0; i < ARRAY_SIZE(places); i++)
        table(places[i], 2 * ENTRY, INDIRECT, VICTIM_BREAKS);
}

static void tables_that_go_on(void)
{
    if (runs_natively())
        SKIP("QEMU ignores it");
    table(TABLE, 2 * ENTRY, INDIRECT | NEXT, VICTIM_BREAKS);
}

static void table_in_table(void)
{
    struct victim_entry chain[] = {{TABLE, 2 * ENTRY, INDIRECT, 0}};

    victim_clear_ram();
    for (u32 i = 0; i < VIRTQ_TABLE; i++)
        victim_queue.tables[1][i] =
            (struct virtq_entry){.address = VICTIM_RAM, .size = good_size()};
    victim_put(chain, ARRAY_SIZE(chain));
}

/* Of packed tables the flag has no meaning. */
static void tables_in_tables(void)
{
    bool must = !virtio_way.packed && !runs_natively();

    victim_attack_all(table_in_table, must ? VICTIM_BREAKS : VICTIM_MAY_BREAK);
}

static void tables_that_nobody_agreed_on(void)
{
    if (runs_natively() || virtio_way.indirect)
        SKIP("QEMU takes them; and here they are agreed on");
    table(TABLE, 2 * ENTRY, INDIRECT, VICTIM_BREAKS);
}

/* ---- Rings that are elsewhere. ---- */

static u32 bad_place;

static void move_ring(void)
{
    struct virtio *device = &victim_device;
    u32 page = bad_place >> PAGE_SHIFT;

    virtio_reset(device);
    virtio_begin(device, 0, virtio_way);
    virtio_write(device, VIRTIO_QUEUE_SEL, victim->queue);
    virtio_write(device, VIRTIO_QUEUE_NUM, VICTIM_QUEUE_SIZE);
    if (device->modern) {
        for (u32 part = 0; part < 3; part++) {
            u32 offset = VIRTIO_QUEUE_DESC + part * (VIRTIO_QUEUE_DRIVER - VIRTIO_QUEUE_DESC);
            virtio_write(device, offset, bad_place);
            virtio_write(device, offset + 4, bad_place < RAM_BASE);
        }
        virtio_write(device, VIRTIO_QUEUE_READY, 1);
    } else {
        virtio_write(device, VIRTIO_QUEUE_ALIGN, PAGE_SIZE);
        virtio_write(device, VIRTIO_QUEUE_PFN, page);
    }
    virtio_go(device);
}

/* Wherever the ring is said to be. */
static void rings_that_are_no_ram(void)
{
    const u32 places[] = {PAGE_SIZE,      UART_BASE,  RAM_BASE - PAGE_SIZE,
                          (u32)ram_end,   0xfffff000, (u32)ram_end - PAGE_SIZE,
                          VICTIM_RAM + 16};

    if (runs_natively())
        SKIP("QEMU reads its devices");
    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        bad_place = places[i];
        victim_attack_all(move_ring, VICTIM_MAY_BREAK);
    }
}

static u32 bad_entries;

static void resize_ring(void)
{
    virtio_reset(&victim_device);
    virtio_begin(&victim_device, 0, virtio_way);
    virtio_write(&victim_device, VIRTIO_QUEUE_SEL, victim->queue);
    victim_queue.size = (u16)bad_entries;
    virtio_connect(&victim_device, victim->queue, &victim_queue);
    virtio_write(&victim_device, VIRTIO_QUEUE_NUM, bad_entries);
    victim_queue.size = VICTIM_QUEUE_SIZE;
    put_good_buffer();
    virtio_go(&victim_device);
}

/* Sizes that no queue has. */
static void rings_of_bad_sizes(void)
{
    static const u32 sizes[] = {0, 3, 255, 257, 0x8000, 0xffff, 0x10000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        bad_entries = sizes[i];
        victim_attack_all(resize_ring, VICTIM_MAY_BREAK);
    }
}

int main(void)
{
    static const struct test_case all[] = {
        CASE(buffers_that_are_no_ram), CASE(buffers_longer_than_ram),
        CASE(empty_buffers),           CASE(writable_before_readable),
        CASE(more_than_4_gib),         CASE(tables_that_nobody_agreed_on),
        CASE(rings_that_are_no_ram),   CASE(rings_of_bad_sizes),
    };
    static const struct test_case split[] = {
        CASE(loops),
        CASE(descriptor_that_follows_itself),
        CASE(next_outside_the_table),
        CASE(heads_outside_the_table),
        CASE(index_that_jumps),
        CASE(one_chain_many_times),
        CASE(events_that_never_come),
    };
    static const struct test_case packed[] = {
        CASE(chain_round_the_ring),
        CASE(chain_without_end),
        CASE(events_outside_the_ring),
        CASE(ids_outside_the_ring),
    };
    static const struct test_case indirect[] = {
        CASE(tables_of_bad_sizes), CASE(tables_that_are_too_long), CASE(tables_that_are_no_ram),
        CASE(tables_that_go_on),   CASE(tables_in_tables),
    };
    static const struct virtio_cases lists[] = {
        {.cases = all, .count = ARRAY_SIZE(all), .half = true},
        {.cases = split, .count = ARRAY_SIZE(split), .split_only = true, .half = true},
        {.cases = packed, .count = ARRAY_SIZE(packed), .packed_only = true, .half = true},
        {.cases = indirect, .count = ARRAY_SIZE(indirect), .indirect_only = true, .half = true},
    };
    struct virtio first;

    ram_end = (u64)RAM_BASE + fdt_ram_size();
    test_begin("t_virtio_hostile");
    if (virtio_in_slot(0, &first))
        virtio_run_ways(&first, lists, ARRAY_SIZE(lists));
    return test_end();
}
