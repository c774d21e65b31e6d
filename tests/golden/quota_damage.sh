#!/bin/sh
# SPDX-License-Identifier: MIT
#
# quota_damage.sh IMAGE.XZ QUOTA_DAMAGE: unpack and damage.
command -v xz >/dev/null || {
	echo "SKIP: no xz"
	exit 77
}
dir=$(mktemp -d "${XFSWRITE_TEST_DIR:-${TMPDIR:-/tmp}}/golden.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
xz -dc "$1" >"$dir/image" || exit 1
${EMULATOR:-} "$2" "$dir/image"
