#!/bin/sh
# SPDX-License-Identifier: MIT
#
# campaign.sh [-n ROUNDS] [-s SEED] BUILD [IMAGE...]: a kernel with quota judges counts of the library.
#
# Images come from rounds of model_quota (or are given): closed ones, crashed ones whose log the kernel recovers, and the
# same recovered by the library.  In a virtual machine a kernel mounts each with each combination of quota
# options: it need not count anew, it reports what the library reports, and the same as after a fresh count.  xfs_repair
# -n is content with each before and after ($XFS_REPAIR: another one, too).
#
# BUILD is the build folder.  $XFSWRITE_VM starts the machine: record.sh tells how.
set -e
rounds=4 seed=1
while getopts n:s: o; do
	case $o in
	n) rounds=$OPTARG ;;
	s) seed=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$XFSWRITE_VM" ] || { echo "SKIP: no virtual machine: XFSWRITE_VM is not set"; exit 77; }
[ -n "$1" ] || { echo "usage: campaign.sh [-n ROUNDS] [-s SEED] BUILD [IMAGE...]" >&2; exit 2; }
build=$(cd "$1" && pwd); shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /dev/shm/quota-campaign.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
bad=0
complain() { echo "COMPLAINT: $*"; bad=1; }

repair() { # IMAGE
	for tool in xfs_repair "$XFS_REPAIR"; do
		[ -z "$tool" ] || $tool -n -f "$1" >"$work/repair" 2>&1 && continue
		grep -q "unsupported filesystem features" "$work/repair" && continue
		complain "$(basename "$1"): $tool"
		tail -20 "$work/repair"
	done
}

# A kernel looks at three images at once: 21 disks.
judge() {
	disks=""
	for image; do
		name=$(basename "$image" .img)
		"$build/tests/quota/quota_report" "$image" >"$work/$name.ours" || { complain "$name: no report"; return; }
		for combination in 1 2 3 4 5 6 7; do disks="$disks -d $image,discard"; done
		disks="$disks -f $work/$name.ours"
		names="$names $name"
	done
	# shellcheck disable=SC2086
	$XFSWRITE_VM -t 600 $disks "$here/campaign_vm.sh" $names || bad=1
	names=""
}

if [ $# = 0 ]; then
	XFSWRITE_SAVE_DIR=$work XFSWRITE_TEST_JOURNAL=1 "$build/tests/model/model_quota" --seed "$seed" --rounds "$rounds" --ops 1500
	rm -f "$work/work.img" "$work"/*.list
	for image in "$work"/*-crash.img; do
		[ -e "$image" ] || continue
		cp --sparse=always "$image" "${image%.img}-recovered.img"
		"$build/tests/quota/quota_report" -w "${image%.img}-recovered.img" >/dev/null || complain "$image: no recovery"
	done
	for image in "$work"/*.img; do
		case $image in
		*-crash.img) ;;
		*) repair "$image" ;;
		esac
	done
	set -- "$work"/*.img
fi
while [ $# -gt 0 ]; do
	# shellcheck disable=SC2086
	judge "$1" ${2:+"$2"} ${3:+"$3"}
	shift $(($# < 3 ? $# : 3))
done
[ $bad = 0 ] && echo "nobody complained"
exit $bad
