#!/bin/bash
# A domain is proven by a record in its DNS, looked at again, and lost only when the record is surely gone.
. "$SRCDIR/tests/tap.sh"
dns=$(mktemp -d "${TMPDIR:-/tmp}/rosterd-nsd.XXXXXX")
server=$("$SRCDIR/tests/peers/nsd.sh" start "$dns") || { echo "Bail out! no name server"; exit 1; }
FLOW_SETTINGS="domains {
	dns_servers = { \"$server\" }
	dns_timeout = \"1s\"
	recheck = \"1s\"
	lost_after = \"2s\"
	claim_expires = \"1h\"
}"
. "$SRCDIR/tests/flows/flow.sh"
trap 'flow_end; "$SRCDIR/tests/peers/nsd.sh" stop "$dns"; rm -rf "$dns"' EXIT
zone() { "$SRCDIR/tests/peers/nsd.sh" zone "$dns"; }
# as ORG DOMAIN: its state now
state() { ctl domain show "$1" "$2" --json | jq -r .state; }
found() { ctl domain show "$1" "$2" --json | jq -r .challenge.found; }
value() { ctl domain show "$1" "$2" --json | jq -r .challenge.value; }
record() { echo "_rosterd-challenge.$1 TXT \"$(value "$2" "$1.example")\""; } # record LABEL ORG
# comes ORG DOMAIN STATE: waits for it
comes() {
	for _ in $(seq 300); do
		[ "$(state "$1" "$2")" = "$3" ] && return 0
		ctl domain check "$1" "$2" >/dev/null 2>&1 || kill -0 "$flow_pid" || return 1
		sleep 0.1
	done
	return 1
}
says() { # says ORG DOMAIN REGEX: waits until the last look found that
	for _ in $(seq 300); do
		found "$1" "$2" | grep -qE "$3" && return 0
		ctl domain check "$1" "$2" >/dev/null 2>&1 || kill -0 "$flow_pid" || return 1
		sleep 0.1
	done
	found "$1" "$2"
	return 1
}
events() { query "SELECT string_agg(action, ' ' ORDER BY a.id) FROM audit a JOIN organisations o USING (organisation)
	WHERE slug = '$1' AND target = '$2'"; }
flow_start
ok "two organisations" ctl org create Acme --type enterprise
ok "of which one is another" ctl org create Thief --type enterprise

claim=$(ctl domain add acme acme.example --proof dns --json)
is "a claim waits" "$(jq -r .state <<<"$claim")" pending
is "and says where its record belongs" "$(jq -r '.challenge.type + " " + .challenge.name' <<<"$claim")" "TXT _rosterd-challenge.acme.example"
like "and what it must say, which nobody can guess" "$(jq -r .challenge.value <<<"$claim")" '^rosterd-verification=[0-9a-f]{32}$'
like "claiming it twice is refused" "$(ctl domain add acme acme.example --proof dns 2>&1)" 'has the domain "acme.example" already, or claims it'
ok "without a record nothing is proven" says acme acme.example 'there is no TXT record at _rosterd-challenge.acme.example'
is "still" "$(state acme acme.example)" pending
is "and nobody is matched by it" "$(query "SELECT count(*) FROM domains")" 0

zone <<<'_rosterd-challenge.acme TXT "v=spf1 -all"
acme TXT "nothing of ours"'
ok "another record is not the one" says acme acme.example '1 TXT record stands at .*, none of which'
"$SRCDIR/tests/peers/nsd.sh" freeze "$dns"
ok "a name server that hangs proves nothing" says acme acme.example 'did not answer'
"$SRCDIR/tests/peers/nsd.sh" thaw "$dns"
zone <<<"_rosterd-challenge.acme TXT \"v=spf1 -all\"
_rosterd-challenge.acme TXT \"$(value acme acme.example | cut -c 1-20)\" \"$(value acme acme.example | cut -c 21-)\""
ok "the record proves it, beside others and in pieces" comes acme acme.example verified
is "it says how" "$(ctl domain show acme acme.example --json | jq -r .proven_by)" dns
is "and the audit says who did what" "$(events acme acme.example)" "domain.claimed domain.verified"

# Whose it is
ok "another organisation may claim it" ctl domain add thief acme.example --proof dns
zone <<<"$(record acme acme)
$(record acme thief)"
ok "even with its record there it is the first one's" says thief acme.example 'belongs to another organisation'
is "and stays so" "$(state thief acme.example) $(state acme acme.example)" "pending verified"

# What is proven counts for people
printf 'person: id=u1; user=ada; email=ada@acme.example; given=Ada; family=Lovelace\n' >"$flow_dir/people.txt"
ok "its directory" ctl connection create acme example people --set directory=@"$flow_dir/people.txt"
is "its people join" "$(sync | counts)" "member.joined=1"
is "with a proven address" "$(query "SELECT address FROM addresses")" "ada@acme.example"

# A bad day of the name servers
"$SRCDIR/tests/peers/nsd.sh" freeze "$dns"
ok "name servers that do not answer" says acme acme.example 'did not answer'
query "UPDATE domain_claims SET created_at = created_at - interval '30 days'" >/dev/null
ok "for however long" says acme acme.example 'did not answer'
is "lose nothing" "$(state acme acme.example)" verified
"$SRCDIR/tests/peers/nsd.sh" thaw "$dns"
ok "and are forgiven" says acme acme.example 'the record is there'
query "UPDATE domain_claims SET created_at = now()" >/dev/null

# Lost, and what that means
zone <<<"$(record acme thief)"
ok "without its record it is lost after a while, and the next one has it" comes thief acme.example verified
like "the former owner can read what happened" "$(events acme acme.example)" 'domain.lost domain.taken_over$'
is "and only claims it now" "$(state acme acme.example)" pending
is "nobody was removed" "$(roster)" "ada member active"
is "what the former owner had proven is free" "$(query "SELECT count(*) FROM addresses")" 0
zone <<<"$(record acme acme)"
ok "removed by the new owner" ctl domain remove thief acme.example
ok "it comes back to the first" comes acme acme.example verified
sync >/dev/null
is "whose people vouch for their addresses again" "$(query "SELECT address FROM addresses")" "ada@acme.example"

# Turns: one organisation's claims, which nobody answers, do not keep another's waiting.
for n in $(seq 12); do ctl domain add thief "silent$n.example" --proof dns >/dev/null; done
query "UPDATE domain_claims SET next_check_at = now() + interval '1 hour'" >/dev/null
query "UPDATE domain_claims SET next_check_at = now() - interval '1 hour' WHERE domain LIKE 'silent%'" >/dev/null
is "the first look after many is somebody else's, too" "$(query "UPDATE domain_claims SET next_check_at = now() WHERE domain = 'acme.example';
	SELECT count(*) FROM domain_claims_due('1 hour', 2) WHERE domain = 'acme.example'")" 1

# Given up
ok "a claim that nobody proves" ctl domain add acme late.example --proof dns
query "UPDATE domain_claims SET created_at = now() - interval '2 hours' WHERE domain = 'late.example'" >/dev/null
ctl domain check acme late.example >/dev/null
for _ in $(seq 200); do ctl domain show acme late.example >/dev/null 2>&1 || break; sleep 0.1; done
is "is given up" "$(events acme late.example)" "domain.claimed domain.claim_expired"

# The operator's word
ok "the operator's word" ctl domain add acme word.example
is "is enough" "$(state acme word.example)" verified
like "there is nothing to look for then" "$(ctl domain check acme word.example 2>&1)" 'counts by the operator'
like "a public suffix is nobody's" "$(ctl domain add acme co.uk 2>&1)" '"co.uk" is a public suffix'
like "nor is a provider of mail" "$(ctl domain add acme gmail.com --proof dns 2>&1)" '"gmail.com" is a public provider'
done_testing
