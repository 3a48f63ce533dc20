#!/usr/bin/env python3
"""Draws a walk record (docs/walk-record.schema.json) as an SVG, for handouts and reports.

    docs/walk_svg.py [FILE] > walk.svg

FILE is a record, or any text with one in a line, such as the log of a console; without it, standard input. Of several
records, the last is drawn. The figure is the one of docs/walk.html, whose style sheet is used; tests/walk_page.py compares
the two.
"""

import json
import os
import re
import sys
from dataclasses import dataclass

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'walk.html')

PAGE_SIZE, SUPERPAGE_SIZE = 0x1000, 0x400000
FLAGS = 'DAGUXWRV'
PTE_V, PTE_RWX = 0x01, 0x0e
SATP_SV32, SATP_PPN = 0x80000000, 0x3fffff

# The grid of the figure, in pixels; the letters are those of the page's `wide`.
VIEW = '-12 -8 1164 598'
LEFT, COLUMN, GAP, CELL = 116, 320, 28, 106
GVA_Y, GVA_HEIGHT, GPA_Y, GPA_HEIGHT = 28, 46, 104, 66
ROWS = (198, 332, 466)
SPINE = 131                     # of the arrow down a column, from its left edge

CAUSES = {
    1: 'instruction access fault', 5: 'load access fault', 7: 'store/AMO access fault',
    12: 'instruction page fault', 13: 'load page fault', 15: 'store/AMO page fault',
    20: 'instruction guest-page fault', 21: 'load guest-page fault', 23: 'store/AMO guest-page fault',
}


class RecordError(Exception):
    """The text has no record, or one that is not as it should be."""


def hex32(value):
    return f'0x{value:08x}'


def hex34(value):
    return f'0x{value:09x}'


def pte_address(entry):
    return (entry >> 10) * PAGE_SIZE


def is_leaf(entry):
    return entry & PTE_RWX != 0


def leaf_size(level):
    return SUPERPAGE_SIZE if level else PAGE_SIZE


def size_text(size):
    return '4 MiB' if size == SUPERPAGE_SIZE else '4 KiB'


@dataclass
class Step:
    """One read on the grid. Columns: guest L1, guest L0, the page; rows: host L1, host L0, guest."""
    number: int
    guest: bool
    level: int
    gpa: int
    hpa: int
    index: int
    entry: int                  # None: no memory
    column: int
    row: int
    blamed: bool

    @property
    def table(self):
        return self.hpa - self.index * 4

    @property
    def name(self):
        return f'guest L{self.level}' if self.guest else f'host L{self.level}'

    def leads_to(self, gva):
        """In few words."""
        if self.entry is None:
            return 'no memory'
        if not self.entry & PTE_V:
            return 'leads nowhere'
        target = pte_address(self.entry)
        what = f"{'guest' if self.guest else 'host'} L0 table"
        if is_leaf(self.entry):
            target += (gva if self.guest else self.gpa) % leaf_size(self.level)
            what = f'{size_text(leaf_size(self.level))} page'
        return f"{what} → {'gPA' if self.guest else 'hPA'} {hex34(target)}"


class Trace:
    """A record laid out on the grid."""

    def __init__(self, record):
        self.gva = int(record['gva'], 16)
        self.vsatp = int(record['context']['vsatp'], 16)
        self.root = int(record['context']['root'], 16)
        self.verdict = record['verdict']
        self.cause = self.verdict['cause']
        self.sv32 = self.vsatp & SATP_SV32 != 0
        self.columns = [None, None, None]
        self.steps = []
        self.column = 0 if self.sv32 else 2
        self.gpa = self.guest_root + (self.gva >> 22) * 4 if self.sv32 else self.gva
        for read in record['reads']:
            self.add(read['stage'] == 'VS', read['level'], int(read['hpa'], 16), int(read['entry'], 16))
        if self.cause and self.verdict['blamed'] == len(self.steps):
            self.add_missing()
        self.one_page = self.sv32 and self.columns[1] is None and self.columns[2] is not None

    @property
    def guest_root(self):
        return (self.vsatp & SATP_PPN) * PAGE_SIZE

    def index(self, guest, level):
        if guest:
            return self.gva >> (22 if level else 12) & 0x3ff
        return self.gpa >> 22 & 0xfff if level else self.gpa >> 12 & 0x3ff

    def add(self, guest, level, hpa, entry):
        self.columns[self.column] = self.gpa
        number = len(self.steps)
        blamed = self.cause != 0 and self.verdict['blamed'] == number
        self.steps.append(Step(number + 1, guest, level, self.gpa, hpa, self.index(guest, level), entry, self.column,
                               2 if guest else 1 - level, blamed))
        if guest and entry is not None:
            self.next_column(level, entry)

    def next_column(self, level, entry):
        if is_leaf(entry) or self.column == 1:
            self.gpa = pte_address(entry) + self.gva % leaf_size(level)
            self.column = 2
        else:
            self.gpa = pte_address(entry) + (self.gva >> 12 & 0x3ff) * 4
            self.column = 1

    def add_missing(self):
        """The read that found no memory: it is where the last one leads."""
        last = self.steps[-1] if self.steps else None
        if last is None or last.guest:
            self.add(False, 1, self.root + self.index(False, 1) * 4, None)
        elif is_leaf(last.entry):
            self.add(True, 1 - self.column, pte_address(last.entry) + self.gpa % leaf_size(last.level), None)
        else:
            self.add(False, 0, pte_address(last.entry) + self.index(False, 0) * 4, None)

    def at(self, column, row):
        return next((step for step in self.steps if (step.column, step.row) == (column, row)), None)

    def first(self, column):
        return next(step for step in self.steps if step.column == column)

    @property
    def done(self):
        """The number of the step after the last read."""
        return len(self.steps) + 1


def wrap(text, width):
    lines = ['']
    for word in text.split(' '):
        longer = f'{lines[-1]} {word}'.strip()
        if len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;')


def column_x(column):
    return LEFT + column * (COLUMN + GAP)


class Canvas:
    """SVG elements, one a line."""

    def __init__(self):
        self.lines = []

    def text(self, x, y, style, value, anchor='start'):
        self.lines.append(f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(value)}</text>')

    def box(self, x, y, width, height, style):
        self.lines.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{style}"/>')

    def path(self, points, style):
        self.lines.append(f'<path d="{points}" class="{style}"/>')

    def circle(self, x, y, radius, style):
        self.lines.append(f'<circle cx="{x}" cy="{y}" r="{radius}" class="{style}"/>')

    def open(self, style, step, title=''):
        title = f'<title>{escape(title)}</title>' if title else ''
        self.lines.append(f'<g class="{style}" data-step="{step}">{title}')

    def close(self):
        self.lines.append('</g>')

    def arrow(self, step, points, style=''):
        """A path that is taken on the way to `step`, with a head at its end."""
        x, y = points[-1]
        down = points[-2][0] == x
        head = f'M{x - 4} {y - 7}L{x} {y}L{x + 4} {y - 7}Z' if down else f'M{x - 7} {y - 4}L{x} {y}L{x - 7} {y + 4}Z'
        self.open(f'way {style}'.strip(), step)
        self.path('M' + 'L'.join(f'{px} {py}' for px, py in points), 'line')
        self.path(head, 'head')
        self.close()

    def field(self, x, y, width, height, name, value, style):
        """One field of an address: its name over its value."""
        self.box(x, y, width, height, style)
        self.text(x + width // 2, y + 16, 'name', name, 'middle')
        self.text(x + width // 2, y + height - 9, 'value', value, 'middle')

    def flags(self, x, y, entry):
        for i, letter in enumerate(FLAGS):
            self.text(x + i * 13, y, 'flag set' if entry >> (7 - i) & 1 else 'flag', letter, 'middle')


class Figure:
    """The picture of a trace."""

    def __init__(self, trace):
        self.trace = trace
        self.canvas = Canvas()

    def draw(self):
        self.canvas.lines.append('<svg xmlns="http://www.w3.org/2000/svg" class="walk-figure" '
                                 f'viewBox="{VIEW}">')
        self.axes()
        self.draw_gva()
        self.empty_places()
        used = [column for column in range(3) if self.trace.columns[column] is not None]
        for column in used:
            self.ways(column)
        for before, column in zip(used, used[1:]):
            self.way_to_next(before, column)
        for column in used:
            self.draw_gpa(column)
        for step in self.trace.steps:
            self.step(step)
        self.result()
        self.canvas.lines.append('</svg>')
        return '\n'.join(self.canvas.lines)

    def axes(self):
        trace, text = self.trace, self.canvas.text
        for column, name in enumerate(('guest L1', 'guest L0', 'the page')):
            text(column_x(column) + COLUMN // 2, 16, 'axis guest-axis', name, 'middle')
        vsatp = ['vsatp: root at', hex34(trace.guest_root)] if trace.sv32 else ['vsatp: Bare']
        for y, name, style, lines in (
                (GVA_Y + 18, 'gVA', 'guest-axis', [hex32(trace.gva)]),
                (GPA_Y + 14, 'gPA', 'host-axis', vsatp),
                (ROWS[0] + 24, 'host L1', 'host-axis', ['hgatp: root at', hex34(trace.root)]),
                (ROWS[1] + 24, 'host L0', 'host-axis', []),
                (ROWS[2] + 24, 'guest', 'guest-axis', ['entries, and', 'the byte'])):
            text(0, y, f'axis {style}', name)
            for i, line in enumerate(lines):
                text(0, y + 18 + i * 16, 'where', line)

    def draw_gva(self):
        """A bit field whose parts stand over the columns that they index."""
        trace, gva = self.trace, self.trace.gva
        cuts = (LEFT, column_x(1) - GAP // 2, column_x(2) - GAP // 2, column_x(2) + COLUMN)
        parts = [(0, 3, 'gVA = gPA (Bare)', hex32(gva), 31, 0)]
        if trace.sv32:
            vpn = [trace.index(True, level) for level in (0, 1)]
            parts = [(0, 1, 'VPN[1]', f'{vpn[1]} = 0x{vpn[1]:03x}', 31, 22)]
            if trace.one_page:
                parts += [(1, 3, 'offset in 4 MiB', f'0x{gva % SUPERPAGE_SIZE:06x}', 21, 0)]
            else:
                parts += [(1, 2, 'VPN[0]', f'{vpn[0]} = 0x{vpn[0]:03x}', 21, 12),
                          (2, 3, 'offset', f'0x{gva % PAGE_SIZE:03x}', 11, 0)]
        for start, end, name, value, high, low in parts:
            self.canvas.field(cuts[start], GVA_Y, cuts[end] - cuts[start], GVA_HEIGHT, name, value, 'guest-field')
            self.canvas.text(cuts[start] + 4, GVA_Y + 13, 'bit', str(high))
            self.canvas.text(cuts[end] - 4, GVA_Y + 13, 'bit', str(low), 'end')

    def draw_gpa(self, column):
        x, gpa, canvas = column_x(column), self.trace.columns[column], self.canvas
        title = ('of the guest L1 entry', 'of the guest L0 entry', 'of the byte')[column]
        canvas.open('address', self.trace.first(column).number)
        canvas.text(x, GPA_Y + 14, 'label', f'gPA {title}')
        canvas.text(x + COLUMN, GPA_Y + 14, 'hex', hex34(gpa), 'end')
        for width, name, value, style in ((116, 'GPN[1]', str(gpa >> 22 & 0xfff), 'host-field'),
                                          (104, 'GPN[0]', str(gpa >> 12 & 0x3ff), 'host-field'),
                                          (100, 'offset', f'0x{gpa % PAGE_SIZE:03x}', 'plain-field')):
            canvas.field(x, GPA_Y + 24, width, GPA_HEIGHT - 24, name, value, style)
            x += width
        canvas.close()

    def why_empty(self, column, row):
        trace = self.trace
        if trace.columns[column] is not None:
            below = trace.at(column, 2) or (column == 2 and not trace.cause)
            return 'not read: a 4 MiB host page' if row == 1 and below else ''
        if not trace.sv32:
            return 'not read: vsatp is Bare'
        return 'not read: a 4 MiB guest page' if trace.one_page else ''

    def empty_places(self):
        for column, row in ((column, row) for column in range(3) for row in range(3)):
            if self.trace.at(column, row) or (column, row) == (2, 2):
                continue
            x, y, why = column_x(column), ROWS[row], self.why_empty(column, row)
            self.canvas.box(x, y, COLUMN, CELL, 'skipped' if why else 'unreached')
            if why and self.trace.columns[column] is None:
                self.canvas.text(x + COLUMN // 2, y + CELL // 2 + 5, 'why', why, 'middle')
            elif why:
                self.canvas.text(x + SPINE + 14, y + CELL // 2 + 5, 'why', why)

    def ways(self, column):
        """Down one column."""
        trace, canvas, x = self.trace, self.canvas, column_x(column) + SPINE
        middle, below = trace.at(column, 1), trace.at(column, 2)
        number = below.number if below else trace.done if column == 2 and not trace.cause else 0
        start = trace.first(column).number
        canvas.arrow(start, [(x, GVA_Y + GVA_HEIGHT), (x, GPA_Y - 2)], 'guest-way')
        words = ('root + 4 × VPN[1]', 'table + 4 × VPN[0]', 'page + offset')[column] if trace.sv32 else ''
        canvas.text(x + 12, GVA_Y + GVA_HEIGHT + 19, 'why', words)
        canvas.arrow(start, [(x, GPA_Y + GPA_HEIGHT), (x, ROWS[0])])
        if middle:
            canvas.arrow(middle.number, [(x, ROWS[0] + CELL), (x, ROWS[1])])
        if number:
            canvas.arrow(number, [(x, ROWS[1 if middle else 0] + CELL), (x, ROWS[2])])

    def way_to_next(self, before, column):
        """From a guest entry to the gPA that it leads to."""
        out, y1, y2 = column_x(before) + COLUMN, ROWS[2] + CELL // 2, GPA_Y + 45
        gutter = out + GAP // 2
        self.canvas.arrow(self.trace.first(column).number,
                          [(out, y1), (gutter, y1), (gutter, y2), (column_x(column), y2)], 'guest-way')

    def step(self, step):
        """A table, with the entry that is read."""
        x, y, canvas = column_x(step.column), ROWS[step.row], self.canvas
        canvas.open(f"cell {'guest' if step.guest else 'host'}{' blamed' if step.blamed else ''}", step.number,
                    f'Read {step.number}: {step.name} table at hPA {hex34(step.table)}, entry {step.index}')
        canvas.box(x, y, COLUMN, CELL, 'table')
        canvas.circle(x + 22, y + 19, 12, 'badge')
        canvas.text(x + 22, y + 24, 'number', str(step.number), 'middle')
        canvas.text(x + 42, y + 24, 'title', step.name)
        canvas.text(x + COLUMN - 12, y + 24, 'where', f'table at hPA {hex34(step.table)}', 'end')
        self.entry(step, x, y)
        if step.blamed:
            self.blame(x, y)
        else:
            canvas.text(x + 12, y + CELL - 12, 'leads', step.leads_to(self.trace.gva))
        canvas.close()

    def entry(self, step, x, y):
        canvas, cuts = self.canvas, (x + 12, x + 72, x + 174, x + 200)
        middles = [(a + b) // 2 for a, b in zip(cuts, cuts[1:])]
        for middle, name in zip(middles, (f"{'VPN' if step.guest else 'GPN'}[{step.level}]", 'PPN', 'RSW')):
            canvas.text(middle, y + 42, 'bit', name, 'middle')
        canvas.box(cuts[0], y + 45, COLUMN - 24, 24, 'entry')
        for cut in cuts[1:]:
            canvas.path(f'M{cut} {y + 45}L{cut} {y + 69}', 'rule')
        canvas.text(middles[0], y + 62, 'value', str(step.index), 'middle')
        if step.entry is None:
            return
        canvas.text(middles[1], y + 62, 'value', f'0x{step.entry >> 10:06x}', 'middle')
        canvas.text(middles[2], y + 62, 'value', str(step.entry >> 8 & 3), 'middle')
        canvas.flags(cuts[3] + 10, y + 62, step.entry)

    def blame(self, x, y):
        parts = wrap(self.trace.verdict['reason'], 42)
        for i, part in enumerate(parts):
            self.canvas.text(x + 12, y + 97 - len(parts) * 6 + i * 13, 'wrong', part)
        x += COLUMN
        self.canvas.circle(x, y, 10, 'cross')
        self.canvas.path(f'M{x - 4} {y - 4}L{x + 4} {y + 4}M{x + 4} {y - 4}L{x - 4} {y + 4}', 'cross-line')

    def result(self):
        """Where the byte is, or what trap there is instead."""
        trace, canvas, x, y = self.trace, self.canvas, column_x(2), ROWS[2]
        hpa = int(trace.verdict['hpa'], 16)
        canvas.open('cell result trap' if trace.cause else 'cell result', trace.done,
                    CAUSES[trace.cause] if trace.cause else f'hPA {hex34(hpa)}')
        canvas.box(x, y, COLUMN, CELL, 'table')
        if trace.cause:
            self.trap(x, y)
        else:
            self.page(x, y, hpa)
        canvas.close()

    def page(self, x, y, hpa):
        canvas, verdict = self.canvas, self.trace.verdict
        sizes = size_text(verdict['g_size'])
        if verdict['vs_size']:
            sizes = f"{size_text(verdict['vs_size'])} on {sizes}"
        canvas.text(x + 12, y + 24, 'title', 'hPA')
        canvas.text(x + COLUMN - 12, y + 24, 'value', hex34(hpa), 'end')
        canvas.field(x + 12, y + 34, 186, 40, 'PPN', f'0x{hpa // PAGE_SIZE:06x}', 'host-field')
        canvas.field(x + 198, y + 34, 110, 40, 'offset', f'0x{hpa % PAGE_SIZE:03x}', 'plain-field')
        canvas.text(x + 12, y + CELL - 12, 'leads', f"{sizes}, rights {verdict['rights']}")

    def trap(self, x, y):
        canvas, verdict = self.canvas, self.trace.verdict
        canvas.text(x + 12, y + 22, 'title', CAUSES[self.trace.cause])
        canvas.text(x + COLUMN - 12, y + 22, 'where', f'scause {self.trace.cause}', 'end')
        canvas.text(x + 12, y + 45, 'register', f"stval {verdict['stval']}")
        canvas.text(x + 166, y + 45, 'register', f"htval {verdict['htval']}")
        canvas.text(x + 12, y + 66, 'register', f"htinst {verdict['htinst']}")
        canvas.text(x + 12, y + CELL - 12, 'leads', f"taken by the {verdict['to']}")


def style_sheet():
    """The palette and the rules of the page's figure; colours are written out, for programs that know no variables."""
    with open(PAGE, encoding='utf-8') as page:
        sheet = re.search(r'<style id="figure-style">(.*?)</style>', page.read(), re.DOTALL).group(1)
    palette = dict(re.findall(r'--([\w-]+): ([^;]+);', sheet))
    rules = sheet[sheet.index('}') + 1:]
    return re.sub(r'var\(--([\w-]+)\)', lambda found: palette[found.group(1)], rules), palette['paper']


def svg_of(record):
    """The SVG of a record, as a text."""
    try:
        drawing = Figure(Trace(record)).draw()
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f'the record is not as docs/walk-record.schema.json has it: {error!r}') from error
    rules, paper = style_sheet()
    start = f'>\n<style>{rules}</style>\n<rect x="-12" y="-8" width="100%" height="100%" fill="{paper}"/>'
    return drawing.replace('>', start, 1) + '\n'


def find_record(text):
    """The last record in a text."""
    decoder, found = json.JSONDecoder(), None
    for start in (match.start() for match in re.finditer(r'\{\s*"record"\s*:\s*"twofold-walk"', text)):
        try:
            found = decoder.raw_decode(text, start)[0]
        except ValueError as error:
            raise RecordError(f'the record is no JSON: {error}') from error
    if not found:
        raise RecordError('there is no walk record in this text')
    return found


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] in (['-h'], ['--help']):
        print(__doc__.strip())
        return 2
    try:
        with open(sys.argv[1] if len(sys.argv) > 1 else 0, encoding='utf-8', errors='replace') as source:
            sys.stdout.write(svg_of(find_record(source.read())))
    except (OSError, RecordError) as error:
        print(f'walk_svg.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
