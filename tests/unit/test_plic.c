/* The PLIC: gateways, delivery, claims, and a long random run against a naive model. */
#include "tests/unit/unit.h"
#include "hyp/dev/plic.c"

#include <pthread.h>
#include <sched.h>

#define UART_IRQ 10
#define RTC_IRQ  11
#define LAST     95

static struct plic plic;
static bool external[PLIC_MAX_HARTS];
static u32 calls;
static u32 completed, completions; /* of relayed sources: the last one, how many */

static void set_external(void *ctx, u32 hart, bool pending)
{
    CHECK(ctx == external);
    CHECK(hart < PLIC_MAX_HARTS);
    CHECK(external[hart] != pending); /* only changes are told */
    external[hart] = pending;
    calls++;
}

static void note_completion(void *ctx, u32 source)
{
    CHECK(ctx == external);
    CHECK(plic.lock.held);
    completed = source;
    completions++;
}

static void start(u32 harts)
{
    static const struct plic_host host = {
        .set_external = set_external,
        .completed = note_completion,
        .ctx = external,
    };

    memset(external, 0, sizeof(external));
    memset(&plic, 0x5a, sizeof(plic));
    plic_init(&plic, harts, &host);
    calls = 0;
    completions = 0;
}

static u32 load(u32 offset)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(plic_ops.read(&plic, offset, 4, &value), MMIO_OK);
    return value;
}

static void store(u32 offset, u32 value)
{
    CHECK_EQ(plic_ops.write(&plic, offset, 4, value), MMIO_OK);
}

/* Contexts by what they are. */
static u32 machine(u32 hart)
{
    return 2 * hart;
}

static u32 supervisor(u32 hart)
{
    return 2 * hart + 1;
}

static u32 enable_offset(u32 context, u32 source)
{
    return ENABLE_BASE + 0x80 * context + source / 32 * 4;
}

static u32 context_offset(u32 context)
{
    return CONTEXT_BASE + 0x1000 * context;
}

static void set_priority(u32 source, u32 priority)
{
    store(4 * source, priority);
}

static void enable(u32 context, u32 source)
{
    u32 offset = enable_offset(context, source);

    store(offset, load(offset) | BIT(source % 32));
}

static void disable(u32 context, u32 source)
{
    u32 offset = enable_offset(context, source);

    store(offset, load(offset) & ~BIT(source % 32));
}

static void set_threshold(u32 context, u32 threshold)
{
    store(context_offset(context) + THRESHOLD, threshold);
}

static u32 claim_from(u32 context)
{
    return load(context_offset(context) + CLAIM);
}

static void complete_to(u32 context, u32 source)
{
    store(context_offset(context) + CLAIM, source);
}

static bool is_pending(u32 source)
{
    return load(PENDING_BASE + source / 32 * 4) >> source % 32 & 1;
}

/* A source as a kernel sets it up: priority 1, enabled for hart 0. */
static void route(u32 source)
{
    set_priority(source, 1);
    enable(supervisor(0), source);
}

TEST(lowest_bit_finds_each_bit)
{
    for (u32 bit = 0; bit < 32; bit++) {
        CHECK_EQ(lowest_bit(BIT(bit)), bit);
        CHECK_EQ(lowest_bit(0xffffffffu << bit), bit);
    }
}

TEST(power_on_is_all_zero)
{
    start(PLIC_MAX_HARTS);
    for (u32 offset = 0; offset < 0x3000; offset += 4)
        CHECK_EQ(load(offset), 0);
    for (u32 context = 0; context < PLIC_CONTEXTS; context++) {
        CHECK_EQ(load(context_offset(context)), 0);
        CHECK_EQ(claim_from(context), 0);
    }
    CHECK_EQ(calls, 0);
}

TEST(a_level_interrupts_the_hart_and_is_claimed)
{
    start(2);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK(external[0] && !external[1]);
    CHECK(is_pending(UART_IRQ));
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    CHECK(!external[0]);
    CHECK(!is_pending(UART_IRQ));
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(the_line_helper_drives_the_source)
{
    struct irq_line wire;

    start(1);
    route(RTC_IRQ);
    wire = plic_line(&plic, RTC_IRQ);
    irq_line_set(&wire, true);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
}

TEST(first_and_last_source_work_and_others_are_ignored)
{
    start(1);
    route(1);
    route(LAST);
    plic_set_level(&plic, 0, true);
    plic_set_level(&plic, 96, true);
    plic_set_level(&plic, 0xffffffff, true);
    CHECK(!external[0]);
    plic_set_level(&plic, LAST, true);
    CHECK_EQ(claim_from(supervisor(0)), LAST);
    plic_set_level(&plic, 1, true);
    CHECK_EQ(claim_from(supervisor(0)), 1);
}

TEST(source_0_has_no_priority_and_never_interrupts)
{
    start(1);
    set_priority(0, 7);
    CHECK_EQ(load(0), 0);
    store(enable_offset(supervisor(0), 0), 0xffffffff);
    CHECK_EQ(load(enable_offset(supervisor(0), 0)), 0xffffffff); /* stored, as on virt */
    plic_set_level(&plic, 0, true);
    CHECK(!external[0]);
    complete_to(supervisor(0), 0);
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(a_level_kept_high_interrupts_again_after_completion)
{
    start(1);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    for (u32 i = 0; i < 5; i++) {
        CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
        CHECK(!external[0]); /* in service: the gateway is closed */
        complete_to(supervisor(0), UART_IRQ);
        CHECK(external[0]);
    }
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    plic_set_level(&plic, UART_IRQ, false);
    complete_to(supervisor(0), UART_IRQ);
    CHECK(!external[0]);
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(a_pulse_is_not_lost)
{
    start(1);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    plic_set_level(&plic, UART_IRQ, false);
    CHECK(external[0]); /* a request, once forwarded, is not taken back */
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    complete_to(supervisor(0), UART_IRQ);
    CHECK(!external[0]);
}

TEST(a_rise_during_service_is_seen_at_completion)
{
    start(1);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    plic_set_level(&plic, UART_IRQ, false); /* the handler has drained the device */
    plic_set_level(&plic, UART_IRQ, true);  /* and the next byte comes before it completes */
    CHECK(!external[0]);
    CHECK(!is_pending(UART_IRQ));
    complete_to(supervisor(0), UART_IRQ);
    CHECK(external[0]);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
}

TEST(a_level_repeated_is_one_request)
{
    start(1);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(calls, 1);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(two_sources_at_once_are_both_claimed)
{
    start(1);
    route(UART_IRQ);
    route(RTC_IRQ);
    plic_set_level(&plic, RTC_IRQ, true);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ); /* equal priority: the lower number */
    CHECK(external[0]);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
    CHECK(!external[0]);
}

TEST(completions_may_come_in_any_order)
{
    start(1);
    route(UART_IRQ);
    route(RTC_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    plic_set_level(&plic, RTC_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
    complete_to(supervisor(0), UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    complete_to(supervisor(0), RTC_IRQ);
    complete_to(supervisor(0), UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
}

TEST(a_completion_of_what_is_not_in_service_does_nothing)
{
    start(1);
    route(UART_IRQ);
    complete_to(supervisor(0), UART_IRQ);
    CHECK(!external[0]);
    plic_set_level(&plic, UART_IRQ, true);
    complete_to(supervisor(0), UART_IRQ);
    complete_to(supervisor(0), 96);
    complete_to(supervisor(0), 0xffffffff);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    complete_to(supervisor(0), RTC_IRQ); /* another one's completion opens nothing */
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(a_source_masked_before_completion_completes_as_on_virt)
{
    start(2);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    disable(supervisor(0), UART_IRQ);
    complete_to(supervisor(0), UART_IRQ);
    CHECK(!external[0]);
    CHECK(is_pending(UART_IRQ));
    enable(supervisor(0), UART_IRQ);
    CHECK(external[0]);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    complete_to(supervisor(1), UART_IRQ); /* nor does it matter who completes */
    CHECK(external[0]);
}

TEST(a_higher_priority_goes_first)
{
    start(1);
    route(3);
    route(LAST);
    set_priority(LAST, 2);
    plic_set_level(&plic, 3, true);
    plic_set_level(&plic, LAST, true);
    CHECK_EQ(claim_from(supervisor(0)), LAST);
    CHECK_EQ(claim_from(supervisor(0)), 3);
}

TEST(equal_priorities_go_by_number_across_words)
{
    static const u32 sources[] = {95, 64, 63, 32, 31, 1};

    start(1);
    for (u32 i = 0; i < ARRAY_SIZE(sources); i++) {
        route(sources[i]);
        plic_set_level(&plic, sources[i], true);
    }
    for (u32 i = ARRAY_SIZE(sources); i-- > 0;)
        CHECK_EQ(claim_from(supervisor(0)), sources[i]);
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(all_95_sources_come_out_in_order_of_priority)
{
    u32 last_priority = 7, last_source = 0;

    start(1);
    for (u32 source = 1; source <= LAST; source++) {
        route(source);
        set_priority(source, 1 + source % 7);
        plic_set_level(&plic, source, true);
    }
    for (u32 n = 1; n <= LAST; n++) {
        u32 source = claim_from(supervisor(0)), priority = 1 + source % 7;

        CHECK(source != 0);
        CHECK(priority < last_priority || (priority == last_priority && source > last_source));
        last_priority = priority;
        last_source = source;
    }
    CHECK_EQ(claim_from(supervisor(0)), 0);
}

TEST(priority_0_never_interrupts)
{
    start(1);
    enable(supervisor(0), UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK(is_pending(UART_IRQ));
    CHECK(!external[0]);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    set_priority(UART_IRQ, 1); /* raised while the request waits */
    CHECK(external[0]);
    set_priority(UART_IRQ, 0);
    CHECK(!external[0]);
    set_priority(UART_IRQ, 7);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
}

TEST(the_threshold_masks_what_is_not_above_it)
{
    start(1);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    for (u32 priority = 0; priority <= 7; priority++) {
        set_priority(UART_IRQ, priority);
        for (u32 threshold = 0; threshold <= 7; threshold++) {
            set_threshold(supervisor(0), threshold);
            CHECK_EQ(external[0], priority > threshold);
        }
    }
}

TEST(the_threshold_masks_claims_as_on_virt)
{
    start(1);
    route(UART_IRQ);
    set_threshold(supervisor(0), 1);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    CHECK(is_pending(UART_IRQ));
    set_threshold(supervisor(0), 0);
    CHECK(external[0]);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
}

TEST(three_bits_of_priority_and_threshold_are_kept)
{
    start(1);
    set_priority(5, 0xffffffff);
    CHECK_EQ(load(4 * 5), 7);
    set_priority(5, 8);
    CHECK_EQ(load(4 * 5), 0);
    set_threshold(supervisor(0), 0xfffffff9);
    CHECK_EQ(load(context_offset(supervisor(0))), 1);
}

TEST(enabling_shows_a_waiting_request_and_disabling_hides_it)
{
    start(1);
    set_priority(UART_IRQ, 1);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK(!external[0]);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    enable(supervisor(0), UART_IRQ);
    CHECK(external[0]);
    disable(supervisor(0), UART_IRQ);
    CHECK(!external[0]);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    CHECK(is_pending(UART_IRQ));
}

TEST(a_request_goes_to_every_hart_and_is_claimed_by_one)
{
    start(4);
    route(UART_IRQ);
    enable(supervisor(1), UART_IRQ);
    enable(supervisor(3), UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK(external[0] && external[1] && !external[2] && external[3]);
    CHECK_EQ(claim_from(supervisor(1)), UART_IRQ);
    CHECK(!external[0] && !external[1] && !external[3]);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    complete_to(supervisor(1), UART_IRQ);
    CHECK(external[0] && external[1] && external[3]);
}

TEST(a_hart_that_loses_a_race_keeps_its_other_request)
{
    start(2);
    route(UART_IRQ);
    route(RTC_IRQ);
    enable(supervisor(1), UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    plic_set_level(&plic, RTC_IRQ, true);
    CHECK_EQ(claim_from(supervisor(1)), UART_IRQ);
    CHECK(external[0] && !external[1]);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
}

TEST(machine_contexts_have_registers_and_drive_nothing)
{
    start(2);
    set_priority(UART_IRQ, 1);
    enable(machine(0), UART_IRQ);
    set_threshold(machine(1), 3);
    CHECK_EQ(load(enable_offset(machine(0), UART_IRQ)), BIT(UART_IRQ));
    CHECK_EQ(load(context_offset(machine(1))), 3);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(calls, 0);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    CHECK_EQ(claim_from(machine(1)), 0);
    CHECK_EQ(claim_from(machine(0)), UART_IRQ);
    complete_to(machine(0), UART_IRQ);
    CHECK(is_pending(UART_IRQ));
    CHECK_EQ(calls, 0);
}

TEST(contexts_of_absent_harts_read_zero_and_ignore_stores)
{
    start(2);
    set_priority(UART_IRQ, 1);
    plic_set_level(&plic, UART_IRQ, true);
    for (u32 context = machine(2); context < 1024; context++) {
        set_threshold(context, 7);
        CHECK_EQ(load(context_offset(context)), 0);
        CHECK_EQ(claim_from(context), 0);
        store(enable_offset(context, UART_IRQ), 0xffffffff);
        CHECK_EQ(load(enable_offset(context, UART_IRQ)), 0);
        complete_to(context, UART_IRQ);
    }
    CHECK_EQ(calls, 0);
    CHECK(is_pending(UART_IRQ));
}

TEST(gaps_of_the_memory_map_read_zero_and_ignore_stores)
{
    static const u32 gaps[] = {0x180,    0xffc,    0x100c,   0x1ffc,   0x200c,  0x208c,
                               0x1ffffc, 0x200008, 0x200ffc, 0x201008, 0x5ffffc};

    start(1);
    for (u32 i = 0; i < ARRAY_SIZE(gaps); i++) {
        store(gaps[i], 0xffffffff);
        CHECK_EQ(load(gaps[i]), 0);
    }
    CHECK_EQ(calls, 0);
}

TEST(no_offset_of_the_window_reaches_outside)
{
    start(PLIC_MAX_HARTS);
    for (u32 offset = 0; offset < PLIC_SIZE; offset += 4) {
        store(offset, 0xffffffff);
        load(offset);
    }
}

TEST(pending_bits_are_read_only)
{
    start(1);
    route(UART_IRQ);
    store(PENDING_BASE, 0xffffffff);
    CHECK_EQ(load(PENDING_BASE), 0);
    CHECK(!external[0]);
    plic_set_level(&plic, UART_IRQ, true);
    store(PENDING_BASE, 0);
    CHECK_EQ(load(PENDING_BASE), BIT(UART_IRQ));
}

TEST(only_words_are_accessible)
{
    static const u32 offsets[] = {0x4, 0x1000, 0x2080, 0x201000, 0x201004, 0x5ffffc};
    u32 value;

    start(1);
    route(UART_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
        for (u32 width = 1; width <= 2; width++) {
            CHECK_EQ(plic_ops.read(&plic, offsets[i], width, &value), MMIO_FAULT);
            CHECK_EQ(plic_ops.write(&plic, offsets[i], width, 0xffff), MMIO_FAULT);
        }
    }
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ); /* no narrow load claimed it */
}

/* ---- Sources of the host ---- */

TEST(a_relayed_wire_goes_low_when_the_guest_completes)
{
    start(1);
    route(RTC_IRQ);
    plic_relay(&plic, RTC_IRQ);
    plic_set_level(&plic, RTC_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
    CHECK_EQ(completions, 0);
    complete_to(supervisor(0), RTC_IRQ);
    CHECK_EQ(completions, 1);
    CHECK_EQ(completed, RTC_IRQ);
    CHECK(!external[0]); /* unlike a level that is kept high */
    CHECK(!is_pending(RTC_IRQ));
    plic_set_level(&plic, RTC_IRQ, true);
    CHECK(external[0]);
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
}

TEST(other_sources_are_not_relayed)
{
    start(1);
    route(UART_IRQ);
    route(LAST);
    plic_relay(&plic, RTC_IRQ);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    complete_to(supervisor(0), UART_IRQ);
    CHECK(external[0]);
    CHECK_EQ(completions, 0);
}

/* The guest may say so of what is not in service: the host hears of it, and no request is lost. */
TEST(a_relayed_completion_out_of_turn_takes_no_request_back)
{
    start(1);
    route(RTC_IRQ);
    plic_relay(&plic, RTC_IRQ);
    plic_set_level(&plic, RTC_IRQ, true);
    complete_to(supervisor(0), RTC_IRQ);
    CHECK_EQ(completions, 1);
    CHECK(external[0] && is_pending(RTC_IRQ));
    CHECK_EQ(claim_from(supervisor(0)), RTC_IRQ);
    plic_set_level(&plic, RTC_IRQ, true);
    complete_to(supervisor(0), RTC_IRQ);
    CHECK_EQ(completions, 2);
    CHECK(!external[0]);
}

TEST(reset_keeps_what_is_relayed_and_init_does_not)
{
    start(1);
    plic_relay(&plic, LAST);
    plic_reset(&plic);
    complete_to(supervisor(0), LAST);
    CHECK_EQ(completions, 1);
    start(1);
    complete_to(supervisor(0), LAST);
    CHECK_EQ(completions, 0);
}

TEST(completions_past_the_last_source_are_ignored)
{
    start(1);
    for (u32 source = 1; source <= LAST; source++)
        plic_relay(&plic, source);
    complete_to(supervisor(0), 96);
    complete_to(supervisor(0), 0xffffffff);
    complete_to(supervisor(0), 0);
    CHECK_EQ(completions, 0);
}

TEST(reset_turns_all_off_and_keeps_the_wires)
{
    start(2);
    route(UART_IRQ);
    route(RTC_IRQ);
    route(1);
    plic_set_level(&plic, UART_IRQ, true);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    plic_set_level(&plic, RTC_IRQ, true);
    plic_set_level(&plic, RTC_IRQ, false);
    CHECK(external[0]);
    plic_reset(&plic);
    CHECK(!external[0]);
    CHECK_EQ(load(4 * UART_IRQ), 0);
    CHECK_EQ(load(enable_offset(supervisor(0), UART_IRQ)), 0);
    CHECK_EQ(load(PENDING_BASE), BIT(UART_IRQ)); /* its wire is high: a new request */
    route(UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), UART_IRQ);
    CHECK_EQ(claim_from(supervisor(0)), 0);
    complete_to(supervisor(0), UART_IRQ);
    CHECK(external[0]);
    enable(supervisor(1), UART_IRQ);
    CHECK(external[1]); /* contexts know their harts still */
}

/* What the specification says, with no shortcut; the two departures of virt included. */
static struct {
    bool level[PLIC_SOURCES], pending[PLIC_SOURCES], claimed[PLIC_SOURCES];
    u32 priority[PLIC_SOURCES], threshold[PLIC_CONTEXTS];
    bool enabled[PLIC_CONTEXTS][PLIC_SOURCES];
} model;

static u32 model_best(u32 context)
{
    u32 best = 0, best_priority = model.threshold[context];

    for (u32 source = 1; source < PLIC_SOURCES; source++) {
        if (!model.pending[source] || !model.enabled[context][source])
            continue;
        if (model.priority[source] > best_priority) {
            best = source;
            best_priority = model.priority[source];
        }
    }
    return best;
}

static void model_gateways(void)
{
    for (u32 source = 1; source < PLIC_SOURCES; source++)
        if (model.level[source] && !model.claimed[source])
            model.pending[source] = true;
}

static u32 random_state;

static u32 random_below(u32 limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

/* Few sources, so that they meet; every word is among them. */
static u32 random_source(void)
{
    static const u32 sources[] = {1, 2, 10, 11, 31, 32, 33, 63, 64, 95};

    return sources[random_below(ARRAY_SIZE(sources))];
}

static void random_claim(u32 context)
{
    u32 expected = model_best(context);

    CHECK_EQ(claim_from(context), expected);
    model.pending[expected] = false;
    model.claimed[expected] = true;
}

static void random_step(u32 contexts)
{
    u32 source = random_source(), context = random_below(contexts), value = random_below(8);

    switch (random_below(7)) {
    case 0:
        set_priority(source, value);
        model.priority[source] = value;
        break;
    case 1:
        set_threshold(context, value / 2);
        model.threshold[context] = value / 2;
        break;
    case 2:
        enable(context, source);
        model.enabled[context][source] = true;
        break;
    case 3:
        disable(context, source);
        model.enabled[context][source] = false;
        break;
    case 4:
        plic_set_level(&plic, source, value & 1);
        model.level[source] = value & 1;
        break;
    case 5:
        random_claim(context);
        break;
    default:
        complete_to(context, source);
        model.claimed[source] = false;
        break;
    }
    model_gateways();
}

TEST(random_runs_agree_with_the_model)
{
    for (u32 run = 0; run < 40; run++) {
        u32 harts = 1 + run % PLIC_MAX_HARTS;

        start(harts);
        memset(&model, 0, sizeof(model));
        random_state = run;
        for (u32 step = 0; step < 5000; step++) {
            random_step(2 * harts);
            for (u32 hart = 0; hart < harts; hart++)
                CHECK_EQ(external[hart], model_best(supervisor(hart)) != 0);
            for (u32 source = 1; source < PLIC_SOURCES; source++)
                CHECK_EQ(is_pending(source), model.pending[source]);
        }
    }
}

#define ROUNDS 20000

static u32 work; /* what a device holds for its driver */

static void tell_nobody(void *ctx, u32 hart, bool pending)
{
    (void)ctx;
    (void)hart;
    (void)pending;
}

/* A device on another hart: its line is high while it holds work; one piece at a time. */
static void *produce(void *unused)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        while (__atomic_load_n(&work, __ATOMIC_ACQUIRE))
            sched_yield();
        __atomic_store_n(&work, 1, __ATOMIC_RELEASE);
        plic_set_level(&plic, UART_IRQ, true);
    }
    return unused;
}

TEST(no_interrupt_is_lost_between_harts)
{
    static const struct plic_host host = {.set_external = tell_nobody};
    u32 done = 0, idle = 0;
    pthread_t device;

    plic_init(&plic, 2, &host);
    route(UART_IRQ);
    enable(supervisor(1), UART_IRQ);
    CHECK(pthread_create(&device, NULL, produce, NULL) == 0);
    while (done < ROUNDS) {
        u32 hart = done & 1;

        if (claim_from(supervisor(hart)) != UART_IRQ) {
            sched_yield();
            if (++idle > 50000000) {
                printf("FAIL %s: lost after %u\n", unit_name, done);
                exit(1); /* a jump out would leave the other hart running */
            }
            continue;
        }
        idle = 0;
        if (__atomic_load_n(&work, __ATOMIC_ACQUIRE)) {
            plic_set_level(&plic, UART_IRQ, false);
            done++;
            __atomic_store_n(&work, 0, __ATOMIC_RELEASE);
        }
        complete_to(supervisor(hart), UART_IRQ);
    }
    pthread_join(device, NULL);
    CHECK_EQ(done, ROUNDS);
}

UNIT_MAIN("plic")
