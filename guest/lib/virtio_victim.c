#include "guest/lib/virtio_victim.h"
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/virtio_blk.h"
#include "guest/lib/virtio_ways.h"

#define GUARD      0xa5
#define GUARD_SIZE PAGE_SIZE
#define PATIENCE   10000000u /* of `time`: how long a device may take to break                */
#define SILENCE    5         /* hart_relax() so often to see that a device does not do something */

#define NET_SEND 1

const struct victim victims[] = {
    {"block", VIRTIO_BLOCK, 0, true},      {"net send", VIRTIO_NET, NET_SEND, true},
    {"net receive", VIRTIO_NET, 0, false}, {"entropy", VIRTIO_ENTROPY, 0, false},
    {"console", VIRTIO_CONSOLE, 1, true},  {"balloon", VIRTIO_BALLOON, 0, true},
};
const u32 victim_count = ARRAY_SIZE(victims);

const struct victim *victim;
struct virtio victim_device;
struct virtq victim_queue;

/* Pages with a pattern, beside which all that devices are given lies. */
static struct {
    u8 before[GUARD_SIZE];
    u8 data[PAGE_SIZE];
    u8 after[GUARD_SIZE];
} guarded __attribute__((aligned(PAGE_SIZE)));

static struct virtq send_queue; /* of the card whose other queue is attacked */
static struct virtq_memory seen;

static void set_guards(void)
{
    memset(guarded.before, GUARD, sizeof(guarded.before));
    memset(guarded.after, GUARD, sizeof(guarded.after));
}

static bool guards_are_whole(void)
{
    for (u32 i = 0; i < GUARD_SIZE; i++)
        if (guarded.before[i] != GUARD || guarded.after[i] != GUARD)
            return false;
    return true;
}

bool victim_make_ready(const struct victim *who)
{
    victim = who;
    set_guards();
    if (!virtio_find(who->kind, 0, &victim_device) ||
        !virtio_begin(&victim_device, 0, virtio_way) ||
        !virtio_set_queue(&victim_device, who->queue, &victim_queue, VICTIM_QUEUE_SIZE)) {
        test_fail("%s cannot be used", who->name);
        return false;
    }
    if (who->kind == VIRTIO_NET && who->queue != NET_SEND)
        virtio_set_queue(&victim_device, NET_SEND, &send_queue, VICTIM_QUEUE_SIZE);
    virtio_go(&victim_device);
    return true;
}

/* ---- Proper requests. ---- */

/* Who has 10.0.2.2? The header in front is empty. */
static u32 make_arp(u8 *at)
{
    static const u8 question[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
    u32 header = victim_device.modern ? 12 : 10;
    u8 *frame = at + header;

    memset(at, 0, header + 60);
    memset(frame, 0xff, 6);
    memcpy(frame + 12, question, sizeof(question));
    for (u32 i = 0; i < 6; i++)
        frame[6 + i] = frame[22 + i] = read8(victim_device.base + VIRTIO_CONFIG + i);
    memcpy(frame + 28, "\x0a\x00\x02\x0f", 4);
    memcpy(frame + 38, "\x0a\x00\x02\x02", 4);
    return header + 60;
}

/* Something to receive comes in when it is asked for. */
static void provoke_frame(void)
{
    struct virtq_buffer frame = {guarded.data + 2048, 0};

    if (victim->kind != VIRTIO_NET || victim->queue == NET_SEND)
        return;
    frame.size = make_arp(guarded.data + 2048);
    while (virtq_take(&send_queue, NULL, NULL))
        ;
    virtq_add(&send_queue, &frame, 1, 0);
    virtq_show(&send_queue);
    virtio_notify(&victim_device, NET_SEND);
}

static void add_proper_request(void)
{
    static struct blk_request request;
    struct virtq_buffer buffer = {guarded.data, 2048};

    memset(guarded.data, 0, sizeof(guarded.data));
    switch (victim->kind) {
    case VIRTIO_BLOCK:
        buffer.size = SECTOR_SIZE;
        blk_add(&victim_queue, &request, BLK_IN, 0, &buffer, 1);
        return;
    case VIRTIO_NET:
        buffer.size = victim->reads ? make_arp(guarded.data) : 2048;
        break;
    case VIRTIO_CONSOLE:
        guarded.data[0] = '\n';
        buffer.size = 1;
        break;
    case VIRTIO_BALLOON: /* one page number */
        *(u32 *)guarded.data = (VICTIM_RAM + VICTIM_RAM_SIZE) >> PAGE_SHIFT;
        buffer.size = 4;
        break;
    default:
        buffer.size = 16;
        break;
    }
    virtq_add(&victim_queue, &buffer, victim->reads, !victim->reads);
}

static void request_properly(void)
{
    add_proper_request();
    virtq_show(&victim_queue);
    virtio_notify(&victim_device, victim->queue);
    provoke_frame();
}

static bool works(void)
{
    request_properly();
    return virtio_wait(&victim_queue) && virtq_take(&victim_queue, NULL, NULL);
}

/* ---- Afterwards. ---- */

/* Only the state of modern devices, and of ours, tells. */
static bool says_broken(void)
{
    return virtio_read(&victim_device, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET;
}

static void wait_until_broken(void)
{
    u64 limit = read_time() + (runs_natively() ? PATIENCE / 100 : PATIENCE);

    while (!says_broken() && read_time() < limit)
        hart_relax();
}

/* What is received takes longer: it is asked for, and has to come first. */
static void wait_in_silence(void)
{
    bool receives = victim->kind == VIRTIO_NET && !victim->reads;

    for (u32 i = 0; i < (receives ? 10 * SILENCE : SILENCE); i++)
        hart_relax();
}

/* A proper ring in the place of the other one, with more in it than the device has taken of that:
 * if it is broken, it does not touch it. */
static bool is_dead(void)
{
    virtq_init(&victim_queue, VICTIM_QUEUE_SIZE, virtio_way);
    for (u32 i = 0; i < 3; i++)
        add_proper_request();
    virtq_show(&victim_queue);
    memcpy(&seen, &victim_queue.memory, sizeof(seen));
    virtio_notify(&victim_device, victim->queue);
    provoke_frame();
    wait_in_silence();
    return memcmp(&seen, &victim_queue.memory, sizeof(seen)) == 0;
}

static void check_broken(void)
{
    wait_until_broken();
    if (victim_device.modern && !runs_natively()) {
        CHECK(says_broken(), "%s does not say that it needs a reset", victim->name);
        CHECK(virtio_read(&victim_device, VIRTIO_INTERRUPT_STATUS) & VIRTIO_INTERRUPT_CONFIG,
              "%s says that it needs a reset, but interrupts nobody", victim->name);
    }
    if (says_broken() || !runs_natively())
        CHECK(is_dead(), "%s works on", victim->name);
}

static void check_alive(void)
{
    wait_in_silence();
    CHECK(!says_broken(), "%s needs a reset", victim->name);
}

void victim_finish(enum victim_end end)
{
    if (end == VICTIM_BREAKS)
        check_broken();
    else if (end == VICTIM_LIVES)
        check_alive();
    else
        wait_in_silence();
    virtio_reset(&victim_device);
    CHECK(virtio_read(&victim_device, VIRTIO_STATUS) == 0, "%s is not reset", victim->name);
    CHECK(guards_are_whole(), "%s wrote to where it may not", victim->name);
    if (!victim_make_ready(victim))
        return;
    CHECK(works(), "%s does not work after a reset", victim->name);
    CHECK(guards_are_whole(), "%s wrote to where it may not, after a reset", victim->name);
    virtio_reset(&victim_device);
}

void victim_attack_all(void (*attack)(void), enum victim_end end)
{
    for (u32 i = 0; i < victim_count; i++) {
        if (!victim_make_ready(&victims[i]))
            return;
        attack();
        virtio_notify(&victim_device, victim->queue);
        provoke_frame();
        victim_finish(end);
    }
}

/* ---- Raw rings. ---- */

/* As a header of a request: read sector 0. On a console: blanks. */
void victim_clear_ram(void)
{
    memset((void *)VICTIM_RAM, victim->kind == VIRTIO_CONSOLE ? ' ' : 0, 3 * PAGE_SIZE);
}

static void put_raw(volatile struct virtq_entry *to, const struct victim_entry *entry, u16 turn)
{
    to->address = entry->address;
    to->size = entry->size;
    if (victim_queue.way.packed) {
        to->id = 0;
        to->packed_flags = entry->flags | turn;
    } else {
        to->flags = entry->flags;
        to->next = entry->next;
    }
}

void victim_put_in_ring(const struct victim_entry *entries, u32 count)
{
    for (u32 i = count; i-- > 0;) /* the head last: packed rings have no index to wait for */
        put_raw(&victim_queue.entries[i], &entries[i], VIRTQ_AVAIL);
    virtq_fence();
    if (victim_queue.way.packed)
        return;
    victim_queue.available->heads[0] = 0;
    virtq_fence();
    victim_queue.available->index = 1;
    virtq_fence();
}

void victim_put(const struct victim_entry *entries, u32 count)
{
    struct victim_entry lead = {.size = count * sizeof(struct virtq_entry),
                                .flags = VIRTQ_INDIRECT,
                                .address = (u32)victim_queue.tables[0]};

    if (!virtio_way.indirect) {
        victim_put_in_ring(entries, count);
        return;
    }
    for (u32 i = 0; i < count; i++)
        put_raw(&victim_queue.tables[0][i], &entries[i], 0);
    victim_put_in_ring(&lead, 1);
}
