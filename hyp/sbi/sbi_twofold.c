/*
 * TWOFOLD: our own calls, by which a demo or test guest lets the hypervisor show or change what is
 * below it. Only for VMs whose description allows it; for all others there is no such extension.
 *
 *   0  walk   a0 = gVA, a1 = 'r', 'w' or 'x': print the two-stage walk for that access
 *   1  swap   a0, a1 = two page-aligned gPAs, their high words in a2, a3: exchange the host pages
 *
 * INVALID_PARAM for another access, INVALID_ADDRESS for a page that is not whole in the guest's RAM
 * or whose 4 MiB leaf cannot be split for want of memory.
 */
#include "arch/u64.h"
#include "hyp/sbi/sbi.h"

enum {
    TWOFOLD_WALK = 0,
    TWOFOLD_SWAP = 1,
};

static enum sbi_error walk(const struct sbi_call *call, gva_t address, u32 access)
{
    if (access != 'r' && access != 'w' && access != 'x')
        return SBI_ERR_INVALID_PARAM;
    call->env->debug_walk(call->vcpu, address, access);
    return SBI_SUCCESS;
}

static bool is_page(const struct sbi_call *call, gpa_t page)
{
    return IS_ALIGNED(page, PAGE_SIZE) && sbi_is_ram(call, page, PAGE_SIZE);
}

static enum sbi_error swap(const struct sbi_call *call, gpa_t a, gpa_t b)
{
    if (!is_page(call, a) || !is_page(call, b))
        return SBI_ERR_INVALID_ADDRESS;
    return call->env->debug_swap(call->vcpu, a, b) ? SBI_SUCCESS : SBI_ERR_INVALID_ADDRESS;
}

enum sbi_outcome sbi_twofold(const struct sbi_call *call, struct sbi_result *result)
{
    const u32 *arg = call->arg;

    if (!call->env->debug_allowed(call->vcpu))
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    switch (call->function) {
    case TWOFOLD_WALK:
        return sbi_return(result, walk(call, arg[0], arg[1]));
    case TWOFOLD_SWAP:
        return sbi_return(result, swap(call, u64_join(arg[0], arg[2]), u64_join(arg[1], arg[3])));
    default:
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    }
}
