#include "guest/lib/user.h"

bool user_map_text(pte_t *root)
{
    for (u32 offset = 0; offset < (u32)(user_end - user_start); offset += PAGE_SIZE)
        if (!sv32_map(root, (u32)user_start + offset, (u32)user_load + offset, SV32_4K,
                      PTE_USER_RX))
            return false;
    return true;
}

struct trap_frame user_frame(gva_t entry, gva_t stack, u32 argument)
{
    struct trap_frame frame = {.sepc = entry, .sstatus = SSTATUS_SPIE | SSTATUS_SUM};

    frame.x[REG_SP] = stack;
    frame.x[REG_A0] = argument;
    return frame;
}
