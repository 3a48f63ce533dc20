#include "arch/firmware.h"

#include "arch/u64.h"

/* Hart ids that a mask of the legacy calls has bits for here. */
#define LEGACY_HARTS 64

static bool has_debug_console, has_hsm, has_time, has_ipi, has_reset;

struct sbi_return {
    s32 error;
    u32 value;
};

static struct sbi_return call(u32 extension, u32 function, u32 arg0, u32 arg1, u32 arg2)
{
    register u32 a0 __asm__("a0") = arg0;
    register u32 a1 __asm__("a1") = arg1;
    register u32 a2 __asm__("a2") = arg2;
    register u32 a6 __asm__("a6") = function;
    register u32 a7 __asm__("a7") = extension;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_return){.error = (s32)a0, .value = a1};
}

static bool has(u32 extension)
{
    struct sbi_return answer = call(SBI_EXT_BASE, SBI_BASE_PROBE_EXTENSION, extension, 0, 0);

    return answer.error == SBI_SUCCESS && answer.value != 0;
}

void firmware_probe(void)
{
    has_debug_console = has(SBI_EXT_DBCN);
    has_hsm = has(SBI_EXT_HSM);
    has_time = has(SBI_EXT_TIME);
    has_ipi = has(SBI_EXT_IPI);
    has_reset = has(SBI_EXT_SRST);
}

void firmware_forget_debug_console(void)
{
    has_debug_console = false;
}

bool firmware_has_debug_console(void)
{
    return has_debug_console;
}

bool firmware_has_hsm(void)
{
    return has_hsm;
}

/* Writes what DBCN takes of it and returns how much that was; 0 when DBCN fails or is absent. */
static u32 debug_console_write(hpa_t pa, u32 size)
{
    struct sbi_return answer;

    if (!has_debug_console)
        return 0;
    answer = call(SBI_EXT_DBCN, SBI_DBCN_CONSOLE_WRITE, size, u64_low(pa), u64_high(pa));
    return answer.error == SBI_SUCCESS ? answer.value : 0;
}

void firmware_console_write(const char *text, hpa_t pa, u32 size)
{
    for (u32 done = 0; done < size;) {
        u32 count = debug_console_write(pa + done, size - done);

        if (!count) {
            call(SBI_EXT_LEGACY_CONSOLE_PUT, 0, (u8)text[done], 0, 0);
            count = 1;
        }
        done += count;
    }
}

s32 firmware_console_read(const u8 *buffer, hpa_t pa)
{
    struct sbi_return answer;

    if (!has_debug_console)
        return call(SBI_EXT_LEGACY_CONSOLE_GET, 0, 0, 0, 0).error;
    answer = call(SBI_EXT_DBCN, SBI_DBCN_CONSOLE_READ, 1, u64_low(pa), u64_high(pa));
    return answer.error == SBI_SUCCESS && answer.value == 1 ? *(const volatile u8 *)buffer : -1;
}

void firmware_set_timer(u64 deadline)
{
    call(has_time ? SBI_EXT_TIME : SBI_EXT_LEGACY_SET_TIMER, SBI_TIME_SET_TIMER, u64_low(deadline),
         u64_high(deadline), 0);
}

void firmware_send_ipi(u32 hart_id)
{
    /* The legacy call takes the address of a mask that begins with hart 0. */
    u32 mask[LEGACY_HARTS / 32] = {0};

    if (has_ipi) {
        call(SBI_EXT_IPI, SBI_IPI_SEND_IPI, 1, hart_id, 0);
    } else if (hart_id < LEGACY_HARTS) {
        mask[hart_id / 32] = BIT(hart_id % 32);
        call(SBI_EXT_LEGACY_SEND_IPI, 0, (u32)(uintptr_t)mask, 0, 0);
    }
}

s32 firmware_hart_start(u32 hart_id, hpa_t entry, u32 opaque)
{
    return call(SBI_EXT_HSM, SBI_HSM_HART_START, hart_id, u64_low(entry), opaque).error;
}

void firmware_shutdown(bool failure)
{
    if (has_reset)
        call(SBI_EXT_SRST, SBI_SRST_SYSTEM_RESET, SBI_RESET_SHUTDOWN,
             failure ? SBI_REASON_FAILURE : SBI_REASON_NONE, 0);
    call(SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0, 0);
}
