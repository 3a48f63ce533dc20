/*
 * The same test cases in every way in which queues can be used: split and, on modern transports,
 * packed; with indirect tables or not; with EVENT_IDX or not.
 */
#ifndef GUEST_VIRTIO_WAYS_H
#define GUEST_VIRTIO_WAYS_H

#include "guest/lib/test.h"
#include "guest/lib/virtio.h"

/* The way in which the running case is to use queues. */
extern struct virtq_way virtio_way;

/* Cases, and the ways that they are for; those for all of them have all false. */
struct virtio_cases {
    const struct test_case *cases;
    u32 count;
    bool split_only, packed_only, indirect_only;
    bool half; /* only with both of EVENT_IDX and indirect tables, or with neither */
};

/*
 * Runs the cases in every way that `device` offers, and that they are for, each with the name of
 * the way before its own; ways that it does not offer are skipped, with a line that says so.
 * Between test_begin() and test_end().
 */
void virtio_run_ways(const struct virtio *device, const struct virtio_cases *lists, u32 count);

#endif
