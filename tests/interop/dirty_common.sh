# SPDX-License-Identifier: MIT
# Sourced after common.sh: images whose log holds work, made by the running kernel.
#
# DIRTY_LOAD        the load (dirty_load.c)
# MKFS_NEW          a newer mkfs.xfs: parent pointers, exchange of ranges; left out without it
# XFS_DB_NEW, XFS_LOGPRINT_NEW   the same release's, for its images
: "${DIRTY_LOAD:=$XFSWRITE_BUILD/tests/interop/dirty_load}"

# Volumes smaller than mkfs.xfs wants users to have, with logs that wrap.
export TEST_DIR=1 TEST_DEV=1 QA_CHECK_FS=1

# name | 1 or 2: the installed or the newer mkfs | its options | size of the image | block size |
#      size of an external log, or nothing | mount options
#
# Directory blocks are as large as blocks everywhere: kernels crash when they recover larger ones that are
# not in one piece.
dirty_matrix() {
	cat <<-END
	4k         | 1 | -l size=10m -m reflink=1                           | 192m | 4096 | |
	1k-rmap    | 1 | -l size=6m -m rmapbt=1                             | 128m | 1024 | |
	2-4k       | 2 | -l size=12m -n parent=1 -i exchange=1              | 192m | 4096 | |
	4k-rmap    | 1 | -l size=16m -m rmapbt=1 -d agcount=7               | 256m | 4096 | |
	2-metadir  | 2 | -l size=14m -m metadir=1                           | 192m | 4096 | |
	2-1k       | 2 | -l size=7m -n parent=1 -i exchange=1               | 128m | 1024 | |
	2k-i1024   | 1 | -l size=10m -i size=1024 -m rmapbt=1               | 192m | 2048 | |
	4k-plain   | 1 | -l size=8m -m reflink=0,rmapbt=0,finobt=0,inobtcount=0,bigtime=0 -i sparse=0 | 128m | 4096 | |
	2-4k-i2048 | 2 | -l size=14m -i size=2048,exchange=1 -n parent=1    | 256m | 4096 | |
	4k-su32k   | 1 | -d su=64k,sw=2 -l size=16m,su=32k -m rmapbt=1      | 256m | 4096 | |
	2-4k-small | 2 | -l size=12m -n parent=1 -i exchange=1 -d agcount=2 | 80m  | 4096 | |
	4k-s4096   | 1 | -s size=4096 -l size=12m -m rmapbt=1               | 192m | 4096 | |
	2-1k-su    | 2 | -l size=16m,su=256k -n parent=1 -i exchange=1      | 128m | 1024 | |
	1k         | 1 | -l size=6m                                         | 128m | 1024 | |
	2-1k-metadir | 2 | -l size=9m -m metadir=1 -n parent=0                 | 128m | 1024 | |
	2-nopptr   | 2 | -l size=14m -n parent=0 -i exchange=1              | 192m | 4096 | |
	4k-ext     | 1 | -m rmapbt=1                                        | 192m | 4096 | 16m |
	4k-norefl  | 1 | -l size=12m -m rmapbt=1,reflink=0                  | 192m | 4096 | |
	2-pptr     | 2 | -l size=14m -n parent=1 -i exchange=0 -m rmapbt=0  | 192m | 4096 | |
	2-ext      | 2 | -n parent=1 -i exchange=1                          | 192m | 1024 | 9m |
	1k-nrext   | 1 | -l size=6m -m rmapbt=1 -i nrext64=1                | 96m  | 1024 | |
	4k-biglog  | 1 | -l size=128m -m rmapbt=1 -d agcount=2              | 512m | 4096 | |
	END
}

# dirty_geometry NAME: sets g_which g_mkfs g_size g_bsize g_logsize g_mopts
dirty_geometry() {
	_line=$(dirty_matrix | awk -F'|' -v want="$1" '{ n = $1; gsub(/[ \t]/, "", n) } n == want')
	[ -n "$_line" ] || fail "no geometry is called $1"
	_field() { echo "$_line" | cut -d'|' -f"$1" | sed 's/^[ \t]*//; s/[ \t]*$//'; }
	g_which=$(_field 2) g_mkfs=$(_field 3) g_size=$(_field 4) g_bsize=$(_field 5)
	g_logsize=$(_field 6) g_mopts=$(_field 7)
	g_db=xfs_db g_logprint=xfs_logprint
	if [ "$g_which" = 2 ]; then
		g_db=${XFS_DB_NEW:-xfs_db} g_logprint=${XFS_LOGPRINT_NEW:-xfs_logprint}
	fi
}

# Names of the geometries this machine can make.
dirty_names() {
	dirty_matrix | awk -F'|' -v new="${MKFS_NEW:-}" '{
		name = $1; which = $2; gsub(/[ \t]/, "", name); gsub(/[ \t]/, "", which)
		if (which == 1 || new != "")
			print name
	}'
}

# dirty_mount IMG DIR: as the geometry says; IMG.log is the external log if there is one.  Tried
# again: who attaches loop devices at the same time may have got the one that mount had chosen.
dirty_mount() {
	for _try in 1 2 3; do
		dirty_mount_once "$@" 2>"$work/mount.err" && return 0
		! mountpoint -q "$2" || umount "$2"
		sleep 0.3
	done
	cat "$work/mount.err" >&2
	return 1
}

dirty_mount_once() {
	_options=$g_mopts
	if [ -e "$1.log" ]; then
		log_loop=$(losetup -f --show "$1.log") || return 1
		_options="logdev=$log_loop${_options:+,$_options}"
	fi
	mount_image "$1" "$2" "$_options" && return 0
	[ -z "$log_loop" ] || losetup -d "$log_loop"
	log_loop=""
	return 1
}

dirty_unmount() {
	unmount_image "$1"
	[ -z "$log_loop" ] || losetup -d "$log_loop"
	log_loop=""
}
log_loop=""
trap 'cleanup; [ -z "$log_loop" ] || losetup -d "$log_loop"' EXIT

# dirty_copy FROM TO: an image, and its log if that is another file.
dirty_copy() {
	cp --sparse=always "$1" "$2"
	rm -f "$2.log"
	[ ! -e "$1.log" ] || cp --sparse=always "$1.log" "$2.log"
}

# _dirty_mkfs OPTIONS LOG-OPTIONS: $_mkfs on $_img.
_dirty_mkfs() {
	# shellcheck disable=SC2086
	$_mkfs -q -f -b size="$g_bsize" $1 $2 "$_img" >"$work/mkfs.out" 2>&1
}

# dirty_base IMG: formatted as g_* say, and filled with what the load wants to find.
dirty_base() {
	_img=$1
	rm -f "$_img" "$_img.log"
	truncate -s "$g_size" "$_img"
	_mkfs=mkfs.xfs
	[ "$g_which" = 1 ] || _mkfs=$MKFS_NEW
	_logopt=""
	if [ -n "$g_logsize" ]; then
		truncate -s "$g_logsize" "$_img.log"
		_logopt="-l logdev=$_img.log,size=$g_logsize"
	fi
	if ! _dirty_mkfs "$g_mkfs" "$_logopt"; then
		# Some releases of mkfs.xfs want larger logs than others: take the least that this one names.
		_least=$(sed -n 's/.*log size .* too small, minimum size is \([0-9]*\) blocks.*/\1/p' "$work/mkfs.out")
		if [ -z "$_least" ] || [ -n "$g_logsize" ] ||
			! _dirty_mkfs "$(echo "$g_mkfs" | sed "s/-l size=[0-9]*m/-l size=${_least}b/")" ""; then
			head -1 "$work/mkfs.out" >&2
			fail "mkfs of $g_mkfs"
		fi
	fi
	# mkfs.xfs makes no directory blocks below 4 KiB; the root is inline still.
	if [ "$g_bsize" -lt 4096 ]; then
		_agno=0
		while $g_db -x -c "sb $_agno" -c 'write -d dirblklog 0' "$_img" 2>/dev/null |
				grep -q '^dirblklog = 0'; do
			_agno=$((_agno + 1))
			# xfs_db goes back to the first superblock when there is no such AG.
			[ $_agno -lt "$($g_db -r -c 'sb 0' -c 'p agcount' "$_img" 2>/dev/null | sed 's/.*= //')" ] || break
		done
		[ $_agno -gt 0 ] || fail "the directory block size of $_img cannot be set"
	fi
	dirty_mount "$_img" "$work/mnt" || fail "mount of a new image ($g_mkfs)"
	"$DIRTY_LOAD" prepare 1 "$g_bsize" "$work/mnt" || fail "preparation of the load"
	dirty_unmount "$work/mnt"
}

# dirty_make NAME SEED IMG: IMG becomes a volume of that geometry, cut off while it was used.
dirty_make() {
	dirty_geometry "$1"
	_seed=$2 _to=$3
	[ -e "$work/base.$1" ] || dirty_base "$work/base.$1"
	dirty_copy "$work/base.$1" "$_to"
	dirty_mount "$_to" "$work/mnt" || fail "mount of a copy of $1"
	# The moment, the number of processes and the kind of end follow from the seed.
	_ms=$((60 + (_seed * 7919 + 31) % 540))
	_procs=$((2 + _seed % 5))
	_mode=force
	[ $((_seed % 3)) != 0 ] || _mode=stop
	"$DIRTY_LOAD" run "$_seed" "$g_bsize" "$_ms" "$_procs" "$_mode" "$work/mnt" ||
		fail "the load on $1, seed $_seed"
	dirty_unmount "$work/mnt"
}

# dirty_counts IMG: "TYPE N" for every type of intent that has N unfinished in the log.
dirty_counts() {
	_logopt=""
	[ ! -e "$1.log" ] || _logopt="-l $1.log"
	# shellcheck disable=SC2086
	$g_logprint -t $_logopt "$1" 2>/dev/null | awk '
		/^[ \t]*(EFI|RUI|CUI|BUI|ATTRI|XMI):.*id: *0x/ {
			type = $1; sub(/:.*/, "", type); sub(/^id:/, "", $NF)
			open[type " " $NF] = 1
		}
		/^[ \t]*(EFD|RUD|CUD|BUD|ATTRD|XMD):.*id: *0x/ {
			type = $1; sub(/:.*/, "", type); sub(/D$/, "I", type)
			sub(/^id:/, "", $NF)
			delete open[type " " $NF]
		}
		END {
			for (key in open) { split(key, part, " "); count[part[1]]++ }
			for (type in count) print type, count[type]
		}' | sort
}
