/* The random tables of walk_check.h, and random accesses through them. */
#ifndef VM_WALK_CHECK_TABLES_H
#define VM_WALK_CHECK_TABLES_H

#include "hyp/vm/walk_check.h"

/* Every word of the pool tells where it is. */
void walk_check_fill(const struct walk_check *check);

/* New random entries in all tables. */
void walk_check_new_tables(struct walk_check *check);

/* A random access, and what governs it, but for where memory is. The gVA is that of a word. */
void walk_check_access(struct walk_check *check, struct walk_context *context, gva_t *gva,
                       enum walk_access *access);

/* Tables that allow a gVA all in VS-mode, but for these flags that the leaves lack. */
void walk_check_trial(struct walk_check *check, u32 without_guest, u32 without_host,
                      struct walk_context *context, gva_t *gva);

#endif
