#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what `xfsw create` makes of a tree is that tree, for the kernel and for us.
# Method: a tree of everything that can go wrong, on the kernel's own XFS; create; all
# referees; kernel mount and `xfsw get` give the source's digest.
#
#   interop_create.sh               100,000 names in one directory, 100,000 extents in one file
#   interop_create.sh --slow        a million of each
#   interop_create.sh --tree DIR    a tree of this machine, as it is
. "$(dirname "$0")/common.sh"
need_mounts

tree=""
case ${1:-} in
--tree)
	tree=$2
	[ -d "$tree" ] || skip "there is no $tree"
	;;
--slow)
	options="--names 1000000 --extents 1000000"
	SOURCE_SIZE=16G
	;;
*)
	options="--names 100000 --extents 100000"
	SOURCE_SIZE=4G
	;;
esac
SOURCE_MKFS="-d agcount=4"
if [ -z "$tree" ]; then
	# shellcheck disable=SC2086
	make_source "$work/source" $options
	tree=$work/source
else
	SOURCE_SIZE=$(du -sk "$tree" | awk '{ printf "%dM", $1 / 800 + 1000 }')
fi
digest "$tree" "$work/source.digest"
say "$(wc -l <"$work/source.digest") objects in $tree"

for profile in 6.1 7.2; do
	img=$work/$profile.img
	measured "create $profile" "$XFSW" create --profile $profile "$tree" "$img"
	judge "create $profile" "$img"

	# The size it chose: enough, and room as promised.
	free=$("$XFSW" df --json "$img" | sed -n 's/.*"free": \([0-9]*\).*/\1/p')
	[ "$free" -ge 16777216 ] || fail "only $free bytes are free"
	# The 10 TiB file takes no space worth telling.
	[ "$tree" != "$work/source" ] || [ "$(stat -c %s "$img")" -lt 8589934592 ] ||
		fail "the image is $(stat -c %s "$img") bytes"

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
measured "get" "$XFSW" get "$work/7.2.img" / "$work/back"
digest "$work/back" "$work/back.digest"
same_digest "get" "$work/source.digest" "$work/back.digest"
unmount_image "$work/back"

# A kernel goes on writing where we stopped.
mount_image "$work/6.1.img" "$work/mnt" || fail "the kernel does not mount it read-write"
echo more >"$work/mnt/more" || fail "the kernel cannot write"
if [ "$tree" = "$work/source" ]; then
	rm -rf "$work/mnt/many" "$work/mnt/attributes"
else
	# Every third of what stands there.
	find "$work/mnt" -mindepth 1 -maxdepth 2 | awk 'NR % 3 == 0' | tr '\n' '\0' | xargs -0 rm -rf
fi || fail "the kernel cannot remove"
unmount_image "$work/mnt"
judge "after the kernel wrote" "$work/6.1.img"
exit 0
