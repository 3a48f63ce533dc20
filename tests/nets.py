#!/usr/bin/env python3
"""Linux VMs on networks: with each other, and with the outside by QEMU's user network.

    tests/nets.py [--seed S] [--harts H] [--size KIB] [-- OPTIONS OF qemu-run.sh]

Four VMs, with legacy and modern virtio, of 1 and 2 vCPUs, two in each of two groups and at each of two cards of the host.
Both groups use the same network. In each (tests/linux/nets) the VMs get an address by DHCP, ping the outside and their
peer, move a file to and from both, by checksum, and hear nothing from the other group; one may send at a limited rate only.
Then the host fetches a file from a VM behind each card. Logs are in build/test/nets-SEED/.
"""

import hashlib
import os
import random
import re
import socket
import sys
import urllib.request

from machine import TREE, program
from machine.outside import Outside
from machine.run import Machine, MachineError, Vm

LIMIT = 240                     # seconds for the run
RATE, RATE_WORD = 4000000, '4M'  # bits a second

# name, group, card, address, stranger's address, vCPUs, properties, is its rate limited
PLAN = [
    ('left', 'lan', 0, '192.168.7.1', '192.168.7.4', 1, '', False),
    ('right', 'lan', 0, '192.168.7.2', '192.168.7.4', 2, 'virtio = "modern";', False),
    ('fore', 'other', 1, '192.168.7.1', '192.168.7.2', 2, 'lazy;', True),
    ('aft', 'other', 1, '192.168.7.4', '192.168.7.2', 1, 'virtio = "modern"; shared;', False),
]
GROUPS = ('lan', 'other')


def vms(outside):
    for name, group, card, address, stranger, cpus, properties, limited in PLAN:
        peer = next(plan[3] for plan in PLAN if plan[1] == group and plan[0] != name)
        arguments = (f'outside={outside.http_port} sink={outside.sink_port} group={group} address={address} peer={peer} '
                     f'stranger={stranger}')
        net = group
        if limited:
            arguments += f' rate={RATE}'
            net += f',rate={RATE_WORD}'
        yield Vm(name, 'nets', arguments, cpus=cpus, properties=f'{properties} net = "uplink{card}", "{net}";')


def fetch_inwards(machine, files):
    """The host fetches a file from the VMs that have the first address behind each card."""
    for card, group in enumerate(GROUPS):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        said = machine.qmp('human-monitor-command', **{
            'command-line': f'hostfwd_add net{card} tcp:127.0.0.1:{port}-10.0.2.15:80'})
        if said:
            raise MachineError(said)
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/data', timeout=60) as answer:
            if answer.read() != files[group]:
                raise MachineError(f'the file from card {card} is another')


def check_macs(report, machine):
    """Each card has an address of its own, which is local and none of a group."""
    macs = [re.findall(r'^mac (eth\d) (\S+)$', machine.of_vm(vm.name), re.MULTILINE) for vm in machine.vms]
    flat = [mac for cards in macs for _, mac in cards]
    report.equal('macs_differ', len(set(flat)), 2 * len(PLAN))
    report.check('macs_are_local', all(int(mac[:2], 16) & 3 == 2 for mac in flat), f'{flat}')


def check(report, arguments):
    chance = random.Random(arguments.seed)
    files = {group: chance.randbytes(arguments.size * 1024) for group in GROUPS}
    folder = os.path.join(TREE, 'build', 'test', f'nets-{arguments.seed}')
    machines = []

    def at_meeting(name):
        if name == 'done':
            report.attempt('fetched_from_outside', fetch_inwards, machines[0], files)

    with Outside(files, len(PLAN), at_meeting) as outside, \
            Machine(folder, list(vms(outside)), nets=2, harts=arguments.harts, options=arguments.rest) as machine:
        machines.append(machine)
        report.equal('status', machine.wait(LIMIT), 0)
        for vm in machine.vms:
            report.take(vm.name, machine.of_vm(vm.name))
        check_macs(report, machine)
        sums = [hashlib.sha256(files[plan[1]]).hexdigest() for plan in PLAN]
        report.equal('received_outside', sorted(outside.received), sorted(sums))


def main():
    parser = program.options(__doc__)
    parser.add_argument('--size', type=int, default=512)
    return program.run('nets', check, parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
