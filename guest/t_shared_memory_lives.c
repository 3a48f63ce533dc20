/*
 * Memory that VMs share, over their lives. What a copy does is in its bootargs, `do=`:
 *
 *   fill     fills the region with a pattern, then powers off
 *   look     finds nothing but zeros in it
 *   ring     rings everybody, all the time, until `come` is done; then finds what `come` left
 *   come     lives many short lives, by resets, with its doorbell ringing while it begins and ends
 *   answer   hears a ring, answers with the complement of what is in word 0, until that is 0
 */
#include "guest/lib/boot.h"
#include "guest/lib/doorbell.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"

#define PATTERN    0xa5a5a5a5u
#define LIVES      12u
#define RINGS      10u
#define WAIT_TICKS (60u * 10000000u)

enum { ASKED, ANSWERED, LIVED, DONE };

static volatile u32 *const region = (volatile u32 *)SHARED_BASE;

static u32 words(void)
{
    return doorbell_read(0, DOORBELL_REGION) / 4;
}

static void fill(void)
{
    for (u32 i = 0, count = words(); i < count; i++)
        region[i] = PATTERN;
    CHECK_EQ(region[words() - 1], PATTERN);
}

static void look(void)
{
    for (u32 i = 0, count = words(); i < count; i++)
        CHECK_EQ(region[i], 0);
}

static void ring(void)
{
    u64 end = read_time() + WAIT_TICKS;

    while (!region[DONE] && read_time() < end)
        doorbell_ring(0, ~BIT(doorbell_read(0, DOORBELL_ID)));
    CHECK_EQ(region[LIVED], LIVES); /* the region outlived them all */
}

static volatile u32 rings;

static void on_external(void)
{
    u32 context = plic_context(boot.hart), source = plic_claim(context);

    doorbell_answer(0);
    plic_complete(context, source);
    rings++;
}

static void listen(void)
{
    doorbell_enable(0, boot.hart);
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
}

/* Every life begins with a doorbell that does not interrupt, and ends while it does. */
static void come(void)
{
    u64 end = read_time() + WAIT_TICKS;

    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_EXTERNAL), 0);
    CHECK_EQ(plic_claim(plic_context(boot.hart)), 0);
    listen();
    interrupts_on();
    while (rings < RINGS && read_time() < end)
        continue;
    CHECK(rings >= RINGS, "only %u rings came", rings);
    if (++region[LIVED] < LIVES)
        sbi_system_reset(SBI_COLD_REBOOT, 0);
    interrupts_off();
    region[DONE] = 1;
}

static void answer(void)
{
    listen();
    printf("t_shared_memory_lives: listening\n");
    for (;;) {
        rings = 0;
        while (!rings) {
            wait_for_interrupt();
            interrupts_on();
            interrupts_off();
        }
        printf("t_shared_memory_lives: asked 0x%x\n", region[ASKED]);
        region[ANSWERED] = ~region[ASKED];
        doorbell_ring(0, ~BIT(doorbell_read(0, DOORBELL_ID)));
        if (!region[ASKED])
            return;
    }
}

int main(void)
{
    static const struct test_case roles[] = {
        CASE(fill), CASE(look), CASE(ring), CASE(come), CASE(answer),
    };
    char role[8];

    fdt_bootarg("do", role, sizeof(role));
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    for (u32 i = 0; i < ARRAY_SIZE(roles); i++)
        if (strcmp(role, roles[i].name) == 0)
            return test_run("t_shared_memory_lives", &roles[i], 1);
    printf("t_shared_memory_lives: do=%s is no role\n", role);
    return 1;
}
