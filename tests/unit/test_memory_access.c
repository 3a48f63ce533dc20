/* Copying from and to guest RAM, and where it is on the host. */
#include "tests/unit/unit.h"
#include "tests/unit/memory_rig.h"

#define PAGE(n) (RAM + (gpa_t)(n)*PAGE_SIZE)

static const char *const kinds[] = {"", "4K", "lazy", "shared"};

static void end(struct vm *vm)
{
    u32 kept = memory_kept_pages(vm);

    end_vm(vm);
    CHECK_EQ(pages_used(), kept);
    CHECK_EQ(vm->memory.users, 0);
}

TEST(what_was_written_is_read_wherever_and_however_long)
{
    static const u32 sizes[] = {1, 2, 3, 4, 8, 12, 15, 16, 17, 32, 36, 4096, 5000};
    u8 wrote[5000], read[5000];

    for (u32 kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
        struct vm *vm;

        start_host();
        vm = make_vm(0, kinds[kind]);
        begin_life(vm);
        for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
            for (u32 offset = 0; offset < 5; offset++) {
                gpa_t gpa = vm->memory.base + MIB4 - sizes[i] / 2 - 2 + offset;

                for (u32 byte = 0; byte < sizes[i]; byte++)
                    wrote[byte] = (u8)(byte * 7 + i + offset + 1);
                memset(read, 0xee, sizeof(read));
                CHECK(memory_write(vm, gpa, wrote, sizes[i]));
                CHECK(memory_read(vm, gpa, read, sizes[i]));
                CHECK(!memcmp(read, wrote, sizes[i]));
                CHECK(sizes[i] == sizeof(read) || read[sizes[i]] == 0xee);
                CHECK(ram_is(vm, gpa, wrote, sizes[i]));
            }
        end(vm);
    }
}

TEST(nothing_outside_of_ram_is_copied_or_told)
{
    static const struct {
        gpa_t gpa;
        u32 size;
    } outside[] = {
        {0, 4},
        {RAM - 4, 4},
        {RAM - 2, 4},
        {RAM + VM_MIN_MEMORY, 4},
        {RAM + VM_MIN_MEMORY - 2, 4},
        {RAM + VM_MIN_MEMORY - 4096, 8192},
        {RAM, 0xffffffff},
        {GIB(4) + RAM, 4},
        {GIB(16), 4},
        {GIB(16) + RAM, 4},
        {((gpa_t)1 << 54) + RAM, 4}, /* which has RAM's bits where a root entry is chosen */
        {~(gpa_t)0, 4},
        {0x51000000, 4},
    };
    u8 bytes[16] = {0};
    hpa_t at;

    for (u32 kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
        struct vm *vm;

        start_host();
        vm = make_vm(0, kinds[kind]);
        /* Something that is mapped and is no RAM: a device, or what VMs share. */
        CHECK_EQ(stage2_map(&vm->stage2, 0x51000000, LOW_BANK, MIB(4), STAGE2_RWX), STAGE2_OK);
        for (u32 i = 0; i < ARRAY_SIZE(outside); i++) {
            CHECK(!memory_read(vm, outside[i].gpa, bytes, outside[i].size));
            CHECK(!memory_write(vm, outside[i].gpa, bytes, outside[i].size));
            if (!memory_is_ram(vm, outside[i].gpa, 1))
                CHECK_EQ(memory_locate(vm, outside[i].gpa, 4, false, &at), 0);
        }
        stage2_drop(&vm->stage2, 0x51000000);
        end(vm);
    }
}

/* 4 MiB and more in one run, where blocks of the host are neighbours, and less where they are not.
 */
TEST(runs_are_as_long_as_the_host_memory_goes_on)
{
    struct vm *vm;
    hpa_t at, next;
    u32 run;

    start_host();
    vm = make_vm(0, "");
    CHECK_EQ(memory_locate(vm, RAM + 100, 5000, false, &at), 5000);
    CHECK_EQ(at, leaf_at(vm, RAM).hpa + 100);
    run = memory_locate(vm, RAM + 100, 0xffffffff, true, &at);
    next = leaf_at(vm, RAM + MIB4).hpa;
    CHECK_EQ(run, (next == leaf_at(vm, RAM).hpa + MIB4 ? VM_MIN_MEMORY : MIB4) - 100);
    CHECK_EQ(memory_locate(vm, RAM + VM_MIN_MEMORY - 1, 100, true, &at), 1);
    CHECK_EQ(memory_locate(vm, RAM, 0, false, &at), 0);
    end(vm);
}

TEST(small_leaves_that_follow_one_another_are_one_run)
{
    struct vm *vm;
    hpa_t at;

    start_host();
    vm = make_vm(0, "4K");
    CHECK_EQ(memory_locate(vm, PAGE(3) + 8, 10 * PAGE_SIZE, true, &at), 10 * PAGE_SIZE);
    CHECK(memory_swap(vm, PAGE(6), PAGE(20)));
    CHECK_EQ(memory_locate(vm, PAGE(3) + 8, 10 * PAGE_SIZE, true, &at), 3 * PAGE_SIZE - 8);
    CHECK_EQ(memory_locate(vm, PAGE(6), 10 * PAGE_SIZE, true, &at), PAGE_SIZE);
    CHECK_EQ(at, leaf_at(vm, PAGE(6)).hpa);
    end(vm);
}

TEST(a_run_of_lazy_ram_is_backed)
{
    u8 *file = make_file(2 * PAGE_SIZE, 1);

    for (u32 write = 0; write < 2; write++) {
        struct vm *vm;
        gpa_t gpa = PAGE(9) + 10;
        u32 left = 6 * PAGE_SIZE;

        start_host();
        vm = make_vm(0, "shared");
        add_piece_to(vm, PAGE(10), file, 2 * PAGE_SIZE);
        begin_life(vm);
        while (left) {
            hpa_t at = PAGE_NONE;
            u32 run = memory_locate(vm, gpa, left, write, &at);

            CHECK(run && run <= left);
            for (u32 i = 0; i < run; i++)
                CHECK_EQ(leaf_at(vm, gpa + i).hpa, at + i);
            gpa += run;
            left -= run;
        }
        CHECK_EQ(leaf_at(vm, PAGE(10)).rights, write ? STAGE2_RWX : STAGE2_RX);
        CHECK(ram_is(vm, PAGE(10), file, 2 * PAGE_SIZE));
        CHECK_EQ(vm->memory.own_pages, write ? 7 : 5);
        end(vm);
    }
    free(file);
}

TEST(without_memory_the_run_ends_where_it_was_backed)
{
    struct vm *vm;
    hpa_t at;

    start_host();
    vm = make_vm(0, "lazy");
    rig.allocations_left = 4; /* a table and three pages */
    CHECK(memory_locate(vm, PAGE(1), 10 * PAGE_SIZE, true, &at) <= 3 * PAGE_SIZE);
    rig.allocations_left = 0;
    CHECK_EQ(memory_locate(vm, PAGE(100), 1, true, &at), 0);
    CHECK_EQ(vm->life.ending, VM_FAULTS);
    end(vm);
}

/* ---- RAM that is where it is on the host ---- */

TEST(trusted_ram_is_at_its_own_address)
{
    struct stage2_leaf leaf;
    struct vm *vm;
    hpa_t at;

    start_host();
    vm = describe_vm(0, "trusted");
    vm->config.memory = MIB(4);
    CHECK(memory_create(vm));
    CHECK_EQ(vm->memory.base, LOW_BANK + MIB(4)); /* the highest below 4 GiB */
    leaf = leaf_at(vm, vm->memory.base);
    CHECK_EQ(leaf.hpa, vm->memory.base);
    CHECK_EQ(leaf.size, SUPERPAGE_SIZE);
    begin_life(vm);
    CHECK_EQ(memory_locate(vm, vm->memory.base + 5, MIB(4), true, &at), MIB(4) - 5);
    CHECK_EQ(at, vm->memory.base + 5);
    CHECK(!memory_is_ram(vm, RAM, 1));
    CHECK(!memory_give_back(vm, vm->memory.base, PAGE_SIZE));
    CHECK(ram_is(vm, vm->memory.base, NULL, MIB(4)));
    CHECK_EQ(memory_footprint(vm).own, MIB(4) / PAGE_SIZE);
    end(vm);
}

/* Nothing stops the device when its VM has ended. */
TEST(trusted_ram_is_kept_for_the_next_start)
{
    struct vm *vm;
    gpa_t base;

    start_host();
    vm = describe_vm(0, "trusted");
    vm->config.memory = MIB(4);
    CHECK_EQ(memory_kept_pages(vm), 0);
    CHECK(memory_create(vm));
    begin_life(vm);
    base = vm->memory.base;
    CHECK(memory_write(vm, base + 100, "written", 7));
    end(vm);
    CHECK_EQ(memory_kept_pages(vm), MIB(4) / PAGE_SIZE);
    CHECK_EQ(memory_footprint(vm).own, MIB(4) / PAGE_SIZE);
    CHECK_EQ(page_alloc_run(1, base, base + MIB4), PAGE_NONE);
    CHECK(!memory_peek(vm, base, (u8[1]){0}, 1));
    CHECK(memory_create(vm));
    CHECK_EQ(vm->memory.base, base);
    begin_life(vm);
    CHECK(ram_is(vm, base, NULL, MIB(4)));
    end(vm);
}

/* The bank of this host's high RAM lies past 4 GiB: no kernel could start there. */
TEST(trusted_ram_must_begin_below_4_gib)
{
    struct vm *vm;

    start_host();
    vm = describe_vm(0, "trusted");
    vm->config.memory = MIB(12);
    CHECK(!memory_create(vm));
    CHECK_STR(
        fake_console.text,
        "Twofold: a: dma = \"trusted\" needs 12 MiB of RAM in one piece below 4 GiB, which no "
        "free part of this machine's has\n");
    CHECK_EQ(vm->memory.base, RAM);
    end_host();
}

TEST(trusted_ram_is_never_backed_later)
{
    static const char *const how[] = {"trusted lazy", "trusted shared"};
    static const char *const words[] = {"\"lazy\"", "\"shared\""};

    for (u32 i = 0; i < 2; i++) {
        struct vm *vm;

        start_host();
        vm = describe_vm(0, how[i]);
        CHECK(!memory_create(vm));
        CHECK(strstr(fake_console.text, words[i]));
        end_host();
    }
}

UNIT_MAIN("memory_access")
