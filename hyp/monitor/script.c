#include "hyp/monitor/script.h"

#include "hyp/core/string.h"
#include "hyp/monitor/command.h"

/* Bytes of the next line, without its end. */
static u32 line_length(const struct script *script)
{
    u32 length = 0;

    while (script->at + length < script->size && script->text[script->at + length] != '\n')
        length++;
    return length;
}

enum script_status script_next(struct script *script, char *line)
{
    const char *text = script->text + script->at;
    u32 length = line_length(script), copied = length;
    bool fits;

    if (script->at >= script->size || !*text)
        return SCRIPT_END;
    script->at += length + 1;
    script->line++;
    if (copied && text[copied - 1] == '\r')
        copied--;
    fits = copied < COMMAND_LINE;
    if (!fits)
        copied = COMMAND_LINE - 1;
    memcpy(line, text, copied);
    line[copied] = '\0';
    return fits ? SCRIPT_LINE : SCRIPT_TOO_LONG;
}
