#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What programs and bindings are compiled against.  Exits 1 and says what differs; 77: cannot be tried.

layout CC INCLUDE     sizes and offsets of all public structs without pointers are those of layout.h,
                      for this machine and, where its compiler can, for a 32-bit one whose time_t
                      has 32 bits, and one where it has 64
use INCLUDE           ..._INIT, typedefs, and flags in expressions compile without warnings in C99, C11
                      and C++17, with gcc and clang; each flag is an enumerator too
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SKIP = 77
HEADERS = ('#include <xfswrite/xfswrite.h>\n#include <xfswrite/reflink.h>\n#include <xfswrite/quota.h>\n'
           '#include <xfswrite/exchange.h>\n#include <xfswrite/fallocate.h>\n#include <xfswrite/io.h>\n#include <xfswrite/nowait.h>\n'
           '#include <xfswrite/stats.h>\n#include <xfswrite/mkfs.h>\n#include <xfswrite/check.h>\n')
FLAG = re.compile(r'^#define\s+(XFS_(?:FEAT|MOUNT|ATTR|DEV|FALLOC|EXCHANGE_RANGE|MKFS|CHECK|ERROR_AT|XFLAG|RWF|QUOTA)_\w+)\s+'
                  r'(?:\(1u << \d+\)|0x[0-9a-f]+u)', re.M)
WARN = ['-Wall', '-Wextra', '-Wconversion', '-Wsign-conversion', '-Wmissing-field-initializers',
        '-pedantic', '-Werror']


def headers():
    where = os.path.join(ROOT, 'include', 'xfswrite')
    text = ''
    for name in sorted(os.listdir(where)):
        with open(os.path.join(where, name), encoding='utf-8') as f:
            text += f.read()
    return text


def compile_text(compiler, language, flags, text):
    """None, or what the compiler says."""
    done = subprocess.run([compiler, '-x', language, '-fsyntax-only', *flags, '-'], input=text,
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def layout(compiler, generated):
    where = ['-std=c11', '-I', os.path.join(ROOT, 'include'), '-I', generated, '-I', HERE]
    system = '#include <stdint.h>\n#include <sys/types.h>\n#include <sys/uio.h>\n'
    ways = [[], ['-m32'], ['-m32', '-D_FILE_OFFSET_BITS=64', '-D_TIME_BITS=64']]
    errors = []
    for way in ways:
        if compile_text(compiler, 'c', way, system + '#include <sys/stat.h>\n'):
            print(f'not tried: {" ".join(way)}')
            continue
        errors.append(compile_text(compiler, 'c', where + way, HEADERS + '#include "layout.h"\n'))
    return [e for e in errors if e]


def use_text():
    text = headers()
    tags = re.findall(r'^#define (XFS_\w+_INIT)\s+XFS_SIZED_INIT\(struct (\w+)\)', text, re.M)
    flags = [f for f in FLAG.findall(text) if not f.endswith('_HASATTR')]
    if len(tags) < 15 or len(flags) < 50:
        sys.exit(f'found {len(tags)} macros of structs and {len(flags)} flags: too few')
    out = HEADERS + '\nextern uint32_t sum(void);\nuint32_t sum(void)\n{\n\tuint32_t n = 0;\n'
    for init, tag in tags:
        out += f'\tstruct {tag} {tag}_v = {init};\n\t{tag}_t *{tag}_p = &{tag}_v;\n'
    for _, tag in tags:
        out += f'\tn += {tag}_p->size;\n'
    for flag in flags:
        out += f'\tn |= {flag}; n &= ~{flag}; n = n & ~{flag} & (n | {flag});\n'
    out += '\treturn n;\n}\n'
    for flag in flags:
        out += (f'enum {{ VALUE_{flag} = {flag} }};\n#undef {flag}\n'
                f'typedef char same_{flag}[(int){flag} == (int)VALUE_{flag} ? 1 : -1];\n')
    for tag in re.findall(r'^struct (xfs_\w+)(?: \{|;)', text, re.M):
        out += f'extern {tag}_t *any_{tag};\n'
    return out


def use(generated):
    where = ['-D_DEFAULT_SOURCE', '-I', os.path.join(ROOT, 'include'), '-I', generated]
    tried, errors = 0, []
    for compiler, language, standards in (('gcc', 'c', ('c99', 'c11')), ('clang', 'c', ('c99', 'c11')),
                                          ('g++', 'c++', ('c++17',)), ('clang++', 'c++', ('c++17',))):
        if not shutil.which(compiler):
            print(f'not tried: {compiler}')
            continue
        for standard in standards:
            tried += 1
            error = compile_text(compiler, language, [f'-std={standard}', *WARN, *where],
                                 use_text())
            if error:
                errors.append(f'{compiler} -std={standard}:\n{error[:4000]}')
    if not tried:
        print('SKIP: neither gcc nor clang is there')
        sys.exit(SKIP)
    return errors


def main():
    checks = {'layout': layout, 'use': use}
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    errors = checks[sys.argv[1]](*sys.argv[2:])
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


main()
