#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the man page and the shell completions of xfsw.

usage: generate.py XFSW [DIRECTORY]

XFSW is a built xfsw, whose "help --json" prints the table of its verbs and options; DIRECTORY is
where the files go (default: the folder of this script, where the files that are installed are
kept).  A test fails when they differ from what this script writes.
"""
import json
import os
import re
import subprocess
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
NOTE = 'Written by examples/xfsw/doc/generate.py; do not edit.'


# ---- the table ------------------------------------------------------------------------------

def groups_of_options(options):
    """Options that share one text, together: [(heading or None, [entries], text)]."""
    waiting = []
    for option in options:
        if option['heading']:
            yield option['text'], [], ''
            continue
        waiting.append(option)
        if option['text']:
            yield None, waiting, option['text']
            waiting = []


def spellings(option):
    out = []
    if option['letter']:
        out.append('-' + option['letter'])
    if option['name']:
        out.append('--' + option['name'])
    return out


def value_kind(arg):
    """How the value of an option is completed: a list of words, 'file', 'path' or ''."""
    arg = arg.strip('[]=')
    if re.fullmatch(r'[a-z0-9.]+([|,][a-z0-9.]+)+', arg):
        return re.split('[|,]', arg)
    return {'DIR': 'file', 'DEV': 'file', 'OTHER': 'path'}.get(arg, '')


def operand_kinds(verb):
    """(kinds of the operands in order, whether the last one repeats)."""
    words = re.sub(r'\[-[^\]]*(\[[^\]]*\])?[^\]]*\]|\[OPTIONS\]|\[--[^\]]*\]', ' ', verb['synopsis'])
    words = words.split(' | ')[0].replace('-l LENGTH', '').split()
    kinds, repeats = [], False
    for word in words:
        plain = word.strip('[]').replace('...', '')
        if plain in ('IMG', 'HOSTPATH', 'LOGDEV', 'DIR|TARFILE|-'):
            kind = 'file'
        elif plain in ('PATH', 'SOURCE', 'TARGET', 'OLD', 'NEW', 'DIR'):
            kind = 'path'
        elif plain == 'VERB':
            kind = 'verb'
        elif '|' in plain:
            kind = plain.split('|')
        else:
            kind = ''
        if repeats and '...' not in word and kind != kinds[-1]:
            kind = 'path_or_file'
        kinds.append(kind)
        repeats = repeats or '...' in word
    return kinds, repeats


# ---- the man page ---------------------------------------------------------------------------

def roff(text):
    text = text.replace('\\', '\\e')
    text = re.sub(r"(?<![\w])-(?=[-\w])", r'\\-', text)
    text = text.replace('\\--', '\\-\\-').replace('"', '\\(dq').replace("'", "\\(aq")
    return text


def roff_text(text):
    """Prose: each sentence on lines of its own."""
    lines = []
    for sentence in re.sub(r'([.?])\s+(?=[A-Z@\'"-])', r'\1\n', text).split('\n'):
        lines += textwrap.wrap(roff(sentence), 78, break_long_words=False, break_on_hyphens=False)
    return '\n'.join(('\\&' if line.startswith(('.', "'")) else '') + line for line in lines)


def roff_help(text):
    out, literal = [], False
    for line in text.rstrip('\n').split('\n'):
        if line.startswith(' ') != literal:
            out.append('.Ed' if literal else '.Bd -literal')
            literal = not literal
        if literal:
            out.append(roff(line))
        elif not line:
            out.append('.Pp')
        else:
            out.append(roff_text(line))
    if literal:
        out.append('.Ed')
    text = '\n'.join(out)
    # Displays make their own distance.
    return re.sub(r'(\.Pp\n)+(?=\.Bd)', '', re.sub(r'(?<=\.Ed\n)(\.Pp\n)+', '.Pp\n', text))


def roff_option(option):
    out = []
    for spelling in spellings(option):
        out.append('Fl ' + roff(spelling[1:].replace('--', '-')) if not spelling.startswith('--')
                   else 'Fl \\-' + spelling[2:])
    line = ' , '.join(out)
    arg = option['arg']
    if arg.startswith('[='):
        line += ' Ns Op = Ns Ar ' + arg[2:-1]
    elif arg:
        line += ' Ar ' + roff(arg)
    return line


def roff_options(options):
    out, is_open = [], False
    for heading, entries, text in groups_of_options(options):
        if heading:
            if is_open:
                out.append('.El')
            is_open = False
            out += ['.Pp', roff_text(heading)]
            continue
        if not is_open:
            out.append('.Bl -tag -width Ds -compact')
            is_open = True
        out.append('.It ' + ' , '.join(roff_option(option) for option in entries))
        out.append(roff_text(text[0].upper() + text[1:] + '.'))
    if is_open:
        out.append('.El')
    return '\n'.join(out)


def roff_verb(verb):
    name = verb['name'] + (' ' + verb['synopsis'] if verb['synopsis'] else '')
    out = ['.It Ic "%s"' % roff(name), roff_text(verb['summary'] + '.')]
    if verb['help']:
        out += ['.Pp', roff_help(verb['help'])]
    own = [option for option in verb['options'] if not option['common']]
    if own:
        out += ['.Pp', roff_options(own)]
    common = [option for option in verb['options'] if option['common']]
    if common:
        out += ['.Pp', 'Common options:']
        flags = [roff_option(option).split(' Ar ')[0] for option in common]
        out += ['.' + flag + (' ,' if flag != flags[-1] else ' .') for flag in flags]
    if verb['examples']:
        out += ['.Pp', '.Bd -literal -compact']
        out += [roff(line) for line in verb['examples'].rstrip('\n').split('\n')]
        out += ['.Ed']
    return '\n'.join(out)


def man_page(table):
    verbs = []
    for group in table['groups']:
        verbs += ['.Ss ' + group, '.Bl -tag -width Ds']
        verbs += [roff_verb(verb) for verb in table['verbs'] if verb['group'] == group]
        verbs += ['.El']
    with open(os.path.join(HERE, 'xfsw.1.in'), encoding='utf-8') as source:
        page = source.read()
    page = page.replace('@NOTE@', NOTE).replace('@VERSION@', table['version'])
    page = page.replace('@COMMON@', roff_options(table['options']))
    return page.replace('@VERBS@', '\n'.join(verbs))


# ---- completions ----------------------------------------------------------------------------

def verbs_on_command_line(table):
    return [verb for verb in table['verbs'] if not verb['shell_only']]


def first_words(table):
    """[(first word, summary)]: of families what their members are."""
    out = {}
    for verb in verbs_on_command_line(table):
        first, _, second = verb['name'].partition(' ')
        if second:
            out.setdefault(first, []).append(second)
        else:
            out[first] = verb['summary']
    return [(word, text if isinstance(text, str) else ', '.join(text)) for word, text in out.items()]


def families(table):
    out = {}
    for verb in verbs_on_command_line(table):
        first, _, second = verb['name'].partition(' ')
        if second:
            out.setdefault(first, []).append((second, verb['summary']))
    return out


def own_part(name):
    """What is written by hand of a completion; the licence stands before the generated part."""
    with open(os.path.join(HERE, name), encoding='utf-8') as source:
        return ''.join(source.readlines()[1:])


def kind_word(kind):
    return 'words ' + ' '.join(kind) if isinstance(kind, list) else kind or 'none'


def bash_completion(table):
    out = ['# SPDX-License-Identifier: MIT', '# bash completion for xfsw.  ' + NOTE, '']
    out += ['_xfsw_verbs="%s"' % ' '.join(word for word, _ in first_words(table)), '']
    out += ['# The second words of verbs that have two.', '_xfsw_second()', '{', '\tcase $1 in']
    for first, members in families(table).items():
        out.append('\t%s) echo %s ;;' % (first, ' '.join(word for word, _ in members)))
    out += ['\tesac', '}', '', '# The options of verb $1.', '_xfsw_options()', '{', '\tcase $1 in']
    for verb in verbs_on_command_line(table):
        flags = [word for option in verb['options'] if not option['heading']
                 for word in spellings(option)]
        out.append("\t'%s') echo %s ;;" % (verb['name'], ' '.join(flags)))
    out += ['\tesac', '}', '', '# What option $2 of verb $1 takes: nothing printed, if nothing.',
            '_xfsw_value()', '{', '\tcase "$1 $2" in']
    for verb in verbs_on_command_line(table):
        for option in verb['options']:
            if option['arg'] and not option['arg'].startswith('[='):
                for word in spellings(option):
                    out.append("\t'%s %s') echo %s ;;" %
                               (verb['name'], word, kind_word(value_kind(option['arg']))))
    out += ['\tesac', '}', '', '# What the operands of verb $1 are, one a line; "*": the last one repeats.',
            '_xfsw_operands()', '{', '\tcase $1 in']
    for verb in verbs_on_command_line(table):
        kinds, repeats = operand_kinds(verb)
        lines = [kind_word(kind) for kind in kinds] + (['*'] if repeats else [])
        out.append("\t'%s') printf '%%s\\n' %s ;;" %
                   (verb['name'], ' '.join("'%s'" % line for line in lines)))
    out += ['\tesac', '}', '']
    return '\n'.join(out) + own_part('xfsw.bash.in')


def zsh_quote(text):
    return text.replace("'", "'\\''")


def zsh_action(kind):
    if isinstance(kind, list):
        return '(' + ' '.join(kind) + ')'
    return {'file': '_files', 'path': '_xfsw_paths', 'path_or_file': '_xfsw_paths_or_files',
            'verb': '_xfsw_verbs'}.get(kind, ' ')


def zsh_spec(option, text):
    names = spellings(option)
    text = text.replace('\\', '\\\\').replace('[', '\\[').replace(']', '\\]').replace(':', '\\:')
    arg = option['arg']
    tail = ''
    if arg.startswith('[='):
        tail = '::%s:%s' % ('value', zsh_action(value_kind(arg)))
    elif arg:
        tail = ':%s:%s' % (re.sub(r'[^\w ]', ' ', arg), zsh_action(value_kind(arg)))
    out = []
    for name in names:
        suffix = '' if not arg else '=' if name.startswith('--') and not arg.startswith('[=') else \
            '=-' if arg.startswith('[=') else '+'
        others = '(' + ' '.join(names) + ')' if len(names) > 1 else ''
        out.append("'" + zsh_quote('%s%s%s[%s]%s' % (others, name, suffix, text, tail)) + "'")
    return out


def zsh_completion(table):
    out = ['#compdef xfsw', '# SPDX-License-Identifier: MIT', '# zsh completion for xfsw.  ' + NOTE,
           '', '_xfsw_verbs()', '{', '\tlocal -a verbs=(']
    out += ["\t\t'%s:%s'" % (word, zsh_quote(text.replace(':', '\\:')))
            for word, text in first_words(table)]
    out += ['\t)', "\t_describe -t verbs 'verb' verbs", '}', '', '_xfsw_second()', '{',
            '\tlocal -a verbs', '\tcase $1 in']
    for first, members in families(table).items():
        out.append('\t%s) verbs=(' % first)
        out += ["\t\t'%s:%s'" % (word, zsh_quote(text.replace(':', '\\:'))) for word, text in members]
        out.append('\t) ;;')
    out += ['\tesac', "\t_describe -t verbs 'verb' verbs", '}', '', '_xfsw_arguments()', '{',
            '\tcase $1 in']
    for verb in verbs_on_command_line(table):
        kinds, repeats = operand_kinds(verb)
        out.append("\t'%s') _arguments -s \\" % verb['name'])
        for _, entries, text in groups_of_options(verb['options']):
            for option in entries:
                out += ['\t\t%s \\' % spec for spec in zsh_spec(option, text)]
        for n, kind in enumerate(kinds, 1):
            last = n == len(kinds) and repeats
            out.append("\t\t'%s:operand:%s' \\" % ('*' if last else n, zsh_action(kind)))
        out[-1] = out[-1][:-2] + ' ;;'
    out += ['\tesac', '}', '']
    return '\n'.join(out) + own_part('_xfsw.in')


def fish_quote(text):
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


def fish_completion(table):
    out = ['# SPDX-License-Identifier: MIT', '# fish completion for xfsw.  ' + NOTE, '',
           own_part('xfsw.fish.in')]
    for word, text in first_words(table):
        out.append("complete -c xfsw -f -n '__xfsw_verb_is \"\"' -a %s -d %s" % (word, fish_quote(text)))
    for first, members in families(table).items():
        for second, text in members:
            out.append("complete -c xfsw -f -n '__xfsw_verb_is %s' -a %s -d %s" %
                       (first, second, fish_quote(text)))
    for verb in verbs_on_command_line(table):
        kinds, _ = operand_kinds(verb)
        when = "-n '__xfsw_verb_is %s'" % fish_quote(verb['name']).replace("'", '"')
        for _, entries, text in groups_of_options(verb['options']):
            for option in entries:
                words = ''
                if option['letter']:
                    words += ' -s ' + option['letter']
                if option['name']:
                    words += ' -l ' + option['name']
                kind = value_kind(option['arg'])
                if option['arg'] and not option['arg'].startswith('[='):
                    words += ' -r' if kind == 'file' else ' -x'
                if isinstance(kind, list):
                    words += ' -a %s' % fish_quote(' '.join(kind))
                out.append('complete -c xfsw %s%s -d %s' % (when, words, fish_quote(text)))
        if any(kind in ('path', 'path_or_file') for kind in kinds):
            # No host files where a path of the image stands, unless the verb has both.
            only = '' if kinds.count('file') > 1 or 'path_or_file' in kinds else ' -f'
            out.append("complete -c xfsw%s %s -a '(__xfsw_paths)'" %
                       (only, when[:-1] + "; and string match -q -- \"/*\" (commandline -ct)'"))
    return '\n'.join(out) + '\n'


def main():
    xfsw = sys.argv[1]
    target = sys.argv[2] if len(sys.argv) > 2 else HERE
    table = json.loads(subprocess.run([xfsw, 'help', '--json'], check=True,
                                      stdout=subprocess.PIPE).stdout)
    for name, text in (('xfsw.1', man_page(table)), ('xfsw.bash', bash_completion(table)),
                       ('_xfsw', zsh_completion(table)), ('xfsw.fish', fish_completion(table))):
        with open(os.path.join(target, name), 'w', encoding='utf-8') as out:
            out.write(text)


if __name__ == '__main__':
    main()
