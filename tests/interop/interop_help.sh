# SPDX-License-Identifier: MIT
#
# Goal: xfsw --help shows every verb once, in groups, and the help of each verb has a synopsis, a
#       text for each option and an example that works.
# Method: read the help of all verbs; run every line under "Examples" on a fresh copy of an image, in
#       a folder that has the files that the examples name; verbs must refuse what their help does
#       not name.
. "$(dirname "$0")/common.sh"
[ -n "${XFSW:-}" ] || skip "XFSW is not set"
mkdir "$work/bin" "$work/box"
ln -s "$XFSW" "$work/bin/xfsw"
PATH=$work/bin:$PATH
cd "$work/box" || exit 1

# What the examples work on.
mkdir -p tree/etc tree/home/ann tree/usr/bin tree/var/log
printf 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n' >tree/etc/passwd
printf 'root:x:0:\nann:x:1000:\n' >tree/etc/group
echo box >tree/etc/hostname
echo 'remember the milk' >tree/home/ann/notes.txt
echo nothing >tree/home/ann/todo.txt
echo true >tree/usr/bin/app
head -c 262144 /dev/urandom >tree/var/log/messages
cp tree/home/ann/notes.txt notes.txt
tar cf rootfs.tar -C tree .
printf 'ls /\nstat /etc/passwd\n' >script
xfsw create -q --owner 0:0 tree ../origin.img || fail "the image cannot be made"
xfsw xattr set ../origin.img /home/ann/notes.txt user.origin here || fail "xattr set"

xfsw --help >../overview || fail "xfsw --help"
sed -n '/^Make an image:/,/^Common options/p' ../overview | sed -n 's/^  \([a-z][a-z-]*\( [a-z-]*\)\{0,1\}\)  *[A-Z].*/\1/p' |
	sed 's/ *$//' >../verbs
[ "$(wc -l <../verbs)" -ge 40 ] || fail "only $(wc -l <../verbs) verbs in --help"
[ -z "$(sort ../verbs | uniq -d)" ] || fail "verbs that --help names twice: $(sort ../verbs | uniq -d)"
[ "$(awk 'length($0) > 80' ../overview | wc -l)" = 0 ] || fail "--help has lines of more than 80 columns"

# The examples of the file $1, line by line in one folder.
run_examples() {
	sed -n '/^Examples:/,$p' "$1" | sed -n 's/^  //p' >../examples
	[ -s ../examples ] || fail "$2: no example"
	while IFS= read -r line; do
		cp --sparse=always ../origin.img disk.img
		rm -f new.img old-kernel.img huge.img
		sh -c "$line" >../out 2>../err </dev/null || fail "$2: $line: exit code $?: $(cat ../err)"
	done <../examples
	ran=$((ran + $(wc -l <../examples)))
}
ran=0
while IFS= read -r verb; do
	# shellcheck disable=SC2086
	xfsw $verb --help >../help || fail "xfsw $verb --help"
	grep -q "^usage: xfsw $verb" ../help || fail "$verb: no usage line"
	# Letters and words of the synopsis are explained below it.
	for option in $(sed -n 1p ../help | grep -oE '(^|[^a-zA-Z-])--?[a-zA-Z][a-z-]*' | grep -oE -- '--?[a-zA-Z][a-z-]*'); do
		case $option in
		--*) grep -qE -- "^  .*$option( |\[|,|$)" ../help || fail "$verb: $option is not explained" ;;
		-?) grep -qE -- "^  (.*, )?$option( |,|$)" ../help || fail "$verb: $option is not explained" ;;
		esac
	done
	awk '/^  -/ { if (waiting) bad = 1; waiting = NF < 3 || $0 ~ /^  -[^ ]*(, -[^ ]*)*( [^ ]+)?$/ }
		/^ {22}/ { waiting = 0 } END { exit bad }' ../help || fail "$verb: an option has no text"
	run_examples ../help "$verb"
	# shellcheck disable=SC2086
	xfsw $verb --no-such-option disk.img >/dev/null 2>&1
	[ $? = 2 ] || fail "$verb: an unknown option is not refused"
done <../verbs
sed -n '/^Examples:/,$p' ../overview >../all
run_examples ../all xfsw
xfsw help quota limit | grep -q '^usage: xfsw quota limit' || fail "help of two words"
echo help | xfsw shell --read-only disk.img >../out || fail "help in the shell"
for word in abandon rename fsync echo; do
	grep -q "^  $word " ../out || fail "help in the shell does not name $word"
done
say "$(wc -l <../verbs) verbs, $ran examples"
