#!/usr/bin/env python3
"""VMs that end while their disks and networks are at work, again and again, and come back.

    tests/stops.py [--lives N] [--seed S] [--harts H] [-- OPTIONS OF qemu-run.sh]

Two Linux VMs write to disks and send and fetch files (tests/linux/busy). One reboots in the middle of it; the other is
paused, resumed, reset, killed and started by the monitor. In the last life of each everything works; the file systems need
no repair beyond their journals, which the guests have replayed; and the hypervisor has all its pages back. Logs and images
are in build/test/stops-SEED/.
"""

import os
import random
import sys

from machine import TREE, images, program
from machine.outside import Outside
from machine.run import Machine, Vm

LIMIT = 120                     # seconds, and for each life
LIFE = 40
FS_SIZE, RAW_SIZE = 16 * images.MIB, 4 * images.MIB


def vms(outside, lives):
    arguments = f'lives={lives} outside={outside.http_port} sink={outside.sink_port}'
    return [Vm('reboots', 'busy', arguments + ' then=reboot', cpus=2,
               properties='virtio = "modern"; disk = "virtio0", "virtio1"; net = "uplink0";'),
            Vm('stopped', 'busy', arguments, properties='lazy; disk = "virtio2", "virtio3"; net = "uplink0";')]


def script(chance, lives):
    """What the monitor does to the second VM, while it is at work in each life but the last."""
    lines = []
    for life in range(1, lives):
        lines += [f'expect stopped "at work in life {life}" 120s', f'wait {chance.randrange(1, 500)}ms']
        lines += ['pause stopped', f'wait {chance.randrange(1, 500)}ms', 'resume stopped',
                  f'wait {chance.randrange(1, 500)}ms']
        lines += ['kill stopped', 'wait stopped off', 'start stopped'] if life % 2 else ['reset stopped']
    return lines


def check(report, arguments):
    chance = random.Random(arguments.seed)
    folder = os.path.join(TREE, 'build', 'test', f'stops-{arguments.seed}')
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, name + '.img') for name in ('reboots', 'reboots-raw', 'stopped', 'stopped-raw')]
    for path in paths[::2]:
        images.seeded_ext4(path, FS_SIZE, b'nothing')
    for path in paths[1::2]:
        images.empty(path, RAW_SIZE)
    monitor = os.path.join(folder, 'script')
    with open(monitor, 'w', encoding='ascii') as file:
        file.write('\n'.join(script(chance, arguments.lives)) + '\n')
    with Outside({'file': chance.randbytes(300000)}, 0) as outside, \
            Machine(folder, vms(outside, arguments.lives), disks=paths, nets=1, harts=arguments.harts,
                    options=['--monitor-script', monitor] + arguments.rest) as machine:
        report.equal('status', machine.wait(LIMIT + LIFE * arguments.lives), 0)
        for vm in machine.vms:
            lives = machine.of_vm(vm.name).split('twofold-linux: userland up')
            report.equal(f'{vm.name}.lives', len(lives) - 1, arguments.lives)
            report.take(vm.name, lives[-1])
    for path, name in zip(paths[::2], ('reboots', 'stopped')):
        report.attempt(f'{name}.clean', images.check_clean, path, error=images.ImageError)


def main():
    parser = program.options(__doc__)
    parser.add_argument('--lives', type=int, default=3)
    return program.run('stops', check, parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
