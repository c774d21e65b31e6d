#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make_dirty.sh DIR [-n COUNT] [-s SEED] [-g GEOMETRY]...
#
# COUNT images with dirty logs in DIR, GEOMETRY-SEED.img (external logs: .img.log), geometries in
# turn; one line for each: its name, and how many intents of each type are unfinished in it.
# A last line sums them up.  See dirty_common.sh.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dirty_common.sh"

[ $# -ge 1 ] || fail "usage: make_dirty.sh DIR [-n COUNT] [-s SEED] [-g GEOMETRY]..."
out=$1
shift
count=20 seed=1 names=""
while getopts n:s:g: option; do
	case $option in
	n) count=$OPTARG ;;
	s) seed=$OPTARG ;;
	g) names="$names $OPTARG" ;;
	*) exit 1 ;;
	esac
done
need_mounts
need_tools xfs_io xfs_db xfs_logprint losetup
[ -n "$names" ] || names=$(dirty_names)
mkdir -p "$out"
: >"$work/sum"
made=0
while [ $made -lt "$count" ]; do
	for name in $names; do
		[ $made -lt "$count" ] || break
		img=$out/$name-$seed.img
		dirty_make "$name" "$seed" "$img"
		dirty_counts "$img" >"$work/counts"
		cat "$work/counts" >>"$work/sum"
		echo "$name-$seed: $(tr '\n' ' ' <"$work/counts")"
		made=$((made + 1)) seed=$((seed + 1))
	done
done
echo "$made images, unfinished: $(awk '{ n[$1] += $2; i[$1]++ }
	END { for (t in n) printf "%s %d in %d images; ", t, n[t], i[t] }' "$work/sum")"
