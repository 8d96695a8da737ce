#include "common/claims.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

enum { TIME_TEXT_MOST = 64 };

static const char tenant_hole[] = "{tenantid}";

struct judging {
	const struct claims_rules *rules;
	const struct json *claims;
	struct arena *arena;
	claims_told_fn *told;
	void *context;
};

static const char *text_of(const struct json *object, const char *name)
{
	const struct json *member = object ? json_member(object, name) : NULL;
	const char *text = member && json_is_text(member) ? json_text(member) : NULL;

	return text && *text ? text : NULL;
}

static int tell(const struct judging *j, const char *check, bool passed, const char *expected, const char *received, const char *advice)
{
	j->told(j->context, check, passed, expected, passed ? NULL : received, passed ? NULL : advice);
	return passed ? 0 : -1;
}

/* ---- who issued it ---- */

/* The issuer that is expected of this token: where tenants share an address, it names the tenant. */
static const char *expected_issuer(const struct judging *j)
{
	const char *issuer = j->rules->issuer, *hole = strstr(issuer, tenant_hole), *tenant = text_of(j->claims, "tid");

	if (!hole)
		return issuer;
	if (!tenant || strpbrk(tenant, "/?#{}"))
		return NULL;
	return arena_format(j->arena, "%.*s%s%s", (int)(hole - issuer), issuer, tenant, hole + sizeof(tenant_hole) - 1);
}

static int judge_issuer(const struct judging *j)
{
	const char *expected = expected_issuer(j), *issuer = text_of(j->claims, "iss");

	return tell(j, "issuer", expected && issuer && strcmp(issuer, expected) == 0, expected ? expected : j->rules->issuer, issuer,
		    "set the issuer here to what the provider calls itself, to the letter, a slash at its end included");
}

static bool is_listed(const char *const *list, const char *text)
{
	for (; text && *list; list++)
		if (text_equal_nocase(*list, text))
			return true;
	return false;
}

static const char *joined(struct arena *arena, const char *const *list)
{
	const char *all = "";

	for (size_t i = 0; list[i]; i++)
		all = arena_format(arena, "%s%s%s", all, i ? ", " : "", list[i]);
	return all;
}

static int judge_place(const struct judging *j, const char *check, const char *claim, const char *const *list, const char *advice)
{
	const char *said = text_of(j->claims, claim);

	return list ? tell(j, check, is_listed(list, said), joined(j->arena, list), said ? said : "none", advice) : 0;
}

/* ---- for whom ---- */

static bool is_for(const struct json *audience, const char *client_id)
{
	if (audience && json_is_text(audience))
		return text_equal(json_text(audience), client_id);
	for (size_t i = 0; audience && json_is_array(audience) && i < json_count(audience); i++)
		if (json_is_text(json_at(audience, i)) && text_equal(json_text(json_at(audience, i)), client_id))
			return true;
	return false;
}

static const char *audience_words(const struct judging *j, const struct json *audience)
{
	if (!audience)
		return "none";
	return json_is_text(audience) ? json_text(audience) : json_write(j->arena, audience, ROSTER_CHECKED_MOST);
}

/* Of several audiences the token says which of them has asked for it. */
static int judge_audience(const struct judging *j)
{
	static const char advice[] = "the client id here must be that of the application at the provider";
	const struct json *audience = json_member(j->claims, "aud");
	const char *party = text_of(j->claims, "azp");
	bool several = audience && json_is_array(audience) && json_count(audience) > 1;

	if (tell(j, "audience", is_for(audience, j->rules->client_id), j->rules->client_id, audience_words(j, audience), advice) < 0)
		return -1;
	if (!several && !party)
		return 0;
	return tell(j, "authorised party", party && text_equal(party, j->rules->client_id), j->rules->client_id, party ? party : "none",
		    advice);
}

/* ---- when ---- */

static bool number_of(const struct json *claims, const char *name, int64_t *ret)
{
	const struct json *member = json_member(claims, name);

	if (!member || !json_is_number(member))
		return false;
	*ret = json_int(member);
	return true;
}

static const char *seconds(const struct judging *j, int64_t at, int64_t now)
{
	int64_t apart = at > now ? at - now : now - at;

	return arena_format(j->arena, "%lld seconds %s", (long long)apart, at > now ? "from now" : "ago");
}

static int judge_times(const struct judging *j, int64_t now)
{
	static const char clocks[] = "compare the clocks of the provider and of this machine; \"skew\" is how far apart they may be";
	const int skew = j->rules->skew_s;
	int64_t ends = 0, issued = 0, begins = 0;
	bool has_end = number_of(j->claims, "exp", &ends), has_issue = number_of(j->claims, "iat", &issued),
	     has_begin = json_member(j->claims, "nbf") != NULL;

	if (tell(j, "expiry", has_end && ends > now - skew, "a time to come", has_end ? seconds(j, ends, now) : "none", clocks) < 0 ||
	    tell(j, "time of issue", has_issue && issued <= now + skew && issued >= now - skew - CLAIMS_OLD_S, "a moment ago",
		 has_issue ? seconds(j, issued, now) : "none", clocks) < 0)
		return -1;
	if (!has_begin)
		return 0;
	return tell(j, "not before", number_of(j->claims, "nbf", &begins) && begins <= now + skew, "a time that has come",
		    seconds(j, begins, now), clocks);
}

/* ---- all of it ---- */

static int judge_nonce(const struct judging *j, const char *nonce)
{
	const char *said = text_of(j->claims, "nonce");

	return tell(j, "nonce", nonce && said && strcmp(said, nonce) == 0, "that of this sign-on", said ? "another one" : "none",
		    "begin again; if it is always so, the provider does not give back what it is sent");
}

static int judge_key(const struct judging *j)
{
	const char *key = text_of(j->claims, j->rules->key), *subject = text_of(j->claims, "sub");

	return tell(j, "subject", key && subject && strlen(key) <= CLAIMS_SUBJECT_MOST && text_is_printable(key, strlen(key)),
		    arena_format(j->arena, "the claim \"%s\"", j->rules->key), key ? "one that is too long, or no text" : "none",
		    "the provider is to say who it is (scopes \"openid profile\")");
}

int claims_judge(const struct claims_rules *rules, const struct json *claims, const char *nonce, int64_t now_s, struct arena *arena,
		 claims_told_fn *told, void *context)
{
	const struct judging j = { rules, claims, arena, told, context };

	if (tell(&j, "claims", json_is_object(claims), "an object", "something else", "the provider's token is none of OpenID Connect") < 0 ||
	    judge_issuer(&j) < 0 || judge_audience(&j) < 0 || judge_times(&j, now_s) < 0 || judge_nonce(&j, nonce) < 0 ||
	    judge_place(&j, "tenant", "tid", rules->tenants, "only people of the tenants that are set here are let in") < 0 ||
	    judge_place(&j, "domain", "hd", rules->domains, "only people of the domains that are set here are let in; a private account has none") <
		    0 ||
	    judge_place(&j, "organisation", "org_id", rules->organisations, "only people of the organisations that are set here are let in") < 0)
		return -1;
	return judge_key(&j);
}

/* ---- a logout token ---- */

const char *claims_text(const struct json *claims, const char *name, size_t most)
{
	const char *text = text_of(claims, name);

	return text && strlen(text) <= most && text_is_printable(text, strlen(text)) ? text : NULL;
}

static int judge_event(const struct judging *j)
{
	static const char advice[] = "the provider is to send logout tokens here (OpenID Connect Back-Channel Logout 1.0), and nothing else";
	const struct json *events = json_member(j->claims, "events"),
			  *event = events && json_is_object(events) ? json_member(events, "http://schemas.openid.net/event/backchannel-logout") : NULL;

	if (tell(j, "event", event && json_is_object(event), "backchannel-logout", events ? "another one" : "none", advice) < 0)
		return -1;
	return tell(j, "nonce", !json_member(j->claims, "nonce"), "none", "one: it is a token to sign on with", advice);
}

int claims_judge_logout(const struct claims_rules *rules, const struct json *claims, int64_t now_s, struct arena *arena, claims_told_fn *told,
			void *context)
{
	const struct judging j = { rules, claims, arena, told, context };

	if (tell(&j, "claims", json_is_object(claims), "an object", "something else", "the provider's token is none of OpenID Connect") < 0 ||
	    judge_issuer(&j) < 0 || judge_audience(&j) < 0 || judge_times(&j, now_s) < 0 || judge_event(&j) < 0 ||
	    tell(&j, "token id", claims_text(claims, "jti", ROSTER_ID_MOST) != NULL, "the claim \"jti\"", "none", "the provider is to number its tokens") < 0)
		return -1;
	return tell(&j, "session",
		    (claims_text(claims, "sub", CLAIMS_SUBJECT_MOST) || claims_text(claims, "sid", ROSTER_ID_MOST)) &&
			    (!json_member(claims, "sub") || claims_text(claims, "sub", CLAIMS_SUBJECT_MOST)) &&
			    (!json_member(claims, "sid") || claims_text(claims, "sid", ROSTER_ID_MOST)),
		    "\"sub\", \"sid\" or both", "none, or what is no text", "the provider is to say whose session ends");
}

/* ---- whom it names ---- */

/* A truth as providers write it. */
static bool is_true(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);

	if (!member)
		return false;
	if (json_is_bool(member))
		return json_bool(member);
	if (json_is_number(member))
		return json_int(member) == 1;
	return json_is_text(member) && (text_equal(json_text(member), "true") || text_equal(json_text(member), "1"));
}

/* The address, and what says that it is theirs, come from the same place. */
static enum roster_proof email_proof(const struct claims_rules *rules, const struct json *from, const char *email)
{
	bool verified = is_true(from, "email_verified");

	switch (rules->email) {
	case CLAIMS_EMAIL_VERIFIED:
		return verified ? ROSTER_PROVEN : ROSTER_UNPROVEN;
	case CLAIMS_EMAIL_HOSTED:
		return verified && (text_of(from, "hd") || text_ends(email, "@gmail.com")) ? ROSTER_PROVEN : ROSTER_UNPROVEN;
	case CLAIMS_EMAIL_OWNED:
		return is_true(from, "xms_edov") ? ROSTER_PROVEN : ROSTER_UNPROVEN;
	case CLAIMS_EMAIL_NEVER:
		break;
	}
	return ROSTER_UNPROVEN;
}

bool claims_has_overage(const struct json *claims)
{
	const struct json *names = json_member(claims, "_claim_names");

	return is_true(claims, "hasgroups") || (names && json_is_object(names) && json_member(names, "groups"));
}

/* Texts of an array, or the only one; NULL: the claim says none of both. */
static const char *const *texts_of(const struct json *claim, size_t most, size_t longest, struct arena *arena)
{
	size_t count = claim && json_is_array(claim) ? json_count(claim) : claim && json_is_text(claim) ? 1 : 0, kept = 0;
	const char **list;

	if (!claim || (!json_is_array(claim) && !json_is_text(claim)))
		return NULL;
	list = arena_array(arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count && kept < most; i++) {
		const struct json *value = json_is_array(claim) ? json_at(claim, i) : claim;
		const char *text = json_is_text(value) ? json_text(value) : NULL;

		if (text && *text && strlen(text) <= longest && text_is_printable(text, strlen(text)))
			list[kept++] = text;
	}
	return list;
}

static const char *const *groups_of(const struct claims_rules *rules, const struct json *claims, const struct json *more, struct arena *arena)
{
	const struct json *claim;

	if (!rules->groups || claims_has_overage(claims))
		return NULL;
	claim = json_member(claims, rules->groups);
	if (!claim && more)
		claim = json_member(more, rules->groups);
	/* What does not fit would look like groups that were left. */
	if (claim && json_is_array(claim) && json_count(claim) > ROSTER_VALUES_MOST)
		return NULL;
	return texts_of(claim, ROSTER_VALUES_MOST, ROSTER_ID_MOST, arena);
}

/* Claims that are texts, as attributes for the mapping of the connection; those of the protocol say nothing of a person. */
static const struct roster_attribute *attributes_of(const struct json *claims, struct arena *arena)
{
	static const char *const protocol[] = { "iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash", "jti",
						"sid", "acr", "amr", "auth_time", "uti", "rh", "aio", "ver", NULL };
	struct roster_attribute *list = arena_array(arena, CLAIMS_ATTRIBUTES_MOST + 1, sizeof(*list));
	const struct json *value;
	const char *name;
	size_t at = 0, count = 0;

	while (count < CLAIMS_ATTRIBUTES_MOST && json_next(claims, &at, &name, &value) == 1) {
		const char *const *values = is_listed(protocol, name) || strlen(name) > ROSTER_ID_MOST
						    ? NULL
						    : texts_of(value, ROSTER_VALUES_MOST / 4, ROSTER_TEXT_MOST / 4, arena);

		if (values && values[0])
			list[count++] = (struct roster_attribute){ .size = sizeof(*list), .name = name, .values = values };
	}
	return count > 0 ? list : NULL;
}

static const char *either(const struct json *claims, const struct json *more, const char *name, size_t most)
{
	const char *text = text_of(claims, name);

	if (!text && more)
		text = text_of(more, name);
	return text && strlen(text) <= most ? text : NULL;
}

const struct roster_identity *claims_person(const struct claims_rules *rules, const struct json *claims, const struct json *more,
					    struct arena *arena)
{
	const char *key = text_of(claims, rules->key), *email = text_of(claims, "email"),
		   *user_name = either(claims, more, rules->user_name ? rules->user_name : "preferred_username", ROSTER_TEXT_MOST);
	const struct json *from = email ? claims : more;
	struct roster_identity *person = arena_take(arena, sizeof(*person));

	if (!key)
		return NULL;
	if (!email && more)
		email = text_of(more, "email");
	*person = (struct roster_identity){
		.size = sizeof(*person),
		.remote_id = key,
		.user_name = user_name ? user_name : email ? email : key,
		.email = email && strlen(email) <= ROSTER_TEXT_MOST ? email : NULL,
		.given_name = either(claims, more, "given_name", ROSTER_TEXT_MOST),
		.family_name = either(claims, more, "family_name", ROSTER_TEXT_MOST),
		.display_name = either(claims, more, "name", ROSTER_TEXT_MOST),
		.locale = either(claims, more, "locale", ROSTER_TEXT_MOST),
		.standing = ROSTER_ACTIVE,
		.groups = groups_of(rules, claims, more, arena),
		.attributes = attributes_of(claims, arena),
	};
	if (person->email)
		person->email_proof = email_proof(rules, from, person->email);
	return person;
}
