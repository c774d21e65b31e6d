#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Checks of the pages of lib/disk/format/, which read what they check from the pages themselves.

layout COMPILER   tables of offsets, "Layout of `struct NAME`, N bytes", are those of the struct in
                  lib/disk: each row's offset and size, no byte left out, the length; and tables of
                  constants are the macros.  The compiler judges.
links             every chapter is in the index, every link leads somewhere
xfs_db            blocks "xfs_db": an image by mkfs.xfs, as the block says, answers as the page does
self              changed pages are found by the checks above
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
LAYOUT = re.compile(r'^Layout of `(struct \w+)`, (\d+) bytes')
HEADERS = ('ag', 'attr', 'btree', 'dir', 'dquot', 'inode', 'log', 'log_item', 'sb', 'symlink')


def pages(root):
    top = os.path.join(root, 'lib/disk')
    yield os.path.join(top, 'FORMAT.md')
    for name in sorted(os.listdir(os.path.join(top, 'format'))):
        if name.endswith('.md'):
            yield os.path.join(top, 'format', name)


def tables(text):
    """(line before that says something, [(line number, cells)]) of each table, head first."""
    before, rows = '', []
    for number, line in enumerate(text.split('\n') + [''], 1):
        if line.startswith('|'):
            cells = [c.strip() for c in re.split(r'(?<!\\)\|', line.strip())[1:-1]]
            if not all(re.match(r':?-+:?$', c) for c in cells):
                rows.append((number, cells))
            continue
        if rows:
            yield before, rows
            before, rows = '', []
        if line.strip():
            before = line.strip()


def struct_asserts(name, length, rows):
    """C lines for one table; rows that overlap are members of a union."""
    end = 0
    for number, cells in rows[1:]:
        offset, size, field = cells[0], cells[1], cells[2].strip('`')
        yield number, f'_Static_assert(offsetof({name}, {field}) == {offset}, "{name}.{field} is not at {offset}");'
        if size.isdigit():
            yield number, f'_Static_assert(sizeof((({name} *)0)->{field}) == {size}, "{name}.{field} has not {size} bytes");'
        if int(offset) > end:
            yield number, f'#error bytes {end} to {int(offset) - 1} of {name} stand in no row'
        end = max(end, int(offset) + (int(size) if size.isdigit() else 0))
    yield rows[-1][0], f'_Static_assert(sizeof({name}) == {length}, "{name} has not {length} bytes");'
    if end != int(length):
        yield rows[-1][0], f'#error the rows of {name} end at {end}, not at {length}'


def page_asserts(text):
    for before, rows in tables(text):
        head = [c.lower() for c in rows[0][1]]
        found = LAYOUT.match(before)
        if found and head[:3] == ['offset', 'size', 'field']:
            yield from struct_asserts(found.group(1), found.group(2), rows)
        elif found:
            yield rows[0][0], f'#error the table of {found.group(1)} has other columns'
        elif head[:2] == ['constant', 'value']:
            for number, cells in rows[1:]:
                name, value = cells[0].strip('`'), cells[1]
                yield number, f'_Static_assert((unsigned long long)({name}) == (unsigned long long)({value}), "{name} is not {value}");'


def check_layout(root, compiler, generated):
    source = ['#include <stddef.h>'] + [f'#include "disk/{h}.h"' for h in HEADERS]
    count = 0
    for page in pages(root):
        with open(page, encoding='utf-8') as f:
            for number, line in page_asserts(f.read()):
                source += [f'#line {number} "{os.path.relpath(page, root)}"', line]
                count += 1
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, 'layout.c')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(source) + '\nextern int unused;\n')
        done = subprocess.run([compiler, '-std=gnu11', '-D_GNU_SOURCE', '-fsyntax-only',
                               '-I', os.path.join(root, 'lib'), '-I', os.path.join(root, 'include'),
                               '-I', generated, path], capture_output=True, text=True)
    print(f'{count} offsets, sizes and constants')
    errors = [line for line in done.stderr.split('\n') if 'error' in line]
    if done.returncode and not errors:
        errors = [done.stderr]
    return errors if count else ['no table was found']


def anchors(text):
    for line in text.split('\n'):
        if line.startswith('#'):
            title = re.sub(r'[^\w\- ]', '', line.lstrip('#').strip().lower())
            yield title.replace(' ', '-')


def check_links(root):
    errors, linked = [], set()
    there = list(pages(root))
    for page in there:
        with open(page, encoding='utf-8') as f:
            text = f.read()
        for number, line in enumerate(text.split('\n'), 1):
            for target in re.findall(r'\]\(([^)]+)\)', line):
                path, _, anchor = target.partition('#')
                to = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
                where = f'{os.path.relpath(page, root)}:{number}'
                if not os.path.exists(to):
                    errors.append(f'{where}: {target} does not exist')
                    continue
                if page == there[0]:
                    linked.add(to)
                if anchor:
                    with open(to, encoding='utf-8') as f:
                        if anchor not in anchors(f.read()):
                            errors.append(f'{where}: {target} has no such section')
        if len(text.split('\n')) > 520:
            errors.append(f'{os.path.relpath(page, root)}: longer than 520 lines')
    errors += [f'{os.path.relpath(p, root)}: is not in the index' for p in there[1:] if p not in linked]
    return errors


def blocks(text, kind):
    """(line number, [line]) of each fenced block of @kind."""
    lines, start = None, 0
    for number, line in enumerate(text.split('\n'), 1):
        if lines is None:
            if line.startswith(f'```{kind} '):
                lines, start = [], number
        elif line == '```':
            yield start, lines
            lines = None
        else:
            lines.append(line)


def ask(image, words):
    command = ['xfs_db', '-r']
    for word in words.split(';'):
        command += ['-c', word.strip()]
    done = subprocess.run(command + [image], capture_output=True, text=True)
    return ' '.join((done.stdout + done.stderr).split())


def prototype(tmp, files):
    """A root directory of so many empty files, for mkfs.xfs."""
    path = os.path.join(tmp, 'prototype')
    with open(path, 'w', encoding='utf-8') as f:
        f.write('/\n0 0\nd--755 0 0\n')
        for i in range(files):
            f.write(f'file-{i:03} ---644 0 0 /dev/null\n')
        f.write('$\n')
    return ['-p', path]


def xfs_db_block(where, start, lines, tmp):
    image, errors, contents = None, [], []
    for number, line in enumerate(lines, start + 1):
        line = re.sub(r'(^#.*|  #.*)', '', line).rstrip()
        if not line:
            continue
        if line.startswith('files '):
            contents = prototype(tmp, int(line.split()[1]))
            continue
        if line.startswith('mkfs '):
            words = line.split()
            image = os.path.join(tmp, 'image')
            with open(image, 'wb') as f:
                f.truncate(int(words[1]) << 20)
            done = subprocess.run(['mkfs.xfs', '-q', '-f'] + contents + words[2:] + [image],
                                  capture_output=True, text=True)
            if done.returncode:
                return [f'{where}:{number}: mkfs.xfs: {done.stderr.strip()}']
            continue
        question, equals, want = line.partition(' => ')
        if not equals or not image:
            errors.append(f'{where}:{number}: not understood: {line}')
            continue
        answer = ask(image, question)
        if answer != want.strip():
            errors.append(f'{where}:{number}: {question}: the page says {want}, xfs_db {answer}')
    return errors


def tools_missing():
    for tool in ('mkfs.xfs', 'xfs_db'):
        if not shutil.which(tool, path=os.environ.get('PATH', '') + ':/sbin:/usr/sbin'):
            return tool
    return None


def check_xfs_db(root):
    os.environ['PATH'] = os.environ.get('PATH', '') + ':/sbin:/usr/sbin'
    if tools_missing():
        print(f'SKIP: there is no {tools_missing()}')
        sys.exit(SKIP)
    errors, count = [], 0
    with tempfile.TemporaryDirectory() as tmp:
        for page in pages(root):
            with open(page, encoding='utf-8') as f:
                for start, lines in blocks(f.read(), 'xfs_db'):
                    count += 1
                    errors += xfs_db_block(os.path.relpath(page, root), start, lines, tmp)
    print(f'{count} blocks')
    return errors if count else ['no block was found']


def changed_pages(root, tmp, page, change):
    """A copy of the pages and headers with @change made in @page."""
    copy = os.path.join(tmp, 'tree')
    shutil.rmtree(copy, ignore_errors=True)
    os.makedirs(copy)
    for top in ('lib', 'include', 'tests/format'):
        shutil.copytree(os.path.join(root, top), os.path.join(copy, top))
    path = os.path.join(copy, page)
    with open(path, encoding='utf-8') as f:
        text = f.read()
    new = re.sub(change[0], change[1], text, count=1, flags=re.M)
    assert new != text, f'{page}: nothing to change: {change[0]}'
    with open(path, 'w', encoding='utf-8') as f:
        f.write(new)
    return copy


def check_self(root, compiler, generated):
    first = 'lib/disk/format/01-superblock.md'
    cases = [
        (first, (r'^\| 84 \| 4 \|', '| 85 | 4 |'), lambda r: check_layout(r, compiler, generated)),
        (first, (r'^\| 84 \| 4 \|', '| 84 | 8 |'), lambda r: check_layout(r, compiler, generated)),
        (first, (r'^\| 84 .*\n', ''), lambda r: check_layout(r, compiler, generated)),
        (first, (r'^\| 296 .*\n', ''), lambda r: check_layout(r, compiler, generated)),
        (first, (r', 304 bytes', ', 308 bytes'), lambda r: check_layout(r, compiler, generated)),
        (first, (r'\| 0x8000 \|', '| 0x4000 |'), lambda r: check_layout(r, compiler, generated)),
        ('lib/disk/FORMAT.md', (r'01-superblock.md', '01-gone.md'), check_links),
        (first, (r'\(#18-counters\)', '(#18-nothing)'), check_links),
    ]
    if not tools_missing():
        cases.append((first, (r'^(sb 0; p dblocks => .*)\d$', r'\1x'), check_xfs_db))
    errors = []
    with tempfile.TemporaryDirectory() as tmp:
        for page, change, check in cases:
            if not check(changed_pages(root, tmp, page, change)):
                errors.append(f'{page}: nobody noticed {change[0]} -> {change[1]}')
    return errors


def main():
    root = os.getcwd()
    checks = {'layout': check_layout, 'links': check_links, 'xfs_db': check_xfs_db,
              'self': check_self}
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        print(__doc__)
        sys.exit(2)
    errors = checks[sys.argv[1]](root, *sys.argv[2:])
    print('\n'.join(errors))
    sys.exit(bool(errors))


if __name__ == '__main__':
    main()
