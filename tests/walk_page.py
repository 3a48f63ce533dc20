#!/usr/bin/env python3
"""Tests docs/walk.html in Chromium, and docs/walk_svg.py against it.

    tests/walk_page.py [--walks N] [--seed S]

A copy of the page gets tests/walk_page.js, which uses the page as a person does, and N records of the hypervisor's walk
over random tables (tests/unit/walk_records.c), which the page's own walk has to agree with.
"""

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TREE, 'docs'))
sys.dont_write_bytecode = True

import walk_svg                 # noqa: E402 (it is beside the page)

PAGE = os.path.join(TREE, 'docs', 'walk.html')
TIME_LIMIT = 100                # seconds for Chromium

# Stands before all else, so that no complaint is missed.
LISTENER = """<script>
window.page_errors = [];
addEventListener('error', event => page_errors.push(event.message));
addEventListener('unhandledrejection', event => page_errors.push(String(event.reason)));
addEventListener('securitypolicyviolation', event => page_errors.push(`${event.violatedDirective}: ${event.blockedURI}`));
for (const kind of ['error', 'warn'])
    console[kind] = (...words) => page_errors.push(words.join(' '));
</script>
"""


class TestError(Exception):
    """The tests could not be run."""


def random_records(folder, count, seed):
    """The hypervisor's records, one in a line."""
    program = os.path.join(folder, 'walk_records')
    subprocess.run(['gcc', '-std=gnu11', '-O1', '-I.', 'tests/unit/walk_records.c', '-o', program], cwd=TREE, check=True)
    return subprocess.run([program, str(count), str(seed)], check=True, stdout=subprocess.PIPE, text=True).stdout


def data_block(name, text):
    """A script element that nothing runs; JSON may spell any `<` otherwise."""
    return f'<script type="text/plain" id="{name}">{text.replace("<", chr(92) + "u003c")}</script>\n'


def make_copy(records):
    with open(PAGE, encoding='utf-8') as file:
        page = file.read()
    with open(os.path.join(TREE, 'tests', 'walk_page.js'), encoding='utf-8') as file:
        script = f'<script>\n{file.read()}</script>\n'
    blocks = data_block('page-source', json.dumps(page)) + data_block('random-records', records)
    return page.replace('<head>', '<head>\n' + LISTENER, 1).replace('</body>', blocks + script + '</body>', 1)


def run_chromium(folder, page):
    """Returns the document as the scripts left it, and what Chromium wrote besides."""
    program = shutil.which('chromium')
    if not program:
        raise TestError("there is no chromium: install Debian's package of that name")
    path = os.path.join(folder, 'walk.html')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(page)
    command = [program, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions',
               '--disable-background-networking', '--no-first-run', '--enable-logging=stderr', '--window-size=1280,1000',
               f'--user-data-dir={folder}/profile', '--virtual-time-budget=60000', '--dump-dom', f'file://{path}']
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise TestError(f'chromium is not done after {TIME_LIMIT} s') from error
    return done.stdout.decode(), done.stderr.decode(errors='replace')


def read_results(document, log):
    found = re.search(r'<pre id="results">(.*?)</pre>', document, re.DOTALL)
    if not found:
        raise TestError('the page left no results; chromium wrote:\n' + '\n'.join(log.splitlines()[-15:]))
    return json.loads(html.unescape(found.group(1)))


def test_drawings(drawn):
    """walk_svg.py draws what the page exports."""
    for i, (record, expected) in enumerate(drawn):
        line = 'Twofold: ' + json.dumps(record, separators=(',', ':')) + '\n'
        if walk_svg.svg_of(walk_svg.find_record(line)) != expected:
            return {'name': 'svg_is_the_same', 'passed': False, 'detail': f'drawing {i + 1} differs: {line}'}
    return {'name': 'svg_is_the_same', 'passed': bool(drawn), 'detail': f'{len(drawn)} drawings'}


def test_console(log):
    """Nothing is on the console of the browser."""
    lines = [line for line in log.splitlines() if ':CONSOLE' in line]
    return {'name': 'console_is_empty', 'passed': not lines, 'detail': '; '.join(lines)}


def run_tests(arguments):
    with tempfile.TemporaryDirectory(prefix='walk_page.', ignore_cleanup_errors=True) as folder:
        page = make_copy(random_records(folder, arguments.walks, arguments.seed))
        document, log = run_chromium(folder, page)
    told = read_results(document, log)
    return told['results'] + [test_drawings(told['drawn']), test_console(log)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--walks', type=int, default=20000)
    parser.add_argument('--seed', type=int, default=1)
    arguments = parser.parse_args()
    print(f'walk_page: {arguments.walks} walks, seed {arguments.seed}')
    try:
        results = run_tests(arguments)
    except (TestError, OSError, subprocess.CalledProcessError) as error:
        results = [{'name': 'runs', 'passed': False, 'detail': str(error)}]
    for result in results:
        print(f"{'PASS' if result['passed'] else 'FAIL'} walk_page.{result['name']} {result['detail']}".rstrip())
    failed = sum(not result['passed'] for result in results)
    print(f'SUMMARY walk_page: {len(results) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
