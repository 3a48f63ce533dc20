#!/usr/bin/env python3
"""Checks walk records against docs/walk-record.schema.json, and each against itself.

    tests/check_walk_records.py FILE [AT_LEAST]

FILE, or - for standard input, has records as lines that begin with a brace; other lines are left alone. The exit status is 1 when
one is wrong, or there are fewer than AT_LEAST (1).
"""

import json
import os
import re
import sys

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'docs', 'walk-record.schema.json')
TYPES = {'object': dict, 'array': list, 'string': str, 'integer': int, 'boolean': bool}
KEYWORDS = {'$schema', 'title', 'description', '$defs', '$ref', 'type', 'required', 'properties', 'additionalProperties', 'items',
            'maxItems', 'enum', 'const', 'pattern', 'minimum', 'maximum'}


class Wrong(Exception):
    pass


def demand(condition, where, what):
    if not condition:
        raise Wrong(f'{where}: {what}')


def check_object(value, schema, root, where):
    known = schema.get('properties', {})
    for name in schema.get('required', []):
        demand(name in value, where, f'{name} is missing')
    for name, member in value.items():
        described = known.get(name, schema.get('additionalProperties'))
        demand(described, where, f'{name} is not in the schema')
        check(member, described, root, f'{where}.{name}')


def check(value, schema, root, where):
    """The part of JSON Schema that the schema uses."""
    demand(set(schema) <= KEYWORDS, where, f'the schema has keywords that are not checked: {set(schema) - KEYWORDS}')
    if '$ref' in schema:
        check(value, root['$defs'][schema['$ref'].rsplit('/', 1)[1]], root, where)
    if 'type' in schema:
        demand(type(value) is TYPES[schema['type']], where, f'{value!r} is no {schema["type"]}')
    if 'const' in schema:
        demand(value == schema['const'], where, f'{value!r} is not {schema["const"]!r}')
    if 'enum' in schema:
        demand(value in schema['enum'], where, f'{value!r} is none of {schema["enum"]}')
    if 'pattern' in schema:
        demand(re.search(schema['pattern'], value), where, f'{value!r} is not like {schema["pattern"]}')
    demand(schema.get('minimum', value) <= value <= schema.get('maximum', value) if isinstance(value, int) else True,
           where, f'{value!r} is out of range')
    if isinstance(value, dict):
        check_object(value, schema, root, where)
    if isinstance(value, list):
        demand(len(value) <= schema.get('maxItems', len(value)), where, 'too many')
        for number, item in enumerate(value):
            check(item, schema['items'], root, f'{where}[{number}]')


def check_sense(record):
    """What no schema says: the verdict fits the reads, and these each other."""
    reads, verdict = record['reads'], record['verdict']
    cause = verdict['cause']
    guest_page_fault = cause in (20, 21, 23)
    demand(verdict['to'] == ('nobody' if not cause else 'hypervisor' if guest_page_fault else 'guest'), 'to', verdict['to'])
    demand(('reason' in verdict) == (cause != 0) == ('blamed' in verdict), 'verdict', 'reason and blamed are those of faults')
    demand(int(verdict['stval'], 16) == (int(record['gva'], 16) if cause else 0), 'stval', verdict['stval'])
    demand(int(verdict['htval'], 16) == (int(verdict['gpa'], 16) >> 2 if guest_page_fault else 0), 'htval', verdict['htval'])
    if cause:
        demand(verdict['blamed'] <= len(reads), 'blamed', 'no such read')
    else:
        demand(int(reads[-1]['entry'], 16) >> 10 == int(verdict['hpa'], 16) >> 12 or verdict['g_size'] != 4096, 'hpa', 'not of the leaf')
    for number, read in enumerate(reads):
        size = 4096 if read['stage'] == 'G' and read['level'] else 1024
        demand(int(read['hpa'], 16) // 4 % size == read['index'], f'reads[{number}]', 'hpa and index do not fit')
        if 'memory' in record:
            demand(record['memory'].get(read['hpa']) == read['entry'], f'reads[{number}]', 'not what memory has')


def main():
    with open(SCHEMA, encoding='utf-8') as file:
        schema = json.load(file)
    source = sys.stdin if sys.argv[1] == '-' else open(sys.argv[1], encoding='utf-8', errors='replace')
    count = wrong = 0
    for line in source:
        if not line.startswith('{'):
            continue
        count += 1
        try:
            record = json.loads(line)
            check(record, schema, schema, 'record')
            check_sense(record)
        except (ValueError, Wrong) as error:
            wrong += 1
            print(f'record {count}: {error}')
    print(f'{count} walk records, {wrong} wrong')
    return 1 if wrong or count < int(sys.argv[2] if len(sys.argv) > 2 else 1) else 0


if __name__ == '__main__':
    sys.exit(main())
