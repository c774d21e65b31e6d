# SPDX-License-Identifier: MIT
# Sourced by quickstart.sh and tests/run-all.sh (POSIX sh): installing what is missing with apt-get.

# How to become root: nothing, sudo, or not at all.
if [ "$(id -u)" = 0 ]; then
	as_root=""
elif command -v sudo >/dev/null 2>&1; then
	as_root="sudo"
else
	as_root="none"
fi

# packages_missing PACKAGE...: those that dpkg does not know as installed.
packages_missing() {
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
			echo "$package"
	done
}

# debian_mirror: where this machine gets Debian's packages from, by apt's own configuration
# (sources.list and deb822 *.sources); else Debian's general address.
debian_mirror() {
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -n 's/^[[:space:]]*deb[[:space:]]*\(\[[^]]*\]\)\{0,1\}[[:space:]]*\([^[:space:]]*\).*/\2/p'
		cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
			sed -n 's/^[Uu][Rr][Ii][Ss]:[[:space:]]*//p' | tr -s '[:space:]' '\n'
	} | sed 's|/*$||' | grep -E '^(https?|file|mirror)[^ ]*/debian$' | head -n 1 | grep . ||
		echo http://deb.debian.org/debian
}

# packages_install PACKAGE...: 0 when all of them are there in the end.
packages_install() {
	# shellcheck disable=SC2046
	set -- $(packages_missing "$@")
	[ $# -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "no apt-get here; please install: $*" >&2
		return 1
	fi
	if [ "$as_root" = none ]; then
		echo "neither root nor sudo; please install: $*" >&2
		return 1
	fi
	echo "installing: $*"
	# An index that is there may be fresh enough; if not, fetch it and try again.
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
		</dev/null >/dev/null 2>&1 && return 0
	$as_root apt-get update -q </dev/null >/dev/null || return 1
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
		</dev/null >/dev/null
}
