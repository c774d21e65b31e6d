#!/bin/sh
# SPDX-License-Identifier: MIT
#
# metadir_write.sh GOLDEN METADIR_WRITE: unpack the images with metadata directory trees, and write to them.
command -v xz >/dev/null || {
	echo "SKIP: no xz"
	exit 77
}
dir=$(mktemp -d "${XFSWRITE_TEST_DIR:-${TMPDIR:-/tmp}}/golden.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
xz -dc "$1/metadir/image.xz" >"$dir/plain" && xz -dc "$1/quota-metadir/image.xz" >"$dir/quota" &&
	xz -dc "$1/metadir/dirty.xz" >"$dir/dirty" || exit 1
${EMULATOR:-} "$2" "$dir/plain" "$dir/quota" "$dir/dirty"
