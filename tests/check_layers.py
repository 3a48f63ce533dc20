#!/usr/bin/env python3
"""Checks which part of the tree includes which: arrows go down only.

    tests/check_layers.py [ROOT]

    monitor -> vm -> sbi, dev, drv -> core -> arch

Guests share with the hypervisor only headers of facts about RISC-V. Prints each include that goes another way, or that is
not rooted at the tree; the exit status is 1 then.
"""

import os
import re
import sys

# What the files of a folder may include besides their own folder's.
ARROWS = {
    'arch': [],
    'hyp/core': ['arch'],
    'hyp/dev': ['hyp/core', 'arch'],
    'hyp/sbi': ['hyp/core', 'arch'],
    'hyp/drv': ['hyp/core', 'arch'],
    'hyp/vm': ['hyp/sbi', 'hyp/dev', 'hyp/drv', 'hyp/core', 'arch'],
    'hyp/monitor': ['hyp/vm', 'hyp/sbi', 'hyp/dev', 'hyp/drv', 'hyp/core', 'arch'],
    'guest': [],
}
# What guests may include of the hypervisor's tree: no code, no policy.
FACTS = {'arch/types.h', 'arch/u64.h', 'arch/sv32.h'}
# The table of contents stands above all floors.
ABOVE_ALL = {'hyp/main.c'}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    """The folder of ARROWS that a file belongs to, or None."""
    return next((folder for folder in ARROWS if path.startswith(folder + '/')), None)


def sources(root):
    for folder in ('arch', 'hyp', 'guest'):
        for directory, inner, names in os.walk(os.path.join(root, folder)):
            if folder == 'guest' and 'linux' in inner:
                inner.remove('linux')       # programs for Linux, with Linux's headers
            for name in sorted(names):
                if name.endswith(('.c', '.h', '.S')):
                    yield os.path.relpath(os.path.join(directory, name), root)


def complaint(root, path, included):
    """What is wrong with one include, or None."""
    if not os.path.isfile(os.path.join(root, included)):
        if os.path.isfile(os.path.join(root, os.path.dirname(path), included)):
            return 'is to be written from the root of the tree'
        return 'does not exist'
    here, there = folder_of(path), folder_of(included)
    if path in ABOVE_ALL or (here == 'guest' and included in FACTS):
        return None
    if here is None:
        return 'comes from a folder that has no floor'
    if there == here or there in ARROWS[here]:
        return None
    return f'goes from {here} to {there or os.path.dirname(included)}'


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(__file__)) or '.'
    files = wrong = 0
    for path in sources(root):
        files += 1
        with open(os.path.join(root, path), encoding='utf-8') as source:
            for number, line in enumerate(source, 1):
                match = INCLUDE.match(line)
                reason = match and complaint(root, path, match.group(1))
                if reason:
                    wrong += 1
                    print(f'{path}:{number}: include of "{match.group(1)}" {reason}')
    print(f'layers: {files} files, {wrong} wrong includes')
    return 1 if wrong or not files else 0


if __name__ == '__main__':
    sys.exit(main())
