#!/usr/bin/env python3
"""What virtualisation costs, in instructions: the table of `make bench`.

    tests/bench/bench.py [--logs DIRECTORY]

Every run is under QEMU's -icount shift=0,sleep=off with no input, where two runs are the same to
the last digit. Exits are counted by a guest with rdinstret (bench_exits). Linux counts its boot with
it too, as a guest (whose count has all that the hypervisor does) and natively, from the kernel's
entry to init; time would count the ticks that an idle kernel waits for. Its workload is never idle
and goes by the time counter, of which a tick is 100 instructions. The exit status is 1 when a run
fails; a target that is missed is told, not an error.
"""

import argparse
import os
import re
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRMWARE = '/usr/lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin'
KERNEL = os.path.join(TREE, 'build', 'bench', 'linux.elf')
MEMORY = '128M'
LIMIT = 600                     # seconds for one run

# What bench_exits prints, how the table calls it, and the most that it may be.
EXITS = [
    ('sbi_base_call', 'SBI Base call', 165),
    ('plic_load', 'PLIC load', 210),
    ('uart_store', 'UART character', 230),
    ('uart_status_load', 'UART status load', None),
    ('set_timer', 'SBI set_timer', None),
    ('ipi_send', 'IPI to another vCPU: send', None),
    ('ipi_round_trip', 'IPI to another vCPU and back', None),
    ('first_touch', 'first touch of a 4 KiB page', None),
]

# Of bench_exits on one hart, where the two vCPUs take turns.
SWITCHES = ('ipi_round_trip', 'switch to another vCPU and back (IPI)')

# Linux: what is timed, by which line, with which command line, and the largest ratio.
LINUX = [
    ('Linux entry to init, quiet', 'boot', 'quiet onboot=poweroff', 1.02),
    ('Linux entry to init, serial console', 'boot', 'onboot=poweroff', 1.05),
    ('warm compute-fork-mmap-thread workload', 'workload', 'quiet onboot=workload', 1.01),
]


# Disks and networks, by bench_devices: how the table calls it, the test, and who else is there.
DEVICES = [
    ('4 KiB read, one by one', 'test=read size=4096 batch=1', ''),
    ('4 KiB read, 16 at a time', 'test=read size=4096 batch=16', ''),
    ('4 KiB write, one by one', 'test=write size=4096 batch=1', ''),
    ('4 KiB write, 16 at a time', 'test=write size=4096 batch=16', ''),
    ('64 KiB read, one by one', 'test=read size=65536 batch=1', ''),
    ('64 KiB write, one by one', 'test=write size=65536 batch=1', ''),
    ('packet out, 1514 bytes, one by one', 'test=send size=1514 batch=1', ''),
    ('packet out, 1514 bytes, 16 at a time', 'test=send size=1514 batch=16', ''),
    ('packet out and answer in, 60 bytes', 'test=ask', ''),
    ('VM to VM, 1514 bytes, 16 at a time', 'test=stream size=1514 batch=16', 'test=sink batch=16'),
]
COUNTS = (64, 192)              # two runs, so that what is done once cancels out of the exits

# A disk and a network answer in the host's time: an idle machine has to wait for them.
ICOUNT_WAITING = ['-icount', 'shift=0,sleep=on']


class BenchError(Exception):
    """A run did not show what it should."""


class Runner:
    """Runs commands to their end, with a log for each."""

    def __init__(self, logs):
        self.logs = logs
        self.disk = os.path.join(logs, 'disk.img')
        os.makedirs(logs, exist_ok=True)

    def run(self, name, command):
        print(f'running {name} ...', file=sys.stderr)
        path = os.path.join(self.logs, name + '.log')
        with open(path, 'wb') as log:
            try:
                status = subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.STDOUT, timeout=LIMIT,
                                        check=False).returncode
            except subprocess.TimeoutExpired:
                raise BenchError(f'{name}: no end within {LIMIT} s; see {path}') from None
        if status:
            raise BenchError(f'{name}: ended with status {status}; see {path}')
        with open(path, encoding='utf-8', errors='replace') as log:
            return log.read()

    def guest(self, name, arguments, harts=1):
        return self.run(name + '-guest',
                        ['./qemu-run.sh', '--harts', str(harts), '--icount'] + arguments)

    def native(self, name, arguments, harts=1):
        return self.run(name + '-native',
                        ['qemu-system-riscv32', '-M', 'virt', '-smp', str(harts), '-m', MEMORY,
                         '-display', 'none', '-monitor', 'none', '-serial', 'stdio',
                         '-icount', 'shift=0,sleep=off', '-bios', FIRMWARE] + arguments)


def number(text, pattern, log):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise BenchError(f"{log}: no line matches '{pattern}'")
    return int(found.group(1))


def linux_kernel():
    """An ELF file of Linux that prints the count of instructions at its entry first."""
    image = os.path.join(TREE, 'build', 'linux', 'Image')
    os.makedirs(os.path.dirname(KERNEL), exist_ok=True)
    subprocess.run(['riscv64-unknown-elf-gcc', '-march=rv32ima_zicsr', '-mabi=ilp32', '-nostdlib',
                    '-static', f'-DIMAGE="{image}"', '-Wl,-N,-Ttext=0x80200000',
                    '-Wl,--section-start=.image=0x80400000', '-Wl,--build-id=none',
                    '-Wl,--no-warn-rwx-segments', '-o', KERNEL,
                    os.path.join(TREE, 'tests', 'bench', 'entry.S')], check=True)
    return KERNEL


def linux_arguments(options):
    """The same Linux natively and as a guest."""
    initrd = os.path.join(TREE, 'build', 'linux', 'initramfs.cpio.gz')
    # Its driver would take the counters for perf, and keep programs from instret.
    append = 'console=ttyS0 initcall_blacklist=pmu_sbi_devinit ' + options
    return (['--kernel', linux_kernel(), '--initrd', initrd, '--memory', MEMORY, '--append',
             append, '--counters', 'direct'],
            ['-kernel', linux_kernel(), '-initrd', initrd, '-append', append])


def linux_count(text, word, log):
    """Instructions: of the boot from the kernel's entry to init, or of the workload by its clock."""
    if word == 'boot':
        return (number(text, r'boot: instret (\d+)', log) -
                number(text, r'entry: instret (\d+)', log))
    return number(text, rf'{word}: ticks (\d+)', log) * 100


def measure_exits(runner):
    """Rows (name, value, native, ratio, target, good) of the exits. Natively, firmware answers
    the calls and the devices are hardware."""
    vm = ['--vms', 'tests/bench/exits.dts']
    guest = runner.guest('exits', vm, harts=2)
    native = runner.native('exits', ['-kernel', 'build/guest/bench_exits.bin'], harts=2)
    for key, name, target in EXITS:
        value, bare = (number(text, rf'bench: {key} (\d+)', 'exits') for text in (guest, native))
        yield name, value, bare, None, target, target is None or value <= target
    switches = number(runner.guest('switches', vm, harts=1), rf'bench: {SWITCHES[0]} (\d+)',
                      'switches')
    yield SWITCHES[1], switches, None, None, None, True


def device_description(runner, test, other):
    """A description with the VM that is measured, and the one that it talks to."""
    vm = ('  {name} {{ memory = "16M"; kernel = /incbin/("build/guest/bench_devices.elf"); counters = "direct";\n'
          '    bootargs = "{test}"; {devices} }};\n')
    text = '/dts-v1/;\n/ { compatible = "twofold,vms";\n'
    if other:
        text += vm.format(name='other', test=other, devices='net = "lan";')
        text += vm.format(name='bench', test=test, devices='net = "lan";')
    else:
        text += vm.format(name='bench', test=test, devices='disk = "virtio0"; net = "uplink0";')
    path = os.path.join(runner.logs, 'devices.dts')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text + '};\n')
    return path


def device_guest(runner, label, test, other, count):
    """Instructions of one, by its own count; all exits and injected interrupts, by the monitor's."""
    script = os.path.join(runner.logs, 'devices.monitor')
    with open(script, 'w', encoding='utf-8') as file:
        file.write('wait bench off 60s\nstat bench\nquit now\n')
    test, other = (f'{words} count={count}' if words else '' for words in (test, other))
    log = runner.run(f'{label}-{count}-guest',
                     ['./qemu-run.sh', '--vms', device_description(runner, test, other), '--harts', '1', '--disk',
                      runner.disk, '--net', '--monitor-script', script, '--timeout', '120', '--'] + ICOUNT_WAITING)
    return (number(log, r'bench: \w+ (\d+) instructions', label), number(log, r'^ *exits +(\d+)', label),
            number(log, r'external interrupts +(\d+)', label))


def device_native(runner, label, test):
    command = ['qemu-system-riscv32', '-M', 'virt', '-m', MEMORY, '-display', 'none', '-monitor', 'none', '-serial',
               'stdio', '-bios', FIRMWARE, '-kernel', 'build/guest/bench_devices.bin', '-append',
               f'{test} count={COUNTS[0]}', '-drive', f'if=none,id=disk,format=raw,file={runner.disk}', '-device',
               'virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0', '-netdev', 'user,id=net', '-device',
               'virtio-net-device,netdev=net,bus=virtio-mmio-bus.1'] + ICOUNT_WAITING
    return number(runner.run(label + '-native', command), r'bench: \w+ (\d+) instructions', label)


def measure_devices(runner):
    """Rows (name, instructions of one, native, ratio, exits of one, interrupts of one)."""
    with open(runner.disk, 'wb') as file:
        file.truncate(8 << 20)
    for index, (name, test, other) in enumerate(DEVICES):
        label = f'devices-{index}'
        few, many = (device_guest(runner, label, test, other, count) for count in COUNTS)
        native = None if other else device_native(runner, label, test)
        exits, interrupts = ((many[i] - few[i]) / (COUNTS[1] - COUNTS[0]) for i in (1, 2))
        yield name, many[0], native, native and many[0] / native, exits, interrupts


def measure_linux(runner):
    subprocess.run(['./qemu-run.sh', '--linux', '--dry-run'], cwd=TREE, check=True,
                   stdout=subprocess.DEVNULL)  # builds it
    for index, (name, word, options, target) in enumerate(LINUX):
        guest_arguments, native_arguments = linux_arguments(options)
        label = f'linux-{index}'
        guest = linux_count(runner.guest(label, guest_arguments), word, label)
        native = linux_count(runner.native(label, native_arguments), word, label)
        ratio = guest / native
        yield name, guest, native, ratio, target, ratio <= target


def format_device_row(row):
    name, value, native, ratio, exits, interrupts = row
    return (name, f'{value:,}', f'{native:,}' if native else '', f'{ratio:.1f}' if ratio else '',
            f'{exits:.2f}', f'{interrupts:.2f}')


def format_row(row):
    name, value, native, ratio, target, good = row
    return (name, f'{value:,}', f'{native:,}' if native else '', f'{ratio:.4f}' if ratio else '',
            f'<= {target}' if target else '', ('met' if good else 'missed') if target else '')


def print_table(cells, left):
    """`left`: the columns whose text begins at the left."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        first, *rest = [cell.ljust(width) if column in left else cell.rjust(width)
                        for column, (cell, width) in enumerate(zip(row, widths))]
        print('  '.join([first] + rest).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--logs', default=os.path.join(TREE, 'build', 'bench'))
    runner = Runner(parser.parse_args().logs)
    try:
        rows = list(measure_exits(runner)) + list(measure_linux(runner))
        devices = list(measure_devices(runner))
    except BenchError as error:
        print(f'bench: error: {error}', file=sys.stderr)
        return 1
    print_table([('instructions', 'twofold', 'native', 'ratio', 'target', '')] + [format_row(row) for row in rows],
                (0, 4, 5))
    print()
    print_table([('instructions of one', 'twofold', 'native', 'ratio', 'exits', 'interrupts')] +
                [format_device_row(row) for row in devices], (0,))
    size = os.path.getsize(os.path.join(TREE, 'build', 'twofold.bin'))
    print(f'\nbuild/twofold.bin: {size:,} bytes')
    return 0


if __name__ == '__main__':
    sys.exit(main())
