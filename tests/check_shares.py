#!/usr/bin/env python3
"""Judges how VMs that run guest/t_share.c shared the harts of a run.

    tests/check_shares.py LOG HARTS VM=WEIGHT[:LIMIT]...     shares within 2 %, limits held
    tests/check_shares.py LOG --late VM=MICROSECONDS...      t_share_latency: no later than that

LIMIT is what the VM can use at most, in percent of a hart: its cap, or 100 for each of its vCPUs;
100 when none is given. What a VM cannot use goes to the others, by weight. It is judged by the time
that it had a hart. The `cycle` that it had must agree, less the time that a switch takes: that is
more with several harts, since QEMU counts instructions for one hart after the other, and lets others
run in the middle of a switch. Prints what each had and should have had; the exit status is 1 when
one is wrong.
"""

import re
import sys

TOLERANCE = 0.02
SWITCHES = {1: 0.02, 2: 0.15, 4: 0.15}     # of the time of a slice, by harts
CYCLES_PER_TICK = 100       # icount counts nanoseconds, `time` runs at 10 MHz

SHARE = re.compile(r'^(?:\[(\w+)\] )?t_share: (\d+) harts ran (\d+) of (\d+) ticks, (\d+) cycles', re.M)
LATE = re.compile(r'^(?:\[(\w+)\] )?t_share_latency: of (\d+) timers, late by (\d+) us at most', re.M)


def fair_shares(wishes, harts):
    """Percent of a hart by name: `harts` of them by weight, nobody more than its limit."""
    shares, left = {}, dict(wishes)
    free = 100.0 * harts
    while left:
        per_weight = free / sum(weight for weight, _ in left.values())
        limited = {name: limit for name, (weight, limit) in left.items() if weight * per_weight >= limit}
        if not limited:
            shares.update({name: weight * per_weight for name, (weight, _) in left.items()})
            break
        shares.update(limited)
        free -= sum(limited.values())
        for name in limited:
            del left[name]
    return shares


def shares_in(log):
    """Percent of a hart that each VM had, by time and by cycles."""
    shares = {}
    for name, harts, ran, ticks, cycles in SHARE.findall(log):
        hart = int(ticks) / int(harts) / 100
        shares[name] = int(ran) / hart, int(cycles) / CYCLES_PER_TICK / hart
    return shares


def check_shares(log, harts, arguments):
    shares, wishes, wrong = shares_in(log), {}, 0
    for argument in arguments:
        name, weight, limit = re.fullmatch(r'(\w+)=(\d+)(?::(\d+))?', argument).groups()
        wishes[name] = (int(weight), float(limit or 100))
    for name, fair in fair_shares(wishes, harts).items():
        had, cycles = shares.get(name, (0.0, 0.0))
        good = abs(had - fair) <= fair * TOLERANCE and had * (1 - SWITCHES[harts]) <= cycles <= had * 1.001
        wrong += not good
        print(f'{name}: {had:.2f} % of a hart, {cycles:.2f} % by cycles, '
              f'should be {fair:.2f} %: {"ok" if good else "WRONG"}')
    return wrong


def check_late(log, arguments):
    wrong = 0
    seen = {name: int(late) for name, _, late in LATE.findall(log)}
    for argument in arguments:
        name, bound = argument.split('=')
        late = seen.get(name)
        good = late is not None and late <= int(bound)
        wrong += not good
        print(f'{name}: late by {late} us, at most {bound} us: {"ok" if good else "WRONG"}')
    return wrong


def main():
    with open(sys.argv[1], encoding='utf-8', errors='replace') as text:
        log = text.read().replace('\r', '')
    if sys.argv[2] == '--late':
        return 1 if check_late(log, sys.argv[3:]) else 0
    return 1 if check_shares(log, int(sys.argv[2]), sys.argv[3:]) else 0


if __name__ == '__main__':
    sys.exit(main())
