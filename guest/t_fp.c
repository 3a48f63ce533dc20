/*
 * The floating-point state: kept across everything that leaves the guest, and never mixed with
 * another's. Two copies with different `who=` on one hart use different numbers for all registers.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/fp.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define FS_OFF     (0u << 13)
#define FS_INITIAL (1u << 13)
#define FS_CLEAN   (2u << 13)
#define FS_DIRTY   (3u << 13)
#define SSTATUS_SD BIT(31)

#define ROUNDS     200u
#define SPIN_TICKS 5000u   /* half a millisecond of `time` */
#define LONG_TICKS 300000u /* longer than the hart is given to one of several */

static u64 mine[32];
static char who[8];

static void set_fs(u32 state)
{
    csr_clear(sstatus, SSTATUS_FS);
    csr_set(sstatus, state);
}

static u32 get_fs(void)
{
    return csr_read(sstatus) & SSTATUS_FS;
}

/* Different for each guest, round and register. */
static void choose(u32 round)
{
    for (u32 i = 0; i < 32; i++)
        mine[i] = u64_join((u32)(u8)who[0] << 24 | round << 8 | i, ~round << 8 | i);
}

/* Do all registers hold what choose() chose? */
static void check_registers(void)
{
    u64 now[32];

    fp_save(now);
    for (u32 i = 0; i < 32; i++)
        CHECK(now[i] == mine[i], "f%u is %llx, was %llx", i, now[i], mine[i]);
}

static void spin(u32 ticks)
{
    u64 end = read_time() + ticks;

    while (read_time() < end)
        continue;
}

static void sleep(u32 ticks)
{
    csr_write(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(read_time() + ticks);
    wait_for_interrupt();
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
}

/* Each way out of the guest in turn. */
static void leave(u32 way)
{
    switch (way % 4) {
    case 0:
        spin(SPIN_TICKS);
        break;
    case 1:
        sleep(SPIN_TICKS);
        break;
    case 2:
        sbi_probe(SBI_EXT_BASE);
        break;
    default:
        (void)read32(PLIC_BASE + 4);
    }
}

static void registers_survive(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        choose(round);
        set_fs(FS_INITIAL);
        fp_load(mine);
        fp_write_fcsr(round % 5 << 5 | round % 32);
        leave(round);
        CHECK_EQ(fp_read_fcsr(), round % 5 << 5 | round % 32);
        check_registers();
    }
}

static void registers_survive_a_long_time(void)
{
    choose(1);
    set_fs(FS_INITIAL);
    fp_load(mine);
    spin(LONG_TICKS);
    check_registers();
    sleep(LONG_TICKS);
    check_registers();
}

/* Clean says that memory has a copy, so a host need not save; but it has to restore. */
static void clean_registers_survive(void)
{
    for (u32 round = 0; round < ROUNDS / 4; round++) {
        choose(round);
        set_fs(FS_INITIAL);
        fp_load(mine);
        set_fs(FS_CLEAN);
        leave(round);
        CHECK_EQ(get_fs(), FS_CLEAN);
        check_registers();
    }
}

static void registers_survive_fs_off(void)
{
    for (u32 round = 0; round < ROUNDS / 4; round++) {
        choose(round);
        set_fs(FS_INITIAL);
        fp_load(mine);
        set_fs(FS_OFF);
        leave(round);
        CHECK_EQ(get_fs(), FS_OFF);
        set_fs(FS_CLEAN);
        check_registers();
    }
}

static void writing_a_register_makes_dirty(void)
{
    choose(3);
    set_fs(FS_CLEAN);
    CHECK_EQ(csr_read(sstatus) & (SSTATUS_FS | SSTATUS_SD), FS_CLEAN);
    fp_load(mine);
    CHECK_EQ(csr_read(sstatus) & (SSTATUS_FS | SSTATUS_SD), FS_DIRTY | SSTATUS_SD);
    set_fs(FS_CLEAN);
    fp_write_fcsr(1);
    CHECK_EQ(get_fs(), FS_DIRTY);
}

static void off_means_illegal(void)
{
    u64 values[32];

    set_fs(FS_OFF);
    trap_arm();
    fp_save(values);
    struct trap_seen save = trap_disarm();
    trap_arm();
    fp_read_fcsr();
    struct trap_seen fcsr = trap_disarm();
    set_fs(FS_INITIAL);
    CHECK_EQ(save.count, 32);
    CHECK_EQ(save.cause, EXCEPTION_ILLEGAL_INSTRUCTION);
    CHECK_EQ(fcsr.count, 1);
    CHECK_EQ(fcsr.cause, EXCEPTION_ILLEGAL_INSTRUCTION);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(registers_survive),
        CASE(registers_survive_a_long_time),
        CASE(clean_registers_survive),
        CASE(registers_survive_fs_off),
        CASE(writing_a_register_makes_dirty),
        CASE(off_means_illegal),
    };

    fdt_bootarg("who", who, sizeof(who));
    return test_run("t_fp", cases, ARRAY_SIZE(cases));
}
