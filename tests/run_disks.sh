#!/usr/bin/env bash
#
# Boots the VMs of a description on a machine with disks of every kind, and says what they left on
# them.
#
# Usage: tests/run_disks.sh NODES [OPTION OF qemu-run.sh]...
#   NODES   what stands between the braces of the root, DTS; IMAGE and LARGE in it are files of 100
#           sectors and of 40 MiB
#
# Of every disk, sector n has the word 0xD00000 + n, D being the number of the disk (4: IMAGE), where
# no partition table is:
#   virtio0   GPT: 1 "boot" 1000 sectors from 2048, 2 "root" 2048 from 4096
#   virtio1   MBR: 1 1000 sectors from 2048, 2 extended, 5 512 from 6144
#   virtio2   no partition table
#   virtio3   as virtio0, the first GPT being damaged
# In the end each disk that has changed is told, with its changed sectors.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build/test
folder=$(mktemp -d build/test/disks.XXXXXX)
trap 'rm -rf -- "$folder"' EXIT

python3 - "$folder" << 'END'
import struct, sys
for number, sectors in enumerate((16384, 16384, 16384, 16384, 100)):
    with open(f'{sys.argv[1]}/disk{number}', 'wb') as disk:
        for sector in range(sectors):
            disk.write(struct.pack('<I', number << 20 | sector) * 128)
END
partition() {
    PATH=$PATH:/sbin:/usr/sbin sfdisk --quiet --wipe never "$folder/$1" > /dev/null
}
for disk in disk0 disk3; do
    partition "$disk" << 'END'
label: gpt
start=2048, size=1000, name="boot"
start=4096, size=2048, name="root"
END
done
partition disk1 << 'END'
label: dos
start=2048, size=1000, type=83
start=4096, size=8192, type=5
start=6144, size=512, type=83
END
printf 'damaged!' | dd of="$folder/disk3" bs=512 seek=1 conv=notrunc status=none
truncate -s 40M "$folder/large"
for number in 0 1 2 3 4; do
    cp "$folder/disk$number" "$folder/before$number"
done

nodes=${1//IMAGE/\/incbin\/(\"$folder/disk4\")}
nodes=${nodes//LARGE/\/incbin\/(\"$folder/large\")}
shift
status=0
tests/run_description.sh "$nodes" --disk "$folder/disk0" --disk "$folder/disk1" \
    --disk "$folder/disk2" --disk "$folder/disk3" "$@" || status=$?

python3 - "$folder" << 'END'
import sys
def sectors(name):
    data = open(f'{sys.argv[1]}/{name}', 'rb').read()
    return [data[at:at + 512] for at in range(0, len(data), 512)]
for number in range(5):
    before, after = sectors(f'before{number}'), sectors(f'disk{number}')
    changed = [str(at) for at in range(len(after)) if after[at] != before[at]]
    if changed:
        print(f'disk {number} has changed: {" ".join(changed)}')
END
exit $status
