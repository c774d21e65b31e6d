# SPDX-License-Identifier: MIT
# bash completion for xfsw.  Written by examples/xfsw/doc/generate.py; do not edit.

_xfsw_verbs="mkfs create ls cat stat find du df lsattr xattr map extents read put get mkdir rm cp mv ln mknod touch truncate write fallocate chmod chown chattr chproj info check dump recover quota shell help"

# The second words of verbs that have two.
_xfsw_second()
{
	case $1 in
	xattr) echo ls get set rm ;;
	quota) echo on off check state report get limit project-setup ;;
	esac
}

# The options of verb $1.
_xfsw_options()
{
	case $1 in
	'mkfs') echo --size -f --force -N --dry-run -v -L --label --uuid --seed --profile --small --discard --quota --quota-no-enforce -b -s -i -d -l -m -n -K --partition --offset --logdev -q --quiet --help ;;
	'create') echo --journal --project --skip-unreadable --owner --mtime-clamp --atime -x --one-file-system --root-db --numeric-owner --no-same-owner --no-same-permissions --no-times --no-xattrs --no-acls --no-fflags --size -f --force -N --dry-run -v -L --label --uuid --seed --profile --small --discard --quota --quota-no-enforce -b -s -i -d -l -m -n -K --partition --offset --logdev -q --quiet --help ;;
	'ls') echo -a -l -R -i -d -b -h -t -1 --partition --offset --logdev --norecovery --recover-in-memory --no-glob --json --stats -q --quiet --help ;;
	'cat') echo -o -c --partition --offset --logdev --norecovery --recover-in-memory --no-glob --stats -q --quiet --help ;;
	'stat') echo -L --partition --offset --logdev --norecovery --recover-in-memory --no-glob --json --stats -q --quiet --help ;;
	'find') echo --name --type --size --newer-than --max-depth --print0 --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'du') echo -s -h --partition --offset --logdev --norecovery --recover-in-memory --no-glob --json --stats -q --quiet --help ;;
	'df') echo -h --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'lsattr') echo -R -d -p --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'xattr ls') echo -h --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'xattr get') echo -x -h --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'map') echo --attr --cow --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'extents') echo --attr --cow --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'read') echo --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'put') echo --keep-attrs --in-place --skip-unreadable --owner --mtime-clamp --atime -x --one-file-system --root-db --numeric-owner --no-same-owner --no-same-permissions --no-times --no-xattrs --no-acls --no-fflags --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'get') echo -f --no-same-owner --no-same-permissions --no-times --no-xattrs --no-acls --no-fflags --partition --offset --logdev --norecovery --recover-in-memory --no-glob --stats -q --quiet --help ;;
	'mkdir') echo -p -m --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'rm') echo -r -R -f --partition --offset --logdev --unjournalled --no-glob --stats -q --quiet --help ;;
	'cp') echo -r -R --recursive -p -a --archive -f -n -T -L --dereference -H -P --no-dereference --reflink --no-same-owner --no-same-permissions --no-times --no-xattrs --no-acls --no-fflags --partition --offset --logdev --unjournalled --no-glob --stats -q --quiet --help ;;
	'mv') echo -f -n -T --partition --offset --logdev --unjournalled --no-glob --stats -q --quiet --help ;;
	'ln') echo -s --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'mknod') echo -m --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'touch') echo -t -r -a -m -c -h --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'truncate') echo --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'write') echo -t -a --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'fallocate') echo -o --offset-in-file -l --length -k -n --keep-size -c --collapse-range -d --dig-holes -i --insert-range -p --punch-hole -u --unshare-range -x --posix -z --zero-range --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'chmod') echo -R --partition --offset --logdev --unjournalled --no-glob --stats -q --quiet --help ;;
	'chown') echo -R -h --root-db --numeric-owner --partition --offset --logdev --unjournalled --no-glob --stats -q --quiet --help ;;
	'chattr') echo -R --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'chproj') echo -R -s --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'xattr set') echo -h --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'xattr rm') echo -h --partition --offset --logdev --unjournalled --stats -q --quiet --help ;;
	'info') echo --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'check') echo -v -n -p -d --partition --offset --logdev --json -q --quiet --help ;;
	'dump') echo --partition --offset --logdev --json -q --quiet --help ;;
	'recover') echo -n -q --quiet --partition --offset --logdev --unjournalled --json --stats --help ;;
	'quota on') echo -u -g -p --enforce --no-enforce --recount --partition --offset --logdev --unjournalled --json --stats -q --quiet --help ;;
	'quota off') echo -u -g -p --limits-only --partition --offset --logdev --unjournalled --json --stats -q --quiet --help ;;
	'quota check') echo -u -g -p --partition --offset --logdev --unjournalled --json --stats -q --quiet --help ;;
	'quota state') echo --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'quota report') echo -u -g -p --names --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'quota get') echo --names --partition --offset --logdev --norecovery --recover-in-memory --json --stats -q --quiet --help ;;
	'quota limit') echo --block-soft --block-hard --inode-soft --inode-hard --grace --block-grace --inode-grace --block-expires --inode-expires --partition --offset --logdev --unjournalled --json --stats -q --quiet --help ;;
	'quota project-setup') echo --clear --check --all --partition --offset --logdev --unjournalled --json --stats -q --quiet --help ;;
	'shell') echo -k --keep-going -x --read-only --partition --offset --logdev --norecovery --recover-in-memory --unjournalled --stats -q --quiet --help ;;
	'help') echo --json -q --quiet --help ;;
	esac
}

# What option $2 of verb $1 takes: nothing printed, if nothing.
_xfsw_value()
{
	case "$1 $2" in
	'mkfs --size') echo none ;;
	'mkfs -L') echo none ;;
	'mkfs --label') echo none ;;
	'mkfs --uuid') echo none ;;
	'mkfs --seed') echo none ;;
	'mkfs --profile') echo words 7.2 6.1 ;;
	'mkfs --quota') echo words user group project ;;
	'mkfs -b') echo none ;;
	'mkfs -s') echo none ;;
	'mkfs -i') echo none ;;
	'mkfs -d') echo none ;;
	'mkfs -l') echo none ;;
	'mkfs -m') echo none ;;
	'mkfs -n') echo none ;;
	'mkfs --partition') echo none ;;
	'mkfs --offset') echo none ;;
	'mkfs --logdev') echo file ;;
	'create --project') echo none ;;
	'create --owner') echo none ;;
	'create --mtime-clamp') echo none ;;
	'create --atime') echo words source mtime ;;
	'create --root-db') echo file ;;
	'create --size') echo none ;;
	'create -L') echo none ;;
	'create --label') echo none ;;
	'create --uuid') echo none ;;
	'create --seed') echo none ;;
	'create --profile') echo words 7.2 6.1 ;;
	'create --quota') echo words user group project ;;
	'create -b') echo none ;;
	'create -s') echo none ;;
	'create -i') echo none ;;
	'create -d') echo none ;;
	'create -l') echo none ;;
	'create -m') echo none ;;
	'create -n') echo none ;;
	'create --partition') echo none ;;
	'create --offset') echo none ;;
	'create --logdev') echo file ;;
	'ls --partition') echo none ;;
	'ls --offset') echo none ;;
	'ls --logdev') echo file ;;
	'cat -o') echo none ;;
	'cat -c') echo none ;;
	'cat --partition') echo none ;;
	'cat --offset') echo none ;;
	'cat --logdev') echo file ;;
	'stat --partition') echo none ;;
	'stat --offset') echo none ;;
	'stat --logdev') echo file ;;
	'find --name') echo none ;;
	'find --type') echo none ;;
	'find --size') echo none ;;
	'find --newer-than') echo none ;;
	'find --max-depth') echo none ;;
	'find --partition') echo none ;;
	'find --offset') echo none ;;
	'find --logdev') echo file ;;
	'du --partition') echo none ;;
	'du --offset') echo none ;;
	'du --logdev') echo file ;;
	'df --partition') echo none ;;
	'df --offset') echo none ;;
	'df --logdev') echo file ;;
	'lsattr --partition') echo none ;;
	'lsattr --offset') echo none ;;
	'lsattr --logdev') echo file ;;
	'xattr ls --partition') echo none ;;
	'xattr ls --offset') echo none ;;
	'xattr ls --logdev') echo file ;;
	'xattr get --partition') echo none ;;
	'xattr get --offset') echo none ;;
	'xattr get --logdev') echo file ;;
	'map --partition') echo none ;;
	'map --offset') echo none ;;
	'map --logdev') echo file ;;
	'extents --partition') echo none ;;
	'extents --offset') echo none ;;
	'extents --logdev') echo file ;;
	'read --partition') echo none ;;
	'read --offset') echo none ;;
	'read --logdev') echo file ;;
	'put --owner') echo none ;;
	'put --mtime-clamp') echo none ;;
	'put --atime') echo words source mtime ;;
	'put --root-db') echo file ;;
	'put --partition') echo none ;;
	'put --offset') echo none ;;
	'put --logdev') echo file ;;
	'get --partition') echo none ;;
	'get --offset') echo none ;;
	'get --logdev') echo file ;;
	'mkdir -m') echo none ;;
	'mkdir --partition') echo none ;;
	'mkdir --offset') echo none ;;
	'mkdir --logdev') echo file ;;
	'rm --partition') echo none ;;
	'rm --offset') echo none ;;
	'rm --logdev') echo file ;;
	'cp --partition') echo none ;;
	'cp --offset') echo none ;;
	'cp --logdev') echo file ;;
	'mv --partition') echo none ;;
	'mv --offset') echo none ;;
	'mv --logdev') echo file ;;
	'ln --partition') echo none ;;
	'ln --offset') echo none ;;
	'ln --logdev') echo file ;;
	'mknod -m') echo none ;;
	'mknod --partition') echo none ;;
	'mknod --offset') echo none ;;
	'mknod --logdev') echo file ;;
	'touch -t') echo none ;;
	'touch -r') echo path ;;
	'touch --partition') echo none ;;
	'touch --offset') echo none ;;
	'touch --logdev') echo file ;;
	'truncate --partition') echo none ;;
	'truncate --offset') echo none ;;
	'truncate --logdev') echo file ;;
	'write --partition') echo none ;;
	'write --offset') echo none ;;
	'write --logdev') echo file ;;
	'fallocate -o') echo none ;;
	'fallocate --offset-in-file') echo none ;;
	'fallocate -l') echo none ;;
	'fallocate --length') echo none ;;
	'fallocate --partition') echo none ;;
	'fallocate --offset') echo none ;;
	'fallocate --logdev') echo file ;;
	'chmod --partition') echo none ;;
	'chmod --offset') echo none ;;
	'chmod --logdev') echo file ;;
	'chown --root-db') echo file ;;
	'chown --partition') echo none ;;
	'chown --offset') echo none ;;
	'chown --logdev') echo file ;;
	'chattr --partition') echo none ;;
	'chattr --offset') echo none ;;
	'chattr --logdev') echo file ;;
	'chproj --partition') echo none ;;
	'chproj --offset') echo none ;;
	'chproj --logdev') echo file ;;
	'xattr set --partition') echo none ;;
	'xattr set --offset') echo none ;;
	'xattr set --logdev') echo file ;;
	'xattr rm --partition') echo none ;;
	'xattr rm --offset') echo none ;;
	'xattr rm --logdev') echo file ;;
	'info --partition') echo none ;;
	'info --offset') echo none ;;
	'info --logdev') echo file ;;
	'check -n') echo none ;;
	'check --partition') echo none ;;
	'check --offset') echo none ;;
	'check --logdev') echo file ;;
	'dump --partition') echo none ;;
	'dump --offset') echo none ;;
	'dump --logdev') echo file ;;
	'recover --partition') echo none ;;
	'recover --offset') echo none ;;
	'recover --logdev') echo file ;;
	'quota on --partition') echo none ;;
	'quota on --offset') echo none ;;
	'quota on --logdev') echo file ;;
	'quota off --partition') echo none ;;
	'quota off --offset') echo none ;;
	'quota off --logdev') echo file ;;
	'quota check --partition') echo none ;;
	'quota check --offset') echo none ;;
	'quota check --logdev') echo file ;;
	'quota state --partition') echo none ;;
	'quota state --offset') echo none ;;
	'quota state --logdev') echo file ;;
	'quota report --names') echo words image host none ;;
	'quota report --partition') echo none ;;
	'quota report --offset') echo none ;;
	'quota report --logdev') echo file ;;
	'quota get --names') echo words image host none ;;
	'quota get --partition') echo none ;;
	'quota get --offset') echo none ;;
	'quota get --logdev') echo file ;;
	'quota limit --block-soft') echo none ;;
	'quota limit --block-hard') echo none ;;
	'quota limit --inode-soft') echo none ;;
	'quota limit --inode-hard') echo none ;;
	'quota limit --grace') echo none ;;
	'quota limit --block-grace') echo none ;;
	'quota limit --inode-grace') echo none ;;
	'quota limit --block-expires') echo none ;;
	'quota limit --inode-expires') echo none ;;
	'quota limit --partition') echo none ;;
	'quota limit --offset') echo none ;;
	'quota limit --logdev') echo file ;;
	'quota project-setup --partition') echo none ;;
	'quota project-setup --offset') echo none ;;
	'quota project-setup --logdev') echo file ;;
	'shell --partition') echo none ;;
	'shell --offset') echo none ;;
	'shell --logdev') echo file ;;
	esac
}

# What the operands of verb $1 are, one a line; "*": the last one repeats.
_xfsw_operands()
{
	case $1 in
	'mkfs') printf '%s\n' 'file' ;;
	'create') printf '%s\n' 'file' 'file' ;;
	'ls') printf '%s\n' 'file' 'path' '*' ;;
	'cat') printf '%s\n' 'file' 'path' '*' ;;
	'stat') printf '%s\n' 'file' 'path' '*' ;;
	'find') printf '%s\n' 'file' 'path' '*' ;;
	'du') printf '%s\n' 'file' 'path' '*' ;;
	'df') printf '%s\n' 'file' 'path' ;;
	'lsattr') printf '%s\n' 'file' 'path' '*' ;;
	'xattr ls') printf '%s\n' 'file' 'path' ;;
	'xattr get') printf '%s\n' 'file' 'path' 'none' ;;
	'map') printf '%s\n' 'file' 'path' ;;
	'extents') printf '%s\n' 'file' 'path' ;;
	'read') printf '%s\n' 'file' 'path' 'none' 'none' ;;
	'put') printf '%s\n' 'file' 'file' 'path' ;;
	'get') printf '%s\n' 'file' 'path' 'path_or_file' '*' ;;
	'mkdir') printf '%s\n' 'file' 'path' '*' ;;
	'rm') printf '%s\n' 'file' 'path' '*' ;;
	'cp') printf '%s\n' 'none' 'file' 'path' 'path' '*' ;;
	'mv') printf '%s\n' 'file' 'path' 'path' '*' ;;
	'ln') printf '%s\n' 'file' 'path' 'path' ;;
	'mknod') printf '%s\n' 'file' 'path' 'words b c p s' 'none' 'none' ;;
	'touch') printf '%s\n' 'file' 'path' '*' ;;
	'truncate') printf '%s\n' 'file' 'path' 'none' ;;
	'write') printf '%s\n' 'file' 'path' 'none' 'none' 'none' ;;
	'fallocate') printf '%s\n' 'file' 'path' ;;
	'chmod') printf '%s\n' 'file' 'none' 'path' '*' ;;
	'chown') printf '%s\n' 'file' 'none' 'path' '*' ;;
	'chattr') printf '%s\n' 'file' 'none' 'path' '*' ;;
	'chproj') printf '%s\n' 'file' 'none' 'path' '*' ;;
	'xattr set') printf '%s\n' 'file' 'path' 'none' 'none' ;;
	'xattr rm') printf '%s\n' 'file' 'path' 'none' ;;
	'info') printf '%s\n' 'file' ;;
	'check') printf '%s\n' 'file' ;;
	'dump') printf '%s\n' 'file' 'none' '*' ;;
	'recover') printf '%s\n' 'file' 'file' ;;
	'quota on') printf '%s\n' 'file' ;;
	'quota off') printf '%s\n' 'file' ;;
	'quota check') printf '%s\n' 'file' ;;
	'quota state') printf '%s\n' 'file' ;;
	'quota report') printf '%s\n' 'file' ;;
	'quota get') printf '%s\n' 'file' 'words user group project' 'none' ;;
	'quota limit') printf '%s\n' 'file' 'words user group project' 'none' ;;
	'quota project-setup') printf '%s\n' 'file' 'path' 'none' ;;
	'shell') printf '%s\n' 'file' ;;
	'help') printf '%s\n' 'verb' ;;
	esac
}
# Paths of image $1 that begin with $2; $3...: options that say where the file system is.
_xfsw_paths()
{
	local img=$1 cur=$2 dir path type
	shift 2
	dir=${cur%/*}
	[[ $cur == */* ]] || return
	for type in d flcbps; do
		while IFS= read -r -d '' path; do
			[[ $path == "$cur"* && $path != "${dir:-/}" ]] || continue
			[[ $type == d ]] && path+=/
			COMPREPLY+=("$(printf %q "$path")")
		done < <(xfsw find --norecovery --max-depth 1 --type $type --print0 "$@" "$img" \
			"${dir:-/}" 2>/dev/null)
	done
	compopt -o nospace 2>/dev/null
	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} != */ ]] && COMPREPLY[0]+=' '
}

_xfsw_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Complete $2 as the kind of thing that $1 names; $3: the image, $4...: as for _xfsw_paths.
_xfsw_kind()
{
	local kind=$1 cur=$2 img=$3
	shift 3
	case $kind in
	words\ *) mapfile -t COMPREPLY < <(compgen -W "${kind#words }" -- "$cur") ;;
	verb) mapfile -t COMPREPLY < <(compgen -W "$_xfsw_verbs" -- "$cur") ;;
	file) _xfsw_files "$cur" ;;
	path) _xfsw_paths "$img" "$cur" "$@" ;;
	path_or_file)
		local paths
		_xfsw_paths "$img" "$cur" "$@"
		paths=("${COMPREPLY[@]}")
		_xfsw_files "$cur"
		COMPREPLY=("${paths[@]}" "${COMPREPLY[@]}")
		;;
	esac
}

_xfsw()
{
	local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} i=2 word value img="" n=0
	local -a where=() kinds
	cur=${cur//\\/}
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$_xfsw_verbs --help --version" -- "$cur")
		return
	fi
	if [[ -n $(_xfsw_second "$verb") ]]; then
		if ((COMP_CWORD == 2)); then
			mapfile -t COMPREPLY < <(compgen -W "$(_xfsw_second "$verb")" -- "$cur")
			return
		fi
		verb+=" ${COMP_WORDS[2]}"
		i=3
	fi
	# What stands before the cursor: the image, how many operands, where the file system is.
	for (( ; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		value=$(_xfsw_value "$verb" "$word")
		if [[ -n $value ]]; then
			if ((i + 1 == COMP_CWORD)); then
				_xfsw_kind "$value" "$cur" "$img" "${where[@]}"
				return
			fi
			case $word in --partition|--offset|--logdev) where+=("$word" "${COMP_WORDS[i + 1]}") ;; esac
			((i++))
		elif [[ $word != -?* ]]; then
			((n++))
			[[ -n $img ]] || img=${word//\\/}
		fi
	done
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_xfsw_options "$verb")" -- "$cur")
		return
	fi
	mapfile -t kinds < <(_xfsw_operands "$verb")
	((${#kinds[@]})) || return
	if [[ ${kinds[-1]} == '*' ]]; then
		unset 'kinds[-1]'
		((n < ${#kinds[@]})) || n=$((${#kinds[@]} - 1))
	fi
	_xfsw_kind "${kinds[n]:-none}" "$cur" "$img" "${where[@]}"
}
complete -F _xfsw xfsw
