#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: every call of the library gives what the system call of that name gives on a kernel's mount -
# value, error, and which error when two apply - and leaves the same objects behind.
# Method: an image and its mounted copy; the same steps on both, one by one (posix/cases_*.c), compared
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
	"$XFSW" mkfs --small --size 96m --seed 1 "$@" "$work/a.img" || fail "$_name: mkfs"
	kernel_knows "$work/a.img" || { say "SKIPPED LINE: $_name: this kernel does not know it"; return; }
	cp --sparse=always "$work/a.img" "$work/b.img"
	mount_image "$work/b.img" "$work/mnt" || { say "SKIPPED LINE: $_name: this kernel does not mount it"; return; }
	# shellcheck disable=SC2086  # options of the whole run
	"$differ" "$work/a.img" "$work/mnt" "$_group" $options >"$work/differ" ||
		{ head -${LINES_SHOWN:-60} "$work/differ" >&2; tail -1 "$work/differ" >&2; failed="$failed $_name"; }
	unmount_image "$work/mnt"
	judge "$_name" "$work/a.img"
	rm -f "$work/a.img" "$work/b.img"
	say "$_name: $(tail -1 "$work/differ")"
}

options=$*
failed=
one plain plain
one full full -n parent=0
one full-parent full
one unprivileged unprivileged
[ -z "$failed" ] || fail "differences in:$failed"
