"""Reads tests/*.cfg: which cases there are, and what each one has to show. See tests.cfg."""

import configparser
import fnmatch
import glob
import os
import re
import shlex
from dataclasses import dataclass, field

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

KEYS = {'each', 'each_file', 'name', 'program', 'command', 'variants', 'expect', 'contains', 'forbid',
        'allow', 'ends_at', 'status', 'timeout', 'input', 'results', 'after', 'must_fail', 'tags'}
RESULTS = ('none', 'lines', 'summary')


class ConfigError(Exception):
    """A tests/*.cfg says something that has no meaning."""


@dataclass
class Case:
    """One thing to run."""
    name: str
    command: list
    expect: list = field(default_factory=list)     # regular expressions, in this order
    contains: list = field(default_factory=list)   # regular expressions, in any order
    forbid: list = field(default_factory=list)     # regular expressions, nowhere
    allow: list = field(default_factory=list)      # lines that are no panic here
    ends_at: str = None                            # ended by the runner when this has appeared
    status: int = 0                                # not looked at with ends_at
    timeout: float = 60
    input: list = field(default_factory=list)      # (wait for this, type that)
    results: str = 'none'
    after: list = None                             # a command that judges the log
    must_fail: str = None                          # the case has to fail, for this reason
    tags: list = field(default_factory=list)

    def matches(self, patterns):
        """Is the case selected? No pattern selects all."""
        words = [self.name] + self.tags
        return not patterns or any(fnmatch.fnmatchcase(word, pattern)
                                   for word in words for pattern in patterns)


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def dialogue_of(text):
    """Lines of `marker => what is typed then`; \\x03 and the like stand for themselves."""
    dialogue = []
    for line in lines_of(text):
        wait, arrow, typed = line.partition(' => ')
        if not arrow:
            raise ConfigError(f"input '{line}' is not of the form: marker => text")
        dialogue.append((wait, typed.encode().decode('unicode_escape') + '\n'))
    return dialogue


def members(section):
    """What `{each}` stands for in this section, one case for each."""
    if 'each' in section:
        return section['each'].split()
    if 'each_file' not in section:
        return [None]
    pattern = section['each_file']
    found = sorted(path for path in glob.glob(os.path.join(TREE, pattern))
                   if os.access(path, os.X_OK))
    # As in a shell, a pattern that nothing matches stays as it is; no program has that name.
    return [os.path.relpath(path, TREE) for path in found] or [pattern]


def name_of(section, member):
    """A case is called as its section and member are, or as `name` says."""
    default = '{section}-{each}' if member else '{section}'
    name = section.get('name', default).replace('{section}', section.name)
    name = name.replace('{each}', os.path.basename(member or ''))
    return re.sub(r'[^A-Za-z0-9_.*-]+', '-', name).strip('-')


def make_case(section, member, variant, options):
    """The case for one member of a section under one variant."""
    def text(key, default=''):
        value = section.get(key, default)
        return value.replace('{each}', member) if member else value

    name = name_of(section, member)
    program = shlex.split(text('program', './qemu-run.sh'))
    case = Case(name=name if variant == 'default' else f'{name}+{variant}',
                command=program + shlex.split(text('command')) + shlex.split(options),
                expect=lines_of(text('expect')), contains=lines_of(text('contains')),
                forbid=lines_of(text('forbid')), allow=lines_of(text('allow')),
                ends_at=section.get('ends_at'), status=section.getint('status', 0), timeout=section.getfloat('timeout', 60),
                input=dialogue_of(text('input')), results=section.get('results', 'none'),
                after=shlex.split(text('after')), must_fail=section.get('must_fail'),
                tags=[section.name, variant] + section.get('tags', '').split())
    if case.results not in RESULTS:
        raise ConfigError(f"[{section.name}]: results = {case.results}; expected one of {RESULTS}")
    return case


def load(paths):
    """All cases of some files, in their order. A variant holds for the files after its own, too."""
    config = configparser.ConfigParser(interpolation=None, comment_prefixes=('#',))
    for path in paths:
        config.read_file(open(path, encoding='utf-8'))
    variants = {'default': ''}
    cases = []
    for name in config.sections():
        section = config[name]
        if name.startswith('variant '):
            variants[name.split()[1]] = section.get('options', '')
            continue
        unknown = set(section) - KEYS
        if unknown:
            raise ConfigError(f"[{name}]: unknown key {', '.join(sorted(unknown))}")
        for variant in section.get('variants', 'default').split():
            if variant not in variants:
                raise ConfigError(f"[{name}]: there is no [variant {variant}] above it")
            cases += [make_case(section, member, variant, variants[variant])
                      for member in members(section)]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigError(f"more than one case is called {', '.join(sorted(twice))}")
    return cases
