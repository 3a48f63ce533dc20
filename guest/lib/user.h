/*
 * Code and constants for U-mode. The linker script puts them at their own virtual address
 * (user_start), far from the kernel's, and loads them behind it at user_load: the guest maps the
 * one to the other. Such code calls nothing outside its section.
 */
#ifndef GUEST_USER_H
#define GUEST_USER_H

#include "guest/lib/sv32.h"
#include "guest/lib/trap.h"

#define USER_TEXT   __attribute__((section(".user.text"), __noinline__, __used__))
#define USER_RODATA __attribute__((section(".user.rodata"), __used__))

/* Virtual addresses of the section, and where its bytes are in (guest) physical memory. */
extern char user_start[], user_end[], user_load[];

/* Maps the section for U-mode, read and execute. Returns false when there is no page. */
bool user_map_text(pte_t *root);

/* A frame that starts U-mode at `entry` with `stack` and one argument in a0. */
struct trap_frame user_frame(gva_t entry, gva_t stack, u32 argument);

/* In user.S, for U-mode: one ecall, with the number in a7; returns what the kernel left in a0. */
u32 user_ecall(u32 a0, u32 a1, u32 number);

#endif
