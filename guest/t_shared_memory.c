/*
 * Memory that two VMs share, and its doorbells. Both run this, `who=a` and `who=b`, with the
 * regions "mailbox 64K" and "log 4K", which b may only read:
 *
 *   mailbox  page 0: the words below     the other pages: nobody writes them
 *   log      a page table that a has made (a_table_in_memory_that_is_read_only)
 */
#include "guest/lib/boot.h"
#include "guest/lib/doorbell.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

enum { MAILBOX, LOG };

#define MAILBOX_SIZE 0x10000u
#define LOG_SIZE     0x1000u
#define WAIT_TICKS   (30u * 10000000u)
#define ROUNDS       300u
#define ADDITIONS    20000u

/* Words of the mailbox. */
enum { STEP, SENT = 2, SUM = 4, HEARD };

static volatile u32 *const mailbox = (volatile u32 *)SHARED_BASE;
static volatile u32 *const log_page = (volatile u32 *)(SHARED_BASE + SHARED_STRIDE);

static u32 self, other; /* numbers: a is 0 */
static u32 steps;       /* how often both have met */

static volatile u32 rings, rung; /* interrupts taken, and who rang */

static void on_external(void)
{
    u32 context = plic_context(this_hart()->id), source = plic_claim(context);

    if (source == DOORBELL_IRQ + MAILBOX) {
        rung |= doorbell_answer(MAILBOX);
        rings++;
    }
    plic_complete(context, source);
}

static bool wait_word(const volatile u32 *word, u32 wanted)
{
    u64 end = read_time() + WAIT_TICKS;

    while (*word < wanted && read_time() < end)
        hart_relax();
    return *word >= wanted;
}

/* Both VMs have come so far. */
static bool meet(void)
{
    __asm__ volatile("fence rw, rw" : : : "memory");
    mailbox[STEP + self] = ++steps;
    return wait_word(&mailbox[STEP + other], steps);
}

#define MEET() CHECK(meet(), "the other does not come")

/* Sleeps until somebody has rung. */
static u32 wait_ring(void)
{
    u32 who;

    while (!rung) {
        wait_for_interrupt();
        interrupts_on();
        interrupts_off();
    }
    who = rung;
    rung = 0;
    return who;
}

/* ---- What there is ---- */

static void check_node(const char *node, const char *label, u32 region, u32 size)
{
    u32 length = 0;
    const u8 *reg = fdt_property(node, "reg", &length);
    const char *text;

    CHECK(reg && length == 32, "%s has no reg", node);
    CHECK_EQ(fdt_word(reg + 4), shared_address(region));
    CHECK_EQ(fdt_word(reg + 12), size);
    CHECK_EQ(fdt_word(reg + 20), doorbell_address(region));
    CHECK_EQ(fdt_word(reg + 28), 0x1000);
    CHECK_EQ(fdt_word(fdt_property(node, "interrupts", &length)), DOORBELL_IRQ + region);
    text = fdt_property(node, "label", &length);
    CHECK(text && strcmp(text, label) == 0, "%s is labelled \"%s\"", node, text);
    text = fdt_property(node, "compatible", &length);
    CHECK(text && strcmp(text, "twofold,shared-memory") == 0, "%s is \"%s\"", node, text);
}

static void the_tree_tells_of_both(void)
{
    u32 length;

    check_node("shared-memory@51000000", "mailbox", MAILBOX, MAILBOX_SIZE);
    check_node("shared-memory@52000000", "log", LOG, LOG_SIZE);
    CHECK(!fdt_property("shared-memory@51000000", "read-only", &length), "mailbox");
    CHECK_EQ(fdt_property("shared-memory@52000000", "read-only", &length) != NULL, self == 1);
}

static void doorbells_tell_who_we_are(void)
{
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_ID), self);
    CHECK_EQ(doorbell_read(LOG, DOORBELL_ID), self);
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_REGION), MAILBOX_SIZE);
    CHECK_EQ(doorbell_read(LOG, DOORBELL_REGION), LOG_SIZE);
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_PENDING), 0);
    CHECK(doorbell_read(MAILBOX, DOORBELL_PEERS) & BIT(self), "not a peer of itself");
}

static void it_begins_with_zeros(void)
{
    for (u32 i = PAGE_SIZE / 4; i < MAILBOX_SIZE / 4; i++)
        CHECK_EQ(mailbox[i], 0);
}

static void both_are_there(void)
{
    MEET();
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_PEERS), 3);
    CHECK_EQ(doorbell_read(LOG, DOORBELL_PEERS), 3);
}

/* ---- Talking ---- */

static void say(u32 number)
{
    mailbox[SENT + self] = number;
    doorbell_ring(MAILBOX, BIT(other));
}

static bool hear(u32 number)
{
    return wait_ring() == BIT(other) && mailbox[SENT + other] == number;
}

/* a says a number, b hears it and says it as well. */
static void rings_interrupt_and_tell_who(void)
{
    doorbell_enable(MAILBOX, boot.hart);
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    rings = rung = 0;
    MEET();
    for (u32 i = 1; i <= ROUNDS; i++) {
        if (self == 0)
            say(i);
        CHECK(hear(i), "0x%x rang in round %u, and said %u", rung, i, mailbox[SENT + other]);
        if (self == 1)
            say(i);
    }
    CHECK_EQ(rings, ROUNDS);
    csr_write(sie, 0);
    MEET();
}

static void additions_of_both_add_up(void)
{
    volatile u32 *sum = &mailbox[SUM];

    for (u32 i = 0; i < ADDITIONS; i++)
        __atomic_fetch_add(sum, 1, __ATOMIC_RELAXED);
    MEET();
    CHECK_EQ(*sum, 2 * ADDITIONS);
}

/* The line of a level-triggered source: completing it does not make it low. */
static void the_line_is_high_until_cleared(void)
{
    u32 context = plic_context(boot.hart);

    doorbell_ring(MAILBOX, BIT(self));
    for (u32 i = 0; i < 3; i++) {
        CHECK_EQ(plic_claim(context), DOORBELL_IRQ);
        plic_complete(context, DOORBELL_IRQ);
    }
    CHECK_EQ(doorbell_answer(MAILBOX), BIT(self));
    CHECK_EQ(plic_claim(context), DOORBELL_IRQ); /* was let through before */
    plic_complete(context, DOORBELL_IRQ);
    CHECK_EQ(plic_claim(context), 0);
}

static void rings_of_nobody_are_ignored(void)
{
    MEET();
    doorbell_ring(MAILBOX, ~3u);
    doorbell_ring(LOG, 0);
    MEET();
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_PENDING), 0);
    CHECK_EQ(doorbell_read(LOG, DOORBELL_PENDING), 0);
}

static void listen(void)
{
    u32 context = plic_context(this_hart()->id);

    doorbell_enable(MAILBOX, this_hart()->id);
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    mailbox[HEARD] = 1;
    while (!(csr_read(sip) & BIT(INTERRUPT_EXTERNAL)))
        wait_for_interrupt();
    rung = plic_claim(context) == DOORBELL_IRQ ? doorbell_answer(MAILBOX) : 0;
    plic_complete(context, DOORBELL_IRQ);
    csr_write(sie, 0);
    __asm__ volatile("fence rw, rw" : : : "memory");
    rings = 1;
}

/* b listens on its second hart, where it has one. */
static void a_ring_reaches_the_hart_that_listens(void)
{
    rings = rung = 0;
    plic_enable_only(plic_context(boot.hart), 0);
    write32(PLIC_BASE + 0x2000 + 0x80 * plic_context(boot.hart) + 4, 0);
    if (self == 0) {
        CHECK(wait_word(&mailbox[HEARD], 1), "nobody listens");
        doorbell_ring(MAILBOX, BIT(other));
    } else if (hart_count() > 1) {
        CHECK_EQ(hart_start(boot.hart ^ 1, listen), 0);
        CHECK(hart_wait_value(&rings, 1), "nothing was heard");
        CHECK_EQ(rung, BIT(other));
        CHECK(hart_wait_state(boot.hart ^ 1, HART_STOPPED), "it goes on");
    } else {
        listen();
        CHECK_EQ(rung, BIT(other));
    }
    MEET();
}

/* ---- What is not allowed ---- */

static void what_is_read_only_stays_as_it_is(void)
{
    struct trap_seen seen;

    if (self == 0)
        log_page[1] = 0x10c;
    MEET();
    CHECK_EQ(log_page[1], 0x10c);
    if (self == 1) {
        trap_arm();
        log_page[1] = 0xbad;
        seen = trap_disarm();
        CHECK_TRAP(seen, EXCEPTION_STORE_ACCESS, (u32)&log_page[1]);
        trap_arm();
        __atomic_fetch_add(&log_page[1], 1, __ATOMIC_RELAXED);
        seen = trap_disarm();
        CHECK_TRAP(seen, EXCEPTION_STORE_ACCESS, (u32)&log_page[1]);
        trap_arm();
        *(volatile u8 *)&log_page[1] = 1;
        seen = trap_disarm();
        CHECK_TRAP(seen, EXCEPTION_STORE_ACCESS, (u32)&log_page[1]);
    }
    MEET();
    CHECK_EQ(log_page[1], 0x10c);
}

static void nothing_is_executed_there(void)
{
    void (*code)(void) = (void (*)(void))shared_address(MAILBOX);
    struct trap_seen seen;

    trap_arm();
    code();
    seen = trap_disarm();
    CHECK_TRAP(seen, EXCEPTION_FETCH_ACCESS, shared_address(MAILBOX));
}

static void check_nothing_at(u32 address)
{
    struct trap_seen seen;

    trap_arm();
    (void)read32(address);
    seen = trap_disarm();
    CHECK_TRAP(seen, EXCEPTION_LOAD_ACCESS, address);
    trap_arm();
    write32(address, 1);
    seen = trap_disarm();
    CHECK_TRAP(seen, EXCEPTION_STORE_ACCESS, address);
}

static void nothing_is_around_them(void)
{
    check_nothing_at(shared_address(MAILBOX) + MAILBOX_SIZE);
    check_nothing_at(shared_address(LOG) + LOG_SIZE);
    check_nothing_at(shared_address(MAILBOX) - 4);
    check_nothing_at(shared_address(2));
    check_nothing_at(doorbell_address(2));
    check_nothing_at(doorbell_address(0) - 4);
}

static void doorbells_take_whole_words(void)
{
    u32 address = doorbell_address(MAILBOX);
    struct trap_seen seen;

    trap_arm();
    (void)read8(address);
    seen = trap_disarm();
    CHECK_TRAP(seen, EXCEPTION_LOAD_ACCESS, address);
    trap_arm();
    write16(address + DOORBELL_RING, BIT(self));
    seen = trap_disarm();
    CHECK_TRAP(seen, EXCEPTION_STORE_ACCESS, address + DOORBELL_RING);
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_PENDING), 0);
}

/* The 4 MiB at TABLE_VA are mapped by a table in the log. */
#define TABLE_VA 0x40000000u
#define PLAIN    (RAM_BASE >> 2 | PTE_V | PTE_R | PTE_W)

/* Entries of it: without A, without D, with both. */
enum { NO_A = 512, NO_D, BOTH };

static u32 va_of(u32 entry)
{
    return TABLE_VA + entry * PAGE_SIZE;
}

static struct trap_seen load_by(u32 entry)
{
    trap_arm();
    (void)read32(va_of(entry));
    return trap_disarm();
}

static struct trap_seen store_by(u32 entry)
{
    trap_arm();
    write32(va_of(entry), 0);
    return trap_disarm();
}

/* A hart that sets A and D may not do so there; one that never does faults on the entry. */
static bool is_refused(struct trap_seen seen, u32 access, u32 page, u32 entry)
{
    return seen.count == 1 && (seen.cause == access || seen.cause == page) &&
           seen.value == va_of(entry);
}

static void walk_their_table(void)
{
    struct trap_seen no_a, no_d, both;
    pte_t *root = sv32_new();

    CHECK(root && sv32_map_kernel(root), "no page");
    root[TABLE_VA >> 22] = shared_address(LOG) >> 2 | PTE_V;
    sv32_use(root, 0);
    no_a = load_by(NO_A);
    no_d = store_by(NO_D);
    both = load_by(BOTH);
    sv32_off();
    CHECK(is_refused(no_a, EXCEPTION_LOAD_ACCESS, EXCEPTION_LOAD_PAGE, NO_A), "A: cause %u",
          no_a.cause);
    CHECK(is_refused(no_d, EXCEPTION_STORE_ACCESS, EXCEPTION_STORE_PAGE, NO_D), "D: cause %u",
          no_d.cause);
    CHECK_EQ(both.count, 0);
}

/* b may read the entries of a, and its hart's walk would set A and D in them: it must not, and
 * neither may it try for ever. */
static void a_table_in_memory_that_is_read_only(void)
{
    if (self == 0) {
        log_page[NO_A] = PLAIN;
        log_page[NO_D] = PLAIN | PTE_A;
        log_page[BOTH] = PLAIN | PTE_A | PTE_D;
    }
    MEET();
    if (self == 1)
        walk_their_table();
    MEET();
    CHECK_EQ(log_page[NO_A], PLAIN);
    CHECK_EQ(log_page[NO_D], PLAIN | PTE_A);
}

/* ---- The end of one ---- */

static void the_other_goes(void)
{
    u64 end = read_time() + WAIT_TICKS;

    MEET();
    if (self == 1)
        return;
    while (doorbell_read(MAILBOX, DOORBELL_PEERS) != 1 && read_time() < end)
        doorbell_ring(MAILBOX, BIT(other));
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_PEERS), 1);
    for (u32 i = 0; i < 1000; i++)
        doorbell_ring(MAILBOX, BIT(other));
    CHECK_EQ(mailbox[SUM], 2 * ADDITIONS);
    CHECK_EQ(doorbell_read(MAILBOX, DOORBELL_PENDING), 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(the_tree_tells_of_both),
        CASE(doorbells_tell_who_we_are),
        CASE(it_begins_with_zeros),
        CASE(both_are_there),
        CASE(rings_interrupt_and_tell_who),
        CASE(additions_of_both_add_up),
        CASE(the_line_is_high_until_cleared),
        CASE(rings_of_nobody_are_ignored),
        CASE(a_ring_reaches_the_hart_that_listens),
        CASE(what_is_read_only_stays_as_it_is),
        CASE(nothing_is_executed_there),
        CASE(nothing_is_around_them),
        CASE(doorbells_take_whole_words),
        CASE(a_table_in_memory_that_is_read_only),
        CASE(the_other_goes),
    };
    char who[4];

    fdt_bootarg("who", who, sizeof(who));
    self = who[0] == 'b';
    other = !self;
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    return test_run("t_shared_memory", cases, ARRAY_SIZE(cases));
}
