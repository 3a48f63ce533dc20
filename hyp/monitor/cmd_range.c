/* walk of a range: its translations as a table, some at a time: the VM runs on while they are
 * printed. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/string.h"
#include "hyp/monitor/names.h"
#include "hyp/monitor/show.h"
#include "hyp/monitor/through.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/walk_scan.h"
#include "hyp/vm/walk_verdict.h"

#define SPANS   32   /* printed at a time                              */
#define WALKS   256  /* while a VM is held                             */
#define ROWS    1000 /* printed in all: hostile tables have a million  */
#define GVA_END (1ull << 32)

static struct {
    struct through through;
    struct walk_scan scan;
    struct walk_span open; /* what may go on with the next walk; size 0: nothing */
    u32 rows;
} range;

/* What is at a gPA that has no page. */
static const char *what_is_at(gpa_t gpa)
{
    const char *device;
    u32 base;

    if (memory_is_ram(range.through.vm, gpa, 1))
        return "RAM without a page";
    device = device_name(gpa, &base);
    return device ? device : "nothing";
}

static void show_span(const struct walk_span *span)
{
    u64 last = span->size - 1;
    char rights[4];

    range.rows++;
    if (span->kind == WALK_SPAN_NO_PAGE) {
        show("0x%08llx-0x%08llx => 0x%09llx-0x%09llx => %s\n", (u64)span->gva, span->gva + last,
             span->gpa, span->gpa + last, what_is_at(span->gpa));
        return;
    }
    walk_rights_text(span->rights, rights);
    show("0x%08llx-0x%08llx => 0x%09llx-0x%09llx => 0x%09llx-0x%09llx  %s %c  %s/%s %6s\n",
         (u64)span->gva, span->gva + last, span->gpa, span->gpa + last, span->hpa, span->hpa + last,
         rights, span->user ? 'u' : '-',
         span->vs_size == SUPERPAGE_SIZE ? "4M"
         : span->vs_size                 ? "4K"
                                         : "--",
         span->g_size == SUPERPAGE_SIZE ? "4M" : "4K", size_text(span->size).text);
}

/* Adds what was found next; what that ends goes to `done`, of which there are `count`. */
static u32 add(const struct walk_span *span, struct walk_span *done, u32 count)
{
    if (range.open.size && walk_span_join(&range.open, span))
        return count;
    if (range.open.size && range.open.kind != WALK_SPAN_NONE)
        done[count++] = range.open;
    range.open = *span;
    return count;
}

static u32 scan_some(const struct walk_context *context, struct walk_span *done)
{
    struct walk_span span;
    u32 count = 0;

    for (u32 i = 0; i < WALKS && count < SPANS && range.scan.next < range.scan.end; i++) {
        walk_scan_step(&range.scan, context, &span);
        count = add(&span, done, count);
    }
    return count;
}

static enum command_result show_end(void)
{
    if (range.open.size && range.open.kind != WALK_SPAN_NONE)
        show_span(&range.open);
    if (!range.rows)
        show("nothing is mapped there\n");
    return COMMAND_DONE;
}

static enum command_result range_some(bool cancelled)
{
    static struct walk_span done[SPANS];
    struct walk_context context;
    u32 count;

    if (cancelled)
        return COMMAND_DONE;
    if (!through_begin(&range.through, &context))
        return COMMAND_FAILED;
    count = scan_some(&context, done);
    through_end(&range.through);
    for (u32 i = 0; i < count; i++)
        show_span(&done[i]);
    if (range.scan.next >= range.scan.end)
        return show_end();
    if (range.rows < ROWS)
        return COMMAND_WAITS;
    show("... and more, from 0x%08x on\n", range.open.gva);
    return COMMAND_DONE;
}

/* FROM..TO, or FROM and +SIZE as the next word; `*at` moves on behind it. */
static bool parse_range(const struct arguments *arguments, u32 *at, u64 *from, u64 *to)
{
    static char first[COMMAND_LINE];
    const char *word = arguments->word[2];
    u32 length = 0;
    u64 size;

    *at = 3;
    while (word[length] && strncmp(word + length, "..", 2))
        length++;
    memcpy(first, word, length);
    first[length] = '\0';
    if (!argument_number(first, from))
        return false;
    if (word[length])
        return argument_number(word + length + 2, to);
    if (!argument_number(arguments->word[(*at)++] + 1, &size))
        return false;
    *to = size < GVA_END ? *from + size : GVA_END;
    return true;
}

bool walk_is_of_range(const struct arguments *arguments)
{
    const char *word = arguments->word[2];

    if (arguments->count > 3 && arguments->word[3][0] == '+')
        return true;
    while (*word && strncmp(word, "..", 2))
        word++;
    return *word;
}

static enum command_result parse(const struct arguments *arguments, const char **vcpu)
{
    u64 from, to;
    u32 at;

    if (!parse_range(arguments, &at, &from, &to))
        return COMMAND_FAILED;
    if (from >= GVA_END || to > GVA_END)
        return command_failed("gVAs have 32 bits: 0x%llx is past their end",
                              from >= GVA_END ? from : to);
    if (from >= to)
        return command_failed("there is nothing from 0x%llx to 0x%llx", from, to);
    range.scan = (struct walk_scan){ALIGN_DOWN(from, PAGE_SIZE), ALIGN_UP(to, PAGE_SIZE)};
    *vcpu = NULL;
    if (at == arguments->count)
        return COMMAND_DONE;
    if (at + 2 != arguments->count || strcmp(arguments->word[at], "vcpu"))
        return command_failed("of a range only vcpu N may follow, not \"%s\"", arguments->word[at]);
    *vcpu = arguments->word[at + 1];
    return COMMAND_DONE;
}

enum command_result command_walk_range(const struct arguments *arguments)
{
    const char *vcpu;

    if (parse(arguments, &vcpu) != COMMAND_DONE ||
        !through_choose(&range.through, arguments->word[1], vcpu))
        return COMMAND_FAILED;
    range.open.size = 0;
    range.rows = 0;
    show("%-21s    %-23s    %-23s  %-5s  %s %6s\n", "gVA", "gPA", "hPA", "", "pages", "size");
    command_wait(range_some, 0);
    return COMMAND_WAITS;
}
