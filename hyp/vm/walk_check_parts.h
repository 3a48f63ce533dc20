/* What the files of walk_check.h share. */
#ifndef VM_WALK_CHECK_PARTS_H
#define VM_WALK_CHECK_PARTS_H

#include "arch/own_trap.h"
#include "hyp/vm/walk_check.h"

#define WALK_CHECK_MARK 0x57075700u /* what stores store */

/* ---- walk_check_tables.c: random tables, and random accesses through them. ---- */

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

/* ---- walk_check_judge.c ---- */

/* Is the address in the test's memory? All else is no memory to it. */
bool walk_check_has(const struct walk_check *check, hpa_t pa);

/* The cause that the hart must raise for the access of `view`, 0: none. Also where our walk ends
 * well there may be no memory for us. */
u32 walk_check_expected(const struct walk_check *check);

/* NULL: the hart has done as it must. Otherwise what it has not. A store is undone. */
const char *walk_check_judge(const struct walk_check *check, u32 expected, bool made,
                             const struct guarded_trap *trap);

#endif
