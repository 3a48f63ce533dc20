/* The CSRs of a vCPU, taken apart for a person. */
#ifndef MONITOR_CSRS_H
#define MONITOR_CSRS_H

#include "arch/types.h"

struct vcpu;

/* Prints them, of a vCPU that is not loaded or of a copy. `now` is the guest's time, `root` that of
 * its stage 2. */
void csrs_show(const struct vcpu *vcpu, u64 now, hpa_t root);

#endif
