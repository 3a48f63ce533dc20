/*
 * Access to the registers of a virtio device of the host, and what orders it against the memory
 * that the device shares with us: RISC-V does not order memory and I/O by itself (unprivileged
 * spec, "Memory Ordering Instructions"). Unit tests have a header of their own instead of this one.
 */
#ifndef DRV_VIRTIO_REGISTER_H
#define DRV_VIRTIO_REGISTER_H

#include "arch/types.h"

/* What the register told is older than what is read of memory afterwards. */
static inline void virtio_register_was_read(void)
{
    __asm__ volatile("fence i, r" ::: "memory");
}

/* A control register, or 32 bits of the configuration; `offset` in bytes, aligned. */
static inline u32 virtio_register_read(volatile void *registers, u32 offset)
{
    u32 value = *(volatile u32 *)((volatile u8 *)registers + offset);

    virtio_register_was_read();
    return value;
}

/* Fields of 16 and of 8 bits in the configuration: the width of an access is the field's. */
static inline u16 virtio_register_read16(volatile void *registers, u32 offset)
{
    return *(volatile u16 *)((volatile u8 *)registers + offset);
}

static inline u8 virtio_register_read8(volatile void *registers, u32 offset)
{
    return *((volatile u8 *)registers + offset);
}

/* The device sees what was written to memory before; and what is read of memory afterwards is
 * newer. */
static inline void virtio_register_write(volatile void *registers, u32 offset, u32 value)
{
    __asm__ volatile("fence w, o" ::: "memory");
    *(volatile u32 *)((volatile u8 *)registers + offset) = value;
    __asm__ volatile("fence o, r" ::: "memory");
}

#endif
