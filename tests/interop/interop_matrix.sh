#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: `xfsw create` is right for every geometry and feature set that mkfs offers.
# Method: the same tree into images of all block sizes, sector sizes, feature switches and
# extreme sizes; each is judged by all referees, mounted by the kernel where that can
# (blocks up to the page size, or 64 KiB since 6.12; profile 7.2 since 6.10) and compared.  What the
# kernel refuses is told with its reason, and read back by xfsw.
#
# --slow: also every block size with every directory block size; and the kernel goes on writing in each
# image, which is then judged and read back by xfsw.
. "$(dirname "$0")/common.sh"
need_mounts

slow=""
[ "${1:-}" != --slow ] || slow=yes
SOURCE_SIZE=2G
make_source "$work/source" --names 3000 --extents 3000
digest "$work/source" "$work/source.digest"
img=$work/test.img
mounted=0

read_back() {
	truncate -s 4G "$work/back.img"
	mkfs.xfs -q -f "$work/back.img" || fail "mkfs.xfs"
	mount_image "$work/back.img" "$work/back" || fail "mount"
	run_silent "get $*" "$XFSW" get "$img" / "$work/back"
	digest "$work/back" "$work/back.digest"
	unmount_image "$work/back"
	rm -f "$work/back.img"
}

# The kernel removes a third of everything and copies other things beside the rest.
go_on() {
	mount_image "$img" "$work/mnt" || fail "$*: not mounted for writing"
	find "$work/mnt" -mindepth 2 -depth -printf '%P\0' | awk 'BEGIN { RS = ORS = "\0" } NR % 3 == 0' |
		(cd "$work/mnt" && xargs -0 rm -rf --) || fail "$*: the kernel cannot remove"
	mkdir "$work/mnt/more"
	# The small images have less in them, and less room.
	for part in sizes attributes directories d; do
		[ ! -d "$work/source/$part" ] || cp -a "$work/source/$part" "$work/mnt/more/" ||
			fail "$*: the kernel cannot write"
	done
	digest "$work/mnt" "$work/mnt.digest"
	unmount_image "$work/mnt"
	judge "$*, after the kernel wrote" "$img"
	read_back "$@"
	same_digest "get after the kernel wrote, $*" "$work/mnt.digest" "$work/back.digest"
}

one() {
	say "create $*"
	rm -f "$img"
	run_silent "create $*" "$XFSW" create "$@" "$work/source" "$img"
	judge "create $*" "$img"
	if mount_image "$img" "$work/mnt" ro 2>"$work/err"; then
		mounted=$((mounted + 1))
		digest "$work/mnt" "$work/mnt.digest"
		unmount_image "$work/mnt"
		same_digest "create $*" "$work/source.digest" "$work/mnt.digest"
		[ -z "$slow" ] || go_on "$@"
	else
		say "SKIP: create $*: the kernel does not mount it: $(head -1 "$work/err"); xfsw reads it back"
		read_back "$@"
		same_digest "get $*" "$work/source.digest" "$work/back.digest"
	fi
}

for block in 1k 2k 4k 16k; do
	one -b size=$block
	one -b size=$block --profile 6.1
done
# In groups of up to 4096 blocks mkfs 6.1 and newer tools disagree about the root inode's place.
one -b size=64k
one -b size=64k --profile 6.1 --size 8g
one -s size=4096
one -s size=4096 --profile 6.1
one -s size=4096 -b size=64k
one -b size=1k -n size=64k
one -n size=16k --profile 6.1
one -i size=1024
one -i size=2048 -b size=16k --profile 6.1
one -m rmapbt=0
one -n parent=0
one -m rmapbt=0 -i nrext64=0,exchange=0
one --profile 6.1 -m rmapbt=1,reflink=0
one --profile 6.1 -m reflink=0,finobt=0,inobtcount=0,bigtime=1 -i sparse=0
one --profile 6.1 -i nrext64=1
one --profile 6.1 -n parent=1 -i size=2048
one -d agcount=16 --size 2g
one -d agcount=32 --profile 6.1
one -d agsize=1g
one -d su=64k,sw=4
one -l size=100m,agnum=0
one -l su=32k --profile 6.1
one --size 16t
one --size 1t -d agcount=999
one -L matrix --uuid 01234567-89ab-cdef-0123-456789abcdef --profile 6.1

one_size() {
	# As above: groups of more than 4096 blocks.
	gib=$((1 + $1 / 8))
	set -- -b size=${1}k -n size=${2}k -i size=$3 -s size=$4
	one "$@"
	one "$@" --profile 6.1 --size ${gib}g
}
[ -z "$slow" ] || every_size one_size

# Small images, as small as they get.
unmount_image "$work/source"
mkdir -p "$work/source/d"
echo small >"$work/source/d/file"
ln -s d "$work/source/link"
digest "$work/source" "$work/source.digest"
one
one --small
one --small --profile 6.1
one --small --size 64m -d agcount=2
one --small --size 48m -b size=1k -l size=8m -d agcount=2 --profile 6.1
[ $mounted -ge 8 ] || fail "the kernel mounted only $mounted of the images"
exit 0
