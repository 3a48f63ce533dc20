"""Judges a run: what it should have shown against what it has."""

import re
import subprocess
from dataclasses import dataclass

from .cases import TREE

# Text of a system that has fallen over, whoever's: the hypervisor, Linux, a sanitizer.
PANIC = re.compile(r'PANIC|Kernel panic|\bBUG:|\bOops\b|AddressSanitizer|runtime error:')
RESULT = re.compile(r'^(?:\[[^]]*\] ?|\S+[|:] )?(PASS|FAIL|SKIP) (\S+?):?(?:$| )(.*)$', re.MULTILINE)
SUMMARY = re.compile(r'^(?:\[[^]]*\] ?|\S+[|:] )?SUMMARY (\S+): (\d+) passed, (\d+) failed',
                     re.MULTILINE)


@dataclass
class Verdict:
    """problems: what is wrong, one sentence each; passed and skipped: names of single results."""
    problems: list
    passed: list
    failed: list
    skipped: list


def find_markers(case, text):
    position = 0
    for pattern in case.expect:
        found = re.compile(pattern, re.MULTILINE).search(text, position)
        if not found:
            after = ' (in this order)' if re.search(pattern, text, re.MULTILINE) else ''
            yield f"missing marker{after}: {pattern}"
            return
        position = found.end()
    for pattern in case.contains:
        if not re.search(pattern, text, re.MULTILINE):
            yield f'missing marker: {pattern}'


def find_forbidden(case, text):
    for line in text.splitlines():
        if any(re.search(pattern, line) for pattern in case.allow):
            continue
        if PANIC.search(line):
            yield f'panic text: {line}'
        for pattern in case.forbid:
            if re.search(pattern, line):
                yield f'forbidden text: {line}'


def judge_end(case, transcript):
    if transcript.status is None:
        yield f'hang: no end within {case.timeout:g} s'
    elif transcript.status != case.status and not case.ends_at:
        yield f'exit status {transcript.status}, expected {case.status}'
    if transcript.typed < len(case.input):
        yield f'never got to type at: {case.input[transcript.typed][0]}'


def judge_results(case, text, passed, failed):
    """A guest's own results: none may fail, and none may be lost on the way."""
    if case.results != 'none' and not passed and not failed:
        yield 'no results: neither PASS nor FAIL'
    if case.results != 'summary':
        return
    summaries = SUMMARY.findall(text)
    if not summaries:
        yield 'missing SUMMARY'
    for topic in sorted({topic for topic, _, _ in summaries}):
        for word, names, column in (('passed', passed, 1), ('failed', failed, 2)):
            told = sum(int(summary[column]) for summary in summaries if summary[0] == topic)
            seen = len([name for name in names if name.startswith(topic + '.')])
            if seen != told:
                yield f'{topic} says {told} {word}, {seen} are seen'


def judge_log(case, log_path):
    command = [word.replace('{log}', log_path) for word in case.after]
    done = subprocess.run(command, cwd=TREE, timeout=60, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        yield f'{command[0]} refuses the log: {done.stdout.strip()}'


def judge(case, transcript, log_path):
    """The verdict on a run."""
    text = transcript.text
    outcomes = {'PASS': [], 'FAIL': [], 'SKIP': []}
    problems = []
    for kind, name, why in RESULT.findall(text):
        outcomes[kind].append(name)
        if kind == 'FAIL':
            problems.append(f'FAIL {name}: {why}')
    passed, failed, skipped = outcomes['PASS'], outcomes['FAIL'], outcomes['SKIP']
    problems += judge_end(case, transcript)
    problems += find_forbidden(case, text)
    problems += find_markers(case, text)
    problems += judge_results(case, text, passed, failed)
    if case.after and not problems:
        problems += judge_log(case, log_path)
    if case.must_fail:
        return judge_failure(case, problems)
    return Verdict(problems, passed, failed, skipped)


def judge_failure(case, problems):
    """For the cases that show that the runner can fail: the failure has to be found."""
    if any(re.search(case.must_fail, problem) for problem in problems):
        return Verdict([], [], [], [])
    return Verdict([f"was to be found to fail by '{case.must_fail}', but "
                    + ('fails by: ' + '; '.join(problems) if problems else 'passes')], [], [], [])
