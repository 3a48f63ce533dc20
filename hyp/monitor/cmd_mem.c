/* mem: bytes at a gVA, a gPA or an hPA. A piece within one page is copied while the VM is held, and
 * printed afterwards. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/mem_read.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

#define LENGTH_DEFAULT 64
#define LENGTH_MAX     KIB(64)
#define ROW            16
#define PIECE          512 /* printed at a time */

static struct {
    struct vm *vm; /* NULL: hPAs               */
    bool virtual;  /* gVAs                     */
    u32 vcpu;      /* through whose tables     */
    u64 address, left;
    u8 bytes[PIECE];
} mem;

/* Copies `size` bytes, all of one page. */
static bool read_piece(u32 size)
{
    bool done;

    if (!mem.vm)
        return mem_read_hpa(mem.address, mem.bytes, size);
    if (!look_begin(mem.vm))
        return false;
    if (mem.virtual)
        done = mem_read_gva(mem.vm->vcpus[mem.vcpu], (gva_t)mem.address, mem.bytes, size);
    else
        done = mem_read_gpa(mem.vm, mem.address, mem.bytes, size);
    look_end(mem.vm);
    return done;
}

static void show_row(u64 address, const u8 *bytes, u32 count)
{
    char hex[3 * ROW + 2], text[ROW + 1];
    u32 used = 0;

    for (u32 i = 0; i < ROW; i++) {
        if (i < count)
            used += format_text(hex + used, sizeof(hex) - used, "%02x ", bytes[i]);
        else
            used += format_text(hex + used, sizeof(hex) - used, "   ");
        if (i == ROW / 2 - 1)
            hex[used++] = ' ';
    }
    hex[used] = '\0';
    for (u32 i = 0; i < count; i++)
        text[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '.';
    text[count] = '\0';
    show("%09llx  %s |%s|\n", address, hex, text);
}

static enum command_result mem_some(bool cancelled)
{
    u32 size = PAGE_SIZE - ((u32)mem.address & (PAGE_SIZE - 1));

    if (cancelled)
        return COMMAND_DONE;
    if (size > PIECE)
        size = PIECE;
    if (size > mem.left)
        size = (u32)mem.left;
    if (!read_piece(size))
        return COMMAND_FAILED;
    for (u32 i = 0; i < size; i += ROW)
        show_row(mem.address + i, mem.bytes + i, size - i < ROW ? size - i : ROW);
    mem.address += size;
    mem.left -= size;
    return mem.left ? COMMAND_WAITS : COMMAND_DONE;
}

/* ADDRESS [LENGTH] [vcpu N], from word `at` on. */
static enum command_result parse_place(const struct arguments *arguments, u32 at)
{
    mem.left = LENGTH_DEFAULT;
    if (at >= arguments->count)
        return command_failed("the address is missing");
    if (!argument_number(arguments->word[at], &mem.address))
        return COMMAND_FAILED;
    at++;
    if (at < arguments->count && strcmp(arguments->word[at], "vcpu") &&
        !argument_number(arguments->word[at++], &mem.left))
        return COMMAND_FAILED;
    if (!mem.left || mem.left > LENGTH_MAX)
        return command_failed("a length is from 1 to %s", size_text(LENGTH_MAX).text);
    if (mem.virtual && (mem.address >> 32 || mem.left > (1ull << 32) - mem.address))
        return command_failed("gVAs have 32 bits: 0x%llx + %llu is past their end", mem.address,
                              mem.left);
    if (at == arguments->count)
        return COMMAND_DONE;
    if (!mem.virtual || at + 2 != arguments->count || strcmp(arguments->word[at], "vcpu"))
        return command_failed("\"%s\" is not expected here", arguments->word[at]);
    return COMMAND_DONE;
}

static enum command_result begin(void)
{
    enum command_result result = mem_some(false);

    if (result == COMMAND_WAITS)
        command_wait(mem_some, 0);
    return result;
}

/* Through the tables of which vCPU: of `vcpu N` at the end of the line, or of the first. */
static bool choose_vcpu(const struct arguments *arguments)
{
    bool given = !strcmp(arguments->word[arguments->count - 2], "vcpu");
    struct vcpu *vcpu =
        look_at_started_vcpu(mem.vm, given ? arguments->word[arguments->count - 1] : NULL);

    if (!vcpu)
        return false;
    mem.vcpu = vcpu->id;
    look_end(mem.vm);
    return true;
}

static enum command_result mem_of_vm(const struct arguments *arguments)
{
    const char *space = arguments->count > 2 ? arguments->word[2] : "";

    mem.vm = argument_vm(arguments->word[1]);
    if (!mem.vm)
        return COMMAND_FAILED;
    mem.virtual = !strcmp(space, "gva");
    if (!mem.virtual && strcmp(space, "gpa"))
        return command_failed("expected gva or gpa after the VM, not \"%s\"", space);
    if (parse_place(arguments, 3) != COMMAND_DONE)
        return COMMAND_FAILED;
    if (mem.virtual && !choose_vcpu(arguments))
        return COMMAND_FAILED;
    return begin();
}

enum command_result command_mem(const struct arguments *arguments)
{
    if (strcmp(arguments->word[1], "hpa"))
        return mem_of_vm(arguments);
    mem.vm = NULL;
    mem.virtual = false;
    if (parse_place(arguments, 2) != COMMAND_DONE)
        return COMMAND_FAILED;
    return begin();
}
