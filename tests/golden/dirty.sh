#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dirty.sh IMAGE MKFS [ARGS...]: IMAGE, of 80 MiB, becomes a file system that the running kernel left
# with all kinds of work in its log.  Needs root and loop mounts.
set -e
image=$1
shift
mnt=$(mktemp -d)
mounted=""
trap '[ -z "$mounted" ] || umount "$mnt"; rmdir "$mnt"' EXIT
# Such small ones mkfs.xfs makes for tests alone.
export TEST_DIR=1 TEST_DEV=1 QA_CHECK_FS=1
rm -f "$image"
truncate -s 80M "$image"
"$@" "$image"
mount -o loop "$image" "$mnt"
mounted=1
block=$(stat -f -c %S "$mnt")
repeated() { # CHARACTER TIMES
	head -c "$2" /dev/zero | tr '\0' "$1"
}

mkdir "$mnt/d" "$mnt/e"
for i in $(seq 1 90); do
	echo "contents $i" >"$mnt/d/a_name_that_takes_some_room_$i"
done
setfattr -n user.one -v "$(repeated x 300)" "$mnt/d/a_name_that_takes_some_room_1"
ln -s target "$mnt/e/link"
ln -s "$(repeated y 700)" "$mnt/e/longlink"
repeated z 200000 >"$mnt/big"
sync -f "$mnt"
xfs_io -f -c "reflink $mnt/big 0 0 131072" -c "pwrite -q 16384 8192" -c fsync "$mnt/e/clone" >/dev/null
for i in 3 6 9 12 15 33 36; do
	rm "$mnt/d/a_name_that_takes_some_room_$i"
done
for i in 20 21 22 23; do
	mv "$mnt/d/a_name_that_takes_some_room_$i" "$mnt/e/moved_$i"
done
mv "$mnt/e/moved_20" "$mnt/e/moved_21"
ln "$mnt/e/moved_22" "$mnt/d/hard"
setfattr -n user.two -v small "$mnt/e/moved_22"
setfattr -n user.two -v "$(repeated q 3000)" "$mnt/e/moved_23"
setfattr -x user.one "$mnt/d/a_name_that_takes_some_room_1"
truncate -s 5000 "$mnt/big"
for i in $(seq 0 2 26); do
	xfs_io -f -c "pwrite -q $((i * block)) $block" -c fsync "$mnt/pieces"
done
xfs_io -c "fpunch $((4 * block)) $block" -c "falloc $((40 * block)) $((6 * block))" "$mnt/pieces"
mknod "$mnt/e/dev" b 5 7
# One that has no name and is open.
exec 9<"$mnt/d/a_name_that_takes_some_room_50"
rm "$mnt/d/a_name_that_takes_some_room_50"
xfs_io -x -c "shutdown -f" "$mnt"
exec 9<&-
