/*
 * The machine that a guest sees: QEMU's `virt`, as an S-mode kernel meets it. The addresses and
 * interrupt numbers are that machine's, which kernels without a device tree know by heart.
 */
#ifndef VM_PLATFORM_H
#define VM_PLATFORM_H

#include "arch/types.h"
#include "hyp/core/timer.h"
#include "hyp/dev/finisher.h"
#include "hyp/dev/plic.h"
#include "hyp/dev/power_button.h"
#include "hyp/dev/rtc.h"
#include "hyp/dev/uart16550.h"

#define PLATFORM_FINISHER_BASE 0x00100000u
#define PLATFORM_RTC_BASE      0x00101000u
#define PLATFORM_RTC_IRQ       11
#define PLATFORM_BUTTON_BASE   0x00102000u /* nothing of virt's is here, nor is the interrupt */
#define PLATFORM_BUTTON_IRQ    12
#define PLATFORM_PLIC_BASE     0x0c000000u
#define PLATFORM_UART_BASE     0x10000000u
#define PLATFORM_UART_IRQ      10
#define PLATFORM_UART_CLOCK    3686400
#define PLATFORM_VIRTIO_BASE   0x10001000u
#define PLATFORM_VIRTIO_STRIDE 0x1000u
#define PLATFORM_VIRTIO_IRQ    1
#define PLATFORM_VIRTIO_SLOTS  8
/* What virt has nothing of: memory that VMs share, 16 MiB apart, and its doorbells. */
#define PLATFORM_DOORBELL_BASE 0x50000000u
#define PLATFORM_DOORBELL_IRQ  48
#define PLATFORM_SHARED_BASE   0x51000000u
#define PLATFORM_SHARED_STRIDE 0x01000000u
#define PLATFORM_RAM_BASE      0x80000000u /* and no device is above; see vm_memory.base */
/* Where QEMU puts a kernel that does not say where it wants to be, after 4 MiB of firmware. */
#define PLATFORM_KERNEL_OFFSET 0x00400000u

struct vm;

struct platform {
    struct plic plic;
    struct uart16550 uart;
    struct rtc rtc;
    struct timer rtc_timer;
    struct finisher finisher;
    struct power_button button;
};

/* Makes the devices and puts them on the VM's bus. */
void platform_init(struct vm *vm);

/* The power-on state of all devices; no vCPU runs. */
void platform_reset(struct vm *vm);

/* Stops what devices have going on the host. After it, nothing of the host calls them any more. */
void platform_stop(struct vm *vm);

#endif
