# SPDX-License-Identifier: MIT
"""
Reads the contracts of public functions: the comments in include/xfswrite/.  They are plain C comments;
what they have in common, so that man pages can be made of them and tests can judge them:

 - The comment of a function, or of a group of functions that it describes together, stands directly
   above the declarations.  Its first sentence says what they do and is short: it becomes the NAME line.
 - A paragraph that begins with "Returns" tells the result; a function without errors "Cannot fail".
 - "Errors:" begins the paragraph that names sets of errors ("those of every call, of paths, and:",
   "those of xfs_pwrite(), and:"), and the list behind it the function's own, one item for each cause:

	 *  -ENOENT: the path is empty.
	 *  -EISDIR, -ENODEV: not a regular file.

 - "Errors of paths:" at the head of a header begins the list of the set "paths".
 - @name is an argument or a member.  Lines that begin with a tab are shown as they are.
"""
import os
import re

COMMENT = re.compile(r'^/\*\n(?: \*[^\n]*\n)*? \*/\n|^/\*[^\n]*\*/\n', re.M)
ITEM = re.compile(r'  - ?')


def blocks_of(comment):
    """The parts of a comment: ('text', str), ('list', [str]), ('literal', [line])."""
    text = comment.strip()
    if '\n' not in text:
        return [('text', text[2:-2].strip())]
    blocks, open_block = [], None
    for line in text.split('\n')[1:-1]:
        line = line[2:]
        if not line.strip():
            open_block = None
        elif line.startswith('\t'):
            if open_block != 'literal':
                blocks.append(('literal', []))
            blocks[-1][1].append(line[1:])
            open_block = 'literal'
        elif ITEM.match(line):
            if open_block != 'list':
                blocks.append(('list', []))
            # "  - text" is an item of words, "  -ENOENT: text" one that names errors.
            blocks[-1][1].append(line[4:] if line.startswith('  - ') else line[2:])
            open_block = 'list'
        elif open_block == 'list' and line.startswith('    '):
            blocks[-1][1][-1] += ' ' + line.strip()
        elif open_block == 'text':
            blocks[-1] = ('text', blocks[-1][1] + ' ' + line.strip())
        else:
            blocks.append(('text', line.strip()))
            open_block = 'text'
    return blocks


def error_items(items):
    """[(['ENOENT', ...], text)] of a list of errors; None: it is another list."""
    found = []
    for item in items:
        match = re.match(r'((?:-E[A-Z0-9]+(?: \([^)]*\))?(?:, )?)+): (.*)', item)
        if not match:
            return None
        found.append((re.findall(r'-(E[A-Z0-9]+)', match.group(1)), match.group(2), match.group(1)))
    return found


class Function:
    def __init__(self, name, result, arguments):
        self.name, self.result, self.arguments = name, result, arguments


class Group:
    """Functions that one comment describes."""

    def __init__(self, header, blocks, functions):
        self.header, self.functions = header, functions
        self.text = []          # what is neither result nor errors
        self.returns = ''
        self.sets = ''          # the paragraph "Errors: ..."; '': there is none
        self.errors = []        # (names, text, names as written)
        self.after = []         # what stands behind the list of errors
        for kind, value in blocks:
            items = error_items(value) if kind == 'list' else None
            if kind == 'text' and value.startswith('Errors:'):
                self.sets = value
            elif kind == 'text' and (value.startswith('Returns ') or value.startswith('Cannot fail')):
                self.returns = (self.returns + ' ' + value).strip()
            elif items is not None and self.sets and not self.errors:
                self.errors = items
            elif self.sets:
                self.after.append((kind, value))
            else:
                self.text.append((kind, value))

    @property
    def cannot_fail(self):
        return 'Cannot fail' in self.returns

    @property
    def summary(self):
        """The first sentence, and what is left of its paragraph."""
        if not self.text or self.text[0][0] != 'text':
            return '', ''
        first, _, rest = self.text[0][1].partition('. ')
        return first.rstrip('.'), rest.strip()

    def used_sets(self, sets):
        """Names of the sets that the comment names, and of functions whose errors it has, too."""
        names = [name for name in sets
                 if re.search(r'\b(?:those|and|,) ?(?:for [^,]*, )?of ' + name + r'\b', self.sets)]
        return names, re.findall(r'\bthose of (xfs_\w+)\(\)', self.sets)


def split_arguments(text):
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in '([{') - (char in ')]}')
        if char == ',' and not depth:
            parts.append(text[begin:at])
            begin = at + 1
    return [' '.join(part.split()) for part in parts + [text[begin:]]]


def functions_of(code):
    code = re.sub(r'/\*.*?\*/', '', code, flags=re.S)
    for declaration in re.findall(r'\bXFS_API\s+([^;]*);', code):
        match = re.match(r'(.*?)\b(xfs_\w+)\s*\((.*)\)\s*$', declaration, re.S)
        yield Function(match.group(2), ' '.join(match.group(1).split()),
                       split_arguments(match.group(3)))


class Header:
    def __init__(self, path):
        with open(path, encoding='utf-8') as f:
            self.text = f.read()
        self.name = 'xfswrite/' + os.path.basename(path)
        self.groups, self.sets, self.bare = [], {}, []
        comments = list(COMMENT.finditer(self.text))
        begin = 0
        for number, comment in enumerate(comments):
            # Declarations that stand before this comment, and not directly below the one before.
            self.bare += [f.name for f in functions_of(self.text[begin:comment.start()])]
            end = comments[number + 1].start() if number + 1 < len(comments) else len(self.text)
            code = self.text[comment.end():end]
            stop = re.search(r'^[ \t]*$|^#endif', code, re.M)
            begin = comment.end() + (stop.start() if stop else len(code))
            blocks = blocks_of(comment.group(0))
            functions = list(functions_of(self.text[comment.end():begin]))
            if functions:
                self.groups.append(Group(self.name, blocks, functions))
            self._read_sets(blocks)
        self.bare += [f.name for f in functions_of(self.text[begin:])]

    def _read_sets(self, blocks):
        for (kind, value), (next_kind, items) in zip(blocks, blocks[1:]):
            match = re.match(r'Errors of ([a-z ]+):', value) if kind == 'text' else None
            if match and next_kind == 'list' and error_items(items) is not None:
                self.sets[match.group(1)] = error_items(items)


def read_headers(folder):
    return [Header(os.path.join(folder, name)) for name in sorted(os.listdir(folder))
            if name.endswith('.h')]
