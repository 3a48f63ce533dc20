/* The worker of a VM's devices, and how the balloon and the disks wait for each other. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_vm.h"

#include "hyp/vm/devices_work.c"

enum { DISK, OTHER_DISK, NET, BALLOON, KINDS };

static struct virtio_device device_of[KINDS];
static struct vm_devices devices;
static struct vm vm = {.devices = &devices};

static struct {
    u32 services[KINDS];
    bool more[KINDS];         /* what the service says                                 */
    bool asks, waits;         /* the balloon gives back; and has to wait               */
    bool notified;            /* what the next store means                             */
    void (*in_service)(void); /* happens on another hart during a service of the disk  */
    bool woken;
    u32 looks; /* at whether to yield */
} rig;

struct vcpu *vcpu_begin_wait(void)
{
    return NULL;
}

void vcpu_end_wait(struct vcpu *waited)
{
    CHECK(!waited);
}

void interrupts_handle(void) {}

void sched_wake(struct task *task)
{
    CHECK(task == &devices.worker);
    rig.woken |= task->state != TASK_RETIRED;
}

bool sched_retire(struct task *task)
{
    task->state = TASK_RETIRED;
    return true;
}

void sched_init_task(struct task *task, struct sched_group *group,
                     enum task_result (*run)(struct task *task))
{
    *task = (struct task){.group = group, .state = TASK_BLOCKED, .run = run};
}

bool sched_should_yield(void)
{
    CHECK(++rig.looks < 100); /* the worker blocks in the end */
    return false;
}

enum mmio_result virtio_mmio_read(struct virtio_mmio *slot, u32 offset, u32 width, u32 *value)
{
    (void)slot, (void)offset, (void)width;
    *value = 0;
    return MMIO_OK;
}

enum mmio_result virtio_mmio_write(struct virtio_mmio *slot, u32 offset, u32 width, u32 value,
                                   bool *notified)
{
    (void)slot, (void)offset, (void)width, (void)value;
    *notified = rig.notified;
    return MMIO_OK;
}

/* As balloon_give_back. */
static void ask_to_give_back(void)
{
    if (rig.asks)
        set_quiesce(&devices.slots[BALLOON], rig.waits ? QUIESCE_WAITS : QUIESCE_TRIES);
}

bool virtio_service(struct virtio_device *device)
{
    u32 which = (u32)(device - device_of);
    void (*in_service)(void) = rig.in_service;

    rig.services[which]++;
    if (which == BALLOON)
        ask_to_give_back();
    rig.in_service = NULL;
    if (which == DISK && in_service)
        in_service();
    return rig.more[which];
}

static void plug_in(void)
{
    static const enum slot_kind kinds[KINDS] = {SLOT_DISK, SLOT_DISK, SLOT_NET, SLOT_BALLOON};

    memset(&rig, 0, sizeof(rig));
    memset(&devices, 0, sizeof(devices));
    for (u32 i = 0; i < VIRTIO_SLOTS; i++)
        devices.slots[i].vm = &vm;
    for (u32 i = 0; i < KINDS; i++) {
        devices.slots[i].kind = kinds[i];
        devices.slots[i].registers.device = &device_of[i];
    }
    devices_make_worker(&vm);
    devices_start_worker(&vm);
}

static void notify(u32 which)
{
    rig.notified = true;
    CHECK(virtio_slot_ops.write(&devices.slots[which], 0x50, 4, 0) == MMIO_OK);
    rig.notified = false;
}

/* Lets the worker do what it was woken for. */
static void let_work(void)
{
    for (rig.looks = 0; rig.woken;) {
        rig.woken = false;
        CHECK(devices.worker.run(&devices.worker) == TASK_BLOCK);
    }
}

/* The balloon finds that the disks are not idle. */
static void make_balloon_wait(void)
{
    rig.asks = rig.waits = true;
    notify(BALLOON);
    CHECK_EQ(quiesce_of(&devices.slots[BALLOON]), QUIESCE_WAITS);
}

TEST(between_lives_nobody_wakes_the_worker)
{
    plug_in();
    devices_make_worker(&vm);
    CHECK(devices.worker.group == &vm.group);
    devices_wake(&devices.slots[NET]);
    CHECK(!rig.woken);
    devices_start_worker(&vm);
    CHECK(devices.worker.state == TASK_BLOCKED && devices.worker.prompt);
    devices_wake(&devices.slots[NET]);
    CHECK(rig.woken);
}

TEST(a_notification_is_served_at_once_and_the_rest_by_the_worker)
{
    plug_in();
    notify(NET);
    CHECK_EQ(rig.services[NET], 1);
    CHECK(!rig.woken);
    rig.more[NET] = true;
    notify(NET);
    CHECK(rig.woken);
    rig.more[NET] = false;
    let_work();
    CHECK_EQ(rig.services[NET], 3);
    CHECK_EQ(rig.services[DISK], 0);
}

TEST(disks_begin_nothing_while_the_balloon_waits)
{
    plug_in();
    make_balloon_wait();
    notify(DISK);
    let_work();
    devices_wake(&devices.slots[OTHER_DISK]);
    let_work();
    CHECK_EQ(rig.services[DISK] + rig.services[OTHER_DISK], 0);
    notify(NET);
    CHECK_EQ(rig.services[NET], 1);
}

TEST(when_a_request_is_done_the_balloon_looks_again_and_then_all_disks_go_on)
{
    plug_in();
    make_balloon_wait();
    notify(OTHER_DISK);
    let_work();
    CHECK_EQ(quiesce_of(&devices.slots[BALLOON]), QUIESCE_WAITS);
    rig.waits = false;
    devices_wake(&devices.slots[DISK]);
    rig.asks = false;
    let_work();
    CHECK_EQ(quiesce_of(&devices.slots[BALLOON]), QUIESCE_NO);
    CHECK(rig.services[DISK] && rig.services[OTHER_DISK]);
}

static void balloon_waits_and_request_is_done(void)
{
    make_balloon_wait();
    rig.asks = false;
    devices_wake(&devices.slots[DISK]);
}

/* The worker is not idle for long: it is all in one run. */
TEST(a_worker_that_is_busy_sees_that_the_balloon_waits)
{
    plug_in();
    rig.in_service = balloon_waits_and_request_is_done;
    devices_wake(&devices.slots[DISK]);
    rig.woken = false;
    CHECK(devices.worker.run(&devices.worker) == TASK_BLOCK);
    CHECK_EQ(quiesce_of(&devices.slots[BALLOON]), QUIESCE_NO);
    CHECK(rig.services[DISK] > 1);
}

/* A reset of a disk ends its requests without a word (virtio_ops.reset). */
TEST(a_store_to_a_disk_lets_the_balloon_look_again)
{
    plug_in();
    make_balloon_wait();
    rig.waits = rig.asks = false;
    CHECK(virtio_slot_ops.write(&devices.slots[DISK], 0x70, 4, 0) == MMIO_OK);
    let_work();
    CHECK_EQ(quiesce_of(&devices.slots[BALLOON]), QUIESCE_NO);
}

TEST(a_balloon_that_is_reset_holds_up_nobody)
{
    plug_in();
    make_balloon_wait();
    notify(DISK);
    rig.asks = false;
    CHECK(virtio_slot_ops.write(&devices.slots[BALLOON], 0x70, 4, 0) == MMIO_OK);
    CHECK_EQ(quiesce_of(&devices.slots[BALLOON]), QUIESCE_NO);
    let_work();
    CHECK_EQ(rig.services[DISK], 1);
}

UNIT_MAIN("devices_work")
