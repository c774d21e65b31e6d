# SPDX-License-Identifier: MIT
#
# Goal: bash, zsh and fish complete verbs, options, their values, host files and paths in the image.
# Method: call bash's function with COMP_WORDS as a terminal would have them; let zsh complete in a
#       pseudo terminal; ask fish.
. "$(dirname "$0")/common.sh"
[ -n "${XFSW:-}" ] || skip "XFSW is not set"
command -v bash >/dev/null 2>&1 || skip "no bash"
doc=$XFSWRITE_SOURCE/examples/xfsw/doc
mkdir "$work/bin" "$work/box" "$work/functions"
ln -s "$XFSW" "$work/bin/xfsw"
PATH=$work/bin:$PATH
cd "$work/box" || exit 1
mkdir -p tree/etc/network "tree/home/a b"
echo 1 >tree/etc/passwd
echo 2 >tree/etc/passwd-
touch host.txt
xfsw create -q tree disk.img || fail "the image cannot be made"

# completes "WANTED ..." WORD...: the last word becomes these.
completes() {
	wanted=$1
	shift
	found=$(DOC=$doc bash --norc -c '
		. "$DOC/xfsw.bash"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_xfsw
		printf "%s\n" "${COMPREPLY[@]}" | sed "s/ *$//" | LC_ALL=C sort | tr "\n" " "' bash "$@")
	[ "$(echo $found)" = "$wanted" ] || fail "bash: $*: '$found', not '$wanted'"
}
completes "quota" xfsw qu
completes "chattr check chmod chown chproj" xfsw ch
completes "limit" xfsw quota li
completes "get ls rm set" xfsw xattr ''
completes "--max-depth" xfsw find --max
completes "--recover-in-memory" xfsw ls --rec
completes "-f" xfsw rm -f
completes "6.1 7.2" xfsw mkfs --profile ''
completes "disk.img" xfsw ls di
completes "/etc/" xfsw ls disk.img /e
completes "/etc/network/ /etc/passwd /etc/passwd-" xfsw cat disk.img /etc/
completes "/etc/passwd /etc/passwd-" xfsw stat -L disk.img /etc/pa
completes '/home/a\ b/' xfsw ls -l disk.img /home/
completes "/etc/passwd /etc/passwd-" xfsw cp disk.img /etc/network /etc/pass
completes "host.txt" xfsw put disk.img ho
completes "/etc/network/" xfsw put disk.img host.txt /etc/n
completes "host.txt" xfsw get disk.img /etc/passwd ho
completes "group project user" xfsw quota get disk.img ''
completes "cat chattr check chmod chown chproj cp create" xfsw help c

shells=bash
if command -v zsh >/dev/null 2>&1; then
	zsh -n "$doc/_xfsw" || fail "zsh: _xfsw is not valid"
	cp "$doc/_xfsw" "$work/functions/_xfsw"
	cat >"$work/drive.zsh" <<'END'
zmodload zsh/zpty || exit 77
# Type $1, press tab, and print the line as it is then.
type_tab() {
	zpty z zsh -f -i
	zpty -w z "PS1=; fpath=($2 \$fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=10000; setopt no_beep no_list_ambiguous; unsetopt zle_bracketed_paste 2>/dev/null"
	zpty -w z 'accept-and-print() { print -r -- "LINE<$BUFFER>"; BUFFER=; zle accept-line }; zle -N accept-and-print; bindkey "^X" accept-and-print; bindkey "^I" expand-or-complete; print RE""ADY'
	zpty -r z out '*READY*' || return 1
	zpty -n -w z "$1"$'\t'$'\x18'
	zpty -r z out '*LINE<*>*' || return 1
	print -r -- "${${out##*LINE<}%%>*}"
	zpty -d z
}
type_tab "$1" "$2"
END
	typed() {
		found=$(timeout 30 zsh -f "$work/drive.zsh" "$1" "$work/functions" 2>"$work/err")
		case $? in
		77) say "SKIP: zsh has no zpty"; return ;;
		esac
		[ "$found" = "$2" ] || fail "zsh: '$1' becomes '$found', not '$2' $(cat "$work/err")"
	}
	typed 'xfsw trunc' 'xfsw truncate '
	typed 'xfsw quota lim' 'xfsw quota limit '
	typed 'xfsw find --max' 'xfsw find --max-depth='
	typed 'xfsw ls dis' 'xfsw ls disk.img '
	typed 'xfsw ls disk.img /et' 'xfsw ls disk.img /etc/'
	typed 'xfsw quota get disk.img pro' 'xfsw quota get disk.img project '
	shells="$shells zsh"
else
	say "SKIP: no zsh: its completion is not tested"
fi
if command -v fish >/dev/null 2>&1; then
	asks() {
		found=$(HOME=$work fish --no-config -c "source $doc/xfsw.fish; complete -C '$1'" 2>"$work/err" | cut -f1 | LC_ALL=C sort | tr '\n' ' ')
		[ "$(echo $found)" = "$2" ] || fail "fish: '$1': '$found', not '$2' $(cat "$work/err")"
	}
	asks 'xfsw trunc' 'truncate'
	asks 'xfsw quota lim' 'limit'
	asks 'xfsw find --max' '--max-depth'
	asks 'xfsw cat disk.img /etc/pa' '/etc/passwd /etc/passwd-'
	shells="$shells fish"
else
	say "SKIP: no fish: its completion is not tested"
fi
say "tested: $shells"
