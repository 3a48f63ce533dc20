#include "arch/features.h"

#include "arch/csr.h"
#include "arch/fence.h"
#include "arch/guest_access.h"
#include "arch/layout.h"
#include "arch/own_trap.h"
#include "arch/sv32.h"

struct features features = {.htinst_mask = 0xffffffffu};

/* mpv_probe.S */
u32 mpv_probe(void);

static u32 count_ones(u32 bits)
{
    u32 count = 0;

    for (; bits; bits &= bits - 1)
        count++;
    return count;
}

/* True when `bits` of the CSR can be set; leaves it zero. */
#define csr_can_set(csr, bits)                                         \
    ({                                                                 \
        u32 can_value = 0;                                             \
        if (csr_try_write(csr, bits) && csr_try_read(csr, &can_value)) \
            csr_try_write(csr, 0);                                     \
        (can_value & (bits)) == (bits);                                \
    })

static void probe_hgatp(void)
{
    csr_write(CSR_HGATP, HGATP_SV32X4 | HGATP_VMID);
    features.sv32x4 = (csr_read(CSR_HGATP) & HGATP_SV32X4) != 0;
    features.vmid_bits = count_ones(csr_read(CSR_HGATP) & HGATP_VMID);
    csr_write(CSR_HGATP, 0);
}

/* An F or D instruction by encoding: fsgnj f0, f0, f0. */
#define fp_instruction_works(funct7)                                    \
    ({                                                                  \
        u32 fp_ok;                                                      \
        __asm__ volatile("   li %0, 0\n"                                \
                         "1: .insn r 0x53, 0, " funct7 ", x0, x0, x0\n" \
                         "   li %0, 1\n"                                \
                         "2:\n" GUARD_1_TO_2                            \
                         : "=&r"(fp_ok)::"t0", "memory");               \
        fp_ok != 0;                                                     \
    })

static void probe_fp(void)
{
    csr_set(CSR_SSTATUS, SSTATUS_FS_INITIAL);
    features.fp_single = fp_instruction_works("0x10");
    features.fp_double = fp_instruction_works("0x11");
    csr_clear(CSR_SSTATUS, SSTATUS_FS);
}

static bool probe_sstc(void)
{
    u32 value;

    return csr_try_read(CSR_STIMECMP, &value) && csr_can_set(CSR_HENVCFGH, HENVCFGH_STCE);
}

/* Some machines compare vstimecmp, which is 0 after reset, even where henvcfg.STCE is off. */
void features_init_hart(void)
{
    if (!probe_sstc())
        return;
    csr_write(CSR_HENVCFGH, HENVCFGH_STCE);
    csr_write_compare(CSR_VSTIMECMP, CSR_VSTIMECMPH, ~0ull);
    csr_write(CSR_HENVCFGH, 0);
}

static void probe_csrs(void)
{
    u32 value;

    features.stateen = csr_try_read(CSR_HSTATEEN0, &value);
    features.aia = csr_try_read(CSR_HVIEN, &value);
    features.counters = csr_try_read(CSR_CYCLE, &value) && csr_try_read(CSR_INSTRET, &value);
    features.envcfg = csr_try_read(CSR_HENVCFG, &value) && csr_try_read(CSR_HENVCFGH, &value);
    features.guest_adue = csr_can_set(CSR_HENVCFGH, HENVCFGH_ADUE);
    features.sstc = probe_sstc();

    csr_write(CSR_HGEIE, 0xffffffffu);
    features.geilen = count_ones(csr_read(CSR_HGEIE));
    csr_write(CSR_HGEIE, 0);
}

/* A load through the G-stage `hgatp`, which maps nothing at 0: what does htinst say of it? */
static u32 htinst_of_fault(u32 vsatp)
{
    struct guarded_trap trap = {0};
    u32 value;

    csr_write(CSR_VSATP, vsatp);
    hfence_gvma_all();
    hfence_vvma_all();
    guest_load_word(0, &value, &trap);
    csr_write(CSR_VSATP, 0);
    return trap.cause == CAUSE_LOAD_GUEST_PAGE ? trap.htinst : 0;
}

static void probe_htinst(void)
{
    csr_set(CSR_HSTATUS, HSTATUS_SPVP);
    if (htinst_of_fault(0))
        features.htinst = HTINST_TRANSFORMED;
    else if (htinst_of_fault(SATP_SV32))
        features.htinst = HTINST_PSEUDO;
    csr_clear(CSR_HSTATUS, HSTATUS_SPVP);
}

/* A G-stage that maps nothing but the image, at its own virtual address. */
static void enter_probe_stage(hpa_t image_pa)
{
    static pte_t root[SV32X4_ROOT_ENTRIES] __attribute__((aligned(SV32X4_ROOT_SIZE)));
    hpa_t root_pa = image_pa + ((u32)(uintptr_t)root - IMAGE_BASE);

    root[IMAGE_BASE / SUPERPAGE_SIZE] =
        pte_make(image_pa, PTE_V | PTE_R | PTE_X | PTE_U | PTE_A | PTE_D);
    csr_write(CSR_VSATP, 0);
    csr_write(CSR_HGATP, HGATP_SV32X4 | (u32)(root_pa >> PAGE_SHIFT));
    hfence_gvma_all();
}

static void leave_probe_stage(void)
{
    csr_write(CSR_HGATP, 0);
    hfence_gvma_all();
}

void features_probe(hpa_t image_pa)
{
    u32 value;

    probe_fp();
    features.h = csr_try_read(CSR_HSTATUS, &value);
    if (!features.h)
        return;
    probe_hgatp();
    probe_csrs();
    if (!features.sv32x4)
        return;
    csr_write(CSR_HEDELEG, 0);
    enter_probe_stage(image_pa);
    probe_htinst();
    features.mpv_defect = mpv_probe() != 0;
    leave_probe_stage();
}
