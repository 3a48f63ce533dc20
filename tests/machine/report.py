"""What a test has found: PASS and FAIL lines and a SUMMARY, as the guests print them and tests/run.py reads them."""

import re

RESULT = re.compile(r'^(PASS|FAIL) ([^\s:]+):? ?(.*)$', re.MULTILINE)
SUMMARY = re.compile(r'^SUMMARY \S+: (\d+) passed, (\d+) failed$', re.MULTILINE)


class Report:
    """The results of one test."""

    def __init__(self, topic):
        self.topic = topic
        self.passed = self.failed = 0

    def check(self, name, good, why=''):
        """One result; returns whether it was good."""
        if good:
            self.passed += 1
            print(f'PASS {self.topic}.{name}', flush=True)
        else:
            self.failed += 1
            print(f'FAIL {self.topic}.{name}: {why}', flush=True)
        return good

    def equal(self, name, got, expected):
        return self.check(name, got == expected, f'got {got!r}, expected {expected!r}')

    def attempt(self, name, function, *arguments, error=Exception):
        """Does something that raises `error` when it is not as it should be; returns what it returns, or None."""
        try:
            value = function(*arguments)
        except error as problem:
            self.check(name, False, ' '.join(str(problem).split()))
            return None
        self.check(name, True)
        return value

    def take(self, vm, text):
        """The results that a VM has printed; that none is lost is a result as well."""
        results = RESULT.findall(text)
        for word, name, why in results:
            self.check(f'{vm}.{name}', word == 'PASS', why)
        told = [int(count) for pair in SUMMARY.findall(text) for count in pair]
        self.check(f'{vm}.all_results', told and sum(told) == len(results),
                   f'{len(results)} results are seen, the guest tells of {sum(told) if told else "nothing"}')

    def end(self):
        """Prints the summary; returns the exit status."""
        print(f'SUMMARY {self.topic}: {self.passed} passed, {self.failed} failed', flush=True)
        return 1 if self.failed or not self.passed else 0
