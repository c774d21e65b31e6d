# SPDX-License-Identifier: MIT
#
# Goal: xfsw(1) and the completions say what this xfsw says: all verbs and options of --help stand in
#       the man page and no others, and mandoc and man have nothing to complain of.
# Method: write them anew and compare; collect verbs and options from the texts of --help and from
#       the source of the page, each for itself; lint.
. "$(dirname "$0")/common.sh"
[ -n "${XFSW:-}" ] || skip "XFSW is not set"
command -v python3 >/dev/null 2>&1 || skip "no python3"
doc=$XFSWRITE_SOURCE/examples/xfsw/doc
mkdir "$work/doc"
python3 "$doc/generate.py" "$XFSW" "$work/doc" || fail "generate.py"
for file in xfsw.1 xfsw.bash _xfsw xfsw.fish; do
	cmp -s "$doc/$file" "$work/doc/$file" ||
		fail "examples/xfsw/doc/$file is not up to date: run python3 examples/xfsw/doc/generate.py .../xfsw"
done
python3 - "$XFSW" "$doc/xfsw.1" <<'END' || fail "the man page and --help differ"
import re, subprocess, sys
def run(*args):
    return subprocess.run([sys.argv[1], *args], check=True, stdout=subprocess.PIPE, text=True).stdout
overview = run('--help').split('\nCommon options')[0]
helped = {}
for verb in re.findall(r'^  ([a-z][a-z-]*(?: [a-z-]+)?) +[A-Z]', overview, re.M):
    spelled = set()
    for line in re.findall(r'^  (-.*)', run(*verb.split(), '--help'), re.M):
        spelled |= set(re.findall(r'(?:^|, )(--?[A-Za-z0-9][a-z0-9-]*)', line.split('  ')[0]))
    helped[verb] = spelled
page = open(sys.argv[2], encoding='utf-8').read().replace('\\-', '-')
verbs = page.split('\n.Sh VERBS\n')[1].split('\n.Sh ')[0].split('.Ss In the shell only')[0]
told = {}
for part in re.split(r'\n\.It Ic ', verbs)[1:]:
    words = part.split('\n')[0].strip('"').split()
    verb = ' '.join(words[:2]) if ' '.join(words[:2]) in helped else words[0]
    lines = [line for line in part.split('\n') if line.startswith(('.It Fl', '.Fl'))]
    told[verb] = {'-' + flag for line in lines for flag in re.findall(r'Fl ([-A-Za-z0-9]+)', line)}
bad = set(helped) ^ set(told)
for verb in bad:
    print(f'{verb}: stands in only one of both')
for verb in set(helped) & set(told):
    if helped[verb] ^ told[verb]:
        print(f'{verb}: in only one of both: {sorted(helped[verb] ^ told[verb])}')
        bad.add(verb)
for code in ('0', '1', '2', '3', '4', '130'):
    if f'\n.It {code}\n' not in page:
        bad.add(code)
        print(f'exit code {code} is missing')
sys.exit(1 if bad or len(told) < 40 else 0)
END
linted=
if command -v mandoc >/dev/null 2>&1; then
	# What the host's own index of pages lacks is not our fault.
	mandoc -T lint -W style "$doc/xfsw.1" 2>&1 | grep -v 'outdated mandoc.db\|referenced manual not found' >"$work/lint"
	[ ! -s "$work/lint" ] || fail "mandoc: $(head "$work/lint")"
	linted=mandoc
fi
if man --version 2>/dev/null | grep -q '^man [0-9]' && command -v groff >/dev/null 2>&1; then
	LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l "$doc/xfsw.1" 2>"$work/lint" >/dev/null
	[ ! -s "$work/lint" ] || fail "man: $(head "$work/lint")"
	linted="$linted man"
fi
[ -n "$linted" ] || say "SKIP: neither mandoc nor man-db: the page was not linted"
