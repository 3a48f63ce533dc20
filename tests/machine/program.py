"""What the tests of this kind have in common as programs: options, a seed that is told, the report, the exit status."""

import argparse
import random

from .images import ImageError
from .report import Report
from .run import MachineError


def options(doc, seeded=True):
    """A parser with the options that all have. `doc` begins with a summary."""
    parser = argparse.ArgumentParser(description=doc.split('\n\n', maxsplit=1)[0])
    if seeded:
        parser.add_argument('--seed', type=int, default=random.randrange(1, 1000000))
    parser.add_argument('--harts', type=int, default=2)
    parser.add_argument('rest', nargs='*', help='options of qemu-run.sh, after --')
    return parser


def run(topic, check, arguments):
    """Calls `check(report, arguments)`; returns the exit status."""
    if 'seed' in arguments:
        print(f'{topic}: seed {arguments.seed}', flush=True)
    report = Report(topic)
    try:
        check(report, arguments)
    except (ImageError, MachineError) as error:
        report.check('whole_run', False, error)
    return report.end()
