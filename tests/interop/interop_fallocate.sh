#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: after the same calls files of an image have the bytes, sizes, blocks and errors that files of
# a kernel's mount have; the kernel and xfs_repair find the image without fault.
# Method: falloc_ops does seeded calls on both sides and compares after each; then the kernel mounts
# the image and the beginnings of its files are compared once more.
#
#   interop_fallocate.sh FALLOC_OPS CHECK_IMAGE [SEED [OPS]]
. "$(dirname "$0")/common.sh"
ops=$1 check=$2 seed=${3:-4711} count=${4:-400}
need_mounts
need_tools xfs_repair

one() {
	_name=$1 _bs=$2
	shift 2
	_img=$work/$_name.img
	truncate -s 500M "$_img"
	mkfs.xfs -q -f -b size="$_bs" "$@" "$_img" || fail "$_name: mkfs.xfs"
	cp --sparse=always "$_img" "$work/kernel.img"
	_alloc=$_bs
	[ "$_bs" -ge 4096 ] || _alloc=4096
	mount_image "$work/kernel.img" "$work/mnt" "allocsize=$_alloc" ||
		{ say "SKIPPED LINE: $_name: this kernel does not mount it"; return; }
	"$ops" "$_img" "$work/mnt" "$seed" "$count" "$_bs" >&2 || fail "$_name, seed $seed"
	"$check" "$_img" >"$work/check" || { cat "$work/check" >&2; fail "$_name: checker"; }
	repair_silent "$_name" "$_img" xfs_repair
	mount_image "$_img" "$work/ours" nouuid || fail "$_name: the kernel does not mount it"
	for _f in "$work"/mnt/*; do
		cmp -n 70000000 "$_f" "$work/ours/$(basename "$_f")" || fail "$_name: $(basename "$_f")"
	done
	unmount_image "$work/ours"
	unmount_image "$work/mnt"
	rm -f "$_img" "$work/kernel.img"
	say "ok: $_name"
}

one b4096 4096 -m reflink=1,rmapbt=1
one b4096-plain 4096 -m reflink=0,finobt=0
one b1024 1024 -m reflink=1,rmapbt=1
one b1024-plain 1024 -m reflink=0,rmapbt=1
one b2048-norm 2048 -m reflink=1,rmapbt=0
one b65536 65536 -m reflink=1,rmapbt=1
