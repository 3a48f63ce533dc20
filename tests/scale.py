#!/usr/bin/env python3
"""Many small VMs on one machine (guest/t_small.c): 8 MiB and 3 vCPUs each.

    tests/scale.py [--vms N] [--harts H]    all at once, and everything right
    tests/scale.py --bench                  what one of them costs, for 1, 8, 32 and 64

The first form waits until all VMs are running, 64 of them with 192 vCPUs on a machine with 127 VMIDs, and for the right
results of each.

The second form prints a table. Memory is what the hypervisor has for a VM besides its RAM, as `stat` of the monitor tells
it. Start-up is counted in instructions, under icount on one hart, from the machine's reset until the last of the VMs,
which all start at once, is at work. The exit status is 1 when memory or growth is not as it should be.
"""

import argparse
import os
import re
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT = os.path.join(TREE, 'build', 'scale')

COUNTS = (1, 8, 32, 64)
MEMORY_LIMIT = 64               # KiB of the hypervisor's own for a small VM
GROWTH_LIMIT = 1.05             # of the start-up of a VM, with 64 of them against 8


class ScaleError(Exception):
    """A run did not show what it should."""


def description(count, bootargs, properties):
    vms = ''.join(f'    small{i} {{ memory = "8M"; cpus = <3>; kernel = &small; bootargs = "{bootargs}"; {properties} }};\n'
                  for i in range(count))
    return ('/dts-v1/;\n/ { compatible = "twofold,vms";\n'
            '    images { small: small { data = /incbin/("build/guest/t_small.elf"); }; };\n' + vms + '};\n')


def run(label, dts, script, arguments):
    """Boots; returns what was printed."""
    os.makedirs(OUTPUT, exist_ok=True)
    paths = {ending: os.path.join(OUTPUT, f'{label}.{ending}') for ending in ('dts', 'monitor', 'log')}
    for ending, text in (('dts', dts), ('monitor', '\n'.join(script) + '\n')):
        with open(paths[ending], 'w', encoding='utf-8') as file:
            file.write(text)
    command = ['./qemu-run.sh', '--vms', paths['dts'], '--monitor-script', paths['monitor'], '--ram', '10G',
               '--timeout', '500'] + arguments
    with open(paths['log'], 'wb') as log:
        status = subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                check=False).returncode
    if status:
        raise ScaleError(f"ended with status {status}; see {os.path.relpath(paths['log'], TREE)}")
    with open(paths['log'], encoding='utf-8', errors='replace') as log:
        return log.read().replace('\r', '')


def count_lines(text, pattern):
    return len(re.findall(pattern, text, re.MULTILINE))


# ------------------------------------------------------------- all at once

def check(count, harts, arguments):
    names = [f'small{i}' for i in range(count)]
    script = ([f'expect {name} "at work" 300s' for name in names] + ['vms'] +
              [f'type {name} "q"' for name in names])
    label = re.sub(r'[^\w=]+', '-', f"check-{count}-{harts} {' '.join(arguments)}").strip('-')
    text = run(label, description(count, '', ''), script, ['--harts', str(harts)] + arguments)
    # A VM alone has no name before its lines.
    passed = count_lines(text, r'^(\[small\d+\] )?SUMMARY t_small: 1 passed, 0 failed')
    off = count_lines(text, r'^Twofold: VM "small\d+" powered off')
    running = count_lines(text.rpartition('> vms\n')[2], r'^ *\d+ small\d+ .* running$')
    print(f'scale: of {count} VMs on {harts} harts {running} ran at once, {passed} computed rightly, {off} powered off')
    if not running == passed == off == count:
        raise ScaleError('not all of them did')


# ------------------------------------------------------------------- costs

KIB = {'': 1 / 1024, 'K': 1, 'M': 1024}


def hypervisor_memory():
    """KiB that the hypervisor has for a running VM, besides its RAM."""
    text = run('bench-memory', description(1, '', ''),
               ['expect small0 "at work" 60s', 'stat small0', 'type small0 "q"'], ['--icount'])
    found = re.search(r'^memory: .*?(\d+)([KM]?) of stage-2 tables, (\d+)([KM]?) of the VM\'s own records', text, re.M)
    if not found:
        raise ScaleError('`stat` does not tell of the memory')
    tables, tables_unit, records, records_unit = found.groups()
    return int(tables) * KIB[tables_unit] + int(records) * KIB[records_unit]


def start_up(count):
    """Instructions from the machine's reset until the last VM is at work."""
    text = run(f'bench-{count}', description(count, 'ms=1', 'counters = "direct";'), ['set view all'],
               ['--harts', '1', '--icount'])
    started = [int(found) for found in re.findall(r'at work since instruction (\d+)', text)]
    if len(started) != count:
        raise ScaleError(f'{len(started)} of {count} VMs were at work')
    return max(started)


def bench():
    kib = hypervisor_memory()
    print(f'hypervisor memory of a small VM: {kib:.0f} KiB (<= {MEMORY_LIMIT})')
    print('small VMs   instructions to start   for each but the first')
    first, each = start_up(COUNTS[0]), {}
    print(f'{COUNTS[0]:9}   {first:21,}')
    for count in COUNTS[1:]:
        instructions = start_up(count)
        each[count] = (instructions - first) / (count - 1)
        print(f'{count:9}   {instructions:21,}   {each[count]:22,.0f}', flush=True)
    growth = each[COUNTS[-1]] / each[COUNTS[1]]
    print(f'a VM among {COUNTS[-1]} takes {growth:.3f} times what it takes among {COUNTS[1]} (<= {GROWTH_LIMIT})')
    if kib > MEMORY_LIMIT:
        raise ScaleError('that is too much memory for a small VM')
    if growth > GROWTH_LIMIT:
        raise ScaleError('start-up does not grow linearly')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--vms', type=int, default=64)
    parser.add_argument('--harts', type=int, default=4)
    parser.add_argument('--bench', action='store_true')
    parser.add_argument('rest', nargs='*', help='options of qemu-run.sh, after --')
    arguments = parser.parse_args()
    try:
        if arguments.bench:
            bench()
        else:
            check(arguments.vms, arguments.harts, arguments.rest)
    except ScaleError as error:
        print(f'scale: error: {error}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
