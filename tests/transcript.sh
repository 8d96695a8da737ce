# Runs the commands of a document and compares what they print. Source it after tap.sh.
#
#   transcript FILE RUN [KIND]    RUN is a function that runs its one argument, a line of shell
#
# In a block that begins with ```console, a line "$ COMMAND" is run (as long as it ends with \, it goes on), and the lines
# below are what it prints. A line "..." stands for any lines. Blocks marked otherwise (```console KIND) are left out unless
# KIND is asked for. Ids, times, the blanks that columns are filled with, and the order of lines may differ: people who join at
# the same moment have no order.
transcript_same() { # what does not say anything: one id is as good as another
	sed -E 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g
		s/[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]{8,15}( UTC|Z)/TIME/g
		s/took [0-9.]+ m?s/took a while/
		s/[[:space:]]+/ /g; s/ $//'
}

transcript_step() {
	local got before after
	[ -n "$command" ] || return 0
	got=$'\n'$("$run" "$command" 2>&1 | transcript_same)$'\n'
	wanted=$'\n'$(printf '%s' "$wanted" | transcript_same)$'\n'
	before=${wanted%%$'\n...\n'*} after=${wanted##*$'\n...\n'}
	if [ "$before" != "$wanted" ] && [[ $got == "$before"*"$after" ]]; then got=$wanted; fi
	if [ "$(printf '%s' "$got" | sort)" = "$(printf '%s' "$wanted" | sort)" ]; then got=$wanted; fi
	is "$ ${command%%$'\n'*}" "$got" "$wanted"
	command= wanted=
}

transcript() {
	local file=$1 run=$2 kind=${3:-} line command= wanted= where=text
	while IFS= read -r line <&3; do
		case $where/$line in
		text/'```console' | "text/\`\`\`console $kind") where=block ;;
		text/'```'?*) where=other ;;
		text/*) ;;
		*/'```')
			transcript_step
			where=text
			;;
		other/*) ;;
		block/'$ '*)
			transcript_step
			command=${line#??}
			case $line in *\\) where=command ;; esac
			;;
		command/*)
			command+=$'\n'$line
			case $line in *\\) ;; *) where=block ;; esac
			;;
		*) wanted+=$line$'\n' ;;
		esac
	done 3<"$file"
	[ "$where" = text ] || fail "$file ends within a block"
}
