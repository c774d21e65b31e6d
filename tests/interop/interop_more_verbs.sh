#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: the verbs that look through a tree and change attributes in it do what their help says:
#       flags and projects, find, du, symbolic modes, and the shell's data verbs on the command line.
# Method: one small image, no privileges; what a verb did is read back with another one,
#       and the image is judged at the end.
. "$(dirname "$0")/common.sh"
need_tools python3
cd "$work" || fail "cd"

# flags WORDS PATH
flags() { json "' '.join(x for x in d[0]['flags'] if x != 'hasattr')" "$1" stat --json v.img "$2"; }
projects() { json "[(x['path'], x['projid']) for x in d]" "$1" lsattr -R --json v.img /t; }

ok mkfs --size 300m v.img
ok mkdir -p v.img /t/d/e
head -c 5000 /dev/urandom >f
ok put v.img f /t/d/f
ok put v.img f /t/d/e/g
ok ln -s v.img d/f /t/l
ok mknod v.img /t/p p

# ---- flags and projects ------------------------------------------------------
for verb in chattr lsattr chproj; do
	ok $verb --help
	grep -q "usage: xfsw $verb" out || fail "$verb --help shows no usage"
done
ok chattr v.img +iA /t/d/f
flags "immutable noatime" /t/d/f
"$XFSW" truncate v.img /t/d/f 0 2>/dev/null
[ $? = 1 ] || fail "an immutable file was truncated"
ok chattr v.img -i +nodump,sync /t/d/f
flags "sync noatime nodump" /t/d/f
ok chattr v.img =a /t/d/f
flags append /t/d/f
ok chattr v.img = /t/l
flags "" /t/d/f
ok chattr -R v.img +dP /t
flags "nodump projinherit" /t/d/e
flags "nodump projinherit" /t
flags nodump /t/d/e/g
flags "" /t/l
flags "" /t/p
output "------d---------X /t/d/e/g" lsattr v.img /t/d/e/g
output "------d-P-------X /t/d/e
------d---------X /t/d/f" lsattr v.img /t/d
output "------d-P-------X /t/d" lsattr -d v.img /t/d
json "[(x['path'], x['flags']) for x in d]" "[('/t/d', ['nodump', 'projinherit', 'hasattr'])]" lsattr -d --json v.img /t/d
expect 1 "xfsw: chattr: /t/d/f: only directories have the flag projinherit" chattr v.img +P /t/d/f
expect 1 "xfsw: chattr: /t/p: a fifo has no flags" chattr v.img +d /t/p
expect 1 "xfsw: chattr: /t/none: No such file or directory" chattr v.img +d /t/none
expect 2 "xfsw: chattr: 'nonsense' is not a flag; see 'xfsw chattr --help'" chattr v.img +nonsense /t/d/f
expect 2 "xfsw: chattr: the flag extsize cannot be changed; see 'xfsw chattr --help'" chattr v.img +e /t/d/f
expect 2 "xfsw: chattr: '/t' does not begin with +, - or =; see 'xfsw chattr --help'" chattr v.img /t /t/d
expect 2 "xfsw: chattr: operands are missing; see 'xfsw chattr --help'" chattr v.img +i -a
printf 'chattr +i /t/d/f\nchattr -- -id /t/d/f\n' | "$XFSW" shell v.img || fail "chattr in the shell"
flags "" /t/d/f
ok chproj -R v.img 77 /t/d
projects "[('/t', 0), ('/t/d', 77), ('/t/d/e', 77), ('/t/d/e/g', 77), ('/t/d/f', 77), ('/t/l', 0), ('/t/p', 0)]"
ok chproj v.img 4294967294 /t/l
json "d[0]['projid']" 4294967294 stat --json v.img /t/d/f
ok chattr -R v.img = /t
ok chproj -R -s v.img 5 /t
flags projinherit /t/d/e
flags "" /t/d/f
ok mkdir v.img /t/d/new
json "d[0]['projid']" 5 stat --json v.img /t/d/new
output "--------P-------X          5 /t/d/new" lsattr -dp v.img /t/d/new
expect 2 "xfsw: chproj: '4294967295' is not a project id; see 'xfsw chproj --help'" chproj v.img 4294967295 /t

# ---- find and du -------------------------------------------------------------
for verb in find du; do
	ok $verb --help
	grep -q "usage: xfsw $verb" out || fail "$verb --help shows no usage"
done
ok mkdir -p v.img /s/a/b
ok put v.img f /s/a/big
ok put v.img f /s/a/b/same
ok ln v.img /s/a/big /s/a/b/hard
ok ln -s v.img a /s/link
ok touch -t '2001-02-03 04:05:06' v.img /s/old
ok touch -t '2031-02-03 04:05:06.5' v.img /s/a/b/late
output "/s
/s/a
/s/a/b
/s/a/b/hard
/s/a/b/late
/s/a/b/same
/s/a/big
/s/link
/s/old" find v.img /s
output "/s
/s/a
/s/link
/s/old" find --max-depth 1 v.img /s
output "/s" find --max-depth 0 v.img /s
output "/s/a/b
/s/a/b/hard
/s/a/b/same
/s/a/big" find --name '[bhs]*' --size=-5001 v.img /s/a/b /s/a/big
output "/s
/s/a
/s/a/b
/s/link" find --type dl v.img /s
output "/s/a/b/same
/s/a/big" find --type f --size 5000 --name '*[meg]' v.img /s
output "/s/a/b/late
/s/old" find --type f --size -1 v.img /s
output "/s/a/b/late" find --newer-than '2031-02-03 04:05:06.4' v.img /s
output "" find --newer-than '2031-02-03 04:05:06.5' v.img /s
ok find --print0 --type f --name 'b*' v.img /s
[ "$(tr '\0' '!' <out)" = '/s/a/big!' ] || fail "find --print0: $(od -c out)"
json "[(x['path'], x['type'], x['size']) for x in d]" "[('/s/a/big', 'file', 5000)]" \
	find --json --name big v.img /
expect 1 "xfsw: find: /none: No such file or directory" find v.img /none
expect 2 "xfsw: find: 'fq' is not made of the letters f, d, l, c, b, p and s; see 'xfsw find --help'" find --type fq v.img
expect 2 "xfsw: find: '+x' is not a size; see 'xfsw find --help'" find --size +x v.img
expect 2 "xfsw: find: 'soon' is not a time; see 'xfsw find --help'" find --newer-than soon v.img
# Two files of 5000 bytes are four blocks of 4 KiB; the second name of one counts nothing.
output "16	/s/a/b
16	/s/a
16	/s" du v.img /s
output "16	/s
8	/s/a/b" du -s v.img /s /s/a/b
output "8	/s/a/big" du v.img /s/a/big
output "16 KiB	/s" du -sh v.img /s
json "d" "[{'path': '/s', 'kib': 16, 'blocks512': 32}]" du -s --json v.img /s
expect 1 "xfsw: du: /none: No such file or directory" du v.img /none

# ---- symbolic modes, times of another object ---------------------------------
ok mkdir -p v.img /m/d
ok put v.img f /m/f
# TYPE (f file, d directory) OLD CHANGE NEW; one object for each line, all in one shell.
cat >modes <<'MODES'
f 644 u+x 744
f 666 g-w,o= 640
f 644 a=rX 444
f 744 a=rX 555
d 700 a=rX 555
f 600 go=u,go-w 644
f 755 u+s,g+s 6755
f 6755 ug-s 755
f 644 +t 1644
f 644 u+t 644
f 6755 u=rw 2655
d 6755 u=rwx,g=rx,o= 6750
d 6755 ug=rxs,g-s 4555
f 640 -r 200
f 640 = 0
f 000 ug+rw-w,o+x 441
f 000 u=rwx,g=u,o=g,o-w 775
MODES
awk '{ n = "/m/" NR; print ($1 == "d" ? "mkdir " : "create ") n; print "chmod " $2 " " n
	print "chmod -- " $3 " " n }' modes | "$XFSW" shell v.img || fail "chmod in the shell"
json "[x['mode'] for x in d] == [int(line.split()[3], 8) for line in open('modes')] or \
	['%o' % x['mode'] for x in d]" True stat --json v.img $(awk '{ print "/m/" NR }' modes)
ok mkdir v.img /m/d/sub
ok ln -s v.img ../f /m/d/l
ok put v.img f /m/d/tool
ok put v.img f /m/d/text
ok chmod v.img 700 /m/d /m/d/tool /m/d/sub
ok chmod v.img 600 /m/d/text /m/f
ok chmod -R v.img go+rX /m/d
json "['%o' % x['mode'] for x in d]" "['755', '755', '755', '644', '600', '777']" \
	stat --json v.img /m/d /m/d/sub /m/d/tool /m/d/text /m/f /m/d/l
# A mode that begins with - is no option.
ok chmod v.img 777 /m/f
ok chmod v.img -w /m/f
json "'%o' % d[0]['mode']" 555 stat --json v.img /m/f
ok chmod -x,u+ws v.img /m/f
json "'%o' % d[0]['mode']" 4644 stat --json v.img /m/f
ok chmod v.img -rw /m/f
json "'%o' % d[0]['mode']" 4000 stat --json v.img /m/f
ok chmod v.img -s -R /m/d/tool /m/f
json "['%o' % x['mode'] for x in d]" "['755', '0']" stat --json v.img /m/d/tool /m/f
ok chmod v.img 777 /m/f
ok chmod v.img -w -x /m/f
json "'%o' % d[0]['mode']" 444 stat --json v.img /m/f
ok chmod -- v.img -r /m/f
json "'%o' % d[0]['mode']" 0 stat --json v.img /m/f
printf 'chmod -- +rw /m/f\nchmod -w /m/f\n' | "$XFSW" shell v.img || fail "chmod -w in the shell"
json "'%o' % d[0]['mode']" 444 stat --json v.img /m/f
expect 2 "xfsw: chmod: '-rq' is not a mode; see 'xfsw chmod --help'" chmod v.img -rq /m/f
expect 2 "xfsw: chmod: unknown option -Q; see 'xfsw chmod --help'" chmod v.img -Q /m/f
expect 2 "xfsw: chmod: operands are missing; see 'xfsw chmod --help'" chmod v.img -w
expect 2 "xfsw: chmod: operands are missing; see 'xfsw chmod --help'" chmod v.img 644
ok chmod v.img 600 /m/f
# New objects: changes to what they would have without a umask.
ok mkdir -m go-w v.img /m/made1
ok mkdir -m u=rwx,g=rxs,o=t v.img /m/made2
ok mkdir -p -m u=rwx,go= v.img /m/made3/sub/
ok mkdir -m 6755 v.img /m/made4
ok mkdir v.img /m/made2/sub
ok mkdir -m 700 v.img /m/made2/own
json "['%o' % x['mode'] for x in d]" "['755', '3750', '755', '700', '6755', '2755', '2700']" \
	stat --json v.img /m/made1 /m/made2 /m/made3 /m/made3/sub /m/made4 /m/made2/sub /m/made2/own
ok mknod -m g-w,o= v.img /m/node p
ok mknod -m 4711 v.img /m/node2 s
json "['%o' % x['mode'] for x in d]" "['640', '4711']" stat --json v.img /m/node /m/node2
printf 'create -m a=r,u+x /m/plain\n' | "$XFSW" shell v.img || fail "create -m"
json "'%o' % d[0]['mode']" 544 stat --json v.img /m/plain
expect 2 "xfsw: mkdir: 'u+q' is not a mode; see 'xfsw mkdir --help'" mkdir -m u+q v.img /m/never
expect 2 "xfsw: mknod: '' is not a mode; see 'xfsw mknod --help'" mknod -m '' v.img /m/never p
for bad in '' u u+q u+x, ,u+x 8 z+x 10777 u+x,g; do
	expect 2 "xfsw: chmod: '$bad' is not a mode; see 'xfsw chmod --help'" chmod v.img "$bad" /m/f
done
ok touch -t @1000000000.25 -a v.img /m/f
ok touch -t @1100000000.75 -m v.img /m/f
ok touch -r /m/f v.img /m/d/text /m/made
json "[(x['atime'], x['mtime']) for x in d]" \
	"[('1000000000.250000000', '1100000000.750000000'), ('1000000000.250000000', '1100000000.750000000')]" \
	stat --json v.img /m/d/text /m/made
ok touch -t @5 v.img /m/made
ok touch -m -r /m/f v.img /m/made
json "(d[0]['atime'], d[0]['mtime'])" "('5.000000000', '1100000000.750000000')" stat --json v.img /m/made
expect 1 "xfsw: touch: /none: No such file or directory" touch -r /none v.img /m/f
expect 2 "xfsw: touch: -t and -r exclude each other; see 'xfsw touch --help'" touch -t now -r /m v.img /m/f

# ---- attributes and structures for scripts ------------------------------------
ok touch v.img /x
ok xattr set v.img /x user.text 'two words'
ok xattr set v.img /x user.umlaut 'größe'
ok xattr set v.img /x trusted.bytes 0x00ff0a41
ok xattr set v.img /x user.nul 0x610062
ok xattr set v.img /x user.empty ''
json "[(x['name'], x['size'], x.get('text')) for x in d]" \
	"[('trusted.bytes', 4, None), ('user.empty', 0, ''), ('user.nul', 3, 'a\\x00b'), ('user.text', 9, 'two words'), ('user.umlaut', 7, 'größe')]" \
	xattr ls --json v.img /x
document "[__import__('base64').b64decode(x['base64'], validate=True) for x in d] == [bytes([0, 255, 10, 65]), b'', b'a' + bytes(1) + b'b', b'two words', 'größe'.encode()]" True
json "(d['path'], d['name'], d['size'], d['base64'], 'text' in d)" "('/x', 'trusted.bytes', 4, 'AP8KQQ==', False)" \
	xattr get --json v.img /x trusted.bytes
# Every length of the last group, and a value that fills the largest buffer.
for n in 1 2 3 4 5 65535 65536; do
	head -c $n /dev/urandom >value
	"$XFSW" xattr set v.img /x user.big - <value || fail "xattr set of $n bytes"
	ok xattr get --json v.img /x user.big
	python3 -c 'import base64, json; d = json.load(open("out")); v = open("value", "rb").read()
assert base64.b64decode(d["base64"], validate=True) == v and d["size"] == len(v)' || fail "$n bytes are others"
done
ok touch v.img /none-of-them
json "d" "[]" xattr ls --json v.img /none-of-them
expect 1 "xfsw: xattr get: /x: No data available" xattr get --json v.img /x user.no
document "(d['errors'][0]['path'], d['errors'][0]['errno'])" "('/x', 61)"
expect 1 "xfsw: xattr ls: /no: No such file or directory" xattr ls --json v.img /no
document "(d[0]['path'], d[0]['errno'])" "('/no', 2)"
json "(d['what'], {x['name']: x['value'] for x in d['lines']}['sb_magicnum'])" "('sb', '0x58465342')" dump --json v.img sb
document "[x['value'] for x in d['lines'] if x['name'] in ('sb_blocksize', 'sb_dblocks')]" "[4096, 76800]"
# The lines are the same as without --json, in their order.
ino=$("$XFSW" stat --json v.img /x | sed -n 's/^ *"ino": *\([0-9]*\).*/\1/p')
for what in "sb 1" "agi 0" "bnobt 0" "inode 128" "dir 128" "attr $ino" log; do
	# shellcheck disable=SC2086
	ok dump v.img $what
	mv out plain
	# shellcheck disable=SC2086
	ok dump --json v.img $what
	python3 -c 'import json
for x in json.load(open("out"))["lines"]:
    v = x.get("value")
    print(x["text"] if "text" in x else x["name"] + " = " + ("null" if v is None else str(v)))' >again || fail "dump --json $what"
	cmp -s plain again || fail "dump --json $what: not the same lines"
done
expect 2 "xfsw: dump: AG 9 does not exist; there are 4; see 'xfsw dump --help'" dump --json v.img agf 9
document "d['errors'][0]['errno']" 22
expect 3 "xfsw: dump: f: Invalid argument (not an XFS file system)" dump --json f sb
document "d['errors'][0]['path']" f
head -c 6 f >short
for args in "dump short sb" "dump short log" "check short" "info short" "ls short"; do
	# shellcheck disable=SC2086  # words
	expect 3 "xfsw: ${args%% *}: short: Invalid argument (6 bytes are too few for a file system)" $args
done

# ---- bytes and mappings ------------------------------------------------------
for verb in extents read write; do
	ok $verb --help
	grep -q "usage: xfsw $verb .*IMG PATH" out || fail "$verb --help shows no usage"
done
ok touch v.img /w
ok write v.img /w 8k 4096 0x5a
ok write -t v.img /w 100 text
ok write -ta v.img /w 0 end
output "0 100 0x00
100 1 0x74
101 1 0x65
102 1 0x78
103 1 0x74
104 8088 0x00
8192 4096 0x5a
12288 1 0x65
12289 1 0x6e
12290 1 0x64" read v.img /w
output "8191 1 0x00
8192 2 0x5a" read v.img /w 8191 3
output "" read v.img /w 1m
json "[(x['offset'], x['length'], x['byte']) for x in d]" "[(8191, 1, 0), (8192, 2, 90)]" read --json v.img /w 8191 3
json "d" "[]" read --json v.img /w 1m
expect 1 "xfsw: read: /none: No such file or directory" read --json v.img /none
document "d['errors'][0]['errno']" 2
json "[o for x in d for o in range(x['offset'], x['offset'] + x['length'], 4096)]" "[0, 8192, 12288]" \
	extents --json v.img /w
output "$(python3 -c "
import json
for x in json.load(open('out')):
    print(x['offset'], x['length'], x['device_offset'])")" extents v.img /w
# The device offset is where the bytes lie in the image.
read -r _ _ where <out
[ "$(dd if=v.img bs=1 skip=$((where + 100)) count=4 2>/dev/null)" = text ] || fail "the bytes are not at $where"
printf 'read /w 0 1\nwrite /w 0 1 x\nread /w 0 1\n' | "$XFSW" shell v.img >out || fail "read and write in the shell"
[ "$(cat out)" = "0 1 0x00
0 1 0x78" ] || fail "read and write in the shell: $(cat out)"
expect 1 "xfsw: extents: /none: No such file or directory" extents v.img /none
expect 1 "xfsw: write: /none: No such file or directory" write v.img /none 0 1 x
expect 2 "xfsw: write: operands are missing, or too many; see 'xfsw write --help'" write v.img /w 0 1
expect 2 "xfsw: write: '300' is not a byte; see 'xfsw write --help'" write v.img /w 0 1 300
expect 2 "xfsw: read: OFFSET or LENGTH is not a size; see 'xfsw read --help'" read v.img /w 1q

ok check v.img
