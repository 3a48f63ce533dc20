/*
 * What IPI, RFENCE and their legacy forms share: finding the harts of a mask, reading the range of
 * a fence, and delivering to each.
 *
 * A hart that is stopped is, in the words of the spec's "Hart list parameter", not available to
 * the supervisor: to name it in a mask is an error, and "all harts" leaves it out.
 */
#ifndef SBI_REMOTE_H
#define SBI_REMOTE_H

#include "hyp/sbi/sbi.h"

#define REMOTE_ALL_HARTS 0xffffffffu /* as hart_mask_base: the mask is ignored */

/*
 * Sends `fence`, or an IPI when it is NULL, to the harts hart_mask_base + i for which bit i of
 * hart_mask is set; returns when fences have been done. INVALID_PARAM when one of these harts is
 * absent or not online; nothing has been sent then. An empty mask is no error whatever its base.
 */
enum sbi_error remote_send(const struct sbi_call *call, u32 hart_mask, u32 hart_mask_base,
                           const struct sbi_fence *fence);

/*
 * The same with the mask of a legacy call: an array of words, one bit for each hart of the machine,
 * at guest virtual address `mask`; at 0, all harts. Old kernels set every bit without asking which
 * harts there are: bits of harts that are not online are passed over. Returns false when the array
 * could not be read: the trap has been injected.
 */
bool remote_send_legacy(const struct sbi_call *call, gva_t mask, const struct sbi_fence *fence);

/* Describe a fence. Return INVALID_ADDRESS, or INVALID_PARAM for a bad ASID, and write nothing. */
struct sbi_fence remote_fence_i(void);
enum sbi_error remote_fence_vma(gva_t start, u32 size, struct sbi_fence *fence);
enum sbi_error remote_fence_vma_asid(gva_t start, u32 size, u32 asid, struct sbi_fence *fence);

#endif
