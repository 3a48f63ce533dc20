#include "guest/lib/virtio_ways.h"

struct virtq_way virtio_way;

static const struct {
    const char *name;
    struct virtq_way way;
} ways[] = {
    {"split", {.packed = false}},
    {"split_event", {.event_index = true}},
    {"split_indirect", {.indirect = true}},
    {"split_both", {.event_index = true, .indirect = true}},
    {"packed", {.packed = true}},
    {"packed_event", {.packed = true, .event_index = true}},
    {"packed_indirect", {.packed = true, .indirect = true}},
    {"packed_both", {.packed = true, .event_index = true, .indirect = true}},
};

static void offers_it(void)
{
    SKIP("the device has no such queues");
}

static bool is_offered(const struct virtio *device, struct virtq_way way)
{
    struct virtio tried = *device;
    bool offered = virtio_begin(&tried, 0, way);

    virtio_reset(&tried);
    return offered;
}

static bool is_for(const struct virtio_cases *list, struct virtq_way way)
{
    return !(list->split_only && way.packed) && !(list->packed_only && !way.packed) &&
           !(list->indirect_only && !way.indirect) &&
           !(list->half && way.indirect != way.event_index);
}

static void run_in_way(const char *way, const struct virtio_cases *list)
{
    char name[80];

    for (u32 i = 0; i < list->count; i++) {
        snprintf(name, sizeof(name), "%s_%s", way, list->cases[i].name);
        test_one(&(struct test_case){name, list->cases[i].run});
    }
}

void virtio_run_ways(const struct virtio *device, const struct virtio_cases *lists, u32 count)
{
    static const struct test_case offered = CASE(offers_it);
    static const struct virtio_cases none = {.cases = &offered, .count = 1};

    for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
        virtio_way = ways[i].way;
        if (!is_offered(device, virtio_way)) {
            run_in_way(ways[i].name, &none);
            continue;
        }
        for (u32 list = 0; list < count; list++)
            if (is_for(&lists[list], virtio_way))
                run_in_way(ways[i].name, &lists[list]);
    }
}
