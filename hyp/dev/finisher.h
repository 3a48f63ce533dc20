/*
 * The test finisher of SiFive and of QEMU's virt: one register, by which a guest ends or restarts
 * its machine. It has no state, hence neither lock nor reset.
 */
#ifndef DEV_FINISHER_H
#define DEV_FINISHER_H

#include "arch/types.h"
#include "hyp/dev/mmio.h"

#define FINISHER_SIZE 0x1000 /* bytes of the register window */

enum finisher_request {
    FINISHER_PASS,  /* power off; `code` is 0                     */
    FINISHER_FAIL,  /* power off with `code`, 16 bits, as status  */
    FINISHER_RESET, /* start again; `code` is 0                   */
};

struct finisher {
    /* Called on the storing hart with no lock held; returns to let the store complete. */
    void (*finish)(void *ctx, enum finisher_request request, u32 code);
    void *ctx;
};

extern const struct mmio_ops finisher_ops; /* device: struct finisher * */

void finisher_init(struct finisher *finisher,
                   void (*finish)(void *ctx, enum finisher_request request, u32 code), void *ctx);

#endif
