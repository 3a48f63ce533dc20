#!/usr/bin/env python3
"""Checks that all that guests of t_print printed is in a log: every line, once, in order and whole.

    tests/check_lines.py LOG VM...

A line of a VM that had to wait in the middle of it may be in parts, as on a busy host; that is seldom. The exit status is 1
when a line is not as it should be.
"""

import re
import sys

LINES, MAX_FILLER = 600, 120
BROKEN = 60                     # of a VM's lines may be in parts


class Wrong(Exception):
    pass


def text_of(vm, number):
    filler = ''.join(chr(ord('!') + (number + i) % 90) for i in range(number * 7 % MAX_FILLER))
    return f'{vm} line {number} of {LINES} {filler}'


class Printer:
    """What is still to come of a VM."""

    def __init__(self, vm):
        self.vm = vm
        self.number = self.broken = 0
        self.rest = text_of(vm, 0)

    def take(self, part):
        if not part and self.number and self.rest == text_of(self.vm, self.number):
            return              # the end of a line that was in parts
        if self.number == LINES or not part or not self.rest.startswith(part):
            raise Wrong(f'expected of {self.vm}, line {self.number}: {self.rest}\nthere is: {part}')
        self.rest = self.rest[len(part):]
        if self.rest:
            self.broken += 1
            return
        self.number += 1
        self.rest = text_of(self.vm, self.number)

    def end(self):
        if self.number < LINES:
            raise Wrong(f'{self.vm} ends with line {self.number}')
        if self.broken > BROKEN:
            raise Wrong(f'{self.broken} lines of {self.vm} are in parts')


def check(lines, vms):
    printers = {vm: Printer(vm) for vm in vms}
    for line in lines:
        found = re.match(r'\[(\w+)\] (.*)', line)
        if found and found.group(1) in printers:
            printers[found.group(1)].take(found.group(2))
    for printer in printers.values():
        printer.end()
    return sum(printer.broken for printer in printers.values())


def main():
    path, *vms = sys.argv[1:]
    with open(path, encoding='latin-1', newline='\n') as log:
        lines = [line.rstrip('\r\n') for line in log]
    try:
        broken = check(lines, vms)
    except Wrong as wrong:
        print(wrong)
        return 1
    print(f'lines: all {LINES} of each of {" ".join(vms)}, {broken} of them in parts')
    return 0


if __name__ == '__main__':
    sys.exit(main())
