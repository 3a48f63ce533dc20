/* Access to device registers, and where the devices of the `virt` machine are. */
#ifndef GUEST_IO_H
#define GUEST_IO_H

#include "arch/types.h"

#define FINISHER_BASE 0x100000u
#define RTC_BASE      0x101000u
#define PLIC_BASE     0xc000000u
#define UART_BASE     0x10000000u
#define VIRTIO_BASE   0x10001000u
#define RAM_BASE      0x80000000u

#define RTC_IRQ  11
#define UART_IRQ 10

static inline u8 read8(u32 address)
{
    return *(volatile u8 *)address;
}

static inline u16 read16(u32 address)
{
    return *(volatile u16 *)address;
}

static inline u32 read32(u32 address)
{
    return *(volatile u32 *)address;
}

static inline void write8(u32 address, u8 value)
{
    *(volatile u8 *)address = value;
}

static inline void write16(u32 address, u16 value)
{
    *(volatile u16 *)address = value;
}

static inline void write32(u32 address, u32 value)
{
    *(volatile u32 *)address = value;
}

#endif
