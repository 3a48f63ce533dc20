#include "guest/lib/isa.h"
#include "guest/lib/fdt.h"
#include "guest/lib/string.h"

#define PREFIX_LENGTH 4 /* "rv32" */

/* "rv32imafdc_zicsr_sstc": single letters, then names, each after an underscore. */
bool isa_has(const char *extension)
{
    u32 size;
    const char *isa = fdt_property("cpu", "riscv,isa", &size);
    size_t length = strlen(extension);

    if (!isa)
        return false;
    for (isa += PREFIX_LENGTH; *isa && *isa != '_'; isa++)
        if (length == 1 && *isa == *extension)
            return true;
    for (; *isa; isa++)
        if (*isa == '_' && memcmp(isa + 1, extension, length) == 0 &&
            (isa[length + 1] == '_' || isa[length + 1] == 0))
            return true;
    return false;
}
