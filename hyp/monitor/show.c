#include "hyp/monitor/show.h"

#include <stdarg.h>

#include "hyp/core/console.h"
#include "hyp/core/hart.h"
#include "hyp/core/machine.h"
#include "hyp/core/printk.h"
#include "hyp/core/sched.h"

void show(const char *format, ...)
{
    static const char owner[] = "monitor";
    char line[256];
    va_list list;
    u32 size;

    va_start(list, format);
    size = format_text_list(line, sizeof(line) - 1, format, list);
    va_end(list);
    if (!size)
        return;
    if (line[size - 1] == '\n') {
        line[size - 1] = '\r';
        line[size++] = '\n';
    }
    console_write_as(owner, NULL, line, size);
}

static struct number_text number(u64 whole, const char *unit)
{
    struct number_text n;

    format_text(n.text, sizeof(n.text), "%llu%s", whole, unit);
    return n;
}

struct number_text size_text(u64 bytes)
{
    static const char *const units[] = {"", "K", "M", "G"};
    u32 unit = 0;

    while (unit + 1 < ARRAY_SIZE(units) && bytes >= 1024 &&
           (bytes >= 10 * 1024 || bytes % 1024 == 0)) {
        bytes >>= 10;
        unit++;
    }
    return number(bytes, units[unit]);
}

/* Ticks in units of 1 / `per_second`; whole seconds apart, so that nothing overflows. */
static u64 ticks_in(u64 ticks, u32 per_second)
{
    u64 seconds = ticks / machine.timebase;

    return seconds * per_second + ticks % machine.timebase * per_second / machine.timebase;
}

struct number_text seconds_text(u64 ticks)
{
    struct number_text n;
    u64 ms = ticks_in(ticks, 1000);

    format_text(n.text, sizeof(n.text), "%llu.%03u", ms / 1000, (u32)(ms % 1000));
    return n;
}

struct number_text micros_text(u64 ticks)
{
    struct number_text n;
    u64 tenths = ticks_in(ticks, 10000000);

    format_text(n.text, sizeof(n.text), "%llu.%u", tenths / 10, (u32)(tenths % 10));
    return n;
}

struct number_text micros_text_fine(u64 ticks)
{
    struct number_text n;
    u64 ns = ticks_in(ticks, 1000000000);

    format_text(n.text, sizeof(n.text), "%llu.%03u", ns / 1000, (u32)(ns % 1000));
    return n;
}

struct number_text percent_text(u64 part, u64 whole)
{
    struct number_text n;
    u32 tenths;

    /* Times in ticks: below 2^54 for any machine that people live to see. */
    tenths = whole ? (u32)((part * 1000 + whole / 2) / whole) : 0;
    format_text(n.text, sizeof(n.text), "%u.%u", tenths / 10, tenths % 10);
    return n;
}

struct number_text rate_text(u64 count, u64 ticks)
{
    u64 rate = ticks ? count * machine.timebase / ticks : 0;

    if (rate >= 10000000)
        return number(rate / 1000000, "M");
    return rate >= 100000 ? number(rate / 1000, "K") : number(rate, "");
}

struct harts_text harts_text(u32 affinity)
{
    struct harts_text list = {"all"};
    u32 used = 0;

    if (affinity == SCHED_ALL_HARTS)
        return list;
    for (u32 i = 0; i < hart_count; i++)
        if (affinity & BIT(i))
            used += format_text(list.text + used, (u32)sizeof(list.text) - used,
                                used ? ",%u" : "%u", harts[i].id);
    return list;
}
