/* map: stage 2 of a VM as ranges, some at a time: the VM runs on while they are printed. */
#include "hyp/monitor/cmd.h"

#include "hyp/monitor/look.h"
#include "hyp/monitor/map_range.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

#define RANGES  32   /* printed at a time             */
#define ENTRIES 8192 /* looked at while a VM is held  */

static struct {
    struct vm *vm;
    struct map_scan scan;
    u32 ranges;
    u64 bytes[2]; /* in 4 KiB leaves, in 4 MiB leaves */
} map;

static void show_range(const struct map_range *range)
{
    show("0x%09llx-0x%09llx => 0x%09llx-0x%09llx  %c%c%c  %s  %6s\n", range->gpa,
         range->gpa + range->size - 1, range->hpa, range->hpa + range->size - 1,
         range->rights & PTE_R ? 'r' : '-', range->rights & PTE_W ? 'w' : '-',
         range->rights & PTE_X ? 'x' : '-', range->leaf == PAGE_SIZE ? "4K" : "4M",
         size_text(range->size).text);
    map.ranges++;
    map.bytes[range->leaf != PAGE_SIZE] += range->size;
}

static enum command_result show_end(void)
{
    show("%u ranges: %s in leaves of 4M, %s in leaves of 4K; of %s of RAM\n", map.ranges,
         size_text(map.bytes[1]).text, size_text(map.bytes[0]).text,
         size_text(map.vm->config.memory).text);
    return COMMAND_DONE;
}

static enum command_result map_some(bool cancelled)
{
    struct map_range found[RANGES];
    u32 count = 0;

    if (cancelled)
        return COMMAND_DONE;
    if (!look_begin(map.vm))
        return COMMAND_FAILED;
    for (u32 i = 0; i < ENTRIES && count < RANGES && !map_scan_ended(&map.scan); i++)
        count += map_scan_step(&map.scan, &map.vm->stage2, &found[count]);
    look_end(map.vm);
    for (u32 i = 0; i < count; i++)
        show_range(&found[i]);
    return map_scan_ended(&map.scan) ? show_end() : COMMAND_WAITS;
}

#define GPA_END (1ull << SV32X4_GPA_BITS)

/* The part of the gPA space that was asked for, in whole pages. */
static enum command_result parse_part(const struct arguments *arguments)
{
    u64 start = 0, length = GPA_END;

    if (arguments->count > 2 && !argument_number(arguments->word[2], &start))
        return COMMAND_FAILED;
    if (arguments->count > 3 && !argument_number(arguments->word[3], &length))
        return COMMAND_FAILED;
    if (start >= GPA_END)
        return command_failed("gPA %s has more than 34 bits", arguments->word[2]);
    if (!length)
        return command_failed("a length of 0 shows nothing");
    if (length > GPA_END - start)
        length = GPA_END - start;
    map.scan = (struct map_scan){
        .next = ALIGN_DOWN(start, PAGE_SIZE),
        .end = ALIGN_UP(start + length, PAGE_SIZE),
    };
    return COMMAND_DONE;
}

enum command_result command_map(const struct arguments *arguments)
{
    map.vm = argument_vm(arguments->word[1]);
    if (!map.vm || parse_part(arguments) != COMMAND_DONE)
        return COMMAND_FAILED;
    if (!look_begin(map.vm))
        return COMMAND_FAILED;
    look_end(map.vm);
    map.ranges = 0;
    map.bytes[0] = map.bytes[1] = 0;
    show("%-23s    %-23s  %-3s  %s  %6s\n", "gPA", "hPA", "", "leaf", "size");
    command_wait(map_some, 0);
    return COMMAND_WAITS;
}
