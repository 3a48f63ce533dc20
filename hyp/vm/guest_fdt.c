#include "hyp/vm/guest_fdt.h"

#include "hyp/core/fdt_write.h"
#include "hyp/core/machine.h"
#include "hyp/core/random.h"
#include "hyp/core/string.h"
#include "hyp/vm/guest_isa.h"
#include "hyp/vm/vm.h"

/* Handles by which nodes refer to each other; a hart's interrupt controller has its id added. */
enum {
    PHANDLE_PLIC = 1,
    PHANDLE_FINISHER,
    PHANDLE_INTC,
};

#define ISA_MAX 512

static void write_root(struct fdt_writer *w)
{
    fdt_put_u32(w, "#address-cells", 2);
    fdt_put_u32(w, "#size-cells", 2);
    fdt_put_string(w, "compatible", "riscv-virtio");
    fdt_put_string(w, "model", "riscv-virtio,qemu");
}

static void write_chosen(struct fdt_writer *w, const struct vm *vm, gpa_t initrd, gpa_t initrd_end)
{
    u8 seed[RANDOM_SEED_SIZE];

    fdt_begin_node(w, "chosen");
    fdt_put_string(w, "stdout-path", "/soc/serial@10000000");
    if (*vm->config.bootargs)
        fdt_put_string(w, "bootargs", vm->config.bootargs);
    if (initrd_end) {
        fdt_put_u64(w, "linux,initrd-start", initrd);
        fdt_put_u64(w, "linux,initrd-end", initrd_end);
    }
    if (random_seed(seed))
        fdt_put(w, "rng-seed", seed, sizeof(seed));
    fdt_end_node(w);
}

static void write_memory(struct fdt_writer *w, const struct vm *vm)
{
    fdt_begin_unit(w, "memory", vm->memory.base);
    fdt_put_string(w, "device_type", "memory");
    fdt_put_reg(w, vm->memory.base, vm->config.memory);
    fdt_end_node(w);
}

/* "riscv,isa-extensions" of the host's hart, without what is withheld. */
static void write_isa_extensions(struct fdt_writer *w, const struct vm *vm, fdt_node host)
{
    const char *kept[96];
    struct fdt_prop list;
    const char *name;
    u32 count = 0;

    if (!fdt_prop(&machine.fdt, host, "riscv,isa-extensions", &list))
        return;
    for (u32 i = 0; (name = fdt_string_at(&list, i)) && count < ARRAY_SIZE(kept); i++)
        if (guest_isa_keeps(name, (u32)strlen(name), vm_hardware_ad(vm)))
            kept[count++] = name;
    fdt_put_string(w, "riscv,isa-base", "rv32i");
    fdt_put_strings(w, "riscv,isa-extensions", kept, count);
}

static void write_isa(struct fdt_writer *w, const struct vm *vm)
{
    static const char *const block_sizes[] = {"riscv,cbom-block-size", "riscv,cboz-block-size",
                                              "riscv,cbop-block-size"};
    fdt_node host = machine.hart_nodes[0];
    char filtered[ISA_MAX];
    const char *isa;
    u32 size;

    if (fdt_string(&machine.fdt, host, "riscv,isa", &isa)) {
        guest_isa_filter(isa, vm_hardware_ad(vm), filtered, sizeof(filtered));
        fdt_put_string(w, "riscv,isa", filtered);
    }
    write_isa_extensions(w, vm, host);
    for (u32 i = 0; i < ARRAY_SIZE(block_sizes); i++)
        if (fdt_u32(&machine.fdt, host, block_sizes[i], &size))
            fdt_put_u32(w, block_sizes[i], size);
}

static void write_cpu(struct fdt_writer *w, const struct vm *vm, u32 id)
{
    fdt_begin_unit(w, "cpu", id);
    fdt_put_string(w, "device_type", "cpu");
    fdt_put_u32(w, "reg", id);
    fdt_put_string(w, "status", "okay");
    fdt_put_string(w, "compatible", "riscv");
    fdt_put_string(w, "mmu-type", "riscv,sv32");
    write_isa(w, vm);
    fdt_begin_node(w, "interrupt-controller");
    fdt_put_u32(w, "#address-cells", 0);
    fdt_put_u32(w, "#interrupt-cells", 1);
    fdt_put_flag(w, "interrupt-controller");
    fdt_put_string(w, "compatible", "riscv,cpu-intc");
    fdt_put_u32(w, "phandle", PHANDLE_INTC + id);
    fdt_end_node(w);
    fdt_end_node(w);
}

static void write_cpus(struct fdt_writer *w, const struct vm *vm)
{
    fdt_begin_node(w, "cpus");
    fdt_put_u32(w, "#address-cells", 1);
    fdt_put_u32(w, "#size-cells", 0);
    fdt_put_u32(w, "timebase-frequency", machine.timebase);
    for (u32 i = 0; i < vm->config.cpus; i++)
        write_cpu(w, vm, i);
    fdt_end_node(w);
}

static void write_interrupt(struct fdt_writer *w, u32 source)
{
    fdt_put_u32(w, "interrupt-parent", PHANDLE_PLIC);
    fdt_put_u32(w, "interrupts", source);
}

static void write_plic(struct fdt_writer *w, const struct vm *vm)
{
    static const char *const compatible[] = {"sifive,plic-1.0.0", "riscv,plic0"};
    u32 contexts[4 * VM_MAX_VCPUS];

    /* Context 2h is hart h's M-mode, which a guest does not have: interrupt 0xffffffff is "none"
     * to every driver, and 2h + 1 its S-mode: interrupt 9. */
    for (u32 i = 0; i < vm->config.cpus; i++) {
        contexts[4 * i] = contexts[4 * i + 2] = PHANDLE_INTC + i;
        contexts[4 * i + 1] = 0xffffffff;
        contexts[4 * i + 3] = 9;
    }
    fdt_begin_unit(w, "plic", PLATFORM_PLIC_BASE);
    fdt_put_strings(w, "compatible", compatible, ARRAY_SIZE(compatible));
    fdt_put_reg(w, PLATFORM_PLIC_BASE, PLIC_SIZE);
    fdt_put_u32(w, "#address-cells", 0);
    fdt_put_u32(w, "#interrupt-cells", 1);
    fdt_put_flag(w, "interrupt-controller");
    fdt_put_cells(w, "interrupts-extended", contexts, 4 * vm->config.cpus);
    fdt_put_u32(w, "riscv,ndev", PLIC_SOURCES - 1);
    fdt_put_u32(w, "phandle", PHANDLE_PLIC);
    fdt_end_node(w);
}

static void write_finisher(struct fdt_writer *w)
{
    static const char *const compatible[] = {"sifive,test1", "sifive,test0", "syscon"};

    fdt_begin_unit(w, "test", PLATFORM_FINISHER_BASE);
    fdt_put_strings(w, "compatible", compatible, ARRAY_SIZE(compatible));
    fdt_put_reg(w, PLATFORM_FINISHER_BASE, FINISHER_SIZE);
    fdt_put_u32(w, "phandle", PHANDLE_FINISHER);
    fdt_end_node(w);
}

/* A device with a page of registers and an interrupt, unless one of the host is in its place. */
static void write_device(struct fdt_writer *w, const struct vm *vm, const char *name,
                         const char *compatible, u32 base, u32 source)
{
    if (passthrough_covers(vm, base, PAGE_SIZE))
        return;
    fdt_begin_unit(w, name, base);
    fdt_put_string(w, "compatible", compatible);
    fdt_put_reg(w, base, PAGE_SIZE);
    write_interrupt(w, source);
    fdt_end_node(w);
}

static void write_devices(struct fdt_writer *w, const struct vm *vm)
{
    fdt_begin_unit(w, "serial", PLATFORM_UART_BASE);
    fdt_put_string(w, "compatible", "ns16550a");
    fdt_put_reg(w, PLATFORM_UART_BASE, 0x100);
    fdt_put_u32(w, "clock-frequency", PLATFORM_UART_CLOCK);
    write_interrupt(w, PLATFORM_UART_IRQ);
    fdt_end_node(w);

    write_device(w, vm, "rtc", "google,goldfish-rtc", PLATFORM_RTC_BASE, PLATFORM_RTC_IRQ);
    write_device(w, vm, "button", "google,goldfish-events-keypad", PLATFORM_BUTTON_BASE,
                 PLATFORM_BUTTON_IRQ);
    for (u32 i = 0; i < PLATFORM_VIRTIO_SLOTS; i++)
        write_device(w, vm, "virtio_mmio", "virtio,mmio",
                     PLATFORM_VIRTIO_BASE + i * PLATFORM_VIRTIO_STRIDE, PLATFORM_VIRTIO_IRQ + i);
}

static void write_soc(struct fdt_writer *w, const struct vm *vm)
{
    fdt_begin_node(w, "soc");
    fdt_put_u32(w, "#address-cells", 2);
    fdt_put_u32(w, "#size-cells", 2);
    fdt_put_string(w, "compatible", "simple-bus");
    fdt_put_flag(w, "ranges");
    write_finisher(w);
    write_devices(w, vm);
    write_plic(w, vm);
    shared_regions_write_fdt(vm, w, PHANDLE_PLIC);
    passthrough_write_fdt(vm, w, PHANDLE_PLIC);
    fdt_end_node(w);
}

/* How a kernel without SBI SRST turns the machine off: a word stored to the finisher. */
static void write_syscon(struct fdt_writer *w, const char *name, const char *compatible, u32 value)
{
    fdt_begin_node(w, name);
    fdt_put_string(w, "compatible", compatible);
    fdt_put_u32(w, "regmap", PHANDLE_FINISHER);
    fdt_put_u32(w, "offset", 0);
    fdt_put_u32(w, "value", value);
    fdt_end_node(w);
}

u32 guest_fdt_write(const struct vm *vm, void *buffer, gpa_t initrd, gpa_t initrd_end)
{
    struct fdt_writer w;

    fdt_begin(&w, buffer, GUEST_FDT_MAX, 0);
    fdt_begin_node(&w, "");
    write_root(&w);
    write_chosen(&w, vm, initrd, initrd_end);
    write_memory(&w, vm);
    write_cpus(&w, vm);
    write_soc(&w, vm);
    write_syscon(&w, "poweroff", "syscon-poweroff", 0x5555);
    write_syscon(&w, "reboot", "syscon-reboot", 0x7777);
    fdt_end_node(&w);
    return fdt_finish(&w);
}
