/*
 * Images that VMs share: of each, the host keeps one copy in whole pages, as the RAM of a VM has
 * them before anybody has written there; what the image does not cover of its first and last page
 * is zero. Pages are made when they are first asked for and kept while a VM uses the image.
 *
 * Two pieces have the same image when their bytes are equal and lie equally within their pages. A
 * file that the bundle has once is known by its address; one that it has twice, by comparison.
 */
#ifndef VM_SHARED_IMAGE_H
#define VM_SHARED_IMAGE_H

#include "arch/types.h"
#include "hyp/vm/memory_piece.h"

struct shared_image;

/* How far a search has come. All zero: not begun. */
struct shared_search {
    u32 serial;   /* of the image that the bytes are compared with */
    u32 compared; /* bytes that were equal so far                  */
};

enum shared_found { SHARED_SEARCHING, SHARED_FOUND, SHARED_NO_MEMORY };

/*
 * Finds the image of the piece, or makes it. A step compares at most 256 KiB. When it is found,
 * `*image` is one that the caller uses and gives back by shared_image_release_step. Any hart.
 */
enum shared_found shared_image_find_step(const struct piece *piece, struct shared_search *search,
                                         struct shared_image **image);

/*
 * Ends the caller's use of an image, whose pages nothing of the caller's maps any more. The last
 * user frees them, at most 64 at a step; true when done. Any hart.
 */
bool shared_image_release_step(struct shared_image *image);

/* The host page behind page `index` of the image, which the caller uses. PAGE_NONE: no memory. Any
 * hart; VM memory locks may be held. */
hpa_t shared_image_page(struct shared_image *image, u32 index);

/* The host's 4 KiB pages in shared images, their records included. */
u32 shared_image_pages(void);

#endif
