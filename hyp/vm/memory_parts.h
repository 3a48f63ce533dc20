/* Between the files that make up memory.h. */
#ifndef VM_MEMORY_PARTS_H
#define VM_MEMORY_PARTS_H

#include "hyp/vm/memory.h"

struct stage2_leaf;
struct vcpu;

/* The most that a step does. */
#define MEMORY_STEP_BYTES KIB(256)
#define MEMORY_STEP_PAGES 64

/* RAM that is there from the start: maps it (false: no memory, and memory_free_step is due), clears
 * it, gives it back with the list of its chunks, which takes 4 KiB << order. Progress: parts. */
bool memory_map_chunks(struct vm *vm);
bool memory_clear_chunks_step(struct vm *vm, u32 *progress);
bool memory_free_chunks_step(struct vm *vm, u32 *progress);
u32 memory_chunk_list_order(const struct vm *vm);

/* The same for RAM that is where it is on the host. It is told why it cannot be mapped. */
bool memory_map_run(struct vm *vm);
bool memory_clear_run_step(struct vm *vm, u32 *progress);
bool memory_free_run_step(struct vm *vm, u32 *progress);

/* The memory lock is held. From now on the pages of the chunk of `gpa`, if it is in one, are kept
 * in stage 2 alone. */
void memory_split_chunk(struct vm *vm, gpa_t gpa);

/* Unmaps a page that is mapped in stage 2 by itself, and frees it if it is the VM's own. Nothing of
 * the VM runs. */
void memory_drop_page(struct vm *vm, gpa_t page, const struct stage2_leaf *leaf);

/* Has an image that is shared bytes in the page, so that this is more than zeros at power-on? */
bool memory_has_image(const struct vm *vm, gpa_t page);

/* Takes the memory lock and gives it up. Whoever has it may wait until all vCPUs are outside, so
 * one that waits for it is. */
struct vcpu *memory_lock(struct vm *vm);
void memory_unlock(struct vm *vm, struct vcpu *waited);

/* memory_touch of a page of RAM by its address, with the memory lock held; silent. */
enum memory_touched memory_touch_page(struct vm *vm, gpa_t page, bool write);

#endif
