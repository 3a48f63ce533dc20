/* Between the files that make up devices.h. */
#ifndef VM_DEVICES_PARTS_H
#define VM_DEVICES_PARTS_H

#include "hyp/vm/devices.h"

/* devices_host.c: makes the device of a slot, which has its room: what it asks of the host is
 * carried out here. */
struct virtio_device *devices_make(struct virtio_slot *slot, u32 index);

/* A frame has come for a port: `slot` is a struct virtio_slot. */
void devices_frame_came(void *slot);

/* devices_work.c: the lock of a device; and the worker, whom frames may wake as long as there are
 * ports: made as a retired task, and for each life a blocked one. */
void devices_lock(struct virtio_slot *slot);
void devices_unlock(struct virtio_slot *slot);
void devices_make_worker(struct vm *vm);
void devices_start_worker(struct vm *vm);

#endif
