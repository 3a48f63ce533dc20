#!/usr/bin/env python3
"""Checks that all that guests of t_print printed is in a log: every line, whole, once, and in order.

    tests/check_lines.py LOG VM...

The exit status is 1 when a line is not as it should be.
"""

import re
import sys

LINES, MAX_FILLER = 2000, 120


def expected(vm, number):
    filler = ''.join(chr(ord('!') + (number + i) % 90) for i in range(number * 7 % MAX_FILLER))
    return f'[{vm}] {vm} line {number} of {LINES} {filler}'


def check(lines, vms):
    """What is wrong, or None."""
    numbers = dict.fromkeys(vms, 0)
    for line in lines:
        vm = next((vm for vm in vms if re.search(rf'\b{vm} line ', line)), None)
        if vm is None:
            continue
        if line != expected(vm, numbers[vm]):
            return f'expected: {expected(vm, numbers[vm])}\n     got: {line}'
        numbers[vm] += 1
    short = [vm for vm in vms if numbers[vm] != LINES]
    return f'lines are missing at the end of: {" ".join(short)}' if short else None


def main():
    with open(sys.argv[1], encoding='latin-1', newline='\n') as log:
        wrong = check([line.rstrip('\r\n') for line in log], sys.argv[2:])
    print(wrong or f'lines: all {LINES} of each of {" ".join(sys.argv[2:])}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
