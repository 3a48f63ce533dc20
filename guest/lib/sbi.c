#include "guest/lib/sbi.h"
#include "arch/u64.h"

struct sbiret sbi_call(u32 extension, u32 function, u32 a0, u32 a1, u32 a2, u32 a3, u32 a4)
{
    register u32 r0 __asm__("a0") = a0;
    register u32 r1 __asm__("a1") = a1;
    register u32 r2 __asm__("a2") = a2;
    register u32 r3 __asm__("a3") = a3;
    register u32 r4 __asm__("a4") = a4;
    register u32 r6 __asm__("a6") = function;
    register u32 r7 __asm__("a7") = extension;

    __asm__ volatile("ecall"
                     : "+r"(r0), "+r"(r1)
                     : "r"(r2), "r"(r3), "r"(r4), "r"(r6), "r"(r7)
                     : "memory");
    return (struct sbiret){(s32)r0, r1};
}

s32 sbi_legacy(u32 extension, u32 a0, u32 a1, u32 a2, u32 a6)
{
    return sbi_call(extension, a6, a0, a1, a2, 0, 0).error;
}

bool sbi_probe(u32 extension)
{
    return sbi_call(SBI_EXT_BASE, BASE_PROBE, extension, 0, 0, 0, 0).value != 0;
}

void sbi_set_timer(u64 deadline)
{
    sbi_call(SBI_EXT_TIME, 0, u64_low(deadline), u64_high(deadline), 0, 0, 0);
}

struct sbiret sbi_send_ipi(u32 mask, u32 base)
{
    return sbi_call(SBI_EXT_IPI, 0, mask, base, 0, 0, 0);
}

struct sbiret sbi_remote_sfence(u32 mask, u32 base, u32 start, u32 size)
{
    return sbi_call(SBI_EXT_RFENCE, RFENCE_SFENCE_VMA, mask, base, start, size, 0);
}

struct sbiret sbi_hart_start(u32 hart, u32 entry, u32 opaque)
{
    return sbi_call(SBI_EXT_HSM, HSM_START, hart, entry, opaque, 0, 0);
}

struct sbiret sbi_hart_status(u32 hart)
{
    return sbi_call(SBI_EXT_HSM, HSM_STATUS, hart, 0, 0, 0, 0);
}

struct sbiret sbi_hart_stop(void)
{
    return sbi_call(SBI_EXT_HSM, HSM_STOP, 0, 0, 0, 0, 0);
}

struct sbiret sbi_system_reset(enum reset_type type, u32 reason)
{
    return sbi_call(SBI_EXT_SRST, 0, type, reason, 0, 0, 0);
}

void console_write(const char *text, u32 length)
{
    while (length > 0) {
        struct sbiret ret = sbi_call(SBI_EXT_DBCN, DBCN_WRITE, length, (u32)text, 0, 0, 0);

        if (ret.error != SBI_SUCCESS)
            break;
        text += ret.value;
        length -= ret.value;
    }
    /* No debug console: the legacy call, a byte at a time. */
    for (; length > 0; length--)
        sbi_legacy(LEGACY_PUTCHAR, (u8)*text++, 0, 0, 0);
}

bool runs_natively(void)
{
    return sbi_call(SBI_EXT_BASE, BASE_IMPL_ID, 0, 0, 0, 0, 0).value == SBI_IMPL_OPENSBI;
}
