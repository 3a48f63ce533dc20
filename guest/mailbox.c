/*
 * Two VMs that talk: each has the memory "mailbox" and a doorbell for it, which interrupts the
 * other. `who=` in the bootargs is its name, `first` makes it speak first:
 *
 *   ./qemu-run.sh --vms guest/examples/shared-memory.dts
 *
 * One line is in the memory at a time. Whoever has written it rings; whoever hears that reads it,
 * writes an answer over it, and rings back.
 */
#include "guest/lib/boot.h"
#include "guest/lib/csr.h"
#include "guest/lib/doorbell.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/printf.h"

#define MAILBOX   0 /* the only region of the VM */
#define LINE_SIZE 80
#define LINES     6u /* that each says */

/* What is in the memory. */
struct letter {
    u32 number;
    char text[LINE_SIZE];
};

static struct letter *const letter = (struct letter *)SHARED_BASE;
static char who[8];
static u32 others; /* a bit for each VM that has the memory, but this */

static volatile u32 rung;

static void on_external(void)
{
    u32 context = plic_context(boot.hart), source = plic_claim(context);

    if (source == DOORBELL_IRQ + MAILBOX)
        rung |= doorbell_answer(MAILBOX);
    plic_complete(context, source);
}

/* Sleeps until the bell has rung; interrupts are off but for the moment in which one is taken. */
static void listen(void)
{
    while (!rung) {
        wait_for_interrupt();
        interrupts_on();
        interrupts_off();
    }
    rung = 0;
}

static void find_other(void)
{
    u32 self = BIT(doorbell_read(MAILBOX, DOORBELL_ID));

    while (!(others = doorbell_read(MAILBOX, DOORBELL_PEERS) & ~self))
        hart_relax();
}

/* Each writes only when it has been rung at, so that nobody reads what is half written. */
static void write_letter(u32 number)
{
    letter->number = number;
    snprintf(letter->text, LINE_SIZE, "letter %u of %s, written at time %llu", number, who,
             read_time());
    doorbell_ring(MAILBOX, others);
}

static void read_letter(void)
{
    listen();
    printf("%s reads: %s\n", who, letter->text);
}

int main(void)
{
    u32 number = fdt_bootarg_number("first", 0);

    fdt_bootarg("who", who, sizeof(who));
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    doorbell_enable(MAILBOX, boot.hart);
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    find_other();
    printf("%s is number %u, in %u KiB at 0x%x\n", who, doorbell_read(MAILBOX, DOORBELL_ID),
           doorbell_read(MAILBOX, DOORBELL_REGION) / 1024, (u32)letter);
    if (number)
        write_letter(number);
    while (letter->number < 2 * LINES) {
        read_letter();
        if (letter->number < 2 * LINES)
            write_letter(letter->number + 1);
    }
    return 0;
}
