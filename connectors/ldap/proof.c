#include "ldap/proof.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/changed.h"
#include "ldap/dn.h"
#include "ldap/result.h"
#include "ldap/search.h"

enum {
	CSNS_MOST = 8,	   /* providers of one directory */
	DEPTH_MOST = 16,   /* parts of a base's name */
	DOUBT_MOST = 400,  /* bytes of the reasons for one part */
	NUMBER_WIDTH = 20, /* digits of a number that is compared by its bytes */
};

struct canary {
	const char *given, *reference; /* reference: NULL if it is no name of an entry */
	bool seen;
};

struct proof {
	char who[ROSTER_EVIDENCE_MOST];	 /* "" if it is not told */
	struct origin origin;
	char mark[ROSTER_EVIDENCE_MOST]; /* "" if it is not told */
	struct canary canaries[CANARIES_MOST];
	size_t canary_count;
	unsigned long hollow; /* groups that cannot be without members and show none */
	char doubts[PART_COUNT][DOUBT_MOST];
};

void proof_doubt(struct listing *listing, enum part part, const char *fmt, ...)
{
	char *doubt = listing->proof->doubts[part];
	size_t length = strlen(doubt);
	va_list args;

	if (length > 0 && length + 3 < DOUBT_MOST) {
		strcpy(doubt + length, "; ");
		length += 2;
	}
	va_start(args, fmt);
	vsnprintf(doubt + length, DOUBT_MOST - length, fmt, args);
	va_end(args);
}

/* ---- who we are ---- */

/* "Who am I?" (RFC 4532). A server that does not know the question is asked no more. */
static int read_who(struct directory *d, struct proof *proof)
{
	static const char doing[] = "asking who we are";
	struct session *session = d->session;
	struct berval *value = NULL;
	LDAPMessage *message;
	char *name = NULL;
	int msgid, code = LDAP_SUCCESS, parsed;

	d->caller.host->step(d->caller.call, "%s", doing);
	parsed = ldap_extended_operation(session->ld, LDAP_EXOP_WHO_AM_I, NULL, NULL, NULL, &msgid);
	if (parsed != LDAP_SUCCESS)
		return session_fail(&d->caller, session, doing, parsed, NULL);
	if (session_wait(&d->caller, session, msgid, doing, &message) < 0)
		return -1;
	parsed = ldap_parse_extended_result(session->ld, message, &name, &value, 0);
	if (parsed == LDAP_SUCCESS)
		parsed = ldap_parse_result(session->ld, message, &code, NULL, NULL, NULL, NULL, 0);
	ldap_msgfree(message);
	if (parsed == LDAP_SUCCESS && code == LDAP_SUCCESS && value && value->bv_len > 0 &&
	    value_is_text(value, sizeof(proof->who) - 1))
		memcpy(proof->who, value->bv_val, value->bv_len + 1);
	ldap_memfree(name);
	ber_bvfree(value);
	return parsed == LDAP_SUCCESS ? 0 : session_fail(&d->caller, session, doing, parsed, NULL);
}

/* ---- when the directory changed last ---- */

const char *proof_parent(const char *dn)
{
	bool quoted = false;

	for (; *dn; dn++) {
		if (*dn == '\\' && dn[1])
			dn++;
		else if (*dn == '"')
			quoted = !quoted;
		else if (!quoted && (*dn == ',' || *dn == ';'))
			return dn[1] ? dn + 1 : NULL;
	}
	return NULL;
}

/* "20261129114313.123456Z#000000#001#000000": the third field is the number of the server that made it. */
static const char *server_of(const char *csn, size_t *ret_length)
{
	const char *at = strchr(csn, '#');

	at = at ? strchr(at + 1, '#') : NULL;
	if (!at || strchr(csn, ' ') || strchr(csn, ','))
		return NULL;
	*ret_length = strcspn(at + 1, "#");
	return *ret_length > 0 && at[1 + *ret_length] == '#' ? at + 1 : NULL;
}

static int by_server(const void *a, const void *b)
{
	size_t of_a, of_b;
	const char *one = server_of(*(char *const *)a, &of_a), *other = server_of(*(char *const *)b, &of_b);
	int order = strncmp(one, other, of_a < of_b ? of_a : of_b);

	return order != 0 ? order : (of_a > of_b) - (of_a < of_b);
}

int proof_marks(char **csns, size_t count, char *ret, size_t size)
{
	size_t at = 0, length;

	for (size_t i = 0; i < count; i++)
		if (!server_of(csns[i], &length))
			return -1;
	qsort(csns, count, sizeof(*csns), by_server);
	for (size_t i = 0; i < count && at < size; i++) {
		const char *server = server_of(csns[i], &length);

		at += (size_t)snprintf(ret + at, size - at, "%s%.*s", i ? "," : "", (int)length, server);
	}
	for (size_t i = 0; i < count && at < size; i++)
		at += (size_t)snprintf(ret + at, size - at, "%s%s", i ? "," : " ", csns[i]);
	return count > 0 && at < size ? 0 : -1;
}

struct marking {
	struct arena *arena;
	char *csns[CSNS_MOST];
	size_t count;
	bool too_many;
	char number[NUMBER_WIDTH + 1], of[300];
};

static int take_csns(void *context, const struct entry *entry)
{
	struct marking *marking = context;
	BerVarray values = entry_values(entry, "contextCSN");

	for (; values && values->bv_val; values++) {
		if (marking->count == CSNS_MOST || !value_is_text(values, ROSTER_ID_MOST)) {
			marking->too_many = true;
			return 0;
		}
		marking->csns[marking->count++] = arena_text(marking->arena, values->bv_val);
	}
	return 0;
}

static int look(struct directory *d, const char *base, char **attributes, take_entry *take, struct marking *marking)
{
	struct search search = { .doing = "asking when the directory changed last",
				 .base = base,
				 .filter = "(objectClass=*)",
				 .scope = LDAP_SCOPE_BASE,
				 .attributes = attributes };
	struct outcome outcome;

	/* What may not be read is not told; nothing else is wrong with that. */
	return search_run(&d->caller, d->session, &search, take, marking, &outcome);
}

/* It stands in the entry that the database begins with, and moves with whatever is written below it. */
static int read_csns(struct directory *d, const char *base, struct marking *marking)
{
	char *attributes[] = { (char[]){ "contextCSN" }, NULL };
	size_t before = marking->count;

	for (int depth = 0; base && depth < DEPTH_MOST && marking->count == before; depth++, base = proof_parent(base))
		if (look(d, base, attributes, take_csns, marking) < 0)
			return -1;
	return 0;
}

/* Active Directory counts its writes, each controller for itself; 389-ds numbers the lines of its change log, if it keeps one. */
static int take_numbers(void *context, const struct entry *entry)
{
	struct marking *marking = context;
	const char *usn = entry_text(entry, "highestCommittedUSN"), *controller = entry_text(entry, "dsServiceName"),
		   *last = entry_text(entry, "lastChangeNumber"), *number = usn ? usn : last;
	int64_t parsed;

	if (!number || text_to_int64(number, &parsed) < 0 || parsed <= 0)
		return 0;
	snprintf(marking->number, sizeof(marking->number), "%0*lld", NUMBER_WIDTH, (long long)parsed);
	snprintf(marking->of, sizeof(marking->of), "%s", usn && controller ? controller : "changes");
	return 0;
}

static int read_mark(struct directory *d, struct proof *proof, bool kept)
{
	char *numbers[] = { (char[]){ "highestCommittedUSN" }, (char[]){ "dsServiceName" }, (char[]){ "lastChangeNumber" },
			    NULL };
	struct marking marking = { .arena = d->page };
	char csns[ROSTER_EVIDENCE_MOST - SEARCH_SIZE];

	if (look(d, "", numbers, take_numbers, &marking) < 0)
		return -1;
	if (!marking.number[0] && kept && read_csns(d, d->settings.user_base, &marking) < 0)
		return -1;
	if (marking.number[0])
		snprintf(proof->mark, sizeof(proof->mark), "%s/%s %s", proof->origin.search, marking.of, marking.number);
	else if (!marking.too_many && proof_marks(marking.csns, marking.count, csns, sizeof(csns)) == 0)
		snprintf(proof->mark, sizeof(proof->mark), "%s/%s", proof->origin.search, csns);
	return 0;
}

/* ---- canaries ---- */

static void learn_canaries(struct directory *d, struct proof *proof)
{
	char normal[ROSTER_ID_MOST + 1];

	for (const char *const *name = d->settings.canaries; name && *name && proof->canary_count < CANARIES_MOST; name++) {
		struct canary *canary = &proof->canaries[proof->canary_count++];

		canary->given = *name;
		if (dn_normalise(*name, strlen(*name), normal, sizeof(normal)) > 0)
			canary->reference = arena_text(d->listing.arena, normal);
	}
}

void proof_saw(struct listing *listing, const char *reference, const char *user_name)
{
	struct proof *proof = listing->proof;

	for (size_t i = 0; i < proof->canary_count; i++) {
		struct canary *canary = &proof->canaries[i];

		if (!canary->seen && ((user_name && text_equal_nocase(canary->given, user_name)) ||
				      (canary->reference && text_equal(canary->reference, reference))))
			canary->seen = true;
	}
}

/* ---- groups ---- */

/* The schema wants a member in these classes (RFC 4519, 3.5 and 3.6), and OpenLDAP holds to it. */
static bool must_have_members(const struct directory *d, const struct entry *entry)
{
	BerVarray classes = entry_values(entry, "objectClass");

	for (; d->session->vendor->groups_have_members && classes && classes->bv_val; classes++)
		if (text_equal_nocase(classes->bv_val, "groupOfNames") || text_equal_nocase(classes->bv_val, "groupOfUniqueNames"))
			return true;
	return false;
}

void proof_saw_group(struct directory *d, const struct entry *entry, bool has_members)
{
	if (!has_members && must_have_members(d, entry))
		d->listing.proof->hollow++;
}

/* ---- all of it ---- */

int proof_begin(struct directory *d, const struct view *view)
{
	struct proof *proof = d->listing.proof = arena_take(d->listing.arena, sizeof(*proof));

	learn_canaries(d, proof);
	if (changed_origin(d, view, &proof->origin) < 0 || read_who(d, proof) < 0)
		return -1;
	return read_mark(d, proof, true);
}

static void tell_reading(struct directory *d, enum part part, const char *name, const char *held)
{
	const char *doubt = d->listing.proof->doubts[part];

	d->caller.host->prove(d->caller.call, name, doubt[0] ? ROSTER_MISSING : ROSTER_HELD, NULL, "%s", doubt[0] ? doubt : held);
}

static void tell_pages(struct directory *d)
{
	const struct listing *listing = &d->listing;

	if (listing->people_pages > 1 || d->session->pages)
		d->caller.host->prove(d->caller.call, "pages", ROSTER_HELD, NULL,
				      "%lu pages of people and %lu of groups, and the last one says that it is the last",
				      listing->people_pages, listing->group_pages);
	else
		d->caller.host->prove(d->caller.call, "pages", ROSTER_UNTOLD, NULL,
				      "the server does not give its answers in pages: everything came at once");
}

static void tell_bases(struct directory *d)
{
	const struct origin *origin = &d->listing.proof->origin;
	bool seen = !text_equal(origin->people, "-") && (!d->settings.group_base || !text_equal(origin->groups, "-"));
	char value[2 * IDENTITY_MOST + 2];

	snprintf(value, sizeof(value), "%s %s", origin->people, origin->groups);
	if (seen)
		d->caller.host->prove(d->caller.call, "bases", ROSTER_SAME, value, "the entries at the bases are %s", value);
	else
		d->caller.host->prove(d->caller.call, "bases", ROSTER_UNTOLD, NULL,
				      "the account that we bind as may not read the entry at \"%.80s\" with its \"%s\"",
				      text_equal(origin->people, "-") ? d->settings.user_base : d->settings.group_base,
				      d->session->vendor->id);
}

static void tell_rights(struct directory *d)
{
	const char *who = d->listing.proof->who;

	if (who[0])
		d->caller.host->prove(d->caller.call, "rights", ROSTER_SAME, who, "the server says that we are \"%.200s\"", who);
	else
		d->caller.host->prove(d->caller.call, "rights", ROSTER_UNTOLD, NULL, "the server does not say who we are (RFC 4532)");
}

static void tell_change(struct directory *d)
{
	const char *mark = d->listing.proof->mark;

	if (mark[0])
		d->caller.host->prove(d->caller.call, "change", ROSTER_LATER, mark, "the directory's mark of its last change is \"%.200s\"",
				      strrchr(mark, ' ') + 1);
	else
		d->caller.host->prove(d->caller.call, "change", ROSTER_UNTOLD, NULL,
				      "the server shows no mark of its last change; on OpenLDAP overlay syncprov keeps one (contextCSN), "
				      "on 389-ds the retro change log");
}

static void tell_canaries(struct directory *d)
{
	const struct proof *proof = d->listing.proof;
	const struct canary *lost = NULL;

	for (size_t i = 0; i < proof->canary_count && !lost; i++)
		lost = proof->canaries[i].seen ? NULL : &proof->canaries[i];
	if (lost)
		d->caller.host->prove(d->caller.call, "canaries", ROSTER_MISSING, NULL,
				      "\"%.150s\" must be in each listing and was not shown; if that is right, change \"canary\"",
				      lost->given);
	else if (proof->canary_count > 0)
		d->caller.host->prove(d->caller.call, "canaries", ROSTER_HELD, NULL, "all %zu were shown", proof->canary_count);
	else
		d->caller.host->prove(d->caller.call, "canaries", ROSTER_UNTOLD, NULL,
				      "none are named; see \"canary\"");
}

static void tell_members(struct directory *d)
{
	const struct proof *proof = d->listing.proof;
	char hollow[24];

	if (!d->settings.group_base)
		return;
	if (proof->doubts[PART_MEMBERS][0] || !d->session->vendor->groups_have_members) {
		tell_reading(d, PART_MEMBERS, "members", "the members of every group were read to the end");
		return;
	}
	snprintf(hollow, sizeof(hollow), "%lu", proof->hollow);
	d->caller.host->prove(d->caller.call, "members", ROSTER_NO_MORE, hollow,
			      "the members of every group were read to the end; %s groups show none, though their class needs one", hollow);
}

void proof_tell(struct directory *d)
{
	tell_reading(d, PART_RESULTS, "results", "result 0 on every base: no limit of size or time was met");
	tell_reading(d, PART_SHOWN, "shown", "somebody is shown under every base");
	tell_reading(d, PART_REFERRALS, "referrals", "no part lies on another server, or is left out as set");
	tell_pages(d);
	tell_members(d);
	tell_bases(d);
	tell_rights(d);
	tell_change(d);
	tell_canaries(d);
}

int proof_of_absence(struct directory *d, const struct view *view, bool kept)
{
	struct proof *proof = arena_take(d->page, sizeof(*proof));

	if (changed_origin(d, view, &proof->origin) < 0 || read_who(d, proof) < 0 || read_mark(d, proof, kept) < 0)
		return -1;
	d->listing.proof = proof;
	tell_bases(d);
	tell_rights(d);
	if (proof->mark[0])
		tell_change(d);
	d->listing.proof = NULL;
	return 0;
}
