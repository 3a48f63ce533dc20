#!/usr/bin/env bash
#
# Boots the demo with the hypervisor loaded at another address than the usual one.
#
# Usage: tests/run_elsewhere.sh ADDRESS [qemu-run.sh options]
#
# QEMU puts a raw image where it likes; an ELF file around the same bytes says where.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

address=$1
shift
elf=build/test/elsewhere-$address.elf
mkdir -p build/test
printf '.section .text, "ax"\n.globl _start\n_start: .incbin "build/twofold.bin"\n' |
    riscv64-unknown-elf-gcc -march=rv32ima -mabi=ilp32 -nostdlib -x assembler - \
        -Wl,-N,-Ttext="$address",--build-id=none,--no-warn-rwx-segments -o "$elf"
exec ./qemu-run.sh "$@" -- -kernel "$elf"
