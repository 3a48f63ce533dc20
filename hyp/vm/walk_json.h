/*
 * A walk as a record for programs: one line of JSON, as docs/walk-record.schema.json has it. Pure.
 */
#ifndef VM_WALK_JSON_H
#define VM_WALK_JSON_H

#include "hyp/vm/walk_view.h"

#define WALK_JSON_MAX 2048 /* bytes that any record fits in, its end included */

/*
 * Writes the record without an end of line; returns its length. Of the view, what hardware said and
 * what we would do is not in it.
 */
u32 walk_json(const struct walk_view *view, char *text, u32 size);

#endif
