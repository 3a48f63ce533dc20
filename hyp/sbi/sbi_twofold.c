/*
 * TWOFOLD: our own calls, by which a demo or test guest lets the hypervisor show or change what is
 * below it. Only for VMs whose description allows it; for all others there is no such extension.
 *
 *   0  walk   a0 = gVA, a1 = 'r', 'w' or 'x': print the two-stage walk for that access
 *   1  swap   a0, a1 = two page-aligned gPAs, their high words in a2, a3: exchange the host pages
 *   2  cause  a0, a1 as for walk, a2 = 1 as U-mode, 0 as S-mode: the exception that the access
 *             would raise, by our own walk; 0 for none. A guest-page fault counts as the access
 *             fault that guests get for it, also where a device or untouched RAM would answer.
 *   3  gpa    as 2: bits 33:2 of the gPA to which the access would go
 *   4  json   as walk, printed as one line of JSON
 *
 * INVALID_PARAM for another access or mode, INVALID_ADDRESS for a page that is not whole in the
 * guest's RAM or whose 4 MiB leaf cannot be split for want of memory, FAILED for a gPA that there
 * is not.
 */
#include "arch/u64.h"
#include "hyp/sbi/sbi.h"

enum {
    TWOFOLD_WALK = 0,
    TWOFOLD_SWAP = 1,
    TWOFOLD_CAUSE = 2,
    TWOFOLD_GPA = 3,
    TWOFOLD_JSON = 4,
};

static bool is_access(u32 access)
{
    return access == 'r' || access == 'w' || access == 'x';
}

static enum sbi_error walk(const struct sbi_call *call, gva_t address, u32 access)
{
    if (!is_access(access))
        return SBI_ERR_INVALID_PARAM;
    call->env->debug_walk(call->vcpu, address, access, call->function == TWOFOLD_JSON);
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

static enum sbi_error translate(const struct sbi_call *call, struct sbi_result *result)
{
    const u32 *arg = call->arg;
    u32 cause;
    gpa_t gpa;

    if (!is_access(arg[1]) || arg[2] > 1)
        return SBI_ERR_INVALID_PARAM;
    cause = call->env->debug_translate(call->vcpu, arg[0], arg[1], arg[2], &gpa);
    if (call->function == TWOFOLD_GPA && cause)
        return SBI_ERR_FAILED;
    result->value = call->function == TWOFOLD_GPA ? (u32)(gpa >> 2) : cause;
    return SBI_SUCCESS;
}

enum sbi_outcome sbi_twofold(const struct sbi_call *call, struct sbi_result *result)
{
    const u32 *arg = call->arg;

    if (!call->env->debug_allowed(call->vcpu))
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    switch (call->function) {
    case TWOFOLD_WALK:
    case TWOFOLD_JSON:
        return sbi_return(result, walk(call, arg[0], arg[1]));
    case TWOFOLD_SWAP:
        return sbi_return(result, swap(call, u64_join(arg[0], arg[2]), u64_join(arg[1], arg[3])));
    case TWOFOLD_CAUSE:
    case TWOFOLD_GPA:
        return sbi_return(result, translate(call, result));
    default:
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    }
}
