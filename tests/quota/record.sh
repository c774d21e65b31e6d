#!/bin/sh
# SPDX-License-Identifier: MIT
#
# record.sh RECORD [NAME...]: have a kernel do what is in sequences.in (or the sequences of these names) and print it
# with the answers: sh tests/quota/record.sh build/tests/quota/quota_record >tests/quota/sequences.txt
#
# It needs a kernel with XFS's quota, and a device that may be lost: $XFSWRITE_VM is a command that starts such a
# kernel, as `$XFSWRITE_VM -d IMAGE -f FILE... SCRIPT ARGUMENT...`: IMAGE is a disk there, $IMG its device; FILEs
# are in /in, xfsprogs are there, and SCRIPT's output and status are the command's.  RECORD is static.
set -e
[ -n "$XFSWRITE_VM" ] || { echo "SKIP: no virtual machine: XFSWRITE_VM is not set"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
record=$1; shift
work=$(mktemp -d /dev/shm/quota-record.XXXXXX)
trap 'rm -rf "$work"' EXIT INT TERM
truncate -s 64G "$work/disk"		# of which little is used
cat >"$work/script" <<'S'
echo 360000 >/proc/sys/vm/dirty_writeback_centisecs
chmod +x /in/quota_record
/in/quota_record /in/sequences.in "$IMG" "$@"
S
{
	echo "# SPDX-License-Identifier: MIT"
	echo "# Recorded by record.sh from sequences.in, which tells the form: not to be edited."
	$XFSWRITE_VM -t 900 -d "$work/disk" -f "$record:/in/quota_record" -f "$here/sequences.in" "$work/script" "$@"
} >"$work/answers" || { cat "$work/answers" >&2; exit 1; }
cat "$work/answers"
