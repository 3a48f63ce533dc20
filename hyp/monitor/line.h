/*
 * The line that a person types, edited as at a shell: a byte from the keyboard in, what has
 * happened out. Shows nothing itself. Knows the keys of VT100 and xterm; from a pipe, lines that
 * end in '\n', '\r' or both. Pure.
 */
#ifndef MONITOR_LINE_H
#define MONITOR_LINE_H

#include "arch/types.h"
#include "hyp/monitor/command.h"
#include "hyp/monitor/history.h"

enum line_event {
    LINE_SAME,     /* nothing to show                                               */
    LINE_CHANGED,  /* the text or the cursor                                        */
    LINE_DONE,     /* the line is complete: its text stays until line_clear         */
    LINE_CANCEL,   /* Ctrl-C: the text stays until line_clear                       */
    LINE_END,      /* Ctrl-D on an empty line                                       */
    LINE_COMPLETE, /* Tab: the word before the cursor                               */
    LINE_LIST,     /* Tab again: what it could be completed to                      */
    LINE_CLEAR,    /* Ctrl-L: the screen                                            */
};

/* How far an escape sequence has come. */
enum line_escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_NUMBER, ESCAPE_REST };

struct line {
    char text[COMMAND_LINE]; /* terminated                                         */
    u32 length, cursor;
    enum line_escape escape;
    u32 number;            /* in the escape sequence                               */
    bool returned, tabbed; /* the last byte was '\r', or a Tab                     */
    struct history *history;
    u32 back;                /* which of its lines is edited; 0: none              */
    char kept[COMMAND_LINE]; /* meanwhile, the line that was begun                 */
};

/* An empty line, that goes up and down in `history`. */
void line_init(struct line *line, struct history *history);

/* Takes what was typed. */
enum line_event line_type(struct line *line, u8 byte);

/* Inserts `text` at the cursor, as much of it as there is room for. */
void line_insert(struct line *line, const char *text);

/* Empties the line, for the next one. */
void line_clear(struct line *line);

#endif
