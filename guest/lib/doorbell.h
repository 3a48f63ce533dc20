/*
 * Memory that VMs share, and its doorbells: what a VM sees of the regions that its description
 * names, numbered from 0 in their order there.
 */
#ifndef GUEST_DOORBELL_H
#define GUEST_DOORBELL_H

#include "guest/lib/io.h"
#include "guest/lib/plic.h"

#define SHARED_BASE   0x51000000u
#define SHARED_STRIDE 0x01000000u
#define DOORBELL_BASE 0x50000000u
#define DOORBELL_IRQ  48u

enum {
    DOORBELL_ID = 0x00,      /* this VM's number among those that have the region */
    DOORBELL_PEERS = 0x04,   /* a bit for each number that has it now             */
    DOORBELL_RING = 0x08,    /* store: a bit for each number that is to hear it   */
    DOORBELL_PENDING = 0x0c, /* a bit for each number that rang; store: clears    */
    DOORBELL_REGION = 0x10,  /* bytes of the region                               */
};

static inline u32 shared_address(u32 region)
{
    return SHARED_BASE + region * SHARED_STRIDE;
}

static inline u32 doorbell_address(u32 region)
{
    return DOORBELL_BASE + region * 0x1000;
}

static inline u32 doorbell_read(u32 region, u32 reg)
{
    return read32(doorbell_address(region) + reg);
}

/* Whoever hears it sees what was stored before. */
static inline void doorbell_ring(u32 region, u32 numbers)
{
    __asm__ volatile("fence rw, o" : : : "memory");
    write32(doorbell_address(region) + DOORBELL_RING, numbers);
}

/* Who rang since the last time; the line goes low. */
static inline u32 doorbell_answer(u32 region)
{
    u32 numbers = doorbell_read(region, DOORBELL_PENDING);

    write32(doorbell_address(region) + DOORBELL_PENDING, numbers);
    __asm__ volatile("fence io, rw" : : : "memory");
    return numbers;
}

/* Lets the doorbell interrupt this hart, once sie and sstatus do too. */
static inline void doorbell_enable(u32 region, u32 hart)
{
    plic_set_priority(DOORBELL_IRQ + region, 1);
    plic_enable(plic_context(hart), DOORBELL_IRQ + region);
    plic_set_threshold(plic_context(hart), 0);
}

#endif
