/*
 * A kernel as one writes it to learn how: it has never heard of device trees, knows where the
 * devices of the `virt` machine are, turns on paging with its own Sv32 tables, and reads and writes
 * a disk block through a legacy virtio device and its interrupts. Block 1 has a count of the boots.
 *
 *     qemu-system-riscv32 -M virt -nographic -kernel build/guest/teach_disk.elf \
 *         -drive file=DISK,format=raw,if=none,id=d -device
 * virtio-blk-device,drive=d,bus=virtio-mmio-bus.0
 *     ./qemu-run.sh --kernel build/guest/teach_disk.elf --disk DISK
 */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/plic.h"
#include "guest/lib/printf.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"
#include "guest/lib/uart.h"

/* ---- The console: one byte after the other. ---- */

static void put(char c)
{
    while (!(read8(UART_LSR) & LSR_THRE))
        ;
    write8(UART_THR, (u8)c);
}

static void say(const char *text)
{
    for (; *text; text++)
        put(*text);
}

static void say_count(const char *what, u32 count)
{
    char line[64];

    snprintf(line, sizeof(line), "teach_disk: %s %u\n", what, count);
    say(line);
}

static void stop(const char *why)
{
    say("teach_disk: ");
    say(why);
    say("\n");
    write32(FINISHER_BASE, 1u << 16 | 0x3333); /* failed, with code 1 */
    for (;;)
        wait_for_interrupt();
}

/* ---- Paging: every page that is used, where it is. ---- */

static pte_t *root;

static void map(u32 from, u32 size, u32 flags)
{
    for (u32 page = from; page < from + size; page += PAGE_SIZE)
        if (!sv32_map(root, page, page, SV32_4K, flags))
            stop("no page for a table");
}

static void turn_on_paging(void)
{
    u32 kernel = (u32)image_start;

    root = sv32_new();
    map(FINISHER_BASE, PAGE_SIZE, PTE_KERNEL_RW);
    map(UART_BASE, PAGE_SIZE, PTE_KERNEL_RW);
    map(VIRTIO_BASE, PAGE_SIZE, PTE_KERNEL_RW);
    map(PLIC_BASE, SUPERPAGE_SIZE, PTE_KERNEL_RW);
    map(kernel, ALIGN_UP((u32)image_end, PAGE_SIZE) - kernel, PTE_KERNEL_RWX);
    sv32_use(root, 0);
}

/* ---- The disk. ---- */

#define DISK_IRQ     1
#define BLOCK_SIZE   1024u
#define BLOCK_COUNT  1u /* the block with the count */
#define DESCRIPTORS  8u
#define DISK(offset) (VIRTIO_BASE + (offset))

enum { /* registers of a legacy device */
       MAGIC = 0x00,
       VERSION = 0x04,
       DEVICE_ID = 0x08,
       HOST_FEATURES = 0x10,
       GUEST_FEATURES = 0x20,
       GUEST_PAGE_SIZE = 0x28,
       QUEUE_SEL = 0x30,
       QUEUE_NUM_MAX = 0x34,
       QUEUE_NUM = 0x38,
       QUEUE_ALIGN = 0x3c,
       QUEUE_PFN = 0x40,
       QUEUE_NOTIFY = 0x50,
       INTERRUPT_STATUS = 0x60,
       INTERRUPT_ACK = 0x64,
       STATUS = 0x70,
};

/* Features that this driver cannot do: read-only, SCSI, write cache, multi-queue, and those of
 * queues. */
#define NOT_WANTED (BIT(5) | BIT(7) | BIT(11) | BIT(12) | BIT(27) | BIT(28) | BIT(29))

/* The queue: two pages, the device's part in the second. */
static struct {
    struct {
        u64 address;
        u32 size;
        u16 flags, next;
    } descriptors[DESCRIPTORS];
    struct {
        u16 flags, index, heads[DESCRIPTORS], unused;
    } available;
    struct {
        u16 flags, index;
        struct {
            u32 id, length;
        } chains[DESCRIPTORS];
    } used __attribute__((aligned(PAGE_SIZE)));
} volatile queue __attribute__((aligned(PAGE_SIZE)));

static struct {
    u32 type, reserved;
    u64 sector;
} header;

static volatile u8 status;
static volatile bool done;
static u16 used_seen;
static u32 interrupts;

static void start_disk(void)
{
    u32 state = 0;

    if (read32(DISK(MAGIC)) != 0x74726976 || read32(DISK(VERSION)) != 1 ||
        read32(DISK(DEVICE_ID)) != 2)
        stop("there is no legacy disk at 0x10001000");
    write32(DISK(STATUS), state |= 1); /* seen */
    write32(DISK(STATUS), state |= 2); /* there is a driver for it */
    write32(DISK(GUEST_FEATURES), read32(DISK(HOST_FEATURES)) & ~NOT_WANTED);
    write32(DISK(STATUS), state |= 8);
    write32(DISK(STATUS), state |= 4);
    write32(DISK(GUEST_PAGE_SIZE), PAGE_SIZE);
    write32(DISK(QUEUE_SEL), 0);
    if (read32(DISK(QUEUE_NUM_MAX)) < DESCRIPTORS)
        stop("its queue is too short");
    write32(DISK(QUEUE_NUM), DESCRIPTORS);
    write32(DISK(QUEUE_ALIGN), PAGE_SIZE);
    write32(DISK(QUEUE_PFN), (u32)&queue >> PAGE_SHIFT);
}

static void describe(u32 slot, const volatile void *at, u32 size, u16 flags, u16 next)
{
    queue.descriptors[slot].address = (u32)at;
    queue.descriptors[slot].size = size;
    queue.descriptors[slot].flags = flags;
    queue.descriptors[slot].next = next;
}

/* Reads or writes a block, asleep until the interrupt comes. */
static void transfer(u32 block, void *data, bool write)
{
    header.type = write;
    header.sector = block * (BLOCK_SIZE / 512);
    status = 0xff;
    done = false;
    describe(0, &header, sizeof(header), 1, 1);
    describe(1, data, BLOCK_SIZE, (u16)(1 | (write ? 0 : 2)), 2);
    describe(2, &status, 1, 2, 0);
    queue.available.heads[queue.available.index % DESCRIPTORS] = 0;
    __sync_synchronize();
    queue.available.index++;
    __sync_synchronize();
    write32(DISK(QUEUE_NOTIFY), 0);
    while (!done) { /* looked at with interrupts off, so that none comes before the sleep */
        wait_for_interrupt();
        interrupts_on();
        interrupts_off();
    }
    if (status != 0)
        stop("the disk answers with an error");
}

static void on_external(void)
{
    u32 context = plic_context(boot.hart), source = plic_claim(context);

    if (source == DISK_IRQ) {
        write32(DISK(INTERRUPT_ACK), read32(DISK(INTERRUPT_STATUS)) & 3);
        __sync_synchronize();
        interrupts++;
        for (; used_seen != queue.used.index; used_seen++)
            done = true;
    }
    if (source)
        plic_complete(context, source);
}

static void start_interrupts(void)
{
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    plic_set_priority(DISK_IRQ, 1);
    plic_enable_only(plic_context(boot.hart), BIT(DISK_IRQ));
    plic_set_threshold(plic_context(boot.hart), 0);
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
}

int main(void)
{
    static u32 block[BLOCK_SIZE / 4], again[BLOCK_SIZE / 4];

    say("teach_disk: a small kernel with a disk\n");
    turn_on_paging();
    start_interrupts();
    start_disk();

    transfer(BLOCK_COUNT, block, false);
    say_count("block 1 says", block[0]);
    block[0]++;
    transfer(BLOCK_COUNT, block, true);
    transfer(BLOCK_COUNT, again, false);
    if (memcmp(block, again, sizeof(block)) != 0)
        stop("other bytes come back than were written");
    say_count("and now, read back from the disk,", again[0]);
    say_count("interrupts taken:", interrupts);
    write32(FINISHER_BASE, 0x5555);
    for (;;)
        wait_for_interrupt();
}
