#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what replaces a file takes its name when it is whole, and never takes away what is being
# copied or linked; verbs that overwrite ask first, and know their source however it is called.
# Method: no privileges; names, links, failures on the way; what was there is read back.
. "$(dirname "$0")/common.sh"
img=$work/p.img
cd "$work" || fail "cd"

ok() { "$XFSW" "$@" >out 2>err </dev/null || fail "xfsw $*: $(cat err)"; }
# refused MESSAGE CMD...: not exit code 0, and a line that holds this.
refused() {
	message=$1
	shift
	"$XFSW" "$@" >out 2>err </dev/null && fail "xfsw $*: done"
	grep -qF -e "$message" err || fail "xfsw $*: said '$(cat err)', not '$message'"
}
# holds TEXT PATH
holds() {
	"$XFSW" cat "$img" "$2" >out 2>err || fail "$2: $(cat err)"
	[ "$(cat out)" = "$1" ] || fail "$2 holds '$(cat out)', not '$1'"
}
# is KEY VALUE PATH
is() {
	got=$("$XFSW" stat --json "$img" "$3" | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | head -1)
	[ "$got" = "$2" ] || fail "$3: $1 is '$got', not '$2'"
}
names() {
	got=$("$XFSW" ls "$img" "$2" | tr '\n' ' ')
	got=${got% }
	[ "$got" = "$1" ] || fail "$2 holds the names '$got', not '$1'"
}

ok mkfs --size 300m "$img"

# ---- a file is replaced, not written into ------------------------------------
echo old >old
echo new >new
ok put "$img" old /f
ok ln "$img" /f /second
ok ln -s "$img" second /link
ok put "$img" new /f
holds new /f
holds old /second
is nlink 1 /second
ok put "$img" new /link
is type file /link
holds old /second
echo piped | "$XFSW" put "$img" - /second || fail "put -"
holds piped /second
ok ln "$img" /second /third
ok ln -s "$img" third /link2
echo again | "$XFSW" put "$img" - /link2 || fail "put - over a link"
holds piped /third
is nlink 2 /third
is type file /link2
is mode $((0644)) /link2
echo owned | "$XFSW" put --owner 8:9 --mtime-clamp @1000 "$img" - /owned || fail "put --owner -"
is uid 8 /owned
is gid 9 /owned
is mtime 1000.000000000 /owned
"$XFSW" put "$img" - / </dev/null 2>err && fail "put - made a directory a file"
ok mkdir "$img" /empty
ok put "$img" new /empty/in
refused "" put "$img" old /empty/in/none

# ---- what is kept ----------------------------------------------------------------
ok chmod "$img" 4751 /f
ok chown "$img" 12:34 /f
ok xattr set "$img" /f security.label there
ok xattr set "$img" /f user.mine kept
echo newer >newer
ok put --keep-attrs "$img" newer /f
holds newer /f
is mode $((04751)) /f
is uid 12 /f
[ "$("$XFSW" xattr get "$img" /f security.label)" = there ] || fail "the label is lost"
[ "$("$XFSW" xattr get "$img" /f user.mine)" = kept ] || fail "an attribute is lost"
echo streamed | "$XFSW" put --keep-attrs "$img" - /f || fail "put --keep-attrs -"
holds streamed /f
is gid 34 /f
mkdir keep && echo tree >keep/f && mkdir keep/d && echo x >keep/d/x
ok mkdir -m 700 "$img" /kept
ok mkdir -m 711 "$img" /kept/d
ok chown "$img" 5:6 /kept /kept/d
ok put "$img" old /kept/f
ok chown "$img" 7:8 /kept/f
ok put --keep-attrs "$img" keep /kept
is uid 5 /kept
is mode $((0711)) /kept/d
is uid 7 /kept/f
holds tree /kept/f
ok put "$img" keep /kept
is uid "$(id -u)" /kept/f
is mode $((0755)) /kept/d

# ---- in place -------------------------------------------------------------------------
ok put "$img" old /a
ok ln "$img" /a /b
ok ln -s "$img" b /c
ok chown "$img" 3:4 /a
ok put --in-place "$img" newer /c
holds newer /a
is nlink 2 /a
is uid 3 /a
is type symlink /c
echo short | "$XFSW" put --in-place "$img" - /b || fail "put --in-place -"
holds short /a
ok put --in-place "$img" newer /fresh
holds newer /fresh
refused "--in-place" put --in-place --keep-attrs "$img" newer /a

# ---- failures leave what was there ------------------------------------------------------
head -c 320000000 /dev/zero >large
head -c 5000 /dev/urandom >small
ok put "$img" small /target
refused "No space left" put "$img" large /target
ok get "$img" /target back
cmp small back || fail "a failed put changed what was there"
refused "No space left" put "$img" large /never
refused "" stat "$img" /never
mkdir big && cp small big/one && cp large big/two && cp small big/zzz
ok mkdir "$img" /tree
ok put "$img" old /tree/two
refused "No space left" put "$img" big /tree
holds old /tree/two
"$XFSW" put "$img" - /target <large 2>err && fail "put - of too much"
rm -f back
ok get "$img" /target back
cmp small back || fail "a failed put - changed what was there"
free=$("$XFSW" df --json "$img" | grep free)
refused "No space left" put "$img" large /target
[ "$("$XFSW" df --json "$img" | grep free)" = "$free" ] || fail "what failed takes space"
# And the other way.
rm -rf small-fs back && mkdir small-fs
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=2m tmpfs small-fs 2>/dev/null; then
	mounts="$work/small-fs $mounts"
	head -c 5000000 /dev/zero | "$XFSW" put "$img" - /toolarge || fail "put of 5 MB"
	ok mkdir "$img" /two
	ok put "$img" small /two/ok
	ok ln "$img" /toolarge /two/toolarge
	cp old small-fs/toolarge && mkdir small-fs/two && cp old small-fs/two/toolarge
	refused "No space left" get -f "$img" /toolarge small-fs
	refused "No space left" get -f "$img" /two small-fs/two
	cmp old small-fs/toolarge && cmp old small-fs/two/toolarge && cmp small small-fs/two/ok ||
		fail "a failed get -f changed what was there"
	[ -z "$(find small-fs -name '.xfsw*')" ] || fail "a failed get -f leaves $(ls -A small-fs)"
	ok get -f "$img" /two/ok small-fs/toolarge
	cmp small small-fs/toolarge || fail "get -f did not replace"
	mkdir small-fs/two/dir
	ok get -f "$img" /two/ok small-fs/two/dir/
	ok rm -r "$img" /two /toolarge
	unmount_image "$work/small-fs"
fi
# Interrupted or killed: the next open for writing frees what had no name yet.
mkfifo pipe
for signal in INT TERM KILL; do
	"$XFSW" put "$img" - /target <pipe 2>/dev/null &
	pid=$!
	{ cat small large 2>/dev/null | head -c 30000000; sleep 1; kill -$signal $pid; sleep 1; } >pipe 2>/dev/null
	wait $pid
	[ $? != 0 ] || fail "SIG$signal: put says it is done"
	"$XFSW" recover "$img" >out 2>&1 || fail "recover after SIG$signal: $(cat out)"
	rm -f back
	ok get "$img" /target back
	cmp small back || fail "SIG$signal changed what was there"
	[ "$("$XFSW" df --json "$img" | grep free)" = "$free" ] || fail "SIG$signal: space is lost"
done
rm -rf large big
judge "replacing" "$img"

# ---- the same file under two names --------------------------------------------------------
ok mkdir "$img" /same
ok mkdir "$img" /same/dir
ok put "$img" old /same/dir/f
ok ln "$img" /same/dir/f /same/dir/g
ok ln -s "$img" dir /same/way
# shellcheck disable=SC2043
for other in /same/dir/f /same//dir/./f /same/way/f /same/dir/../way/f; do
	"$XFSW" mv "$img" /same/dir/f $other 2>/dev/null
	holds old /same/dir/f
	"$XFSW" rename "$img" /same/dir/f $other 2>/dev/null
	holds old /same/dir/f
	"$XFSW" ln "$img" /same/dir/f $other 2>/dev/null && fail "ln made $other"
	holds old /same/dir/f
done
"$XFSW" mv "$img" /same/dir/f /same/way 2>/dev/null
"$XFSW" mv "$img" /same/dir /same/way 2>/dev/null
holds old /same/dir/f
is nlink 2 /same/dir/f
# Two names of one file: the move leaves the new one.
ok mv "$img" /same/dir/f /same/way/g
holds old /same/dir/g
is nlink 1 /same/dir/g
refused "No such file" stat "$img" /same/dir/f
if command -v python3 >/dev/null 2>&1; then
	python3 - <<'END'
import io, tarfile
with tarfile.open("self.tar", "w") as tar:
    def add(name, text=None, link=None, soft=None):
        member = tarfile.TarInfo(name)
        if link is not None:
            member.type, member.linkname = tarfile.LNKTYPE, link
        elif soft is not None:
            member.type, member.linkname = tarfile.SYMTYPE, soft
        elif text is None:
            member.type = tarfile.DIRTYPE
        else:
            member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()) if text else None)
    add("d")
    add("d/f", "text\n")
    add("d/f", link="d/f")
    add("./d//f", link="./d/./f")
    add("way", soft="d")
    add("way/f", link="d/f")
    add("d/f", link="way/f")
    add("d/g", link="d/f")
    add("d/g", link="d/f")
    add("d/f", link="d/g")
    add("d/h", "other\n")
    add("d/h", link="d/f")
END
	"$XFSW" create --size 300m self.tar self.img >out 2>err
	if grep -q libarchive err; then
		say "note: built without libarchive, tar is not tested"
	else
		[ ! -s err ] || fail "hard links to themselves: $(cat err)"
		img=self.img
		holds text /d/f
		holds text /d/h
		is nlink 3 /d/g
		judge "hard links to themselves" self.img
		img=$work/p.img
	fi
fi

# ---- the image is its own source -----------------------------------------------------------
ln -s "$img" soft.img
ln "$img" hard.img
for name in "$img" ./p.img soft.img hard.img; do
	refused "the image itself" put "$img" "$name" /self
	"$XFSW" put "$img" - /self <"$name" 2>err && fail "put - of the image itself"
	grep -q 'the image itself' err || fail "put - of the image itself: $(cat err)"
done
mkdir holder
ln "$img" holder/inner.img
echo beside >holder/beside
ok put "$img" holder /holder
names "beside" /holder
# Nor can it be removed for what comes out of it.
ok mkdir "$img" /out
ok put "$img" new /out/p.img
ok put "$img" new /out/hard.img
ok mkdir "$img" /out/soft.img
before=$(cksum <"$img")
refused "busy" get -f "$img" /out/p.img .
refused "busy" get -f "$img" /out/p.img ./p.img
refused "busy" get -f "$img" /out .
[ "$(cksum <"$img")" = "$before" ] || fail "get removed its own image"
[ -L soft.img ] && fail "get -f left a link that a directory replaces"
rm -rf holder hard.img soft.img

# ---- overwriting asks -----------------------------------------------------------------------
mkdir source && echo x >source/x
echo "a letter" >text
head -c 3000000 /dev/urandom >noise
printf 'QFI\373' >qcow2 && head -c 70000 /dev/zero >>qcow2
{ head -c 40000000 /dev/zero; echo late; } >late
tar -cf a.tar source 2>/dev/null && gzip -k a.tar
for file in text noise qcow2 late a.tar a.tar.gz p.img; do
	before=$(cksum <$file)
	refused "use -f to overwrite it" mkfs --size 400m $file
	refused "use -f to overwrite it" mkfs $file
	refused "use -f to overwrite it" create --size 400m source $file
	refused "use -f to overwrite it" create source $file
	refused "use -f to overwrite it" mkfs --size 400m --logdev $file fresh.img
	refused "use -f to overwrite it" mkfs --offset 0 --size 400m $file
	[ "$(cksum <$file)" = "$before" ] || fail "$file was overwritten without -f"
	rm -f fresh.img
done
refused "xfs" mkfs p.img
: >empty
ok mkfs --size 400m empty
head -c 400000000 /dev/zero >zeros
ok mkfs zeros
truncate -s 400M hole
ok create source hole
ok mkfs -f --size 400m text
ok create -f --size 400m source noise
# Beside a window, others may have their data; in it, none is overwritten.
truncate -s 500M disk
echo "boot loader" | dd of=disk conv=notrunc status=none
ok mkfs --offset 1m --size 400m disk
echo "their data" | dd of=disk bs=1M seek=450 conv=notrunc status=none
refused "use -f to overwrite it" mkfs --offset 1m --size 400m disk
ok mkfs -f --offset 1m --size 400m disk
[ "$(head -c 11 disk)" = "boot loader" ] || fail "what is before the window is gone"

# ---- source and target ------------------------------------------------------------------------
ln -s a.tar soft.tar
ln a.tar hard.tar
before=$(cksum <a.tar)
for name in a.tar ./a.tar soft.tar hard.tar; do
	"$XFSW" create -f --size 400m a.tar $name 2>err && fail "create made $name of a.tar"
	"$XFSW" create -f --size 400m $name a.tar 2>err && fail "create made a.tar of $name"
	grep -q 'image itself\|libarchive' err || fail "create over its source says: $(cat err)"
	"$XFSW" create -f --size 400m - $name <a.tar 2>err && fail "create made $name of a stream of it"
	"$XFSW" create -f --size 400m --logdev $name a.tar fresh.img 2>err && fail "the log was made of the source"
	rm -f fresh.img
	[ "$(cksum <a.tar)" = "$before" ] || fail "create has overwritten its source"
done
refused "the image itself" mkfs --size 400m -f text --logdev ./text
cp text source/in.img
ok create -f source source/in.img
img=source/in.img
names "x" /
exit 0
