/*
 * Changes below the guest: the hypervisor exchanges the memory behind two of its pages, and every
 * address that leads there sees it at once, on every hart, while all others go on as before. Asked
 * for through the hypervisor's debug calls, so only in a VM whose description has `debug`.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define WINDOW 0x40000000u
#define WORDS  (PAGE_SIZE / 4)

/* Five pages in a row; the second and the fourth are exchanged. */
static u32 page[5][WORDS] __attribute__((aligned(PAGE_SIZE)));

static bool available;

#define NEED_DEBUG()                                                                     \
    do {                                                                                 \
        if (!available)                                                                  \
            SKIP("no hypervisor that swaps pages: not in a VM, or one without `debug`"); \
    } while (0)

static s32 swap(u64 a, u64 b)
{
    return sbi_call(SBI_EXT_TWOFOLD, TWOFOLD_SWAP, u64_low(a), u64_low(b), u64_high(a), u64_high(b),
                    0)
        .error;
}

static void fill(void)
{
    for (u32 i = 0; i < ARRAY_SIZE(page); i++)
        for (u32 word = 0; word < WORDS; word++)
            page[i][word] = i << 16 | word;
}

/* Does page i hold what fill() put into page `from`? */
static bool holds(u32 i, u32 from)
{
    for (u32 word = 0; word < WORDS; word++)
        if (((volatile u32 *)page[i])[word] != (from << 16 | word))
            return false;
    return true;
}

static void contents_change_places(void)
{
    NEED_DEBUG();
    fill();
    for (u32 round = 0; round < 20; round++) {
        CHECK_EQ(swap((u32)page[1], (u32)page[3]), SBI_SUCCESS);
        u32 second = round % 2 ? 1 : 3;
        CHECK(holds(1, second) && holds(3, 4 - second), "round %u: not exchanged", round);
        CHECK(holds(0, 0) && holds(2, 2) && holds(4, 4), "round %u: a neighbour changed", round);
    }
}

static void stores_go_to_the_new_place(void)
{
    NEED_DEBUG();
    fill();
    CHECK_EQ(swap((u32)page[1], (u32)page[3]), SBI_SUCCESS);
    page[1][7] = 0x1111;
    page[3][7] = 0x3333;
    CHECK_EQ(swap((u32)page[1], (u32)page[3]), SBI_SUCCESS);
    CHECK_EQ(page[1][7], 0x3333);
    CHECK_EQ(page[3][7], 0x1111);
}

/* Cached under a gVA of the guest's own tables; the guest itself does not fence. */
static void seen_through_the_guests_tables(void)
{
    pte_t *root = sv32_new();
    volatile u32 *window = (volatile u32 *)WINDOW;
    u32 wrong = 0;

    NEED_DEBUG();
    sv32_map_kernel(root);
    sv32_map(root, WINDOW, (u32)page[1], SV32_4K, PTE_KERNEL_RW);
    sv32_map(root, WINDOW + PAGE_SIZE, (u32)page[2], SV32_4K, PTE_KERNEL_RW);
    fill();
    sv32_use(root, 3);
    for (u32 round = 0; round < 20; round++) {
        wrong += window[0] >> 16 != (round % 2 ? 3 : 1);
        wrong += window[WORDS] >> 16 != 2;
        swap((u32)page[1], (u32)page[3]);
        wrong += window[0] >> 16 != (round % 2 ? 1 : 3);
        wrong += window[WORDS] >> 16 != 2;
    }
    sv32_off();
    CHECK_EQ(wrong, 0);
}

/* The guest's own last-level table moves: the walk has to follow it. */
static void a_table_moves(void)
{
    pte_t *root = sv32_new();
    volatile u32 *window = (volatile u32 *)WINDOW;

    NEED_DEBUG();
    fill();
    for (u32 word = 0; word < WORDS; word++)
        page[1][word] = page[3][word] = 0;
    page[1][0] = pte_make((u32)page[0], PTE_KERNEL_RW);
    page[3][0] = pte_make((u32)page[2], PTE_KERNEL_RW);
    sv32_map_kernel(root);
    root[sv32_vpn(WINDOW, 1)] = pte_make((u32)page[1], PTE_V);
    sv32_use(root, 4);
    u32 before = window[0] >> 16;
    s32 error = swap((u32)page[1], (u32)page[3]);
    u32 after = window[0] >> 16;
    sv32_off();
    CHECK_EQ(error, SBI_SUCCESS);
    CHECK_EQ(before, 0);
    CHECK_EQ(after, 2);
}

static volatile u32 epoch, rounds, wrong, quit;

/* Once the epoch has moved on, the page seen must have, too. */
static void busy_reader(void)
{
    while (!quit) {
        u32 at_least = epoch;
        __asm__ volatile("fence r, r" : : : "memory");
        if (((volatile u32 *)page[1])[0] < at_least)
            wrong++;
        rounds++;
    }
}

static void seen_on_another_hart(void)
{
    u32 hart = boot.hart == 0;

    NEED_DEBUG();
    if (hart_count() < 2)
        SKIP("one hart only");
    epoch = rounds = wrong = quit = 0;
    page[1][0] = 0;
    CHECK_EQ(hart_start(hart, busy_reader), SBI_SUCCESS);
    for (u32 round = 1; round <= 20; round++) {
        page[3][0] = round;
        __asm__ volatile("fence w, w" : : : "memory");
        CHECK_EQ(swap((u32)page[1], (u32)page[3]), SBI_SUCCESS);
        epoch = round;
        CHECK(hart_wait_value(&rounds, rounds + 2), "the reader stands still");
    }
    quit = 1;
    CHECK(hart_wait_state(hart, HART_STOPPED), "the hart did not stop");
    CHECK_EQ(wrong, 0);
}

/* A 4 MiB leaf of the host has to be split; the rest of the 4 MiB stays where it was. */
static void out_of_a_big_page(void)
{
    u32 big = ALIGN_UP((u32)image_end, SUPERPAGE_SIZE);

    NEED_DEBUG();
    for (u32 at = big; at < big + SUPERPAGE_SIZE; at += PAGE_SIZE)
        write32(at, at);
    CHECK_EQ(swap(big + PAGE_SIZE, big + 5 * PAGE_SIZE), SBI_SUCCESS);
    CHECK_EQ(read32(big + PAGE_SIZE), big + 5 * PAGE_SIZE);
    CHECK_EQ(read32(big + 5 * PAGE_SIZE), big + PAGE_SIZE);
    CHECK_EQ(swap(big + PAGE_SIZE, big + 5 * PAGE_SIZE), SBI_SUCCESS);
    for (u32 at = big; at < big + SUPERPAGE_SIZE; at += PAGE_SIZE)
        CHECK(read32(at) == at, "%x at %x", read32(at), at);
}

static void bad_addresses_are_refused(void)
{
    u32 end = RAM_BASE + fdt_ram_size();

    NEED_DEBUG();
    CHECK_EQ(swap((u32)page[1] + 4, (u32)page[3]), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(swap((u32)page[1], end), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(swap((u32)page[1], UART_BASE), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(swap(0, (u32)page[3]), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(swap((u32)page[1], 1ull << 32 | (u32)page[3]), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(swap(0xffffffff00000000ull | (u32)page[1], (u32)page[3]), SBI_ERR_INVALID_ADDRESS);
}

static void a_page_with_itself(void)
{
    NEED_DEBUG();
    fill();
    s32 error = swap((u32)page[1], (u32)page[1]); /* nothing to do, or nothing to ask for */
    CHECK(error == SBI_SUCCESS || error == SBI_ERR_INVALID_ADDRESS, "error %d", error);
    CHECK(holds(1, 1), "changed");
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(contents_change_places),
        CASE(stores_go_to_the_new_place),
        CASE(a_table_moves),
        CASE(seen_through_the_guests_tables),
        CASE(seen_on_another_hart),
        CASE(out_of_a_big_page),
        CASE(bad_addresses_are_refused),
        CASE(a_page_with_itself),
    };

    available = sbi_probe(SBI_EXT_TWOFOLD);
    return test_run("t_stage2", cases, ARRAY_SIZE(cases));
}
