# A directory lives on: a few random edits of the text that the example plug-in reads, each with the next number of a change (at=). It keeps
# what a directory with referential integrity keeps: who goes leaves the groups, who is renamed is renamed there. A group may name
# members who are not there yet, or never will be. Keys are never used again.
#
#   awk -v seed=7 -v edits=5 -f edits.awk TEXT
function pick(n) { return int(rand() * n) }
function field(line, name,   m) {
	m = index("; " line, "; " name "=")
	if (!m) return ""
	line = substr("; " line, m + length(name) + 3)
	sub(/;.*/, "", line)
	return line
}
function some(list,   k, n, keys) { n = 0; for (k in list) keys[n++] = k; if (n == 0) return ""; sort(keys, n); return keys[pick(n)] }
function sort(a, n,   i, j, t) { for (i = 1; i < n; i++) { t = a[i]; for (j = i; j > 0 && a[j - 1] > t; j--) a[j] = a[j - 1]; a[j] = t } }
function refer(id) { return id in reference ? reference[id] : id }
function unmember(key,   k) { for (k in members) { split(k, p, SUBSEP); if (p[2] == key) leave(p[1], key) } }
function leave(group, key) { delete members[group, key]; left[group, key] = ++at }
function join(group, key) { if (!((group, key) in members)) { members[group, key] = ++at; delete left[group, key] } }
function somebody() { return pick(8) == 0 ? "stranger" pick(4) : pick(4) == 0 ? refer(some(groups)) : refer(some(people)) }
function newcomer(   id) {
	id = "u" ++made
	people[id] = "user=" id "; email=" id "@acme.example; name=Name " pick(1000) (pick(6) == 0 ? "; suspended=yes" : "")
	if (pick(2)) reference[id] = pick(3) == 0 && !taken("stranger" (n = pick(4))) ? "stranger" n : "cn=" id
	person_at[id] = ++at
}
function taken(key,   k) { for (k in reference) if (reference[k] == key) return 1; return 0 }
function edit(   what, id, k, old) {
	what = pick(12)
	if (what <= 1) newcomer()
	else if (what == 2 && count(people) > 12) {
		id = some(people); unmember(refer(id)); delete people[id]; delete reference[id]; gone[id] = ++at
	} else if (what == 3) {
		id = some(people); sub(/name=[^;]*/, "name=Name " pick(1000), people[id]); person_at[id] = ++at
	} else if (what == 4) {
		id = some(people)
		if (!sub(/; suspended=yes/, "", people[id])) people[id] = people[id] "; suspended=yes"
		person_at[id] = ++at
	} else if (what == 5) {
		id = some(people)
		if (!(id in reference)) return
		old = reference[id]
		for (k in members) { split(k, p, SUBSEP); if (p[2] == old) moved[p[1]] = 1 }
		unmember(old); reference[id] = "cn=" id "-" ++at; person_at[id] = at
		for (k in moved) join(k, reference[id])
		delete moved
	} else if (what <= 8) join(refer(some(groups)), somebody())
	else if (what == 9) { k = some(members); if (k != "") { split(k, p, SUBSEP); leave(p[1], p[2]) } }
	else if (what == 10) { id = some(groups); groups[id] = names[pick(5)]; group_at[id] = ++at }
	else if (what == 11 && pick(2)) { id = "g" ++made; groups[id] = names[pick(5)]; if (pick(2)) reference[id] = "ou=" id; group_at[id] = ++at }
	else if (what == 11 && count(groups) > 4) {
		id = some(groups); unmember(refer(id))
		for (k in members) { split(k, p, SUBSEP); if (p[1] == refer(id)) delete members[k] }
		for (k in left) { split(k, p, SUBSEP); if (p[1] == refer(id)) delete left[k] }
		delete groups[id]; delete reference[id]; group_gone[id] = ++at
	}
}
function count(list,   k, n) { n = 0; for (k in list) n++; return n }
BEGIN { srand(seed); FS = ": *"; split("Admins,Viewers,Owls,Engineers,Staff", names, ","); names[0] = names[5]; at = made = 0 }
{
	kind = $1; line = substr($0, index($0, ":") + 1); sub(/^ */, "", line)
	n = field(line, "at") + 0; if (n > at) at = n
	id = field(line, "id"); if (id ~ /^[ug][0-9]+$/ && substr(id, 2) + 0 > made) made = substr(id, 2) + 0
	if (id != "" && field(line, "reference") != "" && kind != "gone") reference[id] = field(line, "reference")
	if (kind == "person") {
		person_at[id] = n
		people[id] = "user=" field(line, "user") "; email=" field(line, "email") "; name=" field(line, "name") \
			(field(line, "suspended") == "yes" ? "; suspended=yes" : "")
	} else if (kind == "group") { groups[id] = field(line, "name"); group_at[id] = n }
	else if (kind == "member") members[field(line, "group"), field(line, "member")] = n
	else if (kind == "gone" && id != "") gone[id] = n
	else if (kind == "gone" && field(line, "member") != "") left[field(line, "group"), field(line, "member")] = n
	else if (kind == "gone") { k = field(line, "group"); group_gone[k] = n; if (substr(k, 2) + 0 > made) made = substr(k, 2) + 0 }
	else if (kind == "forgotten") forgotten = n
}
END {
	if (NR == 0) {
		for (i = 0; i < 18; i++) newcomer()
		for (i = 0; i < 6; i++) { id = "g" ++made; groups[id] = names[i % 5]; group_at[id] = ++at }
		for (i = 0; i < 20; i++) join(refer(some(groups)), somebody())
	}
	for (i = 0; i < edits; i++) edit()
	if (NR > 0 && pick(8) == 0) { forgotten = at; delete gone; delete left; delete group_gone; newcomer() }
	for (id in people) print "person: id=" id "; " people[id] (id in reference ? "; reference=" reference[id] : "") "; at=" person_at[id]
	for (id in groups) print "group: id=" id "; name=" groups[id] (id in reference ? "; reference=" reference[id] : "") "; at=" group_at[id]
	for (k in members) { split(k, p, SUBSEP); print "member: group=" p[1] "; member=" p[2] "; at=" members[k] }
	for (id in gone) print "gone: id=" id "; at=" gone[id]
	for (k in left) { split(k, p, SUBSEP); print "gone: group=" p[1] "; member=" p[2] "; at=" left[k] }
	for (id in group_gone) print "gone: group=" id "; at=" group_gone[id]
	if (forgotten) print "forgotten: at=" forgotten
}
