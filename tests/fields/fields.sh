#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs fields over a golden image: the checker against the table of what it reports, and xfs_repair
# where there is one.  $XFS_REPAIR_NEW is asked as the newer one.
#
#	fields.sh FIELDS GOLDEN-DIRECTORY [ARGUMENTS OF FIELDS]
#
# As a campaign over every change, with a seed and 20 minutes for xfs_repair:
#
#	fields.sh FIELDS GOLDEN-DIRECTORY -p 100 -s SEED -b 1200
here=$(cd "$(dirname "$0")" && pwd)
fields=$1
golden=$2
shift 2
PATH=$PATH:/usr/sbin:/sbin
command -v xz >/dev/null || {
	echo "SKIP: no xz"
	exit 77
}
base=${TMPDIR:-/tmp}
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || base=/dev/shm
dir=$(mktemp -d "$base/fields.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
xz -dc "$golden/image.xz" >"$dir/image" || exit 1
old=
if command -v xfs_repair >/dev/null; then
	old=xfs_repair
else
	echo "note: no xfs_repair here: only the checker is asked"
fi
"$fields" -e "$here/$(basename "$golden").table" -d "$here/differences" ${old:+-r "$old"} \
	${XFS_REPAIR_NEW:+-n "$XFS_REPAIR_NEW"} "$@" "$dir/image"
