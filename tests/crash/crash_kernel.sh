# SPDX-License-Identifier: MIT
#
# crash_kernel.sh CAMPAIGN [--samples N] [--seed N] [SCENARIO...]
#
# Goal: the logs that a crash leaves are good for other people too.
# Method: N crash images of each scenario (all that CAMPAIGN knows) go to xfs_logprint, which must
# not complain; to the running kernel, which recovers them; and to the library.  Both must
# show the same tree, and xfs_repair -n must be silent about what the kernel made of them.  What is
# shared, copied on write, unshared, moved and exchanged is in reflink, cow, falloc and exchange: the
# last one's logs have intents, which the kernel finishes.
. "$(dirname "$0")/../interop/common.sh"

campaign=$1
shift
samples=3
seed=1
while [ $# -gt 0 ]; do
	case $1 in
	--samples) samples=$2; shift 2 ;;
	--seed) seed=$2; shift 2 ;;
	--*) fail "unknown option $1" ;;
	*) break ;;
	esac
done
# Both disks of extlog are in one file: nobody but the laboratory reads that.  A kernel that mounts without
# quota leaves quota records out of recovery, and xfs_repair then tells of them.
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $("$campaign" --list | awk '$1 != "extlog" && $1 != "quota" { print $1 }')
need_mounts
need_tools xfs_repair xfs_logprint

# no_complaint WHAT FLAG IMG: what xfs_logprint calls an error it does not always exit with.
no_complaint() {
	if ! xfs_logprint "$2" "$3" >"$work/logprint" 2>"$work/logprint.err" ||
	   [ -s "$work/logprint.err" ] ||
	   grep -i -w -e error -e illegal -e bad -e corrupt -e corrupted -e unknown -e 'not found' \
		"$work/logprint" >&2
	then
		cat "$work/logprint.err" >&2
		cp "$3" "${CRASH_SAVE:-/dev/null}"
		fail "$1: xfs_logprint $2 complains (seed $seed)"
	fi
}

# digest WHAT IMG OUT: as the kernel shows it, recovering it if need be.
digest() {
	if ! mount_image "$2" "$work/mnt"; then
		dmesg 2>/dev/null | tail -20 >&2
		cp "$2.keep" "${CRASH_SAVE:-/dev/null}" 2>/dev/null
		fail "$1: the kernel does not mount it (seed $seed)"
	fi
	"$TREE_DIGEST" "$work/mnt" >"$3" || fail "$1: tree_digest (seed $seed)"
	unmount_image "$work/mnt"
}

total=0
dirty=0
for scenario; do
	run_dir=$work/images
	mkdir -p "$run_dir"
	n=$samples
	# Few of them are in the middle of an exchange.
	[ "$scenario" != exchange ] || n=$((samples * 6))
	"$campaign" --seed "$seed" --budget $((n * 8)) --sample "$n" --dir "$run_dir" \
		"$scenario" >"$work/campaign" 2>&1 || {
		cat "$work/campaign" >&2
		fail "$scenario: the campaign itself"
	}
	for ours in "$run_dir"/*.ours; do
		[ -e "$ours" ] || break
		crash=${ours%.ours}.crash
		what=${crash##*/}
		if ! kernel_knows "$ours"; then
			say "$scenario: this kernel is too old for it"
			break
		fi
		# Tools that are older than the file system's features are not asked.
		old=
		repair_knows "$ours" || old=yes
		if [ -z "$old" ]; then
			no_complaint "$what" -t "$crash"
			grep -q '<DIRTY>' "$work/logprint" && dirty=$((dirty + 1))
			no_complaint "$what" -d "$crash"
		fi
		digest "$what" "$crash" "$work/kernel.digest"
		digest "$what, recovered by the library" "$ours" "$work/ours.digest"
		if ! cmp -s "$work/kernel.digest" "$work/ours.digest"; then
			diff "$work/kernel.digest" "$work/ours.digest" | head -20 >&2
			fail "$what: the kernel recovers another tree than the library (seed $seed)"
		fi
		[ -n "$old" ] || repair_silent "$what, recovered by the kernel" "$crash" xfs_repair
		if [ -n "${XFS_REPAIR_NEW:-}" ]; then
			# shellcheck disable=SC2086  # may be a wrapper and a name
			repair_silent "$what, recovered by the kernel" "$crash" $XFS_REPAIR_NEW
		fi
		[ -n "$old" ] || repair_silent "$what, recovered by the library" "$ours" xfs_repair
		total=$((total + 1))
		rm -f "$crash" "$ours"
	done
	rm -rf "$run_dir"
done
say "$total crash images, $dirty with a log that xfs_logprint calls dirty: the kernel and the library recover the same trees"
[ $total -gt 0 ] || fail "no image was made"
