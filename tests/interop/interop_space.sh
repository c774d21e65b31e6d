#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: as much fits into a file system through the library as through the kernel, nothing is lost when
# it is emptied, and files that grow side by side lie in no more pieces.
# Method: seeded writers until -ENOSPC, on two copies of one new image: one through the library, one
# on a loop mount; at most 1 % less may fit.  xfsw check and xfs_repair judge the full image; once
# the files are removed as many blocks are free as before.  Then 8 files grow by 64 KiB in turns, with as
# much memory as the kernel has, and with data written on the way.
#
#   interop_space.sh [-n ROUNDS] [-s SEED]
. "$(dirname "$0")/common.sh"
: "${FILL_SPACE:=$XFSWRITE_BUILD/tests/interop/fill_space}"
rounds=4 seed=1
while getopts n:s: option; do
	case $option in
	n) rounds=$OPTARG ;;
	s) seed=$OPTARG ;;
	*) exit 1 ;;
	esac
done
need_mounts
need_tools mkfs.xfs xfs_repair

# Options of mkfs.xfs and a size, in turns.
geometries() {
	cat <<-END
	300m -m reflink=1
	300m -b size=1024 -m rmapbt=1
	600m -d agcount=8 -m rmapbt=1
	300m -m reflink=0,finobt=0
	310m -d su=64k,sw=4,agcount=2
	300m -b size=2048 -i size=1024
	400m -b size=4096 -d agcount=3 -m rmapbt=1
	320m -l size=100m -d agcount=2
	END
}

free_blocks() {	# IMG
	"$XFSW" df "$1" | awk 'NR == 2 { print $4 }'
}

pieces() {	# IMG: extents of the eight files
	for i in 0 1 2 3 4 5 6 7; do
		"$XFSW" extents "$1" "/file$i"
	done | grep -c '^ *[0-9]'
}

round() {	# NUMBER
	_geometry=$(geometries | sed -n "$((($1 - 1) % $(geometries | wc -l) + 1))p")
	rm -f "$work"/*.img
	truncate -s "${_geometry%% *}" "$work/ours.img"
	# shellcheck disable=SC2086
	mkfs.xfs -q -f ${_geometry#* } "$work/ours.img" || fail "mkfs of $_geometry"
	cp --sparse=always "$work/ours.img" "$work/theirs.img"
	_before=$(free_blocks "$work/ours.img")
	_ours=$("$FILL_SPACE" full "$1" -L "$work/ours.img") || fail "$_geometry: seed $1"
	mount_image "$work/theirs.img" "$work/mnt" || fail "$_geometry: no mount"
	_theirs=$("$FILL_SPACE" full "$1" "$work/mnt") || fail "$_geometry: the kernel, seed $1"
	unmount_image "$work/mnt"
	say "$_geometry: seed $1: $_ours bytes fit, in the kernel $_theirs"
	[ "$_ours" -ge $((_theirs / 100 * 99)) ] || fail "too little fits"
	judge "$_geometry, full" "$work/ours.img"
	"$FILL_SPACE" empty 0 -L "$work/ours.img" || fail "$_geometry: emptying"
	judge "$_geometry, emptied" "$work/ours.img"
	_after=$(free_blocks "$work/ours.img")
	[ "$_after" -ge "$_before" ] || fail "$_before blocks were free, now only $_after"
}

turns() {	# turns|synced MKFS OPTIONS
	_how=$1
	shift
	rm -f "$work"/*.img
	truncate -s 1g "$work/ours.img"
	mkfs.xfs -q -f "$@" "$work/ours.img" || fail "mkfs"
	cp --sparse=always "$work/ours.img" "$work/theirs.img"
	"$FILL_SPACE" "$_how" 33554432 -L "$work/ours.img" || fail "turns"
	mount_image "$work/theirs.img" "$work/mnt" || fail "no mount"
	"$FILL_SPACE" "$_how" 33554432 "$work/mnt" || fail "turns in the kernel"
	unmount_image "$work/mnt"
	_ours=$(pieces "$work/ours.img") _theirs=$(pieces "$work/theirs.img")
	say "8 files in turns ($_how), $*: $_ours extents, in the kernel $_theirs"
	[ "$_ours" -ge 8 ] || fail "extents were not counted"
	[ "$_ours" -le "$_theirs" ] || fail "more extents than in the kernel"
}

i=0
while [ $i -lt "$rounds" ]; do
	round $((seed + i))
	i=$((i + 1))
done
turns turns -m reflink=1
turns synced -m reflink=1
turns synced -b size=1024
