#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: a kernel's dirty log is replayed to the same bytes as the kernel's own replay makes; readers
# and trials change nothing; a log that kernels cannot recover, of directory blocks in
# pieces, is recovered all the same.
# Method: volumes are filled and cut off; a copy is recovered here, one by a mount, and compared byte
# by byte outside the log and the first sector.  For the last, free space is cut into single
# blocks before directories grow; such a volume is never shown to the kernel until it is recovered.
. "$(dirname "$0")/common.sh"

need_mounts
need_tools xfs_io xfs_repair xfs_db losetup
command -v python3 >/dev/null 2>&1 || skip "needs python3"
export TEST_DIR=1 TEST_DEV=1 QA_CHECK_FS=1

repaired() {	# WHAT IMG
	repair_silent "$1" "$2" xfs_repair
	run_silent "$1: our checker" "$XFSW" check -q "$2"
}

# Nothing of what this does is left unfinished by a cut: no unlinked, shared or staged blocks.
fill() {	# DIR
	mkdir "$1/d" "$1/e"
	for _i in $(seq 1 300); do
		echo "hello $_i" >"$1/e/file_with_a_long_name_$_i"
		ln -s "file_with_a_long_name_$_i" "$1/e/l$_i"
	done
	for _i in $(seq 1 3 300); do
		rm "$1/e/file_with_a_long_name_$_i"
	done
	mknod "$1/e/dev" b 5 7
	head -c 3000000 /dev/zero | tr '\0' x >"$1/d/big"
	xfs_io -c syncfs "$1"
	for _i in $(seq 1 200); do
		mkdir "$1/d/dir$_i"
	done
}

same_bytes() {	# NAME MKFS-OPTIONS...
	_name=$1
	shift
	truncate -s 300M "$work/a.img"
	mkfs.xfs -q -f "$@" "$work/a.img" || fail "mkfs.xfs $*"
	mount_image "$work/a.img" "$work/mnt" || fail "mount"
	fill "$work/mnt"
	xfs_io -x -c "shutdown -f" "$work/mnt" || fail "shutdown"
	unmount_image "$work/mnt"
	for _c in u k t; do
		cp --sparse=always "$work/a.img" "$work/$_c.img"
	done

	# Trying changes nothing, nor does reading.
	run_silent "$_name: recover -n" "$XFSW" recover -n -q "$work/t.img"
	"$XFSW" ls --recover-in-memory "$work/t.img" /e >"$work/names" || fail "$_name: ls"
	"$XFSW" info "$work/t.img" >"$work/info" || fail "$_name: info"
	grep -q '^log state  dirty' "$work/info" || fail "$_name: info does not call it dirty"
	cmp "$work/a.img" "$work/t.img" || fail "$_name: a reader has changed it"
	# Nor does a device that cannot be written to.
	chmod a-w "$work/t.img"
	[ "$("$XFSW" ls --recover-in-memory "$work/t.img" /e | cksum)" = "$(cksum <"$work/names")" ] ||
		fail "$_name: a read-only image"
	chmod u+w "$work/t.img"

	"$XFSW" recover --json "$work/u.img" >"$work/json" || fail "$_name: recover"
	grep -q '"recovered": true' "$work/json" || fail "$_name: $(cat "$work/json")"
	[ "$("$XFSW" ls "$work/u.img" /e | cksum)" = "$(cksum <"$work/names")" ] ||
		fail "$_name: names in memory are not those on disk"
	repaired "$_name" "$work/u.img"
	# Again: it is clean, and stays as it is.
	cp --sparse=always "$work/u.img" "$work/t.img"
	run_silent "$_name: recover of a clean log" "$XFSW" recover -q "$work/u.img"
	mount_image "$work/k.img" "$work/mnt" || fail "$_name: the kernel does not recover it"
	unmount_image "$work/mnt"
	python3 - "$work/t.img" "$work/k.img" "$("$XFSW" info --json "$work/k.img")" \
		"$(xfs_db -r -c 'sb 0' -c 'p logstart agblklog agblocks logblocks' "$work/k.img")" <<-'END' ||
	import json, sys
	info = json.loads(sys.argv[3])
	sb = dict(line.split(" = ") for line in sys.argv[4].splitlines())
	bs = info["block_size"]
	start, log = int(sb["logstart"]), int(sb["agblklog"])
	start = ((start >> log) * int(sb["agblocks"]) + (start & ((1 << log) - 1))) * bs
	end = start + int(sb["logblocks"]) * bs
	ours, kernel = (open(f, "rb").read() for f in sys.argv[1:3])
	sector = info["sector_size"]
	for name, a, b in (("before", sector, start), ("behind", end, len(ours))):
	    if ours[a:b] != kernel[a:b]:
	        at = next(i for i in range(a, b) if ours[i] != kernel[i])
	        sys.exit("byte %d, %s the log, is %d, the kernel's %d" % (at, name, ours[at], kernel[at]))
	END
		fail "$_name: not the bytes of the kernel"

	# An unjournalled change recovers first as well.
	cp --sparse=always "$work/a.img" "$work/t.img"
	run_silent "$_name: unjournalled" "$XFSW" mkdir --unjournalled "$work/t.img" /new
	[ "$("$XFSW" ls "$work/t.img" /e | cksum)" = "$(cksum <"$work/names")" ] || fail "$_name: unjournalled"
	repaired "$_name: unjournalled" "$work/t.img"
}

same_bytes 4k -m rmapbt=1
same_bytes 2k -b size=2048 -i size=1024 -m rmapbt=1,reflink=0
same_bytes 4k-old -m reflink=0,rmapbt=0,finobt=0,inobtcount=0,bigtime=0 -i sparse=0
same_bytes s4096 -s size=4096 -l su=65536

# in_pieces BLOCK DIRBLOCK STEP NAMES
in_pieces() {
	_name="directory blocks of $2 in blocks of $1"
	rm -f "$work/a.img"
	truncate -s 40M "$work/a.img"
	mkfs.xfs -q -f -b "size=$1" -n "size=$2" -d agcount=2 \
		-m rmapbt=0,reflink=0,finobt=0,inobtcount=0 "$work/a.img" || fail "mkfs.xfs"
	mount_image "$work/a.img" "$work/mnt" || fail "mount"
	xfs_io -x -c "resblks 0" "$work/mnt" >/dev/null
	python3 - "$work/mnt" "$1" "$3" "$4" <<-'END' || fail "$_name: filling"
	import ctypes, os, subprocess, sys
	mnt, bs, step, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
	os.mkdir(mnt + "/d")
	for i in range(200):
	    open("%s/t%d" % (mnt, i), "w").close()
	fd = os.open(mnt + "/big", os.O_RDWR | os.O_CREAT)
	off, chunk = 0, os.statvfs(mnt).f_bavail // 2 * bs
	while chunk >= bs:
	    try:
	        os.posix_fallocate(fd, off, chunk)
	        off += chunk
	    except OSError:
	        chunk = chunk // 2 // bs * bs
	libc = ctypes.CDLL("libc.so.6")
	for at in range(0, off, step * bs):
	    libc.fallocate(fd, 3, ctypes.c_long(at), ctypes.c_long(bs))
	def name(i):
	    return "%s/d/name_%05d_%s" % (mnt, i, "y" * (i % 60))
	for i in range(names):
	    os.link(mnt + "/t1", name(i))
	    if i == names // 2:
	        subprocess.check_call(["xfs_freeze", "-f", mnt])
	        subprocess.check_call(["xfs_freeze", "-u", mnt])
	for i in range(0, names, 3):
	    os.unlink(name(i))
	END
	ls "$work/mnt/d" >"$work/names"
	xfs_io -x -c "shutdown -f" "$work/mnt" || fail "shutdown"
	unmount_image "$work/mnt"
	run_silent "$_name" "$XFSW" recover -q "$work/a.img"
	repaired "$_name" "$work/a.img"
	mount_image "$work/a.img" "$work/mnt" ro || fail "$_name: mount after recovery"
	ls "$work/mnt/d" >"$work/names.after"
	unmount_image "$work/mnt"
	cmp "$work/names" "$work/names.after" || fail "$_name: other names than before"
}

in_pieces 1024 8192 2 1500
in_pieces 4096 16384 3 2500
in_pieces 1024 4096 2 6000
exit 0
