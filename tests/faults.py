#!/usr/bin/env python3
"""Devices of the host that fail: the VM that uses one gets errors, and everybody else goes on.

    tests/faults.py [--harts H] [-- OPTIONS OF qemu-run.sh]

Four Linux VMs at a time. `bad` has disks with sectors that cannot be read or written, and one for which the host has no
space. The disk of `gone` goes away while it is written to. `wire` has a network card whose wire is pulled and put in
again. `well` uses a disk of its own and its network until all of that is over, and finds nothing wrong. The hypervisor
tells of each disk that fails, and of the wire, in one line. Logs and images are in build/test/faults/.
"""

import json
import os
import random
import re
import subprocess
import sys
import time

from machine import TREE, images, program
from machine.outside import Outside
from machine.run import Machine, MachineError, Vm

LIMIT = 240                     # seconds for the run
STEP = 120                      # for a part of it
EIO, ENOSPC = 5, 28             # errno
MIB_SECTORS = images.MIB // images.SECTOR
BAD_READ, BAD_WRITE, NO_SPACE = 2, 4, 13        # where a sector fails, in MiB
SOME_ROUNDS = 3                 # of `well`, which show that it goes on
DISKS_TOLD = ['virtio1', 'virtio2', 'virtio3']


def vms(port):
    return [
        Vm('well', 'well', f'outside={port} peer=192.168.7.2', cpus=2,
           properties='virtio = "modern"; disk = "virtio0"; net = "uplink0", "lan";'),
        Vm('bad', 'bad_disks', f'read={BAD_READ} write={BAD_WRITE}', properties='disk = "virtio1", "virtio2";'),
        Vm('gone', 'gone_disk', properties='virtio = "modern"; disk = "virtio3";'),
        Vm('wire', 'cut_wire', f'outside={port} peer=192.168.7.1', properties='net = "uplink0", "lan";'),
    ]


def attached(slot, node):
    """QEMU's options for a disk; errors are the guest's affair, never QEMU's."""
    return ['-blockdev', json.dumps(node),
            '-device', f"virtio-blk-device,drive={node['node-name']},bus=virtio-mmio-bus.{slot},"
                       'werror=report,rerror=report']


def failing(slot, name, path, rules):
    """A disk that fails for ever at some sectors: (MiB, 'read' or 'write', errno)."""
    inject = [{'event': 'none', 'iotype': kind, 'sector': at * MIB_SECTORS, 'errno': errno, 'once': False}
              for at, kind, errno in rules]
    return attached(slot, {'driver': 'raw', 'node-name': name, 'file': {
        'driver': 'blkdebug', 'inject-error': inject, 'image': {'driver': 'file', 'filename': path}}})


class Server:
    """A disk behind a connection, which can be cut: qemu-nbd."""

    def __init__(self, path, socket_path):
        self.socket_path = socket_path
        if os.path.exists(socket_path):
            os.remove(socket_path)
        self.process = subprocess.Popen(['qemu-nbd', '-t', '-f', 'raw', '-k', os.path.abspath(socket_path), path],
                                        stdin=subprocess.DEVNULL)
        for _ in range(100):
            if os.path.exists(socket_path):
                return
            time.sleep(0.1)
        self.kill()
        raise MachineError('qemu-nbd does not serve')

    def attached(self, slot, name):
        return attached(slot, {'driver': 'raw', 'node-name': name, 'file': {
            'driver': 'nbd', 'server': {'type': 'unix', 'path': os.path.relpath(self.socket_path, TREE)}}})

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def rounds_of_well(machine):
    return len(re.findall(r'^\[well\] round ', machine.text(), re.MULTILINE))


def break_things(machine, server, outside):
    """Takes the disk and the wire when all VMs are at work, and says at the end, and some rounds later, that it is over."""
    machine.wait_for(r'^\[well\] round', STEP)
    machine.wait_for(r'^\[gone\] writing', STEP)
    server.kill()
    machine.wait_for(r'^\[wire\] link off', STEP)
    machine.qmp('set_link', name='net0', up=False)
    machine.wait_for(r'^\[wire\] link on', STEP)
    machine.qmp('set_link', name='net0', up=True)
    machine.wait_for(r'VM "bad" (powered off|failed)', STEP)
    machine.wait_for(r'VM "gone" (powered off|failed)', STEP)
    machine.wait_for(rf'^\[well\] round {rounds_of_well(machine) + SOME_ROUNDS}$', STEP)
    outside.files['over'] = b'over\n'


def check_told(report, text):
    """The hypervisor tells of each disk that fails, and does not go on about it."""
    for name in DISKS_TOLD:
        lines = [line for line in text.splitlines() if re.match(rf'Twofold: .*\b{name}\b', line)]
        report.check(f'told_of_{name}', len(lines) == 1, f'{len(lines)} lines tell of it: {lines[:3]}')
    report.equal('told_of_card', len(re.findall(r'^Twofold: network card 0: .*link', text, re.MULTILINE)), 2)
    report.check('nothing_told_of_virtio0', not re.search(r'^Twofold: .*\bvirtio0\b', text, re.MULTILINE), 'there is a line')


def check(report, arguments):
    folder = os.path.join(TREE, 'build', 'test', 'faults')
    os.makedirs(folder, exist_ok=True)
    path = {name: os.path.join(folder, name + '.img') for name in ('well', 'bad', 'full', 'gone')}
    seed = random.Random(1).randbytes(100 * 1024)
    for name, size in (('well', 8), ('bad', 8), ('full', 16), ('gone', 8)):
        images.seeded_ext4(path[name], size * images.MIB, seed)
    # --disk and --net take the first two slots.
    with Outside({}, 0) as outside, Server(path['gone'], os.path.join(folder, 'nbd')) as server:
        qemu = (failing(2, 'bad', path['bad'], [(BAD_READ, 'read', EIO), (BAD_WRITE, 'write', EIO)]) +
                failing(3, 'full', path['full'], [(NO_SPACE, 'write', ENOSPC)]) + server.attached(4, 'gone'))
        with Machine(folder, vms(outside.http_port), disks=[path['well']], nets=1, harts=arguments.harts,
                     options=arguments.rest, qemu=qemu) as machine:
            break_things(machine, server, outside)
            report.equal('status', machine.wait(LIMIT), 0)
            for vm in machine.vms:
                report.take(vm.name, machine.of_vm(vm.name))
            check_told(report, machine.text())
    for name in ('well', 'full'):
        report.attempt(f'{name}_clean', images.check_clean, path[name], error=images.ImageError)


def main():
    return program.run('faults', check, program.options(__doc__, seeded=False).parse_args())


if __name__ == '__main__':
    sys.exit(main())
