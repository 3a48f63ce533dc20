/* Calls to the Supervisor Execution Environment: the firmware, or a hypervisor in its place. */
#ifndef GUEST_SBI_H
#define GUEST_SBI_H

#include "arch/types.h"

enum {
    SBI_SUCCESS = 0,
    SBI_ERR_FAILED = -1,
    SBI_ERR_NOT_SUPPORTED = -2,
    SBI_ERR_INVALID_PARAM = -3,
    SBI_ERR_DENIED = -4,
    SBI_ERR_INVALID_ADDRESS = -5,
    SBI_ERR_ALREADY_AVAILABLE = -6,
    SBI_ERR_ALREADY_STARTED = -7,
    SBI_ERR_ALREADY_STOPPED = -8,
};

#define SBI_EXT_BASE    0x10u
#define SBI_EXT_TIME    0x54494d45u
#define SBI_EXT_IPI     0x735049u
#define SBI_EXT_RFENCE  0x52464e43u
#define SBI_EXT_HSM     0x48534du
#define SBI_EXT_SRST    0x53525354u
#define SBI_EXT_DBCN    0x4442434eu
#define SBI_EXT_PMU     0x504d55u
#define SBI_EXT_STA     0x535441u
#define SBI_EXT_TWOFOLD 0x08545746u /* the hypervisor's own: walk, swap pages, translate */

enum {
    LEGACY_SET_TIMER,
    LEGACY_PUTCHAR,
    LEGACY_GETCHAR,
    LEGACY_CLEAR_IPI,
    LEGACY_SEND_IPI,
    LEGACY_FENCE_I,
    LEGACY_SFENCE_VMA,
    LEGACY_SFENCE_VMA_ASID,
    LEGACY_SHUTDOWN
};
enum {
    BASE_SPEC_VERSION,
    BASE_IMPL_ID,
    BASE_IMPL_VERSION,
    BASE_PROBE,
    BASE_MVENDORID,
    BASE_MARCHID,
    BASE_MIMPID
};
enum { HSM_START, HSM_STOP, HSM_STATUS, HSM_SUSPEND };
enum { RFENCE_FENCE_I, RFENCE_SFENCE_VMA, RFENCE_SFENCE_VMA_ASID };
enum { DBCN_WRITE, DBCN_READ, DBCN_WRITE_BYTE };
enum { TWOFOLD_WALK, TWOFOLD_SWAP, TWOFOLD_CAUSE, TWOFOLD_GPA, TWOFOLD_JSON };

enum hart_state {
    HART_STARTED,
    HART_STOPPED,
    HART_START_PENDING,
    HART_STOP_PENDING,
    HART_SUSPENDED
};
enum reset_type { SBI_SHUTDOWN, SBI_COLD_REBOOT, SBI_WARM_REBOOT };

#define SBI_IMPL_OPENSBI 1u
#define SBI_ALL_HARTS    0xffffffffu /* as hart_mask_base */

struct sbiret {
    s32 error;
    u32 value;
};

struct sbiret sbi_call(u32 extension, u32 function, u32 a0, u32 a1, u32 a2, u32 a3, u32 a4);

/* A legacy call: one result, in a0. `a6` is what a caller that knows no function ids leaves. */
s32 sbi_legacy(u32 extension, u32 a0, u32 a1, u32 a2, u32 a6);

bool sbi_probe(u32 extension);
void sbi_set_timer(u64 deadline);
struct sbiret sbi_send_ipi(u32 mask, u32 base);
struct sbiret sbi_remote_sfence(u32 mask, u32 base, u32 start, u32 size);
struct sbiret sbi_hart_start(u32 hart, u32 entry, u32 opaque);
struct sbiret sbi_hart_status(u32 hart);
struct sbiret sbi_hart_stop(void);
struct sbiret sbi_system_reset(enum reset_type type, u32 reason);

/* Prints `length` bytes at `text`, which is identity mapped. */
void console_write(const char *text, u32 length);

/* True under plain OpenSBI: the S-mode seen is then the hart's own HS-mode. */
bool runs_natively(void);

#endif
