/*
 * A power button, by which a person asks a guest to shut itself down: a keypad of the goldfish
 * platform with the one key KEY_POWER, for which Linux has a driver. One word after the other is
 * read from it, three an event, while its line is high.
 */
#ifndef DEV_POWER_BUTTON_H
#define DEV_POWER_BUTTON_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/dev/mmio.h"

#define POWER_BUTTON_SIZE 0x1000 /* bytes of the register window */

/* Private to power_button.c. */
struct power_button {
    struct spinlock lock;
    struct irq_line irq;
    u32 page;   /* which list the DATA window shows                               */
    u32 unread; /* words of the press that the guest has still to read            */
};

extern const struct mmio_ops power_button_ops; /* device: struct power_button * */

void power_button_init(struct power_button *button, struct irq_line irq);

/* The power-on state: not pressed. */
void power_button_reset(struct power_button *button);

/* Presses the button and lets it go. Nothing while the guest has not read all of an earlier press.
 * Any hart; with no lock held from the PLIC's on (lock.h). */
void power_button_press(struct power_button *button);

#endif
