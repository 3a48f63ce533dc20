#include "hyp/monitor/prompt.h"

#include "hyp/core/console.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/history.h"
#include "hyp/monitor/line.h"
#include "hyp/monitor/show.h"

#define WINDOW \
    68 /* letters of the line that are shown: with the prompt, they fit into 80 columns */
#define CLEAR_SCREEN "\033[H\033[2J"

static struct history history;
static struct line line;
static char on_screen[CONSOLE_PROMPT_MAX]; /* the prompt as it is shown now */
static u32 on_screen_length;               /* 0: it is not                  */

void prompt_init(void)
{
    line_init(&line, &history);
}

static void set_prompt(const char *text, u32 length)
{
    if (length == on_screen_length && (!length || !memcmp(text, on_screen, length)))
        return;
    if (length)
        memcpy(on_screen, text, length);
    on_screen_length = length;
    console_set_prompt(length ? text : NULL, length);
}

/* Of a long line, the part around the cursor is shown. */
void prompt_show(bool shown)
{
    u32 start = line.cursor > WINDOW ? line.cursor - WINDOW : 0;
    u32 count = line.length - start < WINDOW ? line.length - start : WINDOW;
    u32 back = start + count - line.cursor;
    char text[CONSOLE_PROMPT_MAX];
    u32 length;

    if (!shown) {
        set_prompt(NULL, 0);
        return;
    }
    length = format_text(text, sizeof(text), PROMPT "%.*s", count, line.text + start);
    if (back)
        length += format_text(text + length, (u32)sizeof(text) - length, "\033[%uD", back);
    set_prompt(text, length);
}

void prompt_echo(const char *text)
{
    prompt_show(false);
    show(PROMPT "%s\n", text);
}

/* The line as it is now stays on the screen; one that is too long for it is shown whole. */
static void leave_line(const char *end)
{
    if (line.length > WINDOW) {
        prompt_show(false);
        show(PROMPT "%s%s\n", line.text, end);
        return;
    }
    line.cursor = line.length;
    line_insert(&line, end);
    prompt_show(true);
    console_leave_prompt();
    on_screen_length = 0;
}

static void complete(void)
{
    char more[COMMAND_LINE];

    if (command_complete(line.text, line.cursor, more))
        line_insert(&line, more);
}

static void list_completions(void)
{
    char more[COMMAND_LINE];
    u32 count = command_complete(line.text, line.cursor, more);

    for (u32 i = 0; i < count; i++)
        show("%-15s%s", command_candidate(i), i % 5 == 4 || i + 1 == count ? "\n" : " ");
}

static void drop_line(void)
{
    leave_line("^C");
    line_clear(&line);
}

/* The screen is empty and the prompt on its first row. */
static void clear_screen(void)
{
    prompt_show(false);
    console_set_prompt(CLEAR_SCREEN, sizeof(CLEAR_SCREEN) - 1);
}

/* The text of the line outlives it, in the history's way or here. */
static const char *take_line(void)
{
    static char taken[COMMAND_LINE];

    memcpy(taken, line.text, line.length + 1);
    history_add(&history, taken);
    leave_line("");
    line_clear(&line);
    return taken;
}

const char *prompt_type(u8 byte)
{
    switch (line_type(&line, byte)) {
    case LINE_DONE:
        return take_line();
    case LINE_END:
        line_insert(&line, "quit");
        return take_line();
    case LINE_CANCEL:
        drop_line();
        break;
    case LINE_COMPLETE:
        complete();
        break;
    case LINE_LIST:
        list_completions();
        break;
    case LINE_CLEAR:
        clear_screen();
        break;
    case LINE_SAME:
    case LINE_CHANGED:
        break;
    }
    return NULL;
}
