/*
 * tlb: what a translation costs that the TLB does not have, over all that a vCPU has mapped, and
 * what superpages save of it.
 */
#include "hyp/monitor/cmd.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/show.h"
#include "hyp/monitor/through.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/walk_cost.h"

#define WALKS 256 /* while a VM is held */

static struct {
    struct through through;
    struct walk_scan scan;
    struct walk_cost cost;
} tlb;

static const char *const size_names[WALK_SIZES] = {"Bare", "4K", "4M"};

/* `sum` over `count`, with one digit after the point. */
static struct number_text average(u64 sum, u64 count)
{
    struct number_text n;
    u64 tenths = count ? (sum * 10 + count / 2) / count : 0;

    format_text(n.text, sizeof(n.text), "%llu.%llu", tenths / 10, tenths % 10);
    return n;
}

static void show_row(u32 guest, u32 host, u32 reads)
{
    u64 bytes = tlb.cost.bytes[guest][host][reads];

    if (bytes)
        show("%5u  %-5s  %-4s  %8llu  %8s\n", reads, size_names[guest], size_names[host],
             bytes / walk_cost_entry_size(guest, host), size_text(bytes).text);
}

static void show_sum(const char *what, const struct walk_cost_sum *sum)
{
    show("  %-36s  %8llu  %10s  %9s\n", what, sum->entries,
         average(sum->entry_reads, sum->entries).text,
         average(sum->page_reads, sum->bytes >> PAGE_SHIFT).text);
}

static enum command_result show_end(void)
{
    const struct walk_cost_sum now = walk_cost_sum(&tlb.cost, false, false);
    const struct walk_cost_sum host = walk_cost_sum(&tlb.cost, true, false);
    const struct walk_cost_sum both = walk_cost_sum(&tlb.cost, true, true);

    show("VM \"%s\", vCPU %u: %s mapped, by the reads of a full walk\n",
         tlb.through.vm->config.name, tlb.through.vcpu, size_text(now.bytes).text);
    if (!now.bytes)
        return COMMAND_DONE;
    show("reads  guest  host   entries    mapped\n");
    for (u32 reads = 1; reads <= WALK_MAX_READS; reads++)
        for (u32 i = 0; i < WALK_SIZES * WALK_SIZES; i++)
            show_row(i / WALK_SIZES, i % WALK_SIZES, reads);
    show("  %-36s  %8s  %10s  %9s\n", "on average", "entries", "reads each", "by memory");
    show_sum("as it is", &now);
    show_sum("if the host had leaves of 4K only", &host);
    show_sum("if host and guest had 4K only", &both);
    return COMMAND_DONE;
}

static enum command_result tlb_some(bool cancelled)
{
    struct walk_context context;
    struct walk_span span;

    if (cancelled)
        return COMMAND_DONE;
    if (!through_begin(&tlb.through, &context))
        return COMMAND_FAILED;
    for (u32 i = 0; i < WALKS && tlb.scan.next < tlb.scan.end; i++) {
        walk_scan_step(&tlb.scan, &context, &span);
        walk_cost_add(&tlb.cost, &span);
    }
    through_end(&tlb.through);
    return tlb.scan.next < tlb.scan.end ? COMMAND_WAITS : show_end();
}

enum command_result command_tlb(const struct arguments *arguments)
{
    const char *vcpu = NULL;

    if (arguments->count > 2) {
        if (arguments->count != 4 || strcmp(arguments->word[2], "vcpu"))
            return command_failed("expected vcpu N, not \"%s\"", arguments->word[2]);
        vcpu = arguments->word[3];
    }
    if (!through_choose(&tlb.through, arguments->word[1], vcpu))
        return COMMAND_FAILED;
    tlb.scan = (struct walk_scan){0, 1ull << 32};
    memset(&tlb.cost, 0, sizeof(tlb.cost));
    command_wait(tlb_some, 0);
    return COMMAND_WAITS;
}
