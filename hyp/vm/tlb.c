#include "hyp/vm/tlb.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/fence.h"
#include "hyp/core/hart.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/vm.h"

/* A fence of more pages than this flushes the whole address space: it is cheaper. */
#define FENCE_PAGES_MAX 32

static void take_vmid(struct hart *hart, struct vmid_tag *tag)
{
    if (hart->vmid_next >> features.vmid_bits) {
        hart->vmid_next = 0;
        hart->vmid_generation++;
        hfence_gvma_all();
    }
    tag->hart = hart;
    tag->generation = hart->vmid_generation;
    tag->vmid = hart->vmid_next++;
}

void tlb_enter(struct vcpu *vcpu)
{
    struct hart *hart = this_hart();
    struct vmid_tag *tag = &vcpu->tag;
    bool fresh = tag->hart != hart || tag->generation != hart->vmid_generation;

    if (fresh)
        take_vmid(hart, tag);
    csr_write(CSR_HGATP, HGATP_SV32X4 | tag->vmid << HGATP_VMID_SHIFT |
                             (u32)(vcpu->vm->stage2.root >> PAGE_SHIFT));
    if (!fresh)
        return;
    /* HFENCE.GVMA above need not flush what is cached of VS-stages alone, and HFENCE.VVMA works on
     * the VMID that hgatp holds: so this one is for whoever had the number before. */
    hfence_vvma_all();
    /* The vCPU is new here: what it, or we for it, stored to memory elsewhere, it may run now. */
    fence_i();
}

void tlb_forget(struct vcpu *vcpu)
{
    vcpu->tag.hart = NULL;
}

static bool is_everything(const struct sbi_fence *fence)
{
    return fence->size > FENCE_PAGES_MAX * PAGE_SIZE;
}

static void fence_pages(const struct sbi_fence *fence)
{
    gva_t page = ALIGN_DOWN(fence->start, PAGE_SIZE);
    u32 last = fence->start + (fence->size ? fence->size - 1 : 0);

    for (u32 count = (last - page) / PAGE_SIZE + 1; count; count--, page += PAGE_SIZE)
        if (fence->kind == FENCE_VMA_ASID)
            hfence_vvma_page_asid(page, fence->asid);
        else
            hfence_vvma_page(page);
}

void tlb_fence(const struct sbi_fence *fence)
{
    if (fence->kind == FENCE_I)
        fence_i();
    else if (!is_everything(fence))
        fence_pages(fence);
    else if (fence->kind == FENCE_VMA_ASID)
        hfence_vvma_asid(fence->asid);
    else
        hfence_vvma_all();
}

void tlb_page_mapped(const struct vcpu *vcpu, gpa_t gpa)
{
    hfence_gvma_page(gpa, vcpu->tag.vmid);
}

void tlb_shoot_down(const struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_request(vm->vcpus[i], REQUEST_TLB);
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_wait_outside(vm->vcpus[i], REQUEST_TLB);
}
