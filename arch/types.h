/*
 * The integer types of the whole tree, the same on every compiler and on the host that runs the
 * unit tests. uint32_t is not used: it is `unsigned long` for one RISC-V gcc and `unsigned int`
 * for the other.
 */
#ifndef ARCH_TYPES_H
#define ARCH_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

/*
 * One type an address space. Physical addresses, the guest's and the host's, have 34 bits in
 * Sv32x4 and Sv32 and never pass through a 32-bit type.
 */
typedef u32 gva_t; /* guest virtual: what the guest's programs use   */
typedef u64 gpa_t; /* guest physical: what the guest's tables hold   */
typedef u64 hpa_t; /* host physical: what goes out on the bus        */

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

#define PAGE_SHIFT     12
#define PAGE_SIZE      4096u
#define SUPERPAGE_SIZE 0x400000u /* what one leaf of a level-1 table maps: 4 MiB */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)        (1u << (n))

/* `align` is a power of two; works for every unsigned width, so masks never get cut. */
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align)-1))
#define ALIGN_UP(x, align)   ALIGN_DOWN((x) + ((__typeof__(x))(align)-1), align)
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align)-1)) == 0)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* For what is rare: kept out of its caller, which then needs no stack frame for it. */
#define NOINLINE __attribute__((__noinline__))

/* For what is hot: a struct that it takes by pointer stays in the caller's registers. */
#define ALWAYS_INLINE inline __attribute__((__always_inline__))

/* The structure that holds `member` at address `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
