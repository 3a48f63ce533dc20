#!/usr/bin/env bash
#
# Runs a guest on a machine that has every virtio device, in a VM or on QEMU's own devices, and looks
# at what it left on the disk.
#
# Usage: tests/run_virtio.sh WHERE GUEST [PROPERTIES] [OPTION]...
#   WHERE        vm-legacy, vm-modern: in a VM, whose devices are the hypervisor's
#                qemu-legacy, qemu-modern, qemu-packed: on QEMU without hypervisor: the same guest
#                passes with the devices whose place ours take
#   GUEST        the name of a guest in build/guest
#   PROPERTIES   more of the VM's description, DTS; ignored without hypervisor
#   OPTION       of qemu-run.sh; without hypervisor, only those after -- are looked at
#
# Slots from the first: a disk, a disk that cannot be written, a network card, entropy, console, balloon.
# Of both disks, sector n is full of the word n. t_virtio_blk leaves words of its own in 64 sectors from
# 8192 on; sectors below 1024 and above those stay as they are.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly firmware=/usr/lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin
where=$1 guest=$2 properties=''
shift 2
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
    properties=$1
    shift
fi

mkdir -p build/test
folder=$(mktemp -d build/test/virtio.XXXXXX)
trap 'rm -rf -- "$folder"' EXIT
disk=$folder/disk.img

make_disks() {
    python3 - "$disk" << 'END'
import struct, sys
with open(sys.argv[1], 'wb') as image:
    for sector in range(16384):
        image.write(struct.pack('<I', sector) * 128)
END
    cp "$disk" "$folder/read-only.img"
    chmod a-w "$folder/read-only.img"
}

# same FROM SECTORS IMAGE: are these sectors of both images alike?
same() {
    cmp -s -- <(tail -c "+$(($1 * 512 + 1))" "$disk" | head -c $(($2 * 512))) \
              <(tail -c "+$(($1 * 512 + 1))" "$3" | head -c $(($2 * 512)))
}

# The image as t_virtio_blk leaves it. Sectors from 1024 to 8191 are where tests write.
check_disk() {
    local expected=$folder/expected.img
    python3 - "$folder/read-only.img" "$expected" << 'END'
import struct, sys
image = bytearray(open(sys.argv[1], 'rb').read())
for i in range(64):
    image[(8192 + i) * 512:(8193 + i) * 512] = struct.pack('<I', 0x5a5a0000 + i) * 128
open(sys.argv[2], 'wb').write(image)
END
    if same 0 16384 "$expected"; then
        echo "PASS image.is_as_the_guest_left_it"
    else
        echo "FAIL image.is_as_the_guest_left_it"
        return 1
    fi
}

run_vm() {
    local version=''
    [ "$where" != vm-modern ] || version='virtio = "modern";'
    tests/run_description.sh "guest { memory = \"32M\"; kernel = /incbin/(\"build/guest/$guest.elf\");
        disk = \"virtio0\", \"virtio1,ro\"; net = \"uplink0\"; entropy; virtio-console; balloon;
        $version $properties };" --disk "$disk" --disk "$folder/read-only.img" --net "$@"
}

run_qemu() {
    local modern=() packed=''
    [ "$where" = qemu-legacy ] || modern=(-global virtio-mmio.force-legacy=false)
    [ "$where" != qemu-packed ] || packed=,packed=on
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        shift
    done
    local slot=virtio-mmio-bus
    timeout --foreground --kill-after=5 100 qemu-system-riscv32 -M virt -m 256M -display none \
        -chardev stdio,id=console,signal=off,mux=on -serial chardev:console -monitor none \
        -bios "$firmware" -kernel "build/guest/$guest.elf" ${modern+"${modern[@]}"} \
        -drive "if=none,id=disk0,format=raw,discard=unmap,file=$disk" \
        -drive "if=none,id=disk1,format=raw,readonly=on,file=$folder/read-only.img" \
        -netdev user,id=net0 \
        -device "virtio-blk-device,bus=$slot.0,drive=disk0,serial=virtio0,num-queues=8$packed" \
        -device "virtio-blk-device,bus=$slot.1,drive=disk1,serial=virtio1$packed" \
        -device "virtio-net-device,bus=$slot.2,netdev=net0$packed" \
        -device "virtio-rng-device,bus=$slot.3$packed" \
        -device "virtio-serial-device,bus=$slot.4,max_ports=1$packed" \
        -device "virtconsole,chardev=console,nr=0" \
        -device "virtio-balloon-device,bus=$slot.5,free-page-reporting=on$packed" "${@:2}"
}

make_disks
status=0
case $where in
vm-*)   run_vm "$@" || status=$? ;;
qemu-*) run_qemu "$@" || status=$? ;;
esac
[ "$guest" != t_virtio_blk ] || check_disk || status=1
exit $status
