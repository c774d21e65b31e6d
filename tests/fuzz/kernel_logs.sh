#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: of a log that a kernel wrote, changed in one field, all is recovered or nothing is written.
# Method: changed_log.c over golden images with dirty logs.
#
#	kernel_logs.sh CHANGED_LOG DIRECTORY [OPTIONS OF CHANGED_LOG...]

command -v xz >/dev/null || {
	echo "SKIP: no xz"
	exit 77
}
program=$1 images=$2
shift 2
dir=$(mktemp -d "${XFSWRITE_TEST_DIR:-${TMPDIR:-/tmp}}/kernel_logs.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
for image in "$images"/*.xz; do
	name=$(basename "$image" .xz)
	xz -dc "$image" | dd of="$dir/$name" bs=65536 conv=sparse status=none || exit 1
	"$program" "$@" "$dir/$name" || exit 1
	rm "$dir/$name"
done
