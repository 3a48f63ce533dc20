/*
 * The SBI's numbers (SBI 2.0, "Binary Encoding" and the chapter of each extension): the same
 * towards the firmware below us and towards the guests above us.
 */
#ifndef ARCH_SBI_ABI_H
#define ARCH_SBI_ABI_H

#include "arch/types.h"

enum sbi_error {
    SBI_SUCCESS = 0,
    SBI_ERR_FAILED = -1,
    SBI_ERR_NOT_SUPPORTED = -2,
    SBI_ERR_INVALID_PARAM = -3,
    SBI_ERR_DENIED = -4,
    SBI_ERR_INVALID_ADDRESS = -5,
    SBI_ERR_ALREADY_AVAILABLE = -6,
    SBI_ERR_ALREADY_STARTED = -7,
    SBI_ERR_ALREADY_STOPPED = -8,
    SBI_ERR_NO_SHMEM = -9,
};

#define SBI_EXT_LEGACY_SET_TIMER   0x0u
#define SBI_EXT_LEGACY_CONSOLE_PUT 0x1u
#define SBI_EXT_LEGACY_CONSOLE_GET 0x2u
#define SBI_EXT_LEGACY_SEND_IPI    0x4u
#define SBI_EXT_LEGACY_SHUTDOWN    0x8u
#define SBI_EXT_BASE               0x10u
#define SBI_EXT_TIME               0x54494d45u
#define SBI_EXT_IPI                0x735049u
#define SBI_EXT_RFENCE             0x52464e43u
#define SBI_EXT_HSM                0x48534du
#define SBI_EXT_SRST               0x53525354u
#define SBI_EXT_DBCN               0x4442434eu
#define SBI_EXT_PMU                0x504d55u
#define SBI_EXT_STA                0x535441u

#define SBI_BASE_PROBE_EXTENSION 3
#define SBI_TIME_SET_TIMER       0
#define SBI_IPI_SEND_IPI         0
#define SBI_HSM_HART_START       0
#define SBI_SRST_SYSTEM_RESET    0
#define SBI_DBCN_CONSOLE_WRITE   0
#define SBI_DBCN_CONSOLE_READ    1

/* States of SBI HSM. */
enum hsm_state {
    HSM_STARTED = 0,
    HSM_STOPPED = 1,
    HSM_START_PENDING = 2,
    HSM_STOP_PENDING = 3,
    HSM_SUSPENDED = 4,
    HSM_SUSPEND_PENDING = 5,
    HSM_RESUME_PENDING = 6,
};

/* The kinds of reset of SRST, and its causes. */
enum sbi_reset { SBI_RESET_SHUTDOWN = 0, SBI_RESET_COLD = 1, SBI_RESET_WARM = 2 };
enum sbi_reset_reason { SBI_REASON_NONE = 0, SBI_REASON_FAILURE = 1 };

#endif
