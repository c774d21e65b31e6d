#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: an installed library is found and linked by the two usual ways, shared and static.
# Method: install into an empty prefix, move it elsewhere; build lesson open_read with pkg-config and
# with find_package; run the results, and the installed xfsw.
. "$(dirname "$0")/common.sh"
need_tools cmake pkg-config
# Ninja may be all there is.
command -v make >/dev/null 2>&1 || export CMAKE_GENERATOR=Ninja
[ -z "${SANITIZE:-}" ] || skip "a sanitized library does not link into plain programs"
: "${CC:=cc}"
lesson=$XFSWRITE_SOURCE/examples/lessons/open_read.c
prefix=$work/prefix

cmake --install "$XFSWRITE_BUILD" --prefix "$work/first" >"$work/out" || fail "install: $(cat "$work/out")"
pc=$(find "$work/first" -name xfswrite.pc)
included=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=includedir xfswrite)
[ "$included" -ef "$work/first/include" ] || fail "xfswrite.pc does not name the prefix it was installed into"
mv "$work/first" "$prefix"
xfsw=$(find "$prefix" -path '*/bin/xfsw' -type f)
for file in man/man1/xfsw.1 bash-completion/completions/xfsw zsh/site-functions/_xfsw \
	fish/vendor_completions.d/xfsw.fish; do
	[ -s "$prefix/share/$file" ] || fail "$file is not installed"
done
[ -x "$xfsw" ] || fail "xfsw is not installed"
mkdir "$work/tree"
echo content >"$work/tree/file"
run_silent "installed xfsw" "$xfsw" create --size 300m "$work/tree" "$work/i.img"

check_program() {
	[ "$("$@" "$work/i.img" /file)" = content ] || fail "$1 does not work"
}

# Before 1.0 a minor version is compatible with itself only.
pc=$(find "$prefix" -name xfswrite.pc)
version=$(sed -n 's/^Version: //p' "$pc")
case $version in
0.*) soversion=${version%.*} ;;
*) soversion=${version%%.*} ;;
esac
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
pkg-config --exists xfswrite || fail "pkg-config"
pkg-config --cflags xfswrite | grep -q -e -D_FILE_OFFSET_BITS=64 || fail "no feature macros in Cflags"
grep -qe "$XFSWRITE_BUILD" -e "$work" "$pc" && fail "xfswrite.pc names a folder of the build machine"
# shellcheck disable=SC2046
$CC "$lesson" $(pkg-config --cflags --libs xfswrite) -o "$work/shared" ||
	fail "pkg-config, shared"
libdir=$(dirname "$(dirname "$pc")")
check_program env LD_LIBRARY_PATH="$libdir" "$work/shared"
LD_LIBRARY_PATH=$libdir ldd "$work/shared" | grep -q "libxfswrite.so.$soversion " || fail "no SONAME"
# shellcheck disable=SC2046
$CC "$lesson" $(pkg-config --cflags xfswrite) "$libdir/libxfswrite.a" \
	$(pkg-config --static --libs xfswrite | sed 's/-lxfswrite//') \
	-o "$work/static" || fail "pkg-config, static"
ldd "$work/static" | grep -q libxfswrite && fail "the static program uses the shared library"
check_program "$work/static"

mkdir "$work/project"
cp "$lesson" "$work/project/"
cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(xfswrite 0.2 REQUIRED)
add_executable(shared open_read.c)
target_link_libraries(shared PRIVATE xfswrite::xfswrite)
add_executable(static open_read.c)
target_link_libraries(static PRIVATE xfswrite::xfswrite_static)
END
{
	cmake -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC" &&
		cmake --build "$work/project/build"
} >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "find_package"; }
check_program "$work/project/build/shared"
check_program "$work/project/build/static"

# Manual pages are found where they are installed, if they were made.
if [ -e "$XFSWRITE_BUILD/man/man3/xfs_pwrite.3" ]; then
	page=$(find "$prefix" -name xfs_pwritev2.3)
	[ -e "$page" ] || fail "no manual page of xfs_pwritev2"
	if command -v man >/dev/null 2>&1; then
		man -M "${page%/man3/*}" -w xfs_pwritev2 >/dev/null || fail "man finds no xfs_pwritev2"
	fi
fi

# The headers stand on their own, in C and C++.
for header in "$prefix"/include/xfswrite/*.h; do
	printf "#include <xfswrite/%s>\nint not_empty;\n" "$(basename "$header")" >"$work/h.c"
	$CC -Wall -Wextra -Werror -pedantic -std=c11 -I"$prefix/include" -fsyntax-only "$work/h.c" || fail "$header in C"
	if command -v c++ >/dev/null 2>&1; then
		c++ -Wall -Wextra -Werror -I"$prefix/include" -fsyntax-only -x c++ "$work/h.c" ||
			fail "$header in C++"
	fi
done
exit 0
