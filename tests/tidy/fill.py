# SPDX-License-Identifier: MIT
"""
Paragraphs of block comments, filled to one width.  Lines that begin with a tab are tables and code and
stay as they are; "  - " and "(LABEL-1) " begin an item of a list.
"""
import re

WIDTH = 100


def visible(text):
    return len(text.expandtabs(8))


def sentence_ends(word, following):
    return bool(re.search(r'(?<!\.\.)[.?!][")]*$', word)) and not re.match(r'[a-z0-9]', following)


def fill(words, first, rest):
    """Lines of at most WIDTH columns, each as long as can be; two spaces between sentences."""
    lines, line = [], first + words[0]
    for before, word in zip(words, words[1:]):
        gap = '  ' if sentence_ends(before, word) else ' '
        if visible(line + gap + word) <= WIDTH:
            line += gap + word
        else:
            lines.append(line)
            line = rest + word
    return lines + [line]


def fill_comment(lines):
    """A block comment whose paragraphs are filled; @lines without the first and last one."""
    out, para, prefix = [], [], ''

    def flush():
        nonlocal para
        if para:
            kind, words = para
            out.extend(fill(words, prefix + (' ' if kind == 'text' else '  '),
                            prefix + (' ' if kind == 'text' else '    ')))
        para = []

    for line in lines:
        prefix = re.match(r'\s*\*', line).group(0)
        text = line[len(prefix):]
        if not text.strip() or text.startswith('\t'):
            flush()
            out.append(prefix + text.rstrip())
        elif re.match(r'  -|\s\(\w+-\d+\) ', text):
            flush()
            para = ('item', text.split())
        elif text.startswith('    ') and para and para[0] == 'item':
            para[1].extend(text.split())
        elif para and para[0] == 'text':
            para[1].extend(text.split())
        else:
            flush()
            para = ('text', text.split())
    flush()
    return out


def fill_text(text):
    def one(match):
        body = match.group(2).split('\n')[:-1]
        return match.group(1) + '\n'.join(fill_comment(body)) + '\n' + match.group(3)

    return re.sub(r'^([ \t]*/\*\n)((?:[ \t]*\*(?:[^/\n][^\n]*)?\n)+)([ \t]*\*/)', one, text, flags=re.M)
