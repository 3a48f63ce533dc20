/*
 * Code that changes under the hart that runs it: after fence.i the new instructions count, with
 * paging off and on, under the address they were written to and under another.
 */
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define WINDOW 0x40000000u
#define ROUNDS 200u

static u32 code[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

/* `li a0, number` and `ret`. */
static void write_function(u32 number)
{
    code[0] = number << 20 | 10u << 7 | 0x13;
    code[1] = 0x00008067;
    __asm__ volatile("fence.i" : : : "memory");
}

static void check_calls(gva_t at)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        write_function(round);
        CHECK_EQ(((u32(*)(void))at)(), round);
    }
}

static void without_paging(void)
{
    check_calls((gva_t)code);
}

static void with_paging(void)
{
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    sv32_map(root, WINDOW, (u32)code, SV32_4K, PTE_KERNEL_RWX & ~PTE_W);
    sv32_use(root, 0);
    check_calls((gva_t)code);
    check_calls(WINDOW);
    sv32_off();
}

int main(void)
{
    static const struct test_case cases[] = {CASE(without_paging), CASE(with_paging)};

    return test_run("t_selfmod", cases, ARRAY_SIZE(cases));
}
