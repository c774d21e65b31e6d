#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: files that a kernel made in all the ways a file can be mapped - shared, unwritten,
# fragmented, sparse, with garbage behind the end, with hints - can be written by the library;
# files that share blocks with them keep their contents; the kernel reads what was written.
# Method: the kernel makes the files; data_ops does the same seeded operations on them and
# on copies outside; xfs_repair judges, the kernel mounts and compares.
#
#   interop_data.sh DATA_OPS CHECK_IMAGE [SEED]
. "$(dirname "$0")/common.sh"
ops=$1 check=$2 seed=${3:-4711}
need_mounts
need_tools xfs_io xfs_repair

# Every kind of file; "keep" ones are never written.
make_files() {
	_d=$1 _bs=$2
	xfs_io -f -c "pwrite -S 0x11 0 3000000" "$_d/plain" >/dev/null
	xfs_io -f -c "pwrite -S 0x22 0 2m" -c "pwrite -S 0x23 3m 100000" "$_d/keep-origin" >/dev/null
	xfs_io -f -c "falloc 0 2m" -c "pwrite -S 0x44 300k 100k" -c "pwrite -S 0x45 1m 5000" \
		"$_d/unwritten" >/dev/null
	xfs_io -f -c "falloc -k 0 4m" -c "pwrite -S 0x46 0 10000" "$_d/prealloc" >/dev/null
	for _i in 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30; do
		xfs_io -f -c "pwrite -S 0x5$((_i % 10)) $((_i * _bs)) $_bs" -c fsync "$_d/holes" >/dev/null
		xfs_io -f -c "pwrite -S 0x6$((_i % 10)) $((_i * 3000)) 3000" -c fsync "$_d/fragmented" >/dev/null
		xfs_io -f -c "pwrite 0 $_bs" -c fsync "$_d/between$_i" >/dev/null
	done
	rm -f "$_d"/between*
	# A page is written whole through a mapping: garbage behind the end reaches the disk.
	xfs_io -f -c "pwrite -S 0x77 0 5000" -c "mmap 0 8192" -c "mwrite -S 0x78 4096 4096" -c "msync -s" \
		"$_d/garbage" >/dev/null
	xfs_io -f -c "extsize 131072" -c "pwrite -S 0x79 0 20000" "$_d/hint" >/dev/null
	: >"$_d/empty"
	truncate -s 5000000000 "$_d/sparse"
	if [ "$3" = reflink ]; then
		cp --reflink=always "$_d/keep-origin" "$_d/clone"
		cp --reflink=always "$_d/clone" "$_d/clone2"
		cp --reflink=always "$_d/fragmented" "$_d/keep-fragmented"
		xfs_io -f -c "pwrite -S 0x33 0 1m" -c "reflink $_d/keep-origin 0 262144 524288" \
			"$_d/partly" >/dev/null
		xfs_io -f -c "reflink $_d/unwritten 0 0 2097152" "$_d/clone-unwritten" >/dev/null
	fi
}

one() {
	_name=$1 _bs=$2 _reflink=$3
	shift 3
	_img=$work/$_name.img
	rm -rf "$work/host"
	mkdir "$work/host"
	truncate -s 600M "$_img"
	mkfs.xfs -q -f -b size="$_bs" "$@" "$_img" || fail "$_name: mkfs.xfs"
	mount_image "$_img" "$work/mnt" || { say "SKIPPED LINE: $_name: this kernel does not mount it"; return; }
	make_files "$work/mnt" "$_bs" "$_reflink"
	sync -f "$work/mnt"
	cp --sparse=always "$work"/mnt/* "$work/host/" || fail "$_name: copying out"
	unmount_image "$work/mnt"
	for _round in 1 2; do
		"$ops" "$_img" "$work/host" $((seed + _round)) 1500 || fail "$_name: round $_round"
		"$check" "$_img" >"$work/check" || { cat "$work/check" >&2; fail "$_name: checker"; }
		repair_silent "$_name, round $_round" "$_img" xfs_repair
		mount_image "$_img" "$work/mnt" || fail "$_name: the kernel does not mount it"
		for _f in "$work"/host/*; do
			cmp "$_f" "$work/mnt/$(basename "$_f")" || fail "$_name, round $_round: $(basename "$_f")"
		done
		# And the kernel goes on writing.
		for _f in "$work"/host/*; do
			case $_f in */keep*) continue ;; esac
			dd if=/dev/urandom of="$_f" bs=7000 count=20 seek=11 conv=notrunc 2>/dev/null
			dd if="$_f" of="$work/mnt/$(basename "$_f")" bs=7000 count=20 seek=11 skip=11 \
				conv=notrunc 2>/dev/null
		done
		unmount_image "$work/mnt"
	done
	rm -f "$_img"
	say "ok: $_name"
}

one b4096 4096 reflink -m reflink=1,rmapbt=1
one b4096-plain 4096 none -m reflink=0,finobt=0
one b1024 1024 reflink -m reflink=1,rmapbt=1
one b1024-norm 1024 reflink -m reflink=1,rmapbt=0
one b16384 16384 reflink -m reflink=1,rmapbt=1
one b65536 65536 reflink -m reflink=1,rmapbt=1
one stripe 4096 reflink -m reflink=1,rmapbt=1 -d su=64k,sw=4
