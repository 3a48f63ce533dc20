#!/usr/bin/env python3
"""Runs the commands of docs/two-stage.md in one boot and compares what they print with what the page says.

    tests/check_two_stage.py [--update] [PAGE]

The page boots by the line `$ ./qemu-run.sh ...`. In its blocks of ```console a line that begins with `twofold> ` is a
command of the monitor, and what follows, up to the next, is its output. --update writes the true output into the page.

All is compared, but for one thing: the host takes the pages of its own tables where there is room, which changes with
the size of the hypervisor. They may have other addresses than in the page, each the same one everywhere.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(TREE, 'docs', 'two-stage.md')
PROMPT = 'twofold> '
BOOT = re.compile(r'^\$ (\./qemu-run\.sh .*)$', re.MULTILINE)
BLOCK = re.compile(r'(?<=^```console\n)twofold> .*?(?=^```$)', re.MULTILINE | re.DOTALL)
HOST_TABLE = re.compile(r'(?:root at|table at|-------V {2})\s*hPA 0x(\w{6})000')
LIMIT = 30      # seconds; with --monitor a script that has failed ends nothing


def outputs(text):
    """[(command, its lines of output)], in their order."""
    found = []
    for line in text.splitlines():
        if line.startswith(PROMPT):
            found.append((line[len(PROMPT):].strip(), []))
        elif found:
            found[-1][1].append(line.rstrip())
    return found


def boot(command, commands):
    """What the machine prints while it runs the commands as a script."""
    with tempfile.NamedTemporaryFile('w', suffix='.monitor') as script:
        script.write('\n'.join([*commands, 'quit now']) + '\n')
        script.flush()
        run = shlex.split(command) + ['--icount', '--timeout', str(LIMIT), '--monitor-script', script.name]
        done = subprocess.run(run, cwd=TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    text = re.sub(r'[^\n]*\r\x1b\[K', '', done.stdout.decode(errors='replace')).replace('\r', '')
    if done.returncode:
        sys.exit(text + f'\nthe run ended with status {done.returncode}')
    return text


def without_places(text):
    """The text with a name for each of the host's tables instead of its address, in each form that a walk prints it."""
    names = {}
    for place in HOST_TABLE.findall(text):
        names.setdefault(place, f'<table {len(names)}>')
    for place, name in names.items():
        pointer = int(place, 16) << 10 | 1
        text = re.sub(rf'\b{pointer:08x}  {place}\b', name, text)
        text = re.sub(rf'\bhPA 0x{place}', f'hPA {name} ', text)
        text = re.sub(rf'(?<= ) 0x{place}(?=\w{{3}} )', f' {name} ', text)
    return re.sub(r'\bhgatp  \w{3}(\w{5}) (?= Sv32x4, VMID (\d+))', r'hgatp VMID \2 ', text)


def flat(found):
    return [line for command, lines in found for line in [PROMPT + command, *lines]]


def compare(page, run):
    """The first line in which they differ; None when there is none."""
    said = without_places('\n'.join(flat(page))).splitlines()
    true = without_places('\n'.join(flat(run))).splitlines()
    shown = flat(page)
    for number, line in enumerate(said):
        if number >= len(true) or line != true[number]:
            return f'the page says:  {shown[number]}\nthe run prints: {(flat(run) + ["nothing"] * len(said))[number]}'
    return None if len(said) == len(true) else f'the run prints more: {flat(run)[len(said)]}'


def update(path, text, run):
    """Each block has as many commands as before, with their output."""
    rest = iter(run)

    def renewed(block):
        count = len(outputs(block[0]))
        return '\n'.join(flat([next(rest) for _ in range(count)])) + '\n'

    with open(path, 'w', encoding='utf-8') as file:
        file.write(BLOCK.sub(renewed, text))


def main():
    arguments = [word for word in sys.argv[1:] if word != '--update']
    path = arguments[0] if arguments else PAGE
    with open(path, encoding='utf-8') as file:
        text = file.read()
    page = outputs(''.join(BLOCK.findall(text)))
    command = BOOT.search(text)
    if not page or not command:
        sys.exit(f'{path}: no commands, or no line `$ ./qemu-run.sh ...`')
    run = outputs(boot(command[1], [typed for typed, _ in page]))[:len(page)]
    if '--update' in sys.argv:
        update(path, text, run)
        return 0
    wrong = compare(page, run)
    print(wrong or f'{len(page)} commands, {len(flat(run))} lines: as the page says')
    if wrong:
        print('If the run is right: tests/check_two_stage.py --update')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
