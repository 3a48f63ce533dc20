#include "hyp/monitor/typed.h"

#include "hyp/core/lock.h"
#include "hyp/monitor/byte_queue.h"
#include "hyp/monitor/monitor.h"

#define CTRL_C 3

static struct {
    struct spinlock lock;
    struct byte_queue bytes;
    bool busy, live;
    bool cancelled;
    u32 lost;
} typed;

static bool cancels(u8 byte)
{
    return typed.busy && (byte == CTRL_C || (byte == 'q' && typed.live));
}

void monitor_input(u8 byte)
{
    spin_lock(&typed.lock);
    if (cancels(byte)) {
        typed.bytes.count = 0; /* as at a terminal, what was typed before goes as well */
        typed.cancelled = true;
    } else if (!byte_queue_put(&typed.bytes, byte)) {
        typed.lost++;
    }
    spin_unlock(&typed.lock);
    monitor_wake();
}

/* The end of a command may have been typed before the command began. */
static void find_cancel(void)
{
    u32 at = 0;

    while (at < typed.bytes.count && !cancels(byte_queue_at(&typed.bytes, at)))
        at++;
    if (at == typed.bytes.count)
        return;
    byte_queue_drop(&typed.bytes, at + 1);
    typed.cancelled = true;
}

void typed_set_busy(bool busy, bool live)
{
    spin_lock(&typed.lock);
    typed.busy = busy;
    typed.live = live;
    find_cancel();
    spin_unlock(&typed.lock);
}

bool typed_take(u8 *byte)
{
    bool any;

    spin_lock(&typed.lock);
    any = typed.bytes.count != 0;
    if (any) {
        *byte = byte_queue_at(&typed.bytes, 0);
        byte_queue_drop(&typed.bytes, 1);
    }
    spin_unlock(&typed.lock);
    return any;
}

bool typed_take_cancel(void)
{
    bool cancelled;

    spin_lock(&typed.lock);
    cancelled = typed.cancelled;
    typed.cancelled = false;
    spin_unlock(&typed.lock);
    return cancelled;
}

u32 typed_take_lost(void)
{
    u32 lost;

    spin_lock(&typed.lock);
    lost = typed.lost;
    typed.lost = 0;
    spin_unlock(&typed.lock);
    return lost;
}
