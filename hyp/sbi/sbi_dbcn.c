/* DBCN: the console of the VM by the buffer and by the byte (SBI, "Debug Console Extension"). */
#include "arch/u64.h"
#include "hyp/sbi/sbi.h"

enum {
    DBCN_WRITE = 0,
    DBCN_READ = 1,
    DBCN_WRITE_BYTE = 2,
};

/*
 * A call may move fewer bytes than asked for. This many at most keep it short: a guest cannot hold
 * its hart by writing all of its memory to the console at once.
 */
#define MAX_BYTES PAGE_SIZE

typedef u32 transfer(void *vcpu, gpa_t start, u32 size);

/* The range is checked whole, also when only the beginning of it will be moved. */
static enum sbi_outcome move_buffer(const struct sbi_call *call, transfer *move,
                                    struct sbi_result *result)
{
    u32 size = call->arg[0];
    gpa_t start = u64_join(call->arg[1], call->arg[2]);

    if (size == 0)
        return SBI_RETURN;
    if (!sbi_is_ram(call, start, size))
        return sbi_return(result, SBI_ERR_INVALID_PARAM);
    result->value = move(call->vcpu, start, size < MAX_BYTES ? size : MAX_BYTES);
    return SBI_RETURN;
}

enum sbi_outcome sbi_dbcn(const struct sbi_call *call, struct sbi_result *result)
{
    switch (call->function) {
    case DBCN_WRITE:
        return move_buffer(call, call->env->console_write, result);
    case DBCN_READ:
        return move_buffer(call, call->env->console_read, result);
    case DBCN_WRITE_BYTE:
        call->env->console_put(call->vcpu, (u8)call->arg[0]);
        return SBI_RETURN;
    default:
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    }
}
