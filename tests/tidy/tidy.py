#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Checks of the source tree.  Runs from its root; each check prints what is wrong
and where, and exits 1; 77 means that it could not be tried.

layers            every include in lib/ names a folder and goes to its own or one
                  below, as lib/CMakeLists.txt orders them; <folder>_priv.h stays
                  inside its folder; public headers are <xfswrite/...>
dead              every header of lib/ is included by somebody
spdx              every file says its licence in the first lines
length            no file of lib/, include/, examples/ is longer than 800 lines
words             nothing is left to be done
labels            an invariant of lib/, "(WORD-n)" at the head of a comment, has its label
                  for itself, and whoever cites one cites one that exists
calls             every function of lib/xfswrite.map is an XFS_CALL around its work, so that no
                  failure leaves without a description, or stands in CANNOT_FAIL
map [--update]    lib/xfswrite.map lists what include/ marks XFS_API, sorted
exports LIB       the library, shared or static, exports exactly that
public_headers    each compiles alone, as C11, as C99 without extensions and as C++17
beside_xfsprogs   all of them together with <xfs/xfs.h>, in both orders and languages
internal_headers  each header of lib/ compiles alone
self              broken copies of small trees are found by the checks above
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

MAX_LINES = 800
SKIP = 77
CODE_DIRS = ('lib', 'include', 'examples')
ALL_DIRS = CODE_DIRS + ('tests', 'cmake')
TEXT = re.compile(r'.*(\.[chS]|\.cc|\.cmake|\.py|\.sh|\.in|\.map|CMakeLists\.txt)$')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)


def files(root, dirs, pattern=TEXT):
    for top in dirs:
        for folder, subdirs, names in os.walk(os.path.join(root, top)):
            subdirs[:] = sorted(d for d in subdirs if not d.startswith('.'))
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if pattern.match(name):
                    yield path


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as f:
        return f.read()


def layer_list(root):
    text = read(root, 'lib/CMakeLists.txt')
    body = re.search(r'set\(XFSWRITE_LAYERS\s+([^)]*)\)', text)
    return body.group(1).split() if body else []


def include_error(folder, target, quoted, layers):
    """What is wrong with one include of a file in lib/<folder>/; None: nothing."""
    if not quoted:
        if target.startswith('xfswrite/') or '/' not in target:
            return None
        if target.split('/')[0] in layers:
            return 'an internal header is included with quotes'
        return None
    if target.startswith('xfswrite/'):
        return 'a public header is included as <xfswrite/...>'
    if '/' not in target:
        return 'the include does not name its folder'
    other, name = target.split('/', 1)
    if other not in layers:
        return 'there is no layer of this name'
    if layers.index(other) > layers.index(folder):
        return f'{other} lies above {folder}'
    if name.endswith('_priv.h') and other != folder:
        return f'this header is private to {other}'
    return None


def check_layers(root):
    errors = []
    layers = layer_list(root)
    if not layers:
        return ['lib/CMakeLists.txt: no XFSWRITE_LAYERS']
    for folder in sorted(os.listdir(os.path.join(root, 'lib'))):
        if os.path.isdir(os.path.join(root, 'lib', folder)) and folder not in layers:
            errors.append(f'lib/{folder}: not in XFSWRITE_LAYERS')
    for path in files(root, ('lib',), re.compile(r'.*\.[ch]$')):
        parts = path.split('/')
        if len(parts) != 3 or parts[1] not in layers:
            errors.append(f'{path}: not in a folder of a layer')
            continue
        folder, name = parts[1], parts[2]
        if name.endswith('_priv.h') and name != f'{folder}_priv.h':
            errors.append(f'{path}: the one private header is {folder}_priv.h')
        for number, line in enumerate(read(root, path).split('\n'), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not found:
                continue
            error = include_error(folder, found.group(2), found.group(1) == '"', layers)
            if error:
                errors.append(f'{path}:{number}: {found.group(2)}: {error}')
    for path in files(root, ('include', 'examples'), re.compile(r'.*\.(h|c|cc)$')):
        for number, line in enumerate(read(root, path).split('\n'), 1):
            found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if found and found.group(1).split('/')[0] in layers and '/' in found.group(1):
                errors.append(f'{path}:{number}: {found.group(1)}: not a public header')
    return errors


def check_dead(root):
    included = set()
    for path in files(root, ALL_DIRS, re.compile(r'.*\.(h|c|cc)$')):
        included.update(re.findall(r'^\s*#\s*include\s*"([^"]+)"', read(root, path), re.M))
    return [f'{path}: nobody includes it'
            for path in files(root, ('lib',), re.compile(r'.*\.h$'))
            if os.path.relpath(path, 'lib') not in included]


def check_spdx(root):
    errors = []
    paths = list(files(root, ALL_DIRS)) + ['CMakeLists.txt']
    for path in paths:
        head = read(root, path).split('\n')[:3]
        if not any('SPDX-License-Identifier: MIT' in line for line in head):
            errors.append(f'{path}: no "SPDX-License-Identifier: MIT" in its first lines')
    return errors


def check_length(root):
    errors = []
    for path in files(root, CODE_DIRS):
        lines = read(root, path).count('\n')
        if lines > MAX_LINES:
            errors.append(f'{path}: {lines} lines; more than {MAX_LINES} hold two ideas')
    return errors


def check_words(root):
    # Put together here so that this file does not find itself.
    words = re.compile(r'\b(' + '|'.join(('TO' 'DO', 'FIX' 'ME', 'X' 'XX')) + r')\b')
    errors = []
    for path in list(files(root, ALL_DIRS)) + ['CMakeLists.txt']:
        for number, line in enumerate(read(root, path).split('\n'), 1):
            if words.search(line):
                errors.append(f'{path}:{number}: {line.strip()}')
    return errors


LABEL_DEFINED = re.compile(r'^ \* \(([A-Z]+-\d+)\) ', re.M)
LABEL_CITED = re.compile(r'\b([A-Z]+-\d+)\b')


def check_labels(root):
    defined = {}
    errors = []
    for path in files(root, ('lib',)):
        for label in LABEL_DEFINED.findall(read(root, path)):
            if label in defined:
                errors.append(f'{path}: ({label}) is an invariant of {defined[label]} already')
            defined.setdefault(label, path)
    words = {label.split('-')[0] for label in defined}
    for path in files(root, ('lib', 'tests'), re.compile(r'.*\.([chS]|md)$')):
        for label in sorted(set(LABEL_CITED.findall(read(root, path)))):
            if label.split('-')[0] in words and label not in defined:
                errors.append(f'{path}: there is no invariant ({label})')
    return errors


def public_functions(root):
    names = set()
    for path in files(root, ('include',), re.compile(r'.*\.h$')):
        text = COMMENT.sub('', read(root, path))
        text = re.sub(r'^[ \t]*#[^\n]*', '', text, flags=re.M)
        for declaration in re.findall(r'\bXFS_API\b([^;{]*)[;{]', text):
            name = re.search(r'(\w+)\s*\(', declaration)
            names.add(name.group(1) if name else declaration.split()[-1])
    return names


def map_names(root):
    text = COMMENT.sub('', read(root, 'lib/xfswrite.map'))
    body = re.search(r'global:(.*?)local:', text, re.S)
    return body.group(1).replace(';', ' ').split() if body else []


# Functions that have nothing to describe: they return no error, or hand out what others left.
CANNOT_FAIL = {
    # memory alone, or one number
    'xfs_library_has', 'xfs_library_version', 'xfs_root',
    'xfs_device_error', 'xfs_device_get', 'xfs_device_init', 'xfs_device_overlay_bytes',
    # giving back
    'xfs_abandon', 'xfs_closedir', 'xfs_device_put', 'xfs_seekdir',
    # the records themselves, which a failure must not replace
    'xfs_dir_error', 'xfs_error_copy', 'xfs_error_text', 'xfs_file_error', 'xfs_mount_error',
}


def function_bodies(text):
    """(name, body) of every function at the left margin, as the style has them."""
    return re.findall(r'^\w[\w \*]*?\b(\w+)\([^;{]*\)\n\{\n(.*?)^\}', text, re.M | re.S)


def check_calls(root):
    names = set(map_names(root))
    errors = [f'tests/tidy/tidy.py: CANNOT_FAIL names {name}, which is no public function'
              for name in sorted(CANNOT_FAIL - names)] if root == '.' else []
    for path in files(root, ('lib',), re.compile(r'.*\.c$')):
        for name, body in function_bodies(COMMENT.sub('', read(root, path))):
            if name not in names:
                continue
            names.discard(name)
            called = bool(re.search(r'\breturn XFS_CALL(_\w+)?\(', body))
            if called and name in CANNOT_FAIL:
                errors.append(f'{path}: {name} is an XFS_CALL, and stands in CANNOT_FAIL')
            elif not called and name not in CANNOT_FAIL:
                errors.append(f'{path}: {name} returns errors without an XFS_CALL')
    return errors + [f'lib: {name} is defined nowhere' for name in sorted(names)]


def differences(left, left_name, right, right_name):
    return ([f'{name}: in {left_name}, not in {right_name}' for name in sorted(left - right)] +
            [f'{name}: in {right_name}, not in {left_name}' for name in sorted(right - left)])


def check_map(root):
    names = map_names(root)
    errors = differences(public_functions(root), 'include/', set(names), 'lib/xfswrite.map')
    if names != sorted(set(names)):
        errors.append('lib/xfswrite.map: not sorted, or a name twice')
    if errors:
        errors.append('"tests/tidy/tidy.py map --update" writes it anew')
    return errors


def update_map(root):
    path = os.path.join(root, 'lib/xfswrite.map')
    lines = ''.join(f'\t\t{name};\n' for name in sorted(public_functions(root)))
    text = read(root, 'lib/xfswrite.map')
    text = re.sub(r'global:.*?local:', lambda m: 'global:\n' + lines + '\tlocal:', text, flags=re.S)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def check_exports(root, library):
    nm = shutil.which('nm')
    if not nm:
        skip('there is no nm')
    table = '-g' if library.endswith('.a') else '-D'
    out = subprocess.run([nm, table, '--defined-only', library], check=True,
                         capture_output=True, text=True).stdout
    exported = set()
    for line in out.splitlines():
        if len(line.split()) < 3:  # the name of a member
            continue
        kind, name = line.split()[-2:]
        if kind != 'A':  # the version's own name
            exported.add(name.split('@')[0])
    return differences(public_functions(root), 'include/', exported, os.path.basename(library))


def skip(why):
    print(f'skipped: {why}')
    sys.exit(SKIP)


C_FLAGS = ['-std=c11', '-D_DEFAULT_SOURCE', '-Wall', '-Wextra', '-Wpedantic', '-Werror']
C99_FLAGS = ['-std=c99', '-Wall', '-Wextra', '-pedantic-errors', '-Werror']
CXX_FLAGS = ['-std=c++17', '-Wall', '-Wextra', '-Wpedantic', '-Werror']


def cxx_compiler():
    return shutil.which('c++') or shutil.which('g++') or shutil.which('clang++')


def compile_text(compiler, language, flags, text):
    """None, or what the compiler says."""
    done = subprocess.run([compiler, '-x', language, '-fsyntax-only', *flags, '-'], input=text,
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def public_headers(root, generated):
    found = [os.path.relpath(p, 'include') for p in files(root, ('include',), re.compile(r'.*\.h$'))]
    for name in sorted(os.listdir(os.path.join(generated, 'xfswrite'))):
        if f'xfswrite/{name}' not in found:
            found.append(f'xfswrite/{name}')
    return found


def check_public_headers(root, compiler, generated):
    errors = []
    where = ['-I', os.path.join(root, 'include'), '-I', generated]
    cxx = cxx_compiler()
    for header in public_headers(root, generated):
        # Twice, for the guard.
        text = f'#include <{header}>\n#include <{header}>\nextern int unused;\n'
        errors.append(compile_text(compiler, 'c', C_FLAGS + where, text))
        errors.append(compile_text(compiler, 'c', C99_FLAGS + where, text))
        if cxx:
            errors.append(compile_text(cxx, 'c++', CXX_FLAGS + where, text))
    errors = [e for e in errors if e]
    if not errors and not cxx:
        skip('C was fine, but there is no C++ compiler')
    return errors


def check_beside_xfsprogs(root, compiler, generated):
    errors = []
    where = ['-I', os.path.join(root, 'include'), '-I', generated]
    theirs = '#include <xfs/xfs.h>\n'
    ours = ''.join(f'#include <{h}>\n' for h in public_headers(root, generated))
    if compile_text(compiler, 'c', ['-D_GNU_SOURCE'], theirs):
        skip('<xfs/xfs.h> is not installed or does not compile alone')
    # Their header is not written for our warnings; ours must be silent behind it.
    flags = ['-std=gnu11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror']
    for text in (theirs + ours, ours + theirs):
        errors.append(compile_text(compiler, 'c', flags + where, text))
        if cxx_compiler():
            errors.append(compile_text(cxx_compiler(), 'c++', ['-std=gnu++17'] + where, text))
    errors = [e for e in errors if e]
    if not errors and not cxx_compiler():
        skip('C was fine, but there is no C++ compiler')
    return errors


def check_internal_headers(root, compiler, generated):
    errors = []
    flags = ['-std=gnu11', '-D_GNU_SOURCE', '-DXFSWRITE_DEBUG', '-DXFSWRITE_THREADS', '-Wall',
             '-Wextra', '-Werror', '-I', os.path.join(root, 'lib'),
             '-I', os.path.join(root, 'include'), '-I', generated]
    for header in files(root, ('lib',), re.compile(r'.*\.h$')):
        name = os.path.relpath(header, 'lib')
        if name.endswith('_tables.h'):
            continue  # data for one .c file, unused alone
        error = compile_text(compiler, 'c', flags, f'#include "{name}"\nextern int unused;\n')
        if error:
            errors.append(f'{header}:\n{error}')
    return errors


def make_tree(root, broken):
    """A small tree that all checks like, with the files of @broken put over it."""
    mit = '/* SPDX-License-Identifier: MIT */\n'
    tree = {
        'CMakeLists.txt': '# SPDX-License-Identifier: MIT\n',
        'lib/CMakeLists.txt': '# SPDX-License-Identifier: MIT\nset(XFSWRITE_LAYERS\n  low\n  high)\n',
        'lib/xfswrite.map': mit + 'V {\n\tglobal:\n\t\txfs_a;\n\t\txfs_b;\n\tlocal: *;\n};\n',
        'lib/low/low.h': mit,
        'lib/low/low_priv.h': mit,
        'lib/low/low.c': mit + '#include <stdio.h>\n#include <xfswrite/x.h>\n'
                               '#include "low/low.h"\n#include "low/low_priv.h"\n',
        'lib/high/high.c': mit + '#include "low/low.h"\n',
        'include/xfswrite/x.h': mit + '#define XFS_API\nXFS_API int xfs_a(void);\n'
                                      'XFS_API const char *\nxfs_b(int a,\n\tint b);\n',
        'examples/e.c': mit + '#include <xfswrite/x.h>\n',
        'tests/t.c': mit,
        'cmake/c.cmake': '# SPDX-License-Identifier: MIT\n',
    }
    tree.update(broken)
    for path, text in tree.items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
            f.write(text)


def check_self(_root):
    mit = '/* SPDX-License-Identifier: MIT */\n'
    cases = [
        (check_layers, {}, 0),
        (check_layers, {'lib/low/low.c': mit + '#include "high/high.h"\n'}, 1),
        (check_layers, {'lib/high/high.c': mit + '#include "low/low_priv.h"\n'}, 1),
        (check_layers, {'lib/low/low.c': mit + '#include "low.h"\n'}, 1),
        (check_layers, {'lib/low/low.c': mit + '  #  include "nowhere/x.h"\n'}, 1),
        (check_layers, {'lib/low/low.c': mit + '#include "xfswrite/x.h"\n'}, 1),
        (check_layers, {'lib/low/low.c': mit + '#include <low/low.h>\n'}, 1),
        (check_layers, {'lib/low/other_priv.h': mit}, 1),
        (check_layers, {'lib/else/x.c': mit}, 2),
        (check_layers, {'examples/e.c': mit + '#include "low/low.h"\n'}, 1),
        (check_layers, {'include/xfswrite/x.h': mit + '#include "low/low.h"\n'}, 1),
        (check_dead, {}, 0),
        (check_dead, {'lib/low/dead.h': mit}, 1),
        (check_spdx, {}, 0),
        (check_spdx, {'tests/t.c': 'int x;\n'}, 1),
        (check_spdx, {'lib/low/low.h': '\n\n\n' + mit}, 1),
        (check_length, {}, 0),
        (check_length, {'lib/low/low.c': '\n' * MAX_LINES}, 0),
        (check_length, {'lib/low/low.c': '\n' * (MAX_LINES + 1)}, 1),
        (check_words, {'tests/t.c': 'mkstemp("XX' 'XXXX");\n'}, 0),
        (check_words, {'tests/t.c': '/* TO' 'DO: more */\n'}, 1),
        (check_words, {'lib/low/low.h': '\n// FIX' 'ME\n/* X' 'XX */\n'}, 2),
        (check_labels, {}, 0),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n * (LOW-2) Two, by (LOW-1).\n */\n',
                        'tests/t.c': mit + '/* (LOW-2) */\n'}, 0),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n * (LOW-1) Two.\n */\n'}, 1),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n */\n',
                        'tests/t.c': mit + '/* (LOW-3) */\n'}, 1),
        (check_calls, {'lib/low/low.c': mit + 'int xfs_a(int x)\n{\n\treturn XFS_CALL(f(x));\n}\nint xfs_b(int x)\n{\n\treturn XFS_CALL_MOUNT(mp, g(x));\n}\n'}, 0),
        (check_calls, {'lib/low/low.c': mit + 'int xfs_a(int x)\n{\n\treturn f(x);\n}\n'}, 2),
        (check_calls, {'lib/low/low.c': mit + 'int xfs_b(int x)\n{\n\treturn x;\n}\n'}, 2),
        (check_calls, {'lib/xfswrite.map': 'V { global: xfs_root; local: *; };',
                       'lib/low/low.c': mit + 'int xfs_root(void)\n{\n\treturn XFS_CALL(f());\n}\n'}, 1),
        (check_map, {}, 0),
        (check_map, {'lib/xfswrite.map': 'V { global: xfs_b; xfs_a; local: *; };'}, 2),
        (check_map, {'lib/xfswrite.map': 'V { global: xfs_a; local: *; };'}, 2),
        (check_map, {'lib/xfswrite.map': 'V { global: xfs_a; xfs_b; xfs_c; local: *; };'}, 2),
        (check_map, {'include/xfswrite/x.h': '/* XFS_API int xfs_c(void); */\n'
                                             'XFS_API int xfs_a(void); XFS_API int xfs_b(void);'}, 0),
    ]
    errors = []
    for number, (check, broken, expected) in enumerate(cases):
        with tempfile.TemporaryDirectory() as root:
            make_tree(root, broken)
            found = check(root)
            if len(found) != expected:
                errors.append(f'case {number}, {check.__name__}: {len(found)} findings instead of '
                              f'{expected}: {found}')
    return errors


def main():
    checks = {name[len('check_'):]: fn for name, fn in globals().items() if name.startswith('check_')}
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        print(__doc__)
        return 2
    if sys.argv[1:] == ['map', '--update']:
        update_map('.')
        return 0
    errors = checks[sys.argv[1]]('.', *sys.argv[2:])
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
