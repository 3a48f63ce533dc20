#!/usr/bin/env python3
"""Compares what the monitor says of its commands with docs/monitor.md.

    tests/check_monitor_help.py LOG

LOG is that of a run whose script has `help`, and `help NAME` for every command. Exit status 0 when none is missing there, and
the document has the usage, the summary and the example of each, and no other.
"""

import os
import re
import sys

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'docs', 'monitor.md')
HELP = re.compile(r'^twofold> help (\w+)\n(.+)\n    (.+)\n    Example: (.+)\n {13}(.+)$', re.MULTILINE)


def listed(log):
    """The names that `help` alone lists."""
    text = log.partition('twofold> help\n')[2].partition('twofold>')[0]
    return re.findall(r'^  (\w+) ', text, re.MULTILINE)


def main():
    with open(sys.argv[1], encoding='utf-8', errors='replace') as file:
        log = file.read().replace('\r', '')
    with open(DOCUMENT, encoding='utf-8') as file:
        document = re.sub(r'\s+', ' ', file.read())
    names = listed(log)
    said = {match[1]: match.groups()[1:] for match in HELP.finditer(log)}
    wrong = [f'help does not tell of {name}' for name in names if name not in said]
    for usage, summary, typed, effect in said.values():
        entry = f'- **`{usage}`** {summary}. `{typed}`: {effect}'
        if entry not in document:
            wrong.append(f'docs/monitor.md does not have: {entry}')
    documented = re.findall(r'- \*\*`(\w+)', document)
    wrong += [f'docs/monitor.md tells of {name}, which is no command' for name in documented if name not in names]
    print('\n'.join(wrong))
    return 1 if wrong or not names else 0


if __name__ == '__main__':
    sys.exit(main())
