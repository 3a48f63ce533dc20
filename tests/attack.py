#!/usr/bin/env python3
"""Guests that attack (guest/t_attack_*.c) beside a Linux VM that has work to do.

    tests/attack.py [--seconds N] [--seed S] [--harts H]
    tests/attack.py --share [--seed S] [--harts H]

The first form lets five attackers loose for N seconds, with Linux at its self-test and its workload meanwhile, and a
monitor script that pauses, resumes, resets, kills and starts attackers. Shown is that all of Linux's work comes out
right, that every attacker is alive in every round, and that the hypervisor ends in good order with all its pages back.

The second form measures, under QEMU's icount, what four attackers cost Linux: its workload runs once with them off and
once beside them. With equal weights, N attackers that never rest and H harts, a VM of one vCPU is owed min(1, H / (N + 1))
harts. Counting instructions, QEMU's harts take turns, so one that is alone is H times as fast as one of H that are busy;
Linux may become slower by max(H, N + 1), and by TOLERANCE more.

All that is random follows from the seed, which is printed first; without --seed it is drawn. Logs are in build/attack/.
The exit status is 1 when something was wrong.
"""

import argparse
import os
import random
import re
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT = os.path.join(TREE, 'build', 'attack')

TOLERANCE = 0.05

# The attackers: t_attack_NAME, number of vCPUs, further properties. Only `wild` may end early: it does anything.
ATTACKERS = [
    ('sbi', 3, ''),
    ('cpu', 1, 'lazy;'),
    ('memory', 1, 'leaf = "4K";'),
    ('storm', 3, ''),
    ('wild', 4, 'restart = "on-failure";'),
]
# A fault loop executes nothing at all, so that under icount time would stand still: no wild ones there.
COUNTED = [name for name, _, _ in ATTACKERS if name != 'wild']

PANIC = re.compile(r'PANIC|Kernel panic|\bBUG:|\bOops\b|pages? (?:is|are) lost')
WORKLOAD = r'^(?:\[linux\] )?workload: ticks (\d+)'


def description(options):
    """The VMs as DTS. `options`: name -> (bootargs, further properties)."""
    linux_bootargs, linux_more = options['linux']
    nodes = [f'''linux {{ memory = "128M"; kernel = /incbin/("build/linux/Image"); {linux_more}
        initrd = /incbin/("build/linux/initramfs.cpio.gz"); bootargs = "console=ttyS0 {linux_bootargs}"; }};''']
    for name, cpus, properties in ATTACKERS:
        if name in options:
            bootargs, more = options[name]
            nodes.append(f'''{name} {{ cpus = <{cpus}>; memory = "16M"; {properties} {more}
        kernel = /incbin/("build/guest/t_attack_{name}.elf"); bootargs = "{bootargs}"; }};''')
    return '/dts-v1/;\n/ { compatible = "twofold,vms";\n    ' + '\n    '.join(nodes) + '\n};\n'


def run(label, dts, script, arguments, limit):
    """Boots; returns what was printed and the exit status."""
    os.makedirs(OUTPUT, exist_ok=True)
    paths = {ending: os.path.join(OUTPUT, f'{label}.{ending}') for ending in ('dts', 'monitor', 'log')}
    for ending, text in (('dts', dts), ('monitor', '\n'.join(script) + '\n')):
        with open(paths[ending], 'w', encoding='utf-8') as file:
            file.write(text)
    command = ['./qemu-run.sh', '--vms', paths['dts'], '--monitor-script', paths['monitor'],
               '--timeout', str(limit)] + arguments
    print(f"attack: the log is {os.path.relpath(paths['log'], TREE)}", flush=True)
    with open(paths['log'], 'wb') as log:
        status = subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=log,
                                stderr=subprocess.STDOUT, check=False).returncode
    with open(paths['log'], encoding='utf-8', errors='replace') as log:
        return log.read().replace('\r', ''), status


def of_vm(text, name):
    """The lines that a VM has printed."""
    prefix = f'[{name}] '
    return '\n'.join(line[len(prefix):] for line in text.splitlines() if line.startswith(prefix))


def complaints(text, status, names):
    """What is wrong in any run."""
    if status == 124:
        yield 'no end within the time limit'
    elif status:
        yield f'exit status {status}'
    for line in text.splitlines():
        if PANIC.search(line):
            yield line
        if re.match(r'\[\w+\] (FAIL |workload: FAILED|onboot: failed)', line):
            yield line
    for name in names:
        if not re.search(rf'^Twofold: VM "{name}" (powered off|was killed)', text, re.MULTILINE):
            yield f'VM "{name}" has not come to its end'


# ------------------------------------------------------------------ the attack

def interventions(chance, seconds):
    """Monitor commands to attackers while all of them are sure to run: in the first half."""
    lines = ['expect storm "round 1" 120s']
    for _ in range(max(1, seconds // 10)):
        name = chance.choice(COUNTED)
        pause = f'wait {chance.randrange(1, 1000)}ms'
        lines += chance.choice([
            [f'pause {name}', pause, f'resume {name}'],
            [f'reset {name}', pause],
            [f'kill {name}', f'wait {name} off', pause, f'start {name}'],
            [f'set {name} weight {chance.randrange(16, 257)}', pause, f'set {name} weight 256'],
            ['vms', f'stat {name}', pause],
        ])
        lines.append(f'wait {chance.randrange(1000, 4000)}ms')
    return lines + ['vms']


def judge_attackers(text):
    for name, _, _ in ATTACKERS:
        printed = of_vm(text, name)
        passed = len(re.findall(r'^PASS ', printed, re.MULTILINE))
        rounds = len(re.findall(r'^seed \d+, life \d+, round', printed, re.MULTILINE))
        lives = len(re.findall(r'^t_attack_\w+: seed', printed, re.MULTILINE))
        print(f'attack: {name}: {passed} doses survived in {rounds} rounds of {lives} lives')
        if not passed:
            yield f'{name} has survived nothing'


def judge_linux(text, wanted):
    printed = of_vm(text, 'linux')
    done = len(re.findall(r'^workload: done', printed, re.MULTILINE))
    tests = re.findall(r'^SELFTEST: (\d+) passed, (\d+) failed', printed, re.MULTILINE)
    print(f"attack: linux: workload done {done} times, self-test {tests[0][0] if tests else 'not'} passed")
    if done != wanted:
        yield f'{done} of {wanted} workloads were done'
    if len(tests) != 1 or tests[0][1] != '0':
        yield 'the self-test of Linux did not come out right'


def attack(arguments):
    """Linux's work is about as long as the attack, on a machine with nothing else to do."""
    seconds, seed = arguments.seconds, arguments.seed
    workloads = max(1, seconds // 20)
    dose = 50 if seconds < 120 else 500
    options = {'linux': ('onboot=selftest' + ',workload' * workloads, 'cpus = <2>;')}
    for index, (name, _, _) in enumerate(ATTACKERS):
        # A life of the wild one is a dose, and those that are reset often are held back.
        length = dose if name != 'wild' else max(500, seconds * 1000 // 30)
        options[name] = (f'seed={seed + index} seconds={seconds} dose={length}', '')
    script = interventions(random.Random(seed), seconds)
    text, status = run(f'attack-{arguments.harts}-{seed}', description(options), script,
                       ['--harts', str(arguments.harts)], 240 + 4 * seconds)
    return (list(judge_attackers(text)) + list(judge_linux(text, workloads)) +
            list(complaints(text, status, options)))


# ------------------------------------------------------------------- the share

def share(arguments):
    options = {'linux': ('quiet onboot=workload,workload', '')}
    for index, name in enumerate(COUNTED):
        options[name] = (f'seed={arguments.seed + index} seconds=0', 'start = "manual";')
    script = ['expect linux "workload: done" 10m', 'start ' + ' '.join(COUNTED),
              'expect linux "workload: done" 10m', 'kill ' + ' '.join(COUNTED), 'vms', 'stat linux']
    text, status = run(f'share-{arguments.harts}-{arguments.seed}', description(options), script,
                       ['--harts', str(arguments.harts), '--icount'], 900)
    wrong = list(complaints(text, status, options))
    ticks = [int(found) for found in re.findall(WORKLOAD, text, re.MULTILINE)]
    if len(ticks) != 2:
        return wrong + [f'Linux has told the time of {len(ticks)} workloads, expected 2']
    owed = max(arguments.harts, len(COUNTED) + 1)
    slower = ticks[1] / ticks[0]
    print(f'attack: linux: {ticks[0]} ticks alone, {ticks[1]} beside {len(COUNTED)} attackers on {arguments.harts} harts: '
          f'{slower:.3f} times, fair is {owed}, bound {owed * (1 + TOLERANCE):.2f}')
    if slower > owed * (1 + TOLERANCE):
        wrong.append('Linux did not get its share')
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--seconds', type=int, default=600)
    parser.add_argument('--seed', type=int, default=random.randrange(1, 1000000))
    parser.add_argument('--harts', type=int, default=4)
    parser.add_argument('--share', action='store_true')
    arguments = parser.parse_args()
    print(f'attack: seed {arguments.seed}', flush=True)
    wrong = share(arguments) if arguments.share else attack(arguments)
    for complaint in wrong[:20]:
        print(f'attack: wrong: {complaint}')
    print('attack: ' + (f'{len(wrong)} things are wrong' if wrong else 'all is well'))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
