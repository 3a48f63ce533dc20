/*
 * Sv32 as the guest's own stage of translation: pages of both sizes, every kind of refusal, A and
 * D, and address-space identifiers.
 */
#include "guest/lib/boot.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define WINDOW   0x40000000u /* 4 MiB of gVAs to map 4 KiB pages in */
#define WINDOW_2 (WINDOW + PAGE_SIZE)
#define BIG      0x50000000u

#define RET 0x00008067u

static pte_t *root;
static u32 *page_a, *page_b;

/* One access to `va`: a word read, written, or called as a function. */
static struct trap_seen touch(gva_t va, char access)
{
    trap_arm();
    if (access == 'r')
        (void)read32(va);
    else if (access == 'w')
        write32(va, RET);
    else
        ((void (*)(void))va)();
    return trap_disarm();
}

static void map(gva_t va, const void *page, u32 flags)
{
    sv32_map(root, va, (u32)page, SV32_4K, flags);
    sfence_vma_page(va);
}

static void set_up(void)
{
    root = sv32_new();
    page_a = page_alloc();
    page_b = page_alloc();
    page_a[0] = page_b[0] = RET;
    sv32_map_kernel(root);
    map(WINDOW, page_a, PTE_KERNEL_RWX);
    sv32_use(root, 0);
}

#define CHECK_ALLOWED(va, access) CHECK_EQ(touch(va, access).count, 0)
#define CHECK_REFUSED(va, access, cause)            \
    do {                                            \
        struct trap_seen seen_ = touch(va, access); \
        CHECK_TRAP(seen_, cause, va);               \
    } while (0)

static void small_pages(void)
{
    page_a[5] = 0xaaaa;
    page_b[5] = 0xbbbb;
    map(WINDOW, page_b, PTE_KERNEL_RW);
    map(WINDOW_2, page_a, PTE_KERNEL_RW);
    CHECK_EQ(read32(WINDOW + 20), 0xbbbb);
    CHECK_EQ(read32(WINDOW_2 + 20), 0xaaaa);
    write32(WINDOW + 20, 0xcccc);
    CHECK_EQ(page_b[5], 0xcccc);
}

static void remap_one_page(void)
{
    map(WINDOW, page_a, PTE_KERNEL_RW);
    map(WINDOW_2, page_a, PTE_KERNEL_RW);
    page_a[6] = 1;
    page_b[6] = 2;
    CHECK_EQ(read32(WINDOW + 24) + read32(WINDOW_2 + 24), 2);
    map(WINDOW, page_b, PTE_KERNEL_RW); /* fences this page only */
    CHECK_EQ(read32(WINDOW + 24), 2);
    CHECK_EQ(read32(WINDOW_2 + 24), 1);
    map(WINDOW, page_b, 0);
    CHECK_REFUSED(WINDOW + 24, 'r', EXCEPTION_LOAD_PAGE);
    CHECK_EQ(read32(WINDOW_2 + 24), 1);
}

static void big_pages(void)
{
    u32 kernel = (u32)image_start;

    sv32_map(root, BIG, kernel, SV32_4M, PTE_KERNEL_RW);
    sfence_vma();
    page_a[7] = 0x4b1d;
    CHECK_EQ(read32(BIG + (u32)&page_a[7] - kernel), 0x4b1d);
    sv32_map(root, BIG, kernel + PAGE_SIZE, SV32_4M, PTE_KERNEL_RW); /* misaligned */
    sfence_vma();
    CHECK_REFUSED(BIG, 'r', EXCEPTION_LOAD_PAGE);
    CHECK_REFUSED(BIG, 'w', EXCEPTION_STORE_PAGE);
}

static void rights(void)
{
    static const struct {
        u32 flags;
        bool read, write, execute;
    } rows[] = {
        {PTE_V | PTE_R | PTE_A | PTE_D, true, false, false},
        {PTE_V | PTE_R | PTE_W | PTE_A | PTE_D, true, true, false},
        {PTE_V | PTE_X | PTE_A | PTE_D, false, false, true},
        {PTE_V | PTE_R | PTE_X | PTE_A | PTE_D, true, false, true},
        {PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D, true, true, true},
        {PTE_V | PTE_W | PTE_A | PTE_D, false, false, false},         /* reserved */
        {PTE_V | PTE_W | PTE_X | PTE_A | PTE_D, false, false, false}, /* reserved */
        {PTE_R | PTE_W | PTE_X | PTE_A | PTE_D, false, false, false}, /* not valid */
        {PTE_V | PTE_A, false, false, false}, /* a pointer at the last level */
    };

    for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
        map(WINDOW, page_a, rows[i].flags);
        struct trap_seen read = touch(WINDOW, 'r'), write = touch(WINDOW, 'w');
        struct trap_seen execute = touch(WINDOW, 'x');
        CHECK(read.count == !rows[i].read && write.count == !rows[i].write &&
                  execute.count == !rows[i].execute,
              "row %u: %u %u %u", i, read.count, write.count, execute.count);
        CHECK(rows[i].read || read.cause == EXCEPTION_LOAD_PAGE, "row %u", i);
        CHECK(rows[i].write || write.cause == EXCEPTION_STORE_PAGE, "row %u", i);
        CHECK(rows[i].execute || execute.cause == EXCEPTION_FETCH_PAGE, "row %u", i);
    }
}

static void mxr_makes_executable_readable(void)
{
    map(WINDOW, page_a, PTE_V | PTE_X | PTE_A);
    CHECK_REFUSED(WINDOW, 'r', EXCEPTION_LOAD_PAGE);
    csr_set(sstatus, SSTATUS_MXR);
    u32 traps = touch(WINDOW, 'r').count;
    csr_clear(sstatus, SSTATUS_MXR);
    CHECK_EQ(traps, 0);
    CHECK_REFUSED(WINDOW, 'r', EXCEPTION_LOAD_PAGE);
}

static void sum_gives_user_pages_to_the_kernel(void)
{
    map(WINDOW, page_a, PTE_USER_RW | PTE_X);
    CHECK_REFUSED(WINDOW, 'r', EXCEPTION_LOAD_PAGE);
    CHECK_REFUSED(WINDOW, 'w', EXCEPTION_STORE_PAGE);
    CHECK_REFUSED(WINDOW, 'x', EXCEPTION_FETCH_PAGE);
    csr_set(sstatus, SSTATUS_SUM);
    struct trap_seen read = touch(WINDOW, 'r'), fetch = touch(WINDOW, 'x');
    csr_clear(sstatus, SSTATUS_SUM);
    CHECK_EQ(read.count, 0);
    CHECK_TRAP(fetch, EXCEPTION_FETCH_PAGE, WINDOW);
}

/* U-mode on a page of its own reads and fetches its own pages only. */
static void user_mode_sees_user_pages(void)
{
    struct insn_run insn = {.slot = page_a, .pc = WINDOW};
    u32 lw = encode_i(OPCODE_LOAD, 2, 10, 11, 0);

    map(WINDOW, page_a, PTE_USER_RX);
    map(WINDOW_2, page_b, PTE_USER_RW);
    insn_prepare(&insn, 0);
    insn.frame.x[11] = WINDOW_2;
    insn_execute(&insn, lw);
    CHECK(insn.completed, "cause %u", insn.frame.scause);
    map(WINDOW_2, page_b, PTE_KERNEL_RW);
    insn_execute(&insn, lw);
    CHECK_EQ(insn.frame.scause, EXCEPTION_LOAD_PAGE);
    CHECK_EQ(insn.frame.stval, WINDOW_2);
    map(WINDOW, page_a, PTE_KERNEL_RWX);
    insn_execute(&insn, lw);
    CHECK_EQ(insn.frame.scause, EXCEPTION_FETCH_PAGE);
    CHECK_EQ(insn.frame.stval, WINDOW);
}

/*
 * An entry without A, or without D for a store: either hardware sets the bit (Svadu), or it raises
 * a page fault (Svade). Which of them has to be the same each time.
 */
static void accessed_and_dirty(void)
{
    u32 updated = 0, faulted = 0;

    for (u32 i = 0; i < 6; i++) {
        char access = "rwx"[i % 3];
        u32 missing = i < 3 ? PTE_A | PTE_D : access == 'w' ? PTE_D : PTE_A;
        u32 needed = access == 'w' ? PTE_A | PTE_D : PTE_A;
        pte_t *entry = sv32_map(root, WINDOW, (u32)page_a, SV32_4K, PTE_KERNEL_RWX & ~missing);
        sfence_vma();
        struct trap_seen seen = touch(WINDOW, access);
        if (seen.count == 0) {
            updated++;
            CHECK((*entry & needed) == needed, "'%c': entry is %x", access, *entry);
        } else {
            static const u32 causes[] = {EXCEPTION_LOAD_PAGE, EXCEPTION_STORE_PAGE,
                                         EXCEPTION_FETCH_PAGE};
            faulted++;
            CHECK_TRAP(seen, causes[i % 3], WINDOW);
            CHECK_EQ(*entry & missing, 0);
        }
    }
    CHECK(updated == 0 || faulted == 0, "%u updated, %u faulted", updated, faulted);
}

/* Two address spaces, one gVA, no fence at the switch: the ASID keeps them apart. */
static void asids(void)
{
    pte_t *other = sv32_new();

    csr_write(satp, sv32_satp(root, 0x1ff));
    u32 widest = csr_read(satp) >> SATP_ASID_SHIFT & 0x1ff;
    if (widest < 2) {
        sv32_use(root, 0);
        SKIP("fewer than two ASIDs");
    }
    sv32_map_kernel(other);
    sv32_map(other, WINDOW, (u32)page_b, SV32_4K, PTE_KERNEL_RW);
    map(WINDOW, page_a, PTE_KERNEL_RW);
    page_a[9] = 0xa;
    page_b[9] = 0xb;
    for (u32 i = 0; i < 20; i++) {
        csr_write(satp, sv32_satp(root, 1));
        u32 first = read32(WINDOW + 36);
        csr_write(satp, sv32_satp(other, 2));
        u32 second = read32(WINDOW + 36);
        CHECK(first == 0xa && second == 0xb, "round %u: %x %x", i, first, second);
    }
    sv32_use(root, 0);
}

/* An unmapped page behind a mapped one: the fault is at the second page. */
static void access_across_pages(void)
{
    map(WINDOW, page_a, PTE_KERNEL_RW);
    map(WINDOW_2, page_b, PTE_KERNEL_RW);
    page_a[1023] = 0x44332211;
    page_b[0] = 0x88776655;
    CHECK_EQ(read32(WINDOW_2 - 2), 0x66554433);
    map(WINDOW_2, page_b, 0);
    struct trap_seen seen = touch(WINDOW_2 - 2, 'r');
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(seen.cause, EXCEPTION_LOAD_PAGE);
    CHECK(seen.value == WINDOW_2 || seen.value == WINDOW_2 - 2, "stval %x", seen.value);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(set_up),
        CASE(small_pages),
        CASE(remap_one_page),
        CASE(big_pages),
        CASE(rights),
        CASE(mxr_makes_executable_readable),
        CASE(sum_gives_user_pages_to_the_kernel),
        CASE(user_mode_sees_user_pages),
        CASE(accessed_and_dirty),
        CASE(asids),
        CASE(access_across_pages),
    };

    return test_run("t_sv32", cases, ARRAY_SIZE(cases));
}
