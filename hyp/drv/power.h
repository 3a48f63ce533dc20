/* Turning the machine off, with a status that QEMU makes its own. */
#ifndef DRV_POWER_H
#define DRV_POWER_H

enum power_off_status {
    POWER_OFF_OK = 0,
    POWER_OFF_FAILED = 1, /* a VM failed, or the hypervisor could not do its job */
};

/* Finds the test finisher, if the machine has one. */
void power_init(void);

/* Powers off; where the machine cannot, says so and stops. Any hart. */
void power_off(enum power_off_status status) __attribute__((noreturn));

#endif
