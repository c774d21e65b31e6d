#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: 'xfsw map' shows the extents that are there, of the data, the attribute and the CoW fork, the
#       first two as xfs_db does; 'xfsw fallocate' does what its help says, in each mode, and says
#       why when it does not.
# Method: without privileges: one small image, each mode, read back with map, cat and stat.  With
#       mounts: a file system that the kernel filled, files of it with xfs_db's bmap beside ours; and a
#       copy that is written to in the shell of xfsw.
. "$(dirname "$0")/common.sh"
need_tools python3
cd "$work" || fail "cd"

# pairs PATH [OPTIONS]: offset and length in blocks, and the words behind the place.
pairs() {
	_path=$1
	shift
	"$XFSW" map "$@" m.img "$_path" | awk '{ printf "%s%d+%d%s%s", (NR > 1 ? " " : ""), $1 / 4096, $2 / 4096,
		($4 ? "," $4 : ""), ($5 ? "," $5 : "") }'
}
shows() {
	_want=$1
	shift
	_got=$(pairs "$@")
	[ "$_got" = "$_want" ] || fail "map $*: '$_got', not '$_want'"
}
size() { [ "$("$XFSW" cat m.img "$1" | wc -c)" = "$2" ] || fail "the size of $1 is not $2"; }

# ---- each mode ---------------------------------------------------------------------
ok mkfs --size 300m m.img
tr '\000' x </dev/zero | head -c 40960 >f
ok put m.img f /f
shows "0+10" /f
ok fallocate -n -o 40k -l 8k m.img /f
shows "0+10 10+2,unwritten" /f
size /f 40960
ok fallocate -p -o 4k -l 8k m.img /f
shows "0+1 3+7 10+2,unwritten" /f
ok fallocate -z -o 16k -l 4k m.img /f
shows "0+1 3+1 4+1,unwritten 5+5 10+2,unwritten" /f
ok fallocate -o 4k -l 4k m.img /f
shows "0+1 1+1,unwritten 3+1 4+1,unwritten 5+5 10+2,unwritten" /f
ok fallocate -i -o 4k -l 4k m.img /f
size /f 45056
shows "0+1 2+1,unwritten 4+1 5+1,unwritten 6+5 11+2,unwritten" /f
ok fallocate -c -o 4k -l 16k m.img /f
size /f 28672
shows "0+1 1+1,unwritten 2+5 7+2,unwritten" /f
ok fallocate -x -l 60k m.img /f
size /f 61440
[ "$("$XFSW" cat m.img /f | tr -d '\000' | wc -c)" = 24576 ] || fail "/f: other bytes than before"
# Blocks of zeros become holes, what is not all of a block stays.
(head -c 5000 f; head -c 20000 /dev/zero; head -c 5000 f) >g
ok put m.img g /g
ok fallocate -d m.img /g
"$XFSW" cat m.img /g | cmp - g || fail "digging changed /g"
shows "0+2 6+2" /g
ok cp --reflink=always m.img /g /h
shows "0+2,shared 6+2,shared" /h
ok fallocate -u -o 0 -l 8k m.img /h
shows "0+2 6+2,shared" /h
shows "0+2 6+2,shared" /g
"$XFSW" cat m.img /h | cmp - g || fail "unsharing changed /h"

# ---- documents and errors -------------------------------------------------------------
ok map --json m.img /h
document "[sorted(x) for x in d][0]" "['delalloc', 'device_offset', 'last', 'length', 'offset', 'shared', 'unwritten']"
document "[(x['offset'], x['length'], x['shared'], x['last']) for x in d]" "[(0, 8192, False, False), (24576, 8192, True, True)]"
ok map --json --attr m.img /h
document d "[]"
ok map --json --cow m.img /h
document d "[]"
expect 1 "xfsw: fallocate: /none: No such file or directory" fallocate -l 4k m.img /none
expect 1 "xfsw: map: /none: No such file or directory" map m.img /none
expect 2 "xfsw: fallocate: -l is missing; see 'xfsw fallocate --help'" fallocate m.img /f
expect 2 "xfsw: fallocate: -c and -p exclude each other; see 'xfsw fallocate --help'" fallocate -c -p -l 4k m.img /f
expect 2 "xfsw: fallocate: -i and -n exclude each other; see 'xfsw fallocate --help'" \
	fallocate -i -n -l 4k m.img /f
expect 2 "xfsw: map: --attr and --cow exclude each other; see 'xfsw map --help'" map --attr --cow m.img /f
for bad in "-c -o 1 -l 4k" "-i -o 0 -l 100" "-c -o 0 -l 60k" "-i -o 64k -l 4k" "-l 0" "-l 8e" "-l 1t"; do
	# shellcheck disable=SC2086  # several words
	"$XFSW" fallocate $bad m.img /f >out 2>err && fail "fallocate $bad was done"
	grep -q '^xfsw: fallocate: ' err || fail "fallocate $bad says '$(cat err)'"
	size /f 61440
done
ok check m.img

# ---- beside the kernel and xfs_db --------------------------------------------------------
need_mounts
need_tools xfs_db xfs_io setfattr cp
for block in 1024 4096; do
	rm -f k.img
	truncate -s 600M k.img
	mkfs.xfs -q -f -b size=$block -m reflink=1,rmapbt=1 k.img || fail "mkfs.xfs"
	mount_image k.img mnt || fail "mount"
	i=0
	while [ $i -lt 300 ]; do
		echo "pwrite -q -S 0x41 $((i * 2 * block)) $block"
		[ $((i % 7)) != 0 ] || echo "falloc $(((i * 2 + 1) * block)) $block"
		[ $((i % 50)) != 0 ] || echo "fsync"
		i=$((i + 1))
	done >commands
	xfs_io -f mnt/many <commands >/dev/null || fail "xfs_io"
	cp --reflink=always mnt/many mnt/copy
	xfs_io -c "pwrite -q 0 40960" -c fsync mnt/copy
	: >mnt/attrs
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		setfattr -n user.big$n -v "$(head -c 3000 /dev/zero | tr '\000' v)" mnt/attrs
	done
	setfattr -n user.remote -v "$(head -c 50000 /dev/zero | tr '\000' v)" mnt/attrs
	ln -s target mnt/link
	mkdir mnt/dir
	i=0
	while [ $i -lt 200 ]; do
		: >"mnt/dir/a-name-that-takes-some-room-$i"
		i=$((i + 1))
	done
	for file in many copy attrs dir; do
		echo "$(stat -c %i mnt/$file) $file"
	done >inodes
	unmount_image mnt
	agblocks=$(xfs_db -r -c sb -c "p agblocks" k.img | awk '{ print $3 }')
	while read -r ino file; do
		for fork in data attr; do
			[ $fork = data ] && ours="" theirs=-d || ours=--attr theirs=-a
			# shellcheck disable=SC2086  # perhaps no option
			xfs_db -r -c "inode $ino" -c "bmap $theirs" k.img |
				sed -n 's/.*offset \([0-9]*\) startblock [0-9]* (\([0-9]*\)\/\([0-9]*\)) count \([0-9]*\) flag \([01]\)/\1 \2 \3 \4 \5/p' |
				awk -v bs=$block -v ag="$agblocks" '{ printf "%.0f %.0f %.0f%s\n", $1 * bs, $4 * bs,
					($2 * ag + $3) * bs, ($5 ? " unwritten" : "") }' >expected
			# shellcheck disable=SC2086
			"$XFSW" map $ours k.img /$file | sed 's/ shared$//' >got || fail "map $ours /$file"
			# Neighbours that xfs_db shows as the two records they are.
			cmp -s expected got || { diff expected got | head -10 >&2; fail "$file, $fork fork: not as xfs_db has it"; }
			[ $fork$file != datamany ] || [ "$(wc -l <got)" -ge 300 ] || fail "too few extents to show anything"
			[ $fork$file != attrattrs ] || [ -s got ] || fail "no extents of attributes"
		done
	done <inodes
	# What is set aside for copies stands in memory: multiples of 32 blocks around what was written.
	# (This ioctl is no judge: a kernel shows the CoW fork only if it was built for debugging.)
	xfs_io -f -c "pwrite -q -S 0x42 0 1m" -c fsync mnt2 >/dev/null || fail "xfs_io"
	ok put k.img mnt2 /plain
	printf 'cp --reflink=always /plain /mine\nwrite /mine 100000 5000 0x43\nwrite /mine 700000 1 0x43\nmap --cow /mine\n' |
		"$XFSW" shell k.img >out || fail "shell: $(cat out)"
	awk '{ print $1, $2 }' out >got
	awk -v unit=$((32 * block)) 'BEGIN { first = int(100000 / unit); last = int(104999 / unit)
		print first * unit, (last - first + 1) * unit; print int(700000 / unit) * unit, unit }' >expected
	cmp -s expected got || { diff expected got >&2; fail "the CoW fork is not what was to be set aside"; }
	ok map --cow k.img /mine
	[ ! -s out ] || fail "something is set aside on disk: $(cat out)"
	ok check k.img
done
say "maps as xfs_db shows them"
