/* What guests' SBI calls do to vCPUs and VMs: the environment that hyp/sbi asks for. */
#ifndef VM_SBI_ENV_H
#define VM_SBI_ENV_H

#include "hyp/sbi/sbi.h"

extern const struct sbi_env sbi_env;

#endif
