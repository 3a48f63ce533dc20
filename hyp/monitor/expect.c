#include "hyp/monitor/expect.h"

#include "hyp/core/log.h"
#include "hyp/core/string.h"
#include "hyp/vm/vm.h"

#define WINDOW 512

_Static_assert(WINDOW >= 2 * COMMAND_LINE, "every look must move the window");

static u64 console_seen[VM_MAX]; /* positions in scroll-backs, behind what was found       */
static u64 console_next;         /* position from which on the text of now can still be    */
static u64 log_seen;

/* Where in `window` the text ends; 0: it is not there. */
static u32 find(const char *window, u32 size, const char *text, u32 length)
{
    for (u32 i = 0; i + length <= size; i++)
        if (!memcmp(window + i, text, length))
            return i + length;
    return 0;
}

void expect_begin(const struct vm *vm)
{
    console_next = console_seen[vm->index];
}

/*
 * The windows overlap by one byte less than the text has: so much of its beginning may be at the
 * end of one, which is also where to go on the next time.
 */
bool expect_console(struct vm *vm, const char *text)
{
    u32 length = (u32)strlen(text), size, end;
    char window[WINDOW];

    do {
        u64 from = console_next;

        size = vm_console_read_past(vm, &from, window, WINDOW);
        console_next = from - size;
        end = find(window, size, text, length);
        if (end)
            console_seen[vm->index] = console_next + end;
        else if (size >= length)
            console_next += size - (length - 1);
    } while (!end && size == WINDOW);
    return end != 0;
}

bool expect_log(const char *text)
{
    char entry[LOG_TEXT_MAX + 1];
    u32 length = (u32)strlen(text), size;
    u64 time;

    while ((size = log_read(&log_seen, &time, entry, sizeof(entry))))
        if (find(entry, size, text, length))
            return true;
    return false;
}
