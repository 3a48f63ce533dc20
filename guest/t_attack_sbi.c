/*
 * An attack by calls: everything that can be asked of the SBI, with arguments of every kind. Calls
 * that would end this guest, as they should, are left out. See guest/lib/attack.h for its bootargs.
 */
#include "guest/lib/attack.h"
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/uart.h"

#define SBI_EXT_SUSP 0x53555350u
#define SBI_EXT_NACL 0x4e41434cu
#define SBI_EXT_CPPC 0x43505043u
#define SBI_EXT_SSE  0x535345u
#define SBI_EXT_FWFT 0x46574654u

#define SUSPEND_RETENTIVE     0u
#define SUSPEND_NON_RETENTIVE 0x80000000u

#define FLOOD_LINES 20u

extern char start_secondary[];

/* ---- Any call with any arguments. ---- */

static u32 random_extension(void)
{
    static const u32 known[] = {
        SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_IPI,  SBI_EXT_RFENCE, SBI_EXT_RFENCE, SBI_EXT_HSM,
        SBI_EXT_SRST, SBI_EXT_DBCN, SBI_EXT_SUSP, SBI_EXT_NACL,   SBI_EXT_STA,    SBI_EXT_PMU,
        SBI_EXT_PMU,  SBI_EXT_CPPC, SBI_EXT_SSE,  SBI_EXT_FWFT,   SBI_EXT_TWOFOLD};

    switch (random_word() % 8) {
    case 0:
        return random_word() % 16; /* legacy, and what nearly is */
    case 1:
        return random_word();
    case 2:
        return RANDOM_ONE_OF(known) ^ BIT(random_word() % 32);
    default:
        return RANDOM_ONE_OF(known);
    }
}

/* Would it end this guest, or this hart, or fill the console? Others do that. */
static bool is_spared(u32 extension, u32 function, const u32 *argument)
{
    switch (extension) {
    case LEGACY_SHUTDOWN:
    case LEGACY_PUTCHAR:
        return true;
    case SBI_EXT_SRST:
        return function == 0 && argument[0] <= SBI_WARM_REBOOT;
    case SBI_EXT_HSM:
        return function != HSM_STATUS;
    case SBI_EXT_DBCN:
        return function == DBCN_WRITE_BYTE || (function == DBCN_WRITE && argument[0] > 16);
    default:
        return false;
    }
}

static void calls(void)
{
    u32 argument[5];

    csr_write(sie, 0);
    trap_arm(); /* legacy calls fault where their masks are not */
    while (attack_goes_on()) {
        u32 extension = random_extension();
        u32 function = random_word() % 8 ? random_word() % 20 : random_word();
        for (u32 i = 0; i < ARRAY_SIZE(argument); i++)
            argument[i] = attack_value();
        if (!is_spared(extension, function, argument))
            sbi_call(extension, function, argument[0], argument[1], argument[2], argument[3],
                     argument[4]);
    }
    trap_disarm();
    sbi_set_timer(~0ull);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    CHECK_EQ(sbi_hart_status(boot.hart).value, HART_STARTED);
}

/* ---- Fences of every range to harts that are busy with theirs. ---- */

static void fence(u32 *state)
{
    u32 mask = random_next(state), base = mask % 3 ? mask % 9 : SBI_ALL_HARTS;
    u32 start = random_next(state) << (mask % 32), size = random_next(state) >> (mask / 32 % 32);
    u32 function = random_next(state) % 8;

    sbi_call(SBI_EXT_RFENCE, function, mask, base, start, mask & 64 ? size : ~size, mask % 512);
    if (mask & 128)
        sbi_legacy(LEGACY_FENCE_I + function % 3, 0, start, size, mask);
}

static void fence_until_quit(void)
{
    u32 id = this_hart()->id, state = random_mix(id, crew_quit + 1);

    crew_alive[id] = 1;
    while (!crew_quit)
        fence(&state);
}

static void fences(void)
{
    u32 state = random_word() | 1;

    if (!crew_start(fence_until_quit))
        return;
    while (attack_goes_on())
        fence(&state);
    crew_stop();
}

/* ---- Harts that start, suspend and stop as fast as they can. ---- */

static volatile u32 comings[MAX_HARTS];

static void come_back(void)
{
    comings[this_hart()->id]++;
}

/* What a hart does with its short life is up to the number of it. */
static void short_life(void)
{
    u32 id = this_hart()->id, life = ++comings[id];

    csr_write(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(life % 2 ? 0 : read_time() + life % 500);
    if (life % 3 == 0)
        sbi_call(SBI_EXT_HSM, HSM_SUSPEND, SUSPEND_RETENTIVE, 0, 0, 0, 0);
    if (life % 3 == 1)
        sbi_call(SBI_EXT_HSM, HSM_SUSPEND, SUSPEND_NON_RETENTIVE, (u32)start_secondary,
                 (u32)come_back, 0, 0);
    hart_start((id + 1) % MAX_HARTS, short_life);
}

static void harts(void)
{
    u32 count = hart_count(), before = 0, after = 0;

    NEED_TWO_HARTS();
    for (u32 hart = 0; hart < count; hart++)
        before += comings[hart];
    while (attack_goes_on())
        if (hart_start(random_word() % (count + 1), short_life) != SBI_SUCCESS)
            sbi_hart_status(random_word() % 16);
    for (u32 hart = 0; hart < count; hart++)
        CHECK(hart == boot.hart || hart_wait_state(hart, HART_STOPPED), "hart %u does not stop",
              hart);
    for (u32 hart = 0; hart < count; hart++)
        after += comings[hart];
    CHECK(after > before, "none of them ever came up");
}

/* ---- The console, for a moment: it is everyone's. ---- */

static void flood(void)
{
    static const char line[] = "flood! flood! flood! flood! flood! flood! flood! flood! flood!\n";

    for (u32 i = 0; i < FLOOD_LINES && attack_goes_on(); i++) {
        console_write(line, sizeof(line) - 1);
        for (u32 j = 0; j < sizeof(line) - 1; j++)
            if (i % 2)
                write8(UART_THR, (u8)line[j]);
            else
                sbi_legacy(LEGACY_PUTCHAR, (u8)line[j], 0, 0, 0);
    }
}

int main(void)
{
    static const struct test_case attacks[] = {CASE(calls), CASE(fences), CASE(harts), CASE(flood)};

    attack_begin("t_attack_sbi");
    return attack_rounds(attacks, ARRAY_SIZE(attacks));
}
