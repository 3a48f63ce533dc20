/*
 * The doorbells of memory that VMs share: for each region a guest has a page of registers, with
 * which it interrupts the others that have the region. All are words:
 *
 *   0x00  ID       load: this VM's number among those that have the region, from 0
 *   0x04  PEERS    load: a bit for each number that has the region now, this VM's included
 *   0x08  RING     store: a bit for each number whose doorbell is to ring
 *   0x0c  PENDING  load: a bit for each number that rang here; store: clears the bits stored
 *   0x10  SIZE     load: of the region, in bytes
 *
 * The interrupt line is high while PENDING is not 0.
 */
#ifndef DEV_DOORBELL_H
#define DEV_DOORBELL_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/dev/mmio.h"

#define DOORBELL_SIZE 0x1000 /* bytes of the register window */

/* What the device asks of the host; called with no lock of the device held. */
struct doorbell_host {
    u32 (*peers)(void *ctx);              /* bits of those that have the region now  */
    void (*ring)(void *ctx, u32 numbers); /* rings theirs: doorbell_ring of each    */
    void *ctx;
};

/* Private to doorbell.c. */
struct doorbell {
    struct spinlock lock;
    struct doorbell_host host;
    struct irq_line irq;
    u32 id, region_size;
    u32 pending;
};

extern const struct mmio_ops doorbell_ops; /* device: struct doorbell * */

void doorbell_init(struct doorbell *doorbell, u32 id, u32 region_size,
                   const struct doorbell_host *host, struct irq_line irq);

/* The power-on state: nobody rang. */
void doorbell_reset(struct doorbell *doorbell);

/* VM number `from` rings here. Any hart; no lock from the PLIC's on held. */
void doorbell_ring(struct doorbell *doorbell, u32 from);

#endif
