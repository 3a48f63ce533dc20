#!/usr/bin/env bash
#
# Boots Linux in a VM that has the machine's first virtio slot, and through it a disk with a file system; when all is
# over, looks at that.
#
# Usage: tests/run_passthrough_disk.sh [OPTION OF qemu-run.sh]...

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin:/sbin
mkdir -p build/test
image=$(mktemp build/test/disk.XXXXXX.img)
trap 'rm -f "$image"' EXIT
truncate -s 32M "$image"
mkfs.ext4 -q "$image"

tests/run_description.sh '
    linux {
        memory = "64M";
        kernel = /incbin/("build/linux/Image");
        initrd = /incbin/("build/linux/initramfs.cpio.gz");
        bootargs = "console=ttyS0";
        passthrough = "/soc/virtio_mmio@10001000";
        dma = "trusted";
    };' --disk "$image" "$@"

e2fsck -fn "$image"
echo 'the file system is clean'
