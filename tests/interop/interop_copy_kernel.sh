#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: the kernel sees in what xfsw cp -a made inside an image exactly what it sees in the source, and
#       mv leaves all of it as it is.
# Method: a tree of everything is put into an image, copied and moved there; the kernel mounts it, and
#       the digests of both trees are compared.
. "$(dirname "$0")/common.sh"
need_mounts
img=$work/k.img
cd "$work" || fail "cd"

make_source "$work/source" 
"$XFSW" mkfs --profile 6.1 --size 2g "$img" >out 2>&1 || fail "mkfs"
run_silent "put" "$XFSW" put "$img" "$work/source" /tree
unmount_image "$work/source"
run_silent "cp -a" "$XFSW" cp -a "$img" /tree /copy
run_silent "cp -a into itself again" "$XFSW" cp -a "$img" /copy/. /copy2
run_silent "mkdir" "$XFSW" mkdir "$img" /moved
run_silent "mv" "$XFSW" mv "$img" /copy2 /moved
judge "cp and mv" "$img"
mount_image "$img" "$work/mnt" || fail "the kernel does not mount it"
digest "$work/mnt/tree" tree.digest
digest "$work/mnt/copy" copy.digest
digest "$work/mnt/moved/copy2" moved.digest
[ "$(wc -l <tree.digest)" -gt 20 ] || fail "an empty tree was compared"
same_digest "cp -a" tree.digest copy.digest
same_digest "mv" tree.digest moved.digest
# What the copy shares with its source is nothing: a change of one is none of the other.
find "$work/mnt/copy" -type f -size -4k -size +0 | head -20 | while read -r file; do
	chattr -i "$file" 2>/dev/null
	echo changed >>"$file"
done
digest "$work/mnt/tree" again.digest
same_digest "the source after changes of the copy" tree.digest again.digest
unmount_image "$work/mnt"
judge "after the kernel" "$img"
exit 0
