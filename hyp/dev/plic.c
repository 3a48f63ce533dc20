#include "hyp/dev/plic.h"

/* The memory map ("Memory Map"), as far as virt has it. */
#define PRIORITY_END   (4u * PLIC_SOURCES)
#define PENDING_BASE   0x1000u
#define ENABLE_BASE    0x2000u
#define ENABLE_SHIFT   7 /* log2 of the bytes of one context */
#define ENABLE_OFFSET  0x7fu
#define CONTEXT_BASE   0x200000u
#define CONTEXT_SHIFT  12 /* log2 of the bytes of one context */
#define CONTEXT_OFFSET 0xfffu

/* Offsets in one context's page. */
#define THRESHOLD 0
#define CLAIM     4

static u32 word_of(u32 source)
{
    return source / 32;
}

static u32 bit_of(u32 source)
{
    return BIT(source % 32);
}

/*
 * The number of the lowest bit set in `bits`, which is not zero. The base ISA has no instruction
 * for it: times a de Bruijn sequence, each single bit gives another index in the five upper bits.
 */
static u32 lowest_bit(u32 bits)
{
    static const u8 number[32] = {0,  1,  28, 2,  29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4,  8,
                                  31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6,  11, 5,  10, 9};

    return number[(bits & -bits) * 0x077cb531u >> 27];
}

/* Does `source` go before `other`? Source 0, none at all, has priority 0: all go before it. */
static bool goes_before(const struct plic *plic, u32 source, u32 other)
{
    if (plic->priority[source] == plic->priority[other])
        return source < other;
    return plic->priority[source] > plic->priority[other];
}

_Static_assert(PLIC_WORDS == 3, "has_candidates names every word");

static bool has_candidates(const struct plic *plic, const struct plic_context *context)
{
    const u32 *pending = plic->pending, *deliverable = context->deliverable;

    return (pending[0] & deliverable[0]) | (pending[1] & deliverable[1]) |
           (pending[2] & deliverable[2]);
}

/* Out of line: there is seldom more than the one source that was just claimed. */
static NOINLINE u32 pick_candidate(const struct plic *plic, const struct plic_context *context)
{
    u32 best = 0;

    for (u32 w = 0; w < PLIC_WORDS; w++) {
        u32 candidates = plic->pending[w] & context->deliverable[w];

        for (; candidates; candidates &= candidates - 1) {
            u32 source = 32 * w + lowest_bit(candidates);

            if (goes_before(plic, source, best))
                best = source;
        }
    }
    return best;
}

/* Sets what `context` would claim. A hart's interrupt is pending while its S-mode could claim. */
static inline void set_best(struct plic *plic, struct plic_context *context, u32 best)
{
    u32 last = context->best;
    bool is_supervisor = context->number & 1;

    __atomic_store_n(&context->best, best, __ATOMIC_RELAXED);
    if (is_supervisor && !last != !best)
        plic->host.set_external(plic->host.ctx, context->number / 2, best != 0);
}

static void update_context(struct plic *plic, struct plic_context *context)
{
    set_best(plic, context, has_candidates(plic, context) ? pick_candidate(plic, context) : 0);
}

/*
 * The gateway of a level-triggered source ("Interrupt Gateways"): forwards a request when the wire
 * is high and none is in service; never takes one back.
 */
static void forward_request(struct plic *plic, u32 source)
{
    u32 w = word_of(source), bit = bit_of(source);

    if (!(plic->level[w] & ~plic->claimed[w] & ~plic->pending[w] & bit))
        return;
    plic->pending[w] |= bit;
    for (u32 bits = plic->reach[source]; bits; bits &= bits - 1) {
        struct plic_context *context = &plic->context[lowest_bit(bits)];

        if (goes_before(plic, source, context->best))
            set_best(plic, context, source);
    }
}

/* Works out whether `source` is deliverable to `context`. Priority 0, "never", never is. */
static void update_deliverable(struct plic *plic, struct plic_context *context, u32 source)
{
    u32 w = word_of(source), bit = bit_of(source);

    if ((context->enabled[w] & bit) && plic->priority[source] > context->threshold) {
        context->deliverable[w] |= bit;
        plic->reach[source] |= (u16)BIT(context->number);
    } else {
        context->deliverable[w] &= ~bit;
        plic->reach[source] &= (u16)~BIT(context->number);
    }
}

/* The same for all of `sources`, which are bits of word `word`. */
static void update_word(struct plic *plic, struct plic_context *context, u32 word, u32 sources)
{
    for (; sources; sources &= sources - 1)
        update_deliverable(plic, context, 32 * word + lowest_bit(sources));
}

static void write_priority(struct plic *plic, u32 source, u32 value)
{
    if (source == 0)
        return;
    __atomic_store_n(&plic->priority[source], value & PLIC_MAX_PRIORITY, __ATOMIC_RELAXED);
    for (u32 number = 0; number < plic->contexts; number++) {
        struct plic_context *context = &plic->context[number];

        if (!(context->enabled[word_of(source)] & bit_of(source)))
            continue;
        update_deliverable(plic, context, source);
        update_context(plic, context);
    }
}

static void write_enable(struct plic *plic, struct plic_context *context, u32 word, u32 value)
{
    u32 changed = context->enabled[word] ^ value;

    __atomic_store_n(&context->enabled[word], value, __ATOMIC_RELAXED);
    update_word(plic, context, word, changed);
    update_context(plic, context);
}

static void write_threshold(struct plic *plic, struct plic_context *context, u32 value)
{
    __atomic_store_n(&context->threshold, value & PLIC_MAX_PRIORITY, __ATOMIC_RELAXED);
    for (u32 w = 0; w < PLIC_WORDS; w++)
        update_word(plic, context, w, context->enabled[w]);
    update_context(plic, context);
}

/* `source` is no longer pending: every context that would have claimed it looks further. */
static NOINLINE void withdraw(struct plic *plic, u32 source)
{
    for (u32 bits = plic->reach[source]; bits; bits &= bits - 1) {
        struct plic_context *context = &plic->context[lowest_bit(bits)];

        if (context->best == source)
            update_context(plic, context);
    }
}

static void take(struct plic *plic, struct plic_context *context, u32 source)
{
    u32 w = word_of(source), bit = bit_of(source);

    plic->pending[w] &= ~bit;
    plic->claimed[w] |= bit;
    /* As a rule the source is routed to one hart and was the only one. */
    if (likely(plic->reach[source] == BIT(context->number) && !has_candidates(plic, context)))
        set_best(plic, context, 0);
    else
        withdraw(plic, source);
}

/*
 * "Interrupt Claim Process". As on QEMU, and unlike the specification, the threshold holds for
 * claims too: what does not interrupt cannot be claimed. Out of line so that the other loads need
 * no stack frame.
 */
static NOINLINE enum mmio_result claim(struct plic *plic, struct plic_context *context, u32 *value)
{
    spin_lock(&plic->lock);
    *value = context->best;
    if (likely(*value))
        take(plic, context, *value);
    spin_unlock(&plic->lock);
    return MMIO_OK;
}

static NOINLINE void complete_relayed(struct plic *plic, u32 source)
{
    plic->level[word_of(source)] &= ~bit_of(source);
    plic->host.completed(plic->host.ctx, source);
}

/*
 * "Interrupt Completion". As on QEMU, and unlike the specification, any context may complete any
 * source, enabled there or not: kernels that mask a source before they complete it rely on it.
 */
static void complete(struct plic *plic, u32 source)
{
    u32 w = word_of(source), bit = bit_of(source);

    if (source >= PLIC_SOURCES)
        return;
    plic->claimed[w] &= ~bit;
    if (unlikely(plic->relayed[w] & bit))
        complete_relayed(plic, source);
    else
        forward_request(plic, source);
}

/* Whatever the machine does not have reads as zero and ignores stores. */
static enum mmio_result read_context(struct plic *plic, u32 offset, u32 *value)
{
    u32 number = offset >> CONTEXT_SHIFT;
    struct plic_context *context;

    *value = 0;
    if (number >= plic->contexts)
        return MMIO_OK;
    context = &plic->context[number];
    offset &= CONTEXT_OFFSET;
    /* A handler claims until there is nothing: that last time needs no lock. */
    if (offset == CLAIM && __atomic_load_n(&context->best, __ATOMIC_RELAXED))
        return claim(plic, context, value);
    if (offset == THRESHOLD)
        *value = __atomic_load_n(&context->threshold, __ATOMIC_RELAXED);
    return MMIO_OK;
}

static u32 read_enable(const struct plic *plic, u32 offset)
{
    u32 number = offset >> ENABLE_SHIFT;
    u32 word = (offset & ENABLE_OFFSET) / 4;

    if (number >= plic->contexts || word >= PLIC_WORDS)
        return 0;
    return __atomic_load_n(&plic->context[number].enabled[word], __ATOMIC_RELAXED);
}

static u32 read_pending(struct plic *plic, u32 offset)
{
    u32 bits = 0;

    spin_lock(&plic->lock);
    if (offset / 4 < PLIC_WORDS)
        bits = plic->pending[offset / 4];
    spin_unlock(&plic->lock);
    return bits;
}

/* What the guest itself sets are bytes and words, stored whole: loading them needs no lock. */
static enum mmio_result plic_read(void *device, u32 offset, u32 width, u32 *value)
{
    struct plic *plic = device;

    if (width != 4)
        return MMIO_FAULT;
    if (offset >= CONTEXT_BASE)
        return read_context(plic, offset - CONTEXT_BASE, value);
    if (offset < PRIORITY_END)
        *value = __atomic_load_n(&plic->priority[offset / 4], __ATOMIC_RELAXED);
    else if (offset >= ENABLE_BASE)
        *value = read_enable(plic, offset - ENABLE_BASE);
    else if (offset >= PENDING_BASE)
        *value = read_pending(plic, offset - PENDING_BASE);
    else
        *value = 0;
    return MMIO_OK;
}

static void write_context(struct plic *plic, u32 offset, u32 value)
{
    u32 number = offset >> CONTEXT_SHIFT;

    if (number >= plic->contexts)
        return;
    if ((offset & CONTEXT_OFFSET) == CLAIM)
        complete(plic, value);
    else if ((offset & CONTEXT_OFFSET) == THRESHOLD)
        write_threshold(plic, &plic->context[number], value);
}

static enum mmio_result plic_write(void *device, u32 offset, u32 width, u32 value)
{
    struct plic *plic = device;
    u32 number = (offset - ENABLE_BASE) >> ENABLE_SHIFT;
    u32 word = (offset & ENABLE_OFFSET) / 4;

    if (width != 4)
        return MMIO_FAULT;
    spin_lock(&plic->lock);
    if (offset >= CONTEXT_BASE)
        write_context(plic, offset - CONTEXT_BASE, value);
    else if (offset < PRIORITY_END)
        write_priority(plic, offset / 4, value);
    else if (offset >= ENABLE_BASE && number < plic->contexts && word < PLIC_WORDS)
        write_enable(plic, &plic->context[number], word, value);
    spin_unlock(&plic->lock);
    return MMIO_OK;
}

const struct mmio_ops plic_ops = {
    .read = plic_read,
    .write = plic_write,
};

void plic_set_level(struct plic *plic, u32 source, bool level)
{
    if (source == 0 || source >= PLIC_SOURCES)
        return;
    spin_lock(&plic->lock);
    if (level) {
        plic->level[word_of(source)] |= bit_of(source);
        forward_request(plic, source);
    } else {
        plic->level[word_of(source)] &= ~bit_of(source);
    }
    spin_unlock(&plic->lock);
}

void plic_relay(struct plic *plic, u32 source)
{
    spin_lock(&plic->lock);
    plic->relayed[word_of(source)] |= bit_of(source);
    spin_unlock(&plic->lock);
}

void plic_line_set(void *plic, u32 source, bool level)
{
    plic_set_level(plic, source, level);
}

void plic_reset(struct plic *plic)
{
    spin_lock(&plic->lock);
    for (u32 w = 0; w < PLIC_WORDS; w++) {
        plic->claimed[w] = 0;
        plic->pending[w] = plic->level[w];
    }
    for (u32 source = 0; source < PLIC_SOURCES; source++) {
        plic->priority[source] = 0;
        plic->reach[source] = 0;
    }
    for (u32 number = 0; number < plic->contexts; number++) {
        set_best(plic, &plic->context[number], 0);
        plic->context[number] = (struct plic_context){.number = (u8)number};
    }
    spin_unlock(&plic->lock);
}

void plic_init(struct plic *plic, u32 harts, const struct plic_host *host)
{
    *plic = (struct plic){.host = *host, .contexts = 2 * harts};
    plic_reset(plic);
}
