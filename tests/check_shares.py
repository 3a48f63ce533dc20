#!/usr/bin/env python3
"""Judges how VMs that run guest/t_share.c shared the harts of a run.

    tests/check_shares.py LOG HARTS VM=WEIGHT[:LIMIT]...     shares within 2 %, limits held
    tests/check_shares.py LOG --late VM...                   t_share_latency: no later than LATEST

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
CYCLES_PER_TICK = 100       # icount counts nanoseconds, `time` runs at 10 MHz
PERIOD = 1000000            # ticks in which a cap is kept: a stretch may have one budget more, or less

# By harts: what of a slice may be lost to a switch, and how late who wakes up may run: after
# SCHED_GRAIN_MS, and with several after a few turns of QEMU's.
SWITCHES = {1: 0.02, 2: 0.5, 4: 0.5}
LATEST = {1: 1200, 2: 4500, 4: 4500}    # us

ONLINE = re.compile(r'^  harts online +(\d+) of', re.M)
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


def harts_online(log):
    return int(ONLINE.search(log).group(1))


def shares_in(log):
    """Of each VM: percent of a hart that it had, by time and by cycles, and ticks of the stretch."""
    shares = {}
    for name, harts, ran, ticks, cycles in SHARE.findall(log):
        hart = int(ticks) / int(harts) / 100
        shares[name] = int(ran) / hart, int(cycles) / CYCLES_PER_TICK / hart, 100 * hart
    return shares


def check_shares(log, harts, arguments):
    shares, wishes, wrong = shares_in(log), {}, 0
    switches = SWITCHES[harts_online(log)]
    for argument in arguments:
        name, weight, limit = re.fullmatch(r'(\w+)=(\d+)(?::(\d+))?', argument).groups()
        wishes[name] = (int(weight), float(limit or 100))
    for name, fair in fair_shares(wishes, harts).items():
        had, cycles, ticks = shares.get(name, (0.0, 0.0, 1))
        slack = fair * (TOLERANCE if fair < wishes[name][1] or fair >= 100 else PERIOD / ticks)
        good = abs(had - fair) <= slack and had * (1 - switches) <= cycles <= had * 1.001
        wrong += not good
        print(f'{name}: {had:.2f} % of a hart, {cycles:.2f} % by cycles, '
              f'should be {fair:.2f} %: {"ok" if good else "WRONG"}')
    return wrong


def check_late(log, names):
    wrong, bound = 0, LATEST[harts_online(log)]
    seen = {name: int(late) for name, _, late in LATE.findall(log)}
    for name in names:
        late = seen.get(name)
        good = late is not None and late <= bound
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
