/* A walk as lines of text, for a person: every table read, where it leads, how it ends. Pure. */
#ifndef VM_WALK_TEXT_H
#define VM_WALK_TEXT_H

#include "hyp/vm/walk_view.h"

#define WALK_TEXT_WIDTH 100 /* no line is longer */

/* Gives each line, without its end, to `line`; it is gone afterwards. */
void walk_text(const struct walk_view *view, void (*line)(const char *text));

#endif
