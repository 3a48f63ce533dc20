/*
 * The time of unit tests. The target reads it from a CSR, which only its assembly can: what comes
 * after this header has the variable instead.
 */
#ifndef UNIT_FAKE_TIME_H
#define UNIT_FAKE_TIME_H

#include "arch/csr.h"

static u64 fake_time;

static inline u64 fake_time_now(void)
{
    return fake_time;
}

#define time_now fake_time_now

#endif
