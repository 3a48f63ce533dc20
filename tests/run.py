#!/usr/bin/env python3
"""Runs the cases of tests/*.cfg: boots, unit tests and checks of the tree.

    tests/run.py [PATTERN...]    all cases, or those whose name or tag matches a pattern
      -j N          so many at once (default: one for each core)
      --list        names the cases and runs none
      --patience X  time limits are X times as long, for a slow machine

Expects everything to be built. Logs are kept in build/test/NAME.log. Each case counts as one
result, and so does each PASS or FAIL line that its guests print. The last line is
`N passed, M failed`; the exit status is 0 when M is 0 and N is not.
"""

import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import time

from runner import cases, session, verdict

LOGS = os.path.join(cases.TREE, 'build', 'test')
TAIL = 15                       # lines of a log to show for a case that failed


def run_case(sessions, case, patience):
    log_path = os.path.join(LOGS, case.name + '.log')
    transcript = sessions.run(case, log_path, patience)
    return transcript, transcript and verdict.judge(case, transcript, log_path)


def show_failure(case, transcript, judged):
    for problem in judged.problems:
        print(f'       {problem}')
    print(f'       the end of build/test/{case.name}.log:')
    for line in transcript.text.splitlines()[-TAIL:]:
        print(f'       | {line}')


def report(case, transcript, judged):
    details = []
    if judged.passed or judged.failed:
        details.append(f'{len(judged.passed)} of {len(judged.passed) + len(judged.failed)} results')
    if judged.skipped:
        details.append(f'{len(judged.skipped)} skipped')
    word = 'not ok' if judged.problems else 'ok    '
    print(f"{word} {case.name:<36} {transcript.seconds:5.1f} s  {', '.join(details)}".rstrip())
    if judged.problems:
        show_failure(case, transcript, judged)
    sys.stdout.flush()


def count(judged):
    """How many results passed, failed and were skipped."""
    passed = len(judged.passed) + (not judged.problems)
    # A case is one failure, unless its guests' results tell of the failures already.
    failed = max(len(judged.failed), 1) if judged.problems else 0
    return passed, failed, len(judged.skipped)


def run_all(selected, jobs, patience):
    """Runs the cases; returns the sums of their counts."""
    sessions = session.Sessions()
    counts = [(0, 0, 0)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(run_case, sessions, case, patience): case for case in selected}
        try:
            for done in concurrent.futures.as_completed(running):
                report(running[done], *done.result())
                counts.append(count(done.result()[1]))
        except BaseException:
            sessions.stop()
            raise
    return [sum(column) for column in zip(*counts)]


def build_linux(selected):
    """Cases do not build, and could not wait for Linux: its first build takes minutes."""
    if not any('linux' in case.tags for case in selected):
        return True
    command = ['./qemu-run.sh', '--linux', '--dry-run']
    return subprocess.run(command, cwd=cases.TREE, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, check=False).returncode == 0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('patterns', nargs='*', metavar='PATTERN')
    parser.add_argument('-j', type=int, default=os.cpu_count(), metavar='N')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--patience', type=float, default=1.0, metavar='X')
    return parser.parse_args()


def config_files():
    """tests.cfg, which has the variants, then one file a topic."""
    folder = os.path.join(cases.TREE, 'tests')
    topics = sorted(name for name in os.listdir(folder) if name.endswith('.cfg') and name != 'tests.cfg')
    return [os.path.join(folder, name) for name in ['tests.cfg'] + topics]


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parse_arguments()
    try:
        found = cases.load(config_files())
    except cases.ConfigError as error:
        print(f'tests/*.cfg: {error}\n0 passed, 1 failed')
        return 1
    selected = [case for case in found if case.matches(arguments.patterns)]
    if arguments.list:
        for case in selected:
            print(f"{case.name:<36} {' '.join(case.command)}")
        return 0
    os.makedirs(LOGS, exist_ok=True)
    started = time.monotonic()
    try:
        if not build_linux(selected):
            print('Linux could not be built\n0 passed, 1 failed')
            return 1
        os.environ['TWOFOLD_BUILD'] = 'no'
        passed, failed, skipped = run_all(selected, arguments.j, arguments.patience)
    except KeyboardInterrupt:
        print('interrupted')
        return 1
    print(f'{len(selected)} cases in {time.monotonic() - started:.0f} s; {skipped} results skipped; '
          'logs are in build/test/')
    print(f'{passed} passed, {failed} failed')
    return 0 if passed and not failed else 1


if __name__ == '__main__':
    sys.exit(main())
