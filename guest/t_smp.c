/*
 * Several harts: starting and stopping them through HSM, and interrupts between them by every mask.
 */
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define A_WHILE 300000u /* of `time`: 30 ms */

static u32 harts, other; /* how many, and one that is not the first */
static volatile u32 ipis[MAX_HARTS];

static void on_ipi(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    ipis[this_hart()->id]++;
}

/* ---- HSM ---- */

static void check_start_state(void)
{
    u32 id = this_hart()->id;

    crew_wrong[id] = csr_read(satp) != 0 || (csr_read(sstatus) & SSTATUS_SIE) != 0;
    crew_alive[id] = 1;
}

static void start_and_stop(void)
{
    NEED_TWO_HARTS();
    for (u32 round = 0; round < 5; round++) {
        if (!crew_start(check_start_state))
            return;
        if (!crew_is_right("satp or SIE is on") || !crew_stop())
            return;
    }
}

static void count_start(void)
{
    crew_alive[this_hart()->id]++;
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
    crew_clear();
    for (u32 round = 1; round <= 500; round++) {
        CHECK_EQ(hart_start(other, count_start), SBI_SUCCESS);
        CHECK(stopped_soon(other), "the hart did not stop");
        CHECK(crew_alive[other] == round, "start %u was lost", round);
    }
}

static void idle(void)
{
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    crew_alive[this_hart()->id] = 1;
    interrupts_on();
    while (!crew_quit)
        wait_for_interrupt();
}

static void states(void)
{
    NEED_TWO_HARTS();
    CHECK_EQ(sbi_hart_status(other).value, HART_STOPPED);
    if (!crew_start(idle))
        return;
    CHECK_EQ(sbi_hart_status(other).value, HART_STARTED);
    CHECK_EQ(hart_start(other, idle), SBI_ERR_ALREADY_AVAILABLE);
    CHECK_EQ(hart_start(boot.hart, idle), SBI_ERR_ALREADY_AVAILABLE);
    if (!crew_stop())
        return;
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
    u32 everyone = (1u << harts) - 1, step = harts > 4 ? 7 : 1;

    if (!crew_start(idle))
        return;
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    interrupts_on();
    for (u32 mask = 0; mask <= everyone; mask += step)
        check_ipi(mask, 0, mask);
    for (u32 hart = 0; hart < harts; hart++)
        check_ipi(1, hart, 1u << hart);
    for (u32 base = 1; base < harts; base++)
        check_ipi(everyone >> base, base, everyone & ~((1u << base) - 1));
    check_ipi(0, SBI_ALL_HARTS, everyone);
    check_ipi(0x12345678, SBI_ALL_HARTS, everyone);
    interrupts_off();
    csr_write(sie, 0);
    crew_stop();
}

/* Comes up with interrupts still disabled, and only later looks at what has arrived. */
static void late_riser(void)
{
    u32 id = this_hart()->id;

    crew_alive[id] = 1;
    while (!crew_quit)
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
    crew_clear();
    CHECK_EQ(hart_start(other, late_riser), SBI_SUCCESS);
    u64 limit = read_time() + A_WHILE;
    while (sbi_hart_status(other).value != HART_STARTED && read_time() < limit)
        sbi_send_ipi(1, other); /* may be refused for now */
    CHECK_EQ(sbi_send_ipi(1, other).error, SBI_SUCCESS);
    CHECK(hart_wait_value(&crew_alive[other], 1), "the hart did not start");
    crew_quit = 1;
    CHECK(hart_wait_state(other, HART_STOPPED), "the hart did not stop");
    CHECK(ipis[other] > 0, "lost");
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(start_and_stop), CASE(started_as_soon_as_stopped),
        CASE(states),         CASE(ipi_by_every_mask),
        CASE(early_ipi),
    };

    harts = hart_count();
    other = boot.hart == 0;
    trap_on_interrupt(INTERRUPT_SOFTWARE, on_ipi);
    return test_run("t_smp", cases, ARRAY_SIZE(cases));
}
