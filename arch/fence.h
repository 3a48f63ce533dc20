/*
 * Fences of this hart's address translation (privileged spec, "Hypervisor Memory-Management Fence
 * Instructions"). By encoding: not every assembler knows H.
 *
 *   sfence_vma     the hypervisor's own translations
 *   hfence_vvma    VS-stage entries of the VMID that hgatp holds now
 *   hfence_gvma    G-stage entries, of all VMIDs or of one; an address goes in shifted right by 2
 */
#ifndef ARCH_FENCE_H
#define ARCH_FENCE_H

#include "arch/types.h"

static inline void sfence_vma_all(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

static inline void sfence_vma_page(const void *va)
{
    __asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}

static inline void hfence_vvma_all(void)
{
    __asm__ volatile(".insn r 0x73, 0, 0x11, x0, x0, x0" ::: "memory");
}

/* One page, every ASID. */
static inline void hfence_vvma_page(gva_t va)
{
    __asm__ volatile(".insn r 0x73, 0, 0x11, x0, %0, x0" ::"r"(va) : "memory");
}

/* One ASID, every page. Not for x0: an ASID in a register, 0 included, is that ASID only. */
static inline void hfence_vvma_asid(u32 asid)
{
    __asm__ volatile(".insn r 0x73, 0, 0x11, x0, x0, %0" ::"r"(asid) : "memory");
}

static inline void hfence_vvma_page_asid(gva_t va, u32 asid)
{
    __asm__ volatile(".insn r 0x73, 0, 0x11, x0, %0, %1" ::"r"(va), "r"(asid) : "memory");
}

static inline void hfence_gvma_all(void)
{
    __asm__ volatile(".insn r 0x73, 0, 0x31, x0, x0, x0" ::: "memory");
}

/* One guest physical page of one VMID; the instruction takes gPA >> 2. */
static inline void hfence_gvma_page(gpa_t gpa, u32 vmid)
{
    __asm__ volatile(".insn r 0x73, 0, 0x31, x0, %0, %1" ::"r"((u32)(gpa >> 2)), "r"(vmid)
                     : "memory");
}

static inline void fence_i(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}

/* What was read and written before is done before what is written after: for giving up a flag. */
static inline void fence_release(void)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Orders all memory accesses, so that what another hart does next is seen next. */
static inline void fence_full(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
