#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what a crash of the kernel leaves is recovered by us as the kernel itself recovers it.
# Method: volumes of many geometries are cut off under load, their logs full of unfinished
# intents.  Of each, one copy is recovered by xfsw recover, one by a mount.  Both are checked
# by xfsw check and every xfs_repair there is; then the trees, as the kernel reads them, must be
# equal: type, mode, owner, links, size, blocks, times, attributes, contents.
# Then recovery itself is cut off, as by a power loss, some times and begun anew: recovery_cut.c.
#
#   interop_dirty.sh [-n COUNT] [-s SEED] [-t SECONDS] [-g GEOMETRY]... [-c CORPUS]
#
# -t: begin no new image after so many seconds.  -c: images that make_dirty.sh has kept.
# XFSWRITE_KEEP: a folder for images that failed.  The seed of each image is in its name.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dirty_common.sh"

: "${RECOVERY_CUT:=$XFSWRITE_BUILD/tests/interop/recovery_cut}"
cuts=${XFSWRITE_CUTS:-4}
count=20 seed=1 names="" limit=0 corpus=""
while getopts n:s:t:g:c: option; do
	case $option in
	n) count=$OPTARG ;;
	s) seed=$OPTARG ;;
	t) limit=$OPTARG ;;
	g) names="$names $OPTARG" ;;
	c) corpus=$OPTARG ;;
	*) exit 1 ;;
	esac
done
need_mounts
need_tools xfs_io xfs_db xfs_logprint losetup
[ -n "$names" ] || names=$(dirty_names)

xfsw_on() {	# VERB IMG [OPTIONS]
	_verb=$1 _on=$2
	shift 2
	if [ -e "$_on.log" ]; then
		"$XFSW" "$_verb" "$@" --log "$_on.log" "$_on"
	else
		"$XFSW" "$_verb" "$@" "$_on"
	fi
}

# findings IMG FILE: what our checker has to say, and every xfs_repair.
findings() {
	xfsw_on check "$1" >"$2" 2>&1
	_status=$?
	_logopt=""
	[ ! -e "$1.log" ] || _logopt="-l $1.log"
	_repairs="xfs_repair"
	[ "$g_which" = 1 ] || _repairs=""
	[ -z "${XFS_REPAIR_NEW:-}" ] || _repairs="${_repairs:+$_repairs:}$XFS_REPAIR_NEW"
	_ifs=$IFS
	IFS=:
	for _repair in $_repairs; do
		IFS=$_ifs
		# shellcheck disable=SC2086
		$_repair -n $_logopt "$1" >"$work/repair" 2>&1 || _status=1
		grep -v -e '^Phase ' -e '^        - ' -e '^No modify flag set' \
			-e 'Cannot get host filesystem geometry' \
			-e 'Repair may fail if there is a sector size mismatch' \
			-e '^the image and the host filesystem' "$work/repair" >>"$2"
	done
	IFS=$_ifs
	[ $_status = 0 ] || [ -s "$2" ] || echo "exit status" >>"$2"
}

# seen IMG FILE: the tree, and what is in use, as the kernel sees it.
seen() {
	dirty_mount "$1" "$work/mnt" || return 1
	"$TREE_DIGEST" --blocks "$work/mnt" >"$2"
	_status=$?
	dirty_unmount "$work/mnt"
	return $_status
}

summary() {
	say "$made dirty logs, $equal equal, $failed failed, $cut recoveries cut off," \
		"$kernel_refused refused by the kernel; it left something to complain about in" \
		"$kernel_leaves; unfinished: $(awk '{ n[$1] += $2; i[$1]++ }
		END { for (t in n) printf "%s %d in %d, ", t, n[t], i[t] }' "$work/sum")"
}

failed_one() {	# NAME TEXT
	say "FAIL: $1: $2"
	failed=$((failed + 1))
	[ -n "${XFSWRITE_KEEP:-}" ] || return 0
	mkdir -p "$XFSWRITE_KEEP"
	dirty_copy "$img" "$XFSWRITE_KEEP/$1.img"
}

compare() {	# NAME
	dirty_copy "$img" "$ours"
	dirty_copy "$img" "$theirs"
	if ! dirty_mount "$theirs" "$work/mnt"; then
		say "$1: the kernel does not recover it"
		kernel_refused=$((kernel_refused + 1))
		return 0
	fi
	dirty_unmount "$work/mnt"
	if ! xfsw_on recover "$ours" >"$work/recover" 2>&1; then
		failed_one "$1" "xfsw recover: $(tail -1 "$work/recover")"
		return 0
	fi
	# What the kernel leaves, we may leave; nothing else.  Its own work is looked at now and then.
	findings "$ours" "$work/ours.findings"
	: >"$work/theirs.findings"
	if [ -s "$work/ours.findings" ] || [ $((made % 8)) = 0 ]; then
		findings "$theirs" "$work/theirs.findings"
	fi
	if ! cmp -s "$work/theirs.findings" "$work/ours.findings"; then
		diff "$work/theirs.findings" "$work/ours.findings" | head -20 >&2
		failed_one "$1" "the checkers complain"
		return 0
	fi
	[ ! -s "$work/theirs.findings" ] || kernel_leaves=$((kernel_leaves + 1))
	if ! seen "$theirs" "$work/theirs.tree" || ! seen "$ours" "$work/ours.tree"; then
		failed_one "$1" "a tree cannot be read"
		return 0
	fi
	if ! cmp -s "$work/theirs.tree" "$work/ours.tree"; then
		diff "$work/theirs.tree" "$work/ours.tree" | head -20 >&2
		failed_one "$1" "the trees differ"
		return 0
	fi
	# Two devices at once are not recorded.
	if [ ! -e "$img.log" ]; then
		if ! "$RECOVERY_CUT" "$img" "${1##*-}" "$cuts" >"$work/cut" 2>&1; then
			cat "$work/cut" >&2
			failed_one "$1" "recovery cut off and begun anew gives something else"
			return 0
		fi
		cut=$((cut + cuts))
	fi
	equal=$((equal + 1))
}

img=$work/dirty.img ours=$work/ours.img theirs=$work/theirs.img
failed=0 equal=0 kernel_refused=0 kernel_leaves=0 made=0 cut=0
: >"$work/sum"
begun=$(date +%s)

in_time() {
	[ "$limit" = 0 ] || [ $(($(date +%s) - begun)) -lt "$limit" ]
}

if [ -n "$corpus" ]; then
	for kept in "$corpus"/*.img; do
		in_time || break
		name=$(basename "$kept" .img)
		dirty_geometry "${name%-*}"
		dirty_copy "$kept" "$img"
		dirty_counts "$img" >>"$work/sum"
		compare "$name"
		made=$((made + 1))
	done
else
	while [ $made -lt "$count" ] && in_time; do
		for name in $names; do
			{ [ $made -lt "$count" ] && in_time; } || break
			dirty_make "$name" "$seed" "$img"
			dirty_counts "$img" >>"$work/sum"
			compare "$name-$seed"
			made=$((made + 1)) seed=$((seed + 1))
			[ $((made % 20)) != 0 ] || summary
		done
	done
fi
summary
[ $failed = 0 ] && [ $equal -gt 0 ]
