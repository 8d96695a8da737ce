#!/bin/bash
# Why a member is as they are: whose word counts for each thing, what the others say, and why that does not count.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# show NAME TEXT: what the directory shows from now on, and a run of it
show() {
	printf '%s\n' "$2" >"$flow_dir/$1.txt"
	ctl connection set "acme/$1" --set directory=@"$flow_dir/$1.txt" >/dev/null
	ctl sync run "acme/$1" --wait --json >"$flow_dir/run" 2>"$flow_dir/sync.err"
}
explain() { ctl member explain acme "$1" --json; }
# what MEMBER ATTRIBUTE: "value|from|source|agrees|action of the entry that set it"
what() {
	explain "$1" | jq -r --arg a "$2" '.attributes[] | select(.attribute == $a) |
		[.value // "-", .from, .source // "-", .agrees, .entry.action // "-"] | join("|")'
}
# says MEMBER ATTRIBUTE: every source's word: "source=value verdict", who leads first
says() {
	explain "$1" | jq -r --arg a "$2" '[.words[] | select(.attribute == $a) | "\(.source)=\(.value // "-") \(.verdict)"] | join(", ")'
}
because() { explain "$1" | jq -r --arg a "$2" '.attributes[] | select(.attribute == $a) | .because'; }
why() { explain "$1" | jq -r --arg a "$2" --arg s "$3" '.words[] | select(.attribute == $a and .source == $s) | .why'; }
entry_agrees() { # entry_agrees MEMBER ATTRIBUTE: the entry that is named is there, and says what is said of it
	local id
	id=$(explain "$1" | jq -r --arg a "$2" '.attributes[] | select(.attribute == $a) | .entry | "\(.id) \(.action) \(.actor)"')
	[ "$id" = "$(query "SELECT id || ' ' || action || ' ' || actor FROM audit WHERE id = ${id%% *}")" ] && echo yes
}

ada_in_hr='person: id=h1; user=ada; email=ada@acme.example; name=Ada Lovelace; title=Countess'
others_in_hr='person: id=h2; user=bob; email=bob@acme.example; name=Bob
person: id=h3; user=cyd; email=cyd@acme.example; name=Cyd'
bosses='group: id=g1; name=Bosses
member: group=g1; member=h1'
ada_in_it='person: id=i1; user=alove; email=ada@acme.example; name=A. Lovelace; title=Admin; department=Ops'
crew='person: id=i2; user=eve; email=eve@acme.example; name=Eve
group: id=g7; name=Crew
group: id=g8; name=Shift
group: id=g9; name=Night
member: group=g7; member=g8
member: group=g8; member=g9
member: group=g9; member=i1'
printf '%s\n' "$ada_in_hr" "$others_in_hr" "$bosses" >"$flow_dir/hr.txt"
printf '%s\n' "$ada_in_it" "$crew" >"$flow_dir/it.txt"
ctl org create Acme --type enterprise >/dev/null
ctl domain add acme acme.example >/dev/null
ctl connection create acme example hr --set directory=@"$flow_dir/hr.txt" --role Nobodies=member --role Bosses=admin --remove-most 9 --remove-admins-most 9 >/dev/null
ctl connection create acme example it --set directory=@"$flow_dir/it.txt" --role Crew=viewer --remove-most 9 --remove-admins-most 9 >/dev/null
ctl sync run acme/hr --wait >/dev/null 2>&1
ctl sync run acme/it --wait >/dev/null 2>&1
ada=$(query "SELECT user_id FROM accounts WHERE remote_id = 'h1'")

# ---- two directories
is "the name is the word of the one that leads" "$(what "$ada" name)" "Ada Lovelace|connection|hr|true|member.joined"
is "every source's word is told" "$(says "$ada" name)" "hr=Ada Lovelace leads, it=A. Lovelace later"
like "and why it leads" "$(because "$ada" name)" '"hr" says so and leads: it is older than "it", and both have precedence 100'
like "and why the other does not" "$(why "$ada" name it)" '"hr" leads: it is older than "it"'
is "where the first says nothing, the next does" "$(what "$ada" department) $(says "$ada" department)" "Ops|connection|it|true|member.updated hr=- silent, it=Ops leads"
is "the entry that set it is in the audit" "$(entry_agrees "$ada" department)$(entry_agrees "$ada" name)$(entry_agrees "$ada" role)" yesyesyes
is "the role" "$(what "$ada" role) $(says "$ada" role)" "admin|connection|hr|true|member.joined hr=admin leads, it=viewer later"
like "with the line of the mapping and the group" "$(because "$ada" role)" 'line 2 of its roles gives "admin" to group "Bosses"'
is "so that programs can tell" "$(explain "$ada" | jq -c '.words[] | select(.attribute == "role") | .mapping | [.line, .names, .role, .group_name, .group_remote_id]' | paste -sd' ')" \
	'[2,"Bosses","admin","Bosses","g1"] [1,"Crew","viewer","Crew","g7"]'
is "its group is ours as well" "$(explain "$ada" | jq -r '.words[] | select(.attribute == "role" and .source == "it") | .mapping.group')" "$(query "SELECT id FROM groups WHERE name = 'Crew'")"
is "the state" "$(what "$ada" state) $(says "$ada" state)" "active|connection|hr|true|member.joined hr=active leads, it=active later"
is "the user name goes along with it" "$(what "$ada" user_name)" "ada|connection|hr|true|member.joined"
is "the groups, and through which" "$(explain "$ada" | jq -r '.groups[] | "\(.connection_name):\(.name)<\(.through_name // "-")"' | sort | paste -sd' ')" \
	"hr:Bosses<- it:Crew<Shift it:Night<- it:Shift<Night"
is "the entries in directories" "$(explain "$ada" | jq -r '.accounts[] | "\(.connection_name) \(.remote_id) \(.active)"' | paste -sd,)" "hr h1 true,it i1 true"
like "people read it as tables" "$(ctl member explain acme ada@acme.example)" 'department +it +Ops +- +- +leads +no other source says anything of it'
like "with the group that yields the role" "$(ctl member explain acme ada@acme.example)" 'role +it +viewer +Crew'

# ---- another order, and a rule
ctl precedence set acme --connection it=10 --yes >/dev/null 2>&1
is "another precedence" "$(what "$ada" name)" "A. Lovelace|connection|it|true|member.handed_over"
like "in numbers" "$(why "$ada" name hr)" '"it" leads: its precedence is 10 and that of "hr" is 100'
ctl precedence set acme --rule title=hr --yes >/dev/null 2>&1
is "a rule" "$(what "$ada" title) $(why "$ada" title it)" 'Countess|connection|hr|true|member.updated "hr" leads: the rule for "title" names it'
is "which programs can tell" "$(explain "$ada" | jq -c '[.words[] | select(.attribute == "title") | [.source, .place, .precedence, .by_rule]]')" \
	'[["hr",1,100,true],["it",3,10,false]]'
ctl precedence set acme --rule title=none --connection it=100 --yes >/dev/null 2>&1

# ---- a role set by hand
ctl member role acme "$ada" member >/dev/null
is "a manual role" "$(what "$ada" role) $(says "$ada" role)" "member|manual|manual|true|member.role_changed manual=member leads, hr=admin later, it=viewer later"
like "stands before what directories say" "$(why "$ada" role hr)" 'what a person set comes before what directories say'
is "by whom" "$(explain "$ada" | jq -r '.words[] | select(.attribute == "role" and .source == "manual") | .entry | "\(.action) \(.actor_kind)"')" "member.role_changed operator"
is "and is who set it" "$(explain "$ada" | jq -r '.words[] | select(.attribute == "role" and .source == "manual") | .entry.id')" \
	"$(query "SELECT max(id) FROM audit WHERE action = 'member.role_changed' AND source = 'api'")"

# ---- gone from one, from all, and the grace time
show it "${crew/member: group=g9*}"
is "gone from one" "$(says "$ada" name)" "hr=Ada Lovelace leads, it=A. Lovelace gone"
is "since when" "$(explain "$ada" | jq -r '.words[] | select(.attribute == "name" and .source == "it") | .gone_at != null')" true
show hr "$others_in_hr
${bosses%%
*}"
is "gone from all: suspended, and everything stays" "$(what "$ada" state) $(what "$ada" title)" "suspended|kept|-|true|member.suspended Countess|kept|-|true|member.updated"
is "with the end of the grace time" "$(explain "$ada" | jq -r '.member | .suspended_at != null and .grace_until != null')" true
like "for people, too" "$(ctl member explain acme "$ada")" 'can come back until +20'
like "and why" "$(because "$ada" state)" 'no directory shows them any more'
is "the manual role is still theirs" "$(what "$ada" role | cut -d '|' -f 1-3)" "member|manual|manual"
show hr "$ada_in_hr; suspended=yes
$others_in_hr
$bosses"
is "suspended in the one that leads" "$(what "$ada" state) $(says "$ada" state)" "suspended|connection|hr|true|member.suspended hr=suspended leads, it=active gone"
show it "$ada_in_it
$crew"
is "who is switched off there gives no role, while another one has them active" "$(ctl precedence set acme --rule role=hr,it --yes >/dev/null 2>&1; says "$ada" role)" \
	"hr=admin switched_off, it=viewer leads, manual=member later"
ctl precedence set acme --rule role=none --yes >/dev/null 2>&1
ctl member restore acme "$ada" >/dev/null
is "somebody let them in against the directory: that is said" "$(what "$ada" state)" "active|connection|hr|false|member.restored"
like "in words" "$(because "$ada" state)" 'a person let them in since'
show hr "$ada_in_hr
$others_in_hr
$bosses"

# ---- kept out by people
ctl member suspend acme "$ada" >/dev/null
is "suspended by people: above all directories" "$(what "$ada" state) $(says "$ada" state)" \
	"suspended|operator|-|true|member.suspended hr=active overruled, it=active overruled"
ctl member restore acme "$ada" >/dev/null
ctl member remove acme "$ada" --yes >/dev/null
is "removed" "$(what "$ada" state) $(says "$ada" state)" "left|operator|-|true|member.removed hr=active overruled, it=active overruled"
ctl member restore acme "$ada" >/dev/null

# ---- nobody's entry
dan=$(ctl member add acme dan@acme.example "Dan" --role admin --json | jq -r .id)
is "made by hand: all of it is a person's word" "$(what "$dan" name) $(what "$dan" role) $(what "$dan" state)" \
	"Dan|manual|manual|true|member.joined admin|manual|manual|true|member.joined active|manual|-|true|member.joined"
is "and nobody else's" "$(says "$dan" name) $(says "$dan" state)" "manual=Dan leads "
fay=$(ctl member add acme fay@acme.example "Fay" --json | jq -r .id)
is "the default role" "$(what "$fay" role)" "member|default|-|true|member.joined"
like "since when" "$(because "$fay" role)" 'the default one of when they came, by the operator'
bob=$(query "SELECT user_id FROM accounts WHERE remote_id = 'h2'")
is "and of a directory's person" "$(what "$bob" role) $(says "$bob" role)" "member|default|-|true|member.joined hr=- silent"
query "SELECT ownership_pass(organisation, NULL, '$dan') FROM (SELECT organisation, set_config('rosterd.organisation', organisation::text, false) FROM organisations) o" >/dev/null
is "the owner's role is nobody's word" "$(what "$dan" role | cut -d '|' -f 1-4) $(says "$dan" role)" "owner|owner|-|true "

# ---- a plan that is held
ctl connection set acme/hr --remove-most 0 --remove-share 0 >/dev/null
show hr "$ada_in_hr
person: id=h3; user=cyd; email=cyd@acme.example; name=Cyd
$bosses"
is "a plan that is held is told of" "$(explain "$bob" | jq -r '.held[] | "\(.connection_name) \(.kind)"') $(explain "$bob" | jq -r '.held[0].run')" "hr member.suspended $(jq -r .id "$flow_dir/run")"
is "to whom it is about" "$(explain "$ada" | jq -c .held)" "[]"
ctl sync drop "acme/$(jq -r .id "$flow_dir/run")" >/dev/null

# ---- deleted, and kept
show it "$ada_in_it
$crew
member: group=g7; member=i2"
ctl connection delete acme/it --people keep --yes >/dev/null 2>&1
eve=$(query "SELECT user_id FROM accounts WHERE remote_id = 'i2'")
is "a connection that was deleted says nothing any more" "$(says "$ada" name)" "hr=Ada Lovelace leads, it=A. Lovelace deleted"
is "whoever was kept stays" "$(what "$eve" name | cut -d '|' -f 1-4) $(what "$eve" state | cut -d '|' -f 1-4)" "Eve|kept|-|true active|manual|-|true"
is "and keeps the role, as if a person had given it" "$(what "$eve" role) $(says "$eve" role)" "viewer|manual|manual|true|member.role_changed manual=viewer leads, it=viewer deleted"
like "why" "$(because "$eve" role)" 'the role was kept when the connection that gave it was deleted'
is "by whom that was decided" "$(explain "$eve" | jq -r '.words[] | select(.attribute == "role" and .source == "manual") | .entry | "\(.action) \(.actor_kind)"')" "member.kept operator"
is "in no group of its" "$(explain "$eve" | jq -c .groups)" "[]"

# ---- who waits for a seat
ctl org set acme --seats 7 >/dev/null
show hr "$ada_in_hr
$others_in_hr
person: id=h4; user=gus; email=gus@acme.example; name=Gus
person: id=h5; user=hal; email=hal@acme.example; name=Hal
person: id=h6; user=ira; email=ira@acme.example; name=Ira
$bosses"
waiting=$(query "SELECT user_id FROM members WHERE state = 'waiting' LIMIT 1")
is "who waits for a seat" "$(what "$waiting" state)" "waiting|seats|hr|true|member.waiting"
like "and why" "$(because "$waiting" state)" '"hr" has them active, and no seat is free'

# ---- who may ask
token() { ctl token create "$@" --organisation acme --json | jq -r .token; }
ask() { curl -s -H "Authorization: Bearer $1" --unix-socket "$socket" "http://x/v1/organisations/acme/members/$ada/explain" | jq -r '.code // "told"'; }
is "admins may ask" "$(ask "$(token probe-admin --role admin)")" told
is "members may not, who may see the list" "$(ask "$(token probe-member --role member)") $(ask "$(token probe-viewer --role viewer)")" "permission.role permission.role"
is "a token that may read members alone may not either" "$(ask "$(token probe-scope --role admin --scope members:read)")" scope.missing
is "one for the audit may" "$(ask "$(token probe-audit --role admin --scope audit:read)")" told
ctl member explain acme nobody@acme.example >/dev/null 2>"$flow_dir/err"
like "nobody is explained" "$(cat "$flow_dir/err")" 'there is no member "nobody@acme.example"'
done_testing
