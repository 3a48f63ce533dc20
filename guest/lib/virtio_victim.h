/*
 * Devices as victims: each is given rings that no driver makes, and has to take no harm. It may
 * stop working until it is reset; it must not touch what it was not given, and must work again.
 */
#ifndef GUEST_VIRTIO_VICTIM_H
#define GUEST_VIRTIO_VICTIM_H

#include "guest/lib/virtio.h"

#define VICTIM_QUEUE_SIZE 16

/* RAM that no image fills, for devices to read from and write to. */
#define VICTIM_RAM      0x80c00000u
#define VICTIM_RAM_SIZE 0x10000u

struct victim {
    const char *name;
    enum virtio_kind kind;
    u32 queue; /* the one that is attacked                           */
    bool reads;
};

extern const struct victim victims[];
extern const u32 victim_count;

/* The victim that is attacked, its device and the queue. */
extern const struct victim *victim;
extern struct virtio victim_device;
extern struct virtq victim_queue;

/* What becomes of a device after an attack. */
enum victim_end {
    VICTIM_MAY_BREAK, /* it breaks, or does something sensible                     */
    VICTIM_BREAKS,    /* it has to; QEMU's do not always                           */
    VICTIM_LIVES,     /* it has to go on working                                   */
};

/*
 * Attacks every victim in the way of the running case (virtio_way): makes it ready, calls `attack`,
 * which puts something into victim_queue or elsewhere, notifies the device, and checks what has
 * become of it: as `end` says, with nothing else touched, and working again after a reset.
 */
void victim_attack_all(void (*attack)(void), enum victim_end end);

/* An attack of one that victim_make_ready() has made ready, up to the end. */
bool victim_make_ready(const struct victim *who);
void victim_finish(enum victim_end end);

/* Makes the first pages of VICTIM_RAM harmless. */
void victim_clear_ram(void);

/* Raw entries of a chain: addresses, sizes, flags, next. */
struct victim_entry {
    u64 address;
    u32 size;
    u16 flags, next;
};

/* Puts the entries into the ring's first slots, or behind an indirect table where the way says so,
 * and makes entry 0 available as the head of a chain. */
void victim_put(const struct victim_entry *entries, u32 count);

/* The same always in the ring, whatever the way. */
void victim_put_in_ring(const struct victim_entry *entries, u32 count);

#endif
