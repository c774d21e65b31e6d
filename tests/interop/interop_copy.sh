#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: xfsw cp and mv inside an image do what their help says: trees with all attributes, hard links
#       and holes; replacing in one step, so that a failure leaves what was there; nothing replaces
#       itself, goes into itself or replaces what the same command has made.
# Method: one small image, no privileges; read back with other verbs and judged at the end.
#       interop_copy_kernel.sh shows the same trees to the kernel.
. "$(dirname "$0")/common.sh"
need_tools python3
cd "$work" || fail "cd"

# attributes PATH...: all that cp -a keeps, one tuple for each.
attributes() {
	"$XFSW" stat --json v.img "$@" >attr.json || fail "stat $*"
	python3 -c "import json
for x in json.load(open('attr.json')):
    print([x[k] for k in ('type', 'mode', 'uid', 'gid', 'mtime', 'projid', 'extsize')],
          x['type'] == 'file' and x['size'],
          [f for f in x['flags'] if f != 'hasattr'], x.get('rdev_major'), x.get('target'))"
	for _path; do
		echo "xattr ls -h --json $_path"
	done | "$XFSW" shell v.img || fail "xattr ls $*"
}
# same_attributes A B [PATH...]: of A and B, and of every PATH below them.
same_attributes() {
	_a=$1
	_b=$2
	shift 2
	# shellcheck disable=SC2046
	attributes "$_a" $(for _path; do echo "$_a$_path"; done) >attr.a
	# shellcheck disable=SC2046
	attributes "$_b" $(for _path; do echo "$_b$_path"; done) >attr.b
	cmp -s attr.a attr.b || fail "$_b has not the attributes of $_a: $(diff attr.a attr.b)"
	[ "$(wc -l <attr.a)" -gt $(($# + 1)) ] || fail "no attributes"
}
ino() { "$XFSW" stat --json v.img "$1" | sed -n 's/^ *"ino": *\([0-9]*\),*$/\1/p'; }
holds() { output "$1" cat v.img "$2"; }

ok mkfs --size 300m v.img
for verb in cp mv; do
	ok $verb --help
	grep -q "usage: xfsw $verb .*IMG" out || fail "$verb --help shows no usage"
	"$XFSW" --help | grep -q "^  $verb " || fail "$verb is not in the list"
done

# ---- a tree of everything --------------------------------------------------------
head -c 100000 /dev/urandom >f
"$XFSW" shell v.img <<'END' || fail "the tree"
mkdir -p /s/d/e
create -m 4755 /s/d/tool
write /s/d/tool 0 5000 0x41
create /s/holes
truncate /s/holes 10m
write /s/holes 1m 8192 0x42
write /s/holes 5m 4096 0x43
create /s/empty
write -t /s/empty 0 ""
ln /s/d/tool /s/d/e/hard
ln /s/d/tool /s/other
ln -s ../none /s/dangling
ln -s d /s/to_d
ln -s tool /s/d/to_tool
mknod -m 640 /s/dev c 7 9
mknod /s/fifo p
mknod /s/sock s
chown 11:12 /s/d/tool /s/fifo /s/d
chown -h 13:14 /s/dangling
xattr set /s/d/tool user.a 0x00ff00
xattr set /s/d/tool trusted.t yes
xattr set /s/d user.dir "of a directory"
xattr set -h /s/dangling trusted.link "of a link"
chmod 2750 /s/d
chmod 1777 /s/d/e
chproj 77 /s/d/tool /s/d/e
chattr +P /s/d/e
chattr +dA /s/d/tool
touch -t @1000000000.123456789 /s/d/tool /s/holes /s/d/e
touch -h -t @1100000000.5 /s/dangling
touch -t @1200000000.25 /s/d /s
END
# user::rwx, user:5:r--, group::r-x, mask::rwx, other::r--; and a default one.
acl=0x0200000001000700ffffffff020004000500000004000500ffffffff10000700ffffffff20000400ffffffff
ok xattr set v.img /s/holes system.posix_acl_access $acl
ok xattr set v.img /s/d/e system.posix_acl_default $acl
ok touch -t @1000000000.123456789 v.img /s/holes /s/d/e
ok touch -t @1200000000.25 v.img /s/d /s

ok cp -a v.img /s /copy
same_attributes /s /copy /d /d/e /d/tool /d/e/hard /other /holes /empty /dangling /to_d /d/to_tool /dev /fifo /sock
for path in /d/tool /holes /empty; do
	"$XFSW" cat v.img "/s$path" >a
	"$XFSW" cat v.img "/copy$path" >b
	cmp a b || fail "/copy$path has other contents"
done
json "[(x['offset'], x['length']) for x in d]" "[(1048576, 8192), (5242880, 4096)]" extents --json v.img /copy/holes
tool=$(ino /copy/d/tool)
[ "$tool" = "$(ino /copy/other)" ] && [ "$tool" = "$(ino /copy/d/e/hard)" ] || fail "hard links are copies"
[ "$tool" != "$(ino /s/d/tool)" ] || fail "the copy is a link to its source"
json "d[0]['nlink']" 3 stat --json v.img /copy/d/tool
json "d[0]['nlink']" 3 stat --json v.img /s/d/tool
# Into a directory, several sources; a second copy merges, and names of one file stay names of one.
ok mkdir v.img /into
ok cp -a v.img /s/d /s/other /into
[ "$(ino /into/other)" = "$(ino /into/d/tool)" ] || fail "a link between two sources is a copy"
ok touch v.img /into/d/stays
ok cp -a v.img /s/d /into
ok stat v.img /into/d/stays
same_attributes /s/d /into/d
ok cp -a v.img /s/. /into/
ok stat v.img /into/holes
same_attributes /s /into
ok cp -aT v.img /s /copy
same_attributes /s /copy
# The root as target by its own name.
ok cp -rT v.img /s/d/e /
ok stat v.img /hard
ok rm v.img /hard
# Some attributes only.
ok cp -a --no-xattrs --no-fflags v.img /s/d/tool /some
json "(d[0]['uid'], d[0]['projid'], [f for f in d[0]['flags'] if f != 'hasattr'])" "(11, 0, [])" stat --json v.img /some
json "d" "[]" xattr ls --json v.img /some
# Flags that allow no more changes come last.
ok mkdir v.img /fixed
ok touch v.img /fixed/a
ok ln v.img /fixed/a /fixed/b
ok chattr v.img +i /fixed/a /fixed
ok cp -a v.img /fixed /fixed2
same_attributes /fixed /fixed2
same_attributes /fixed/b /fixed2/b
ok chattr -R v.img -i /fixed /fixed2

# ---- made as by any program ----------------------------------------------------
ok cp v.img /s/d/tool /plain
json "('%o' % d[0]['mode'], d[0]['uid'], d[0]['projid'], [f for f in d[0]['flags'] if f != 'hasattr'], d[0]['mtime'] > '1500000000')" \
	"('755', 0, 0, [], True)" stat --json v.img /plain
ok mkdir -m 2777 v.img /shared
ok chown v.img :50 /shared
ok chproj v.img 9 /shared
ok chattr v.img +P /shared
ok cp -r v.img /s/d /shared
json "[('%o' % x['mode'], x['gid'], x['projid']) for x in d]" "[('2750', 50, 9), ('755', 50, 9)]" \
	stat --json v.img /shared/d /shared/d/tool
[ "$(ino /shared/d/tool)" = "$(ino /shared/d/e/hard)" ] || fail "cp -r: hard links are copies"
ok cp v.img /s/d/to_tool /followed
json "d[0]['type']" file stat --json v.img /followed
ok cp -P v.img /s/d/to_tool /link
json "(d[0]['type'], d[0]['target'], '%o' % d[0]['mode'])" "('symlink', 'tool', '777')" stat --json v.img /link
ok cp -r v.img /s/to_d /link2
json "d[0]['type']" symlink stat --json v.img /link2
# What replaces a file takes over its attributes; its other names keep the old one.
ok put v.img f /old
ok ln v.img /old /old_too
ok chmod v.img 640 /old
ok chown v.img 5:6 /old
ok xattr set v.img /old user.mine kept
ok cp v.img /s/empty /old
json "('%o' % d[0]['mode'], d[0]['uid'], d[0]['size'], d[0]['nlink'])" "('640', 5, 0, 1)" stat --json v.img /old
output kept xattr get v.img /old user.mine
json "(d[0]['size'], d[0]['nlink'])" "(100000, 1)" stat --json v.img /old_too
ok cp -p v.img /s/d/tool /old
same_attributes /s/d/tool /old

# ---- source and target are one ---------------------------------------------------
printf 'data' | "$XFSW" put v.img - /one || fail "put -"
ok mkdir v.img /dir
ok ln v.img /one /dir/hard
ok ln -s v.img ../one /dir/soft
ok ln -s v.img . /here
same_file() { expect 1 "xfsw: cp: /one: '/one' and '$1' are the same file" cp "$2" v.img /one "$3"; }
for to in /one /./one //one /dir/../one /here/one /dir/hard /dir/soft /here/dir/soft; do
	same_file "$to" -f "$to"
done
same_file /one -p /
same_file /here/one -a /here
for how in -a -p -r; do
	same_file /dir/hard $how /dir/hard
	same_file /dir/soft $how /dir/soft
done
holds data /one
holds data /dir/soft
holds data /dir/hard
expect 1 "xfsw: cp: /dir/soft: '/dir/soft' and '/one' are the same file" cp v.img /dir/soft /one
expect 1 "xfsw: cp: /dir/soft: '/dir/soft' and '/one' are the same file" cp -P v.img /dir/soft /one
expect 1 "xfsw: mv: /one: '/one' and '/here/one' are the same file" mv v.img /one /here/one
expect 1 "xfsw: mv: /one: '/one' and '/one' are the same file" mv v.img /one /
expect 1 "xfsw: mv: /dir/soft: '/dir/soft' and '/one' are the same file" mv v.img /dir/soft /one
expect 1 "xfsw: mv: /dir: '/dir' and '/here/dir' are the same file" mv -T v.img /dir /here/dir
holds data /one
holds data /dir/soft
# The other name of one file goes, the file stays.
ok mv v.img /one /dir/hard
json "d[0]['nlink']" 1 stat --json v.img /dir/hard
ok mv v.img /dir/hard /one

# ---- into itself -------------------------------------------------------------------
ok mkdir -p v.img /t/u/v
ok ln -s v.img t/u /short
expect 1 "xfsw: cp: /t: cannot copy a directory, '/t', into itself, '/t/t'" cp -r v.img /t /t
expect 1 "xfsw: cp: /t: cannot copy a directory, '/t', into itself, '/t/u/v/t'" cp -a v.img /t /t/u/v
expect 1 "xfsw: cp: /t: cannot copy a directory, '/t', into itself, '/t/u/new'" cp -r v.img /t /t/u/new
expect 1 "xfsw: cp: /t: cannot copy a directory, '/t', into itself, '/short/new'" cp -r v.img /t /short/new
expect 1 "xfsw: cp: /here/t/: cannot copy a directory, '/here/t/', into itself, '/short/t'" cp -r v.img /here/t/ /short
expect 1 "xfsw: cp: /: cannot copy a directory, '/', into itself, '/t'" cp -r v.img / /t
expect 1 "xfsw: cp: /t: '/t' and '/t' are the same file" cp -rT v.img /t /t
expect 1 "xfsw: cp: /t/.: '/t/.' and '/here/t' are the same file" cp -r v.img /t/. /here/t
expect 1 "xfsw: cp: /t/u: '/t/u' and '/t/u' are the same file" cp -r v.img /t/u /t
expect 1 "xfsw: mv: /t: cannot move '/t' to a subdirectory of itself, '/t/t'" mv v.img /t /t
expect 1 "xfsw: mv: /t: cannot move '/t' to a subdirectory of itself, '/t/u/v/t'" mv v.img /t /t/u/v
expect 1 "xfsw: mv: /t: cannot move '/t' to a subdirectory of itself, '/short/new'" mv -T v.img /t /short/new
output "/t
/t/u
/t/u/v" find v.img /t
# Its neighbour with the same beginning is another directory.
ok mkdir v.img /tt
ok cp -r v.img /t /tt
output "/tt
/tt/t
/tt/t/u
/tt/t/u/v" find v.img /tt
ok mv v.img /tt/t /tt/moved
ok mv v.img /tt/moved /t
output "/t/moved
/t/moved/u
/t/moved/u/v" find v.img /t/moved

# ---- links followed: -L, -H, -P, as cp(1) does --------------------------------------------
mkdir -p links/d/e links/other/deep
printf 'one' >links/d/file
printf 'two' >links/other/deep/x
ln -s file links/d/to_file
ln -s ../../other links/d/e/to_other
ln -s ../other links/d/again
ln -s deep/x links/other/chain
ln -s d links/named
ln -s named links/named2
(cd links && mkfifo d/fifo && ln -s fifo d/to_fifo)
ok put v.img links /links
# tree DIR: names, types and where links lead, of a directory of the host.
tree() { (cd "$1" && find . -printf '%p %y %l\n' | LC_ALL=C sort); }
n=0
mkdir made
echo "mkdir /out" >script
for how in "-r -L" "-R -H" "-r -P" "-a" "-a -L" "-L -a" "-r -L -P" "-P -r -L" "-r --dereference" "-L -r --no-dereference"; do
	for what in d named named2 named/ d/again other/chain d/to_file; do
		n=$((n + 1))
		cp $how links/$what made/$n || fail "cp $how $what on the host"
		echo "cp $how /links/$what /out/$n" >>script
	done
done
"$XFSW" shell v.img <script || fail "the copies in the image"
ok get v.img /out got
[ "$(tree made)" = "$(tree got)" ] || fail "followed links: $(tree made >1; tree got >2; diff 1 2)"
ok cp -L v.img /links/d/to_file /links/plain
holds one /links/plain
# Links that lead nowhere, to themselves, or up: told, and the rest is copied.
ok mkdir -p v.img /loop/a/b
ok touch v.img /loop/a/b/file
ok ln -s v.img nowhere /loop/a/dangling
ok ln -s v.img self /loop/a/self
ok ln -s v.img .. /loop/a/b/up
ok ln -s v.img /loop /loop/a/b/top
expect 1 "xfsw: cp: /loop/a/b/top: Too many levels of symbolic links (directory $(ino /loop) contains this one)
xfsw: cp: /loop/a/b/up: Too many levels of symbolic links (directory $(ino /loop/a) contains this one)
xfsw: cp: /loop/a/dangling: No such file or directory
xfsw: cp: /loop/a/self: Too many levels of symbolic links (more than 40 symbolic links on one path)" cp -rL v.img /loop /looped
output "/looped
/looped/a
/looped/a/b
/looped/a/b/file" find v.img /looped
expect 1 "xfsw: cp: /loop/a/dangling: No such file or directory" cp -rH v.img /loop/a/dangling /none
# A link to where the copy goes: what was made is not copied once more.
ok mkdir v.img /place /from
ok touch v.img /place/old
ok ln -s v.img /place /from/into
expect 1 "xfsw: cp: /from/into/from: cannot copy a directory, '/from/into/from', into itself, '/place/from/into/from'" \
	cp -rL v.img /from /place
output "/place
/place/from
/place/from/into
/place/from/into/old
/place/old" find v.img /place
expect 1 "xfsw: cp: /from/./into: cannot copy a directory, '/from/./into', into itself, '/place/./into'" \
	cp -rL v.img /from/. /place/.

# ---- types, -n, -T, several ----------------------------------------------------------
ok mkdir -p v.img /k/file /k2/sub
ok touch v.img /k2/file /k/sub
expect 1 "xfsw: cp: /k2/file: cannot overwrite directory '/k/file' with non-directory" cp v.img /k2/file /k
expect 1 "xfsw: cp: /k2/sub: cannot overwrite non-directory '/k/sub' with directory '/k2/sub'" cp -r v.img /k2/sub /k
expect 1 "xfsw: mv: /k2/file: cannot overwrite directory '/k/file' with non-directory" mv v.img /k2/file /k
expect 1 "xfsw: mv: /k2/sub: cannot overwrite non-directory '/k/sub' with directory '/k2/sub'" mv v.img /k2/sub /k
expect 1 "xfsw: cp: /k2: -r not specified; omitting directory '/k2'" cp v.img /k2 /k3
expect 1 "xfsw: cp: /k2/file: cannot overwrite directory '/k/file' with non-directory
xfsw: cp: /k2/sub: cannot overwrite non-directory '/k/sub' with directory '/k2/sub'" cp -rT v.img /k2 /k
printf 'a' | "$XFSW" put v.img - /k/a
printf 'b' | "$XFSW" put v.img - /k2/a
for how in -n; do
	expect 1 "xfsw: cp: /k2/a: File exists" cp $how v.img /k2/a /k
	expect 1 "xfsw: mv: /k2/a: File exists" mv $how v.img /k2/a /k/a
	holds a /k/a
done
expect 1 "xfsw: cp: /k2/a: File exists" cp -fn v.img /k2/a /k
ok cp -nf v.img /k2/a /k
holds b /k/a
printf 'a' | "$XFSW" put v.img - /k/a
expect 1 "xfsw: cp: /k2/a: will not overwrite just-created '/tt/a' with '/k2/a'" cp v.img /k/a /k2/a /tt
holds a /tt/a
ok rm v.img /tt/a
expect 1 "xfsw: mv: /k2/a: will not overwrite just-created '/tt/a' with '/k2/a'" mv v.img /k/a /k2/a /tt
holds a /tt/a
holds b /k2/a
expect 1 "xfsw: cp: /nodir: Not a directory; several sources need a directory" cp v.img /k2/a /tt/a /nodir
expect 1 "xfsw: mv: /k2/a: Not a directory; several sources need a directory" mv v.img /tt/a /one /k2/a
expect 2 "xfsw: cp: with -T there is one SOURCE and one TARGET; see 'xfsw cp --help'" cp -T v.img /k2/a /tt/a /k
expect 1 "xfsw: cp: /none: No such file or directory" cp v.img /none /k
expect 1 "xfsw: cp: /nodir/x: No such file or directory" cp v.img /one /nodir/x
expect 1 "xfsw: cp: /new/: Not a directory" cp v.img /one /new/
expect 1 "xfsw: stat: /new: No such file or directory" stat v.img /new
# One that fails does not keep the others from being copied.
expect 1 "xfsw: cp: /none: No such file or directory" cp v.img /one /none /k2/a /dir
holds data /dir/one
holds b /dir/a
# mv -T takes the place of an empty directory, in one step; of no other.
ok mkdir v.img /m1 /m2 /m2/full
expect 1 "xfsw: mv: /m1: File exists" mv -T v.img /m1 /m2
ok mv -T v.img /m2 /m1
ok stat v.img /m1/full
printf 'cp -r /m1 /m3\nmv /m3 /m4\n' | "$XFSW" shell v.img || fail "cp and mv in the shell"
ok stat v.img /m4/full

# ---- failures leave what was there ---------------------------------------------------
ok mkfs --size 300m small.img
head -c 40000000 /dev/zero | tr '\0' x >large
ok put small.img large /large
printf 'old' | "$XFSW" put small.img - /target
for i in 1 2 3 4 5 6 7 8 9; do
	"$XFSW" cp --reflink=never small.img /large /target 2>err || break
	ok mv small.img /target /large$i
	printf 'old' | "$XFSW" put small.img - /target
done
grep -q "^xfsw: cp: /large: No space left on device" err || fail "the file system is never full: $(cat err)"
output old cat small.img /target
"$XFSW" cp --reflink=never small.img /large /never 2>err && fail "cp to a full file system"
expect 1 "xfsw: stat: /never: No such file or directory" stat small.img /never
ok chattr small.img +i /target
"$XFSW" cp small.img /large1 /target 2>err && fail "an immutable file was replaced"
"$XFSW" mv small.img /large1 /target 2>err && fail "an immutable file was replaced by mv"
output old cat small.img /target
ok stat small.img /large1
judge "after failures" small.img
rm small.img large

# ---- shared blocks ---------------------------------------------------------------------
owners() { "$XFSW" dump r.img refcountbt 0 | sed -n 's/^rec .*refcount //p' | tr '\n' ' '; }
ok mkfs --size 300m r.img
head -c 100000 /dev/urandom >random
ok put r.img random /a
ok cp --reflink=never r.img /a /b
[ -z "$(owners)" ] || fail "cp --reflink=never has shared blocks"
ok cp r.img /a /c
ok cp --reflink r.img /a /d
ok cp --reflink=always r.img /a /e
[ "$(owners)" = "4 " ] || fail "cp has not shared blocks: $(owners)"
ok mkdir r.img /s
ok cp r.img /a /s/f
ok cp -r --reflink=always r.img /s /tree
for f in b c d e s/f tree/f; do
	"$XFSW" cat r.img /$f | cmp - random || fail "/$f is no copy"
done
printf 'new' | "$XFSW" put r.img - /c
"$XFSW" cat r.img /d | cmp - random || fail "/d was written to with /c"
expect 2 "xfsw: cp: --reflink is auto, always or never, not 'some'; see 'xfsw cp --help'" cp --reflink=some r.img /a /x
judge "shared blocks" r.img
ok mkfs --size 300m -m reflink=0 --force r.img
ok put r.img random /a
ok cp r.img /a /b
ok cp --reflink=auto r.img /a /c
"$XFSW" cat r.img /c | cmp - random || fail "/c is no copy"
expect 1 "xfsw: cp: /a: Operation not supported (the file system does not have reflink and cannot share blocks)" cp --reflink r.img /a /d
expect 1 "xfsw: stat: /d: No such file or directory" stat r.img /d
rm r.img random

# ---- a deep tree: memory and handles do not grow with it --------------------------------
awk 'BEGIN { print "mkdir /deep"; p = "/deep"; for (i = 0; i < 300; i++) { p = p "/d"; print "mkdir " p }
	print "create " p "/end" }' | "$XFSW" shell v.img || fail "the deep tree"
ok cp -a v.img /deep /deeper
[ "$("$XFSW" find v.img /deeper | wc -l)" = 302 ] || fail "the deep copy is not complete"
ok rm -r v.img /deep
judge "all of it" v.img
exit 0
