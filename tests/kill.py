#!/usr/bin/env python3
"""Power cuts: QEMU is killed while Linux VMs write, and nothing that was acknowledged may be lost.

    tests/kill.py [--rounds N] [--seed S] [--harts H] [--no-flush] [-- OPTIONS OF qemu-run.sh]

Three VMs, with legacy and modern virtio, of 1, 2 and 4 vCPUs, each write numbered records (tests/linux/records) into an
ext4 and onto a disk without a file system, and print a number when its record was flushed. At a random moment QEMU gets
SIGKILL. Then, for each VM: the journal of a copy of the file system is replayed, e2fsck finds nothing to repair, and every
record whose number was printed, in this round or before, is there and right. The next round boots from the disks as they
were left.

The disks are qcow2, of whose tables QEMU writes nothing to the file before it has to flush: a flush that got lost on its
way loses records here. With --no-flush the guests write but do not ask for flushes, and the test has to fail. Logs and
images are in build/test/kill-SEED/.
"""

import hashlib
import os
import random
import re
import sys
import tempfile
import time

from machine import TREE, images, program
from machine.run import Machine, Vm

BOOT_LIMIT = 120                # seconds until all VMs write
LONGEST = 3.0                   # seconds that they write
RECORD = 64                     # bytes; one has a sector of the second disk
FILE_EVERY = 4                  # records
FS_SIZE, RAW_SIZE = 24 * images.MIB, 4 * images.MIB

VMS = [('old', 1, ''), ('new', 2, 'virtio = "modern";'), ('many', 4, 'virtio = "modern"; lazy;')]


def record(number):
    return f'record {number:<56}\n'.encode()


class Disks:
    """The two disks of a VM, and what was acknowledged of them."""

    def __init__(self, folder, name):
        self.file_system, self.raw = (os.path.join(folder, f'{name}-{kind}.qcow2') for kind in ('fs', 'raw'))
        self.copy = os.path.join(folder, f'{name}-copy.img')
        self.acknowledged = 0
        with tempfile.TemporaryDirectory() as contents:
            with open(os.path.join(contents, 'records'), 'wb'):
                pass
            images.ext4(self.copy, FS_SIZE, contents)
        images.to_qcow2(self.file_system, self.copy)
        images.empty(self.copy, RAW_SIZE)
        images.to_qcow2(self.raw, self.copy)

    def check_file_system(self):
        images.to_raw(self.copy, self.file_system)
        images.replay_journal(self.copy)
        images.check_clean(self.copy)

    def check_records(self):
        files = images.files_of(self.copy)
        content = files['records']
        for number in range(1, self.acknowledged + 1):
            if content[(number - 1) * RECORD:number * RECORD] != record(number):
                raise images.ImageError(f'record {number} of {self.acknowledged} is lost')
        self.check_new_files(files)

    def check_new_files(self, files):
        sums = dict(name[len('file'):].split('.') for name in files if name.startswith('file'))
        for number in range(FILE_EVERY, self.acknowledged + 1, FILE_EVERY):
            told = sums.get(str(number))
            if not told or hashlib.md5(files[f'file{number}.{told}']).hexdigest() != told:
                raise images.ImageError(f'the file of record {number} of {self.acknowledged} is lost')

    def check_sectors(self):
        images.to_raw(self.copy, self.raw)
        with open(self.copy, 'rb') as file:
            content = file.read()
        for number in range(1, self.acknowledged + 1):
            if content[number * images.SECTOR:][:RECORD] != record(number):
                raise images.ImageError(f'sector {number} of {self.acknowledged} is lost')


def write_and_kill(report, folder, disks, delay, arguments):
    """One round; returns how many records were acknowledged in it."""
    more = 'flush=no' if arguments.no_flush else ''
    vms = [Vm(name, 'records', more, cpus=cpus,
              properties=f'{properties} disk = "virtio{2 * index}", "virtio{2 * index + 1}";')
           for index, (name, cpus, properties) in enumerate(VMS)]
    paths = [path for name, _, _ in VMS for path in (disks[name].file_system, disks[name].raw)]
    with Machine(folder, vms, disks=paths, harts=arguments.harts, options=arguments.rest) as machine:
        for name, _, _ in VMS:
            machine.wait_for(rf'^\[{name}\] acknowledged', BOOT_LIMIT)
        time.sleep(delay)
        machine.kill()
        machine.reader.join()
        total = 0
        for name, _, _ in VMS:
            report.check(f'{os.path.basename(folder)}.{name}.began', 'FAIL ' not in machine.of_vm(name), 'see its log')
            numbers = [int(found) for found in re.findall(r'^acknowledged (\d+)$', machine.of_vm(name), re.MULTILINE)]
            disks[name].acknowledged = max(numbers)
            total += len(numbers)
    return total


def check(report, arguments):
    chance = random.Random(arguments.seed)
    folder = os.path.join(TREE, 'build', 'test', f"kill-{arguments.seed}{'-no-flush' if arguments.no_flush else ''}")
    os.makedirs(folder, exist_ok=True)
    disks = {name: Disks(folder, name) for name, _, _ in VMS}
    for number in range(arguments.rounds):
        delay = chance.uniform(0, LONGEST)
        total = write_and_kill(report, os.path.join(folder, f'round{number}'), disks, delay, arguments)
        print(f'kill: round {number}: killed {delay:.3f} s after all had begun; {total} records', flush=True)
        for name, disk in disks.items():
            for what, function in (('file_system', disk.check_file_system), ('records', disk.check_records),
                                   ('sectors', disk.check_sectors)):
                report.attempt(f'round{number}.{name}.{what}', function, error=images.ImageError)


def main():
    parser = program.options(__doc__)
    parser.add_argument('--rounds', type=int, default=4)
    parser.add_argument('--no-flush', action='store_true')
    return program.run('kill', check, parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
