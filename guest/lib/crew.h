/*
 * The other harts at work for a test: all run the same function, until they are told to quit. Each
 * reports through the arrays, which are indexed by hart id and cleared by crew_start().
 */
#ifndef GUEST_CREW_H
#define GUEST_CREW_H

#include "guest/lib/hart.h"

extern volatile u32 crew_alive[MAX_HARTS]; /* counted up by each hart that is under way */
extern volatile u32 crew_wrong[MAX_HARTS]; /* what it saw that must not be              */
extern volatile u32 crew_quit;             /* nonzero: return from the function         */

/*
 * Starts `run` on every hart but this one and waits until each is alive. Returns false, and has
 * failed the running test, when one is not.
 */
bool crew_start(void (*run)(void));

/* Tells all to quit, by an IPI too, and waits until they are stopped. Returns as crew_start(). */
bool crew_stop(void);

/* Fails the running test and returns false if a hart counted something wrong. */
bool crew_is_right(const char *what);

void crew_clear(void);

#define NEED_TWO_HARTS()           \
    do {                           \
        if (hart_count() < 2)      \
            SKIP("one hart only"); \
    } while (0)

#endif
