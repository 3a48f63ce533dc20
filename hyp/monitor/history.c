#include "hyp/monitor/history.h"

#include "hyp/core/string.h"

void history_add(struct history *history, const char *line)
{
    const char *last = history_at(history, 1);

    if (!*line || (last && !strcmp(last, line)))
        return;
    memcpy(history->lines[history->next], line, strlen(line) + 1);
    history->next = (history->next + 1) % HISTORY_LINES;
    if (history->count < HISTORY_LINES)
        history->count++;
}

const char *history_at(const struct history *history, u32 back)
{
    if (!back || back > history->count)
        return NULL;
    return history->lines[(history->next + HISTORY_LINES - back) % HISTORY_LINES];
}
