#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: file systems with a metadata directory tree, as mkfs.xfs makes them and the running kernel uses them,
# are changed by us and go on to be used by it; with a realtime section they are for readers, and that is said.
# Method: the kernel, we and the kernel again write to a volume; every referee judges after each, the kernel
# reads what `xfsw get` gives out.
. "$(dirname "$0")/common.sh"
need_mounts
[ -n "${MKFS_NEW:-}" ] || skip "needs a newer mkfs.xfs (MKFS_NEW)"
img=$work/m.img

# one OPTIONS...
one() {
	what="mkfs.xfs $*"
	rm -f "$img"
	truncate -s 400m "$img"
	# shellcheck disable=SC2086
	$MKFS_NEW -q -m metadir=1 "$@" "$img" || fail "$what"
	mount_image "$img" "$work/mnt" 2>"$work/err" || skip "$(head -1 "$work/err")"
	run_silent "tree" "$MAKE_TREE" --names 300 --extents 50 "$work/mnt/kernel"
	unmount_image "$work/mnt"

	run_silent "$what: put" "$XFSW" put -q "$img" /usr/include/linux /ours
	run_silent "$what: rm" "$XFSW" rm -r "$img" /ours/netfilter
	run_silent "$what: cp" "$XFSW" cp -r "$img" /kernel /copy
	run_silent "$what: mv" "$XFSW" mv "$img" /kernel /moved
	judge "$what, written by us" "$img"
	mount_image "$img" "$work/mnt" || fail "$what: mount"
	rm -rf "$work/mnt/copy"
	cp -a /usr/include/asm-generic "$work/mnt/kernels"
	digest "$work/mnt" "$work/tree"
	unmount_image "$work/mnt"
	judge "$what, written by the kernel" "$img"
	mkdir "$work/back"
	truncate -s 600m "$work/back.img"
	mkfs.xfs -q "$work/back.img" && mount_image "$work/back.img" "$work/back" || fail "mkfs.xfs"
	run_silent "$what: get" "$XFSW" get -q "$img" / "$work/back"
	digest "$work/back" "$work/got"
	same_digest "$what" "$work/tree" "$work/got"
	unmount_image "$work/back"
	rm -rf "$work/back" "$work/back.img"
}

one
one -b size=1k -n parent=0

# The section itself need not be there for that.
rm -f "$img"
truncate -s 400m "$img" "$work/rt.img"
$MKFS_NEW -q -m metadir=1 -r rtdev="$work/rt.img" "$img" || fail "mkfs.xfs with a realtime section"
"$XFSW" mkdir "$img" /new >"$work/out" 2>&1 && fail "a file system with a realtime section is written to"
grep -q "realtime section" "$work/out" || fail "not said: $(cat "$work/out")"
run_silent "ls" "$XFSW" ls "$img" /
exit 0
