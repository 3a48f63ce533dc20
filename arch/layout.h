/*
 * The hypervisor's own virtual addresses, fixed at build time so that no pointer depends on where
 * the machine has its RAM.
 *
 *   0x0000_0000  nothing: null pointers fault
 *   0x2000_0000  direct map of the first 3 GiB from the start of RAM, in 4 MiB leaves
 *   0xe000_0000  device registers, in 4 KiB leaves
 *   0xf800_0000  the firmware's FDT, read-only
 *   0xfc00_0000  the image: text RX, rodata R, data and bss RW
 *   0xfd00_0000  stacks, a guard page below each
 *   0xfe00_0000  windows onto RAM past the direct map, a page for each hart
 */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#define DIRECT_BASE 0x20000000
#define DIRECT_SIZE 0xc0000000
#define DEVICE_BASE 0xe0000000
#define DEVICE_SIZE 0x00400000
#define FDT_BASE    0xf8000000
#define IMAGE_BASE  0xfc000000
#define STACK_BASE  0xfd000000
#define WINDOW_BASE 0xfe000000

#endif
