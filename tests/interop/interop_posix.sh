#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: every call of the library gives what the system call of that name gives on a kernel's mount -
# value, error, and which error when two apply - and leaves the same objects behind.
# Method: images of several inode and block sizes and their mounted copies; the same steps on both, one by one (posix/cases_*.c), compared
# after each.  What may differ stands in posix/differences.c, and must.
#
#   interop_posix.sh POSIX_DIFFER [--slow] [SEED]
. "$(dirname "$0")/common.sh"
differ=$1
shift
need_mounts

one() {
	_name=$1 _group=$2
	shift 2
	"$XFSW" mkfs --small --size $size --seed 1 "$@" "$work/a.img" || fail "$_name: mkfs"
	kernel_knows "$work/a.img" || { say "SKIPPED LINE: $_name: this kernel does not know it"; return; }
	cp --sparse=always "$work/a.img" "$work/b.img"
	mount_image "$work/b.img" "$work/mnt" || { say "SKIPPED LINE: $_name: this kernel does not mount it"; return; }
	if [ "$_group" = readonly ]; then
		"$differ" "$work/a.img" "$work/mnt" world >"$work/differ" || fail "$_name: the world cannot be made"
		unmount_image "$work/mnt"
		mount_image "$work/b.img" "$work/mnt" ro || fail "$_name: not mounted read-only"
	fi
	# shellcheck disable=SC2086  # options of the whole run
	"$differ" "$work/a.img" "$work/mnt" "$_group" $options >"$work/differ" ||
		{ head -${LINES_SHOWN:-60} "$work/differ" >&2; tail -1 "$work/differ" >&2; failed="$failed $_name"; }
	unmount_image "$work/mnt"
	judge "$_name" "$work/a.img"
	rm -f "$work/a.img" "$work/b.img"
	say "$_name: $(tail -1 "$work/differ")"
}

options=$*
size=96m
failed=
one plain plain
one full full -n parent=0
one full-parent full
one unprivileged unprivileged
one readonly readonly
one inode-2k geometry -i size=2048 -n parent=0
one block-1k geometry -b size=1k
size=600m
one block-64k geometry -b size=64k
size=96m
case " $options " in *" --slow "*)
	one inode-1k geometry -i size=1024
	one block-2k geometry -b size=2k -i size=1024
	one block-16k geometry -b size=16k
	one dirblock-16k geometry -n size=16k
	one block-1k-all plain -b size=1k
	one inode-2k-all plain -i size=2048
	one dirblock-64k-readonly readonly -n size=64k
	size=600m
	one block-64k-inode-2k geometry -b size=64k -i size=2048
	;;
esac
[ -z "$failed" ] || fail "differences in:$failed"
