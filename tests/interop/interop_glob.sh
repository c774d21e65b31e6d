#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: patterns in paths of the image match as in a shell, in every verb that takes them; get takes
#       several sources; what get could not finish leaves nothing on the host.
# Method: one small image with names that are traps, no privileges; results read back.
. "$(dirname "$0")/common.sh"
need_tools python3
cd "$work" || fail "cd"

# matches "NAME NAME..." PATTERN: what ls -d shows.
matches() { output "$(echo "$1" | tr ' ' '\n')" ls -d v.img "$2"; }

ok mkfs --size 300m v.img
"$XFSW" shell v.img <<'END' || fail "the tree"
mkdir -p /d/sub/deep /e/sub /.hid
create /d/a.txt /d/b.txt /d/c.log /d/.dot.txt /d/sub/x.txt /d/sub/deep/y.txt /e/a.txt /e/sub/x.txt /.hid/z.txt
create '/d/[1].txt' '/d/1.txt' '/d/star*' '/d/starfish' '/d/back\\slash' '/d/q?' '/d/qq' "/d/\xffraw"
ln -s d /to_d
ln -s nowhere /d/broken
END

# ---- what matches ------------------------------------------------------------------
matches "/d/1.txt /d/[1].txt /d/a.txt /d/b.txt" '/d/*.txt'
matches "/d/a.txt /d/b.txt" '/d/[a-c].txt'
ok ls -d v.img '/d/[!a1]*.txt'
[ "$(cat out)" = "/d/[1].txt
/d/b.txt" ] || fail "[!a1]: $(cat out)"
matches "/d/a.txt /e/a.txt" '/[de]/a.txt'
ok ls -d v.img '/*/sub/x*'
[ "$(cat out)" = "/d/sub/x.txt
/e/sub/x.txt
/to_d/sub/x.txt" ] || fail "/*/sub/x*: $(cat out)"
matches "/d/.dot.txt" '/d/.*'
matches "/.hid/z.txt" '/.h*/*'
matches "/d /e" '/?'
matches "/d/ /e/ /to_d/" '/*/'
matches "/d/sub/" '/d/*/'
matches "/d/broken" '/d/br*'
matches "d/a.txt" 'd/a*'
matches "/d/starfish" '/d/starf?*'
# A name that exists is itself; a backslash takes the meaning away.
matches '/d/[1].txt' '/d/[1].txt'
matches '/d/star*' '/d/star*'
matches '/d/q?' '/d/q?'
matches '/d/star*' '/d/s*\*'
ok ls -d v.img '/[d]/[[]1].txt'
[ "$(cat out)" = '/d/[1].txt' ] || fail "[[]1]: $(cat out)"
ok ls -d v.img '/d/*raw'
[ "$(od -An -tx1 <out | tr -d ' \n')" = 2f642fff7261770a ] || fail "a name that is no UTF-8: $(od -c out)"
expect 1 "xfsw: ls: /d/*.none: no path matches the pattern" ls v.img '/d/*.none'
expect 1 "xfsw: ls: /d/*/*/*/*: no path matches the pattern" ls v.img '/d/*/*/*/*'
expect 1 "xfsw: ls: /d/a.txt/*: no path matches the pattern" ls v.img '/d/a.txt/*'
expect 1 "xfsw: ls: /none/*: no path matches the pattern" ls v.img '/none/*'
expect 1 "xfsw: ls: /d/*.txt: No such file or directory" ls --no-glob v.img '/d/*.txt'
expect 2 "xfsw: df: option --no-glob does not apply to this verb; see 'xfsw df --help'" df --no-glob v.img
expect 1 "xfsw: ls: /d/*.none: no path matches the pattern" ls -d v.img '/d/*.none' /d/qq
[ "$(cat out)" = /d/qq ] || fail "the other operand is not listed: $(cat out)"
expect 1 "xfsw: stat: /x*: no path matches the pattern" stat --json v.img '/x*'
document "d['errors'][0]['path']" '/x*'
ok cat v.img '/[de]/a.txt'
ok du v.img '/[de]'
ok chmod v.img 640 '/d/[ab].txt'
json "['%o' % x['mode'] for x in d]" "['640', '640', '644']" stat --json v.img '/d/[ab].txt' /d/qq
ok chmod v.img -r '/d/[ab].txt'
json "['%o' % x['mode'] for x in d]" "['200', '200']" stat --json v.img '/d/[ab].txt'

# ---- cp, mv, rm --------------------------------------------------------------------
ok mkdir v.img /to
ok cp v.img '/d/*.txt' /to
ok ls v.img /to
[ "$(tr '\n' ' ' <out)" = "1.txt [1].txt a.txt b.txt " ] || fail "cp of a pattern: $(cat out)"
# The last operand is a name.
ok cp v.img /d/qq '/to/new*'
output '/to/new*' ls -d --no-glob v.img '/to/new*'
ok mkdir v.img /moved
ok mv v.img '/to/?.txt' /moved
ok ls v.img /moved
[ "$(tr '\n' ' ' <out)" = "1.txt a.txt b.txt " ] || fail "mv of a pattern: $(cat out)"
expect 1 "xfsw: mv: /to/z*: no path matches the pattern" mv v.img '/to/z*' /moved
ok rm v.img '/moved/[ab].txt' '/to/new*'
output 1.txt ls v.img /moved
output '[1].txt' ls v.img /to
expect 1 "xfsw: rm: /to/z*: no path matches the pattern" rm v.img '/to/z*'
ok rm -f v.img '/to/z*'
ok rm -f v.img '/to/z*' /to/none
ok touch v.img /to/.keep
ok rm -r v.img '/to/*'
ok ls -d v.img /to/.keep
ok mkdir -p v.img /to/x/y
ok rm -r v.img '/to/*/'
ok ls -d v.img /to/.keep
ok rm v.img '/d/star*'
ok ls -d v.img /d/starfish
printf 'rm /moved/*.txt\nls /moved\n' | "$XFSW" shell v.img >out || fail "a pattern in the shell"
[ ! -s out ] || fail "rm in the shell: $(cat out)"

# ---- get: several sources ------------------------------------------------------------
ok chmod v.img 644 '/d/[ab].txt'
printf 'one' | "$XFSW" put v.img - /d/a.txt
ok ln v.img /d/a.txt /d/sub/hard
mkdir got
ok get v.img '/d/*.txt' /e got
[ "$(ls got | tr '\n' ' ')" = "1.txt [1].txt a.txt b.txt e " ] || fail "get of a pattern: $(ls got)"
[ "$(cat got/a.txt)" = one ] && [ -f got/e/sub/x.txt ] || fail "get of several"
expect 1 "xfsw: get: /d/a.txt: File exists" get v.img /d/a.txt /d/sub got
ok get -f v.img /d/a.txt /d/sub got
[ got/a.txt -ef got/sub/hard ] || fail "two names of one file are two files"
ok get v.img '/d/c*' got
[ -f got/c.log ] || fail "one match goes into the directory"
expect 1 "xfsw: get: none: No such file or directory; several paths or a pattern need an existing directory" \
	get v.img /d/a.txt /d/b.txt none
expect 1 "xfsw: get: f: Not a directory; several paths or a pattern need an existing directory" \
	get v.img '/d/a*' "$( : >f; echo f)"
expect 1 "xfsw: get: /: the root directory has no name: copy it to a new HOSTPATH" get v.img / /d/qq got
[ -f got/qq ] || fail "the others are not copied"
expect 1 "xfsw: get: /d/..: the root directory has no name: copy it to a new HOSTPATH" get v.img /d/.. /d/qq -f got
expect 1 "xfsw: get: /none: No such file or directory" get -f v.img /none /d/qq got
expect 1 "xfsw: get: /z*: no path matches the pattern" get v.img '/z*' got
output oneone get v.img /d/a.txt /d/sub/hard -
# One path is the copy itself, as ever.
ok get v.img /e copy
[ -f copy/a.txt ] || fail "get of one directory"
# A link that is there, or that the image brings, leads nowhere.
mkdir outside
ln -s ../outside got/deep
ok get -f v.img /d/sub/deep /d/qq got
[ -z "$(ls outside)" ] || fail "get went through a link of the host"
[ -f got/deep/y.txt ] && [ ! -L got/deep ] || fail "the directory is not there"
ok mkdir v.img /l1 /l2 /l2/evil
ok ln -s v.img ../outside /l1/evil
ok touch v.img /l2/evil/planted
"$XFSW" get v.img /l1/evil /l2/evil got 2>err && fail "a directory in the place of a link"
[ -z "$(ls outside)" ] || fail "get went through a link of the image"

# ---- a get that fails leaves nothing of the file -------------------------------------
head -c 3000000 /dev/urandom >big
ok put v.img big /big
mkdir part
(ulimit -f 1000; trap '' XFSZ; "$XFSW" get v.img /big part/new 2>err)
[ $? = 1 ] || fail "a file over the limit is made: $(cat err)"
grep -q 'part/new: File too large' err || fail "get said $(cat err)"
[ -z "$(ls -A part)" ] || fail "a part stays: $(ls -A part)"
echo old >part/old
(ulimit -f 1000; trap '' XFSZ; "$XFSW" get -f v.img /big part/old 2>err) && fail "get -f over the limit"
[ "$(ls -A part)" = old ] && [ "$(cat part/old)" = old ] || fail "get -f: $(ls -A part)"
mkdir -p part/tree
ok mkdir v.img /bigs
ok cp v.img /big /bigs
ok cp v.img /d/a.txt /bigs
(ulimit -f 1000; trap '' XFSZ; "$XFSW" get v.img /bigs part/tree 2>err) && fail "get of a tree over the limit"
[ "$(ls -A part/tree)" = a.txt ] || fail "parts in a tree: $(ls -A part/tree)"
ok get -f v.img /big part/old
cmp big part/old || fail "get -f"
[ "$(ls -A part | tr '\n' ' ')" = "old tree " ] || fail "temporary names stay: $(ls -A part)"
expect 1 "xfsw: get: part/old: File exists" get v.img /big part/old

ok check v.img
exit 0
