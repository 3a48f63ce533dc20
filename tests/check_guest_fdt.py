#!/usr/bin/env python3
"""Takes a guest's device tree out of the log of its boot and gives it to dtc.

    tests/check_guest_fdt.py LOG

The guest has printed it by `base64 /sys/firmware/fdt`. Exit status 0 when dtc takes the tree
without an error or a warning, and the tree is that of the machine which Linux expects.
"""

import base64
import re
import subprocess
import sys

# What a kernel for QEMU's virt looks for, as dtc prints it back.
EXPECTED = [
    'compatible = "riscv-virtio"', 'serial@10000000', 'ns16550a', 'plic@c000000', 'sifive,plic',
    'rtc@101000', 'google,goldfish-rtc', 'button@102000', 'google,goldfish-events-keypad',
    'test@100000', 'syscon-poweroff', 'syscon-reboot',
    'virtio_mmio@10001000', 'virtio_mmio@10008000', 'timebase-frequency', 'riscv,isa', 'cpu@1',
    'memory@80000000', 'bootargs', 'linux,initrd-start',
]


def fdt_in(log):
    """The decoded tree: the longest run of base64 lines."""
    with open(log, encoding='utf-8', errors='replace') as text:
        lines = text.read().replace('\r', '')
    blocks = re.findall(r'(?:^(?:\[\w+\] )?[A-Za-z0-9+/=]{4,76}\n)+', lines, re.MULTILINE)
    longest = max(blocks, key=len, default='')
    return base64.b64decode(re.sub(r'\[\w+\] |\n', '', longest))


def main():
    tree = fdt_in(sys.argv[1])
    if tree[:4] != b'\xd0\x0d\xfe\xed':
        print('no device tree in the log')
        return 1
    done = subprocess.run(['dtc', '-I', 'dtb', '-O', 'dts', '-'], input=tree, check=False,
                          capture_output=True)
    source = done.stdout.decode(errors='replace')
    problems = done.stderr.decode().splitlines()
    problems += [f'the tree has no {text}' for text in EXPECTED if text not in source]
    print('\n'.join(problems))
    return 1 if done.returncode or problems else 0


if __name__ == '__main__':
    sys.exit(main())
