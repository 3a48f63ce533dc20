#!/usr/bin/env bash
#
# Boots the demo on a machine whose device tree tells of a UART that firmware drives and we do not.
#
# Usage: tests/run_without_uart.sh [OPTION OF qemu-run.sh]...

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build/test
tree=$(mktemp build/test/without-uart.XXXXXX.dtb)
trap 'rm -f "$tree"' EXIT
qemu-system-riscv32 -M virt,dumpdtb="$tree" -smp 2 -m 1G -display none > /dev/null 2>&1
dtc -q -I dtb -O dts "$tree" | sed 's/"ns16550a"/"snps,dw-apb-uart"/' | dtc -q -I dts -O dtb -o "$tree"
./qemu-run.sh --harts 2 --ram 1G "$@" -- -dtb "$tree"
