#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: file systems that mkfs.xfs made, old and new, and the running kernel filled are read back
# exactly, whatever their geometry and features.
# Method: for each line of a matrix the kernel fills a fresh volume with every on-disk form,
# thins it out and fills it again; `xfsw get` of the unmounted image, onto the kernel's own XFS, gives
# the digest that the mounted one had, `xfsw ls` the number of its names, and `xfsw check` finds nothing.
# A line that mkfs or the kernel refuses is told with the reason; too few that are left is a failure.
#
#   interop_read_kernel.sh [--slow] [NAME-PATTERN]     default: the lines marked with +, and less content
#
# MKFS_NEW: see common.sh; lines of a newer mkfs.xfs need it.
. "$(dirname "$0")/common.sh"
need_mounts
: "${FILL_IMAGE:=$XFSWRITE_BUILD/tests/interop/fill_image}"
slow=""
percent=30
if [ "${1:-}" = --slow ]; then
	slow=yes
	percent=100
	shift
fi
pattern=${1:-*}
new=${MKFS_NEW:-}

# mark name | mkfs (1: installed, 2: newer) and its options | block | directory block | inode | size |
# mount options.  Of 16 TiB the log is small: mkfs writes zeros to all of it.
matrix() {
	cat <<-END
	+b1k         | 1 -b size=1k                          | 1k  | 4k  | 512  | 2g |
	+b1k-n64k-2  | 2 -b size=1k -n size=64k              | 1k  | 64k | 512  | 2g |
	+b4k-2       | 2                                     | 4k  | 4k  | 512  | 2g |
	+b4k-plain   | 1 -m finobt=0,reflink=0,rmapbt=0,bigtime=0,inobtcount=0 -i sparse=0 | 4k | 4k | 512 | 2g |
	+b4k-rmap    | 1 -m rmapbt=1 -i nrext64=1 -n size=16k | 4k | 16k | 512  | 2g |
	+s4k-i2k-2   | 2 -s size=4k -i size=2048 -n size=8k    | 4k  | 8k  | 2048 | 2g |
	+b16k        | 1 -b size=16k -m rmapbt=1             | 16k | 16k | 512  | 4g |
	+b64k-2      | 2 -b size=64k -s size=4k              | 64k | 64k | 512  | 8g |
	+t16-2       | 2 -l size=64m                         | 4k  | 4k  | 512  | 16t |
	+tiny        | 1 --unsupported -l size=8m            | 4k  | 4k  | 512  | 40m |
	 i1k         | 1 -i size=1024                          | 4k  | 4k  | 1024 | 2g |
	 i2k         | 1 -i size=2048 -m rmapbt=1              | 4k  | 4k  | 2048 | 2g |
	 i2k-b1k     | 1 -i size=512 -b size=1k -s size=512  | 1k  | 4k  | 512  | 2g |
	 s4k         | 1 -s size=4k                          | 4k  | 4k  | 512  | 2g |
	 s4k-b64k    | 1 -s size=4k -b size=64k              | 64k | 64k | 512  | 8g |
	 s4k-n64k    | 1 -s size=4k -n size=64k -i size=2048   | 4k  | 64k | 2048 | 2g |
	 rmap        | 1 -m rmapbt=1                         | 4k  | 4k  | 512  | 2g |
	 rmap-only   | 1 -m rmapbt=1,reflink=0               | 4k  | 4k  | 512  | 2g |
	 no-reflink  | 1 -m reflink=0                        | 4k  | 4k  | 512  | 2g |
	 no-finobt   | 1 -m finobt=0,inobtcount=0            | 4k  | 4k  | 512  | 2g |
	 no-sparse   | 1 -i sparse=0                         | 4k  | 4k  | 512  | 2g |
	 no-bigtime  | 1 -m bigtime=0                        | 4k  | 4k  | 512  | 2g |
	 no-inocount | 1 -m inobtcount=0                     | 4k  | 4k  | 512  | 2g |
	 nrext64     | 1 -i nrext64=1                        | 4k  | 4k  | 512  | 2g |
	 plain-1k    | 1 -b size=1k -m finobt=0,reflink=0,bigtime=0,inobtcount=0 -i sparse=0 | 1k | 4k | 512 | 2g |
	 plain-64k   | 1 -b size=64k -m finobt=0,reflink=0,bigtime=0,inobtcount=0 -i sparse=0 | 64k | 64k | 512 | 8g |
	 ascii-ci    | 1 -n version=ci                       | 4k  | 4k  | 512  | 2g |
	 stripe      | 1 -d su=64k,sw=3 -l su=64k            | 4k  | 4k  | 512  | 2g |
	 ags         | 1 -d agcount=50 -m rmapbt=1           | 4k  | 4k  | 512  | 4g |
	 quota       | 1 -m rmapbt=1                         | 4k  | 4k  | 512  | 2g | uquota,gquota,pquota
	 inode32     | 1 -l size=64m                         | 4k  | 4k  | 512  | 16t | inode32
	 t16         | 1 -l size=64m -m rmapbt=1             | 4k  | 4k  | 512  | 16t |
	 t16-1k      | 1 -l size=64m -b size=1k              | 1k  | 4k  | 512  | 16t |
	 t16-64k-2   | 2 -l size=128m -b size=64k            | 64k | 64k | 512  | 16t |
	 tiny-1k     | 1 --unsupported -b size=1k -l size=8m | 1k  | 4k  | 512  | 24m |
	 tiny-64k    | 1 --unsupported -b size=64k -l size=32m -d agcount=1 | 64k | 64k | 512 | 160m |
	 tiny-2      | 2 --unsupported -l size=16m -d agcount=2 | 4k | 4k | 512 | 64m |
	 no-parent-2 | 2 -n parent=0                         | 4k  | 4k  | 512  | 2g |
	 no-exch-2   | 2 -n parent=0 -i exchange=0           | 4k  | 4k  | 512  | 2g |
	 no-rmap-2   | 2 -m rmapbt=0                         | 4k  | 4k  | 512  | 2g |
	 no-nrext-2  | 2 -i nrext64=0                        | 4k  | 4k  | 512  | 2g |
	 no-refl-2   | 2 -m reflink=0 -i sparse=0            | 4k  | 4k  | 512  | 2g |
	 i2k-b64k-2  | 2 -b size=64k -i size=2048              | 64k | 64k | 2048 | 8g |
	 i1k-b1k-2   | 2 -b size=2k -i size=1024 -s size=512   | 2k  | 4k  | 1024 | 2g |
	 stripe-2    | 2 -d su=64k,sw=3                      | 4k  | 4k  | 512  | 2g |
	 metadir-2   | 2 -m metadir=1                        | 4k  | 4k  | 512  | 2g |
	 quota-2     | 2 -m uquota,gquota,pquota             | 4k  | 4k  | 512  | 2g | uquota,gquota,pquota
	 mdquota-2   | 2 -m metadir=1,uquota,gquota,pquota   | 4k  | 4k  | 512  | 2g |
	END
	[ -z "$slow" ] || every_size lines_of_size
}

lines_of_size() {
	for which in 1 2; do
		echo " b${1}k-n${2}k-$which | $which -b size=${1}k -n size=${2}k -i size=$3 -s size=$4" \
			"| ${1}k | ${2}k | $3 | $((2 + $1 / 8))g |"
	done
}

bytes() {
	case $1 in
	*k) echo $((${1%k} * 1024)) ;;
	*) echo "$1" ;;
	esac
}

# not_run NAME REASON-FILE
not_run() {
	refused=$((refused + 1))
	say "SKIP: $1: $(grep -v '^ *dmesg(1)' "$2" | head -3 | tr '\n' ' ')"
}

# make_volume WHICH SIZE OPTIONS...
make_volume() {
	_which=$1
	rm -f "$img"
	truncate -s "$2" "$img" || return 1
	shift 2
	if [ "$_which" = 2 ]; then
		$new -q "$@" "$img"
	else
		mkfs.xfs -q "$@" "$img"
	fi
}

# one NAME MKFS BLOCK DIRBLOCK INODE SIZE MOUNT-OPTIONS
one() {
	_name=$1 _size=$6 _mount=$7
	_fill="-b $(bytes "$3") -D $(bytes "$4") -i $5"
	# shellcheck disable=SC2086
	if ! make_volume ${2%% *} "$_size" ${2#[12]} 2>"$work/err"; then
		not_run "$_name" "$work/err"
		return
	fi
	if ! mount_image "$img" "$work/mnt" "$_mount" 2>"$work/err"; then
		not_run "$_name" "$work/err"
		return
	fi
	mkdir "$work/mnt/one" "$work/mnt/two"
	# shellcheck disable=SC2086
	"$FILL_IMAGE" -n $percent $_fill "$work/mnt/one" >"$work/fill" || fail "$_name: fill_image"
	if [ -n "$slow" ]; then
		rm -rf "$work/mnt/one/dirs/node-holes" "$work/mnt/one/dirs/leaf" "$work/mnt/one/attrs/"*[1357] \
			"$work/mnt/one/churn/inodes" "$work/mnt/one/data/clone-"[135]
		# shellcheck disable=SC2086
		"$FILL_IMAGE" -n $((percent / 2)) -s 2 $_fill "$work/mnt/two" >>"$work/fill" ||
			fail "$_name: fill_image"
	fi
	digest "$work/mnt" "$work/source.digest"
	unmount_image "$work/mnt"

	run_silent "$_name: check" "$XFSW" check "$img"
	truncate -s 16G "$work/back.img"
	mkfs.xfs -q "$work/back.img" || fail "mkfs.xfs"
	mount_image "$work/back.img" "$work/back" || fail "mount"
	run_silent "$_name: get" "$XFSW" get "$img" / "$work/back"
	digest "$work/back" "$work/back.digest"
	unmount_image "$work/back"
	rm -f "$work/back.img"
	same_digest "$_name" "$work/source.digest" "$work/back.digest"

	# The digest has a line for the root and for each name.
	"$XFSW" ls --json -R "$img" / >"$work/ls" || fail "$_name: ls"
	_names=$(($(wc -l <"$work/source.digest") - 1)) _listed=$(grep -c '"path' "$work/ls")
	[ "$_listed" = $_names ] || fail "$_name: ls -R shows $_listed names of $_names"
	say "ok $_name: $_names names; $(tr '\n' ' ' <"$work/fill")"
	passed=$((passed + 1))
}

img=$work/volume.img
passed=0 refused=0 without_new=0
matrix >"$work/matrix"
while IFS='|' read -r name mkfs block dirblock inode size mopts; do
	# Without the blanks around.
	name=$(echo $name) mkfs=$(echo $mkfs) block=$(echo $block) dirblock=$(echo $dirblock)
	inode=$(echo $inode) size=$(echo $size) mopts=$(echo $mopts)
	case $name in
	+*) name=${name#+} ;;
	*) [ -n "$slow" ] || continue ;;
	esac
	# shellcheck disable=SC2254
	case $name in $pattern) ;; *) continue ;; esac
	if [ "${mkfs%% *}" = 2 ] && [ -z "$new" ]; then
		without_new=$((without_new + 1))
		continue
	fi
	one "$name" "$mkfs" "$block" "$dirblock" "$inode" "$size" "$mopts"
done <"$work/matrix"
[ $without_new = 0 ] || say "SKIP: $without_new lines need a newer mkfs.xfs (MKFS_NEW is not set)"
say "$passed volumes read back, $refused refused by mkfs.xfs or the kernel"
[ $passed -gt $refused ] || fail "too few"
exit 0
