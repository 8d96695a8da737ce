# Makes an organisation up, as LDIF:  awk -v people=10000 -v groups=200 -v seed=1 -v base=dc=acme,dc=example -f people.awk
#
# The same numbers give the same people, under every awk (LC_ALL=C). Among them, from 20 people on, are ten who are hard to
# read: names beyond ASCII, distinguished names with commas, blanks, quotes and two parts, and two user names that differ in
# case alone. Groups hold people by distinguished name; every tenth holds the group before it, and the first one spells its
# members in other ways than their entries do.

function random(most) { # 0 .. most-1; Park and Miller's generator, exact in the numbers that awk has
	state = state * 16807 % 2147483647
	return state % most
}

function base64(text,    i, n, bits, out, byte) {
	n = length(text)
	for (i = 1; i <= n; i += 3) {
		bits = code[substr(text, i, 1)] * 65536 + (i + 1 <= n ? code[substr(text, i + 1, 1)] * 256 : 0) + \
		       (i + 2 <= n ? code[substr(text, i + 2, 1)] : 0)
		out = out substr(digits, int(bits / 262144) + 1, 1) substr(digits, int(bits / 4096) % 64 + 1, 1)
		out = out (i + 1 <= n ? substr(digits, int(bits / 64) % 64 + 1, 1) : "=")
		out = out (i + 2 <= n ? substr(digits, bits % 64 + 1, 1) : "=")
	}
	return out
}

function line(name, value) {
	if (value ~ /[^ -~]/ || value ~ /^[ :<]/ || value ~ / $/)
		print name ":: " base64(value)
	else
		print name ": " value
}

# also: a common name that the distinguished name has, beside the usual one.
function person(dn, uid, given, family, number, also) {
	dns[number] = dn
	line("dn", dn)
	print "objectClass: inetOrgPerson"
	line("uid", uid)
	line("cn", given " " family)
	if (also != "")
		line("cn", also)
	line("givenName", given)
	line("sn", family)
	line("displayName", given " " family)
	print "mail: " (uid ~ /^[a-z0-9.]+$/ ? uid : "person" number) "@" domain
	print "title: " titles[random(title_count) + 1]
	print "departmentNumber: " 100 + random(40)
	print "employeeNumber: " 100000 + number
	print "employeeType: " (random(100) == 0 ? "former" : "staff")
	print "entryUUID: " uuid(1, number)
	print ""
}

# A key that the seed and the number decide, so that a directory made again is the same directory.
function uuid(kind, number) {
	return sprintf("%08x-%04x-4000-8000-%012x", seed, kind, number)
}

function hard_people(    special) {
	special = "ou=special," people_base
	organisational_unit(special, "special")
	organisational_unit("ou=a," special, "a")
	organisational_unit("ou=b," special, "b")
	person("cn=Smith\\, Anna," special, "anna.smith", "Anna", "Smith", 1, "Smith, Anna")
	person("cn=\\#1 \\+ \\\"quoted\\\" \\<x\\>\\; \\\\," special, "quoted", "Quo", "Ted", 2, "#1 + \"quoted\" <x>; \\")
	person("uid=anna,ou=a," special, "anna", "Anna", "Small", 3)
	person("uid=ANNA,ou=b," special, "ANNA", "Anna", "Large", 4)
	person("cn=Zo\303\253 M\303\274ller," special, "zoe", "Zo\303\253", "M\303\274ller", 5)
	person("cn=\316\221\316\275\316\275\316\261," special, "alpha", "\316\221\316\275\316\275\316\261", "\316\240", 6, "\316\221\316\275\316\275\316\261")
	person("cn=Two+uid=two.parts," special, "two.parts", "Two", "Parts", 7, "Two")
	person("cn=John   Spaces," special, "spaces", "John", "Spaces", 8)
	person("cn=\346\235\216\345\260\217\351\276\231," special, "li", "\345\260\217\351\276\231", "\346\235\216", 9, "\346\235\216\345\260\217\351\276\231")
	person("uid=o'neil," special, "o'neil", "Shane", "O'Neil", 10)
	return 10
}

function organisational_unit(dn, name) {
	print "dn: " dn
	print "objectClass: organizationalUnit"
	print "ou: " name
	print ""
}

function group(dn, name, number) {
	print "dn: " dn
	print "objectClass: groupOfNames"
	print "cn: " name
	print "entryUUID: " uuid(2, number)
	group_dns[number] = dn
}

# Other spellings of the hard people's names: the same people.
function other_spellings(    special) {
	special = "OU=Special,OU=People," toupper(base)
	print "member: CN=SMITH\\2C Anna," special
	print "member: cn=\"#1 + \\\"quoted\\\" <x>; \\\\\"," special
	print "member: UID=Anna , OU=A , " special
	line("member", "cn=ZO\303\213 m\303\234ller," special)
	print "member: uid=two.parts+cn=two," special
	print "member: 2.5.4.3=john spaces," special
}

BEGIN {
	if (people == "") people = 10000
	if (groups == "") groups = 200
	if (seed == "") seed = 1
	if (base == "") base = "dc=acme,dc=example"
	domain = base
	gsub(/dc=/, "", domain)
	gsub(/,/, ".", domain)
	state = seed % 2147483646 + 1
	for (i = 1; i < 256; i++)
		code[sprintf("%c", i)] = i
	digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	given_count = split("Ada Alan Anita Bj\303\266rn Carlos Chlo\303\251 Dmitri Edsger Fatima Grace Hedy In\303\251s Jos\303\251 Ken " \
	                    "Linus Margaret Nadia Ole Priya Rob S\303\270ren Tove Ursula Wei Yuki", given, " ")
	family_count = split("Abbott Berg Castro D\303\255az Eriksson Fischer Garc\303\255a Hopper Ito Jansen Kowalski Lovelace M\303\274ller " \
	                     "Novak O'Brien Patel Quist Ritchie S\303\241nchez Torvalds Ueda Virtanen Wirth Xu Yilmaz Z\303\266llner", family, " ")
	title_count = split("Engineer,Manager,Analyst,Designer,Accountant,Director", titles, ",")
	name_count = split("admins developers billing support everyone-else", names, " ")

	people_base = "ou=people," base
	groups_base = "ou=groups," base
	first = base
	sub(/,.*/, "", first)
	sub(/^dc=/, "", first)
	print "dn: " base "\nobjectClass: organization\nobjectClass: dcObject\no: " domain "\ndc: " first "\n"
	print "dn: cn=sync," base "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: sync"
	print "userPassword: " password "\n"
	organisational_unit(people_base, "people")
	organisational_unit(groups_base, "groups")

	made = people >= 20 ? hard_people() : 0
	for (i = made + 1; i <= people; i++) {
		uid = sprintf("u%06d", i)
		person("uid=" uid "," people_base, uid, given[random(given_count) + 1], family[random(family_count) + 1], i)
	}

	for (i = 1; i <= groups; i++) {
		name = i <= name_count ? names[i] : sprintf("team-%04d", i)
		group("cn=" name "," groups_base, name, i)
		if (i == 1 && made)
			other_spellings()
		if (i % 10 == 0)
			print "member: " group_dns[i - 1]
		start = random(people)
		size = 10 + random(80)
		for (j = 0; j < size && j < people - made; j++)
			line("member", dns[made + 1 + (start + j) % (people - made)])
		if (people == made)
			line("member", dns[1])
		print ""
	}
}
