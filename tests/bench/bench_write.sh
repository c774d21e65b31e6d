#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each job of bench_write.c through the library, on a loop mount of the running kernel, and on plain
# files of the host (raw): medians of seconds, their ratios, and the extents of the files.  The
# places take turns, after one round that is not counted (and gives images and files their space).
# About five minutes on two idle cores.
#
#   sh tests/bench/bench_write.sh [-d DIR] [-n RUNS] [-s SCALE] [-t "THREADS..."] [-c MIB]
#                                 [-p "PLACES..."] [JOB...]
#
#   -d  where images and raw files lie (TMPDIR, /dev/shm): tmpfs, or a folder of a disk
#   -n  counted runs (3)              -s  times the work that the titles name (0.25)
#   -t  numbers of threads ("1 2")    -c  file data the library keeps in memory, MiB (its default)
#   -p  places ("ours kernel raw"); the kernel needs root
#
# On a machine with other work to do nothing but the ratios means something; `chrt -f 10` makes it
# worse, because the kernel's own threads do not run at that priority.
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${XFSWRITE_BUILD:=$here/../../build/release}"
bench=$XFSWRITE_BUILD/tests/bench/bench_write
dir=${TMPDIR:-/dev/shm}
runs=3 scale=0.25 threads="1 2" places="ours kernel raw" cache=
usage() {
	sed -n 's/^#   \(sh\|  *\[\)/   \1/p' "$0" >&2
	exit 2
}
while getopts c:d:n:p:s:t: option; do
	case $option in
	c) cache="-c $OPTARG" ;;
	d) dir=$OPTARG ;;
	n) runs=$OPTARG ;;
	p) places=$OPTARG ;;
	s) scale=$OPTARG ;;
	t) threads=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
if [ ! -x "$bench" ]; then
	echo "bench_write.sh: $bench is not there: set XFSWRITE_BUILD to a release build" >&2
	exit 1
fi
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d "$dir/bench-write.XXXXXX") || exit 1
# A loop device of `mount -o loop` goes with its mount.
trap 'umount "$work/kernel" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

case " $places " in
*" kernel "*)
	if [ "$(id -u)" != 0 ] || ! "$bench" -s 0.001 empty kernel "$work" >/dev/null 2>&1; then
		echo "kernel: not measured: it needs root, and loop mounts of XFS"
		places=$(echo " $places " | sed 's/ kernel / /')
	fi
	;;
esac

# median PLACE: of the first column of its runs.
median() {
	[ -s "$work/times.$1" ] || return
	sort -g "$work/times.$1" | awk '{ v[NR] = $1 }
		END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Extents of the last run.
extents() {
	[ -s "$work/times.$1" ] && tail -1 "$work/times.$1" | cut -d ' ' -f 2
}

# row JOB THREADS TITLE
row() {
	echo "$1|$2|$(median ours)|$(median kernel)|$(median raw)|$(extents ours)|$(extents kernel)|$3" |
		awk -F '|' '
		function number(x) { return x == "" ? "-" : sprintf("%.3f", x) }
		function ratio(a, b) { return a == "" || b == "" || b == 0 ? "-" : sprintf("%.2f", a / b) }
		{
			printf "%-14s %2s %8s %8s %8s %8s %8s %9s %9s  %s\n", $1, $2, number($3),
				number($4), number($5), ratio($3, $4), ratio($3, $5),
				$6 == "" ? "-" : $6, $7 == "" ? "-" : $7, $8
		}'
}

# one JOB RAW THREADS TITLE
one() {
	rm -rf "$work"/times.*
	for run in $(seq 0 "$runs"); do
		for place in $places; do
			[ "$place" = raw ] && [ "$2" = 0 ] && continue
			# New names each time; the file of a job with one name keeps its space.
			case $1 in empty | files-4k | unlink) rm -rf "$work/raw" ;; esac
			# shellcheck disable=SC2086
			result=$("$bench" -s "$scale" -t "$3" $cache "$1" "$place" "$work") || exit 1
			[ "$run" = 0 ] || echo "$result" >>"$work/times.$place"
		done
	done
	row "$1" "$3" "$4"
	rm -rf "$work"/*.img "$work/raw"
}

echo "seconds, medians of $runs; scale $scale of what the titles say; in $dir; Linux $(uname -r)"
printf '%-14s %2s %8s %8s %8s %8s %8s %9s %9s  %s\n' job t ours kernel raw our/kern our/raw \
	ext-ours ext-kern "at scale 1"
"$bench" -l >"$work/jobs" || exit 1
while read -r name raw many title; do
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	for t in $threads; do
		[ "$t" != 1 ] && [ "$many" = 0 ] && continue
		one "$name" "$raw" "$t" "$title" </dev/null
	done
done <"$work/jobs"
