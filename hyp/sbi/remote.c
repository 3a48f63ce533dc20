#include "hyp/sbi/remote.h"

#define MASK_BITS 32u
#define ASID_BITS 9u /* of satp on RV32 */

/* Which of the 32 harts from `base` up exist and are online; bit 0 is `base`. */
static u32 online_harts(const struct sbi_call *call, u32 base)
{
    u32 count = call->env->hart_count(call->vcpu);
    u32 mask = 0;

    if (base >= count)
        return 0;
    count -= base;
    for (u32 i = 0; i < MASK_BITS && i < count; i++) {
        if (call->env->hart_is_online(call->vcpu, base + i))
            mask |= BIT(i);
    }
    return mask;
}

/* Delivers to each hart of a mask in which only harts that are online have their bit set. */
static void deliver(const struct sbi_call *call, u32 mask, u32 base, const struct sbi_fence *fence)
{
    for (u32 hart = base; mask; hart++, mask >>= 1) {
        if (!(mask & 1))
            continue;
        if (!fence)
            call->env->send_ipi(call->vcpu, hart);
        else if (fence->size)
            call->env->fence_post(call->vcpu, hart, fence);
    }
}

static void deliver_to_all(const struct sbi_call *call, const struct sbi_fence *fence)
{
    u32 count = call->env->hart_count(call->vcpu);

    for (u32 base = 0; base < count; base += MASK_BITS)
        deliver(call, online_harts(call, base), base, fence);
}

static void wait_for_fences(const struct sbi_call *call, const struct sbi_fence *fence)
{
    if (fence)
        call->env->fence_wait(call->vcpu);
}

enum sbi_error remote_send(const struct sbi_call *call, u32 hart_mask, u32 hart_mask_base,
                           const struct sbi_fence *fence)
{
    if (hart_mask_base == REMOTE_ALL_HARTS) {
        deliver_to_all(call, fence);
    } else {
        if (hart_mask & ~online_harts(call, hart_mask_base))
            return SBI_ERR_INVALID_PARAM;
        deliver(call, hart_mask, hart_mask_base, fence);
    }
    wait_for_fences(call, fence);
    return SBI_SUCCESS;
}

/*
 * Reads and serves one word after the other. When a later word faults, the harts of the earlier
 * ones are served again as the guest repeats its ecall: an IPI or a fence twice is as good as once.
 */
static bool deliver_legacy_mask(const struct sbi_call *call, gva_t mask,
                                const struct sbi_fence *fence)
{
    u32 count = call->env->hart_count(call->vcpu);
    u32 word;

    for (u32 base = 0; base < count; base += MASK_BITS) {
        if (!call->env->read_guest_word(call->vcpu, mask + base / 8, &word))
            return false;
        deliver(call, word & online_harts(call, base), base, fence);
    }
    return true;
}

bool remote_send_legacy(const struct sbi_call *call, gva_t mask, const struct sbi_fence *fence)
{
    bool readable = true;

    if (mask)
        readable = deliver_legacy_mask(call, mask, fence);
    else
        deliver_to_all(call, fence);
    wait_for_fences(call, fence);
    return readable;
}

struct sbi_fence remote_fence_i(void)
{
    return (struct sbi_fence){.kind = FENCE_I, .size = SBI_FENCE_ALL};
}

/* "RFENCE Extension": 0 from 0 on means everything, and so does a size of 2^XLEN - 1. */
static bool is_whole_space(gva_t start, u32 size)
{
    return size == SBI_FENCE_ALL || (size == 0 && start == 0);
}

enum sbi_error remote_fence_vma(gva_t start, u32 size, struct sbi_fence *fence)
{
    u64 first = ALIGN_DOWN(start, PAGE_SIZE);
    u64 end = (u64)start + size;

    if (is_whole_space(start, size)) {
        *fence = (struct sbi_fence){.kind = FENCE_VMA, .size = SBI_FENCE_ALL};
        return SBI_SUCCESS;
    }
    if (end > GIB(4))
        return SBI_ERR_INVALID_ADDRESS;
    /* No bytes from somewhere else on are no pages, not the page that `start` is in. */
    end = size ? ALIGN_UP(end, PAGE_SIZE) : first;
    size = end - first == GIB(4) ? SBI_FENCE_ALL : (u32)(end - first);
    *fence = (struct sbi_fence){.kind = FENCE_VMA, .start = (gva_t)first, .size = size};
    return SBI_SUCCESS;
}

enum sbi_error remote_fence_vma_asid(gva_t start, u32 size, u32 asid, struct sbi_fence *fence)
{
    if (asid >> ASID_BITS)
        return SBI_ERR_INVALID_PARAM;

    enum sbi_error error = remote_fence_vma(start, size, fence);
    if (error == SBI_SUCCESS) {
        fence->kind = FENCE_VMA_ASID;
        fence->asid = asid;
    }
    return error;
}
