#include "hyp/dev/finisher.h"

/* What the low half of a store to offset 0 asks for; the high half is the code of a failure. */
#define STATUS_FAIL  0x3333u
#define STATUS_PASS  0x5555u
#define STATUS_RESET 0x7777u

/* Loads and stores of 16 and 32 bits are taken, narrower ones are refused, as on virt. */
static enum mmio_result check_width(u32 width)
{
    return width == 2 || width == 4 ? MMIO_OK : MMIO_FAULT;
}

static enum mmio_result finisher_read(void *device, u32 offset, u32 width, u32 *value)
{
    (void)device;
    (void)offset;
    *value = 0;
    return check_width(width);
}

static void request(const struct finisher *finisher, u32 value)
{
    switch (value & 0xffff) {
    case STATUS_PASS:
        finisher->finish(finisher->ctx, FINISHER_PASS, 0);
        break;
    case STATUS_FAIL:
        finisher->finish(finisher->ctx, FINISHER_FAIL, value >> 16);
        break;
    case STATUS_RESET:
        finisher->finish(finisher->ctx, FINISHER_RESET, 0);
        break;
    default:
        break;
    }
}

static enum mmio_result finisher_write(void *device, u32 offset, u32 width, u32 value)
{
    if (check_width(width) != MMIO_OK)
        return MMIO_FAULT;
    if (offset == 0)
        request(device, width == 2 ? value & 0xffff : value);
    return MMIO_OK;
}

const struct mmio_ops finisher_ops = {
    .read = finisher_read,
    .write = finisher_write,
};

void finisher_init(struct finisher *finisher,
                   void (*finish)(void *ctx, enum finisher_request request, u32 code), void *ctx)
{
    *finisher = (struct finisher){.finish = finish, .ctx = ctx};
}
