/*
 * Sv32 entries that lead where the machine has no memory: the page itself, or a table of the walk,
 * near, far and above 4 GiB. Each access ends in the access fault of its kind.
 */
#include "guest/lib/boot.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define WINDOW 0x40000000u /* for a 4 KiB page  */
#define BIG    0x50000000u /* for a 4 MiB page  */
#define HOLE   0x08000000u /* a gPA with nothing behind it */

static pte_t *root;

/* Refused with `cause`, and the address in stval? The access is a read, a write or a call. */
static void check_refused(gva_t va, char access, u32 cause)
{
    trap_arm();
    if (access == 'r')
        (void)read32(va);
    else if (access == 'w')
        write32(va, 0);
    else
        ((void (*)(void))va)();
    struct trap_seen seen = trap_disarm();
    CHECK_TRAP(seen, cause, va);
}

static void pages_outside_memory(void)
{
    sv32_map(root, WINDOW, HOLE, SV32_4K, PTE_KERNEL_RWX);
    sfence_vma();
    check_refused(WINDOW, 'r', EXCEPTION_LOAD_ACCESS);
    check_refused(WINDOW, 'w', EXCEPTION_STORE_ACCESS);
    check_refused(WINDOW, 'x', EXCEPTION_FETCH_ACCESS);
}

/*
 * The fault is met by the walk itself, yet named after the access that needed the walk. (QEMU as
 * the machine calls it a page fault, where the specification has an access fault.)
 */
static void tables_outside_memory(void)
{
    static const u64 places[] = {HOLE, 0x108000000ull, 0x3fffff000ull};
    bool native = runs_natively();

    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        root[sv32_vpn(BIG, 1)] = pte_make(places[i], PTE_V);
        sfence_vma();
        check_refused(BIG + 0x123008, 'r', native ? EXCEPTION_LOAD_PAGE : EXCEPTION_LOAD_ACCESS);
        check_refused(BIG + 0x123008, 'w', native ? EXCEPTION_STORE_PAGE : EXCEPTION_STORE_ACCESS);
        check_refused(BIG + 0x123008, 'x', native ? EXCEPTION_FETCH_PAGE : EXCEPTION_FETCH_ACCESS);
    }
}

/* A device is no place for a table: natively its zeros are entries that are not valid. */
static void a_table_in_a_device(void)
{
    root[sv32_vpn(BIG, 1)] = pte_make(PLIC_BASE, PTE_V);
    sfence_vma();
    trap_arm();
    (void)read32(BIG + 0x5000);
    struct trap_seen seen = trap_disarm();
    CHECK_EQ(seen.count, 1);
    CHECK(seen.cause == EXCEPTION_LOAD_ACCESS || seen.cause == EXCEPTION_LOAD_PAGE, "cause %u",
          seen.cause);
    CHECK_EQ(seen.value, BIG + 0x5000);
}

/* 34 bits of address: bits 33:32 must count, or this would be the kernel, or the PLIC. */
static void above_4_gib(void)
{
    sv32_map(root, BIG, 0x100000000ull + (u32)image_start, SV32_4M, PTE_KERNEL_RW);
    sv32_map(root, WINDOW, 0x10c000000ull, SV32_4K, PTE_KERNEL_RW);
    sfence_vma();
    check_refused(BIG, 'r', EXCEPTION_LOAD_ACCESS);
    check_refused(BIG, 'w', EXCEPTION_STORE_ACCESS);
    check_refused(WINDOW + 4, 'r', EXCEPTION_LOAD_ACCESS);
    check_refused(WINDOW + 4, 'w', EXCEPTION_STORE_ACCESS);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(pages_outside_memory),
        CASE(tables_outside_memory),
        CASE(a_table_in_a_device),
        CASE(above_4_gib),
    };

    root = sv32_new();
    sv32_map_kernel(root);
    sv32_use(root, 0);
    return test_run("t_sv32_memory", cases, ARRAY_SIZE(cases));
}
