#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Everything this project asks of a change: installs what is missing, builds with gcc and clang
# (warnings are errors), runs the tests under the address, undefined-behaviour and thread
# sanitizers and in release builds, and against the kernel and xfsprogs where they are.
# Ends with "N passed, N failed, N skipped"; the exit code is 0 only without failures.
#
# A test runs in the builds that can show more than the others do:
#
#   clang-asan   debug, clang's address, leak and undefined-behaviour sanitizers (clang's see more of
#                the last than gcc's): unit tests, golden images, fuzz corpora, models, faults, power
#                losses (fewer moments, see crash/CMakeLists.txt), and of interop what takes input from
#                outside through the tool.  At -O1, as the sanitizers' code is slow at -O0.
#   gcc-ubsan    debug, gcc's undefined-behaviour sanitizer: what needs the assertions and fault points of
#                debug builds and is too slow beside the address sanitizer: crash_catch, all events of
#                the fault tests, the models on a journal.  Unit tests and fuzz corpora have all of that in
#                the first build.  At -O1, too.
#   gcc-release  what users get: all tests; interop, tidy, fields and the full numbers of power losses
#                run here alone
#   *-tsan       what has threads of its own
#
# and gcc-ubsan and tsan build only the programs that they run.  Slow tests start first (COST).
#
#   BUILD        where builds go (default build/)
#   XFS_REPAIR_NEW, MKFS_NEW   newer tools than the installed ones; fetched when not set
#   LABELS_SKIP  ctest labels left out, as a regular expression (default slow)
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/cmake/packages.sh"
build=${BUILD:-$top/build}
labels_skip=${LABELS_SKIP:-slow}
jobs=$(nproc)
log=$build/run-all.log
passed=0 failed=0 skipped=0
export CTEST_OUTPUT_ON_FAILURE=1
exec </dev/null

mkdir -p "$build"
: >"$log"
say() { echo "== $*"; }

say "what is needed"
packages_install gcc libc6-dev clang cmake ninja-build pkg-config libblkid-dev libcmocka-dev \
	libarchive-dev || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
for package in xfsprogs xfslibs-dev attr acl debootstrap debian-archive-keyring ccache xz-utils python3 \
	e2fsprogs fdisk g++ abigail-tools mold mandoc man-db groff zsh fish; do
	packages_install $package || say "SKIP: $package cannot be installed"
done
PATH=$PATH:/usr/sbin:/sbin
# Where clang's sanitizers are a package of their own, apart from clang.
clang_rt=libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev
can_link_tsan() { echo 'int main(void) { return 0; }' | "$1" -fsanitize=thread -x c -o "$build/tsan-links" - 2>>"$log"; }
can_link_tsan clang || packages_install "$clang_rt" 2>>"$log"
tsan_cc=clang
can_link_tsan clang || tsan_cc=gcc
launcher=""
command -v ccache >/dev/null 2>&1 && launcher=-DCMAKE_C_COMPILER_LAUNCHER=ccache

# The newest xfsprogs, from Debian sid, run in place by its own loader.
fetch_new_xfsprogs() {
	sid=${XDG_CACHE_HOME:-$HOME/.cache}/xfswrite/sid
	if [ ! -x "$sid/usr/sbin/xfs_repair" ]; then
		[ "$as_root" != none ] && command -v debootstrap >/dev/null 2>&1 || return 1
		mkdir -p "$(dirname "$sid")"
		say "fetching the newest xfsprogs into $sid"
		timeout 600 $as_root debootstrap --variant=minbase --include=xfsprogs sid "$sid" \
			"$(debian_mirror)" >>"$log" 2>&1 || { $as_root rm -rf "$sid"; return 1; }
	fi
	cat >"$build/new-xfsprogs" <<END
#!/bin/sh
tool=\$1
shift
loader=\$(echo "$sid"/usr/lib*/*/ld-linux-*.so.*)
exec "\${loader%% *}" --library-path "\$(dirname "\${loader%% *}")" "$sid/usr/sbin/\$tool" "\$@"
END
	chmod +x "$build/new-xfsprogs"
	"$build/new-xfsprogs" xfs_repair -V >>"$log" 2>&1
}
if [ -z "${XFS_REPAIR_NEW:-}" ]; then
	if fetch_new_xfsprogs; then
		XFS_REPAIR_NEW="$build/new-xfsprogs xfs_repair"
		MKFS_NEW="$build/new-xfsprogs mkfs.xfs"
		say "$($XFS_REPAIR_NEW -V) judges as well"
	else
		say "SKIP: the newest xfsprogs cannot be fetched; the installed one judges alone"
		skipped=$((skipped + 1))
	fi
fi
export XFS_REPAIR_NEW="${XFS_REPAIR_NEW:-}" MKFS_NEW="${MKFS_NEW:-}" REPAIR_NEW="${XFS_REPAIR_NEW:-}"

# The faster linker for what has sanitizers and hundreds of programs; releases use the system's own.
linker=""
echo 'int main(void) { return 0; }' >"$build/links.c"
if clang -fuse-ld=mold "$build/links.c" -o "$build/links" 2>>"$log" &&
	gcc -fuse-ld=mold "$build/links.c" -o "$build/links" 2>>"$log"; then
	linker="-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=mold"
fi

# programs NAME CTEST-ARGS...: what these tests of a configured build run, as ninja's targets.
programs() {
	name=$1
	shift
	(cd "$build/$name" && ctest -N -V "$@") 2>>"$log" | tr -d '"' |
		sed -n -e "s|^[0-9]*: Test command: $build/$name/\([^ ]*\).*|\1|p" \
			-e "s|^Could not find executable $build/$name/||p" | sort -u
}

# build NAME CMAKE-ARGS...: counts as failed when it does not build.  $targets: these alone;
# $only: the programs of the tests that this regular expression matches alone.
targets="" only=""
build() {
	name=$1
	shift
	say "build $name"
	began=$(date +%s)
	chosen=$targets
	# shellcheck disable=SC2086
	if cmake -G Ninja $launcher -DXFSWRITE_WERROR=ON "$@" -S "$top" -B "$build/$name" >>"$log" 2>&1 &&
		{ [ -z "$only" ] || chosen=$(programs "$name" -R "$only" | grep .); } &&
		cmake --build "$build/$name" -j "$jobs" ${chosen:+--target $chosen} >"$build/$name.log" 2>&1; then
		say "built $name in $(($(date +%s) - began)) s"
		return 0
	fi
	tail -n 40 "$log" "$build/$name.log" 2>/dev/null
	say "FAILED to build $name"
	failed=$((failed + 1))
	return 1
}

# run NAME CTEST-ARGS...: adds what ctest says of each test.
run() {
	name=$1
	shift
	say "test $name: ctest $*"
	out=$build/$name.ctest
	began=$(date +%s)
	# shellcheck disable=SC2086
	(cd "$build/$name" && $runner ctest -j "$jobs" "$@") >"$out" 2>&1
	status=$?
	cat "$out" >>"$log"
	p=$(grep -c '^ *[0-9]*/[0-9]* Test .* Passed ' "$out")
	s=$(grep -c '^ *[0-9]*/[0-9]* Test .*\*\*\*Skipped' "$out")
	f=$(grep -c '^ *[0-9]*/[0-9]* Test .*\*\*\*' "$out")
	f=$((f - s))
	# A ctest that fails without naming a test found none, or died.
	[ $status = 0 ] || [ $f -gt 0 ] || f=1
	[ $f = 0 ] || cat "$out"
	grep '^ *[0-9]*/[0-9]* Test .*\*\*\*Skipped' "$out"
	grep -hE '^(SKIP|note): ' "$build/$name/Testing/Temporary/LastTest.log" 2>/dev/null | sort -u
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	say "$name: $p passed, $f failed, $s skipped in $(($(date +%s) - began)) s"
}

# Tests that mount need root.
runner=""
[ "$as_root" != sudo ] || ! sudo -n true 2>/dev/null || runner="sudo -n -E env PATH=$PATH"

# shellcheck disable=SC2086
if build clang-asan -C "$top/cmake/presets/asan.cmake" -DCMAKE_C_COMPILER=clang -DCMAKE_C_FLAGS_DEBUG="-O1 -g" $linker; then
	# abi_diff_self compares Python with Python's expectations: the compiler does not matter.
	run clang-asan -LE "$labels_skip|interop|bench|tidy|fields|man" -E '^crash_catch$|^model_.*_journalled$|^abi_diff_self$'
	run clang-asan -LE "$labels_skip" -R '^interop_(verbs|put|flags|keep)$|^tidy_public_headers$'
fi
if build gcc-release -C "$top/cmake/presets/release.cmake" -DCMAKE_C_COMPILER=gcc; then
	run gcc-release -LE "$labels_skip|bench"
fi
only='^(fault_|model_.*_journalled$|crash_catch$)'
# shellcheck disable=SC2086
if build gcc-ubsan -C "$top/cmake/presets/debug.cmake" -DCMAKE_C_COMPILER=gcc -DXFSWRITE_SANITIZE=undefined \
	-DCMAKE_C_FLAGS_DEBUG="-O1 -g" $linker; then
	run gcc-ubsan -LE "$labels_skip" -R "$only"
fi
only='unit_lock|unit_device_queue|unit_ag_alloc$|unit_trans_checkpoint|unit_write_copy_in|threads'
# shellcheck disable=SC2086
if build $tsan_cc-tsan -C "$top/cmake/presets/tsan.cmake" -DCMAKE_C_COMPILER=$tsan_cc $linker; then
	run $tsan_cc-tsan -LE "$labels_skip" -R "$only"
fi
only=""

# Other targets and ways to build: the tool, and the quick tests of the public calls.
small="unit_api_error unit_api_library unit_api_names unit_api_open unit_disk_verify_sb unit_bmap_iext unit_base_base"
can_build() { echo 'int main(void) { return 0; }' | "$@" -x c -o "$build/can-build" - 2>>"$log"; }
emulator=""
# other NAME CMAKE-ARGS...
other() {
	name=$1
	shift
	targets="xfsw $small"
	build "$name" -DCMAKE_BUILD_TYPE=Debug "$@"
	status=$?
	targets=""
	[ $status = 0 ] || return
	run "$name" -R "^($(echo "$small" | tr ' ' '|'))\$"
	say "smoke test $name"
	img=$build/$name.img
	rm -f "$img"
	if $emulator "$build/$name/examples/xfsw" create --profile 6.1 "$top/include" "$img" >>"$log" 2>&1 &&
		$emulator "$build/$name/examples/xfsw" check "$img" >>"$log" 2>&1; then
		passed=$((passed + 1))
	else
		say "FAILED: xfsw of $name"
		failed=$((failed + 1))
	fi
	rm -f "$img"
}
# The host's libraries are not for these two: no pkg-config, and the tests' own cmocka.
foreign="-DXFSWRITE_OWN_CMOCKA=ON -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON"
packages_install musl-tools || :
# shellcheck disable=SC2086
if can_build musl-gcc -static; then
	other musl-static -DCMAKE_C_COMPILER=musl-gcc -DXFSWRITE_STATIC_TOOL=ON $foreign
else
	say "SKIP: no musl-gcc, nothing is built for musl"
	skipped=$((skipped + 1))
fi
packages_install gcc-multilib || :
# shellcheck disable=SC2086
if can_build gcc -m32; then
	# Some kernels start no 32-bit programs.
	if ! "$build/can-build" 2>>"$log"; then
		packages_install qemu-user || :
		emulator=qemu-i386
	fi
	other i686 -DCMAKE_C_COMPILER=gcc -DCMAKE_C_FLAGS=-m32 -DCMAKE_CROSSCOMPILING_EMULATOR="$emulator" $foreign
	emulator=""
else
	say "SKIP: gcc -m32 does not work here, nothing is built for i686"
	skipped=$((skipped + 1))
fi
other one-thread -DCMAKE_C_COMPILER=gcc -DXFSWRITE_THREADS=OFF

# As a part of another project.
consumer=$build/consumer
mkdir -p "$consumer"
cp "$top/examples/lessons/open_read.c" "$consumer/"
cat >"$consumer/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22)
project(consumer C)
add_subdirectory($top libxfswrite)
add_executable(shared open_read.c)
target_link_libraries(shared PRIVATE xfswrite::xfswrite)
add_executable(static open_read.c)
target_link_libraries(static PRIVATE xfswrite::xfswrite_static)
END
say "build as a subdirectory"
if cmake -G Ninja $launcher -S "$consumer" -B "$consumer/build" >>"$log" 2>&1 &&
	cmake --build "$consumer/build" -j "$jobs" >>"$log" 2>&1 &&
	[ -x "$consumer/build/static" ] && [ -x "$consumer/build/shared" ] && [ ! -e "$consumer/build/libxfswrite/tests" ]; then
	passed=$((passed + 1))
else
	say "FAILED: as a subdirectory of another project"
	failed=$((failed + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
