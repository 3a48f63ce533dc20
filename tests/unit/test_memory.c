/* The RAM of VMs, given at the start or backed when it is touched. */
#include "tests/unit/unit.h"
#include "tests/unit/memory_rig.h"

/* Steps of a VM whose RAM lies above the direct map, none of which may touch more than a step's
 * worth of it. Returns how many there were. */
static u32 run_short_steps(bool (*step)(struct vm *vm, u32 *progress), struct vm *vm)
{
    u32 progress = 0, count = 0;
    bool done;

    do {
        u64 before = fake.high_bytes_touched;

        done = step(vm, &progress);
        CHECK(fake.high_bytes_touched - before <= STEP);
        count++;
    } while (!done);
    return count;
}

/* ---- RAM from the start ---- */

TEST(all_of_it_is_there_in_4_mib_leaves)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "");
    for (gpa_t gpa = RAM; gpa < RAM + VM_MIN_MEMORY; gpa += MIB4) {
        struct stage2_leaf leaf = leaf_at(vm, gpa);

        CHECK_EQ(leaf.size, SUPERPAGE_SIZE);
        CHECK_EQ(leaf.rights, STAGE2_RWX);
        CHECK(leaf.hpa >= HIGH_BANK);
    }
    CHECK(!is_backed(vm, RAM - 1) && !is_backed(vm, RAM + VM_MIN_MEMORY));
    end_vm(vm);
    end_host();
}

TEST(small_leaves_on_request)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "4K");
    CHECK_EQ(leaf_at(vm, RAM + MIB4 + 0x5000).size, PAGE_SIZE);
    end_vm(vm);
    end_host();
}

TEST(clearing_takes_a_step_for_each_256_kib)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "");
    CHECK(!ram_is(vm, RAM, NULL, 16));
    CHECK_EQ(run_short_steps(memory_clear_step, vm), VM_MIN_MEMORY / STEP + 1);
    CHECK(ram_is(vm, RAM, NULL, (u32)VM_MIN_MEMORY));
    end_vm(vm);
    end_host();
}

TEST(freeing_takes_a_step_for_each_256_kib)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "4K");
    CHECK(run_short_steps(memory_free_step, vm) >= VM_MIN_MEMORY / STEP);
    end_host();
}

TEST(what_is_freed_is_poisoned_whole)
{
    struct vm *vm;
    hpa_t block;

    start_host();
    vm = make_vm(0, "");
    block = leaf_at(vm, RAM).hpa;
    begin_life(vm);
    end_vm(vm);
    for (u32 i = 0; i < SUPERPAGE_SIZE; i++)
        CHECK_EQ(*fake_bytes(block + i, 1), PAGE_POISON);
    end_host();
}

TEST(pieces_are_copied_and_the_rest_is_zero)
{
    u32 size = (u32)STEP * 2 + 5000;
    u8 *file = make_file(size, 1);
    u32 progress = 0, steps = 0;
    struct vm *vm;

    start_host();
    vm = make_vm(0, "");
    add_piece_to(vm, RAM + 0x123, file, size);
    add_piece_to(vm, RAM + MIB4 - 1, file + 77, 2);
    run_steps(memory_clear_step, vm);
    while (memory_load_step(vm, &progress) == MEMORY_LOADING)
        steps++;
    CHECK_EQ(steps, 3 + 1);
    CHECK(ram_is(vm, RAM, NULL, 0x123));
    CHECK(ram_is(vm, RAM + 0x123, file, size));
    CHECK(ram_is(vm, RAM + 0x123 + size, NULL, 100000));
    CHECK(ram_is(vm, RAM + MIB4 - 1, file + 77, 2));
    end_vm(vm);
    end_host();
    free(file);
}

TEST(the_next_life_finds_the_same_ram)
{
    u8 *file = make_file(9000, 1);
    struct vm *vm;

    for (u32 lazy = 0; lazy < 2; lazy++) {
        start_host();
        vm = make_vm(0, lazy ? "lazy" : "");
        add_piece_to(vm, RAM + 100, file, 9000);
        begin_life(vm);
        CHECK(memory_write(vm, RAM + 200, "written", 7));
        CHECK(memory_write(vm, RAM + MIB4 + 5, "written", 7));
        begin_life(vm);
        CHECK(ram_is(vm, RAM + 100, file, 9000));
        CHECK(lazy ? !is_backed(vm, RAM + MIB4) : ram_is(vm, RAM + MIB4, NULL, 100));
        end_vm(vm);
        end_host();
    }
    free(file);
}

TEST(there_is_room_for_so_many_pieces)
{
    struct piece piece = {(const u8 *)"x", RAM, 1};
    struct vm *vm;

    start_host();
    vm = make_vm(0, "");
    for (u32 i = 0; i < MEMORY_PIECES; i++)
        CHECK(memory_add_piece(vm, &piece));
    CHECK(!memory_add_piece(vm, &piece));
    end_vm(vm);
    CHECK(memory_create(vm));
    CHECK(memory_add_piece(vm, &piece)); /* they were forgotten */
    end_vm(vm);
    end_host();
}

TEST(more_than_the_host_has_is_refused_at_once)
{
    struct vm *vm;

    start_host();
    vm = describe_vm(0, "");
    vm->config.memory = MIB(64);
    CHECK(!memory_create(vm));
    CHECK_EQ(fake.high_bytes_touched, 0);
    end_host();
}

/* Enough pages, but not in blocks of 4 MiB. */
TEST(a_host_in_fragments_refuses_and_keeps_nothing)
{
    static hpa_t held[HIGH_SIZE / SUPERPAGE_SIZE];
    struct vm *vm;
    u32 used;

    start_host();
    for (u32 i = 0; i < ARRAY_SIZE(held); i++) {
        held[i] = page_alloc(PAGE_MAX_ORDER, ZONE_ANY);
        page_split(held[i], PAGE_MAX_ORDER, 0);
        for (u32 page = 1; page < BIT(PAGE_MAX_ORDER); page++)
            page_free(held[i] + page * PAGE_SIZE, 0);
    }
    used = pages_used();
    vm = describe_vm(0, "");
    vm->config.memory = MIB(12); /* the low bank alone has not that much */
    CHECK(pages_free() >= MIB(12) / PAGE_SIZE);
    rig.allocations_left = 100;
    CHECK(!memory_create(vm));
    CHECK_EQ(rig.allocations_left, 99); /* of the root: no block was taken, to be poisoned for it */
    CHECK_EQ(pages_used(), used);
    for (u32 i = 0; i < ARRAY_SIZE(held); i++)
        page_free(held[i], 0);
    end_host();
}

/* ---- RAM that is backed when it is touched ---- */

TEST(a_lazy_vm_begins_with_nothing)
{
    struct stage2_leaf leaf;
    gpa_t gpa = RAM;
    struct vm *vm;

    start_host();
    vm = make_vm(0, "lazy");
    begin_life(vm);
    CHECK(!stage2_next(&vm->stage2, &gpa, RAM + VM_MIN_MEMORY, &leaf));
    CHECK_EQ(pages_used(), 4);
    end_vm(vm);
    end_host();
}

TEST(a_touched_page_is_zero_and_writable)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "lazy");
    for (u32 write = 0; write < 2; write++) {
        gpa_t page = RAM + MIB4 + write * 0x7000;

        CHECK_EQ(memory_touch(vm, page + 0xabc, write), MEMORY_BACKED);
        CHECK_EQ(leaf_at(vm, page).rights, STAGE2_RWX);
        CHECK_EQ(leaf_at(vm, page).size, PAGE_SIZE);
        CHECK(ram_is(vm, page, NULL, PAGE_SIZE));
        CHECK(!is_backed(vm, page - 1) && !is_backed(vm, page + PAGE_SIZE));
        /* Again: a stale entry of some TLB. */
        CHECK_EQ(memory_touch(vm, page, !write), MEMORY_BACKED);
        CHECK_EQ(vm->memory.own_pages, write + 1);
    }
    CHECK_EQ(rig.shoot_downs, 0);
    end_vm(vm);
    end_host();
}

TEST(only_ram_is_backed)
{
    static const gpa_t outside[] = {
        0, RAM - 1, RAM + VM_MIN_MEMORY, GIB(4) + RAM, GIB(16) - 1, GIB(16), ~0ull};

    for (u32 lazy = 0; lazy < 2; lazy++) {
        struct vm *vm;

        start_host();
        vm = make_vm(0, lazy ? "lazy" : "");
        for (u32 i = 0; i < ARRAY_SIZE(outside); i++) {
            CHECK_EQ(memory_touch(vm, outside[i], false), MEMORY_NOT_RAM);
            CHECK_EQ(memory_touch(vm, outside[i], true), MEMORY_NOT_RAM);
        }
        CHECK_EQ(memory_touch(vm, RAM + VM_MIN_MEMORY - 1, true), MEMORY_BACKED);
        end_vm(vm);
        end_host();
    }
}

TEST(is_ram_never_overflows)
{
    static const struct {
        gpa_t gpa;
        u64 size;
        bool is_ram;
    } cases[] = {
        {RAM, 0, true},
        {RAM, VM_MIN_MEMORY, true},
        {RAM, VM_MIN_MEMORY + 1, false},
        {RAM + VM_MIN_MEMORY - 1, 1, true},
        {RAM + VM_MIN_MEMORY - 1, 2, false},
        {RAM + VM_MIN_MEMORY, 0, false},
        {RAM - 1, 1, false},
        {RAM + 1, ~0ull, false},
        {~0ull, 1, false},
        {~0ull, ~0ull, false},
        {GIB(4) + RAM, 1, false},
    };
    struct vm *vm;

    start_host();
    vm = describe_vm(0, "");
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
        CHECK_EQ(memory_is_ram(vm, cases[i].gpa, cases[i].size), cases[i].is_ram);
}

TEST(reading_and_writing_cross_pages_and_back_them)
{
    static u8 read[12000], wrote[12000];
    gpa_t gpa = RAM + MIB4 - 5000; /* three pages and two tables */
    struct vm *vm;

    for (u32 i = 0; i < sizeof(wrote); i++)
        wrote[i] = (u8)(i * 13 + 1);
    start_host();
    vm = make_vm(0, "lazy");
    CHECK(memory_read(vm, gpa, read, sizeof(read)));
    for (u32 i = 0; i < sizeof(read); i++)
        CHECK_EQ(read[i], 0);
    CHECK(memory_write(vm, gpa, wrote, sizeof(wrote)));
    CHECK(memory_read(vm, gpa, read, sizeof(read)));
    CHECK(!memcmp(read, wrote, sizeof(read)));
    CHECK(ram_is(vm, gpa, wrote, sizeof(wrote)));
    CHECK_EQ(byte_at(vm, gpa - 1), 0);
    CHECK_EQ(byte_at(vm, gpa + sizeof(wrote)), 0);
    CHECK_EQ(vm->memory.own_pages, 4);
    end_vm(vm);
    end_host();
}

TEST(clearing_gives_back_what_was_touched_and_the_tables)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "lazy");
    for (u32 i = 0; i < VM_PAGES; i += 3)
        CHECK_EQ(memory_touch(vm, RAM + (u64)i * PAGE_SIZE, i & 1), MEMORY_BACKED);
    CHECK_EQ(memory_touch(vm, RAM + VM_MIN_MEMORY - 1, true), MEMORY_BACKED);
    /* At most 64 pages a step, so at least this many: */
    CHECK(run_short_steps(memory_clear_step, vm) > VM_PAGES / 3 / 64);
    CHECK_EQ(pages_used(), 4);
    CHECK_EQ(vm->memory.own_pages, 0);
    CHECK_EQ(vm->stage2.table_pages, 4);
    CHECK_EQ(memory_touch(vm, RAM, false), MEMORY_BACKED);
    CHECK(ram_is(vm, RAM, NULL, PAGE_SIZE));
    end_vm(vm);
    end_host();
}

/* One page in each 4 MiB of a large VM: steps stay short, and there are not too many. */
TEST(a_large_lazy_vm_is_cleared_in_few_steps)
{
    struct vm *vm;

    start_host();
    vm = describe_vm(0, "lazy");
    vm->config.memory = GIB(3);
    CHECK(memory_create(vm));
    CHECK_EQ(run_steps(memory_clear_step, vm), 1);
    for (u32 i = 0; i < 700; i++)
        CHECK_EQ(memory_touch(vm, RAM + i * MIB4 + (i % 1024) * PAGE_SIZE, true), MEMORY_BACKED);
    CHECK(run_short_steps(memory_clear_step, vm) <= 700 / 64 + 1);
    CHECK_EQ(pages_used(), 4);
    end_vm(vm);
    end_host();
}

TEST(exhaustion_is_told_and_leaves_the_vm_as_it_was)
{
    struct vm *vm;
    u32 used;

    start_host();
    vm = make_vm(0, "lazy");
    used = pages_used();
    /* The page itself, then the table for it. */
    for (u32 left = 0; left < 2; left++) {
        console_forget();
        rig.allocations_left = left;
        CHECK_EQ(memory_touch(vm, RAM + 0x1234, true), MEMORY_EXHAUSTED);
        CHECK_STR(fake_console.text,
                  "Twofold: VM \"a\" stopped: no host memory is left for its page 0x80001234\n");
        CHECK_EQ(pages_used(), used);
        CHECK(!is_backed(vm, RAM));
        rig.allocations_left = left;
        CHECK(!memory_write(vm, RAM, "x", 1));
        rig.allocations_left = left;
        CHECK(!memory_read(vm, RAM, (u8[1]){0}, 1));

        /* That is the end of it, and it is told once. */
        CHECK_STR(fake_console.text,
                  "Twofold: VM \"a\" stopped: no host memory is left for its page 0x80001234\n");
        CHECK_EQ(vm->life.ending, VM_FAULTS);
        vm->life.ending = VM_STAYS;
    }
    rig.allocations_left = 2;
    CHECK_EQ(memory_touch(vm, RAM, true), MEMORY_BACKED);
    end_vm(vm);
    end_host();
}

TEST(a_lazy_vm_whose_image_does_not_fit_the_host_is_not_loaded)
{
    u8 *file = make_file(20000, 1);
    struct vm *vm;

    start_host();
    vm = make_vm(0, "lazy");
    add_piece_to(vm, RAM, file, 20000);
    rig.allocations_left = 3;
    CHECK_EQ(load_pieces(vm), MEMORY_LOAD_FAILED);
    CHECK(fake_console.size != 0);
    end_vm(vm);
    end_host();
    free(file);
}

/* ---- Looking, exchanging, counting ---- */

TEST(peeking_sees_what_reading_would_and_backs_nothing)
{
    u8 *file = make_file(9000, 1);
    u8 peeked[20000], read[20000];
    static const char *const how[] = {"", "lazy", "shared"};

    for (u32 i = 0; i < ARRAY_SIZE(how); i++) {
        struct vm *vm;
        u32 used;

        start_host();
        vm = make_vm(0, how[i]);
        add_piece_to(vm, RAM + 300, file, 9000);
        begin_life(vm);
        CHECK(memory_write(vm, RAM + 9000, "written", 7));
        used = pages_used();
        CHECK(memory_peek(vm, RAM + 5, peeked, sizeof(peeked)));
        CHECK_EQ(pages_used(), used);
        CHECK(memory_read(vm, RAM + 5, read, sizeof(read)));
        CHECK(!memcmp(peeked, read, sizeof(read)));
        CHECK(!memcmp(peeked + 9000 - 5, "written", 7));
        end_vm(vm);
        end_host();
    }
    free(file);
}

TEST(a_vm_that_is_off_has_no_memory)
{
    static const char *const how[] = {"", "lazy", "shared"};
    u8 byte;

    for (u32 i = 0; i < ARRAY_SIZE(how); i++) {
        struct vm *vm;

        start_host();
        vm = make_vm(0, how[i]);
        begin_life(vm);
        end_vm(vm);
        CHECK(!memory_peek(vm, RAM, &byte, 1));
        CHECK(!memory_read(vm, RAM, &byte, 1));
        CHECK(!memory_write(vm, RAM, &byte, 1));
        CHECK_EQ(memory_touch(vm, RAM, true), MEMORY_NOT_RAM);
        CHECK(!memory_swap(vm, RAM, RAM + PAGE_SIZE));
        end_host();
    }
}

TEST(pages_are_exchanged_out_of_4_mib_leaves)
{
    gpa_t a = RAM + 0x3000, b = RAM + MIB4 + 0x9000;
    struct vm *vm;

    start_host();
    vm = make_vm(0, "");
    begin_life(vm);
    CHECK(memory_write(vm, a, "in a", 4));
    CHECK(memory_write(vm, b, "in b", 4));
    CHECK(memory_swap(vm, a, b));
    CHECK(ram_is(vm, a, (const u8 *)"in b", 4));
    CHECK(ram_is(vm, b, (const u8 *)"in a", 4));
    CHECK(ram_is(vm, a + 4, NULL, 0x10000));
    CHECK(ram_is(vm, RAM, NULL, 0x3000));
    CHECK(memory_swap(vm, b, a));
    CHECK(ram_is(vm, a, (const u8 *)"in a", 4));
    CHECK(memory_swap(vm, a, a));
    CHECK(!memory_swap(vm, a, RAM + VM_MIN_MEMORY));
    CHECK(!memory_swap(vm, RAM - PAGE_SIZE, b));
    CHECK(memory_swap(vm, a, a + PAGE_SIZE)); /* in one leaf */
    end_vm(vm);
    end_host();
}

TEST(a_page_that_was_not_touched_can_be_exchanged)
{
    gpa_t a = RAM + 0x3000, b = RAM + MIB4 + 0x9000;
    struct vm *vm;

    start_host();
    vm = make_vm(0, "lazy");
    CHECK(memory_write(vm, a, "in a", 4));
    CHECK(memory_swap(vm, a, b));
    CHECK(ram_is(vm, a, NULL, PAGE_SIZE));
    CHECK(ram_is(vm, b, (const u8 *)"in a", 4));
    CHECK_EQ(vm->memory.own_pages, 2);
    end_vm(vm);
    end_host();
}

TEST(an_exchange_without_memory_changes_nothing_wherever_it_fails)
{
    gpa_t a = RAM + 0x3000, b = RAM + MIB4 + 0x9000;

    for (u32 lazy = 0; lazy < 2; lazy++) {
        struct vm *vm;
        u32 left;

        start_host();
        vm = make_vm(0, lazy ? "lazy" : "");
        begin_life(vm);
        for (left = 0; rig.allocations_left = left, !memory_swap(vm, a, b); left++) {
            rig.allocations_left = PLENTY;
            CHECK(memory_write(vm, a, "in a", 4));
            CHECK(!is_backed(vm, b) || !memcmp(fake_bytes(leaf_at(vm, b).hpa, 4), "\0\0\0", 4));
            CHECK(ram_is(vm, a, (const u8 *)"in a", 4));
        }
        CHECK(left >= 1 && left <= 4);
        rig.allocations_left = PLENTY;
        CHECK(ram_is(vm, b, (const u8 *)"in a", 4));
        end_vm(vm);
        end_host();
    }
}

TEST(the_footprint_counts_every_page)
{
    static const char *const how[] = {"", "4K", "lazy"};

    for (u32 i = 0; i < ARRAY_SIZE(how); i++) {
        struct memory_footprint footprint;
        struct vm *vm;

        start_host();
        vm = make_vm(0, how[i]);
        for (gpa_t gpa = RAM; gpa < RAM + MIB4 * 2; gpa += MIB4 / 2)
            CHECK_EQ(memory_touch(vm, gpa, true), MEMORY_BACKED);
        footprint = memory_footprint(vm);
        CHECK_EQ(footprint.own, i < 2 ? VM_PAGES : 4);
        CHECK_EQ(footprint.shared, 0);
        CHECK_EQ(footprint.tables, i ? 6 : 4);
        /* The struct itself is no page of this host's. */
        CHECK_EQ(footprint.own + footprint.tables + footprint.other - BIT(VM_ORDER), pages_used());
        end_vm(vm);
        footprint = memory_footprint(vm);
        CHECK_EQ(footprint.own + footprint.tables, 0);
        CHECK_EQ(footprint.other, BIT(VM_ORDER));
        end_host();
    }
}

UNIT_MAIN("memory")
