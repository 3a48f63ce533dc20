#include "guest/lib/attack.h"
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/lives.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"

#define TICKS_PER_MS 10000u
#define LEASH        20000u /* 2 ms of `time` */

static struct {
    u32 seed, seconds, round;
    u64 dose, dose_ends;
    u32 ram_end;
    char only[24];
} run;

void attack_begin(const char *topic)
{
    lives_begin();
    run.seed = fdt_bootarg_number("seed", 1);
    run.seconds = fdt_bootarg_number("seconds", 2);
    run.dose = (u64)fdt_bootarg_number("dose", 50) * TICKS_PER_MS;
    run.ram_end = RAM_BASE + fdt_ram_size();
    fdt_bootarg("attack", run.only, sizeof(run.only));
    printf("%s: seed %u, life %u, %u s\n", topic, run.seed, lives_before(), run.seconds);
    test_begin(topic);
}

bool attack_next_round(void)
{
    if (run.seconds > 0 && lives_ticks() >= (u64)run.seconds * 1000 * TICKS_PER_MS)
        return false;
    run.round++;
    printf("seed %u, life %u, round %u\n", run.seed, lives_before(), run.round);
    random_seed(random_mix(random_mix(run.seed, lives_before()), run.round));
    return true;
}

void attack_start_dose(void)
{
    run.dose_ends = read_time() + run.dose;
}

bool attack_goes_on(void)
{
    return read_time() < run.dose_ends;
}

static bool is_wanted(const struct test_case *attack)
{
    return *run.only == 0 || strcmp(run.only, "all") == 0 || strcmp(run.only, attack->name) == 0;
}

int attack_rounds(const struct test_case *attacks, u32 count)
{
    while (attack_next_round()) {
        u32 seed = random_word();
        for (u32 i = 0; i < count; i++)
            if (is_wanted(&attacks[i])) {
                random_seed(random_mix(seed, i));
                attack_start_dose();
                test_one(&attacks[i]);
            }
    }
    return test_end();
}

static u32 interesting_value(void)
{
    static const u32 places[] = {PLAYGROUND,  RAM_BASE,      UART_BASE,  PLIC_BASE,
                                 RTC_BASE,    FINISHER_BASE, NOWHERE,    0,
                                 VIRTIO_BASE, PLAYGROUND,    0x7fffffff, 0xfffffff0};
    u32 word = random_word();

    switch (random_word() % 8) {
    case 0:
        return word % 16;
    case 1:
        return ~(word % 16);
    case 2:
        return BIT(word % 32);
    case 3:
        return run.ram_end - word % 32;
    case 4:
        return PLAYGROUND + (word % PLAYGROUND_SIZE & ~63u);
    case 5:
        return RANDOM_ONE_OF(places) + word % 32;
    case 6:
        return RANDOM_ONE_OF(places) >> PAGE_SHIFT;
    default:
        return word;
    }
}

u32 attack_value(void)
{
    u32 value = interesting_value();

    if (value >= (u32)image_start && value < (u32)image_end)
        value = PLAYGROUND + (value & (PLAYGROUND_SIZE - 1));
    return value;
}

static u32 compressed_access(void)
{
    static const u8 forms[] = {C_LW, C_FLW, C_FLD, C_SW, C_FSW, C_FSD};
    u32 form = RANDOM_ONE_OF(forms);

    if (random_word() % 2)
        return encode_c_register(form, 9, 8, 0);
    return form < C_FSD ? encode_c_load_sp(form, 9, 0) : encode_c_store_sp(form, 9, 0);
}

u32 attack_access(void)
{
    u32 funct3 = random_word() % 8, rd = random_word() % 32;

    switch (random_word() % 8) {
    case 0:
    case 1:
        return encode_i(OPCODE_LOAD, funct3, rd, 5, 0);
    case 2:
    case 3:
        return encode_s(OPCODE_STORE, funct3, 5, 10, 0);
    case 4:
        return encode_i(OPCODE_LOAD_FP, funct3, rd, 5, 0);
    case 5:
        return encode_s(OPCODE_STORE_FP, funct3, 5, 10, 0);
    case 6:
        return encode_r(OPCODE_AMO, random_word() % 4, random_word() % 128, rd, 5, 10);
    default:
        return compressed_access();
    }
}

void attack_prepare_access(struct insn_run *insn, u32 mode, u32 address, u32 data)
{
    insn_prepare(insn, mode);
    insn->frame.x[2] = insn->frame.x[5] = insn->frame.x[8] = address;
    insn->frame.x[9] = insn->frame.x[10] = data;
}

void attack_insn(struct insn_run *insn, u32 bits)
{
    insn_execute(insn, bits);
    if (!insn->completed && !(insn->frame.scause & CAUSE_INTERRUPT) && insn->frame.sepc != insn->pc)
        test_fail("%08x: stopped at %08x, cause %u", bits, insn->frame.sepc, insn->frame.scause);
}

void attack_leash(void)
{
    csr_write(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(read_time() + LEASH);
}

void attack_unleash(void)
{
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
}
