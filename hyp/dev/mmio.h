/*
 * The two faces of an emulated device: the registers that the bus reads and writes, and the
 * interrupt line that the device drives. A device sees (offset, width, value) and its own state,
 * never a guest's registers or pc. Pure interface: no state here.
 */
#ifndef DEV_MMIO_H
#define DEV_MMIO_H

#include "arch/types.h"

enum mmio_result {
    MMIO_OK,
    MMIO_FAULT, /* the machine would answer with an access fault: the guest gets one */
    MMIO_AGAIN, /* it is not over: the same access is to be made again soon */
};

/*
 * What a device answers to. `offset` is in bytes from the start of the device's window and lies,
 * with `width` (1, 2 or 4 bytes), wholly inside it, aligned to `width`. A read stores its value
 * zero-extended; the bus extends the sign where the instruction asks for it. Called on any hart,
 * with no lock held: a device locks itself.
 */
struct mmio_ops {
    enum mmio_result (*read)(void *device, u32 offset, u32 width, u32 *value);
    enum mmio_result (*write)(void *device, u32 offset, u32 width, u32 value);
};

/* A wire from a device to source `source` of an interrupt controller. */
struct irq_line {
    void (*set)(void *controller, u32 source, bool level);
    void *controller;
    u32 source;
};

static inline void irq_line_set(const struct irq_line *line, bool level)
{
    line->set(line->controller, line->source, level);
}

#endif
