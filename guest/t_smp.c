/*
 * Several harts: starting and stopping them through HSM, interrupts between them by every mask,
 * fences that have to have happened on the other hart when the call returns, and address spaces
 * that differ although their ASIDs are the same.
 */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define WINDOW     0x40000000u
#define SAME_ASID  5u
#define READ_TICKS 300000u /* 30 ms */

static u32 harts, other; /* how many, and one that is not the first */

/* What secondary harts report, by hart id. */
static volatile u32 alive[MAX_HARTS], ipis[MAX_HARTS], wrong[MAX_HARTS];
static volatile u32 quit;

#define NEED_TWO_HARTS()           \
    do {                           \
        if (harts < 2)             \
            SKIP("one hart only"); \
    } while (0)

static void clear_reports(void)
{
    for (u32 hart = 0; hart < MAX_HARTS; hart++)
        alive[hart] = ipis[hart] = wrong[hart] = 0;
    quit = 0;
}

/* Starts `run` on every hart but this one; each sets alive[] when it is under way. */
static bool start_all(void (*run)(void))
{
    clear_reports();
    for (u32 hart = 0; hart < harts; hart++) {
        s32 error = hart == boot.hart ? SBI_SUCCESS : hart_start(hart, run);
        if (error != SBI_SUCCESS)
            test_fail("hart %u: error %d from sbi_hart_start", hart, error);
    }
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart && !hart_wait_value(&alive[hart], 1)) {
            test_fail("hart %u is in state %u but does nothing", hart, sbi_hart_status(hart).value);
            return false;
        }
    return true;
}

static bool stop_all(void)
{
    quit = 1;
    sbi_send_ipi(0, SBI_ALL_HARTS);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart && !hart_wait_state(hart, HART_STOPPED))
            return false;
    return true;
}

static void on_ipi(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    ipis[this_hart()->id]++;
}

/* ---- HSM ---- */

static void check_start_state(void)
{
    u32 id = this_hart()->id;

    wrong[id] = csr_read(satp) != 0 || (csr_read(sstatus) & SSTATUS_SIE) != 0;
    alive[id] = 1;
}

static void start_and_stop(void)
{
    NEED_TWO_HARTS();
    for (u32 round = 0; round < 5; round++) {
        CHECK(start_all(check_start_state), "round %u: a hart did not start", round);
        for (u32 hart = 0; hart < harts; hart++)
            CHECK_EQ(wrong[hart], 0);
        CHECK(stop_all(), "round %u: a hart did not stop", round);
    }
}

static void count_start(void)
{
    alive[this_hart()->id]++;
}

/* Polls without a pause, to come as early as can be; but not for ever, should it need this hart. */
static bool stopped_soon(u32 hart)
{
    for (u32 i = 0; i < 1000; i++)
        if (sbi_hart_status(hart).value == HART_STOPPED)
            return true;
    return hart_wait_state(hart, HART_STOPPED);
}

/* A hart that says it is stopped can be started, and then starts: every time. */
static void started_as_soon_as_stopped(void)
{
    NEED_TWO_HARTS();
    clear_reports();
    for (u32 round = 1; round <= 500; round++) {
        CHECK_EQ(hart_start(other, count_start), SBI_SUCCESS);
        CHECK(stopped_soon(other), "the hart did not stop");
        CHECK(alive[other] == round, "start %u was lost", round);
    }
}

static void idle(void)
{
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    alive[this_hart()->id] = 1;
    interrupts_on();
    while (!quit)
        wait_for_interrupt();
}

static void states(void)
{
    NEED_TWO_HARTS();
    CHECK_EQ(sbi_hart_status(other).value, HART_STOPPED);
    CHECK(start_all(idle), "a hart did not start");
    CHECK_EQ(sbi_hart_status(other).value, HART_STARTED);
    CHECK_EQ(hart_start(other, idle), SBI_ERR_ALREADY_AVAILABLE);
    CHECK_EQ(hart_start(boot.hart, idle), SBI_ERR_ALREADY_AVAILABLE);
    CHECK(stop_all(), "a hart did not stop");
    CHECK_EQ(sbi_hart_status(other).value, HART_STOPPED);
    CHECK_EQ(sbi_hart_status(boot.hart).value, HART_STARTED);
}

/* ---- IPIs ---- */

/* One IPI by `mask` and `base` to just the harts of `expected`, this one included. */
static void check_ipi(u32 mask, u32 base, u32 expected)
{
    u32 before[MAX_HARTS];

    for (u32 hart = 0; hart < harts; hart++)
        before[hart] = ipis[hart];
    CHECK_EQ(sbi_send_ipi(mask, base).error, SBI_SUCCESS);
    for (u32 hart = 0; hart < harts; hart++) {
        u32 wanted = before[hart] + (expected >> hart & 1);
        CHECK(hart_wait_value(&ipis[hart], wanted), "mask %x, base %x: hart %u got none", mask,
              base, hart);
        CHECK(ipis[hart] == wanted, "mask %x, base %x: hart %u got one", mask, base, hart);
    }
}

static void ipi_by_every_mask(void)
{
    CHECK(start_all(idle), "a hart did not start");
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    interrupts_on();
    for (u32 mask = 0; mask<1u << harts; mask += harts> 4 ? 7 : 1)
        check_ipi(mask, 0, mask);
    for (u32 hart = 0; hart < harts; hart++)
        check_ipi(1, hart, 1u << hart);
    for (u32 base = 1; base < harts; base++)
        check_ipi((1u << (harts - base)) - 1, base, ((1u << harts) - 1) & ~((1u << base) - 1));
    check_ipi(0, SBI_ALL_HARTS, (1u << harts) - 1);
    check_ipi(0x12345678, SBI_ALL_HARTS, (1u << harts) - 1);
    interrupts_off();
    csr_write(sie, 0);
    CHECK(stop_all(), "a hart did not stop");
}

/* Comes up with interrupts still disabled, and only later looks at what has arrived. */
static void late_riser(void)
{
    u32 id = this_hart()->id;

    alive[id] = 1;
    while (!quit)
        hart_relax();
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    interrupts_on();
    for (u32 i = 0; i < 1000 && ipis[id] == 0; i++)
        (void)read_time();
}

/* An IPI that was accepted is not lost, however early in the life of the hart it came. */
static void early_ipi(void)
{
    NEED_TWO_HARTS();
    clear_reports();
    CHECK_EQ(hart_start(other, late_riser), SBI_SUCCESS);
    u64 limit = read_time() + READ_TICKS;
    while (sbi_hart_status(other).value != HART_STARTED && read_time() < limit)
        sbi_send_ipi(1, other); /* may be refused for now */
    CHECK_EQ(sbi_send_ipi(1, other).error, SBI_SUCCESS);
    CHECK(hart_wait_value(&alive[other], 1), "the hart did not start");
    quit = 1;
    CHECK(hart_wait_state(other, HART_STOPPED), "the hart did not stop");
    CHECK(ipis[other] > 0, "lost");
}

/* ---- Fences ---- */

static pte_t *root;
static u32 *pages[2];
static volatile u32 epoch; /* which page every access has to see; even: 0, odd: 1 */

/* Reads the window all the time: what it sees must never be older than the epoch it saw before. */
static void busy_reader(void)
{
    u32 id = this_hart()->id;

    sv32_use(root, SAME_ASID);
    while (!quit) {
        u32 at_least = epoch;
        __asm__ volatile("fence r, r" : : : "memory");
        if (read32(WINDOW) < at_least)
            wrong[id]++;
        alive[id]++;
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
    CHECK(start_all(busy_reader), "a hart did not start");
    for (u32 round = 1; round <= 40; round++) {
        u32 *page = pages[round % 2];
        page[0] = round;
        sv32_map(root, WINDOW, (u32)page, SV32_4K, PTE_KERNEL_RW);
        __asm__ volatile("fence rw, rw" : : : "memory");
        CHECK_EQ(fence_others(round).error, SBI_SUCCESS);
        epoch = round;
        CHECK(hart_wait_value(&alive[other], alive[other] + 2), "the reader stands still");
    }
    CHECK(stop_all(), "a hart did not stop");
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(wrong[hart] == 0, "hart %u read a page that was gone, %u times", hart, wrong[hart]);
}

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

    while (!quit) {
        u32 at_least = epoch;
        __asm__ volatile("fence r, r" : : : "memory");
        if (((u32(*)(void))code)() < at_least)
            wrong[id]++;
        alive[id]++;
        while (hold && !quit) {
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
    CHECK(start_all(busy_caller), "a hart did not start");
    for (u32 round = 1; round <= 20; round++) {
        replace_code(round);
        CHECK(hart_wait_value(&alive[other], alive[other] + 2), "the caller stands still");
    }
    CHECK(stop_all(), "a hart did not stop");
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(wrong[hart] == 0, "hart %u ran old code, %u times", hart, wrong[hart]);
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
                wrong[id]++;
    } while (read_time() < end);
    alive[id] = 1;
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
    clear_reports();
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart)
            CHECK_EQ(hart_start(hart, own_space_reader), SBI_SUCCESS);
    own_space_reader();
    sv32_off();
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(hart_wait_value(&alive[hart], 1), "hart %u did not finish", hart);
    CHECK(stop_all(), "a hart did not stop");
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(wrong[hart] == 0, "hart %u read another's page, %u times", hart, wrong[hart]);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(start_and_stop), CASE(started_as_soon_as_stopped),
        CASE(states),         CASE(ipi_by_every_mask),
        CASE(early_ipi),      CASE(tlb_shootdown),
        CASE(remote_fence_i), CASE(same_asid_other_tables),
    };

    harts = hart_count();
    other = boot.hart == 0;
    trap_on_interrupt(INTERRUPT_SOFTWARE, on_ipi);
    return test_run("t_smp", cases, ARRAY_SIZE(cases));
}
