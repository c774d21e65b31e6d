#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The library's manual pages, as they were made in a build.  Exits 1 and says what is wrong; 77: cannot be
tried.

exports MAN        every export of the library has a page that names it, and no page is left over; the
                   overview names the errors of every call, and each function that it refers to has a page
lint MAN           mandoc finds nothing to say, at any level
warnings MAN       nor does groff, through man
names MAN          man finds the page of each function, and whatis will know it (lexgrog)
program MAN CC [FLAG...]  the program in the overview compiles
self MAN           pages that were made from broken headers, or broken afterwards, are noticed
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(ROOT, 'lib', 'man')
HEADERS = os.path.join(ROOT, 'include', 'xfswrite')
sys.dont_write_bytecode = True
sys.path.insert(0, SOURCE)
import contracts  # noqa: E402


def skip(why):
    print(f'SKIP: {why}')
    sys.exit(77)


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            skip(f'there is no {tool}')


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as f:
        return f.read()


def pages(man):
    return sorted(name[:-2] for name in os.listdir(os.path.join(man, 'man3')))


def path_of(man, name):
    return os.path.join(man, 'man3', name + '.3')


def said(command, **options):
    run = subprocess.run(command, capture_output=True, text=True, errors='replace', check=False, **options)
    return run


def exported():
    text = re.search(r'global:(.*?)local:', read(ROOT, 'lib', 'xfswrite.map'), re.S).group(1)
    return set(text.replace(';', ' ').split())


def exports(man, headers=HEADERS):
    there, wanted = set(pages(man)), exported() | {'libxfswrite'}
    errors = [f'{name}: no page' for name in sorted(wanted - there)]
    errors += [f'{name}.3: a page of no export' for name in sorted(there - wanted)]
    for name in sorted(wanted & there):
        if not re.search(rf'\b{name}\b', read(path_of(man, name)).split('.SH NAME')[1].split('.SH')[0]):
            errors.append(f'{name}.3: its NAME section is of other functions')
    overview = read(path_of(man, 'libxfswrite'))
    for header in contracts.read_headers(headers):
        for names, _, _ in header.sets.get('every call', []):
            errors += [f'libxfswrite.3: does not name {name}' for name in names
                       if f'\\-{name}' not in overview]
    for name in re.findall(r'\\fB(xfs_\w+)\\fP\(3\)|^\.BR (xfs_\w+) \(3\)', overview, re.M):
        if (name[0] or name[1]) not in wanted:
            errors.append(f'libxfswrite.3: there is no {name[0] or name[1]}')
    return errors


def lint(man):
    need('mandoc')
    out = said(['mandoc', '-T', 'lint'] + [path_of(man, name) for name in pages(man)])
    return (out.stdout + out.stderr).splitlines()


def formatted(files):
    return said(['man', '--warnings', '-E', 'UTF-8', '-Tutf8', '-Z', '-l'] + files,
                env=dict(os.environ, LC_ALL='C.UTF-8', MANWIDTH='80'))


def warnings(man):
    need('man', 'groff')
    files = [path_of(man, name) for name in pages(man) if not os.path.islink(path_of(man, name))]
    out = formatted(files)
    if not out.returncode and not out.stderr:
        return []
    # Which it was.
    return [f'{os.path.basename(path)}: {line}' for path in files
            for line in (formatted([path]).stderr or 'not formatted').splitlines()
            if line != 'not formatted' or formatted([path]).returncode]


def names(man):
    need('man', 'lexgrog')
    wanted = pages(man)
    found = said(['man', '-M', man, '-w'] + wanted).stdout.split()
    errors = [] if len(found) == len(wanted) else \
        [f'man finds {len(found)} pages of {len(wanted)} that are asked for by name']
    known = said(['lexgrog'] + [path_of(man, name) for name in wanted]).stdout
    return errors + [f'whatis would not know {name}' for name in wanted if f'"{name} - ' not in known]


def program(man, *compiler):
    text = re.search(r'^\.EX\n(#include.*?)^\.EE', read(path_of(man, 'libxfswrite')), re.M | re.S).group(1)
    text = text.replace('\\e', '\\').replace('\\-', '-')
    generated = os.path.join(os.path.dirname(man), 'include')
    out = said(list(compiler) + ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-fsyntax-only',
                                 '-I', os.path.join(ROOT, 'include'), '-I', generated, '-x', 'c', '-'],
               input=text)
    return out.stderr.splitlines() if out.returncode else []


def make(headers, out):
    return said([sys.executable, os.path.join(SOURCE, 'pages.py'), headers,
                 os.path.join(SOURCE, 'libxfswrite.3.in'), '0', out])


# What is changed in which header; the pages made of it do not have all that they should.
BROKEN = (
    ('file.h', ' */\nXFS_API int64_t xfs_seek(', ' */\n\nXFS_API int64_t xfs_seek('),
    ('stats.h', 'xfs_get_stats(', 'xfs_gain_stats('),
    ('xfswrite.h', ' *  -EFAULT: ', ' *  -ENODEV: '),
)


def self(man):
    errors = []
    with tempfile.TemporaryDirectory(prefix='xfswrite-man-') as scratch:
        for number, (name, old, new) in enumerate(BROKEN):
            headers, out = os.path.join(scratch, f'h{number}'), os.path.join(scratch, f'm{number}')
            shutil.copytree(HEADERS, headers)
            text = read(headers, name)
            if text.count(old) != 1:
                errors.append(f'{name}: "{old}" stands there {text.count(old)} times')
                continue
            with open(os.path.join(headers, name), 'w', encoding='utf-8') as f:
                f.write(text.replace(old, new))
            made = make(headers, out)
            if made.returncode:
                errors.append(f'{name}: {made.stderr}')
            elif not exports(out, headers):
                errors.append(f'{name}: "{old}" became "{new}", and nothing is wrong')
        out = os.path.join(scratch, 'bad')
        os.makedirs(os.path.join(out, 'man3'))
        with open(path_of(out, 'xfs_fsync'), 'w', encoding='utf-8') as f:
            f.write(read(path_of(man, 'xfs_fsync')) + '.SH\n.RS 4\ntext  \n\\fZ\\*[gone]\n')
        for check, tool in ((lint, 'mandoc'), (warnings, 'groff')):
            if shutil.which(tool) and shutil.which('man') and not check(out):
                errors.append(f'a broken page is nothing to {check.__name__}')
    return errors


def main():
    modes = {f.__name__: f for f in (exports, lint, warnings, names, program, self)}
    if len(sys.argv) < 3 or sys.argv[1] not in modes:
        sys.exit(__doc__)
    if not os.path.isdir(os.path.join(sys.argv[2], 'man3')):
        skip('the pages were not made (XFSWRITE_MAN)')
    errors = modes[sys.argv[1]](*sys.argv[2:])
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


main()
