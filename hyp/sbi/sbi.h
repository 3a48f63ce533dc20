/*
 * SBI 2.0 as Twofold's guests see it. This floor knows the calling convention, the argument checks
 * and the answers; what a call does to a vCPU or a VM it asks of the floor above through struct
 * sbi_env, so that all of it can be tested on the host.
 *
 *   sbi.c         the table of extensions: EID, handler, name
 *   sbi_base.c, sbi_time.c, sbi_ipi.c, sbi_rfence.c, sbi_hsm.c, sbi_srst.c, sbi_dbcn.c,
 *   sbi_pmu.c, sbi_sta.c, sbi_legacy.c, sbi_twofold.c (our own debug calls): one extension each
 *   pmu.c         the counters of SBI PMU
 *   remote.c      what IPI, RFENCE and their legacy forms share: hart masks, ranges, delivery
 */
#ifndef SBI_SBI_H
#define SBI_SBI_H

#include "arch/sbi_abi.h"
#include "arch/sv32.h"
#include "arch/types.h"

#define SBI_EXT_LEGACY_LAST 0x08u /* 0x00, set timer, up to 0x08, shut down */

#define SBI_EXT_TWOFOLD 0x08545746u /* experimental space, "TWF": only for VMs with `debug` */

/*
 * What Base says of us. The identifier is none of the spec's "SBI Implementation IDs" and ends in
 * the same 24 bits, "TWF", as the EID of our own extension.
 */
#define SBI_SPEC_VERSION 0x02000000u /* major 2 from bit 24, minor 0 */
#define SBI_IMPL_ID      0x00545746u
#define SBI_IMPL_VERSION 1u

/*
 * What a remote fence covers, in whole pages: `start` and `size` are multiples of PAGE_SIZE and
 * start + size is at most 2^32. A whole address space is {start = 0, size = SBI_FENCE_ALL}.
 */
#define SBI_FENCE_ALL 0xffffffffu

struct sbi_fence {
    enum { FENCE_I, FENCE_VMA, FENCE_VMA_ASID } kind;
    gva_t start;
    u32 size; /* bytes; never 0 when it reaches fence_post */
    u32 asid; /* 9 bits, as in satp; 0 unless FENCE_VMA_ASID */
};

/* The memory of STA for one hart: its size, which is its alignment; and the address for "none". */
#define SBI_STA_SIZE 64u
#define SBI_STA_NONE (~(gpa_t)0)

struct pmu;

/*
 * What the floor above does for the SBI. `vcpu` is the caller's handle, passed through unread.
 * Hart ids are the guest's, 0 up to hart_count - 1. Called with no lock held, on the caller's hart.
 */
struct sbi_env {
    u32 (*hart_count)(void *vcpu);
    u32 (*hart_id)(void *vcpu);                   /* of the caller */
    bool (*hart_is_online)(void *vcpu, u32 hart); /* STARTED or SUSPENDED, so can take an IPI */

    void (*set_timer)(void *vcpu, u64 deadline); /* guest time; all ones: never */
    void (*send_ipi)(void *vcpu, u32 hart);
    bool (*clear_ipi)(void *vcpu); /* of the caller; true when one was pending */
    /*
     * Post the fence to `hart`, which may be the caller; fence_wait returns when all that were
     * posted have been done. A hart that has stopped since it was seen online has nothing to do.
     */
    void (*fence_post)(void *vcpu, u32 hart, const struct sbi_fence *fence);
    void (*fence_wait)(void *vcpu);

    enum hsm_state (*hsm_state)(void *vcpu, u32 hart);
    /* Starts a stopped hart; ALREADY_AVAILABLE when it is not stopped. `entry` has been checked. */
    enum sbi_error (*hart_start)(void *vcpu, u32 hart, gpa_t entry, u32 opaque);
    /* Stops the caller, which then does not return from its call. */
    enum sbi_error (*hart_stop)(void *vcpu);
    /*
     * Waits for an interrupt. Non-retentive: the caller resumes at `entry` as if started, which
     * has been checked; retentive: entry and opaque mean nothing.
     */
    enum sbi_error (*hart_suspend)(void *vcpu, bool retentive, gpa_t entry, u32 opaque);

    void (*reset)(void *vcpu, enum sbi_reset type, enum sbi_reset_reason reason);

    /* Is [start, start + size) all of it RAM of the guest? */
    bool (*is_ram)(void *vcpu, gpa_t start, u64 size);
    /* Both move up to `size` bytes, 1 to PAGE_SIZE, of a checked range; they return how many. */
    u32 (*console_write)(void *vcpu, gpa_t start, u32 size);
    u32 (*console_read)(void *vcpu, gpa_t start, u32 size);
    void (*console_put)(void *vcpu, u8 byte);
    s32 (*console_get)(void *vcpu); /* -1 when there is nothing */

    /*
     * Reads a word at a guest virtual address, of any alignment, with the rights of the caller.
     * False: the access faulted and the trap has been injected, so the call has no result.
     */
    bool (*read_guest_word)(void *vcpu, gva_t address, u32 *value);

    bool (*debug_allowed)(void *vcpu); /* this VM may use SBI_EXT_TWOFOLD */
    /* Prints the walk of an access, 'r', 'w' or 'x': for a person, or as a line of JSON. */
    void (*debug_walk)(void *vcpu, gva_t address, u32 access, bool json);
    /*
     * The exception that this access would raise in VU-mode or VS-mode of the caller, with its
     * tables and rights of now; 0: none, and *gpa is where it goes. Of a guest-page fault, the
     * access fault that stands for it. Changes nothing.
     */
    u32 (*debug_translate)(void *vcpu, gva_t address, u32 access, bool user, gpa_t *gpa);
    /* Exchanges the host pages behind two guest pages. False: not backed, or no page for a table.
     */
    bool (*debug_swap)(void *vcpu, gpa_t a, gpa_t b);

    struct pmu *(*pmu)(void *vcpu); /* of the caller */
    /* How often `event` (pmu.h) has happened to the caller. False: that is not counted here. */
    bool (*pmu_count)(void *vcpu, u32 event, u64 *count);
    /* Clears the caller's memory for STA and reports there from now on; SBI_STA_NONE: nowhere. */
    enum sbi_error (*steal_report)(void *vcpu, gpa_t shmem);

    u32 (*machine_id)(void *vcpu, u32 function); /* mvendorid, marchid, mimpid by Base fid 4..6 */
};

/* A call: a0..a5, a6 and a7 as the guest passed them. */
struct sbi_call {
    const u32 *arg; /* six of them, where the caller's registers are kept */
    u32 function;
    u32 extension;
    const struct sbi_env *env;
    void *vcpu;
};

enum sbi_outcome {
    SBI_RETURN,        /* write a0 = error and a1 = value, step over the ecall        */
    SBI_RETURN_LEGACY, /* write a0 = error only: a legacy call keeps a1               */
    SBI_RESUME,        /* registers and pc are as the env left them: trap, stop, reset */
};

/* Always initialised by sbi_handle before a handler sees it: {SBI_SUCCESS, 0}. */
struct sbi_result {
    s32 error; /* a0: an enum sbi_error, or the value of a legacy call */
    u32 value; /* a1 */
};

typedef enum sbi_outcome sbi_handler(const struct sbi_call *call, struct sbi_result *result);

sbi_handler sbi_base, sbi_time, sbi_ipi, sbi_rfence, sbi_hsm, sbi_srst, sbi_dbcn, sbi_pmu, sbi_sta,
    sbi_legacy, sbi_twofold;

/*
 * The extensions, in the order in which they are looked up: those called often come first. Then
 * empty rows, the row of the legacy calls, and last what answers every EID that no other row has.
 */
#define SBI_EXTENSIONS 16
#define SBI_LEGACY     (SBI_EXTENSIONS - 2)
#define SBI_UNKNOWN    (SBI_EXTENSIONS - 1)

struct sbi_extension {
    u32 id; /* EID */
    sbi_handler *handler;
    char name[8]; /* "": an empty row. Not a pointer: with 16 bytes, a row's index is a shift */
};

extern const struct sbi_extension sbi_extensions[SBI_EXTENSIONS];

/* The row that answers the calls to an EID. Inline, as is sbi_handle: a guest that polls or
 * prints through the SBI comes by here for every word and character. */
static inline const struct sbi_extension *sbi_extension_of(u32 id)
{
    const struct sbi_extension *row = sbi_extensions;

    if (unlikely(id <= SBI_EXT_LEGACY_LAST))
        return &sbi_extensions[SBI_LEGACY];
    while (row->id != id && row < &sbi_extensions[SBI_UNKNOWN])
        row++;
    return row;
}

/* Its number, below SBI_EXTENSIONS, for who counts calls. */
static inline u32 sbi_extension_index(const struct sbi_extension *extension)
{
    return (u32)(extension - sbi_extensions);
}

/* The name of an extension by its number; NULL: an empty row. */
static inline const char *sbi_extension_name(u32 index)
{
    return sbi_extensions[index].name[0] ? sbi_extensions[index].name : NULL;
}

/* Carries out one call of that extension. Called by the run loop on the caller's hart, with no lock
 * held. */
static inline enum sbi_outcome sbi_handle(const struct sbi_extension *extension,
                                          const struct sbi_call *call, struct sbi_result *result)
{
    *result = (struct sbi_result){.error = SBI_SUCCESS, .value = 0};
    return extension->handler(call, result);
}

/* True when sbi_probe_extension answers 1 for it. */
bool sbi_extension_exists(const struct sbi_call *call, u32 extension);

/* For handlers: ends a call with `error`; a value that has been set goes with it. */
static inline enum sbi_outcome sbi_return(struct sbi_result *result, enum sbi_error error)
{
    result->error = error;
    return SBI_RETURN;
}

/*
 * For handlers: is [start, start + size) all of it RAM? The width is checked here, so that the
 * floor above never adds up anything near 2^64.
 */
static inline bool sbi_is_ram(const struct sbi_call *call, gpa_t start, u32 size)
{
    return start >> SV32X4_GPA_BITS == 0 && call->env->is_ram(call->vcpu, start, size);
}

#endif
