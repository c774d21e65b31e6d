#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: directories and attribute forks of every form, as the library leaves them, are right for
# the referees, and the kernel reads the same names and values.
# Method: the model tests leave an image, with a list of what is in it, after each of their phases; all of
# them are judged by xfs_repair and, where this machine mounts them, compared with the list.
. "$(dirname "$0")/common.sh"
need_mounts

: "${MODELS:=$XFSWRITE_BUILD/tests/model}"
mounted=0 judged=0

# one IMG: the list beside it tells what is in it.
one() {
	judge "$1" "$1"
	judged=$((judged + 1))
	kernel_knows "$1" || return 0
	mount_image "$1" "$work/mnt" ro,nouuid 2>/dev/null || return 0
	mounted=$((mounted + 1))
	"$2" "$work/mnt" >"$work/got" || fail "$1: cannot be read"
	unmount_image "$work/mnt"
	sort "${1%.img}.list" >"$work/want"
	sort "$work/got" | cmp -s - "$work/want" || fail "$1: the kernel sees something else"
}

names() {
	find "$1/t" -mindepth 1 -maxdepth 1 -printf '%f\n'
}

# "name space.name value's checksum" of all attributes of all files.
attributes() {
	"$MODELS/model_attr" --list "$1"
}

# model PROGRAM GEOMETRIES LISTER: one geometry at a time, for the room.
model() {
	for g in $(seq 0 $(($2 - 1))); do
		rm -rf "$work/images"
		mkdir "$work/images"
		XFSWRITE_SAVE_DIR=$work/images XFSWRITE_GEOMETRY=$g "$MODELS/$1" >"$work/log" 2>&1 ||
			{ cat "$work/log" >&2; fail "$1, geometry $g"; }
		for img in "$work"/images/*-*.img; do
			one "$img" "$3"
		done
		say "$1: geometry $g"
	done
}

model model_dir 9 names
model model_attr 7 attributes
say "$judged images judged, $mounted mounted"
[ $mounted -ge 50 ] || fail "the kernel mounted only $mounted of the images"
exit 0
