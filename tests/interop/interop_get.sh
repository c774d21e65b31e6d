#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what kernels wrote is read back exactly, by get, ls, cat, stat and xattr.
# Method: kernel-filled images in several geometries, some of them aged by removals; `xfsw get`
# of the unmounted image gives the digest that the mounted one had.
. "$(dirname "$0")/common.sh"
need_mounts

one() {
	say "mkfs.xfs $*"
	SOURCE_SIZE=3G
	SOURCE_MKFS="$*"
	make_source "$work/source" --names 20000 --extents 20000
	# Age it: holes in directories, freed inodes, shared blocks, unwritten extents, quota of space.
	find "$work/source/many" -name '*7*' -delete
	cp --reflink=auto "$work/source/sizes/9000000" "$work/source/sizes/copy"
	dd if=/dev/zero of="$work/source/sizes/copy" bs=4096 count=3 seek=17 conv=notrunc status=none
	fallocate -l 10M "$work/source/sizes/unwritten"
	fallocate -p -o 1M -l 2M "$work/source/sizes/9000000"
	digest "$work/source" "$work/source.digest"
	names=$(find "$work/source" -mindepth 1 -printf x | wc -c)
	unmount_image "$work/source"

	run_silent "check of a kernel's image" "$XFSW" check "$work/source.img"
	rm -rf "$work/back.img"
	truncate -s 4G "$work/back.img"
	mkfs.xfs -q "$work/back.img" || fail "mkfs.xfs"
	mount_image "$work/back.img" "$work/back" || fail "mount"
	run_silent "get" "$XFSW" get "$work/source.img" / "$work/back"
	digest "$work/back" "$work/back.digest"
	same_digest "mkfs.xfs $*" "$work/source.digest" "$work/back.digest"
	unmount_image "$work/back"

	found=$("$XFSW" ls --json -R "$work/source.img" / | grep -c '"path') || fail "ls"
	[ "$found" = "$names" ] || fail "ls -R shows $found names of $names"
	"$XFSW" cat "$work/source.img" /sizes/1000001 >"$work/cat" || fail "cat"
	[ "$(stat -c %s "$work/cat")" = 1000001 ] || fail "cat gave $(stat -c %s "$work/cat") bytes"
	rm -f "$work/source.img"
}

one -f
one -f -b size=1024 -n size=8192
one -f -m rmapbt=1 -i nrext64=1
one -f -s size=4096 -m reflink=0

# A directory with a dirty log must not be read as if it were clean.
truncate -s 300M "$work/dirty.img"
mkfs.xfs -q "$work/dirty.img" || fail "mkfs.xfs"
mount_image "$work/dirty.img" "$work/mnt" || fail "mount"
echo x >"$work/mnt/file"
xfs_io -c fsync "$work/mnt/file" || fail "fsync"
xfs_io -x -c "shutdown -f" "$work/mnt" || fail "shutdown"
unmount_image "$work/mnt"
"$XFSW" ls "$work/dirty.img" / 2>"$work/err"
[ $? = 4 ] || fail "a dirty log gave another exit code than 4"
grep -q 'log is dirty' "$work/err" || fail "a dirty log is not named: $(cat "$work/err")"
"$XFSW" ls --norecovery "$work/dirty.img" / >/dev/null || fail "--norecovery does not read"
before=$(cksum <"$work/dirty.img")
[ "$("$XFSW" cat --recover-in-memory "$work/dirty.img" /file)" = x ] ||
	fail "--recover-in-memory does not read"
"$XFSW" recover -n "$work/dirty.img" >"$work/out" || fail "recover -n"
grep -q 'dirty, recovered' "$work/out" || fail "recover -n says: $(cat "$work/out")"
[ "$(cksum <"$work/dirty.img")" = "$before" ] || fail "a reader has changed the image"
"$XFSW" mkdir "$work/dirty.img" /d || fail "a change under a dirty log"
[ "$("$XFSW" cat "$work/dirty.img" /file)" = x ] || fail "recovery has lost a file"
xfs_repair -n "$work/dirty.img" >/dev/null 2>&1 || fail "xfs_repair finds fault after recovery"
exit 0
