#include "hyp/vm/shared_image.h"

#include "hyp/core/lock.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/string.h"

/* The most that a step compares, and the most that it frees. */
#define STEP_BYTES KIB(256)
#define STEP_PAGES 64

#define NO_FRAME 0xffffffffu

struct shared_image {
    struct shared_image *next;
    struct piece piece; /* as it lies in an address space that begins with the image */
    u32 serial;         /* no other image ever has the same                          */
    u32 users;          /* 0: is off the list and being freed                        */
    u32 order;          /* of the block that holds this record                       */
    struct spinlock lock;
    u32 frame_count; /* while it is being freed: those that may have a page yet   */
    u32 frames[];    /* of the pages, NO_FRAME until made; under the lock         */
};

/* All images, the oldest first: so a search that goes on from a serial misses none. */
static struct {
    struct spinlock lock;
    struct shared_image *first;
    u32 next_serial;
    u32 pages; /* atomic */
} images;

static void count_pages(u32 change)
{
    __atomic_add_fetch(&images.pages, change, __ATOMIC_RELAXED);
}

u32 shared_image_pages(void)
{
    return __atomic_load_n(&images.pages, __ATOMIC_RELAXED);
}

/* The piece as its image has it: at its offset within the first page. */
static struct piece rebased(const struct piece *piece)
{
    return (struct piece){piece->data, piece->gpa & (PAGE_SIZE - 1), piece->size};
}

static u32 record_order(u32 frame_count)
{
    u64 size = sizeof(struct shared_image) + (u64)frame_count * sizeof(u32);
    u32 order = 0;

    while ((u64)PAGE_SIZE << order < size)
        order++;
    return order;
}

/* The list lock is held; `end` is the list's, where the search has found nothing. */
static struct shared_image *create(struct shared_image **end, const struct piece *piece)
{
    u32 frame_count = (u32)((piece->gpa + piece->size + PAGE_SIZE - 1) / PAGE_SIZE);
    u32 order = record_order(frame_count);
    struct shared_image *image = page_alloc_ptr(order);

    if (!image)
        return NULL;
    image->piece = *piece;
    image->serial = images.next_serial++;
    image->order = order;
    image->frame_count = frame_count;
    for (u32 i = 0; i < frame_count; i++)
        image->frames[i] = NO_FRAME;
    count_pages(BIT(order));
    *end = image;
    return image;
}

static bool is_alike(const struct shared_image *image, const struct piece *piece)
{
    return image->piece.size == piece->size && image->piece.gpa == piece->gpa;
}

/* The list lock is held. The first image from the search's on that may be the one, or a new one
 * where none can be. NULL: no memory. */
static struct shared_image *candidate(const struct piece *piece, struct shared_search *search)
{
    struct shared_image **at = &images.first;
    struct shared_image *image;

    while (*at && !((*at)->serial >= search->serial && is_alike(*at, piece)))
        at = &(*at)->next;
    image = *at ? *at : create(at, piece);
    if (image && image->serial != search->serial)
        *search = (struct shared_search){.serial = image->serial};
    return image;
}

/* Compares a step's worth of the candidate's bytes, which outlive it. */
static void compare(const u8 *data, const struct piece *piece, struct shared_search *search)
{
    u32 count = piece->size - search->compared;

    if (count > STEP_BYTES)
        count = STEP_BYTES;
    if (memcmp(data + search->compared, piece->data + search->compared, count))
        *search = (struct shared_search){.serial = search->serial + 1};
    else
        search->compared += count;
}

enum shared_found shared_image_find_step(const struct piece *piece, struct shared_search *search,
                                         struct shared_image **found)
{
    struct piece wanted = rebased(piece);
    struct shared_image *image;
    const u8 *data = NULL;
    bool known = false;

    spin_lock(&images.lock);
    image = candidate(&wanted, search);
    if (image) {
        data = image->piece.data;
        known = data == piece->data || search->compared == piece->size;
        image->users += known;
    }
    spin_unlock(&images.lock);
    if (!image)
        return SHARED_NO_MEMORY;
    if (!known) {
        compare(data, piece, search);
        return SHARED_SEARCHING;
    }
    *found = image;
    return SHARED_FOUND;
}

/* Counts a user less; with the last one the image leaves the list, and its end is the caller's. */
static bool has_other_users(struct shared_image *image)
{
    bool others;

    spin_lock(&images.lock);
    others = image->users > 1;
    if (image->users && !--image->users) {
        struct shared_image **at = &images.first;

        while (*at != image)
            at = &(*at)->next;
        *at = image->next;
    }
    spin_unlock(&images.lock);
    return others;
}

bool shared_image_release_step(struct shared_image *image)
{
    u32 freed = 0;

    if (has_other_users(image))
        return true;
    while (image->frame_count && freed < STEP_PAGES) {
        u32 frame = image->frames[--image->frame_count];

        if (frame == NO_FRAME)
            continue;
        page_free((hpa_t)frame << PAGE_SHIFT, 0);
        freed++;
    }
    count_pages(0 - freed);
    if (image->frame_count)
        return false;
    count_pages(0 - BIT(image->order));
    page_free_ptr(image, image->order);
    return true;
}

/* The image's lock is held. */
static void make_page(struct shared_image *image, u32 index)
{
    hpa_t page = page_alloc(0, ZONE_ANY);

    if (page == PAGE_NONE)
        return;
    phys_fill(page, 0, PAGE_SIZE);
    piece_write(&image->piece, (gpa_t)index << PAGE_SHIFT, page);
    image->frames[index] = (u32)(page >> PAGE_SHIFT);
    count_pages(1);
}

hpa_t shared_image_page(struct shared_image *image, u32 index)
{
    u32 frame;

    spin_lock(&image->lock);
    if (image->frames[index] == NO_FRAME)
        make_page(image, index);
    frame = image->frames[index];
    spin_unlock(&image->lock);
    return frame == NO_FRAME ? PAGE_NONE : (hpa_t)frame << PAGE_SHIFT;
}
