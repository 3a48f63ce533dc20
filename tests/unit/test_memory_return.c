/* RAM that a VM gives back to the host while it runs, and has again when it touches it. */
#include <pthread.h>

#include "tests/unit/unit.h"
#include "tests/unit/fake_lock.h"
#include "tests/unit/memory_rig.h"

#define PAGE(n) (RAM + (gpa_t)(n)*PAGE_SIZE)

static struct vm *begin(const char *how)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, how);
    begin_life(vm);
    return vm;
}

static void end(struct vm *vm)
{
    end_vm(vm);
    end_host();
}

/* A word of each page of RAM, so that an exchange of two would be noticed. */
static void number_pages(struct vm *vm)
{
    for (u32 i = 0; i < VM_PAGES; i++)
        CHECK(memory_write(vm, PAGE(i), &i, sizeof(i)));
}

static void check_number(struct vm *vm, u32 page)
{
    u32 number;

    CHECK(memory_read(vm, PAGE(page), &number, sizeof(number)));
    CHECK_EQ(number, page);
}

/* What the VM has of the host besides its RAM is what it is said to have. */
static void check_counts(const struct vm *vm)
{
    struct memory_footprint footprint = memory_footprint(vm);

    CHECK_EQ(footprint.own + footprint.tables + footprint.other - BIT(VM_ORDER), pages_used());
}

TEST(a_page_that_is_given_back_is_the_hosts)
{
    static const char *const how[] = {"", "4K"};

    for (u32 i = 0; i < ARRAY_SIZE(how); i++) {
        struct vm *vm = begin(how[i]);
        u32 used;
        hpa_t hpa;

        number_pages(vm);
        used = pages_used();
        hpa = leaf_at(vm, PAGE(1000)).hpa;
        CHECK(memory_give_back(vm, PAGE(1000), PAGE_SIZE));
        CHECK(!is_backed(vm, PAGE(1000)));
        CHECK(is_backed(vm, PAGE(999)) && is_backed(vm, PAGE(1001)));
        CHECK_EQ(*fake_bytes(hpa, 1), PAGE_POISON);
        CHECK_EQ(pages_used(), used - 1 + (i ? 0 : 1)); /* a table for the split */
        CHECK_EQ(vm->memory.own_pages, VM_PAGES - 1);
        CHECK_EQ(rig.shoot_downs, 1);
        check_counts(vm);
        for (u32 page = 0; page < VM_PAGES; page++)
            if (page != 1000)
                check_number(vm, page);
        end(vm);
    }
}

TEST(another_vm_can_have_it)
{
    struct vm *vm = begin(""), *other = make_vm(1, "lazy");
    hpa_t tables = page_alloc(1, ZONE_DIRECT); /* of the one for the split, of the other's RAM */

    while (page_alloc(0, ZONE_ANY) != PAGE_NONE)
        ;
    CHECK_EQ(memory_touch(other, RAM, true), MEMORY_EXHAUSTED);
    page_free(tables, 1);
    CHECK(memory_give_back(vm, PAGE(3), 10 * PAGE_SIZE));
    CHECK_EQ(memory_touch(other, RAM, true), MEMORY_BACKED);
    CHECK(leaf_at(other, RAM).hpa >= HIGH_BANK);
    end_vm(other);
    end_vm(vm);
}

TEST(touched_again_it_is_a_page_of_zeros)
{
    static const char *const how[] = {"", "4K", "lazy"};

    for (u32 i = 0; i < ARRAY_SIZE(how); i++) {
        struct vm *vm = begin(how[i]);

        number_pages(vm);
        CHECK(memory_give_back(vm, PAGE(7), 3 * PAGE_SIZE));
        CHECK_EQ(memory_touch(vm, PAGE(8), false), MEMORY_BACKED);
        CHECK(ram_is(vm, PAGE(8), NULL, PAGE_SIZE));
        CHECK_EQ(leaf_at(vm, PAGE(8)).rights, STAGE2_RWX);
        CHECK(!is_backed(vm, PAGE(7)) && !is_backed(vm, PAGE(9)));
        CHECK(memory_write(vm, PAGE(9) + 5, "again", 5));
        CHECK(!memcmp(fake_bytes(leaf_at(vm, PAGE(9)).hpa, 16), "\0\0\0\0\0again\0\0\0\0\0\0", 16));
        check_number(vm, 6);
        check_number(vm, 10);
        CHECK_EQ(vm->memory.own_pages, VM_PAGES - 1);
        check_counts(vm);
        end(vm);
    }
}

TEST(no_page_is_leaked_or_freed_twice_however_it_came_and_went)
{
    static const char *const how[] = {"", "4K", "lazy"};
    u32 random = 12345;

    for (u32 i = 0; i < 3 * 20; i++) {
        struct vm *vm = begin(how[i % 3]);

        for (u32 step = 0; step < 300; step++) {
            u32 page, count;

            random = random * 1664525 + 1013904223;
            page = (random >> 8) % VM_PAGES;
            count = 1 + (random >> 20) % 100;
            if (count > VM_PAGES - page)
                count = VM_PAGES - page;
            if (random & 1)
                CHECK(memory_give_back(vm, PAGE(page), (u64)count * PAGE_SIZE));
            else if (random & 2)
                CHECK_EQ(memory_touch(vm, PAGE(page), random & 4), MEMORY_BACKED);
            else
                CHECK(memory_swap(vm, PAGE(page), PAGE((page + 1500) % VM_PAGES)));
        }
        check_counts(vm);
        if (i & 1)
            run_steps(memory_clear_step, vm);
        check_counts(vm);
        end(vm);
    }
}

TEST(in_the_next_life_everything_is_zero)
{
    struct vm *vm = begin("");

    number_pages(vm);
    CHECK(memory_give_back(vm, PAGE(3), 5 * PAGE_SIZE));
    CHECK_EQ(memory_touch(vm, PAGE(4), true), MEMORY_BACKED);
    begin_life(vm);
    CHECK(!is_backed(vm, PAGE(3)) && is_backed(vm, PAGE(4)));
    for (u32 page = 0; page < VM_PAGES; page++)
        CHECK(!is_backed(vm, PAGE(page)) || ram_is(vm, PAGE(page), NULL, 16));
    check_counts(vm);
    end(vm);
}

TEST(pages_exchanged_between_chunks_come_back_once)
{
    struct vm *vm = begin("");
    gpa_t a = PAGE(3), b = RAM + MIB4 + 0x9000;

    number_pages(vm);
    CHECK(memory_swap(vm, a, b));
    CHECK(memory_give_back(vm, a, PAGE_SIZE));
    CHECK(memory_give_back(vm, b, PAGE_SIZE));
    check_counts(vm);
    CHECK_EQ(memory_touch(vm, a, true), MEMORY_BACKED);
    CHECK(memory_swap(vm, a, b));
    end(vm);
}

/* Most of a large range is not there: it costs no fence. */
TEST(what_is_not_backed_stays_so)
{
    struct vm *vm = begin("lazy");

    CHECK(memory_give_back(vm, RAM, VM_MIN_MEMORY));
    CHECK_EQ(rig.shoot_downs, 0);
    CHECK_EQ(memory_touch(vm, PAGE(700), true), MEMORY_BACKED);
    CHECK(memory_give_back(vm, RAM, VM_MIN_MEMORY));
    CHECK_EQ(rig.shoot_downs, 1);
    CHECK_EQ(vm->memory.own_pages, 0);
    end(vm);
}

/* Another VM reads the same bytes there, and this one was promised zeros. */
TEST(pages_with_bytes_of_a_shared_image_stay)
{
    u8 *file = make_file(3 * PAGE_SIZE, 1);
    struct vm *vm;

    start_host();
    vm = make_vm(0, "shared");
    add_piece_to(vm, PAGE(10), file, 3 * PAGE_SIZE);
    begin_life(vm);
    CHECK_EQ(memory_touch(vm, PAGE(10), false), MEMORY_BACKED);
    CHECK_EQ(memory_touch(vm, PAGE(11), true), MEMORY_BACKED);
    CHECK_EQ(memory_touch(vm, PAGE(14), true), MEMORY_BACKED);
    CHECK(memory_give_back(vm, RAM, VM_MIN_MEMORY));
    CHECK(is_backed(vm, PAGE(10)) && is_backed(vm, PAGE(11)) && !is_backed(vm, PAGE(14)));
    CHECK(ram_is(vm, PAGE(10), file, 2 * PAGE_SIZE));
    CHECK_EQ(vm->memory.own_pages, 1);
    CHECK_EQ(vm->memory.shared_pages, 1);
    end(vm);
    free(file);
}

TEST(only_whole_pages_of_ram_are_taken)
{
    static const struct {
        gpa_t gpa;
        u64 size;
    } wrong[] = {
        {RAM + 1, PAGE_SIZE},
        {RAM, PAGE_SIZE + 1},
        {RAM, 100},
        {RAM - PAGE_SIZE, PAGE_SIZE},
        {RAM - PAGE_SIZE, 2 * PAGE_SIZE},
        {RAM + VM_MIN_MEMORY, PAGE_SIZE},
        {RAM + VM_MIN_MEMORY - PAGE_SIZE, 2 * PAGE_SIZE},
        {RAM, VM_MIN_MEMORY + PAGE_SIZE},
        {RAM, ~(u64)0 & ~(u64)0xfff},
        {0, ~(u64)0 & ~(u64)0xfff},
        {~(gpa_t)0xfff, PAGE_SIZE},
        {GIB(4) + RAM, PAGE_SIZE},
    };
    struct vm *vm = begin("");

    /* What devices are mapped at is none of RAM's. */
    CHECK_EQ(stage2_map(&vm->stage2, 0x51000000, HIGH_BANK, PAGE_SIZE, STAGE2_RWX), STAGE2_OK);
    CHECK(!memory_give_back(vm, 0x51000000, PAGE_SIZE));
    CHECK(is_backed(vm, 0x51000000));
    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
        CHECK(!memory_give_back(vm, wrong[i].gpa, wrong[i].size));
    CHECK_EQ(vm->memory.own_pages, VM_PAGES);
    CHECK_EQ(rig.shoot_downs, 0);
    CHECK(memory_give_back(vm, RAM + VM_MIN_MEMORY, 0) == false);
    CHECK(memory_give_back(vm, RAM, 0));
    CHECK(memory_give_back(vm, RAM, VM_MIN_MEMORY));
    CHECK_EQ(vm->memory.own_pages, 0);
    end(vm);
}

TEST(without_a_page_for_the_table_nothing_changes)
{
    struct vm *vm = begin("");

    number_pages(vm);
    rig.allocations_left = 0;
    CHECK(!memory_give_back(vm, PAGE(5), PAGE_SIZE));
    rig.allocations_left = PLENTY;
    CHECK_EQ(leaf_at(vm, RAM).size, SUPERPAGE_SIZE);
    CHECK_EQ(vm->memory.own_pages, VM_PAGES);
    CHECK_EQ(rig.shoot_downs, 0);
    CHECK(!vm->memory.chunks[0].split);
    check_number(vm, 5);
    end(vm);
}

TEST(a_vm_that_wants_a_page_back_when_none_is_left_ends_alone)
{
    struct vm *vm = begin("");

    CHECK(memory_give_back(vm, PAGE(5), PAGE_SIZE));
    rig.allocations_left = 0;
    CHECK_EQ(memory_touch(vm, PAGE(5), true), MEMORY_EXHAUSTED);
    CHECK_STR(fake_console.text,
              "Twofold: VM \"a\" stopped: no host memory is left for its page 0x80005000\n");
    CHECK_EQ(vm->life.ending, VM_FAULTS);
    end(vm);
}

/* When the vCPUs are made to forget it, nobody may have been given it yet. */
static void see_that_it_is_ours(const struct vm *vm)
{
    CHECK(!is_backed(vm, PAGE(5)));
    CHECK_EQ(vm->memory.own_pages, VM_PAGES - 1);
    CHECK(pages_free() + VM_PAGES == pages_total() - (pages_used() - VM_PAGES));
    rig.on_shoot_down = NULL;
}

TEST(it_is_freed_after_the_vcpus_forgot_it)
{
    struct vm *vm = begin("");
    hpa_t hpa = leaf_at(vm, PAGE(5)).hpa;
    u32 used = pages_used();

    *fake_bytes(hpa, 1) = 77;
    rig.on_shoot_down = see_that_it_is_ours;
    CHECK(memory_give_back(vm, PAGE(5), PAGE_SIZE));
    CHECK(!rig.on_shoot_down);
    CHECK_EQ(pages_used(), used); /* less the page, and a table more */
    end(vm);
}

/* Threads are harts: one copies in and out of pages that another one gives back. A copy that went
 * on in a freed page would be seen as its owner sees it: as something other than poison. */
static bool done_giving;

static void *read_and_write(void *arg)
{
    struct vm *vm = arg;
    u8 bytes[3000];

    memset(bytes, 0x11, sizeof(bytes));
    while (!__atomic_load_n(&done_giving, __ATOMIC_ACQUIRE)) {
        CHECK(memory_write(vm, PAGE(4) + 100, bytes, sizeof(bytes)));
        CHECK(memory_read(vm, PAGE(4) + 100, bytes, sizeof(bytes)));
        for (u32 i = 0; i < sizeof(bytes); i++)
            CHECK(bytes[i] == 0x11 || bytes[i] == 0);
        memset(bytes, 0x11, sizeof(bytes));
    }
    return NULL;
}

TEST(nobody_copies_to_or_from_a_page_that_is_freed)
{
    struct vm *vm = begin("");
    pthread_t reader;

    done_giving = false;
    pthread_create(&reader, NULL, read_and_write, vm);
    for (u32 i = 0; i < 3000; i++) {
        hpa_t page;

        CHECK(memory_give_back(vm, PAGE(4), PAGE_SIZE));
        page = page_alloc(0, ZONE_ANY);
        CHECK(page != PAGE_NONE);
        for (u32 byte = 0; byte < PAGE_SIZE; byte++)
            CHECK_EQ(*fake_bytes(page + byte, 1), PAGE_POISON);
        page_free(page, 0);
    }
    __atomic_store_n(&done_giving, true, __ATOMIC_RELEASE);
    pthread_join(reader, NULL);
    CHECK_EQ(vm->memory.users, 0);
    end(vm);
}

UNIT_MAIN("memory_return")
