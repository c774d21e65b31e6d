#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The ABI, compared with the description that is stored in xfswrite.abi.  Exits 1 and says what differs;
77: cannot be tried.

headers CC [FLAG...]       what the public headers declare: each function, each type that a function
                           reaches, each enum.  Judged by a twin of the library, made from the headers
                           alone with functions that do nothing: the internals of the library have no
                           part in it, and a release build has no debug information
library LIB CC [FLAG...]   what the library defines and exports: the same functions, by its own debug
                           information; opaque types stay opaque
update [CC [FLAG...]]      store what the headers declare (update.sh calls it)
self LIB CC [FLAG...]      each kind of difference is found: headers are changed in copies, and compared
                           with what is stored; LIB is compared with what is made of the copies

Any difference fails, also those that break nobody: what is stored is what was released.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STORED = os.path.join(HERE, 'xfswrite.abi')
SKIP = 77
HOW = '''
If the change is meant: run   sh tests/abi/update.sh   and commit tests/abi/xfswrite.abi with the change.
Programs that are compiled already must go on working: members are added at the end of structs that
begin with their size, functions and values are only added.'''
ABIDW = ['--no-corpus-path', '--no-comp-dir-path', '--short-locs', '--no-show-locs',
         '--no-architecture', '--no-elf-needed', '--exported-interfaces-only',
         '--type-id-style', 'hash']
ABIDIFF = ['--no-architecture', '--no-corpus-path', '--no-show-locs',
           '--fail-no-debug-info']
# Variables of the twin that show the enums: no function takes one, they are bits of an unsigned int.
ENUM_VARIABLE = 'values_of_'


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as f:
        return f.read()


def write(text, *path):
    with open(os.path.join(*path), 'w', encoding='utf-8') as f:
        f.write(text)


def skip(why):
    print(f'SKIP: {why}')
    sys.exit(SKIP)


def need(compiler, tools):
    for tool in tools:
        if not shutil.which(tool):
            skip(f'{tool} is not there (package abigail-tools)')
    done = subprocess.run([*compiler, '-E', '-dM', '-x', 'c', '-'], input='#include <stdlib.h>\n',
                          capture_output=True, text=True, check=False)
    for macro, what in (('__x86_64__', 'x86_64'), ('__LP64__', '64 bits'), ('__GLIBC__', 'glibc')):
        if done.returncode or not re.search(rf'^#define {macro}\b', done.stdout, re.M):
            skip(f'the ABI is stored for x86_64 with glibc; {" ".join(compiler)} is not for {what}')


def declarations(include):
    """Text of all public headers, without comments."""
    where = os.path.join(include, 'xfswrite')
    text = ''.join(read(where, name) for name in sorted(os.listdir(where)))
    return re.sub(r'/\*.*?\*/', '', text, flags=re.S)


def twin_text(include):
    text = declarations(include)
    names = sorted(os.listdir(os.path.join(include, 'xfswrite')))
    out = ''.join(f'#include <xfswrite/{name}>\n' for name in names)
    prototypes = re.findall(r'^(XFS_API\s[^;{}]*?\b(xfs_\w+)\([^;{}]*);', text, re.M)
    marked = len(re.findall(r'^XFS_API\b', text, re.M))
    if marked != len(prototypes) or marked < 80:
        sys.exit(f'{marked} declarations are marked XFS_API, {len(prototypes)} are understood')
    for prototype, _ in prototypes:
        out += f'{prototype}\n{{\n\t__builtin_trap();\n}}\n'
    enums = re.findall(r'^enum (\w+) \{', text, re.M)
    for enum in enums:
        variable = f'enum {enum} {ENUM_VARIABLE}{enum};\n'
        out += f'XFS_API extern {variable}{variable}'
    # The symbol version is that of the library's map; which names stand there, tidy holds.
    version = re.search(r'^(XFSWRITE_[\d.]+) \{', read(ROOT, 'lib', 'xfswrite.map'), re.M).group(1)
    names = [name for _, name in prototypes] + [ENUM_VARIABLE + enum for enum in enums]
    return out, f'{version} {{\n\tglobal: {"; ".join(names)};\n\tlocal: *;\n}};\n'


def make_twin(compiler, include, scratch):
    """The twin's path.  It has the name, the version and the symbols of the library, and no code."""
    version = re.search(r'^project\(xfswrite VERSION ([\d.]+)', read(ROOT, 'CMakeLists.txt'), re.M)
    version = version.group(1)
    major, minor, patch = version.split('.')
    # As lib/CMakeLists.txt has it; the library is held against it.
    soversion = major if int(major) else f'{major}.{minor}'
    text = read(ROOT, 'cmake', 'version.h.in')
    for name, value in (('', version), ('_MAJOR', major), ('_MINOR', minor), ('_PATCH', patch)):
        text = text.replace(f'@PROJECT_VERSION{name}@', value)
    os.makedirs(os.path.join(scratch, 'generated', 'xfswrite'), exist_ok=True)
    write(text, scratch, 'generated', 'xfswrite', 'version.h')
    text, version_script = twin_text(include)
    write(text, scratch, 'twin.c')
    write(version_script, scratch, 'twin.map')
    twin = os.path.join(scratch, 'libxfswrite.so')
    # Relative names: the description must not know where it was made.
    subprocess.run([*compiler, '-std=gnu11', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64',
                    '-D_TIME_BITS=64', '-DXFSWRITE_BUILDING', '-g', '-O0', '-fPIC', '-shared',
                    '-fvisibility=hidden',
                    '-I', include, '-I', 'generated', '-Wl,--version-script=twin.map',
                    f'-Wl,-soname,libxfswrite.so.{soversion}', '-o', twin, 'twin.c'],
                   cwd=scratch, check=True)
    return twin


def differences(binary, stored=STORED, options=('--harmless', '--redundant')):
    """What abidiff says; None when nothing differs."""
    said = None
    # Without --headers-dir: what is stored has no places in files, and abidiff would take all of its
    # types for private ones, in which no change is reported.  The twin has public types alone; those
    # that are opaque in it are left out of the comparison.
    # Types first: a page for each function that reaches a changed one is read by nobody.  That leaves
    # out parameters that point to something else.
    for leaves in ([], ['--leaf-changes-only']):
        done = subprocess.run(['abidiff', *ABIDIFF, *options, *leaves, stored, binary],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            said = f'abidiff exits {done.returncode}\n{done.stdout}{done.stderr}'
    return said


def as_stored(compiler):
    """The description was made with gcc; newer clangs name the index type of arrays otherwise."""
    if 'clang' in os.path.basename(compiler[0]) and shutil.which('gcc'):
        return ('gcc',)
    return compiler


def headers(scratch, *compiler):
    compiler = as_stored(compiler)
    need(compiler, ['abidiff'])
    include = os.path.join(ROOT, 'include')
    return differences(make_twin(compiler, include, scratch))


def has_types(binary):
    """Built with -g; -g1 and less describe no struct."""
    if not shutil.which('readelf'):
        return False
    dump = subprocess.Popen(['readelf', '--debug-dump=info', binary], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    found = any(b'DW_TAG_structure_type' in line for line in dump.stdout)
    dump.kill()
    dump.wait()
    return found


def library(scratch, binary, *compiler):
    need(compiler, ['abidiff'])
    if not has_types(binary):
        skip('the library was built without -g, or there is no readelf')
    return library_differences(scratch, binary)


def library_differences(scratch, binary, stored=STORED):
    """The library has no variables that show the enums."""
    suppressed = os.path.join(scratch, 'suppressed')
    write(f'[suppress_variable]\n  name_regexp = ^{ENUM_VARIABLE}\n', suppressed)
    return differences(binary, stored, ['--suppr', suppressed])


def describe(binary, include, to):
    subprocess.run(['abidw', *ABIDW, '--headers-dir', os.path.join(include, 'xfswrite'),
                    '--out-file', to, binary], check=True)


def update(scratch, *compiler):
    compiler = compiler or ('gcc',)
    need(compiler, ['abidw', 'abidiff'])
    include = os.path.join(ROOT, 'include')
    twin = make_twin(compiler, include, scratch)
    said = differences(twin) if os.path.exists(STORED) else 'nothing was stored'
    if said is None:
        print('nothing differs from what is stored')
        return None
    describe(twin, include, STORED)
    print(said)
    print(f'stored: {STORED}')
    return differences(twin)


FSYNC = 'XFS_API int xfs_fsync(struct xfs_file *file);'
# What is changed in which file, a part of what must be said, and whether the library differs as well
# from a description of the changed headers.
CHANGES = (
    ('device.h', '\tuint32_t io_min;', '\tuint32_t in_the_middle;\n\tuint32_t io_min;',
     "'uint32_t io_min' offset changed", True),
    ('device.h', '\tbool rotational;', '\tbool rotational;\n\tuint64_t at_the_end;',
     "'uint64_t at_the_end', at offset 256", False),
    ('device.h', '\tuint32_t io_min;', '\tint32_t io_min;',
     'typedef name changed from uint32_t to int32_t', False),
    ('device.h', '\tuint32_t io_min;', '\tuint32_t least;',
     "name of 'xfs_device_info::io_min' changed", False),
    ('device.h', '\tXFS_DEV_TRUNCATE = 1u << 3,', '\tXFS_DEV_TRUNCATE = 1u << 5,',
     "XFS_DEV_TRUNCATE' from value '8' to '32'", False),
    ('device.h', '\tXFS_DEV_EXCL = 1u << 4,', '\tXFS_DEV_EXCL = 1u << 4,\n\tXFS_DEV_NEW = 1u << 5,',
     "XFS_DEV_NEW' value '32'", False),
    ('file.h', FSYNC, '', "[D] 'function int xfs_fsync(xfs_file*)'", True),
    ('file.h', FSYNC, f'{FSYNC}\nXFS_API int xfs_new(void);', "[A] 'function int xfs_new()'", False),
    ('file.h', FSYNC, FSYNC.replace('(', '(const '), 'xfs_fsync', False),
    ('file.h', FSYNC, FSYNC.replace('int', 'int64_t'), 'return type changed', False),
    ('file.h', FSYNC, FSYNC.replace(')', ', int way)'), "parameter 2 of type 'int' was added", False),
)


def self_change(scratch, binary, compiler, change):
    name, old, new, expected, in_library = change
    include = os.path.join(scratch, 'include')
    shutil.copytree(os.path.join(ROOT, 'include'), include)
    text = read(include, 'xfswrite', name)
    if text.count(old) != 1:
        return f'{name}: "{old}" stands there {text.count(old)} times'
    write(text.replace(old, new), include, 'xfswrite', name)
    twin = make_twin(compiler, include, scratch)
    said = differences(twin)
    # Newer abidiffs write (void) for ().
    if not said or expected not in said.replace('(void)', '()'):
        return f'{name}: "{old}" became "{new}", but abidiff says:\n{said}'
    if binary and in_library:
        other = os.path.join(scratch, 'other.abi')
        describe(twin, include, other)
        if not library_differences(scratch, binary, other):
            return f'{name}: "{old}" became "{new}" in the description; the library is the same'
    return None


def self(scratch, binary, *compiler):
    need(compiler, ['abidw', 'abidiff'])
    binary = has_types(binary) and binary
    errors = []
    for number, change in enumerate(CHANGES):
        where = os.path.join(scratch, str(number))
        os.mkdir(where)
        errors.append(self_change(where, binary, compiler, change))
    return '\n'.join(e for e in errors if e)


def main():
    modes = {'headers': headers, 'library': library, 'update': update, 'self': self}
    if len(sys.argv) < 2 or sys.argv[1] not in modes:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix='xfswrite-abi-') as scratch:
        said = modes[sys.argv[1]](scratch, *sys.argv[2:])
    if said:
        print(said)
        if sys.argv[1] != 'self':
            print(HOW)
        sys.exit(1)


main()
