/*
 * Fuzzes the device-tree reader: a blob is refused, or libfdt takes it too and both see the same
 * tree. Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_fdt.c -lfdt
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* There is no test to go on from: a difference is the end. */
#undef CHECK
#undef CHECK_EQ
#undef CHECK_STR
#define CHECK(condition)      \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)
#define CHECK_EQ(got, expected)  CHECK((got) == (__typeof__(got))(expected))
#define CHECK_STR(got, expected) CHECK(strcmp((got), (expected)) == 0)

#include "tests/unit/fdt_against_libfdt.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    /* A copy of its own: libfdt wants it 8-byte aligned, ASan its exact size. */
    u8 *blob = malloc(size ? size : 1);
    struct fdt fdt;

    memcpy(blob, data, size);
    if (fdt_open(&fdt, blob, (u32)size) == FDT_OK)
        compare_with_libfdt(&fdt);
    free(blob);
    return 0;
}
