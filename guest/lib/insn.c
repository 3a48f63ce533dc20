#include "guest/lib/insn.h"

#define C_EBREAK 0x9002u
#define ECALL    0x00000073u

void insn_prepare(struct insn_run *run, u32 mode)
{
    for (u32 i = 0; i < 32; i++)
        run->frame.x[i] = 0x51de0000u + i * 0x0101u;
    run->frame.x[0] = 0;
    run->frame.sstatus = SSTATUS_SPIE | SSTATUS_FS | mode;
}

/* Behind the instruction comes a breakpoint: its address says by how much pc was moved. */
static void fill_slot(u32 *slot, u32 bits)
{
    if ((bits & 3) == 3) {
        slot[0] = bits;
        slot[1] = EBREAK;
    } else {
        slot[0] = C_EBREAK << 16 | (bits & 0xffff);
        slot[1] = C_EBREAK << 16 | C_EBREAK;
    }
    __asm__ volatile("fence.i" : : : "memory");
}

void insn_execute(struct insn_run *run, u32 bits)
{
    struct trap_frame before = run->frame;
    u32 next = run->pc + ((bits & 3) == 3 ? 4 : 2);

    fill_slot(run->slot, bits);
    run->frame.sepc = run->pc;
    run_until_trap(&run->frame);

    run->completed = run->frame.scause == EXCEPTION_BREAKPOINT && run->frame.sepc == next;
    run->changed = 0;
    for (u32 i = 1; i < 32; i++)
        run->changed |= (u32)(run->frame.x[i] != before.x[i]) << i;
}

struct insn_run insn_sbi_call(u32 extension, u32 function, u32 a0, u32 a1)
{
    static u32 slot[2];
    struct insn_run run = {.slot = slot, .pc = (gva_t)slot};

    insn_prepare(&run, SSTATUS_SPP);
    run.frame.x[REG_A0] = a0;
    run.frame.x[REG_A1] = a1;
    run.frame.x[REG_A6] = function;
    run.frame.x[REG_A7] = extension;
    insn_execute(&run, ECALL);
    return run;
}
