#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what `xfsw create` makes of a tree is that tree, for the kernel and for us.
# Method: a tree of everything that can go wrong, on the kernel's own XFS; create; all
# referees; kernel mount and `xfsw get` give the source's digest.  --slow: a million names
# in one directory, a million extents in one file.
. "$(dirname "$0")/common.sh"
need_mounts

options=""
if [ "${1:-}" = --slow ]; then
	options="--names 1000000 --extents 1000000"
	SOURCE_SIZE=16G
else
	options="--names 100000 --extents 100000"
	SOURCE_SIZE=4G
fi
SOURCE_MKFS="-d agcount=4"
# shellcheck disable=SC2086
make_source "$work/source" $options
digest "$work/source" "$work/source.digest"

for profile in 6.1 7.2; do
	img=$work/$profile.img
	run_silent "create $profile" "$XFSW" create --profile $profile "$work/source" "$img"
	judge "create $profile" "$img"

	# The size it chose: enough, and room as promised.
	free=$("$XFSW" df --json "$img" | sed -n 's/.*"free": \([0-9]*\).*/\1/p')
	[ "$free" -ge 16777216 ] || fail "only $free bytes are free"
	# The 10 TiB file takes no space worth telling.
	[ "$(stat -c %s "$img")" -lt 8589934592 ] || fail "the image is $(stat -c %s "$img") bytes"

	if kernel_knows "$img"; then
		mount_image "$img" "$work/mnt" ro || fail "the kernel does not mount it"
		digest "$work/mnt" "$work/mnt.digest"
		unmount_image "$work/mnt"
		same_digest "kernel, profile $profile" "$work/source.digest" "$work/mnt.digest"
	else
		say "note: kernel $(uname -r) is too old to mount profile $profile"
	fi
done

# Back out again, onto the kernel's XFS.
truncate -s "$SOURCE_SIZE" "$work/back.img"
mkfs.xfs -q "$work/back.img" || fail "mkfs.xfs"
mount_image "$work/back.img" "$work/back" || fail "mount"
run_silent "get" "$XFSW" get "$work/7.2.img" / "$work/back"
digest "$work/back" "$work/back.digest"
same_digest "get" "$work/source.digest" "$work/back.digest"
unmount_image "$work/back"

# A kernel goes on writing where we stopped.
mount_image "$work/6.1.img" "$work/mnt" || fail "the kernel does not mount it read-write"
echo more >"$work/mnt/more" || fail "the kernel cannot write"
rm -rf "$work/mnt/many" "$work/mnt/attributes" || fail "the kernel cannot remove"
unmount_image "$work/mnt"
judge "after the kernel wrote" "$work/6.1.img"
exit 0
