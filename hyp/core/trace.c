#include "hyp/core/trace.h"

#include "arch/u64.h"
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

#define RING_ORDER 3 /* of the block of pages that holds a ring */

_Static_assert(TRACE_RING_EVENTS * sizeof(struct trace_event) == PAGE_SIZE << RING_ORDER, "ring");

/* A hart's ring as it was when it was copied, and how far it has been read. */
struct copy {
    struct trace_event *events; /* event number n is at n modulo TRACE_RING_EVENTS        */
    u64 oldest, next, end;      /* numbers of events                                      */
    u32 oldest_high;            /* of the time of event `oldest`                          */
    u32 high, low;              /* the time before event `next`                           */
};

static struct copy copies[MAX_HARTS];
static bool stopped;

static bool make_ring(struct hart *hart, struct copy *copy)
{
    struct trace_event *ring = page_alloc_ptr(RING_ORDER);

    copy->events = page_alloc_ptr(RING_ORDER);
    if (!ring || !copy->events)
        return complain("trace", "no memory for the ring of hart %u", hart->id);
    hart->trace_next = ring;
    hart->trace_end = ring + TRACE_RING_EVENTS;
    return true;
}

bool trace_init(void)
{
    /* One that has not come up in time may do so later, and run vCPUs then. */
    for (u32 i = 0; i < hart_count; i++)
        if (harts[i].own.stack && !make_ring(&harts[i], &copies[i]))
            return false;
    return true;
}

/* How many events the hart has recorded so far, all of them whole. */
static u64 recorded(const struct hart *hart)
{
    const struct trace_event *next;
    u32 laps;

    do {
        laps = __atomic_load_n(&hart->trace_laps, __ATOMIC_ACQUIRE);
        next = __atomic_load_n(&hart->trace_next, __ATOMIC_ACQUIRE);
    } while (laps & 1 || laps != __atomic_load_n(&hart->trace_laps, __ATOMIC_ACQUIRE));
    return (u64)(laps / 2) * TRACE_RING_EVENTS +
           (u64)(next - (hart->trace_end - TRACE_RING_EVENTS));
}

static const struct trace_event *event_of(const struct copy *copy, u64 number)
{
    return &copy->events[number % TRACE_RING_EVENTS];
}

static bool is_load(const struct trace_event *event)
{
    return (event->what & 0xff) == TRACE_LOAD;
}

/*
 * The high word of the oldest event's time. Backwards from where it is known, at the first
 * TRACE_LOAD or else `now`, it is one less before each step in which the low word goes up.
 */
static u32 oldest_high(const struct copy *copy, u64 now)
{
    u32 high = u64_high(now), low = u64_low(now);
    u64 number = copy->next;

    while (number != copy->end && !is_load(event_of(copy, number)))
        number++;
    if (number != copy->end) {
        high = event_of(copy, number)->data;
        low = event_of(copy, number)->time;
    }
    while (number-- != copy->next) {
        high -= event_of(copy, number)->time > low;
        low = event_of(copy, number)->time;
    }
    return high;
}

/*
 * Copies a ring while its hart goes on: what was not recorded before is not there yet, and the
 * oldest events may have been overwritten since, the one whose turn is next even half.
 */
static void take(const struct hart *hart, struct copy *copy)
{
    u64 end = recorded(hart), now = time_now(), end_after;

    memcpy(copy->events, hart->trace_end - TRACE_RING_EVENTS,
           TRACE_RING_EVENTS * sizeof(struct trace_event));
    fence_full();
    end_after = recorded(hart);
    copy->oldest = end_after < TRACE_RING_EVENTS ? 0 : end_after - TRACE_RING_EVENTS + 1;
    copy->end = end;
    if (copy->oldest > end)
        copy->oldest = end; /* all of them were overwritten */
    copy->next = copy->oldest;
    copy->oldest_high = oldest_high(copy, now);
}

static void take_all(void)
{
    for (u32 i = 0; i < hart_count; i++)
        if (copies[i].events)
            take(&harts[i], &copies[i]);
}

void trace_stop(void)
{
    take_all();
    stopped = true;
}

void trace_resume(void)
{
    stopped = false;
}

/* The time of the next event of a copy that has one. */
static u64 next_time(const struct copy *copy)
{
    const struct trace_event *event = event_of(copy, copy->next);

    if (is_load(event))
        return u64_join(event->time, event->data);
    return u64_join(event->time, copy->high + (event->time < copy->low));
}

void trace_read_begin(void)
{
    if (!stopped)
        take_all();
    for (u32 i = 0; i < hart_count; i++) {
        copies[i].next = copies[i].oldest;
        copies[i].high = copies[i].oldest_high;
        copies[i].low = 0;
    }
}

bool trace_read_next(struct trace_entry *entry)
{
    struct copy *first = NULL;
    const struct trace_event *event;

    for (u32 i = 0; i < hart_count; i++)
        if (copies[i].next != copies[i].end && (!first || next_time(&copies[i]) < next_time(first)))
            first = &copies[i];
    if (!first)
        return false;
    event = event_of(first, first->next);
    *entry = (struct trace_entry){
        .time = next_time(first),
        .whom = event->what >> 8,
        .kind = (enum trace_kind)(event->what & 0xff),
        .pc = event->pc,
        .data = event->data,
        .hart = (u32)(first - copies),
    };
    first->high = u64_high(entry->time);
    first->low = u64_low(entry->time);
    first->next++;
    return true;
}
