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
words             nothing is left to be done; no word of a private language in comments of lib/
unused            every function of lib/ (the on-disk formats of lib/disk apart) is used by lib/ or
                  examples/, or is there for tests (FOR_TESTS); every macro by one of them
labels            an invariant of lib/, "(WORD-n)" at the head of a comment, has its label
                  for itself, whoever cites one cites one that exists, and a test cites it
homes             what has one home is written nowhere else (HOMES), and the checker
                  names the members and sizes of what it reads
calls             every function of lib/xfswrite.map is an XFS_CALL around its work, so that no
                  failure leaves without a description, or stands in CANNOT_FAIL
contracts         every public function has a comment that says what it does in a short first sentence,
                  what it returns, and its errors, or that it cannot fail; errors are errnos, sets of
                  errors exist, and so does every function that the comment names
flags             every flag of a public header has a comment
fill [--update]   paragraphs of comments in the public headers are filled to one width, and no line of
                  these headers is longer
arguments         every pointer that a public function takes is NULL in some call of
                  tests/unit/api/test_arguments.c: refused, or allowed
readmes           the table of layers in lib/README.md is that of lib/CMakeLists.txt, top
                  first; every folder of lib/ has a README.md that lists its files; tests/README.md
                  has the folders of tests/
openings          every .c and .h begins with its licence and a comment on what it is
names             files, functions and other identifiers on the pages of lib/, tests/ and
                  .github/ exist; a function beside a file in a table stands in that file
symbols           what a file of lib/ declares is not defined in a folder above it
map [--update]    lib/xfswrite.map lists what include/ marks XFS_API, sorted
exports LIB       the library, shared or static, exports exactly that
public_headers    each compiles alone, as C11, as C99 without extensions and as C++17
beside_xfsprogs   all of them together with <xfs/xfs.h>, in both orders and languages
internal_headers  each header of lib/ compiles alone
self              broken copies of small trees are found by the checks above
"""
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../lib/man'))
import contracts  # noqa: E402
import fill  # noqa: E402

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


# Folders of lib/ without code of the library.
NOT_LAYERS = ('man',)
# A second opinion does not go through what it judges: all that these folders may include.
APART = {
    'check': ('base', 'check', 'disk'),
}


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
    if other not in APART.get(folder, layers):
        return f'{folder} is a second opinion: it does not use {other}'
    if name.endswith('_priv.h') and other != folder:
        return f'this header is private to {other}'
    return None


def check_layers(root):
    errors = []
    layers = layer_list(root)
    if not layers:
        return ['lib/CMakeLists.txt: no XFSWRITE_LAYERS']
    for folder in sorted(os.listdir(os.path.join(root, 'lib'))):
        if os.path.isdir(os.path.join(root, 'lib', folder)) and \
                folder not in layers and folder not in NOT_LAYERS:
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


# Words of a private language; the field has terms for them (log reservation, write in place, close a checkpoint).
PRIVATE_WORDS = re.compile(r"\b(unripe|go(?:es)? home|of one's own)\b", re.I)


def check_words(root):
    # Put together here so that this file does not find itself.
    words = re.compile(r'\b(' + '|'.join(('TO' 'DO', 'FIX' 'ME', 'X' 'XX')) + r')\b')
    errors = []
    for path in list(files(root, ALL_DIRS)) + ['CMakeLists.txt']:
        for number, line in enumerate(read(root, path).split('\n'), 1):
            if words.search(line):
                errors.append(f'{path}:{number}: {line.strip()}')
    for path in files(root, ('lib',)):
        if not C_CODE.match(path):
            continue
        text = read(root, path)
        for comment in COMMENT.finditer(text):
            found = PRIVATE_WORDS.search(' '.join(re.sub(r'\n\s*\*', ' ', comment.group()).split()))
            if found:
                number = text.count('\n', 0, comment.start()) + 1
                errors.append(f'{path}:{number}: the comment says "{found.group()}"')
    return errors


DEFINED_MACRO = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)', re.M)
DEFINED_FUNCTION = re.compile(r'^(?:static |inline |extern |const |unsigned |struct |enum |\w+ )+\**(\w+)\([^;{}]*\)\s*\{', re.M)
DECLARED_FUNCTION = re.compile(r'^(?:static |inline |extern |const |unsigned |struct |enum |\w+ )+\**(\w+)\([^;{}]*\)[^;{}()]*(?:\([\d, ]*\))?;', re.M)
WORD = re.compile(r'\w+')
PASTED = re.compile(r'(\w+)[ \t]*##|##[ \t]*(\w+)')
# What only some builds, compilers or machines use.
USED_ELSEWHERE = {
    '_GNU_SOURCE', 'XFS_LOCKS_UNCHECKED',
}


# What lib/ offers to tests: to make things fail, to look inside.  Only tests call these.
FOR_TESTS = {
    # memory that fails, rules of the journal that are broken on purpose
    'xfs_mem_fail_exempt', 'xfs_mem_fail_met', 'xfs_sabotage_set', 'xfs_rule_name',
    # one source of random numbers for library and tests
    'xfs_rand_below',
    # the order of locks, traces, numbers of what was done
    'xfs_lock_order_set_fatal', 'xfs_lock_order_violations', 'xfs_lock_order_held',
    'xfs_trace_dump', 'xfs_trace_count', 'xfs_queue_get_stats', 'xlog_get_stats',
    'xfs_trans_overdrafts', 'xfs_reserve_reset_lowest',
    # a map of extents is held against its rules
    'xfs_iext_count', 'xfs_iext_memory', 'xfs_iext_verify',
}


def check_unused(root):
    """Words that stand nowhere but where they are defined and declared, or but in tests."""
    uses, prefixes, suffixes, where = {}, set(), set(), {}
    in_tests, macros = {}, set()
    for path in files(root, ('lib', 'examples', 'tests', 'include'), re.compile(r'.*\.([chS]|cc|map|in)$')):
        text = COMMENT.sub(' ', read(root, path))
        count = in_tests if path.startswith('tests/') else uses
        for word in WORD.findall(text):
            count[word] = count.get(word, 0) + 1
        for left, right in PASTED.findall(text):
            prefixes.add(left)
            suffixes.add(right)
        if not path.startswith('lib/') or path.startswith('lib/disk/'):
            continue
        for pattern in (DEFINED_MACRO, DEFINED_FUNCTION, DECLARED_FUNCTION):
            for name in pattern.findall(text):
                where.setdefault(name, []).append(path)
                if pattern is DEFINED_MACRO:
                    macros.add(name)
    prefixes -= {''}
    suffixes -= {''}
    public = public_functions(root)
    errors = []
    for name, paths in sorted(where.items()):
        for_tests = name in macros or name in FOR_TESTS
        elsewhere = uses[name] - len(paths) + (in_tests.get(name, 0) if for_tests else 0)
        if elsewhere > 0 or name in public or name in USED_ELSEWHERE or name.endswith('_H'):
            continue
        if any(name.startswith(p) and len(p) > 3 for p in prefixes):
            continue
        if any(name.endswith(p) and len(p) > 3 for p in suffixes):
            continue
        errors.append(f'{paths[0]}: nobody uses {name}')
    return errors


# (what, how it is written, where it stands)
HOMES = [
    ('trimming an extent of a fork: xfs_irec_trim()',
     re.compile(r'\bbr_startblock [+-]= |\bbr_startblock \+ \([^()]* - [^()]*br_startoff'), {'lib/bmap/iext.h'}),
    ('where an extent of a fork ends: xfs_irec_end()',
     re.compile(r'\bbr_startoff \+ \w+(?:\.|->)br_blockcount'), {'lib/disk/irec.h'}),
]


# Members of what the checker reads have names in lib/disk.
PLAIN_OFFSET = re.compile(r'\b[gp]et_[bl]e(?:16|32|64)\([^;,]*\+ \d|\.(?:rec|key)len = \d')


def check_homes(root):
    errors = []
    for path in files(root, ('lib',), re.compile(r'.*\.[ch]$')):
        text = COMMENT.sub(' ', read(root, path))
        errors += [f'{path}: has a home: {what}' for what, pattern, homes in HOMES
                   if path not in homes and pattern.search(text)]
        if path.startswith('lib/check/'):
            errors += [f'{path}: an offset or a size as a plain number: {plain}'
                       for plain in PLAIN_OFFSET.findall(text)]
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
    return errors + check_shown(root, defined)


# Invariants that no test shows, with the reason.
NOT_SHOWN = {
    'CURSOR-1': 'a rule for callers; what breaks it is found by the sanitizers at most',
    'PAGECACHE-2': 'a rule for callers; what breaks it deadlocks',
}


def check_shown(root, defined):
    cited = set()
    for path in files(root, ('tests',)):
        if not path.startswith('tests/tidy/'):
            cited.update(LABEL_CITED.findall(read(root, path)))
    return ([f'{path}: no test cites ({label})' for label, path in sorted(defined.items())
             if label not in cited and label not in NOT_SHOWN] +
            [f'tests/tidy/tidy.py: NOT_SHOWN: ({label}) is cited by a test' for label in NOT_SHOWN
             if label in cited])


# ---- pages about the code -------------------------------------------------------------

LISTED = re.compile(r'`([\w-]+\.[ch])`')


def table_rows(text):
    """The tables of a page: lists of rows, a row a list of cells, the head first."""
    table = []
    for line in text.split('\n') + ['']:
        if line.startswith('|'):
            cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
            if not all(re.match(r':?-+:?$', cell) for cell in cells):
                table.append(cells)
        elif table:
            yield table
            table = []


def check_folder_table(root, path, wanted, ordered):
    if not os.path.exists(os.path.join(root, path)):
        return [f'{path}: is missing']
    for table in table_rows(read(root, path)):
        if table[0][0] == 'folder':
            found = [row[0].strip('`') for row in table[1:]]
            break
    else:
        return [f'{path}: no table of folders, whose head begins with "folder"']
    errors = [f'{path}: no row for {name}' for name in wanted if name not in found]
    errors += [f'{path}: {name} is no such folder' for name in found if name not in wanted]
    if not errors and ordered and found != wanted:
        errors.append(f'{path}: the layers stand in another order than in lib/CMakeLists.txt')
    return errors


def check_readmes(root):
    layers = layer_list(root)
    tests = os.path.join(root, 'tests')
    errors = check_folder_table(root, 'lib/README.md', layers[::-1], True)
    errors += check_folder_table(root, 'tests/README.md', [
        name for name in sorted(os.listdir(tests)) if os.path.isdir(os.path.join(tests, name))], False)
    for layer in layers:
        path = f'lib/{layer}/README.md'
        if not os.path.exists(os.path.join(root, path)):
            errors.append(f'{path}: is missing')
            continue
        listed = []
        for table in table_rows(read(root, path)):
            if table[0][0] == 'file':
                for row in table[1:]:
                    listed += LISTED.findall(row[0])
        there = {name for name in os.listdir(os.path.join(root, 'lib', layer))
                 if re.match(r'.*\.[ch]$', name)}
        errors += [f'{path}: {name} is not in its list of files' for name in sorted(there - set(listed))]
        errors += [f'{path}: there is no {name}' for name in sorted(set(listed) - there)]
        errors += [f'{path}: {name} is listed twice' for name in sorted(set(listed))
                   if listed.count(name) > 1]
    return errors


# A first comment of less says nothing.
OPENING_WORDS = 2


def check_openings(root):
    errors = []
    for path in files(root, CODE_DIRS + ('tests',), re.compile(r'.*\.[ch]$')):
        text = read(root, path)
        found = re.match(r'/\* SPDX-License-Identifier: [\w.-]+ \*/\n\s*/\*(.*?)\*/', text, re.S)
        if not found:
            errors.append(f'{path}: does not begin with its licence and a comment on what it is')
        elif len(re.findall(r'\w\w+', found.group(1))) < OPENING_WORDS:
            errors.append(f'{path}: its first comment does not say what it is')
    return errors


C_CODE = re.compile(r'.*\.[chS]$')
FILE_NAME = re.compile(r'[\w./-]+\.(?:[ch]|sh|py|cmake|md|txt|map)$')


def pages(root):
    for path in files(root, ('lib', 'tests', '.github'), re.compile(r'.*\.md$')):
        yield path


def page_names(text):
    """(kind, name) for the files, functions and identifiers that a page names."""
    for name in re.findall(r'\b([A-Za-z_]\w+)\(\)', text):
        yield 'function', name
    for quoted in re.findall(r'`([^`\n]+)`', text):
        if FILE_NAME.match(quoted) and '<' not in quoted:
            yield 'file', quoted
        elif re.match(r'[A-Za-z]\w*_\w*\*?$', quoted):
            yield 'identifier', quoted


def names_in_tables(text):
    for table in table_rows(text):
        for row in table:
            if len(row) < 2:
                continue
            path = re.match(r'`([\w/.-]+/[\w.-]+\.[ch])`$', row[0])
            if path:
                for name in re.findall(r'`(\w+)\(\)`', row[1]):
                    yield path.group(1), name


def check_names(root):
    words, errors = set(), []
    for path in files(root, ALL_DIRS):
        if path.startswith('tests/tidy/'):
            continue
        text = read(root, path)
        # Tests are named after their files.
        words.add(os.path.splitext(os.path.basename(path))[0])
        words.add(re.sub(r'^tests/unit/(\w+)/test_(\w+)\.c$', r'unit_\1_\2', path))
        words.update(re.findall(r'[A-Za-z_]\w+', COMMENT.sub('', text) if C_CODE.match(path) else text))
    for path in pages(root):
        text = read(root, path)
        places = (root, os.path.join(root, 'lib'), os.path.join(root, os.path.dirname(path)))
        for kind, name in sorted(set(page_names(text))):
            if kind == 'file':
                good = any(os.path.exists(os.path.join(place, name)) for place in places)
            elif name.endswith('*'):
                good = any(word.startswith(name[:-1]) for word in words)
            else:
                good = name in words
            if not good:
                errors.append(f'{path}: there is no {kind} {name}')
        for where, name in sorted(set(names_in_tables(text))):
            full = os.path.join(root, 'lib', where)
            if os.path.exists(full) and not re.search(r'^[A-Za-z][^;\n]*\b' + name + r'\(',
                                                      read(root, f'lib/{where}'), re.M):
                errors.append(f'{path}: {name}() does not stand in {where}')
    return errors


# ---- declared below, defined above ---------------------------------------------------------

# Calls that go up without an ops table, with the reason.
UPWARD = {
}


def top_level(text):
    """The declarations and definitions of a C file: (text before, "{" or ";")."""
    text = COMMENT.sub(' ', text)
    text = re.sub(r'\\\n', ' ', text)
    text = re.sub(r'^[ \t]*#[^\n]*', '', text, flags=re.M)
    text = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', '0', text)
    start, depth = 0, 0
    for at, char in enumerate(text):
        if char == '{':
            if depth == 0:
                yield text[start:at].strip(), '{'
            depth += 1
        elif char == '}':
            depth -= 1
            if depth == 0:
                start = at + 1
        elif char == ';' and depth == 0:
            yield text[start:at].strip(), ';'
            start = at + 1


ATTRIBUTE = re.compile(r'\bXFS_MUST_CHECK\b|\bXFS_PRINTF\s*\([^)]*\)|\b__attribute__\s*\(\(.*?\)\)', re.S)


def symbol_of(head):
    """The name that a declaration or definition is about; None: a type or a variable's rest."""
    head = ATTRIBUTE.sub('', head).strip()
    if not head or head.startswith(('typedef', '_Static_assert', 'static_assert')):
        return None
    before = head.split('=')[0].split('(')[0] if '(' in head.split('=')[0] else head.split('=')[0]
    found = re.search(r'(\w+)\s*(\[[^\]]*\]\s*)*$', before.strip())
    if not found or len(before.split()) < 2 and '(' not in head:
        return None
    return found.group(1)


def symbols_of(text):
    declared, defined = set(), set()
    for head, end in top_level(text):
        if re.match(r'(.*\s)?static\b', head) or not head:
            continue
        name = symbol_of(head)
        function = '(' in head.split('=')[0]
        if not name:
            continue
        if head.startswith('extern') and not function:
            declared.update(re.findall(r'\b(\w+)\s*(?:\[[^\]]*\]\s*)*(?=,|$)', head))
        elif end == '{' and (function or '=' in head) or not function:
            defined.add(name)
        elif end == ';':
            declared.add(name)
    return declared, defined


def check_symbols(root):
    layers = layer_list(root)
    declared, defined, errors = [], {}, []
    for path in files(root, ('lib',), re.compile(r'.*\.[ch]$')):
        folder = path.split('/')[1]
        if folder not in layers:
            continue
        here, there = symbols_of(read(root, path))
        declared += [(name, path, folder) for name in here]
        if path.endswith('.c'):
            defined.update({name: (path, folder) for name in there})
    used = set()
    for name, path, folder in sorted(declared):
        where, above = defined.get(name, (None, folder))
        if layers.index(above) <= layers.index(folder):
            continue
        used.add(name)
        if name not in UPWARD:
            errors.append(f'{path}: {name} is defined above it, in {where}')
    return errors + [f'tests/tidy/tidy.py: UPWARD: {name} goes up no more'
                     for name in UPWARD if name not in used]


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
    'xfs_library_has', 'xfs_library_version', 'xfs_root', 'xfs_thread_nowait',
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


LONGEST_SUMMARY = 72


def contract_errors(group, sets, names):
    """What is wrong with the comment of a group of functions."""
    summary = group.summary[0]
    if not summary or len(summary) > LONGEST_SUMMARY or '@' in summary or ':' in summary:
        yield f'its first sentence does not say shortly what it does: "{summary}"'
    if not group.returns:
        yield 'no paragraph begins with "Returns" or "Cannot fail"'
    if group.cannot_fail == bool(group.sets):
        yield 'it needs either a paragraph "Errors:" or the words "Cannot fail"'
    named, functions = group.used_sets(sets)
    if group.sets and not (named or functions or group.errors):
        yield 'its errors are neither listed nor those of a set or function'
    unknown = [name for name in re.findall(r'\bof ([a-z]+(?: [a-z]+)*?)(?= and\b|[,:.]|$)', group.sets)
               if name not in sets]
    unknown += [name for name in functions if name not in names]
    for name in unknown:
        yield f'there are no errors of {name}'
    for item in group.errors:
        for name in item[0]:
            if not hasattr(errno, name):
                yield f'{name} is no errno'
    text = ' '.join(str(value) for _, value in group.text + group.after) + group.returns
    for name in re.findall(r'\b(xfs_\w+)\(\)', text):
        if name not in names:
            yield f'there is no {name}()'


def check_contracts(root):
    errors, names = [], public_functions(root)
    headers = contracts.read_headers(os.path.join(root, 'include/xfswrite'))
    sets = {name: items for header in headers for name, items in header.sets.items()}
    for header in headers:
        errors += [f'{header.name}: {name}: no comment directly above it' for name in header.bare]
        for group in header.groups:
            errors += [f'{header.name}: {group.functions[0].name}: {error}'
                       for error in contract_errors(group, sets, names)]
    return errors


def check_flags(root):
    errors = []
    for path in files(root, ('include',), re.compile(r'.*\.h$')):
        text = read(root, path)
        for flag in re.finditer(r'^#define[ \t]+(XFS_\w+)[ \t]+(?:\(1u << \d+\)|0x[0-9a-f]+u)([^\n]*)$', text, re.M):
            above = re.search(r'^( \*/|/\*.*)\n$', ('\n' + text[:flag.start()]).split('\n')[-2] + '\n')
            if '/*' not in flag.group(2) and not above:
                errors.append(f'{path}: {flag.group(1)}: no comment')
    return errors


def check_fill(root):
    errors = []
    for path in files(root, ('include',), re.compile(r'.*\.h$')):
        lines = read(root, path).split('\n')
        filled = fill.fill_text('\n'.join(lines)).split('\n')
        for number, (line, other) in enumerate(zip(lines, filled), 1):
            if line != other:
                errors.append(f'{path}:{number}: not filled to {fill.WIDTH} columns; '
                              '"tests/tidy/tidy.py fill --update" fills all')
                break
        errors += [f'{path}:{number}: longer than {fill.WIDTH} columns'
                   for number, line in enumerate(lines, 1) if fill.visible(line) > fill.WIDTH]
    return errors


def update_fill(root):
    for path in files(root, ('include',), re.compile(r'.*\.h$')):
        text = read(root, path)
        with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
            f.write(fill.fill_text(text))


ARGUMENTS = 'tests/unit/api/test_arguments.c'


def closing(text, start):
    """Where the bracket ends that is open at @start."""
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] in '([{') - (text[at] in ')]}')
        if not depth:
            return at
    return len(text)


def arguments(text):
    """The parts of @text between commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in '([{') - (char in ')]}')
        if char == ',' and not depth:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return parts + [text[begin:].strip()]


def check_arguments(root):
    errors, calls = [], {}
    try:
        test = COMMENT.sub('', read(root, ARGUMENTS))
    except FileNotFoundError:
        return []
    for match in re.finditer(r'\b(xfs_\w+)\(', test):
        calls.setdefault(match.group(1), []).append(
            arguments(test[match.end():closing(test, match.end())]))
    for path in files(root, ('include',), re.compile(r'.*\.h$')):
        text = COMMENT.sub('', read(root, path))
        for match in re.finditer(r'\bXFS_API\s[^;{}]*?\b(xfs_\w+)\(', text):
            name = match.group(1)
            if name not in calls:
                errors.append(f'{ARGUMENTS}: no call of {name}')
                continue
            taken = arguments(text[match.end():closing(text, match.end())])
            for number, argument in enumerate(taken):
                if not ('*' in argument or argument.endswith(']') or '_fn ' in argument):
                    continue
                if not any(len(call) > number and call[number] == 'NULL' for call in calls[name]):
                    errors.append(f'{ARGUMENTS}: no call of {name} where "{argument}" is NULL')
    return errors


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
    head = mit + '/* What it is for. */\n'
    tree = {
        'CMakeLists.txt': '# SPDX-License-Identifier: MIT\n',
        'lib/CMakeLists.txt': '# SPDX-License-Identifier: MIT\nset(XFSWRITE_LAYERS\n  low\n  high)\n',
        'lib/README.md': '| folder | what |\n|---|---|\n| `high` | x |\n| `low` | y |\n',
        'lib/low/README.md': '| file | what |\n|---|---|\n| `low.h`, `low_priv.h` | x |\n| `low.c` | y |\n',
        'lib/high/README.md': '| file | what |\n|---|---|\n| `high.c` | calls `low_call()` |\n',
        'lib/xfswrite.map': mit + 'V {\n\tglobal:\n\t\txfs_a;\n\t\txfs_b;\n\tlocal: *;\n};\n',
        'lib/low/low.h': head + 'int low_call(int a) XFS_MUST_CHECK;\nextern const struct s low_data;\n',
        'lib/low/low_priv.h': head,
        'lib/low/low.c': head + '#include <stdio.h>\n#include <xfswrite/x.h>\n'
                                '#include "low/low.h"\n#include "low/low_priv.h"\n'
                                'int low_call(int a)\n{\n\treturn a;\n}\n'
                                'const struct s low_data = {\n\t.a = 1,\n};\n',
        'lib/high/high.c': head + '#include "low/low.h"\nint high_call(void)\n{\n\treturn low_call(1);\n}\n',
        'include/xfswrite/x.h': head + '#define XFS_API\nXFS_API int xfs_a(void);\n'
                                       'XFS_API const char *\nxfs_b(int a,\n\tint b);\n',
        'examples/e.c': head + '#include <xfswrite/x.h>\n',
        'tests/t.c': head,
        'tests/README.md': '| folder | what |\n|---|---|\n| `unit` | x |\n',
        'tests/unit/test_low.c': head,
        'cmake/c.cmake': '# SPDX-License-Identifier: MIT\n',
    }
    tree.update(broken)
    for path, text in tree.items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
            f.write(text)


CONTRACT = '''/*
 * Errors of things: some.
 *  -EIO: the thing failed.
 */

/*
 * Do it.  As xfs_b(), and @how.
 *
 * Returns 0.
 *
 * Errors: those of things, and:
 *  -EROFS, -EPERM: it cannot be done.
 */
XFS_API int xfs_a(int how);
XFS_API int xfs_b(int how);
'''


def check_self(_root):
    mit = '/* SPDX-License-Identifier: MIT */\n'
    head = mit + '/* What it is for. */\n'
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
        (check_layers, {'lib/CMakeLists.txt': 'set(XFSWRITE_LAYERS disk low high check)',
                        'lib/check/c.c': mit + '#include "disk/d.h"\n#include "low/low.h"\n'}, 1),
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
        (check_words, {'lib/low/low.h': '/*\n * Blocks that go\n * home.\n */\nint go_home;\n'}, 1),
        (check_unused, {'lib/high/high.c': mit, 'lib/low/low.h': mit + '#define LOW_A 1\n#define LOW_B LOW_A\nint low_f(int a);\n',
                        'lib/low/low.c': mit + 'int low_f(int a)\n{\n\treturn LOW_B + a;\n}\n',
                        'examples/e.c': mit + 'int x = low_f(1);\n'}, 0),
        (check_unused, {'lib/high/high.c': mit, 'lib/low/low.h': mit + 'int low_f(int a);\n',
                        'lib/low/low.c': mit + 'int low_f(int a)\n{\n\treturn a;\n}\n',
                        'tests/t.c': mit + 'int x = low_f(1);\n'}, 1),
        (check_unused, {'lib/high/high.c': mit, 'lib/low/low.h': mit + '#define LOW_A 1\nint low_f(int a);\n',
                        'lib/low/low.c': mit + 'int low_f(int a)\n{\n\treturn a; /* LOW_A */\n}\n'}, 2),
        (check_homes, {'lib/bmap/iext.h': 'a->br_startblock += b;\nc = a.br_startoff + x;\n'}, 0),
        (check_homes, {'lib/low/low.c': 'a->br_startblock += b;\n', 'lib/high/high.c': 'e = a.br_startoff + a.br_blockcount;\n'}, 2),
        (check_homes, {'lib/check/c.c': 'n = get_be32(rec + 4);\nconst struct t t = { .reclen = 8 };\n'}, 2),
        (check_homes, {'lib/low/low.c': 'b = a->br_startblock + (off - a->br_startoff);\n'}, 1),
        (check_labels, {}, 0),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n * (LOW-2) Two, by (LOW-1).\n */\n',
                        'tests/t.c': mit + '/* (LOW-2) (LOW-1) */\n'}, 0),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n * (LOW-1) Two.\n */\n',
                        'tests/t.c': mit + '/* (LOW-1) */\n'}, 1),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n */\n'}, 1),
        (check_labels, {'lib/low/low.h': mit + '/*\n * (LOW-1) One.\n */\n',
                        'tests/t.c': mit + '/* (LOW-1) (LOW-3) */\n'}, 1),
        (check_calls, {'lib/low/low.c': mit + 'int xfs_a(int x)\n{\n\treturn XFS_CALL(f(x));\n}\nint xfs_b(int x)\n{\n\treturn XFS_CALL_MOUNT(mp, g(x));\n}\n'}, 0),
        (check_calls, {'lib/low/low.c': mit + 'int xfs_a(int x)\n{\n\treturn f(x);\n}\n'}, 2),
        (check_calls, {'lib/low/low.c': mit + 'int xfs_b(int x)\n{\n\treturn x;\n}\n'}, 2),
        (check_calls, {'lib/xfswrite.map': 'V { global: xfs_root; local: *; };',
                       'lib/low/low.c': mit + 'int xfs_root(void)\n{\n\treturn XFS_CALL(f());\n}\n'}, 1),
        (check_readmes, {}, 0),
        (check_readmes, {'lib/CMakeLists.txt': 'set(XFSWRITE_LAYERS high low)'}, 1),
        (check_readmes, {'lib/CMakeLists.txt': 'set(XFSWRITE_LAYERS low high top)'}, 2),
        (check_readmes, {'lib/README.md': '| folder | x |\n|---|---|\n| `high` | x |\n| `low` | y |\n'
                                          '| `mid` | z |\n'}, 1),
        (check_readmes, {'lib/README.md': 'no table\n'}, 1),
        (check_readmes, {'lib/low/more.c': ''}, 1),
        (check_readmes, {'tests/model/m.c': ''}, 1),
        (check_readmes, {'lib/low/README.md': '| file | x |\n|---|---|\n| `low.h` `gone.c` | `low.c` |\n'}, 3),
        (check_readmes, {'lib/high/README.md': '| file | x |\n|---|---|\n| `high.c` | x |\n'
                                               '| `high.c` | y |\n'}, 1),
        (check_openings, {}, 0),
        (check_openings, {'tests/t.c': mit + 'int x;\n'}, 1),
        (check_openings, {'lib/low/low.c': '/* What it is for. */\n' + mit}, 1),
        (check_openings, {'examples/e.c': mit + '/* x */\nint x;\n'}, 1),
        (check_openings, {'lib/low/low_priv.h': mit + '#include <stdio.h>\n/* Too late to say it. */\n'}, 1),
        (check_names, {}, 0),
        (check_names, {'lib/high/README.md': 'calls `low_gone()` and low_lost() and `low_call()`\n'}, 2),
        (check_names, {'lib/high/README.md': '`low/low.c` `high.c` `lib/low/low.h` `low.c` `low/gone.h`\n'}, 2),
        (check_names, {'lib/high/README.md': '`low_d*` `low_data` `low_datum` `lost_*`\n'}, 2),
        (check_names, {'lib/high/README.md': '`unit_high_x` `unit_high_y` `test_x`\n',
                       'tests/unit/high/test_x.c': ''}, 1),
        (check_names, {'lib/README.md': '| `low/low.c` | `low_call()` |\n| `low/low.c` | `high_call()` |\n'}, 1),
        (check_symbols, {}, 0),
        (check_symbols, {'lib/low/low.h': 'int high_call(void);\n'}, 1),
        (check_symbols, {'lib/low/low.h': '#define X(a) \\\n\tf(a);\nint\nhigh_call(void)\n\t'
                                          '__attribute__((noreturn));\n'}, 1),
        (check_symbols, {'lib/low/low.h': 'extern const struct s top;\nextern int one, two;\n',
                         'lib/high/high.c': 'const struct s top = {\n\t.a = { 1 },\n};\n'
                                            'int two = 2;\nstatic int one;\n'}, 2),
        (check_symbols, {'lib/low/low.c': 'static int high_call(void);\nint f(void)\n{\n\tint high_call;\n'
                                          '\thigh_call = g();\n}\n'}, 0),
        (check_contracts, {}, 2),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT}, 0),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('Do it.', 'Do @it.')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('Do it', 'Do' + ' it' * 30)}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('Returns 0', 'Gives 0')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('Errors: ', 'Fails: ')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('0.\n', '0.  Cannot fail.\n')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('of things, and', 'of stuff, and')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('EROFS', 'EREADONLY')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace('As xfs_b()', 'As xfs_c()')}, 1),
        (check_contracts, {'include/xfswrite/x.h': head + CONTRACT.replace(' */\nXFS', ' */\n\nXFS')}, 2),
        (check_flags, {'include/xfswrite/x.h': '#define XFS_A (1u << 0) /* a */\n/* b */\n#define XFS_B 0x2u\n'}, 0),
        (check_flags, {'include/xfswrite/x.h': '#define XFS_A (1u << 0) /* a */\n#define XFS_B 0x2u\n'}, 1),
        (check_fill, {}, 0),
        (check_fill, {'include/xfswrite/x.h': head + '/*\n * Two words\n * on two lines.\n */\n'}, 1),
        (check_fill, {'include/xfswrite/x.h': head + '/*\n * Two.  Sentences.\n *\tA\ttable\n *\tof two\n */\n'}, 0),
        (check_fill, {'include/xfswrite/x.h': head + '/*\n * A list:\n *  - one\n *  - two\n */\n'}, 0),
        (check_fill, {'include/xfswrite/x.h': head + '/*\n * A list:\n *  - one\n *    two\n */\n'}, 1),
        (check_fill, {'include/xfswrite/x.h': head + '/*\n *' + ' word' * 30 + '\n */\n'}, 2),
        (check_fill, {'include/xfswrite/x.h': head + '#define A\t\t' + 'a' * 90 + '\n'}, 1),
        (check_arguments, {}, 0),
        (check_arguments, {ARGUMENTS: 'R(xfs_a()); R(xfs_b());'}, 0),
        (check_arguments, {ARGUMENTS: '/* xfs_a() */ R(xfs_b());'}, 1),
        (check_arguments, {ARGUMENTS: 'R(xfs_a(&(struct s){ 1, 2 }, NULL, 0)); R(xfs_b());',
                           'include/xfswrite/x.h': 'XFS_API int xfs_a(struct s *s, v_fn fn, int x)\n'
                                                   '\tXFS_OLD;\nXFS_API int xfs_b(void);'}, 1),
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
    if sys.argv[1:] == ['fill', '--update']:
        update_fill('.')
        return 0
    errors = checks[sys.argv[1]]('.', *sys.argv[2:])
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
