#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: the checker finds nothing wrong with file systems that mkfs.xfs made and
# the kernel, or the library, filled.
# Method: a matrix of block, sector, inode and directory block sizes and feature
# sets; each image is mounted, filled with every on-disk form, unmounted and
# checked; then mounted again, thinned out, filled again, and checked again.
#
#   interop_check_kernel.sh CHECK_IMAGE FILL_IMAGE [NAME-PATTERN]
#
# MKFS_NEW: a newer mkfs.xfs, or the command to run one; its own lines of the matrix
# are left out without it.  XFSWRITE_SCRATCH: where images go.  XFSWRITE_PERCENT: amount
# of content.  Exit 77: cannot run here.
set -u
check=$1 fill=$2 pattern=${3:-*}
percent=${XFSWRITE_PERCENT:-40}
mkfs_new=${MKFS_NEW:-}

skip() { echo "SKIP: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "loop mounts need root"
command -v mkfs.xfs >/dev/null || skip "no mkfs.xfs"
grep -qw xfs /proc/filesystems || modprobe xfs 2>/dev/null || skip "no XFS in this kernel"
losetup -f >/dev/null 2>&1 || skip "no loop devices"

work=$(mktemp -d "${XFSWRITE_SCRATCH:-${TMPDIR:-/tmp}}/xfswrite-check.XXXXXX") || exit 1
mnt=$work/mnt img=$work/img
mkdir "$mnt"
cleanup() {
	mountpoint -q "$mnt" && { umount "$mnt" || umount -l "$mnt"; }
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# name | mkfs (1 or 2) and its options | image size | fill options | mount options
matrix() {
	cat <<-END
	b4096        | 1 -b size=4096                       | 700m | -b 4096 |
	b1024        | 1 -b size=1024                       | 600m | -b 1024 |
	b1024-deep   | 1 -b size=1024                       | 600m | -b 1024 -n 2500 -w d |
	b1024-rmap   | 1 -b size=1024 -m rmapbt=1           | 600m | -b 1024 |
	b2048-i1024  | 1 -b size=2048 -i size=1024          | 600m | -b 2048 -i 1024 |
	b16384       | 1 -b size=16384                      | 1500m | -b 16384 -D 16384 |
	b65536       | 1 -b size=65536                      | 4g | -b 65536 -D 65536 |
	s4096        | 1 -s size=4096                       | 1g | -b 4096 |
	i2048        | 1 -i size=2048                       | 700m | -i 2048 |
	n16384       | 1 -n size=16384                      | 700m | -D 16384 |
	n65536-rmap  | 1 -n size=65536 -m rmapbt=1          | 1g | -D 65536 |
	plain        | 1 -m finobt=0,reflink=0,rmapbt=0,bigtime=0,inobtcount=0 -i sparse=0 | 700m | |
	rmap         | 1 -m rmapbt=1,reflink=1              | 700m | |
	rmap-only    | 1 -m rmapbt=1,reflink=0              | 700m | |
	nrext64      | 1 -i nrext64=1 -m rmapbt=1           | 700m | |
	ascii-ci     | 1 -n version=ci                      | 700m | |
	many-ags     | 1 -d agcount=19 -m rmapbt=1          | 1600m | |
	stripe       | 1 -d su=64k,sw=3 -l su=64k           | 1g | |
	quota        | 1 -m rmapbt=1                        | 700m | | uquota,gquota,pquota
	2-b4096      | 2 -b size=4096                       | 700m | |
	2-b1024      | 2 -b size=1024                       | 600m | -b 1024 |
	2-b65536     | 2 -b size=65536                      | 6g | -b 65536 -D 65536 |
	2-s4096-i2k  | 2 -s size=4096 -i size=2048 -n size=8192 | 1g | -i 2048 -D 8192 |
	2-noparent   | 2 -n parent=0 -i nrext64=0           | 700m | |
	2-ascii-ci   | 2 -n version=ci                      | 700m | |
	2-metadir    | 2 -m metadir=1                       | 700m | |
	2-quota      | 2 -m metadir=1,uquota,gquota,pquota  | 700m | | uquota,gquota,pquota
	lib-b4096    | 1 -m rmapbt=1                        | 700m | -L -b 4096 |
	lib-b1024    | 1 -b size=1024                       | 600m | -L -b 1024 |
	lib-n65536   | 1 -n size=65536 -s size=4096         | 1g | -L -D 65536 |
	lib-2        | 2 -i size=1024                       | 700m | -L -i 1024 |
	lib-2-b65536 | 2 -b size=65536                      | 6g | -L -b 65536 -D 65536 |
	2-tiny       | 2 -b size=1024                       | 310m | -b 1024 -n 400 -w dmc |
	END
}

make_image() {	# WHICH SIZE OPTIONS...
	local which=$1 size=$2
	shift 2
	rm -f "$img"
	truncate -s "$size" "$img"
	if [ "$which" = 2 ]; then
		# shellcheck disable=SC2086
		$mkfs_new -q "$@" "$img"
	else
		mkfs.xfs -q "$@" "$img"
	fi
}

verify() {	# NAME WHEN
	"$check" -n 40 -s "$img" >"$work/out" 2>&1 && return 0
	echo "FAIL: $1, $2:"
	sed 's/^/    /' "$work/out"
	return 1
}

# A file system that was cut off must be called dirty; recovered, it is sound again.
dirty() {	# NAME
	command -v xfs_io >/dev/null || return 0
	mount -o loop "$img" "$mnt" || return 1
	mkdir "$mnt/cut"
	"$fill" -n 10 -s 3 -w dm "$mnt/cut" >/dev/null
	xfs_io -x -c 'shutdown -f' "$mnt"
	umount "$mnt"
	"$check" -n 1 "$img" | grep -q '^log.*dirty' || {
		echo "FAIL: $1: a dirty log was not noticed"
		return 1
	}
	mount -o loop "$img" "$mnt" && umount "$mnt"
	verify "$1" "recovered by the kernel"
}

one() {		# NAME MKFS-OPTIONS SIZE FILL-OPTIONS MOUNT-OPTIONS
	local name=$1 mkfs=$2 size=$3 opts=$4 mopts=${5:+,$5}
	# shellcheck disable=SC2086
	make_image ${mkfs%% *} "$size" ${mkfs#* } 2>"$work/err" || {
		echo "skipped $name: mkfs: $(head -1 "$work/err")"
		return 0
	}
	verify "$name" "as formatted" || return 1
	case $opts in -L*)
		# Filled by the library first; from then on the kernel goes on with it.
		# shellcheck disable=SC2086
		"$fill" -n "$percent" $opts "$img" >"$work/fill" || { echo "FAIL: $name: fill"; return 1; }
		verify "$name" "filled by the library" || return 1
		opts=${opts#-L}
		library=yes ;;
	*)	library="" ;;
	esac
	mount -o "loop$mopts" "$img" "$mnt" 2>"$work/err" || {
		echo "skipped $name: $(head -1 "$work/err")"
		return 0
	}
	# shellcheck disable=SC2086
	[ -n "$library" ] || "$fill" -n "$percent" $opts "$mnt" >"$work/fill" || { umount "$mnt"; echo "FAIL: $name: fill"; return 1; }
	umount "$mnt"
	verify "$name" "filled" || return 1
	dirty "$name" || return 1
	mount -o "loop$mopts" "$img" "$mnt" || return 1
	rm -rf "$mnt/dirs/node-holes" "$mnt/dirs/leaf" "$mnt/attrs/"*[1357] "$mnt/churn/inodes" "$mnt/data/clone-"[135]
	mkdir "$mnt/again"
	# shellcheck disable=SC2086
	"$fill" -n $((percent / 2)) -s 2 $opts "$mnt/again" >>"$work/fill" || { umount "$mnt"; echo "FAIL: $name: fill"; return 1; }
	umount "$mnt"
	verify "$name" "thinned and filled again" || return 1
	echo "ok $name: $(tr '\n' ' ' <"$work/fill")$(tail -1 "$work/out")"
}

failed=0 ran=0
matrix >"$work/matrix"
while IFS='|' read -r name mkfs size opts mopts; do
	name=$(echo $name) mkfs=$(echo $mkfs) size=$(echo $size) opts=$(echo $opts) mopts=$(echo $mopts)
	[ -n "$name" ] || continue
	# shellcheck disable=SC2254
	case $name in $pattern) ;; *) continue ;; esac
	[ "${mkfs%% *}" = 2 ] && [ -z "$mkfs_new" ] && continue
	ran=$((ran + 1))
	one "$name" "$mkfs" "$size" "$opts" "$mopts" || {
		failed=$((failed + 1))
		[ -n "${XFSWRITE_KEEP:-}" ] && cp --sparse=always "$img" "$XFSWRITE_KEEP/$name.img"
	}
done <"$work/matrix"
[ $ran -gt 0 ] || skip "nothing in the matrix matches $pattern"
[ $failed = 0 ]
