#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: inode flags, project ids and extent-size hints are copied in both directions, and what cannot
# be is told once per kind.
# Method: a tree on the kernel's XFS with all of them goes through create, put and get, and comes back
# the same; ext4 and tmpfs hold a part, or nothing.
. "$(dirname "$0")/common.sh"
need_mounts
need_tools xfs_io chattr lsattr
img=$work/f.img

# list DIR: what the kernel says of each object that can be opened.
list() {
	(cd "$1" && find . \( -type f -o -type d \) | sort | while read -r name; do
		echo "$name $(xfs_io -r -c stat "$name" | sed -n \
			-e 's/^fsxattr\.xflags = [^[]*\[\(.*\)\].*/xflags=\1/p' \
			-e 's/^fsxattr\.\(projid\|extsize\|cowextsize\) = \([^ ]*\).*/\1=\2/p' |
			grep -v '^cowextsize=0$' | tr '\nX' ' -')"
	done) >"$2"
	[ -s "$2" ] || fail "nothing is in $1"
}
same_list() {
	if ! cmp -s "$2" "$3"; then
		diff "$2" "$3" >&2
		fail "$1: flags, projects or hints differ"
	fi
}
release() { chattr -R -i -a "$1" 2>/dev/null; }
# is KEY VALUE PATH
is() {
	got=$("$XFSW" stat --json "$img" "$3" | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | head -1)
	[ "$got" = "$2" ] || fail "$3: $1 is '$got', not '$2'"
}
xfs_at() {
	truncate -s 400M "$work/$1.img"
	mkfs.xfs -q "$work/$1.img" || fail "mkfs.xfs"
	mount_image "$work/$1.img" "$work/$1" || fail "mount"
}

# ---- a tree that has all of it -------------------------------------------------------
xfs_at source
src=$work/source/tree
mkdir -p "$src/project/sub" "$src/plain" "$src/hints" "$src/fixed"
echo before >"$src/project/before"
xfs_io -c "chproj 42" -c "chattr +P" "$src/project" "$src/project/sub" || fail "chproj"
echo inside >"$src/project/inside"
ln -s inside "$src/project/link"
mkfifo "$src/project/fifo"
mknod "$src/project/null" c 1 3
ln "$src/project/inside" "$src/project/sub/again"
echo other >"$src/project/other"
xfs_io -c "chproj 43" "$src/project/other"
xfs_io -c "extsize 64k" "$src/hints" || fail "extsize"
head -c 100000 /dev/urandom >"$src/hints/inherits"
xfs_io -f -c "extsize 128k" "$src/hints/own" || fail "extsize"
xfs_io -f -c "cowextsize 256k" "$src/hints/cow" || fail "cowextsize"
head -c 50000 /dev/urandom >"$src/hints/own"
for flag in s S A d f; do
	echo $flag >"$src/plain/$flag"
	xfs_io -c "chattr +$flag" "$src/plain/$flag" || fail "chattr +$flag"
done
mkdir "$src/plain/dir"
xfs_io -c "chattr +A" "$src/plain/dir"
: >"$src/plain/empty"
xfs_io -c "chattr +d" -c "chproj 7" "$src/plain/empty"
echo never >"$src/fixed/immutable"
ln "$src/fixed/immutable" "$src/fixed/immutable-too"
ln "$src/fixed/immutable" "$src/plain/immutable-three"
setfattr -n user.x -v y "$src/fixed/immutable"
echo grows >"$src/fixed/log"
chattr +i "$src/fixed/immutable"
chattr +a "$src/fixed/log"
chattr +i "$src/fixed"
digest "$src" "$work/digest"
list "$src" "$work/list"
grep -q 'project/inside.*projid=42' "$work/list" || fail "the source has no project"
grep -q 'hints/own.*extsize=131072' "$work/list" || fail "the source has no hints"

compare() {
	digest "$2" "$work/digest.got"
	same_digest "$1" "$work/digest" "$work/digest.got"
	list "$2" "$work/list.got"
	same_list "$1" "$work/list" "$work/list.got"
}

# ---- in, and out again ------------------------------------------------------------------
run_silent "create" "$XFSW" create --profile 6.1 --size 400m "$src" "$img"
judge "create" "$img"
is projid 42 /project/link
is projid 42 /project/null
mount_image "$img" "$work/mnt" || fail "mount of the image"
compare "create" "$work/mnt"
release "$work/mnt"
unmount_image "$work/mnt"
rm "$img"
run_silent "mkfs" "$XFSW" mkfs --profile 6.1 --size 400m "$img"
run_silent "put" "$XFSW" put "$img" "$src" /tree
judge "put" "$img"
is projid 42 /tree/project/fifo
mount_image "$img" "$work/mnt" || fail "mount of the image"
compare "put" "$work/mnt/tree"
unmount_image "$work/mnt"
xfs_at back
run_silent "get" "$XFSW" get "$img" /tree "$work/back/tree"
compare "get" "$work/back/tree"
release "$work/back"
[ "$("$XFSW" stat --json "$img" /tree/project/link | grep projid)" = \
  "$(cd "$work" && "$XFSW" put "$img" back/tree/project/link /link && "$XFSW" stat --json "$img" /link | grep projid)" ] ||
	say "note: this kernel does not tell the project of links"
run_silent "get without flags" "$XFSW" get --no-fflags "$img" /tree "$work/back/none"
list "$work/back/none" "$work/list.none"
grep -v 'xflags=-* projid=0 extsize=0 *$' "$work/list.none" | grep -q . &&
	fail "--no-fflags: $(cat "$work/list.none")"
run_silent "put without flags" "$XFSW" put --no-fflags "$img" "$src" /none
is projid 0 /none/project/inside
is extsize 0 /none/hints/own

# ---- a directory that hands down ----------------------------------------------------------
run_silent "shell" "$XFSW" mkdir "$img" /p
mount_image "$img" "$work/mnt" || fail "mount"
xfs_io -c "chproj 99" -c "chattr +P" -c "extsize 32k" -c "chattr +A" "$work/mnt/p" || fail "chproj"
unmount_image "$work/mnt"
mkdir -p "$work/host/sub/deep"
echo one >"$work/host/one"
echo two >"$work/host/sub/deep/two"
ln "$work/host/one" "$work/host/sub/second"
ln -s one "$work/host/soft"
run_silent "put of a file" "$XFSW" put "$img" "$work/host/one" /p
run_silent "put of a link" "$XFSW" put "$img" "$work/host/soft" /p/soft
run_silent "put of a tree" "$XFSW" put "$img" "$work/host" /p/tree
echo piped | "$XFSW" put "$img" - /p/piped || fail "put -"
run_silent "mkdir" "$XFSW" mkdir "$img" /p/made
for path in /p/one /p/soft /p/tree /p/tree/one /p/tree/sub/deep /p/tree/sub/deep/two /p/tree/soft \
	/p/piped /p/made; do
	is projid 99 $path
done
is nlink 2 /p/tree/one
"$XFSW" stat "$img" /p/one >"$work/out"
# Twice: what is there already is merged and replaced, and stays in the project.
run_silent "put again" "$XFSW" put "$img" "$work/host" /p
run_silent "put again" "$XFSW" put "$img" "$work/host" /p/tree
is projid 99 /p
is projid 99 /p/tree/sub/deep/two
run_silent "mv" "$XFSW" mv "$img" /p/tree/one /p/moved
run_silent "ln" "$XFSW" ln "$img" /p/moved /p/linked
# What has a project of its own keeps it, and what was left out of one stays out.
run_silent "put of projects" "$XFSW" put "$img" "$src" /p/src
is projid 42 /p/src/project/inside
is projid 0 /p/src/project/before
is projid 43 /p/src/project/other
is projid 7 /p/src/plain/empty
is projid 99 /p/src/plain/d
judge "projects" "$img"
mount_image "$img" "$work/mnt" || fail "mount"
echo kernel >"$work/mnt/p/tree/sub/kernel" && mv "$work/mnt/p/tree/sub/kernel" "$work/mnt/p/tree/sub/deep" ||
	fail "the kernel finds another project"
mv "$work/mnt/p/tree/sub/deep/two" "$work/mnt/p/two" || fail "the kernel finds another project"
xfs_io -r -c stat "$work/mnt/p/one" | grep -q 'extsize = 32768' || fail "a hint was not handed down"
unmount_image "$work/mnt"

# ---- hosts that hold less -----------------------------------------------------------------
truncate -s 300M "$work/ext.img"
if command -v mkfs.ext4 >/dev/null 2>&1 && mkfs.ext4 -q "$work/ext.img" &&
	mount_image "$work/ext.img" "$work/ext"; then
	"$XFSW" get "$img" /tree "$work/ext/tree" 2>"$work/err"
	[ $? = 1 ] || fail "get to ext4: nothing is said to be lost"
	[ "$(grep -c 'could not be kept' "$work/err")" = 3 ] || fail "get to ext4 said $(cat "$work/err")"
	grep -q 'project ids could not be kept' "$work/err" || fail "get to ext4 said $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" = 3 ] || fail "get to ext4 said $(cat "$work/err")"
	lsattr -d "$work/ext/tree/fixed/immutable" "$work/ext/tree/fixed/log" "$work/ext/tree/fixed" \
		"$work/ext/tree/plain/d" "$work/ext/tree/plain/A" "$work/ext/tree/plain/s" >"$work/lsattr"
	for want in '-i-.*fixed/immutable' '-a-.*fixed/log' '-i-.*fixed$' 'd.*plain/d' 'A.*plain/A' 'S.*plain/s'; do
		grep -q -e "$want" "$work/lsattr" || fail "get to ext4: $want is not in $(cat "$work/lsattr")"
	done
	# And from there.
	chattr +j "$work/ext/tree/plain/f" 2>/dev/null && foreign=1 || foreign=0
	"$XFSW" create --profile 6.1 --size 300m "$work/ext/tree" "$work/e.img" 2>"$work/err" || fail "create: $(cat "$work/err")"
	[ "$(grep -c 'sets of inode flags could not be kept' "$work/err")" = $foreign ] ||
		fail "create from ext4 said $(cat "$work/err")"
	mount_image "$work/e.img" "$work/mnt" || fail "mount"
	lsattr -d "$work/mnt/fixed/immutable" "$work/mnt/fixed/log" "$work/mnt/fixed" \
		"$work/mnt/plain/d" "$work/mnt/plain/A" "$work/mnt/plain/s" >"$work/lsattr"
	for want in '-i-.*fixed/immutable' '-a-.*fixed/log' '-i-.*fixed$' 'd.*plain/d' 'A.*plain/A' 'S.*plain/s'; do
		grep -q -e "$want" "$work/lsattr" || fail "create from ext4: $want is not in $(cat "$work/lsattr")"
	done
	release "$work/mnt"
	unmount_image "$work/mnt"
	release "$work/ext"
	unmount_image "$work/ext"
fi
# Blocks that the hints do not fit.
run_silent "mkfs" "$XFSW" mkfs -f --size 400m -b size=64k "$work/e.img"
"$XFSW" put "$work/e.img" "$src" /tree 2>"$work/err" || fail "put: $(cat "$work/err")"
run_silent "check" "$XFSW" check "$work/e.img"
"$XFSW" mkfs -f --profile 6.1 --size 400m -m reflink=0 "$work/e.img"
"$XFSW" put "$work/e.img" "$src" /tree 2>"$work/err" || fail "put: $(cat "$work/err")"
grep -q ': 1 extent-size hints could not be kept' "$work/err" || fail "put without reflink said $(cat "$work/err")"
judge "put without reflink" "$work/e.img"

# ---- names of flags in archives -----------------------------------------------------------
if command -v python3 >/dev/null 2>&1; then
	python3 - "$work/flags.tar" <<'END' || fail "python3"
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as tar:
    def add(name, flags, text=None, link=None):
        member = tarfile.TarInfo(name)
        if link:
            member.type, member.linkname = tarfile.LNKTYPE, link
        elif text is None:
            member.type = tarfile.DIRTYPE
        else:
            member.size = len(text)
        if flags:
            member.pax_headers["SCHILY.fflags"] = flags
        tar.addfile(member, io.BytesIO(text.encode()) if text else None)
    add("d", "schg,nodump")
    add("d/early", "uchg", "early\n")
    add("d/late", None, link="d/early")
    add("d/append", "sappnd,noatime", "x\n")
    add("d/off", "nouchg,dump", "x\n")
    add("d/foreign", "uarch,hidden", "x\n")
    add("d/twice", "schg", "one\n")
    add("d/twice", None, "two\n")
END
	"$XFSW" create --profile 6.1 --size 300m "$work/flags.tar" "$work/t.img" 2>"$work/err"
	status=$?
	if grep -q libarchive "$work/err"; then
		say "note: built without libarchive, tar is not tested"
		exit 0
	fi
	[ $status = 0 ] || fail "create from tar: $(cat "$work/err")"
	grep -q ': 1 sets of inode flags could not be kept' "$work/err" || fail "create said $(cat "$work/err")"
	judge "flags from tar" "$work/t.img"
	mount_image "$work/t.img" "$work/mnt" || fail "mount"
	lsattr -d "$work/mnt/d" "$work"/mnt/d/* >"$work/lsattr"
	for want in '-i.*d.* .*/d$' '-i-.*d/early$' '-i-.*d/late$' '-a.*A.*d/append$' '^-* .*d/off$' \
		'^-* .*d/foreign$' '^-* .*d/twice$'; do
		grep -q -e "$want" "$work/lsattr" || fail "flags from tar: $want is not in $(cat "$work/lsattr")"
	done
	[ "$(cat "$work/mnt/d/twice")" = two ] || fail "the last member does not count"
	release "$work/mnt"
	unmount_image "$work/mnt"
fi
release "$work/source"
exit 0
