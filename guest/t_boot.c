/*
 * The state in which a guest starts: registers as the boot protocol says, the CSRs, the time, the
 * device tree, and memory that nobody used before.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"

#define KERNEL_BASE 0x80400000u
#define ONE_SECOND  10000000u /* at 10 MHz */

static void loaded_where_linked(void)
{
    CHECK_EQ(boot.pc, image_start);
    CHECK_EQ(boot.pc, KERNEL_BASE);
}

static void a0_is_a_hart_of_this_machine(void)
{
    CHECK(boot.hart < hart_count(), "hart %u of %u", boot.hart, hart_count());
    struct sbiret state = sbi_hart_status(boot.hart);
    CHECK(state.error == SBI_SUCCESS && state.value == HART_STARTED, "%d %u", state.error,
          state.value);
}

static void other_harts_are_stopped(void)
{
    for (u32 hart = 0; hart < hart_count(); hart++)
        if (hart != boot.hart)
            CHECK_EQ(sbi_hart_status(hart).value, HART_STOPPED);
}

/* Aligned to 8, inside RAM, whole, behind the image. */
static void a1_is_a_device_tree(void)
{
    u32 address = (u32)boot.fdt, size = fdt_word((const u8 *)boot.fdt + 4);

    CHECK_EQ(fdt_word(boot.fdt), FDT_MAGIC);
    CHECK_EQ(address % 8, 0);
    CHECK(address >= (u32)image_end, "at %x, the image ends at %p", address, image_end);
    CHECK(address + size <= RAM_BASE + fdt_ram_size(), "ends at %x", address + size);
}

static void device_tree_describes_the_machine(void)
{
    u32 length;
    const char *isa = fdt_property("cpu", "riscv,isa", &length);
    const void *timebase = fdt_property("cpus", "timebase-frequency", &length);

    CHECK(isa && memcmp(isa, "rv32ima", 7) == 0, "riscv,isa is %s", isa ? isa : "not there");
    CHECK(timebase && fdt_word(timebase) > 0, "no timebase-frequency");
    CHECK(fdt_ram_size() >= 16 * 1024 * 1024, "RAM of %u bytes", fdt_ram_size());
    CHECK(fdt_property("serial", "compatible", &length), "no serial");
    CHECK(fdt_property("rtc", "compatible", &length), "no rtc");
    CHECK(fdt_property("virtio_mmio", "compatible", &length), "no virtio_mmio");
}

static void interrupts_and_paging_are_off(void)
{
    CHECK_EQ(boot.satp, 0);
    CHECK_EQ(boot.sstatus & SSTATUS_SIE, 0);
    CHECK_EQ(boot.sie, 0);
    CHECK_EQ(boot.sip, 0);
}

static void mxr_and_sum_are_off(void)
{
    CHECK_EQ(boot.sstatus & (SSTATUS_MXR | SSTATUS_SUM), 0);
}

/* Each machine's time starts with it, however long the host has run. */
static void time_starts_near_zero(void)
{
    CHECK_EQ(boot.timeh, 0);
    CHECK(boot.time < ONE_SECOND, "time was %u", boot.time);
}

static void every_word_behind_the_image_is_zero(void)
{
    const u32 *word = (const u32 *)ALIGN_UP((u32)image_end, 4);

    for (; word < (const u32 *)boot.fdt; word++)
        CHECK(*word == 0, "%x at %p", *word, word);
}

static void machine_is_idle(void)
{
    CHECK_EQ(read32(PLIC_BASE + 0x1000), 0);       /* nothing pending */
    CHECK_EQ(read32(PLIC_BASE + 0x2080), 0);       /* nothing enabled */
    CHECK_EQ(read8(UART_BASE + 1), 0);             /* no UART interrupt enabled */
    CHECK_EQ(read8(UART_BASE + 5) & 0x60, 0x60);   /* ready to transmit */
    CHECK_EQ(read32(VIRTIO_BASE), 0x74726976);     /* a slot: "virt" */
    CHECK_EQ(read32(VIRTIO_BASE + 0x1000 + 8), 0); /* with no device in it */
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(loaded_where_linked),
        CASE(a0_is_a_hart_of_this_machine),
        CASE(other_harts_are_stopped),
        CASE(a1_is_a_device_tree),
        CASE(device_tree_describes_the_machine),
        CASE(interrupts_and_paging_are_off),
        CASE(mxr_and_sum_are_off),
        CASE(time_starts_near_zero),
        CASE(every_word_behind_the_image_is_zero),
        CASE(machine_is_idle),
    };

    return test_run("t_boot", cases, ARRAY_SIZE(cases));
}
