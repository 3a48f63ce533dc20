/*
 * A platform-level interrupt controller as on QEMU's virt (RISC-V PLIC Specification 1.0.0): 95
 * level-triggered sources, priorities 0 to 7, two contexts a hart: 2 * hart is the M-mode that a
 * guest does not have, whose registers exist and drive nothing; 2 * hart + 1 is its S-mode.
 */
#ifndef DEV_PLIC_H
#define DEV_PLIC_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/dev/mmio.h"

#define PLIC_SIZE         0x600000 /* bytes of the register window */
#define PLIC_SOURCES      96       /* source 0 does not exist      */
#define PLIC_WORDS        (PLIC_SOURCES / 32)
#define PLIC_MAX_PRIORITY 7
#define PLIC_MAX_HARTS    8
#define PLIC_CONTEXTS     (2 * PLIC_MAX_HARTS)

/* What the device asks of the host; called with the PLIC's lock held. */
struct plic_host {
    /* The external interrupt of guest hart `hart`'s S-mode is now pending or not; called only when
     * that changes. */
    void (*set_external)(void *ctx, u32 hart, bool pending);
    /* The guest has completed a relayed source; may be NULL when there is none. */
    void (*completed)(void *ctx, u32 source);
    void *ctx;
};

/* One context: what it chose and what it would claim. */
struct plic_context {
    u32 enabled[PLIC_WORDS];
    u32 deliverable[PLIC_WORDS]; /* enabled, and of a priority above the threshold */
    u32 best; /* of what is pending and deliverable: the source to claim next; 0: none */
    u8 threshold;
    u8 number; /* even: M-mode of hart number / 2, odd: its S-mode */
};

/* Private to plic.c. Bit n % 32 of word n / 32 stands for source n. */
struct plic {
    struct spinlock lock;
    struct plic_host host;
    u32 contexts;            /* that exist: two for each hart          */
    u32 level[PLIC_WORDS];   /* the wires                              */
    u32 pending[PLIC_WORDS]; /* requests that the gateways let through */
    u32 claimed[PLIC_WORDS]; /* in service: their gateways are closed  */
    u32 relayed[PLIC_WORDS]; /* see plic_relay                         */
    u8 priority[PLIC_SOURCES];
    u16 reach[PLIC_SOURCES]; /* bit c: the source is deliverable to context c */
    struct plic_context context[PLIC_CONTEXTS];
};

extern const struct mmio_ops plic_ops; /* device: struct plic * */

/* Wires the controller of a machine with 1 to PLIC_MAX_HARTS harts, in its power-on state. */
void plic_init(struct plic *plic, u32 harts, const struct plic_host *host);

/*
 * The power-on state: all off, no request, every output low. The wires keep their levels, so reset
 * the devices first: a wire that is still high is a new request.
 */
void plic_reset(struct plic *plic);

/*
 * Drives the wire of source `source` (1 to 95; another is ignored). Callable on any hart with a
 * device's lock held.
 */
void plic_set_level(struct plic *plic, u32 source, bool level);

/*
 * Source `source` (1 to 95) is the host's, which raises the wire and does not know when the device
 * lowers it: when the guest completes it, the wire goes low and the host is told (completed), which
 * raises it again if the device still asks. Until plic_init.
 */
void plic_relay(struct plic *plic, u32 source);

/* plic_set_level with the shape of irq_line.set. */
void plic_line_set(void *plic, u32 source, bool level);

/* The wire to `source`, for the init function of a device. */
static inline struct irq_line plic_line(struct plic *plic, u32 source)
{
    return (struct irq_line){.set = plic_line_set, .controller = plic, .source = source};
}

#endif
