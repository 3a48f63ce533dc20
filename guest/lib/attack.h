/*
 * What the attacking guests (t_attack_*.c) have in common. An attack is a test case that does as
 * much harm as it can for a while, its dose, and has to find itself alive afterwards. A guest goes
 * through its attacks round after round. Bootargs:
 *
 *   seed=N       of all that is random; printed with every round. Default 1
 *   attack=NAME  only that attack; default all
 *   seconds=N    of guest time, earlier lives included; 0: for ever. Default 2
 *   dose=N       milliseconds of guest time for each attack of a round. Default 50
 *
 * The same seed gives an attack of a round the same sequence, whatever other attacks there are; how
 * far in it the dose gets is a matter of time.
 */
#ifndef GUEST_ATTACK_H
#define GUEST_ATTACK_H

#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/random.h"
#include "guest/lib/test.h"

/* Where the machine has nothing. */
#define NOWHERE 0x08000000u

/* RAM that no image fills, free for any abuse, in VMs of 16 MiB or more. */
#define PLAYGROUND      0x80800000u
#define PLAYGROUND_SIZE 0x400000u

/* Reads the bootargs and says on the console what is going to happen. */
void attack_begin(const char *topic);

/* Runs rounds until the time is over. Returns what main() has to return. */
int attack_rounds(const struct test_case *attacks, u32 count);

/* Is there time left for another round? It is told, and seeded, when there is. */
bool attack_next_round(void);

/* For the loop of an attack: false when its dose is over. */
bool attack_goes_on(void);
void attack_start_dose(void);

/*
 * A number that may hurt: near the edge of a type, of a memory or of a device, a bit, a page
 * number, or nothing in particular. Never an address in this guest's own image.
 */
u32 attack_value(void);

/* Any load, store or atomic instruction there is, and some there are not; and its registers. */
u32 attack_access(void);
void attack_prepare_access(struct insn_run *run, u32 mode, u32 address, u32 data);

/*
 * Runs one instruction that is no jump. The case fails when it neither completes nor traps where it
 * is, but for interrupts.
 */
void attack_insn(struct insn_run *run, u32 bits);

/* The guest's own timer, at a distance: it ends what loops in run_until_trap(). */
void attack_leash(void);
void attack_unleash(void);

#endif
