#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what the tool says is the truth and can be used: a --json that fails says so in the
#       document, a message names what is wrong and what there is instead, no name from a disk moves
#       the cursor, output that is not written is an error, a signal ends the shell as it should.
# Method: each verb with --json on what is no XFS; names with controls; /dev/full; signals to a shell
#       that waits for input.
. "$(dirname "$0")/common.sh"
need_tools python3 truncate

cat >"$work/document.py" <<'END'
"""document.py WHAT: the document on standard input; prints WHAT of it, or says what is wrong."""
import json, sys
doc = json.load(sys.stdin)
if sys.argv[1] == 'errors':
    errors = doc['errors'] if isinstance(doc, dict) else [e for e in doc if 'error' in e]
    assert errors, 'there are no errors in it'
    for e in errors:
        print(e.get('path', ''), e['error'], sep=': ')
    for key in ('count', 'findings', 'uuid'):
        assert isinstance(doc, list) or key not in doc, key + ' stands in it, as if it were complete'
else:
    print(json.dumps(doc[int(sys.argv[1]) if isinstance(doc, list) else sys.argv[1]]))
END
img=$work/t.img
"$XFSW" mkfs --size 300m "$img" || fail "mkfs"
echo x >"$work/x"
head -c 100000 /dev/zero | tr '\0' 'z' >"$work/zzz"
mkdir "$work/dir"
mkfifo "$work/fifo"
truncate -s 100M "$work/gpt"
if command -v sfdisk >/dev/null 2>&1; then
	printf 'label: gpt\n- - - -\n' | sfdisk -q "$work/gpt" >/dev/null 2>&1
	has_gpt=1
fi

# ---- --json of what cannot be opened ------------------------------------------------------------
for verb in ls stat df info check; do
	operand=
	[ $verb = stat ] && operand=/
	for what in "$work/zzz" "$work/dir" "$work/fifo" "$work/gpt" "$work/missing" /dev/null; do
		timeout 20 "$XFSW" $verb --json "$what" $operand >"$work/out" 2>"$work/err"
		status=$?
		[ $status = 3 ] || fail "$verb --json $what: exit code $status, not 3"
		python3 "$work/document.py" errors <"$work/out" >"$work/told" || fail "$verb --json $what: $(cat "$work/out")"
		grep -q "Invalid argument$" "$work/told" && fail "$verb $what: a bare 'Invalid argument'"
	done
done
"$XFSW" check "$work/zzz" 2>&1 | grep -q "not an XFS file system" || fail "check does not tell that it is no XFS"
if [ -n "${has_gpt:-}" ]; then
	"$XFSW" ls "$work/gpt" 2>&1 | grep -q 'gpt partition table.*--partition' || fail "no hint at --partition"
	"$XFSW" ls --partition 7 "$work/gpt" 2>"$work/err"
	grep -q 'partition 7 does not exist' "$work/err" || fail "a missing partition: $(cat "$work/err")"
fi
"$XFSW" ls --partition 1 "$work/zzz" 2>"$work/err"
grep -q 'partition table is missing' "$work/err" || fail "no partition table: $(cat "$work/err")"
for offset in 77 1t; do
	"$XFSW" ls --offset $offset "$img" 2>"$work/err"
	grep -q 'Invalid argument$' "$work/err" && fail "--offset $offset: $(cat "$work/err")"
done
"$XFSW" df --json --frob "$img" >"$work/out" 2>/dev/null
[ $? = 2 ] || fail "an unknown option gave another exit code than 2"
python3 "$work/document.py" errors <"$work/out" | grep -q -- --frob || fail "a wrong option is not in the document"

# Some of what was asked for: the rest is there, and the error beside it.
"$XFSW" stat --json "$img" / /missing >"$work/out" 2>/dev/null
[ $? = 1 ] || fail "stat --json of a missing path is not exit code 1"
python3 "$work/document.py" errors <"$work/out" | grep -q '^/missing: No such file' || fail "stat --json: $(cat "$work/out")"
"$XFSW" ls --json "$img" /missing >"$work/out" 2>/dev/null
python3 "$work/document.py" errors <"$work/out" | grep -q '^/missing' || fail "ls --json: $(cat "$work/out")"
"$XFSW" check --json "$img" >"$work/out" || fail "check --json of a good image"
[ "$(python3 "$work/document.py" findings <"$work/out")" = "[]" ] || fail "check --json: $(cat "$work/out")"

# ---- names with controls ---------------------------------------------------------------------------
# C1 controls, a right-to-left override, an isolate, a zero-width joiner, a line separator, Latin-1.
for bytes in '\302\233' '\302\205' '\342\200\256' '\342\201\246' '\342\200\215' '\342\200\250' '\357\273\277' '\233' '\033' '\177'; do
	name=$(printf "a${bytes}b")
	"$XFSW" put "$img" "$work/x" "/$name" || fail "put of a name with $bytes"
	"$XFSW" ls -b "$img" >"$work/out" || fail "ls -b"
	! LC_ALL=C grep -q "$(printf "$bytes")" "$work/out" || fail "ls -b prints $bytes as it is"
	"$XFSW" ls --json "$img" >"$work/out" || fail "ls --json"
	! LC_ALL=C grep -q "$(printf "$bytes")" "$work/out" || fail "ls --json prints $bytes as it is"
	python3 "$work/document.py" 0 <"$work/out" >/dev/null || fail "ls --json of $bytes is no JSON"
	"$XFSW" mkdir "$img" "/$name" 2>"$work/err" && fail "mkdir over a file"
	! LC_ALL=C grep -q "$(printf "$bytes")" "$work/err" || fail "a message prints $bytes as it is"
	"$XFSW" rm "$img" "/$name" || fail "rm"
done
name=$(printf 'gr\303\274n \346\274\242')
"$XFSW" put "$img" "$work/x" "/$name" || fail "put"
[ "$("$XFSW" ls -b "$img")" = "$name" ] || fail "ls -b escapes letters"

# ---- reasons ------------------------------------------------------------------------------------------
"$XFSW" mkfs --size 100m "$work/small" 2>"$work/err" && fail "mkfs of 100 MiB"
grep -q '300 MiB' "$work/err" || fail "mkfs does not tell the smallest size: $(cat "$work/err")"
[ ! -e "$work/small" ] || fail "mkfs that failed leaves its file"
cp "$work/x" "$work/kept"
"$XFSW" mkfs -f --size 100m "$work/kept" 2>/dev/null && fail "mkfs -f of 100 MiB"
[ -e "$work/kept" ] || fail "mkfs that failed removed a file that it had not made"

"$XFSW" dump "$img" agf 99 2>"$work/err"
[ $? = 2 ] || fail "dump of a group that is not there: exit code"
grep -q 'AG 99 does not exist' "$work/err" || fail "dump agf 99: $(cat "$work/err")"
"$XFSW" dump "$img" frob 2>&1 | grep -q "unknown structure 'frob'" || fail "dump frob"
"$XFSW" dump "$work/zzz" sb 2>&1 | grep -q 'not an XFS file system' || fail "dump of what is no XFS"

# ---- words that are missing -----------------------------------------------------------------------------
"$XFSW" xattr 2>"$work/err"
[ $? = 2 ] || fail "xattr alone: exit code"
grep -q 'ls get set rm' "$work/err" || fail "xattr alone: $(cat "$work/err")"
"$XFSW" xattr frob "$img" 2>"$work/err"
grep -q "'frob'.* ls get set rm" "$work/err" || fail "xattr frob: $(cat "$work/err")"

# ---- output that cannot be written ------------------------------------------------------------------------
if [ -e /dev/full ]; then
	for args in --help --version help "help ls" "ls --help" "xattr --help" "info $img" "ls -R $img" "df $img" "cat $img /$name" \
		"dump $img sb" "check --json $img"; do
		# shellcheck disable=SC2086  # words
		"$XFSW" $args >/dev/full 2>/dev/null && fail "$args >/dev/full is exit code 0"
	done
fi

# ---- ls --------------------------------------------------------------------------------------------------
"$XFSW" mkdir "$img" /ls /ls/sub || fail "mkdir"
for file in old new mid; do
	"$XFSW" put "$img" "$work/zzz" /ls/$file || fail "put"
done
"$XFSW" touch -t @1000 "$img" /ls/old && "$XFSW" touch -t @3000 "$img" /ls/new &&
	"$XFSW" touch -t @2000 "$img" /ls/mid && "$XFSW" touch -t @4000 "$img" /ls/sub || fail "touch"
[ "$("$XFSW" ls -t1 "$img" /ls | tr '\n' ' ')" = "sub new mid old " ] || fail "ls -t: $("$XFSW" ls -t "$img" /ls)"
[ "$("$XFSW" ls -a "$img" /ls | tr '\n' ' ')" = ". .. mid new old sub " ] || fail "ls -a: $("$XFSW" ls -a "$img" /ls)"
[ "$("$XFSW" ls -ai "$img" /ls | awk '$2 == ".." { print $1 }')" = "$("$XFSW" ls -di "$img" / | awk '{ print $1 }')" ] || fail "ls -ai: .."
"$XFSW" ls -lh "$img" /ls/old | grep -q '97.7 KiB\|98 KiB' || fail "ls -lh: $("$XFSW" ls -lh "$img" /ls/old)"

# ---- get to standard output ---------------------------------------------------------------------------------
(cd "$work/dir" && "$XFSW" get "$img" /ls/old - >"$work/out" && [ ! -e - ]) || fail "get -"
cmp -s "$work/out" "$work/zzz" || fail "get - gives other contents"

# ---- df of a reader and of who writes -------------------------------------------------------------------
"$XFSW" df --json "$img" >"$work/reader" || fail "df"
echo 'df --json' | "$XFSW" shell "$img" >"$work/writer" || fail "df in the shell"
cmp -s "$work/reader" "$work/writer" || { diff "$work/reader" "$work/writer" >&2; fail "df differs from what who writes gets"; }

# ---- signals ------------------------------------------------------------------------------------------------
for signal in INT TERM; do
	mkfifo "$work/in.$signal"
	python3 - "$XFSW" "$img" "$work/in.$signal" $signal <<'END' || fail "the shell and SIG$signal"
import os, signal, subprocess, sys, time
xfsw, img, fifo, name = sys.argv[1:]
shell = subprocess.Popen([xfsw, 'shell', img], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
shell.stdin.write(b'mkdir /before-%s\nls -d /before-%s\n' % (name.encode(), name.encode()))
shell.stdin.flush()
shell.stdout.readline()         # both have run: it waits
time.sleep(0.2)
shell.send_signal(getattr(signal, 'SIG' + name))
try:
    code = shell.wait(timeout=30)
except subprocess.TimeoutExpired:
    shell.kill()
    sys.exit('it goes on waiting')
text = shell.stderr.read().decode()
if code != 130:
    sys.exit('exit code %d, not 130: %s' % (code, text))
if 'interrupted' not in text:
    sys.exit('it does not say so: ' + text)
END
	"$XFSW" ls -d "$img" "/before-$signal" >/dev/null 2>"$work/err" || fail "what was done before SIG$signal is lost: $(cat "$work/err")"
done
printf 'mkdir /last' | "$XFSW" shell "$img" || fail "a last line without a newline"
"$XFSW" ls -d "$img" /last >/dev/null || fail "the last line was not run"
"$XFSW" shell "$img" <"$work/dir" 2>/dev/null && fail "input that cannot be read is taken for its end"
run_silent "check" "$XFSW" check "$img"
exit 0
