#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Makes the manual pages of section 3: pages.py HEADERS OVERVIEW VERSION OUT

HEADERS   the folder of the public headers; contracts.py tells what their comments have in common
OVERVIEW  libxfswrite.3.in, which is kept by hand: @VERSION@ is replaced, and its date is that of all pages
VERSION   of the library
OUT       a folder that is made anew: man3/ in it gets a page for each group of functions that one comment
          describes, named after the first of them, a link to it for each of the others, and the overview

The pages are man(7), as those of the system calls are.
"""
import os
import re
import shutil
import sys
import textwrap

sys.dont_write_bytecode = True
import contracts  # noqa: E402

DEFINE = re.compile(r'^#define (XFS_\w+)\s+(\S.*?)(?:\t+/\* (.*?) \*/)?$', re.M)
MACRO = re.compile(r'\(1u << \d+\)$|0x[0-9a-f]+u$|\d+u$')
WIDTH = 78
# Types of which a page would show more than it says: each has a page or header of its own.
SHOWN_ELSEWHERE = ('xfs_timespec', 'xfs_env', 'xfs_device')


def special(text):
    """Characters that roff would take for something else."""
    text = text.replace('\\', '\\e')
    return re.sub(r'[\^~`]', lambda m: {'^': r'\(ha', '~': r'\(ti', '`': r'\(ga'}[m.group(0)], text)


def protect(line):
    """A line that begins like a macro does not become one."""
    return r'\&' + line if line[:1] in ('.', "'") else line


def escape(text):
    text = special(text)
    text = re.sub(r'(?<![\w-])-(?=[E\d])|(?<=[\d^])-(?=\d)|(?<=Wl,)-|(?<= )-(?=[DIl])', r'\-', text)
    text = re.sub(r'(?<!\w)@(\w+)', r'\\fI\1\\fP', text)
    return re.sub(r'\b(xfs_\w+)\(\)', r'\\fB\1\\fP(3)', text)


def words(text):
    """Text lines: each sentence begins a line, so that the formatter spaces them."""
    parts = re.split(r'(?<!\.\.)(?<=[.?!])(\)?)  ', text)
    out = []
    for at in range(0, len(parts), 2):
        sentence = parts[at] + (parts[at + 1] if at + 1 < len(parts) else '')
        out += textwrap.wrap(escape(' '.join(sentence.split())), WIDTH, break_long_words=False,
                             break_on_hyphens=False)
    return [protect(line) for line in out]


def capital(text):
    """Names stay as they are."""
    return text if re.match(r'xfs|\w+_|@', text) else text[0].upper() + text[1:]


def literal(lines):
    """Lines as they are; indented if there is room."""
    width = max(len(line.expandtabs(8)) for line in lines)
    out = [protect(special(line.expandtabs(8).rstrip()).replace('-', r'\-')) for line in lines]
    return ['.PP', f'.RS {4 if width < 70 else 0}', '.EX'] + out + ['.EE', '.RE']


def paragraphs(parts, first):
    """The parts of a comment; @first: directly below a heading."""
    out = []
    for kind, value in parts:
        if kind == 'literal':
            out += literal(value)
        elif kind == 'list':
            for item in value:
                out += [r'.IP \(bu 2'] + words(capital(item.lstrip('- ')))
        else:
            out += ([] if first else ['.PP']) + words(value)
        first = False
    return out


class Source:
    """What the headers declare besides functions."""

    def __init__(self, headers):
        self.types, self.flags = {}, {}
        for header in headers:
            for found in re.finditer(r'^(struct|enum) (\w+) \{\n.*?^\};', header.text, re.M | re.S):
                self.types[found.group(2)] = found.group(0)
            for found in DEFINE.finditer(header.text):
                if MACRO.match(found.group(2)):
                    self.flags[found.group(1)] = found.group(3) or self._above(header, found.start())

    @staticmethod
    def _above(header, end):
        comment = [c for c in contracts.COMMENT.finditer(header.text) if c.end() == end]
        return contracts.blocks_of(comment[0].group(0))[0][1] if comment else ''

    def of_group(self, group):
        """Names of the types that arguments are, or that these hold."""
        names, todo = [], re.findall(r'\b(?:struct|enum) (\w+)',
                                     ' '.join(a for f in group.functions for a in f.arguments))
        while todo:
            name = todo.pop(0)
            if name in self.types and name not in names and name not in SHOWN_ELSEWHERE:
                names.append(name)
                todo += re.findall(r'^\tstruct (\w+) |\benum (xfs_\w+)', self.types[name], re.M)
                todo = [t if isinstance(t, str) else t[0] or t[1] for t in todo]
        return names

    def flags_of(self, group, names):
        """(flag, meaning) of the flags that the comment, or a type, names as XFS_..._*."""
        text = ' '.join(str(value) for _, value in group.text)
        text += ' '.join(self.types[name] for name in names)
        found = {}
        for prefix in re.findall(r'\b(XFS_[A-Z0-9_]+_)\*', text):
            found.update((flag, meaning) for flag, meaning in self.flags.items()
                         if flag.startswith(prefix))
        return found.items()


def error_list(items):
    out = []
    for names, text, _ in items:
        out += ['.TP', '.BR ' + ' ", " '.join(f'\\-{name}' for name in names)] + words(capital(text))
    return out


def errors_section(group, sets):
    if group.cannot_fail:
        return []
    named, functions = group.used_sets(sets)
    out = ['.SH ERRORS'] + error_list(group.errors) + paragraphs(group.after, False)
    for name in named:
        if name == 'every call':
            continue
        out += ['.PP'] if len(out) > 1 else []
        out += [f'Errors of {name}:'] + error_list(sets[name])
    if functions:
        out += ['.PP'] if len(out) > 1 else []
        out += words('Also those of ' + ', '.join(f'{name}()' for name in functions) + '.')
    if 'every call' in named or functions or {'quota calls', 'shared blocks'} & set(named):
        out += ['.PP'] if len(out) > 1 else []
        out += words('Also those of every call: ' + ', '.join(
            f'-{name}' for item in sets['every call'] for name in item[0]) + '; see libxfswrite().')
    return [line.replace('libxfswrite().', r'\fBlibxfswrite\fP(3).') for line in out]


def split_argument(text):
    """(type, name, rest): the name is what stands in italics."""
    found = re.match(r'(.*?)(\w+)((?:\[\d*\])?)$', text)
    if text == 'void' or not found or '(' in text:
        return text, '', ''
    return found.groups()


def synopsis(group):
    out = ['.SH SYNOPSIS', '.nf', f'.B #include <{group.header}>']
    for function in group.functions:
        head = function.result + ('' if function.result.endswith('*') else ' ') + function.name + '('
        line, column = [head], len(head)
        out.append('.PP')
        for number, argument in enumerate(function.arguments):
            end = ');' if number == len(function.arguments) - 1 else ', '
            if column + len(argument) + len(end) > WIDTH and number:
                out.append(alternate(line))
                line, column = [' ' * len(head)], len(head)
            kind, name, rest = split_argument(argument)
            line[-1] += kind
            if name:
                line += [name, rest + end]
            else:
                line[-1] += end
            column += len(argument) + len(end)
        out.append(alternate(line))
    return out + ['.fi']


def alternate(parts):
    parts = [special(part).replace('"', r'\(dq') for part in parts]
    return '.BI ' + ' '.join(f'"{part.rstrip() if part is parts[-1] else part}"' for part in parts)


def see_also(group, known):
    own = {f.name for f in group.functions}
    text = ' '.join(str(value) for _, value in group.text + group.after) + group.returns + \
        group.sets + ' '.join(item[1] for item in group.errors)
    names = {known[name] for name in re.findall(r'\b(xfs_\w+)\(\)', text) if name in known}
    names = ['libxfswrite'] + sorted(names - own)
    return ['.SH SEE ALSO'] + [f'.BR {name} (3){"," if name != names[-1] else ""}' for name in names]


def head_of(name, date, version):
    return [r'.\" SPDX-License-Identifier: MIT',
            f'.TH {name.upper()} 3 {date} "libxfswrite {version}" "libxfswrite"', '.nh']


def page(group, source, sets, known, date, version):
    summary = group.summary[0]
    out = head_of(group.functions[0].name, date, version)
    out += [rf'.\" Made from <{group.header}>: change that.']
    names = ', '.join(f.name for f in group.functions)
    out += ['.SH NAME'] + textwrap.wrap(f'{names} \\- {escape(summary[0].lower() + summary[1:])}', WIDTH)
    out += ['.SH LIBRARY', 'XFS file systems in user space (libxfswrite, \\-lxfswrite)']
    out += synopsis(group) + ['.SH DESCRIPTION'] + paragraphs(group.text, True)
    types = source.of_group(group)
    for name in types:
        out += literal(source.types[name].split('\n'))
    flags = source.flags_of(group, types)
    for flag, meaning in flags:
        out += ['.TP', f'.B {flag}'] + (words(capital(meaning)) if meaning else [r'\&'])
    if group.returns:
        out += ['.SH RETURN VALUE'] + words(group.returns)
    return '\n'.join(out + errors_section(group, sets) + see_also(group, known)) + '\n'


def main():
    folder, overview, version, out = sys.argv[1:]
    headers = contracts.read_headers(folder)
    source = Source(headers)
    sets = {name: items for header in headers for name, items in header.sets.items()}
    groups = [group for header in headers for group in header.groups]
    known = {f.name: group.functions[0].name for group in groups for f in group.functions}
    with open(overview, encoding='utf-8') as f:
        overview_text = f.read().replace('@VERSION@', version)
    date = re.search(r'^\.TH \S+ 3 (\S+)', overview_text, re.M).group(1)
    where = os.path.join(out, 'man3')
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)

    def write(name, text):
        with open(os.path.join(where, name + '.3'), 'w', encoding='utf-8') as f:
            f.write(text)

    for group in groups:
        first = group.functions[0].name
        write(first, page(group, source, sets, known, date, version))
        for function in group.functions[1:]:
            os.symlink(first + '.3', os.path.join(where, function.name + '.3'))
    # Last: make takes it for the sign that all are there.
    write('libxfswrite', overview_text)


if __name__ == '__main__':
    main()
