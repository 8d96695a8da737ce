# Edits an organisation that people.awk made, at random, as LDIF, one file a round:
#
#   awk -v people=2000 -v groups=40 -v rounds=10 -v edits=40 -v seed=1 -v base=dc=acme,dc=example -v out=FOLDER/round- [-v rename_groups=1] -f edits.awk
#
# People are hired and let go, change their names, addresses and state, are renamed and moved out of ou=people and back; groups
# change their members, are made, deleted and renamed. The same numbers give the same edits, under every awk. rename_groups: also groups
# that stand in others, which is only fair to a server that keeps references whole.
function random(most) { # Park and Miller's generator, as in people.awk
	state = state * 16807 % 2147483647
	return state % most
}

function dn_of(i) { return "uid=" uid[i] "," (away[i] ? "ou=away," : "ou=people,") base }
function say(text) { print text >file }
function change(dn, how) { say("dn: " dn "\nchangetype: " how) }
function anybody() { return random(count) + 1 }

function hire() {
	count++
	uid[count] = sprintf("h%06d", ++hired)
	away[count] = 0
	change(dn_of(count), "add")
	say("objectClass: inetOrgPerson\nuid: " uid[count] "\ncn: Hired " hired "\nsn: Number " hired "\ngivenName: Hired")
	say("displayName: Hired " hired "\nmail: " uid[count] "@acme.example\nemployeeType: staff\n")
	if (random(2)) {
		change("cn=" name[random(group_count) + 1] ",ou=groups," base, "modify")
		say("add: member\nmember: " dn_of(count) "\n")
	}
}

function let_go(i) {
	change(dn_of(i), "delete")
	say("")
	uid[i] = uid[count]
	away[i] = away[count]
	count--
}

function replace(i, attribute, value) {
	change(dn_of(i), "modify")
	say("replace: " attribute "\n" attribute ": " value "\n")
}

function rename(i,    old) {
	change(dn_of(i), "modrdn")
	uid[i] = sprintf("r%06d", ++renamed)
	say("newrdn: uid=" uid[i] "\ndeleteoldrdn: 1\n")
}

function move(i) {
	change(dn_of(i), "modrdn")
	away[i] = !away[i]
	say("newrdn: uid=" uid[i] "\ndeleteoldrdn: 0\nnewsuperior: " (away[i] ? "ou=away," : "ou=people,") base "\n")
}

# Members at random, each once; now and then another group, an even one in an odd one.
function members(g,    i, n, who, seen) {
	split("", seen)
	n = random(8) + 2
	for (i = 0; i < n; i++) {
		who = dn_of(anybody())
		if (!(who in seen))
			say("member: " who)
		seen[who] = 1
	}
	if (g % 2 && random(2) && group_count > 3) {
		i = 2 * (random(int(group_count / 2)) + 1)
		say("member: cn=" name[i] ",ou=groups," base)
	}
}

function regroup(g) {
	change("cn=" name[g] ",ou=groups," base, "modify")
	say("replace: member")
	members(g)
	say("")
}

function rename_group(g) {
	change("cn=" name[g] ",ou=groups," base, "modrdn")
	name[g] = sprintf("renamed-%04d", ++group_number)
	say("newrdn: cn=" name[g] "\ndeleteoldrdn: 1\n")
}

function make_group(g) {
	change("cn=" name[g] ",ou=groups," base, "delete")
	say("")
	if (random(2))
		name[g] = sprintf("made-%04d", ++group_number)
	change("cn=" name[g] ",ou=groups," base, "add")
	say("objectClass: groupOfNames\ncn: " name[g])
	members(g)
	say("")
}

function edit(    what, g) {
	what = random(100)
	g = random(group_count) + 1
	if (what < 10) hire()
	else if (what < 18) let_go(anybody())
	else if (what < 45) replace(anybody(), "displayName", "Name " ++number)
	else if (what < 52) replace(anybody(), "mail", "mail" ++number "@acme.example")
	else if (what < 60) replace(anybody(), "employeeType", random(2) ? "gone" : "staff")
	else if (what < 68) rename(anybody())
	else if (what < 76) move(anybody())
	else if (what < 92) regroup(g)
	else if (what < 96) rename_group(rename_groups || g % 2 ? g : (g > 1 ? g - 1 : 1))
	else make_group(g)
}

BEGIN {
	state = seed % 2147483646 + 1
	# The ten who are hard to read (people.awk) stay as they are, and so does the first group, which spells them in other ways.
	for (i = 11; i <= people; i++)
		uid[++count] = sprintf("u%06d", i)
	split("admins developers billing support everyone-else", special, " ")
	for (i = 2; i <= groups; i++)
		name[++group_count] = i <= 5 ? special[i] : sprintf("team-%04d", i)
	for (r = 1; r <= rounds; r++) {
		file = out r ".ldif"
		if (r == 1)
			say("dn: ou=away," base "\nchangetype: add\nobjectClass: organizationalUnit\nou: away\n")
		for (e = 0; e < edits; e++)
			edit()
		close(file)
	}
}
