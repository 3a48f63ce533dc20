#!/usr/bin/env python3
"""Checks what the monitor's `trace json` printed, in a log: that it is JSON, of the form that trace viewers read, and that
its stretches lie on their harts one after another.

    tests/check_trace.py LOG

The exit status is 1 when something is wrong, and that is said.
"""

import json
import sys

BEGIN, END = '--- trace json', '--- end'


class Wrong(Exception):
    pass


def require(condition, reason):
    if not condition:
        raise Wrong(reason)


def take_json(lines):
    """The text between the marks, without what others have printed there: lines of JSON begin with { or ]."""
    require(BEGIN in lines, f'there is no line "{BEGIN}"')
    inside = lines[lines.index(BEGIN) + 1:]
    require(END in inside, f'there is no line "{END}"')
    return [line for line in inside[:inside.index(END)] if line[:1] in ('{', ']')]


def check_event(event):
    require(isinstance(event.get('name'), str) and event['name'], f'an event has no name: {event}')
    require(event.get('ph') in ('X', 'i', 'M'), f'an event is of an unknown kind: {event}')
    require(isinstance(event.get('pid'), int) and isinstance(event.get('tid'), int), f'an event is nowhere: {event}')
    if event['ph'] == 'M':
        require(event['args']['name'].startswith('hart '), f'a process is no hart: {event}')
        return
    require(event['ts'] >= 0, f'an event has no time: {event}')
    if event['ph'] == 'X':
        require(event['dur'] >= 0, f'a stretch is shorter than nothing: {event}')
    else:
        require(event['s'] == 't' and '/' in event['args']['vcpu'] and int(event['args']['pc'], 16) >= 0,
                f'an instant lacks something: {event}')


def check_stretches(events):
    """No two vCPUs have a hart at a time."""
    for hart in {event['pid'] for event in events}:
        stretches = sorted((e['ts'], e['dur'], e['name']) for e in events if e['ph'] == 'X' and e['pid'] == hart)
        for (start, duration, name), (next_start, _, next_name) in zip(stretches, stretches[1:]):
            require(start + duration <= next_start + 0.001, f'{name} and {next_name} are on hart {hart} at {next_start}')


def check_order(events):
    """Instants come as they happened."""
    times = [event['ts'] for event in events if event['ph'] == 'i']
    require(times == sorted(times), 'the instants are out of order')


def check(log):
    lines = take_json(log.replace('\r', '').split('\n'))
    events = json.loads('\n'.join(lines))['traceEvents']
    require(len(lines) == len(events) + 2, 'there is more than one event a line')
    for event in events:
        check_event(event)
    check_stretches(events)
    check_order(events)
    kinds = {kind: sum(event['ph'] == kind for event in events) for kind in 'XiM'}
    require(all(kinds.values()), f'of some kind there is no event: {kinds}')
    return kinds


def main():
    try:
        kinds = check(open(sys.argv[1], encoding='utf-8', errors='replace').read())
    except (Wrong, ValueError, KeyError, TypeError) as error:
        print(f'trace: {error}')
        return 1
    print(f'trace: {kinds["X"]} stretches, {kinds["i"]} instants, {kinds["M"]} harts')
    return 0


if __name__ == '__main__':
    sys.exit(main())
