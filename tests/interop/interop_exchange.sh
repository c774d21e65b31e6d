#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: an exchange of contents that a crash interrupted is finished by the kernel, too.
# Method: unit_file_exchange keeps the volume of each crash that it looks at.  The kernel mounts
# each: both files must have the other's contents, all of it, or their own.
. "$(dirname "$0")/common.sh"

unit=${1:-$XFSWRITE_BUILD/tests/unit_file_exchange}
need_mounts
[ -x "$unit" ] || skip "needs unit_file_exchange"
mkdir "$work/saved"
XFSWRITE_SAVE_DIR=$work/saved "$unit" >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "$unit"; }

# Which letter; holes and whole blocks of it must take turns.
letter() {
	tr -d '\000' <"$1" | head -c 1
}

count=0 old=0 new=0
for img in "$work"/saved/*.img; do
	mount_image "$img" "$work/mnt" nouuid || fail "$img does not mount"
	a=$(letter "$work/mnt/a") b=$(letter "$work/mnt/b")
	case $a$b in
	ab) old=$((old + 1)) ;;
	ba) new=$((new + 1)) ;;
	*) fail "$img: /a has '$a', /b has '$b'" ;;
	esac
	for file in a b; do
		eval "c=\$$file"
		bytes=$(tr -d '\000' <"$work/mnt/$file" | wc -c) others=$(tr -d "\000$c" <"$work/mnt/$file" | wc -c)
		[ "$bytes" = $((6000 * 4096)) ] && [ "$others" = 0 ] ||
			fail "$img: /$file has $bytes bytes, $others of them not $c"
	done
	unmount_image "$work/mnt"
	"$XFSW" check "$img" >"$work/check" 2>&1 || { cat "$work/check" >&2; fail "$img: check"; }
	count=$((count + 1))
done
[ "$old" -gt 0 ] && [ "$new" -gt 1 ] || fail "$old crashes before, $new after the first step"
say "$count volumes: $old as before, $new exchanged"
