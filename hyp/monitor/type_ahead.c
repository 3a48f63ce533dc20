#include "hyp/monitor/type_ahead.h"

#include "hyp/monitor/byte_queue.h"
#include "hyp/vm/vm.h"

static struct byte_queue kept;
static struct vm *owner; /* for whom: one VM at a time */

static u32 lost;
static struct vm *loser;

static void lose(struct vm *vm, u32 count)
{
    lost += count;
    loser = vm;
}

static void drop_kept(void)
{
    lose(owner, kept.count);
    kept.count = 0;
}

bool type_ahead_waits(void)
{
    return kept.count != 0;
}

/* A VM that is off will not take anything; any other may, when it has started or has read. */
bool type_ahead_retry(void)
{
    if (kept.count && vm_state(owner) == VM_OFF)
        drop_kept();
    while (kept.count && vm_console_type(owner, byte_queue_at(&kept, 0)))
        byte_queue_drop(&kept, 1);
    return kept.count != 0;
}

void type_ahead_give(struct vm *vm, u8 byte)
{
    bool waits = type_ahead_retry();

    if (!(waits && owner == vm) && vm_console_type(vm, byte))
        return;
    if (vm_state(vm) == VM_OFF) {
        lose(vm, 1);
        return;
    }
    if (waits && owner != vm)
        drop_kept();
    owner = vm;
    if (!byte_queue_put(&kept, byte))
        lose(vm, 1);
}

bool type_ahead_has_lost(void)
{
    return lost != 0;
}

u32 type_ahead_lost(struct vm **vm)
{
    u32 count = lost;

    *vm = loser;
    lost = 0;
    return count;
}
