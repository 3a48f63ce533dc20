/* Images that VMs share, and the copies that they make when they write. */
#include <pthread.h>

#include "tests/unit/unit.h"
#include "tests/unit/memory_rig.h"

#define AT   (RAM + MIB4 + 0x123) /* where the image lies in its VM: not at a page's start  */
#define PAGE ALIGN_DOWN(AT, PAGE_SIZE)
#define SIZE 20000u                        /* so in 5 pages              */
#define LAST (PAGE + 4 * (gpa_t)PAGE_SIZE) /* the last of them           */

static u8 *file;

/* A VM that is loaded with `bytes` at AT. */
static struct vm *start_vm(u32 index, const u8 *bytes)
{
    struct vm *vm = make_vm(index, "shared");

    add_piece_to(vm, AT, bytes, SIZE);
    begin_life(vm);
    return vm;
}

static void start_two(struct vm **a, struct vm **b)
{
    start_host();
    *a = start_vm(0, file);
    *b = start_vm(1, file);
}

static hpa_t touch(struct vm *vm, gpa_t gpa, bool write, enum memory_touched expected)
{
    CHECK_EQ(memory_touch(vm, gpa, write), expected);
    return leaf_at(vm, ALIGN_DOWN(gpa, PAGE_SIZE)).hpa;
}

/* The page at `gpa` is as at power-on. */
static void check_pristine(struct vm *vm, gpa_t gpa)
{
    for (gpa_t at = ALIGN_DOWN(gpa, PAGE_SIZE); at < ALIGN_DOWN(gpa, PAGE_SIZE) + PAGE_SIZE; at++)
        CHECK_EQ(byte_at(vm, at), at >= AT && at - AT < SIZE ? file[at - AT] : 0);
}

static void check_counts(const struct vm *vm, u32 own, u32 shared)
{
    CHECK_EQ(memory_footprint(vm).own, own);
    CHECK_EQ(memory_footprint(vm).shared, shared);
}

/* ---- One page for all ---- */

TEST(what_nobody_wrote_is_one_page_for_all)
{
    struct vm *a, *b;
    u32 used;

    start_two(&a, &b);
    for (gpa_t gpa = PAGE; gpa <= LAST; gpa += PAGE_SIZE) {
        hpa_t hpa = touch(a, gpa + 7, false, MEMORY_BACKED);

        used = pages_used();
        CHECK_EQ(touch(b, gpa + 99, false, MEMORY_BACKED), hpa);
        CHECK(pages_used() - used <= 1); /* the table of b */
        CHECK_EQ(leaf_at(a, gpa).rights, STAGE2_RX);
        CHECK_EQ(leaf_at(b, gpa).rights, STAGE2_RX);
        check_pristine(a, gpa);
    }
    check_counts(a, 0, 5);
    check_counts(b, 0, 5);
    CHECK_EQ(shared_image_pages(), 5 + 1);
    /* Beside the image, memory is the VM's own. */
    CHECK(touch(a, PAGE - 1, false, MEMORY_BACKED) != touch(b, PAGE - 1, false, MEMORY_BACKED));
    CHECK_EQ(leaf_at(a, LAST + PAGE_SIZE - 1).rights, STAGE2_RX);
    CHECK(!is_backed(a, LAST + PAGE_SIZE));
    end_vm(a);
    end_vm(b);
    end_host();
}

TEST(reading_by_the_host_shares_and_writing_copies)
{
    struct vm *a, *b;
    u8 read[SIZE];

    start_two(&a, &b);
    CHECK(memory_read(a, AT, read, SIZE));
    CHECK(!memcmp(read, file, SIZE));
    check_counts(a, 0, 5);
    CHECK(memory_write(a, AT + 100, "written", 7));
    check_counts(a, 1, 4);
    CHECK(memory_write(a, AT + 200, "written", 7));
    check_counts(a, 1, 4);
    CHECK(memory_read(a, AT, read, SIZE));
    CHECK(!memcmp(read, file, 100) && !memcmp(read + 100, "written", 7));
    CHECK(!memcmp(read + 207, file + 207, SIZE - 207));
    CHECK(memory_read(b, AT, read, SIZE));
    CHECK(!memcmp(read, file, SIZE));
    end_vm(a);
    end_vm(b);
    end_host();
}

TEST(the_next_life_shares_again)
{
    struct vm *a, *b;
    hpa_t hpa;

    start_two(&a, &b);
    hpa = touch(a, AT, false, MEMORY_BACKED);
    touch(b, AT, true, MEMORY_BACKED);
    touch(b, AT + 9000, false, MEMORY_BACKED);
    touch(b, RAM, true, MEMORY_BACKED);
    begin_life(b);
    check_counts(b, 0, 0);
    CHECK_EQ(b->stage2.table_pages, 4);
    CHECK_EQ(touch(b, AT, false, MEMORY_BACKED), hpa);
    check_pristine(b, AT);
    end_vm(a);
    end_vm(b);
    end_host();
}

/* ---- Copies ---- */

TEST(a_write_to_a_shared_page_copies_it)
{
    struct vm *a, *b;
    hpa_t shared, own;

    start_two(&a, &b);
    shared = touch(a, AT, false, MEMORY_BACKED);
    touch(b, AT, false, MEMORY_BACKED);
    own = touch(b, AT + 5, true, MEMORY_COPIED);
    CHECK(own != shared);
    CHECK_EQ(leaf_at(b, AT).rights, STAGE2_RWX);
    check_pristine(b, AT);
    CHECK_EQ(leaf_at(a, PAGE).hpa, shared);
    CHECK_EQ(leaf_at(a, PAGE).rights, STAGE2_RX);
    check_counts(a, 0, 1);
    check_counts(b, 1, 0);
    /* Once is enough. */
    CHECK_EQ(touch(b, AT, true, MEMORY_BACKED), own);
    CHECK_EQ(touch(b, AT, false, MEMORY_BACKED), own);
    end_vm(a);
    end_vm(b);
    end_host();
}

TEST(a_write_that_comes_first_makes_no_shared_page)
{
    struct vm *a, *b;

    start_two(&a, &b);
    touch(a, LAST, true, MEMORY_BACKED);
    CHECK_EQ(leaf_at(a, LAST).rights, STAGE2_RWX);
    check_pristine(a, LAST);
    check_counts(a, 1, 0);
    CHECK_EQ(shared_image_pages(), 1);
    end_vm(a);
    end_vm(b);
    end_host();
}

TEST(a_stale_entry_copies_nothing)
{
    struct vm *a, *b;
    hpa_t hpa;

    start_two(&a, &b);
    hpa = touch(a, AT, false, MEMORY_BACKED);
    rig.shoot_downs = 0;
    CHECK_EQ(touch(a, AT, false, MEMORY_BACKED), hpa);
    CHECK_EQ(leaf_at(a, AT).rights, STAGE2_RX);
    CHECK_EQ(rig.shoot_downs, 0);
    end_vm(a);
    end_vm(b);
    end_host();
}

static hpa_t shared_page;
static gpa_t watched;

/* While others can still have the original, the copy is mapped, but not for writing. */
static void check_copy_is_read_only(const struct vm *vm)
{
    CHECK(leaf_at(vm, watched).hpa != shared_page);
    CHECK_EQ(leaf_at(vm, watched).rights, STAGE2_RX);
    CHECK(vm->memory.lock.held);
}

TEST(nobody_writes_before_the_original_is_forgotten)
{
    struct vm *a, *b;

    start_two(&a, &b);
    shared_page = touch(a, AT, false, MEMORY_BACKED);
    watched = AT;
    rig.shoot_downs = 0;
    rig.on_shoot_down = check_copy_is_read_only;
    touch(a, AT, true, MEMORY_COPIED);
    CHECK_EQ(rig.shoot_downs, 1);
    rig.on_shoot_down = NULL;
    end_vm(a);
    end_vm(b);
    end_host();
}

static void check_not_mapped(const struct vm *vm)
{
    CHECK(!is_backed(vm, watched));
}

/* Every hart of the VM does fence.i after the bytes were stored and before it can fetch them. */
TEST(harts_are_fenced_before_they_see_bytes_of_an_image)
{
    struct vm *a, *b;

    start_two(&a, &b);
    rig.on_shoot_down = check_not_mapped;
    for (u32 write = 0; write < 2; write++) {
        watched = PAGE + write * PAGE_SIZE;
        touch(a, watched, write, MEMORY_BACKED);
        CHECK_EQ(rig.shoot_downs, write + 1);
    }
    touch(a, RAM, false, MEMORY_BACKED); /* zeros are no instructions */
    CHECK_EQ(rig.shoot_downs, 2);
    rig.on_shoot_down = NULL;
    end_vm(a);
    end_vm(b);
    end_host();
}

TEST(exchanging_shared_pages_copies_them_first)
{
    struct vm *a, *b;
    hpa_t shared;

    start_two(&a, &b);
    shared = touch(a, AT, false, MEMORY_BACKED);
    touch(b, AT, false, MEMORY_BACKED);
    CHECK(memory_swap(a, PAGE, RAM));
    CHECK(ram_is(a, PAGE, NULL, PAGE_SIZE));
    CHECK(ram_is(a, RAM + 0x123, file, PAGE_SIZE - 0x123));
    CHECK_EQ(leaf_at(a, PAGE).rights, STAGE2_RWX);
    CHECK(leaf_at(a, RAM).hpa != shared);
    check_counts(a, 2, 0);
    check_pristine(b, AT);
    end_vm(a);
    end_vm(b);
    end_host();
}

/* ---- Pages with more than one piece ---- */

TEST(a_page_of_two_pieces_is_composed_for_each_vm)
{
    gpa_t second = AT + SIZE + 40; /* in the last page of the first */
    struct vm *vm[2];

    start_host();
    for (u32 i = 0; i < 2; i++) {
        vm[i] = make_vm(i, "shared");
        add_piece_to(vm[i], AT, file, SIZE);
        add_piece_to(vm[i], second, file + 1, 9000);
        begin_life(vm[i]);
    }
    CHECK(touch(vm[0], LAST, false, MEMORY_BACKED) != touch(vm[1], LAST, false, MEMORY_BACKED));
    for (u32 i = 0; i < 2; i++) {
        u32 rest = (u32)(LAST + PAGE_SIZE - second);

        CHECK_EQ(leaf_at(vm[i], LAST).rights, STAGE2_RWX);
        CHECK(ram_is(vm[i], LAST, file + (LAST - AT), (u32)(AT + SIZE - LAST)));
        CHECK(ram_is(vm[i], AT + SIZE, NULL, 40));
        CHECK(ram_is(vm[i], second, file + 1, rest));
        check_counts(vm[i], 1, 0);
    }
    /* The pages on both sides are of one piece again. */
    CHECK_EQ(touch(vm[0], LAST - 1, false, MEMORY_BACKED),
             touch(vm[1], LAST - 1, false, MEMORY_BACKED));
    CHECK_EQ(touch(vm[0], LAST + PAGE_SIZE, false, MEMORY_BACKED),
             touch(vm[1], LAST + PAGE_SIZE, false, MEMORY_BACKED));
    CHECK(ram_is(vm[0], LAST + PAGE_SIZE, file + 1 + (LAST + PAGE_SIZE - second), 4000));
    for (u32 i = 0; i < 2; i++)
        end_vm(vm[i]);
    end_host();
}

TEST(pieces_smaller_than_a_page)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "shared");
    for (u32 i = 0; i < 16; i++)
        add_piece_to(vm, RAM + i * 256, file + i * 100, 1 + i);
    add_piece_to(vm, RAM + PAGE_SIZE * 2 - 1, file, 1);
    add_piece_to(vm, RAM + PAGE_SIZE * 2, file + 1, 1);
    begin_life(vm);
    touch(vm, RAM, false, MEMORY_BACKED);
    for (u32 i = 0; i < 16; i++) {
        CHECK(ram_is(vm, RAM + i * 256, file + i * 100, 1 + i));
        CHECK(ram_is(vm, RAM + i * 256 + 1 + i, NULL, 256 - 1 - i));
    }
    touch(vm, RAM + PAGE_SIZE, false, MEMORY_BACKED);
    touch(vm, RAM + PAGE_SIZE * 2, false, MEMORY_BACKED);
    CHECK(ram_is(vm, RAM + PAGE_SIZE, NULL, PAGE_SIZE - 1));
    CHECK(ram_is(vm, RAM + PAGE_SIZE * 2 - 1, file, 2));
    CHECK(ram_is(vm, RAM + PAGE_SIZE * 2 + 1, NULL, PAGE_SIZE - 1));
    check_counts(vm, 1, 2);
    end_vm(vm);
    end_host();
}

/* ---- What is the same image ---- */

/* Starts a VM with `size` bytes at `gpa`; returns how many steps it took to load. */
static u32 start_with(u32 index, gpa_t gpa, const u8 *bytes, u32 size)
{
    struct vm *vm = make_vm(index, "shared");
    u32 progress = 0, steps = 0;

    add_piece_to(vm, gpa, bytes, size);
    while (memory_load_step(vm, &progress) == MEMORY_LOADING)
        steps++;
    return steps;
}

static bool same_image(u32 a, u32 b)
{
    return rig.vms[a].memory.pieces[0].image == rig.vms[b].memory.pieces[0].image;
}

static void end_all(u32 count)
{
    for (u32 i = 0; i < count; i++)
        end_vm(&rig.vms[i]);
    end_host();
}

TEST(the_same_file_is_known_at_once)
{
    u32 size = (u32)MIB(2);
    u8 *large = make_file(size, 3);

    start_host();
    CHECK_EQ(start_with(0, RAM, large, size), 1);
    CHECK_EQ(start_with(1, RAM, large, size), 1);
    CHECK(same_image(0, 1));
    end_all(2);
    free(large);
}

TEST(equal_bytes_are_found_by_comparison_in_steps)
{
    u32 size = (u32)MIB(2) + 1;
    u8 *one = make_file(size, 3), *other = make_file(size, 3);

    start_host();
    start_with(0, RAM, one, size);
    CHECK_EQ(start_with(1, RAM, other, size), 9 + 1); /* 256 KiB each, then it is known */
    CHECK(same_image(0, 1));
    CHECK_EQ(touch(&rig.vms[0], RAM, false, MEMORY_BACKED),
             touch(&rig.vms[1], RAM, false, MEMORY_BACKED));
    end_all(2);
    free(one);
    free(other);
}

TEST(a_difference_anywhere_makes_another_image)
{
    u32 size = (u32)KIB(600);
    static const u32 places[] = {0, 1, 4095, 262143, 262144, 400000, 614399};
    u8 *one = make_file(size, 3), *other = make_file(size, 3);

    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        gpa_t page = RAM + ALIGN_DOWN(places[i], PAGE_SIZE);

        start_host();
        other[places[i]] ^= 0x10;
        start_with(0, RAM, one, size);
        start_with(1, RAM, other, size);
        start_with(2, RAM, other, size);
        CHECK(!same_image(0, 1));
        CHECK(same_image(1, 2));
        for (u32 vm = 0; vm < 3; vm++)
            touch(&rig.vms[vm], page, false, MEMORY_BACKED);
        CHECK_EQ(byte_at(&rig.vms[0], RAM + places[i]), one[places[i]]);
        CHECK_EQ(byte_at(&rig.vms[2], RAM + places[i]), other[places[i]]);
        other[places[i]] ^= 0x10;
        end_all(3);
    }
    free(one);
    free(other);
}

TEST(size_and_place_in_the_page_count_but_not_the_address)
{
    start_host();
    start_with(0, RAM + 0x123, file, SIZE);
    start_with(1, RAM + 0x124, file, SIZE);
    CHECK(!same_image(0, 1));
    start_with(2, RAM + MIB4 + 0x123, file, SIZE);
    CHECK(same_image(0, 2));
    start_with(3, RAM + 0x123, file, SIZE - 1);
    CHECK(!same_image(0, 3));
    end_all(4);
}

/* Each search begins with the oldest image. */
TEST(pieces_in_another_order_are_found_too)
{
    u8 *one = make_file(SIZE, 3), *other = make_file(SIZE, 4);
    struct vm *a, *b;

    start_host();
    a = make_vm(0, "shared");
    add_piece_to(a, RAM, one, SIZE);
    add_piece_to(a, RAM + MIB4, other, SIZE);
    begin_life(a);
    b = make_vm(1, "shared");
    add_piece_to(b, RAM, other, SIZE);
    add_piece_to(b, RAM + MIB4, one, SIZE);
    begin_life(b);
    CHECK(a->memory.pieces[0].image == b->memory.pieces[1].image);
    CHECK(a->memory.pieces[1].image == b->memory.pieces[0].image);
    end_all(2);
    free(one);
    free(other);
}

/* The one that is being compared with goes, and another of the same bytes comes. */
TEST(an_image_may_go_in_the_middle_of_a_comparison)
{
    u32 size = (u32)MIB(1);
    u8 *one = make_file(size, 3), *other = make_file(size, 3), *third = make_file(size, 3);

    for (u32 steps = 0; steps <= 4; steps++)
        for (u32 again = 0; again < 2; again++) {
            struct vm *vm;
            u32 progress = 0;

            start_host();
            start_with(0, RAM, one, size);
            touch(&rig.vms[0], RAM, false, MEMORY_BACKED);
            vm = make_vm(1, "shared");
            add_piece_to(vm, RAM, other, size);
            for (u32 i = 0; i < steps; i++)
                CHECK_EQ(memory_load_step(vm, &progress), MEMORY_LOADING);
            end_vm(&rig.vms[0]);
            CHECK_EQ(shared_image_pages(), 0);
            if (again)
                start_with(0, RAM, third, size);
            while (memory_load_step(vm, &progress) == MEMORY_LOADING)
                ;
            CHECK(vm->memory.pieces[0].image != NULL);
            CHECK(!again || same_image(0, 1));
            touch(vm, RAM, false, MEMORY_BACKED);
            CHECK(ram_is(vm, RAM, one, PAGE_SIZE));
            end_vm(vm);
            if (again)
                end_vm(&rig.vms[0]);
            end_host();
        }
    free(one);
    free(other);
    free(third);
}

TEST(a_vm_may_end_in_the_middle_of_a_comparison)
{
    u32 size = (u32)MIB(1);
    u8 *one = make_file(size, 3), *other = make_file(size, 3);
    u32 progress = 0;
    struct vm *vm;

    start_host();
    start_with(0, RAM, one, size);
    vm = make_vm(1, "shared");
    add_piece_to(vm, RAM, other, size);
    memory_load_step(vm, &progress);
    memory_load_step(vm, &progress);
    end_vm(vm);
    start_with(1, RAM, other, size);
    CHECK(same_image(0, 1));
    end_all(2);
    free(one);
    free(other);
}

/* ---- The end of images ---- */

TEST(the_last_vm_frees_the_image)
{
    for (u32 first = 0; first < 2; first++) {
        struct vm *vm[2];

        start_two(&vm[0], &vm[1]);
        for (gpa_t gpa = PAGE; gpa <= LAST; gpa += PAGE_SIZE)
            touch(vm[0], gpa, false, MEMORY_BACKED);
        touch(vm[1], PAGE, false, MEMORY_BACKED);
        end_vm(vm[first]);
        CHECK_EQ(shared_image_pages(), 5 + 1);
        if (is_backed(vm[!first], PAGE))
            check_pristine(vm[!first], PAGE);
        end_vm(vm[!first]);
        end_host();
    }
}

TEST(a_large_image_is_freed_in_steps)
{
    u32 size = (u32)MIB(2), progress = 0, steps = 0;
    u8 *large = make_file(size, 3);
    struct vm *vm = &rig.vms[0];
    bool done;

    start_host();
    start_with(0, RAM, large, size);
    for (gpa_t gpa = RAM; gpa < RAM + size; gpa += PAGE_SIZE)
        touch(vm, gpa, false, MEMORY_BACKED);
    do {
        u64 before = fake.high_bytes_touched;

        done = memory_free_step(vm, &progress);
        CHECK(fake.high_bytes_touched - before <= STEP);
        steps++;
    } while (!done);
    CHECK(steps > size / STEP);
    end_host();
    free(large);
}

/* ---- No memory ---- */

/* Whatever a VM does in its life, as far as its memory is concerned. False: it had to end. */
static bool live(struct vm *vm)
{
    static const struct {
        gpa_t gpa;
        bool write;
    } touches[] = {
        {AT, false}, {AT + 9000, true}, {AT, true},         {LAST, false},
        {RAM, true}, {LAST, true},      {AT + 5000, false},
    };
    u8 bytes[6000];

    if (load_pieces(vm) != MEMORY_LOADED)
        return false;
    for (u32 i = 0; i < ARRAY_SIZE(touches); i++)
        if (memory_touch(vm, touches[i].gpa, touches[i].write) == MEMORY_EXHAUSTED)
            return false;
    return memory_read(vm, AT + 8000, bytes, sizeof(bytes)) &&
           memory_write(vm, AT + 14000, bytes, sizeof(bytes)) &&
           memory_swap(vm, PAGE, RAM + 0x5000) && memory_swap(vm, RAM + 0x9000, RAM + 0xa000);
}

TEST(without_memory_only_the_vm_that_asked_ends_wherever_it_fails)
{
    u32 budget = 0;
    bool lived;

    do {
        struct vm *a, *b = describe_vm(1, "shared");

        start_host();
        a = start_vm(0, file);
        touch(a, AT, false, MEMORY_BACKED);
        touch(a, LAST, true, MEMORY_BACKED);
        describe_vm(1, "shared");
        rig.allocations_left = budget++;
        lived = memory_create(b);
        if (lived) {
            add_piece_to(b, AT, file + 1, SIZE);
            add_piece_to(b, LAST + 3000, file, SIZE);
            lived = live(b);
            end_vm(b);
        }
        rig.allocations_left = PLENTY;
        check_pristine(a, AT);
        check_pristine(a, LAST);
        touch(a, AT + 9000, false, MEMORY_BACKED);
        check_pristine(a, AT + 9000);
        end_vm(a);
        end_host();
    } while (!lived);
    CHECK(budget > 12);
}

TEST(a_record_that_cannot_be_had_is_told)
{
    struct vm *vm;

    start_host();
    vm = make_vm(0, "shared");
    add_piece_to(vm, AT, file, SIZE);
    rig.allocations_left = 0;
    CHECK_EQ(load_pieces(vm), MEMORY_LOAD_FAILED);
    CHECK_STR(fake_console.text,
              "Twofold: a: no host memory for the record of a shared image of 19 KiB\n");
    end_vm(vm);
    end_host();
}

TEST(a_copy_that_cannot_be_had_leaves_the_original)
{
    struct vm *a, *b;
    hpa_t hpa;

    start_two(&a, &b);
    hpa = touch(a, AT, false, MEMORY_BACKED);
    rig.allocations_left = 0;
    CHECK_EQ(memory_touch(a, AT, true), MEMORY_EXHAUSTED);
    CHECK_EQ(leaf_at(a, PAGE).hpa, hpa);
    CHECK_EQ(leaf_at(a, PAGE).rights, STAGE2_RX);
    check_counts(a, 0, 1);
    end_vm(a);
    end_vm(b);
    end_host();
}

/* ---- Several harts ---- */

struct worker {
    pthread_t thread;
    struct vm *vm;
    u32 random;
    u32 copies, wrong;
};

static u32 next_random(u32 *state, u32 limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

static void *touch_at_random(void *argument)
{
    struct worker *worker = argument;

    for (u32 i = 0; i < 4000; i++) {
        gpa_t gpa = PAGE + next_random(&worker->random, 64) * (gpa_t)PAGE_SIZE;
        bool write = next_random(&worker->random, 8) == 0;
        enum memory_touched touched = memory_touch(worker->vm, gpa, write);
        struct stage2_leaf leaf;

        worker->copies += touched == MEMORY_COPIED;
        worker->wrong += touched != MEMORY_BACKED && touched != MEMORY_COPIED;
        worker->wrong += !stage2_lookup(&worker->vm->stage2, gpa, &leaf);
        worker->wrong += write && !(leaf.rights & PTE_W);
    }
    return NULL;
}

/* Two harts for each of two VMs: afterwards every page is counted once, and nothing is lost. */
TEST(harts_at_once_agree)
{
    u32 size = 60 * PAGE_SIZE;
    u8 *image = make_file(size, 9);
    struct worker workers[4];

    start_host();
    for (u32 i = 0; i < 2; i++)
        start_with(i, AT, image, size);
    for (u32 i = 0; i < 4; i++) {
        workers[i] = (struct worker){.vm = &rig.vms[i / 2], .random = 77 + i};
        CHECK(!pthread_create(&workers[i].thread, NULL, touch_at_random, &workers[i]));
    }
    for (u32 i = 0; i < 4; i++)
        pthread_join(workers[i].thread, NULL);
    for (u32 i = 0; i < 4; i++)
        CHECK_EQ(workers[i].wrong, 0);
    for (u32 i = 0; i < 2; i++) {
        struct memory_footprint footprint = memory_footprint(&rig.vms[i]);

        CHECK(workers[2 * i].copies + workers[2 * i + 1].copies <= footprint.own);
        CHECK_EQ(footprint.own + footprint.shared, 64);
        for (u32 byte = 0; byte < size; byte += 97)
            CHECK_EQ(byte_at(&rig.vms[i], AT + byte), image[byte]);
    }
    end_all(2);
    free(image);
}

__attribute__((constructor)) static void make_the_file(void)
{
    file = make_file(SIZE + PAGE_SIZE, 1);
}

UNIT_MAIN("memory_shared")
