/*
 * What the hypervisor's software walk says of an access, and what the hart does: over random Sv32
 * tables, for each access the walk is asked first, then the access is made. Asked for through the
 * hypervisor's debug calls, so only in a VM whose description has `debug`.
 *
 * In the bootargs: `seed=N` for other tables, `count=N` for another number of them.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/random.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define COUNT          2500u
#define ACCESSES       8u /* with the same tables */
#define USER_CODE      0x00010000u
#define MARK           0x57075700u /* what stores store */
#define PTE_FLAGS      0x3ffu
#define SSTATUS_RIGHTS (SSTATUS_SUM | SSTATUS_MXR)

/*
 * The entries that are random, in the root as in the other tables: the same ones, because a root
 * that is also a table of the last level must not lead to the kernel.
 */
static const u32 slots[] = {256, 511, 768, 1023};
#define SLOTS ARRAY_SIZE(slots)

#define TABLES 4u /* the root, and those for it to point to */

static pte_t *tables[TABLES];
static u32 scratch; /* the 4 MiB of RAM that random leaves may lead to */
static u32 ram_end;
static u32 seed, count;
static bool available, hardware_updates;

/* A load and a store of a word, each with a breakpoint behind it; in U-mode at `user_code`. */
static u32 code[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));
static gva_t user_code;

struct access {
    gva_t gva;
    u32 kind;    /* 'r', 'w' or 'x' */
    u32 sstatus; /* SPP, SUM, MXR   */
};

static u32 outcomes[16]; /* how often each cause; 0: none */

#define NEED_DEBUG()                                                                       \
    do {                                                                                   \
        if (!available)                                                                    \
            SKIP("no hypervisor that tells of its walk: not in a VM, or without `debug`"); \
    } while (0)

/* ---- Random tables. ---- */

static bool one_in(u32 n)
{
    return random_word() % n == 0;
}

/* A leaf, mostly; of any rights, the reserved ones too. */
static pte_t random_leaf(u64 target)
{
    static const u32 preset[] = {0, PTE_R, PTE_A | PTE_D, PTE_KERNEL_RWX};
    u32 flags = (random_word() & PTE_FLAGS) | RANDOM_ONE_OF(preset);

    return pte_make(target, flags | (one_in(8) ? 0 : PTE_V));
}

/* Never a leaf: `target` is not to be read or written but as a table. */
static pte_t random_pointer(u64 target)
{
    u32 unused = PTE_FLAGS & ~(PTE_V | PTE_R | PTE_W | PTE_X);
    u32 reserved = one_in(8) ? 0 : PTE_U | PTE_A | PTE_D;

    return pte_make(target, (random_word() & unused & ~reserved) | (one_in(8) ? 0 : PTE_V));
}

/* A gPA with nothing there, nor in the 4 MiB from it on. */
static u64 random_hole(void)
{
    const u64 holes[] = {0x40000000, ram_end, GIB(4) + scratch, GIB(16) - MIB(4)};

    return RANDOM_ONE_OF(holes);
}

static pte_t random_entry(void)
{
    static const u32 devices[] = {FINISHER_BASE, RTC_BASE, PLIC_BASE, UART_BASE, VIRTIO_BASE};

    switch (random_word() % 16) {
    case 0 ... 4:
        return random_leaf(scratch + random_word() % SUPERPAGE_SIZE / PAGE_SIZE * PAGE_SIZE);
    case 5 ... 7:
        return random_leaf(scratch);
    case 8:
        return random_leaf(random_hole());
    case 9:
        return random_pointer(one_in(2) ? random_hole() : RANDOM_ONE_OF(devices));
    default:
        return random_pointer((u32)RANDOM_ONE_OF(tables));
    }
}

static void random_tables(void)
{
    for (u32 i = 0; i < TABLES; i++)
        for (u32 j = 0; j < SLOTS; j++)
            tables[i][slots[j]] = i == 0 && one_in(2)
                                      ? random_pointer((u32)tables[1 + j % (TABLES - 1)])
                                      : random_entry();
    sfence_vma();
}

static void print_tables(pte_t entries[TABLES][SLOTS])
{
    for (u32 i = 0; i < TABLES; i++)
        printf("  %s at %p: [%u] %08x [%u] %08x [%u] %08x [%u] %08x\n", i ? "table" : "root ",
               (void *)tables[i], slots[0], entries[i][0], slots[1], entries[i][1], slots[2],
               entries[i][2], slots[3], entries[i][3]);
}

static void copy_tables(pte_t entries[TABLES][SLOTS])
{
    for (u32 i = 0; i < TABLES; i++)
        for (u32 j = 0; j < SLOTS; j++)
            entries[i][j] = ((volatile pte_t *)tables[i])[slots[j]];
}

/* ---- One access, twice. ---- */

/* By software: the hypervisor's walk, with the rights of the access. */
static struct sbiret ask(u32 function, const struct access *access)
{
    csr_clear(sstatus, SSTATUS_RIGHTS);
    csr_set(sstatus, access->sstatus & SSTATUS_RIGHTS);
    return sbi_call(SBI_EXT_TWOFOLD, function, access->gva, access->kind,
                    !(access->sstatus & SSTATUS_SPP), 0, 0);
}

/* By the hart. Returns the cause of the exception, 0 when there was none, and the frame after. */
static u32 perform(const struct access *access, struct trap_frame *frame)
{
    gva_t start = access->sstatus & SSTATUS_SPP ? (gva_t)code : user_code;

    if (access->kind == 'w')
        start += 8;
    if (access->kind == 'x')
        start = access->gva;
    *frame = (struct trap_frame){.sepc = start, .sstatus = access->sstatus};
    frame->x[REG_A0] = MARK;
    frame->x[REG_A1] = access->gva;
    run_until_trap(frame);
    if (frame->scause == EXCEPTION_BREAKPOINT && frame->sepc == start + 4)
        return 0;
    return frame->scause;
}

/* In each 16 bytes: its own address, for loads and stores, and code that tells its page. */
static void fill_scratch(void)
{
    for (u32 at = scratch; at < scratch + SUPERPAGE_SIZE; at += 16) {
        write32(at, at);
        write32(at + 4, encode_lui(REG_A0, at));
        write32(at + 8, EBREAK);
        write32(at + 12, EBREAK);
    }
    __asm__ volatile("fence.i" : : : "memory");
}

/* Did the access that left `frame` go to where the walk says? Undoes a store. */
static bool went_to(const struct access *access, const struct trap_frame *frame, struct sbiret gpa)
{
    u32 at = gpa.value << 2;

    if (gpa.error || gpa.value >> 30 || ALIGN_DOWN(at, SUPERPAGE_SIZE) != scratch)
        return false;
    if (access->kind == 'r')
        return frame->x[REG_A0] == at;
    if (access->kind == 'x')
        return frame->x[REG_A0] == ALIGN_DOWN(at, PAGE_SIZE);
    bool stored = read32(at) == MARK;
    write32(at, at);
    return stored;
}

/*
 * May the entries have changed like this? Only in A and D, only by hardware that updates them, and
 * not when the tables did not allow the access.
 */
static bool changed_well(pte_t before[TABLES][SLOTS], pte_t after[TABLES][SLOTS], u32 cause)
{
    bool page_fault = cause >= EXCEPTION_FETCH_PAGE;
    u32 allowed = hardware_updates && !page_fault ? PTE_A | PTE_D : 0;

    for (u32 i = 0; i < TABLES; i++)
        for (u32 j = 0; j < SLOTS; j++)
            if ((before[i][j] & ~allowed) != (after[i][j] & ~allowed) ||
                (before[i][j] & ~after[i][j]))
                return false;
    return true;
}

/* Makes the access. False: it was not as the walk says, which has been printed. */
static bool agree(const struct access *access)
{
    pte_t before[TABLES][SLOTS], after[TABLES][SLOTS];
    struct trap_frame frame;

    copy_tables(before);
    struct sbiret cause = ask(TWOFOLD_CAUSE, access), gpa = ask(TWOFOLD_GPA, access);
    u32 real = perform(access, &frame);
    copy_tables(after);
    if (cause.error == SBI_SUCCESS && real == cause.value && real < ARRAY_SIZE(outcomes) &&
        (real ? frame.stval == access->gva && gpa.error : went_to(access, &frame, gpa)) &&
        changed_well(before, after, real)) {
        outcomes[real]++;
        return true;
    }
    printf("different: '%c' of gVA %08x in %c-mode, SUM %u, MXR %u, satp %08x, seed %u\n",
           (char)access->kind, access->gva, access->sstatus & SSTATUS_SPP ? 'S' : 'U',
           (access->sstatus & SSTATUS_SUM) != 0, (access->sstatus & SSTATUS_MXR) != 0,
           csr_read(satp), seed);
    print_tables(before);
    printf("  the walk: cause %u, gPA >> 2 %08x, errors %d %d\n", cause.value, gpa.value,
           cause.error, gpa.error);
    printf("  the hart: cause %u at %08x, stval %08x, a0 %08x\n", real, frame.sepc, frame.stval,
           frame.x[REG_A0]);
    print_tables(after);
    return false;
}

/* ---- The cases. ---- */

/* Without A in the entry: is it set, or is there a page fault? */
static bool learn_updates(void)
{
    pte_t *entry = &tables[0][slots[0]];

    *entry = pte_make(scratch, PTE_KERNEL_RO & ~PTE_A);
    sfence_vma();
    trap_arm();
    (void)read32(slots[0] << 22);
    return trap_disarm().count == 0;
}

static void set_up(void)
{
    NEED_DEBUG();
    printf("seed=%u count=%u\n", seed, count);
    ram_end = RAM_BASE + fdt_ram_size();
    scratch = ALIGN_UP((u32)image_end, SUPERPAGE_SIZE);
    fill_scratch();
    code[0] = encode_i(OPCODE_LOAD, 2, REG_A0, REG_A1, 0);
    code[2] = encode_s(OPCODE_STORE, 2, REG_A1, REG_A0, 0);
    code[1] = code[3] = EBREAK;
    __asm__ volatile("fence.i" : : : "memory");
    for (u32 i = 0; i < TABLES; i++)
        tables[i] = sv32_new();
    CHECK(sv32_map_kernel(tables[0]), "no page");
    sv32_map(tables[0], scratch, scratch, SV32_4M, PTE_KERNEL_RW);
    CHECK(sv32_map(tables[0], USER_CODE, (u32)code, SV32_4K, PTE_USER_RX), "no page");
    sv32_use(tables[0], 0);
    hardware_updates = learn_updates();
}

static struct access random_access(gva_t gva)
{
    u32 kind = (u32) "rwx"[random_word() % 3];

    /* Words for loads and stores and words for fetches: see fill_scratch(). */
    return (struct access){
        .gva = gva + random_word() % (PAGE_SIZE / 16) * 16 + (kind == 'x' ? 4 : 0),
        .kind = kind,
        .sstatus = random_word() & (SSTATUS_RIGHTS | SSTATUS_SPP),
    };
}

static void random_tables_agree(void)
{
    NEED_DEBUG();
    user_code = USER_CODE;
    for (u32 i = 0; i < count; i++) {
        random_tables();
        for (u32 j = 0; j < ACCESSES; j++) {
            gva_t gva = RANDOM_ONE_OF(slots) << 22 | RANDOM_ONE_OF(slots) << 12;
            struct access access = random_access(gva);
            CHECK(agree(&access), "tables %u, access %u", i, j);
        }
    }
}

static void no_tables_agree(void)
{
    const gva_t places[] = {scratch, scratch + SUPERPAGE_SIZE / 2, 0x40000000, ram_end, 0xfffff000};

    NEED_DEBUG();
    user_code = (gva_t)code;
    sv32_off();
    for (u32 i = 0; i < count / 10; i++) {
        struct access access = random_access(RANDOM_ONE_OF(places));
        CHECK(agree(&access), "access %u", i);
    }
}

/* The cases were such that everything happened, often. */
static void everything_happened(void)
{
    static const u8 causes[] = {0,
                                EXCEPTION_FETCH_ACCESS,
                                EXCEPTION_LOAD_ACCESS,
                                EXCEPTION_STORE_ACCESS,
                                EXCEPTION_FETCH_PAGE,
                                EXCEPTION_LOAD_PAGE,
                                EXCEPTION_STORE_PAGE};

    NEED_DEBUG();
    for (u32 i = 0; i < ARRAY_SIZE(causes); i++) {
        printf("cause %u: %u times\n", causes[i], outcomes[causes[i]]);
        CHECK(outcomes[causes[i]] >= count / 20, "cause %u: %u times", causes[i],
              outcomes[causes[i]]);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(set_up),
        CASE(random_tables_agree),
        CASE(no_tables_agree),
        CASE(everything_happened),
    };

    available = sbi_probe(SBI_EXT_TWOFOLD);
    seed = fdt_bootarg_number("seed", 1);
    count = fdt_bootarg_number("count", COUNT);
    random_seed(seed);
    return test_run("t_walk", cases, ARRAY_SIZE(cases));
}
