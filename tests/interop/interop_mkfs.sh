#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: xfs_mkfs() makes what mkfs.xfs makes, xfs_repair finds nothing, the kernel works with it.
# Method: a matrix of geometries is formatted by both and compared byte by byte (mkfs_compare
# holds the list of what may differ, with reasons); xfs_repair -n must say of ours what it says of
# theirs; then the kernel mounts ours, writes, unmounts, and xfs_repair -n looks again.
#
#	interop_mkfs.sh DIRECTORY_OF_MKFS_TOOL
#
# MKFS_NEW, REPAIR_NEW: commands of xfsprogs 7.2, when the installed ones are older.
# XFSWRITE_TEST_DIR: where images go (sparse, below 1 GiB of data).

bin=$1
mkfs_old=${MKFS_OLD:-mkfs.xfs}
repair_old=${REPAIR_OLD:-xfs_repair}
mkfs_new=${MKFS_NEW:-}
repair_new=${REPAIR_NEW:-$(echo "$mkfs_new" | sed 's/mkfs\.xfs$/xfs_repair/')}
uuid=01234567-89ab-cdef-0123-456789abcdef

skip() {
	echo "SKIP: $*"
	exit 77
}

command -v mkfs.xfs >/dev/null || skip "no mkfs.xfs"
command -v xfs_repair >/dev/null || skip "no xfs_repair"

# Which of the two profiles a mkfs.xfs can be compared with.
profile_of() {
	case $($1 -V 2>/dev/null) in
	*" 6.1."*) echo 6.1 ;;
	*" 7.2."*) echo 7.2 ;;
	esac
}
old=$(profile_of "$mkfs_old")
new=
[ -z "$mkfs_new" ] || new=$(profile_of "$mkfs_new")
if [ "$old" = 7.2 ]; then
	new=7.2 mkfs_new=$mkfs_old repair_new=$repair_old
	old=
fi
[ -n "$old$new" ] || skip "no mkfs.xfs of version 6.1 or 7.2 (see MKFS_NEW)"

dir=$(mktemp -d "${XFSWRITE_TEST_DIR:-${TMPDIR:-/tmp}}/interop_mkfs.XXXXXX") || exit 1
mounted=
cleanup() {
	[ -z "$mounted" ] || umount "$dir/mnt"
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

failures=0
cases=0
fail() {
	failures=$((failures + 1))
	echo "FAIL: $*"
}

# repair_says REPAIR IMAGE LOGDEV FILE: what it prints, without paths and the progress of threads.
repair_says() {
	if [ -n "$3" ]; then
		$1 -n -l "$3" "$2" >"$4" 2>&1
	else
		$1 -n "$2" >"$4" 2>&1
	fi
	rc=$?
	grep -v -e 'host filesystem geometry' -e 'sector size mismatch' -e 'the image and the host' \
		-e '- agno = [0-9]*$' -e 'using external log' -e '- [0-9][0-9]:[0-9][0-9]:[0-9][0-9]: ' "$4" >"$4.text"
	return $rc
}

# One geometry: VERSION SIZE [log=SIZE] [options of mkfs.xfs]
compare() {
	version=$1 size=$2
	shift 2
	logopt=
	rm -f "$dir/ours" "$dir/theirs" "$dir/ours.log" "$dir/theirs.log"
	truncate -s "$size" "$dir/ours" "$dir/theirs"
	case ${1:-} in
	log=*)
		truncate -s "${1#log=}" "$dir/ours.log" "$dir/theirs.log"
		logopt=1
		shift
		;;
	esac
	case $version in
	6.1) mkfs=$mkfs_old repairs=$repair_old ;;
	7.2) mkfs=$mkfs_new repairs= ;;
	esac
	[ -z "$repair_new" ] || repairs="${repairs:+$repairs|}$repair_new"
	cases=$((cases + 1))
	what="$version $size${logopt:+ external log} $*"

	$mkfs -q -f -K -m uuid=$uuid ${logopt:+-l logdev="$dir/theirs.log"} "$@" \
		"$dir/theirs" >"$dir/mkfs.out" 2>&1 || {
		fail "$what: mkfs.xfs: $(head -1 "$dir/mkfs.out")"
		return
	}
	"$bin/mkfs_tool" -P "$version" -m uuid=$uuid ${logopt:+-l logdev="$dir/ours.log"} "$@" \
		"$dir/ours" || {
		fail "$what: ours did not format"
		return
	}
	"$bin/mkfs_compare" "$dir/ours" "$dir/theirs" \
		${logopt:+"$dir/ours.log" "$dir/theirs.log"} || fail "$what: bytes"
	ours_log=${logopt:+$dir/ours.log} theirs_log=${logopt:+$dir/theirs.log}
	saved=$IFS
	IFS='|'
	for repair in $repairs; do
		IFS=$saved
		# 7.2 finds fault with the place of inodes in some file systems of 6.1.
		if repair_says "$repair" "$dir/theirs" "$theirs_log" "$dir/theirs.out"; then
			theirs_rc=0
		else
			theirs_rc=1
			[ "$version" = 6.1 ] && [ "$repair" != "$repair_old" ] ||
				fail "$what: $repair -n does not like theirs"
		fi
		repair_says "$repair" "$dir/ours" "$ours_log" "$dir/ours.out" ||
			[ $theirs_rc = 1 ] || fail "$what: $repair -n: $(tail -3 "$dir/ours.out")"
		cmp -s "$dir/ours.out.text" "$dir/theirs.out.text" || {
			fail "$what: $repair -n says something else"
			diff "$dir/theirs.out.text" "$dir/ours.out.text" | head -5
		}
	done
	IFS=$saved
}

# The matrix.
for version in $old $new; do
	for block in 1024 2048 4096 8192 16384 32768 65536; do
		compare $version 2g -b size=$block
		compare $version 2g -b size=$block -s size=1024 -n size=65536
		[ $block -lt 4096 ] || compare $version 3g -b size=$block -s size=4096
	done
	compare $version 300m -L "label12bytes"
	compare $version 100g
	compare $version 9t
	compare $version 2g -i size=1024
	compare $version 2g -b size=65536 -i size=2048
	compare $version 2g -i sparse=0
	compare $version 2g -m reflink=0
	compare $version 2g -m rmapbt=0,reflink=0,finobt=0,inobtcount=0
	compare $version 2g -m rmapbt=1,bigtime=0,inobtcount=0 -i nrext64=1,maxpct=50
	compare $version 2g -d su=131072,sw=4
	compare $version 2g -d su=20480,sw=4
	compare $version 20g -d su=524288,sw=8 -s size=4096
	compare $version 2g -l su=131072
	compare $version 2g -l agnum=0
	compare $version 2g -l size=200m
	compare $version 2g -n version=ci
	compare $version 1g -d agsize=100m
	compare $version 410m -d agsize=100m
	compare $version 100m --unsupported
	compare $version 48m --unsupported -m rmapbt=0
	compare $version 1g log=100m
	compare $version 1g log=100m -s size=4096
	compare $version 1g -b size=65536
	compare $version 1g -b size=65536 -s size=4096
done
if [ -n "$new" ]; then
	compare 7.2 1g -n parent=0
	compare 7.2 1g -i exchange=0 -m autofsck=1 -n parent=0
fi
echo "$cases geometries compared, $failures failures"

# ---- the kernel
kernel=0
if [ "$(id -u)" != 0 ] || ! command -v losetup >/dev/null; then
	echo "SKIP: the kernel's part needs root and loop devices"
else
	mkdir "$dir/mnt"
	[ -n "$repair_new" ] || echo "SKIP: the kernel's part of profile 7.2 needs REPAIR_NEW"
	for version in ${old:+6.1} ${repair_new:+7.2}; do
		repair=$repair_old
		[ $version = 6.1 ] || repair=$repair_new
		for options in "" "-b size=1024" "-b size=2048 -i size=1024" "-s size=4096" \
			       "-b size=16384" "-b size=65536" "-m rmapbt=1,reflink=0" \
			       "-d su=65536,sw=4" "-i sparse=0 -m finobt=0,inobtcount=0" \
			       "-n version=ci" "-l agnum=0"; do
			rm -f "$dir/ours" "$dir/theirs"
			truncate -s 1g "$dir/ours" "$dir/theirs"
			# shellcheck disable=SC2086
			"$bin/mkfs_tool" -P $version $options "$dir/ours" || {
				fail "kernel: $version $options: no file system"
				continue
			}
			if ! mount -o loop "$dir/ours" "$dir/mnt" 2>"$dir/mount.out"; then
				# A kernel may not know a block size; then it does not know theirs.
				# shellcheck disable=SC2086
				$mkfs_old -q -f $options "$dir/theirs" >/dev/null 2>&1
				if mount -o loop,ro "$dir/theirs" "$dir/mnt" 2>/dev/null; then
					umount "$dir/mnt"
					fail "kernel: $version $options: $(head -1 "$dir/mount.out")"
				else
					echo "SKIP: this kernel does not mount: $options"
				fi
				continue
			fi
			mounted=1
			mkdir "$dir/mnt/d"
			for i in 1 2 3 4 5 6 7 8 9; do
				for k in 1 2 3 4 5 6 7 8 9; do
					echo $i$k >"$dir/mnt/d/file$i$k"
				done
			done
			head -c 3000000 /dev/urandom >"$dir/mnt/big"
			ln "$dir/mnt/big" "$dir/mnt/d/hardlink"
			ln -s big "$dir/mnt/symlink"
			rm "$dir"/mnt/d/file1*
			umount "$dir/mnt" && mounted=
			repair_says "$repair" "$dir/ours" "" "$dir/ours.out" ||
				fail "kernel: $version $options: after use: $(tail -3 "$dir/ours.out")"
			kernel=$((kernel + 1))
		done
	done
	echo "$kernel file systems used by the kernel, $failures failures in all"
fi
[ $failures = 0 ]
