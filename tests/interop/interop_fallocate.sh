#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: after the same calls files of an image have the bytes, sizes, modes, blocks and errors that files of
# a kernel's mount have; the kernel and xfs_repair find the image without fault.
# Method: falloc_ops does seeded calls on both sides and compares after each; then xfs_repair and the
# checker look at both images, and the kernel mounts ours: the beginnings of its files are compared once
# more.
#
#   interop_fallocate.sh FALLOC_OPS CHECK_IMAGE [--seed S] [--ops N] [--budget SECONDS]
#
# Every geometry has a seed of its own, from S on; with a budget they are gone through until it is spent.
. "$(dirname "$0")/common.sh"
ops=$1 check=$2 seed=4711 count=250 budget=0
shift 2
while [ $# -gt 1 ]; do
	case $1 in
	--seed) seed=$2 ;;
	--ops) count=$2 ;;
	--budget) budget=$2 ;;
	*) fail "usage: interop_fallocate.sh FALLOC_OPS CHECK_IMAGE [--seed S] [--ops N] [--budget SECONDS]" ;;
	esac
	shift 2
done
need_mounts
need_tools xfs_repair
begin=$(date +%s)

# What the referees say to both images.
judge_both() {	# NAME
	for _side in ours kernel; do
		"$check" "$work/$_side.img" >"$work/check" || { cat "$work/check" >&2; fail "$1, $_side: checker"; }
		if repair_knows "$work/$_side.img"; then
			repair_silent "$1, $_side" "$work/$_side.img" xfs_repair
		fi
		# shellcheck disable=SC2086  # may be a wrapper and a name
		[ -z "$_newer" ] || repair_silent "$1, $_side" "$work/$_side.img" $_newer
	done
}

compare_images() {	# NAME BLOCK SIZE
	_name=$1 _bs=$2
	cp --sparse=always "$work/ours.img" "$work/kernel.img"
	# The newest one dislikes where older mkfs.xfs put the root inode between blocks of 64 KiB.
	_newer=${XFS_REPAIR_NEW:-}
	if [ -n "$_newer" ]; then
		# shellcheck disable=SC2086
		$_newer -n "$work/ours.img" >/dev/null 2>&1 || _newer=""
	fi
	_alloc=$_bs
	[ "$_bs" -ge 4096 ] || _alloc=4096
	mount_image "$work/kernel.img" "$work/mnt" "allocsize=$_alloc" ||
		{ say "SKIPPED LINE: $_name: this kernel does not mount it"; return; }
	"$ops" "$work/ours.img" "$work/mnt" "$seed" "$count" "$_bs" >"$work/sums" ||
		fail "$_name, --seed $seed --ops $count"
	unmount_image "$work/mnt"
	mount_image "$work/kernel.img" "$work/mnt" || fail "$_name: second mount"
	"$ops" "$work/ours.img" "$work/mnt" "$seed" 0 "$_bs" >"$work/sums2" ||
		fail "$_name, --seed $seed --ops $count: after new mounts"
	mount_image "$work/ours.img" "$work/ours" nouuid || fail "$_name: the kernel does not mount it"
	for _f in "$work"/mnt/*; do
		cmp -n 70000000 "$_f" "$work/ours/$(basename "$_f")" || fail "$_name: $(basename "$_f")"
	done
	unmount_image "$work/ours"
	unmount_image "$work/mnt"
	judge_both "$_name, seed $seed"
	say "ok: $_name, seed $seed: $(cat "$work/sums")"
	say "    after new mounts: $(cat "$work/sums2")"
	seed=$((seed + 1))
}

spent() {
	[ "$budget" -gt 0 ] && [ $(($(date +%s) - begin)) -ge "$budget" ]
}

one() {	# NAME BLOCKSIZE OPTIONS of mkfs.xfs
	if spent; then return; fi
	_name=$1 _bs=$2
	shift 2
	rm -f "$work"/*.img
	truncate -s 500M "$work/ours.img"
	mkfs.xfs -q -f -b size="$_bs" "$@" "$work/ours.img" || fail "$_name: mkfs.xfs"
	compare_images "$_name" "$_bs"
}

# With the features of newer kernels, which the installed mkfs.xfs may not know.
one_new() {	# NAME BLOCKSIZE SIZE OPTIONS of xfsw mkfs
	if spent; then return; fi
	_name=$1 _bs=$2 _size=$3
	shift 3
	rm -f "$work"/*.img
	"$XFSW" mkfs --size "$_size" -b "size=$_bs" "$@" "$work/ours.img" >"$work/out" 2>&1 ||
		{ cat "$work/out" >&2; fail "$_name: xfsw mkfs"; }
	if ! kernel_knows "$work/ours.img"; then
		say "SKIPPED LINE: $_name: this kernel does not mount it"
		return
	fi
	compare_images "$_name" "$_bs"
}

all() {
	one b4096 4096 -m reflink=1,rmapbt=1
	one b4096-plain 4096 -m reflink=0,finobt=0
	one b1024 1024 -m reflink=1,rmapbt=1
	one b1024-plain 1024 -m reflink=0,rmapbt=1
	one b2048-norm 2048 -m reflink=1,rmapbt=0
	one b65536 65536 -m reflink=1,rmapbt=1
	one_new b4096-exchange 4096 64m --small
	one_new b1024-exchange 1024 40m --small
}

all
while [ "$budget" -gt 0 ] && ! spent; do
	all
done
