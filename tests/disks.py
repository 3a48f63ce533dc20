#!/usr/bin/env python3
"""Linux VMs with disks of every kind, each a file on the host.

    tests/disks.py [--rounds N] [--seed S] [--harts H] [-- OPTIONS OF qemu-run.sh]

Five VMs at a time, with legacy and with modern virtio, of 1, 2 and 4 vCPUs, with eager, lazy and shared memory, have whole
disks, partitions by number and by label, a range, read-only disks and images of the description; one has its root file
system on a disk. They check what is there (tests/linux/disks), write, and power off. The host then finds every file system
clean and every file as the guest left it, and that nothing else of a disk has changed. The next round boots from the same
disks, with legacy and modern exchanged, and finds what the one before has written. Logs and images are in
build/test/disks-SEED/.
"""

import hashlib
import os
import random
import sys

from machine import TREE, images, program
from machine.run import Machine, Vm

MIB = images.MIB
MIB_SECTORS = MIB // images.SECTOR
LIMIT = 240                     # seconds for a round

# Where the parts of the two partitioned disks are: (first MiB, MiB).
GPT_FIRST, GPT_DATA, GPT_RANGE = (1, 4), (5, 8), (14, 6)
MBR_FIRST, MBR_SECOND = (1, 8), (9, 8)
GPT_SIZE, MBR_SIZE = 21, 18

DISKS = ['whole', 'gpt', 'mbr', 'fixed', 'packed', 'rooted', 'raw']     # virtio0 up


def line(part, kind, name=''):
    first, size = part
    return f'start={first * MIB_SECTORS}, size={size * MIB_SECTORS}, type={kind}{name}\n'


class Disks:
    """The images of a test."""

    def __init__(self, folder, seed):
        self.folder = folder
        self.data = random.Random(seed).randbytes(200 * 1024)
        os.makedirs(folder, exist_ok=True)
        images.seeded_ext4(self.path('whole'), 12 * MIB, self.data)
        images.partition(self.path('gpt'), GPT_SIZE * MIB, 'label: gpt\n' + line(GPT_FIRST, 'L', ', name=first') +
                         line(GPT_DATA, 'L', ', name=data'))
        images.partition(self.path('mbr'), MBR_SIZE * MIB, 'label: dos\n' + line(MBR_FIRST, '83') + line(MBR_SECOND, '83'))
        for disk, part in (('gpt', GPT_FIRST), ('gpt', GPT_DATA), ('mbr', MBR_FIRST), ('mbr', MBR_SECOND)):
            self.fill(disk, part)
        images.seeded_ext4(self.path('fixed'), 4 * MIB, self.data)
        images.seeded_ext4(self.path('unpacked'), 16 * MIB, self.data)
        images.to_qcow2(self.path('packed'), self.path('unpacked'))
        images.root_ext4(self.path('rooted'))
        images.empty(self.path('raw'), MIB)
        images.seeded_ext4(self.path('copied'), 4 * MIB, self.data)

    def path(self, name):
        return os.path.join(self.folder, name + '.img')

    def fill(self, disk, part):
        images.seeded_ext4(self.path('part'), part[1] * MIB, self.data)
        images.put(self.path(disk), part[0] * MIB_SECTORS, self.path('part'))

    def cut(self, disk, part):
        """A part of a disk as a file of its own."""
        images.cut(self.path(disk), part[0] * MIB_SECTORS, part[1] * MIB_SECTORS, self.path('part'))
        return self.path('part')

    def unpack(self):
        images.to_raw(self.path('unpacked'), self.path('packed'))
        return self.path('unpacked')

    def rests(self):
        """Checksums of what no VM may write to."""
        def without(*parts):
            return [(first * MIB_SECTORS, size * MIB_SECTORS) for first, size in parts]
        return {'gpt': images.checksum(self.path('gpt'), without(GPT_DATA, GPT_RANGE)),
                'mbr': images.checksum(self.path('mbr'), without(MBR_FIRST, MBR_SECOND)),
                'fixed': images.checksum(self.path('fixed')),
                'copied': images.checksum(self.path('copied'))}


def use(*disks):
    """Arguments for tests/linux/disks: vda, vdb, ... with (MiB, kind)."""
    return ' '.join(f'disk=vd{letter},{size * MIB},{kind}' for letter, (size, kind) in zip('abcdef', disks))


def vms(number):
    """The five VMs of a round: from the second on the disks have been written to."""
    kind, blank = ('again', 'check') if number else ('first', 'blank')
    virtio = ('virtio = "modern";', '') if number % 2 else ('', 'virtio = "modern";')
    return [
        Vm('whole', 'disks', use((12, kind), (4, 'fixed'), (4, 'first'), (16, kind)),
           properties=f'{virtio[0]} disk = "virtio0", "virtio3,ro", &copied, "virtio4";'),
        Vm('parts', 'disks', use((8, kind), (4, 'fixed'), (6, blank)), cpus=2,
           properties=f'{virtio[1]} disk = "virtio1:data", "virtio1:1,ro", "virtio1@14M+6M";'),
        Vm('lazy', 'disks', use((8, kind), (8, kind)), cpus=4,
           properties=f'{virtio[1]} lazy; disk = "virtio2:1", "virtio2:2";'),
        Vm('shared', 'disks', use((4, 'fixed'), (4, 'first'), (1, 'raw')), cpus=2,
           properties=f'{virtio[0]} shared; disk = "virtio3,ro", &copied, "virtio6";'),
        Vm('rooted', 'root', f'root=/dev/vda rw init=/init lives={number + 1}', initrd=False,
           properties=f'{virtio[1]} disk = "virtio5";'),
    ]


def check_files(files, seed):
    """Are the files of a file system those whose checksums the guest has written into it?"""
    if 'written.sum' not in files:
        raise images.ImageError('there is no written.sum')
    lines = files['written.sum'].decode().splitlines()
    told = dict(reversed(entry.split(maxsplit=1)) for entry in lines)
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name.startswith('cpu')}
    if not told or told != found:
        wrong = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
        raise images.ImageError(f'{len(told)} files were written; wrong are: {" ".join(wrong) or "all"}')
    if seed and files['seed'] != seed:
        raise images.ImageError('the file seed has changed')


def check_image(report, name, path, seed):
    """A file system that a VM has written to."""
    report.attempt(f'{name}.clean', images.check_clean, path, error=images.ImageError)
    files = report.attempt(f'{name}.readable', images.files_of, path, error=images.ImageError)
    if files is not None:
        report.attempt(f'{name}.files', check_files, files, seed, error=images.ImageError)


def check_disks(report, disks, label):
    """What the host finds when all VMs are off."""
    check_image(report, f'{label}.whole', disks.path('whole'), disks.data)
    check_image(report, f'{label}.gpt_data', disks.cut('gpt', GPT_DATA), disks.data)
    check_image(report, f'{label}.gpt_range', disks.cut('gpt', GPT_RANGE), None)
    check_image(report, f'{label}.mbr_first', disks.cut('mbr', MBR_FIRST), disks.data)
    check_image(report, f'{label}.mbr_second', disks.cut('mbr', MBR_SECOND), disks.data)
    check_image(report, f'{label}.qcow2', disks.unpack(), disks.data)
    report.attempt(f'{label}.root.clean', images.check_clean, disks.path('rooted'), error=images.ImageError)


def check_queues(report, label, machine):
    """A disk has as many queues as its VM has vCPUs."""
    for vm in machine.vms:
        found = [line.split()[2] for line in machine.of_vm(vm.name).splitlines() if line.startswith('queues ')]
        report.equal(f'{label}.{vm.name}.queues', found, [str(vm.cpus)] * len(found))


def check_sums(report, label, machine, disks):
    """What a guest has read of the read-only disks, whole, is what they hold."""
    for vm, device, path in (('whole', 'vdb', disks.path('fixed')), ('shared', 'vda', disks.path('fixed')),
                             ('parts', 'vdb', disks.cut('gpt', GPT_FIRST))):
        report.check(f'{label}.{vm}.{device}_as_on_host',
                     f'sum {device} {images.checksum(path)}' in machine.of_vm(vm).splitlines(), 'another checksum')


def boot(report, disks, number, arguments):
    label = f'round{number}'
    before = disks.rests()
    with Machine(os.path.join(disks.folder, label), vms(number), images={'copied': disks.path('copied')},
                 disks=[disks.path(name) for name in DISKS], harts=arguments.harts, options=arguments.rest) as machine:
        report.equal(f'{label}.status', machine.wait(LIMIT), 0)
        for vm in machine.vms:
            report.take(f'{label}.{vm.name}', machine.of_vm(vm.name))
        check_queues(report, label, machine)
        check_sums(report, label, machine, disks)
    check_disks(report, disks, label)
    report.equal(f'{label}.rest_untouched', disks.rests(), before)


def check(report, arguments):
    disks = Disks(os.path.join(TREE, 'build', 'test', f'disks-{arguments.seed}'), arguments.seed)
    for number in range(arguments.rounds):
        boot(report, disks, number, arguments)


def main():
    parser = program.options(__doc__)
    parser.add_argument('--rounds', type=int, default=2)
    return program.run('disks', check, parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
