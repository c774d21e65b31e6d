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
# Files of a part of a tree may have other names elsewhere.
"$TREE_DIGEST" --links-inside "$tree" >"$work/source.digest" || fail "$tree cannot be read"
say "$(wc -l <"$work/source.digest") objects in $tree"


# Back out again, onto the kernel's XFS.
back_out() {
	# The room of the source is needed: it can be gigabytes, in memory.
	if [ "$tree" = "$work/source" ]; then
		unmount_image "$work/source"
		rm -f "$work/source.img"
	fi
	truncate -s "$SOURCE_SIZE" "$work/back.img"
	mkfs.xfs -q "$work/back.img" || fail "mkfs.xfs"
	mount_image "$work/back.img" "$work/back" || fail "mount"
	measured "get" "$XFSW" get "$img" / "$work/back"
	digest "$work/back" "$work/back.digest"
	same_digest "get" "$work/source.digest" "$work/back.digest"
	unmount_image "$work/back"
	rm -f "$work/back.img"
}

# A kernel goes on writing where we stopped.
go_on() {
	mount_image "$img" "$work/mnt" || fail "the kernel does not mount it read-write"
	echo more >"$work/mnt/more" || fail "the kernel cannot write"
	if [ "$tree" = "$work/source" ]; then
		rm -rf "$work/mnt/many" "$work/mnt/attributes" "$work/mnt/sparse/fragments"
	else
		# Every third of what stands there.
		find "$work/mnt" -mindepth 1 -maxdepth 2 | awk 'NR % 3 == 0' | tr '\n' '\0' | xargs -0 rm -rf
	fi || fail "the kernel cannot remove"
	unmount_image "$work/mnt"
	judge "after the kernel wrote" "$img"
}

img=$work/created.img
# 7.2 is last: after it the source is gone.
for profile in 6.1 7.2; do
	measured "create $profile" "$XFSW" create --profile $profile "$tree" "$img"
	judge "create $profile" "$img"

	# The size it chose: enough, and room as promised; the 10 TiB file takes no space worth telling.
	free=$("$XFSW" df --json "$img" | sed -n 's/.*"free": \([0-9]*\).*/\1/p')
	size=$(stat -c %s "$img")
	say "create $profile: $((size >> 20)) MiB, $((free >> 20)) free"
	[ "$free" -ge 16777216 ] || fail "only $free bytes are free"
	[ $((size >> 30)) -lt 16 ] || fail "the image is $size bytes"

	if kernel_knows "$img"; then
		mount_image "$img" "$work/mnt" ro || fail "the kernel does not mount it"
		digest "$work/mnt" "$work/mnt.digest"
		unmount_image "$work/mnt"
		same_digest "kernel, profile $profile" "$work/source.digest" "$work/mnt.digest"
		[ $profile = 7.2 ] || go_on
	else
		say "SKIP: kernel $(uname -r) is too old to mount profile $profile"
	fi
	[ $profile = 6.1 ] || back_out
	rm -f "$img"
done
exit 0
