#include "hyp/monitor/line.h"

#include "hyp/core/string.h"

#define CTRL(letter) ((letter)-0x40)
#define ESCAPE       0x1b
#define DELETE       0x7f

void line_init(struct line *line, struct history *history)
{
    *line = (struct line){.history = history};
}

void line_clear(struct line *line)
{
    line->length = line->cursor = line->back = 0;
    line->text[0] = '\0';
}

/* Takes the text from `from` up to `to` out; the cursor is then at `from`. */
static enum line_event cut(struct line *line, u32 from, u32 to)
{
    if (from == to)
        return LINE_SAME;
    memmove(line->text + from, line->text + to, line->length - to + 1);
    line->length -= to - from;
    line->cursor = from;
    return LINE_CHANGED;
}

static enum line_event insert(struct line *line, char c)
{
    char *at = line->text + line->cursor;

    if (line->length == COMMAND_LINE - 1)
        return LINE_SAME;
    memmove(at + 1, at, line->length - line->cursor + 1);
    *at = c;
    line->length++;
    line->cursor++;
    return LINE_CHANGED;
}

void line_insert(struct line *line, const char *text)
{
    while (*text)
        insert(line, *text++);
}

static enum line_event move_to(struct line *line, u32 cursor)
{
    if (cursor == line->cursor)
        return LINE_SAME;
    line->cursor = cursor;
    return LINE_CHANGED;
}

static enum line_event left(struct line *line)
{
    return move_to(line, line->cursor ? line->cursor - 1 : 0);
}

static enum line_event right(struct line *line)
{
    return move_to(line, line->cursor < line->length ? line->cursor + 1 : line->length);
}

static enum line_event home(struct line *line)
{
    return move_to(line, 0);
}

static enum line_event end(struct line *line)
{
    return move_to(line, line->length);
}

static enum line_event backspace(struct line *line)
{
    return line->cursor ? cut(line, line->cursor - 1, line->cursor) : LINE_SAME;
}

static enum line_event delete_here(struct line *line)
{
    return line->cursor < line->length ? cut(line, line->cursor, line->cursor + 1) : LINE_SAME;
}

static enum line_event delete_or_end(struct line *line)
{
    return line->length ? delete_here(line) : LINE_END;
}

static enum line_event kill_to_end(struct line *line)
{
    return cut(line, line->cursor, line->length);
}

static enum line_event kill_to_start(struct line *line)
{
    return cut(line, 0, line->cursor);
}

static enum line_event kill_word(struct line *line)
{
    u32 from = line->cursor;

    while (from && line->text[from - 1] == ' ')
        from--;
    while (from && line->text[from - 1] != ' ')
        from--;
    return cut(line, from, line->cursor);
}

static enum line_event set_text(struct line *line, const char *text)
{
    line->length = line->cursor = (u32)strlen(text);
    memcpy(line->text, text, line->length + 1);
    return LINE_CHANGED;
}

static enum line_event up(struct line *line)
{
    const char *text = history_at(line->history, line->back + 1);

    if (!text)
        return LINE_SAME;
    if (!line->back++)
        memcpy(line->kept, line->text, line->length + 1);
    return set_text(line, text);
}

static enum line_event down(struct line *line)
{
    if (!line->back)
        return LINE_SAME;
    return set_text(line, --line->back ? history_at(line->history, line->back) : line->kept);
}

static enum line_event done(struct line *line)
{
    line->returned = true;
    return LINE_DONE;
}

/* A '\n' right after '\r' belongs to it. */
static enum line_event line_feed(struct line *line)
{
    return line->returned ? LINE_SAME : LINE_DONE;
}

static enum line_event cancel(struct line *line)
{
    (void)line;
    return LINE_CANCEL;
}

static enum line_event clear_screen(struct line *line)
{
    (void)line;
    return LINE_CLEAR;
}

static enum line_event complete(struct line *line)
{
    if (line->tabbed)
        return LINE_LIST;
    line->tabbed = true;
    return LINE_COMPLETE;
}

static enum line_event begin_escape(struct line *line)
{
    line->escape = ESCAPE_BEGUN;
    return LINE_SAME;
}

/* What control characters do; those without a row do nothing. */
static enum line_event (*const control_keys[' '])(struct line *line) = {
    [CTRL('A')] = home,          [CTRL('B')] = left,         [CTRL('C')] = cancel,
    [CTRL('D')] = delete_or_end, [CTRL('E')] = end,          [CTRL('F')] = right,
    [CTRL('H')] = backspace,     [CTRL('I')] = complete,     [CTRL('J')] = line_feed,
    [CTRL('K')] = kill_to_end,   [CTRL('L')] = clear_screen, [CTRL('M')] = done,
    [CTRL('N')] = down,          [CTRL('P')] = up,           [CTRL('U')] = kill_to_start,
    [CTRL('W')] = kill_word,     [ESCAPE] = begin_escape,
};

/* Escape sequences by their last byte and, with '~', their number. */
static const struct {
    char last;
    u32 number;
    enum line_event (*edit)(struct line *line);
} sequences[] = {
    {'A', 0, up},   {'B', 0, down}, {'C', 0, right},       {'D', 0, left},
    {'H', 0, home}, {'F', 0, end},  {'~', 1, home},        {'~', 7, home},
    {'~', 4, end},  {'~', 8, end},  {'~', 3, delete_here},
};

static enum line_event end_of_sequence(struct line *line, char last)
{
    u32 number = last == '~' ? line->number : 0;

    line->escape = ESCAPE_NONE;
    for (u32 i = 0; i < ARRAY_SIZE(sequences); i++)
        if (sequences[i].last == last && sequences[i].number == number)
            return sequences[i].edit(line);
    return LINE_SAME;
}

/*
 * ESC [ number ; more last, or ESC O last. Anything else after ESC is a key with Alt, of which
 * there are none. A control character is no part of a sequence, but ends one that is broken.
 */
static enum line_event type_escape(struct line *line, u8 byte)
{
    if (line->escape == ESCAPE_BEGUN) {
        line->escape = byte == '[' || byte == 'O' ? ESCAPE_NUMBER : ESCAPE_NONE;
        line->number = 0;
        return LINE_SAME;
    }
    if (byte >= '@' && byte < DELETE)
        return end_of_sequence(line, (char)byte);
    if (byte < '0' || byte > '9')
        line->escape = ESCAPE_REST;
    else if (line->escape == ESCAPE_NUMBER)
        line->number = (line->number * 10 + byte - '0') % 1000;
    return LINE_SAME;
}

static enum line_event type_plain(struct line *line, u8 byte)
{
    if (byte == DELETE)
        return backspace(line);
    if (byte >= ' ')
        return byte < DELETE ? insert(line, (char)byte) : LINE_SAME;
    return control_keys[byte] ? control_keys[byte](line) : LINE_SAME;
}

enum line_event line_type(struct line *line, u8 byte)
{
    enum line_event event;

    if (byte != '\t')
        line->tabbed = false;
    if (byte < ' ')
        line->escape = ESCAPE_NONE;
    event = line->escape ? type_escape(line, byte) : type_plain(line, byte);
    if (byte != '\r')
        line->returned = false;
    return event;
}
