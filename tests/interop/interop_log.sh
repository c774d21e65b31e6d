#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: kernels and tools read the logs that the library writes: records of every layout, internal
#       and external logs, sectors of 512 and 4096 bytes, stripe units, checkpoints of many
#       records, and rings that went round more than once.
# Method: LOG_WRITER puts checkpoints into images of mkfs.xfs; xfs_logprint reads them record by
#         record and as transactions, a kernel recovers them at mount, and must come to what the last
#         one says; xfs_repair -n has nothing to say then.
# Usage: interop_log.sh LOG_WRITER
. "$(dirname "$0")/common.sh"
writer=${1:?log_writer}
need_tools mkfs.xfs xfs_logprint xfs_db xfs_repair
need_mounts

# no_complaint WHAT FLAG ARGS...: not everything it calls an error shows in its exit code.
no_complaint() {
	_what=$1
	shift
	xfs_logprint "$@" >"$work/logprint" 2>"$work/logprint.err" || _bad=1
	if [ "${_bad:-0}" = 1 ] || [ -s "$work/logprint.err" ] ||
	   grep -i -e error -e illegal -e 'bad ' -e corrupt -e unknown -e 'not found' \
		"$work/logprint" >&2; then
		cat "$work/logprint.err" >&2
		fail "$_what: xfs_logprint $1"
	fi
}

# one NAME CHECKPOINTS FILL EXTERNAL MKFS-OPTIONS...
one() {
	name=$1 checkpoints=$2 fill=$3 external=$4
	shift 4
	img=$work/img log=- logopt="" seconds=1234567890
	rm -f "$img" "$work/log"
	truncate -s 1200M "$img"
	if [ "$external" = 1 ]; then
		log=$work/log
		truncate -s 64M "$log"
		mkfs.xfs -q -l logdev="$log",size=64m "$@" "$img" || fail "$name: mkfs.xfs"
		logopt="-l $log"
	else
		mkfs.xfs -q "$@" "$img" || fail "$name: mkfs.xfs"
	fi
	told=$("$writer" "$img" "$log" "made-by-us" "$seconds" "$checkpoints" "$fill") ||
		fail "$name: writing the log"
	say "$name: $told"
	# shellcheck disable=SC2086  # options are words
	no_complaint "$name" -t $logopt "$img"
	grep -q DIRTY "$work/logprint" || fail "$name: xfs_logprint does not call the log dirty"
	# The whole ring, leftovers included, is only sound before it went round.
	case "$told" in
	*"cycle 1") no_complaint "$name" -d $logopt "$img" ;;
	esac
	if [ "$external" = 1 ]; then
		loop=$(losetup -f --show "$log") || fail "$name: losetup"
		mount_image "$img" "$work/mnt" "logdev=$loop" || { losetup -d "$loop"; fail "$name: mount"; }
	else
		mount_image "$img" "$work/mnt" || fail "$name: the kernel does not recover it"
	fi
	[ "$(stat -c %Y "$work/mnt")" = "$seconds" ] || fail "$name: time of the root directory"
	touch "$work/mnt/file"
	unmount_image "$work/mnt"
	[ "$external" = 1 ] && losetup -d "$loop"
	if [ "$external" = 1 ]; then
		xfs_repair -n -l "$log" "$img" >"$work/repair" 2>&1 ||
			{ cat "$work/repair" >&2; fail "$name: xfs_repair"; }
		label=$(xfs_db -r -l "$log" -c 'sb 0' -c 'p fname' "$img")
	else
		repair_silent "$name" "$img" xfs_repair
		label=$(xfs_db -r -c 'sb 0' -c 'p fname' "$img")
	fi
	case $label in
	*'"made-by-us\'*) ;;
	*) fail "$name: $label" ;;
	esac
}

one "plain" 1 0 0
one "many records" 2 40000 0
one "round" 170 60000 0
one "stripe 32k" 7 20000 0 -d su=64k,sw=2 -l su=32k
one "stripe 256k" 7 30000 0 -d su=256k,sw=2 -l su=256k
one "stripe 64k, round" 170 60000 0 -d su=64k,sw=2 -l su=64k
one "sectors 4k" 12 30000 0 -s size=4096
one "blocks 1k" 9 20000 0 -b size=1024
one "external" 5 20000 1
one "external, round" 200 60000 1 -s size=4096
exit 0
