/*
 * Fences for other harts, which have to have happened there when the call returns: TLB shootdown,
 * code that changes, and address spaces that differ although their ASIDs are the same.
 */
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/sbi.h"
#include "guest/lib/io.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define WINDOW     0x40000000u
#define SAME_ASID  5u
#define READ_TICKS 300000u /* 30 ms */

static u32 harts, other; /* how many, and one that is not the first */

/* ---- TLB shootdown ---- */

static pte_t *root;
static u32 *pages[2];
static volatile u32 epoch; /* which page every access has to see; even: 0, odd: 1 */

/* Reads the window all the time: what it sees must never be older than the epoch it saw before. */
static void busy_reader(void)
{
    u32 id = this_hart()->id;

    sv32_use(root, SAME_ASID);
    while (!crew_quit) {
        u32 at_least = epoch;
        __asm__ volatile("fence r, r" : : : "memory");
        if (read32(WINDOW) < at_least)
            crew_wrong[id]++;
        crew_alive[id]++;
    }
}

static void make_space(void)
{
    root = sv32_new();
    sv32_map_kernel(root);
    pages[0] = page_alloc();
    pages[1] = page_alloc();
    sv32_map(root, WINDOW, (u32)pages[0], SV32_4K, PTE_KERNEL_RW);
    epoch = 0;
}

static struct sbiret fence_others(u32 way)
{
    u32 mask = ((1u << harts) - 1) & ~(1u << boot.hart);

    switch (way % 5) {
    case 0:
        return sbi_remote_sfence(mask, 0, WINDOW, PAGE_SIZE);
    case 1:
        return sbi_remote_sfence(0, SBI_ALL_HARTS, WINDOW, PAGE_SIZE);
    case 2:
        return sbi_remote_sfence(mask, 0, 0, 0);
    case 3:
        return sbi_remote_sfence(mask, 0, 0, 0xffffffff);
    default:
        return sbi_call(SBI_EXT_RFENCE, RFENCE_SFENCE_VMA_ASID, mask, 0, WINDOW, PAGE_SIZE,
                        SAME_ASID);
    }
}

/* A page under the reader is replaced; once the fence has returned, the old one is gone for all. */
static void tlb_shootdown(void)
{
    NEED_TWO_HARTS();
    make_space();
    if (!crew_start(busy_reader))
        return;
    for (u32 round = 1; round <= 40; round++) {
        u32 *page = pages[round % 2];
        page[0] = round;
        sv32_map(root, WINDOW, (u32)page, SV32_4K, PTE_KERNEL_RW);
        __asm__ volatile("fence rw, rw" : : : "memory");
        CHECK_EQ(fence_others(round).error, SBI_SUCCESS);
        epoch = round;
        CHECK(hart_wait_value(&crew_alive[other], crew_alive[other] + 2),
              "the reader stands still");
    }
    if (crew_stop())
        crew_is_right("read a page that was gone");
}

/* ---- Code ---- */

/* `li a0, n; ret`, rewritten between calls of it on another hart. */
static u32 code[2] __attribute__((aligned(8)));
static volatile u32 hold, held[MAX_HARTS];

/*
 * Calls the code all the time, but not while it is being written: the two instructions change one
 * by one, and QEMU may keep what it translated between the two.
 */
static void busy_caller(void)
{
    u32 id = this_hart()->id;

    while (!crew_quit) {
        u32 at_least = epoch;
        __asm__ volatile("fence r, r" : : : "memory");
        if (((u32(*)(void))code)() < at_least)
            crew_wrong[id]++;
        crew_alive[id]++;
        while (hold && !crew_quit) {
            held[id] = hold;
            hart_relax();
        }
    }
}

static void write_code(u32 number)
{
    code[0] = number << 20 | 10u << 7 | 0x13;
    code[1] = 0x00008067;
    __asm__ volatile("fence rw, rw; fence.i" : : : "memory");
}

/* Writes the code anew while all callers stand by. The only fence they get is the remote one. */
static void replace_code(u32 number)
{
    hold = number;
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart)
            CHECK(hart_wait_value(&held[hart], number), "hart %u does not stand by", hart);
    write_code(number);
    CHECK_EQ(sbi_call(SBI_EXT_RFENCE, RFENCE_FENCE_I, 0, SBI_ALL_HARTS, 0, 0, 0).error,
             SBI_SUCCESS);
    epoch = number;
    hold = 0;
}

static void remote_fence_i(void)
{
    NEED_TWO_HARTS();
    epoch = 0;
    write_code(0);
    if (!crew_start(busy_caller))
        return;
    for (u32 round = 1; round <= 20; round++) {
        replace_code(round);
        CHECK(hart_wait_value(&crew_alive[other], crew_alive[other] + 2),
              "the caller stands still");
    }
    if (crew_stop())
        crew_is_right("ran old code");
}

/* ---- ASIDs belong to a hart ---- */

static pte_t *roots[MAX_HARTS];

/* Reads its own page at the address that all have in common. */
static void own_space_reader(void)
{
    u32 id = this_hart()->id;
    u64 end = read_time() + READ_TICKS;

    sv32_use(roots[id], SAME_ASID); /* the only fence: from here on nothing changes */
    do {
        for (u32 i = 0; i < 100; i++)
            if (read32(WINDOW) != id)
                crew_wrong[id]++;
    } while (read_time() < end);
    crew_alive[id] = 1;
}

static void same_asid_other_tables(void)
{
    NEED_TWO_HARTS();
    for (u32 hart = 0; hart < harts; hart++) {
        u32 *page = page_alloc();
        roots[hart] = sv32_new();
        page[0] = hart;
        sv32_map_kernel(roots[hart]);
        sv32_map(roots[hart], WINDOW, (u32)page, SV32_4K, PTE_KERNEL_RW);
    }
    crew_clear();
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart)
            CHECK_EQ(hart_start(hart, own_space_reader), SBI_SUCCESS);
    own_space_reader();
    sv32_off();
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(hart_wait_value(&crew_alive[hart], 1), "hart %u did not finish", hart);
    if (crew_stop())
        crew_is_right("read another's page");
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(tlb_shootdown),
        CASE(remote_fence_i),
        CASE(same_asid_other_tables),
    };

    harts = hart_count();
    other = boot.hart == 0;
    return test_run("t_fence", cases, ARRAY_SIZE(cases));
}
