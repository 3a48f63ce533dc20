/*
 * A machine that reboots is a new machine: image, memory, harts, devices and time as at the first
 * start. Each start checks that, spoils all it can, and asks for the next one; for ever, until a
 * `q` is typed. `how=` in the bootargs: cold (default) or warm by SRST, finisher by its code
 * 0x7777.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/plic.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"
#include "guest/lib/uart.h"

#define FINISHER_RESET 0x7777u
#define HALF_A_SECOND  5000000u /* of `time` */
#define SPOILED        0x0bad0badu

static u32 loaded = 0x600d600d; /* comes from the image */

/* Memory that no image fills. */
static volatile u32 *const beyond = (volatile u32 *)(RAM_BASE + 0xc00000);

static void image_is_loaded_anew(void)
{
    CHECK_EQ(loaded, 0x600d600d);
}

static void memory_is_zero(void)
{
    if (runs_natively())
        SKIP("QEMU keeps its RAM over a reset");
    for (u32 i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(beyond[i], 0);
}

static void devices_are_reset(void)
{
    CHECK_EQ(read32(PLIC_BASE + 4 * UART_IRQ), 0);
    CHECK_EQ(read32(PLIC_PENDING), 0);
    CHECK_EQ(read32(PLIC_BASE + 0x2000 + 0x80 * plic_context(boot.hart)), 0);
    CHECK_EQ(read8(UART_IER), 0);
    CHECK_EQ(read8(UART_SCR), 0);
}

static void time_starts_again(void)
{
    CHECK_EQ(boot.timeh, 0);
    CHECK(boot.time < HALF_A_SECOND, "time was %u", boot.time);
    CHECK_EQ(boot.sip, 0);
}

static void other_harts_are_stopped(void)
{
    for (u32 hart = 0; hart < hart_count(); hart++)
        if (hart != boot.hart)
            CHECK_EQ(sbi_hart_status(hart).value, HART_STOPPED);
}

static void loop(void)
{
    for (;;)
        continue;
}

static void spoil_everything(void)
{
    loaded = SPOILED;
    for (u32 i = 0; i < PAGE_SIZE; i++)
        beyond[i] = SPOILED;
    plic_set_priority(UART_IRQ, 7);
    plic_enable_only(plic_context(boot.hart), BIT(UART_IRQ));
    write8(UART_SCR, 0xad);
    write8(UART_IER, IER_THRE);
    sbi_set_timer(0);
    for (u32 hart = 0; hart < hart_count(); hart++)
        if (hart != boot.hart)
            hart_start(hart, loop);
}

static _Noreturn void reboot(const char *how)
{
    if (strcmp(how, "finisher") == 0)
        write32(FINISHER_BASE, FINISHER_RESET);
    else
        sbi_system_reset(strcmp(how, "warm") == 0 ? SBI_WARM_REBOOT : SBI_COLD_REBOOT, 0);
    for (;;)
        continue;
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(image_is_loaded_anew), CASE(memory_is_zero),          CASE(devices_are_reset),
        CASE(time_starts_again),    CASE(other_harts_are_stopped),
    };
    char how[12];

    fdt_bootarg("how", how, sizeof(how));
    printf("t_reboot: started\n");
    if (test_run("t_reboot", cases, ARRAY_SIZE(cases)) != 0)
        return 1;
    if (sbi_legacy(LEGACY_GETCHAR, 0, 0, 0, 0) == 'q')
        return 0;
    spoil_everything();
    reboot(how);
}
