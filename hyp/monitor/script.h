/* The monitor's script: a text, line by line. Pure. */
#ifndef MONITOR_SCRIPT_H
#define MONITOR_SCRIPT_H

#include "arch/types.h"

struct script {
    const char *text;
    u32 size; /* up to a byte of 0, if there is one */
    u32 at;   /* where the next line begins         */
    u32 line; /* number of the last one; 0: none    */
};

enum script_status {
    SCRIPT_LINE,
    SCRIPT_END,
    SCRIPT_TOO_LONG, /* a line does not fit; `line` has its beginning */
};

/* Copies the next line, without its '\n' or "\r\n", to `line` of COMMAND_LINE bytes. */
enum script_status script_next(struct script *script, char *line);

#endif
