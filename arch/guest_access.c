#include "arch/guest_access.h"

#include "arch/csr.h"

/* The hypervisor load given by funct7 and rs2, at `address`; 0 in `ok` when it trapped. */
#define GUARDED_LOAD(funct7, rs2, ok, value, address)                    \
    __asm__ volatile("   li %0, 0\n"                                     \
                     "   li %1, 0\n"                                     \
                     "1: .insn r 0x73, 4, " funct7 ", %1, %2, " rs2 "\n" \
                     "   li %0, 1\n"                                     \
                     "2:\n" GUARD_1_TO_2                                 \
                     : "=&r"(ok), "=&r"(value)                           \
                     : "r"(address)                                      \
                     : "t0", "memory")

/* The guest's mode, which a guarded trap overwrites and which its next entry needs. */
struct guest_mode {
    u32 sstatus, hstatus;
};

static struct guest_mode save_mode(void)
{
    return (struct guest_mode){csr_read(CSR_SSTATUS), csr_read(CSR_HSTATUS)};
}

static void report(const struct guest_mode *mode, struct guarded_trap *trap)
{
    *trap = own_trap_area()->guarded;
    csr_write(CSR_SSTATUS, mode->sstatus);
    csr_write(CSR_HSTATUS, mode->hstatus);
}

/* HLVX faults may come as load faults: what was asked for is a fetch. */
static u32 fetch_cause(u32 cause)
{
    switch (cause) {
    case CAUSE_LOAD_PAGE:
        return CAUSE_FETCH_PAGE;
    case CAUSE_LOAD_GUEST_PAGE:
        return CAUSE_FETCH_GUEST_PAGE;
    case CAUSE_LOAD_ACCESS:
        return CAUSE_FETCH_ACCESS;
    default:
        return cause;
    }
}

static bool fetch_half(gva_t pc, u32 *bits, struct guarded_trap *trap)
{
    struct guest_mode mode = save_mode();
    u32 ok;

    GUARDED_LOAD("0x32", "x3", ok, *bits, pc); /* hlvx.hu */
    if (ok)
        return true;
    report(&mode, trap);
    trap->cause = fetch_cause(trap->cause);
    return false;
}

bool guest_fetch(gva_t pc, u32 *bits, struct guarded_trap *trap)
{
    u32 high = 0;

    if (!fetch_half(pc, bits, trap))
        return false;
    if ((*bits & 3) == 3 && !fetch_half(pc + 2, &high, trap))
        return false;
    *bits |= high << 16;
    return true;
}

bool guest_load_code(gva_t address, u32 *value, struct guarded_trap *trap)
{
    struct guest_mode mode = save_mode();
    u32 ok;

    GUARDED_LOAD("0x34", "x3", ok, *value, address); /* hlvx.wu */
    if (ok)
        return true;
    report(&mode, trap);
    trap->cause = fetch_cause(trap->cause);
    return false;
}

bool guest_load_byte(gva_t address, u8 *value, struct guarded_trap *trap)
{
    struct guest_mode mode = save_mode();
    u32 ok, byte;

    GUARDED_LOAD("0x30", "x1", ok, byte, address); /* hlv.bu */
    *value = (u8)byte;
    if (!ok)
        report(&mode, trap);
    return ok != 0;
}

bool guest_load_word(gva_t address, u32 *value, struct guarded_trap *trap)
{
    struct guest_mode mode = save_mode();
    u32 ok;

    GUARDED_LOAD("0x34", "x0", ok, *value, address); /* hlv.w */
    if (!ok)
        report(&mode, trap);
    return ok != 0;
}

bool guest_store_word(gva_t address, u32 value, struct guarded_trap *trap)
{
    struct guest_mode mode = save_mode();
    u32 ok;

    __asm__ volatile("   li %0, 0\n"
                     "1: .insn r 0x73, 4, 0x35, x0, %1, %2\n" /* hsv.w */
                     "   li %0, 1\n"
                     "2:\n" GUARD_1_TO_2
                     : "=&r"(ok)
                     : "r"(address), "r"(value)
                     : "t0", "memory");
    if (!ok)
        report(&mode, trap);
    return ok != 0;
}
