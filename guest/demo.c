/*
 * The demo: what a small kernel does with paging, told step by step. It builds Sv32 tables, turns
 * paging on, runs a program in U-mode, maps its heap on demand, and last asks the hypervisor to
 * show how one of its addresses is translated in two stages. Run natively it does all the same,
 * only that nobody answers that question.
 *
 *   gVA                      leaf    leads to gPA          for
 *   0x00010000 ...           4 KiB   where it was loaded   the U-mode program
 *   0x00020000               4 KiB   a page of the pool    its stack
 *   0x00400000 ...           4 KiB   pages on demand       its heap
 *   0x40000000               4 MiB   0x80800000            a big page of the kernel
 *   0x80400000               4 MiB   the same              the kernel
 *
 * Two copies differ in `who=` of their bootargs: same addresses, different data. With `walk=json`
 * the walks are shown as records for programs.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/user.h"

#define USER_STACK 0x00020000u
#define HEAP       0x00400000u
#define HEAP_PAGES 4u
#define BIG_PAGE   0x40000000u
#define BIG_GPA    0x80800000u

#define SECRET 0x5ec2e700u /* with the guest's letter in the low byte */

enum { CALL_WRITE, CALL_EXIT };

static char who[2];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- The program that runs in U-mode. It sees its own addresses only. ---- */

USER_RODATA static const char hello[] = "hello from U-mode";
USER_RODATA static const char done[] = "my heap works";

USER_TEXT static void user_program(u32 letter)
{
    volatile u32 *heap = (volatile u32 *)HEAP;
    volatile u32 *kernel = (volatile u32 *)0x80400000u;

    user_ecall((u32)hello, sizeof(hello) - 1, CALL_WRITE);
    heap[0] = SECRET | letter;
    heap[PAGE_SIZE / 4] = heap[0] + heap[2 * PAGE_SIZE / 4];
    user_ecall((u32)done, sizeof(done) - 1, CALL_WRITE);
    user_ecall(*kernel, 0, CALL_EXIT);
}

/* ---- The kernel. ---- */

static void say(const char *format, ...)
{
    char line[128];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    printf("guest %s: %s\n", who, line);
}

static void build_tables(pte_t *root)
{
    sv32_map_kernel(root);
    user_map_text(root);
    sv32_map(root, USER_STACK, (u32)page_alloc(), SV32_4K, PTE_USER_RW);
    sv32_map(root, BIG_PAGE, BIG_GPA, SV32_4M, PTE_KERNEL_RW);
    say("Sv32 tables built: root at gPA 0x%08x", (u32)root);
}

static void turn_paging_on(pte_t *root)
{
    sv32_use(root, 0);
    csr_set(sstatus, SSTATUS_SUM); /* the kernel reads the user's strings */
    say("paging on: satp = 0x%08x", csr_read(satp));
    say("  kernel  gVA 0x%08x = gPA, one 4 MiB page", 0x80400000u);
    say("  program gVA 0x%08x -> gPA 0x%08x, 4 KiB pages, U", (u32)user_start, (u32)user_load);
}

/* A fault in the heap gets a page. Returns false for any other address. */
static bool demand_map(pte_t *root, gva_t va, u32 cause)
{
    if (va < HEAP || va >= HEAP + HEAP_PAGES * PAGE_SIZE || cause == EXCEPTION_FETCH_PAGE)
        return false;

    gva_t page = ALIGN_DOWN(va, PAGE_SIZE);
    u32 gpa = (u32)page_alloc();
    sv32_map(root, page, gpa, SV32_4K, PTE_USER_RW);
    sfence_vma_page(page);
    say("%s page fault at gVA 0x%08x: mapped to gPA 0x%08x",
        cause == EXCEPTION_STORE_PAGE ? "store" : "load", va, gpa);
    return true;
}

/* Handles one trap out of U-mode. Returns false when the program has ended. */
static bool serve(pte_t *root, struct trap_frame *user)
{
    switch (user->scause) {
    case EXCEPTION_USER_ECALL:
        if (user->x[REG_A7] == CALL_EXIT)
            return false;
        say("ecall write: \"%s\"", (const char *)user->x[REG_A0]);
        user->sepc += 4;
        return true;
    case EXCEPTION_LOAD_PAGE:
    case EXCEPTION_STORE_PAGE:
        if (demand_map(root, user->stval, user->scause))
            return true;
        say("load of kernel gVA 0x%08x from U-mode: refused, cause %u", user->stval, user->scause);
        return false;
    default:
        trap_print(user);
        return false;
    }
}

static void run_program(pte_t *root)
{
    struct trap_frame user = user_frame((u32)user_program, USER_STACK + PAGE_SIZE, (u8)who[0]);

    say("to U-mode, at gVA 0x%08x", user.sepc);
    do {
        run_until_trap(&user);
    } while (serve(root, &user));
}

/* The debug call that shows a walk in the form that was asked for. */
static u32 walk_function(void)
{
    char form[8];

    return fdt_bootarg("walk", form, sizeof(form)) && strcmp(form, "json") == 0 ? TWOFOLD_JSON
                                                                                : TWOFOLD_WALK;
}

/* The hypervisor prints the walk and reads the value again, through hardware: it has to agree. */
static void show_walk(const char *what, gva_t va)
{
    say("%s: gVA 0x%08x holds 0x%08x", what, va, read32(va));
    struct sbiret ret = sbi_call(SBI_EXT_TWOFOLD, walk_function(), va, 'r', 0, 0, 0);
    if (ret.error == SBI_ERR_NOT_SUPPORTED)
        say("  (nobody shows the walk here: not in a VM, or one without `debug`)");
}

int main(void)
{
    pte_t *root = sv32_new();

    if (!fdt_bootarg("who", who, sizeof(who)))
        strcpy(who, "-");
    say("hello from S-mode, hart %u, device tree at 0x%08x", boot.hart, (u32)boot.fdt);
    build_tables(root);
    turn_paging_on(root);
    run_program(root);
    write32(BIG_PAGE, ~(SECRET | (u8)who[0]));
    show_walk("a 4 KiB page", HEAP);
    show_walk("a 4 MiB page", BIG_PAGE);
    say("done");
    return 0;
}
