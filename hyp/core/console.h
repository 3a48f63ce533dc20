/*
 * The machine's console, as all who print share it. A line of one owner is not mixed with
 * another's; below the lines there may be a prompt, at which a person types. Any hart, any time,
 * except with the console lock held.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "arch/types.h"

/*
 * Writes raw bytes, at least one, whole, with no other hart's between: a line of `owner` or a part
 * of one, so that a '\n' can only be the last byte. A line begins with `prefix`, unless that is
 * NULL; one that another owner has left open is ended first. Called with at most a line, for the
 * lock is held while it goes out.
 */
void console_write_as(const void *owner, const char *prefix, const char *text, u32 size);

/* Ends the line that an owner has left open, if any. */
void console_end_line(void);

/* Between the two, what this hart prints is not mixed with anything of another's. Not nested. */
void console_hold(void);
void console_release(void);

#define CONSOLE_PROMPT_MAX 512 /* bytes; more is cut off */

/*
 * Shows `text`, which is copied, as the prompt: on the last line, without a line's end, and with
 * the cursor wherever its last escape sequence leaves it. Before anything else is printed it is
 * erased ("\r\033[K": it should fit in one row), and shown again when the line that was printed
 * has ended. Set anew, it is shown at once, below a line that is left open; when it only goes on
 * from what is shown, what is new is written. NULL: none any more; what is shown is erased.
 */
void console_set_prompt(const char *text, u32 length);

/* The same as the last, but what is shown stays, as a line that has ended. */
void console_leave_prompt(void);

/* Where the bytes go: called under the console lock. Until one is set, to the firmware. */
struct console_sink {
    void (*write)(void *device, const char *text, u32 size);
    void *device;
};
void console_set_sink(const struct console_sink *sink);

/* For a panic: the hart that holds the console may be this one, and a mixed line beats silence.
 * From now on nobody waits for it. */
void console_seize(void);

#endif
