/* The pieces of images that a VM's RAM has at the start: copied there, or shared. */
#include "hyp/core/printk.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/vm.h"

bool memory_add_piece(struct vm *vm, const struct piece *piece)
{
    if (vm->memory.piece_count == MEMORY_PIECES)
        return false;
    vm->memory.pieces[vm->memory.piece_count++] = (struct memory_piece){.piece = *piece};
    return true;
}

static enum memory_load copy_step(struct vm *vm, struct memory_piece *piece)
{
    const struct piece *bytes = &piece->piece;
    u32 count = bytes->size - piece->loaded;

    if (count > MEMORY_STEP_BYTES)
        count = MEMORY_STEP_BYTES;
    if (!memory_write(vm, bytes->gpa + piece->loaded, bytes->data + piece->loaded, count))
        return MEMORY_LOAD_FAILED;
    piece->loaded += count;
    return piece->loaded == bytes->size ? MEMORY_LOADED : MEMORY_LOADING;
}

/* Pages are mapped when they are touched; here only the image is found that has them. */
static enum memory_load share_step(struct vm *vm, struct memory_piece *piece)
{
    if (piece->image)
        return MEMORY_LOADED; /* in an earlier life */
    switch (shared_image_find_step(&piece->piece, &vm->memory.search, &piece->image)) {
    case SHARED_SEARCHING:
        return MEMORY_LOADING;
    case SHARED_FOUND:
        vm->memory.search = (struct shared_search){0};
        return MEMORY_LOADED;
    case SHARED_NO_MEMORY:
        break;
    }
    complain(vm->config.name, "no host memory for the record of a shared image of %u KiB",
             piece->piece.size / 1024);
    return MEMORY_LOAD_FAILED;
}

enum memory_load memory_load_step(struct vm *vm, u32 *progress)
{
    struct memory_piece *piece = &vm->memory.pieces[*progress];
    enum memory_load result;

    if (*progress == vm->memory.piece_count)
        return MEMORY_LOADED;
    result = vm->config.shared ? share_step(vm, piece) : copy_step(vm, piece);
    if (result != MEMORY_LOADED)
        return result;
    ++*progress;
    return MEMORY_LOADING;
}
