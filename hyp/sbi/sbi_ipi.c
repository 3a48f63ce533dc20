/* IPI: supervisor software interrupts to a set of harts (SBI, "IPI Extension"). */
#include "hyp/sbi/remote.h"

enum {
    IPI_SEND = 0,
};

enum sbi_outcome sbi_ipi(const struct sbi_call *call, struct sbi_result *result)
{
    if (call->function != IPI_SEND)
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    return sbi_return(result, remote_send(call, call->arg[0], call->arg[1], NULL));
}
