/* Directories that push, as their vendors' requests look: over real sockets, against a real PostgreSQL. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"
#include "roster/scim_reading.h"
#include "store/transaction.h"

enum { OWNER, ADMIN, MEMBER, VIEWER };

static struct cast acme, other;
static const char *token, *connection, *other_token;

/* Texts here have ' for ". */
static const char *body_of(const char *text)
{
	char *json = (char *)api_format("%s", text);

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	return json;
}

static struct answer scim(const char *method, const char *path, const char *body)
{
	return api_call(token, method, api_format("/scim/v2/%s%s", connection, path), body ? body_of(body) : NULL);
}

/* A filter as it stands in a query string. */
static struct answer find(const char *what, const char *filter)
{
	struct buffer query;
	struct answer answer;

	buffer_open(&query, KB(8));
	for (const char *c = filter; *c; c++)
		if (strchr(" \"'[]<>%", *c) || (unsigned char)*c >= 0x80)
			buffer_format(&query, "%%%02X", *c == '\'' ? '"' : (unsigned char)*c);
		else
			buffer_add(&query, c, 1);
	answer = scim("GET", api_format("/%s?filter=%s", what, query.bytes), NULL);
	buffer_close(&query);
	return answer;
}

static void refused(struct answer answer, int status, const char *type, const char *detail)
{
	assert_int_equal(answer.status, status);
	assert_non_null(strstr(answer.head, "application/scim+json"));
	assert_string_equal(api_text(answer, "schemas/0"), "urn:ietf:params:scim:api:messages:2.0:Error");
	assert_string_equal(api_text(answer, "status"), api_format("%d", status));
	if (type)
		assert_string_equal(api_text(answer, "scimType"), type);
	else
		assert_null(api_text(answer, "scimType"));
	if (!strstr(api_text(answer, "detail"), detail))
		assert_string_equal(api_text(answer, "detail"), detail);
}

static const char *create_user(const char *name)
{
	struct answer made = scim("POST", "/Users",
				  api_format("{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'%s',"
					     "'name':{'givenName':'Test','familyName':'User'},'active':true,"
					     "'emails':[{'primary':true,'value':'%s','type':'work'}]}",
					     name, name));

	EXPECT(made, 201, NULL);
	return api_text(made, "id");
}

static int set_up(void **state)
{
	struct answer made;

	if (api_start(state) != 0)
		return -1;
	acme = api_cast("acme");
	other = api_cast("other");
	made = api_call(acme.tokens[ADMIN], "POST", "/v1/organisations/acme/connections", body_of("{'plugin':'scim','name':'okta'}"));
	EXPECT(made, 201, NULL);
	token = api_text(made, "token");
	connection = api_text(made, "id");
	assert_non_null(strstr(api_text(made, "base_url"), api_format("/scim/v2/%s", connection)));
	made = api_call(other.tokens[ADMIN], "POST", "/v1/organisations/other/connections", body_of("{'plugin':'scim','name':'okta'}"));
	other_token = api_text(made, "token");
	return 0;
}

/* ---- who may ---- */

static void a_token_is_for_its_connection_alone(void **state)
{
	const char *users = api_format("/scim/v2/%s/Users", connection);

	(void)state;
	refused(api_call("rsc_0000000000000000000000000000000000000000000", "GET", users, NULL), 401, NULL, "the token is unknown");
	refused(api_call("non-token", "GET", users, NULL), 401, NULL, "the token is unknown");
	refused(api_call("", "GET", users, NULL), 401, NULL, "nobody was named");
	refused(api_call(other_token, "GET", users, NULL), 404, NULL, "this is not the address of the connection");
	refused(api_call(acme.tokens[OWNER], "GET", users, NULL), 403, NULL, "only the directory of a connection");
	refused(api_call(NULL, "GET", users, NULL), 403, NULL, "only the directory of a connection");
	EXPECT(api_call(token, "GET", "/v1/organisations/acme", NULL), 403, "permission.pushes_only");
	EXPECT(api_call(token, "GET", "/v1/whoami", NULL), 403, "permission.pushes_only");
	EXPECT(api_call_with(token, "X-Nothing: 1", "GET", users, NULL), 200, NULL);
	/* Pasted with the word that the form puts before it. */
	EXPECT(api_call(api_format("Bearer %s", token), "GET", users, NULL), 200, NULL);
}

static void tokens_are_rotated_two_at_a_time(void **state)
{
	const char *tokens = api_format("/v1/organisations/acme/connections/okta/tokens");
	struct answer made, listed;

	(void)state;
	made = api_call(acme.tokens[ADMIN], "POST", tokens, body_of("{'name':'second','scopes':['scim:read'],'expires_in':'30d'}"));
	EXPECT(made, 201, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "POST", tokens, body_of("{'name':'third'}")), 413, "limit.scim_tokens");
	EXPECT(api_call(acme.tokens[MEMBER], "POST", tokens, body_of("{'name':'third'}")), 403, "permission.role");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", tokens, body_of("{'name':'third','scopes':['members:read']}")), 400, "token.scope");
	EXPECT(api_call(api_text(made, "token"), "GET", api_format("/scim/v2/%s/Users", connection), NULL), 200, NULL);
	refused(api_call(api_text(made, "token"), "POST", api_format("/scim/v2/%s/Users", connection), body_of("{'userName':'no'}")), 403,
		NULL, "the token lacks the scope \"scim:users\"");
	listed = api_call(acme.tokens[ADMIN], "GET", tokens, NULL);
	assert_int_equal(api_count(listed, "items"), 2);
	assert_null(strstr(listed.text, "rsc_"));
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", api_format("%s/%s", tokens, api_text(made, "id")), NULL), 204, NULL);
	refused(api_call(api_text(made, "token"), "GET", api_format("/scim/v2/%s/Users", connection), NULL), 401, NULL, "the token is unknown");
	assert_int_equal(api_audited("acme", "connection.token_created"), 2);
	assert_int_equal(api_audited("acme", "connection.token_revoked"), 1);
}

static struct answer fetch(const char *id, const char *secret, const char *more)
{
	return api_call("", "POST", api_format("/scim/v2/%s/oauth/token", connection),
			api_format("grant_type=client_credentials&client_id=%s&client_secret=%s%s", id, secret, more));
}

static void clients_fetch_tokens_that_soon_end(void **state)
{
	const char *tokens = "/v1/organisations/acme/connections/okta/tokens", *path = api_format("/scim/v2/%s/Users", connection);
	const char *id, *secret, *short_one;
	struct answer made, got;

	(void)state;
	EXPECT(api_call(acme.tokens[ADMIN], "POST", tokens, body_of("{'name':'x','kind':'password'}")), 400, "token.kind");
	made = api_call(acme.tokens[ADMIN], "POST", tokens, body_of("{'name':'entra','kind':'client','scopes':['scim:read','scim:users']}"));
	EXPECT(made, 201, NULL);
	id = api_text(made, "client_id");
	secret = api_text(made, "client_secret");
	assert_null(api_text(made, "token"));
	assert_non_null(strstr(api_text(made, "token_url"), api_format("/scim/v2/%s/oauth/token", connection)));
	got = fetch(id, secret, "");
	EXPECT(got, 200, NULL);
	assert_string_equal(api_text(got, "token_type"), "Bearer");
	assert_int_equal(api_int(got, "expires_in"), 3600);
	short_one = api_text(got, "access_token");
	EXPECT(api_call(short_one, "GET", path, NULL), 200, NULL);
	EXPECT(api_call(short_one, "POST", api_format("/scim/v2/%s/Groups", connection), body_of("{'displayName':'no'}")), 403, NULL);
	/* It is as narrow as it was asked to be, and no wider than the client. */
	got = fetch(id, secret, "&scope=scim%3Aread");
	EXPECT(api_call(api_text(got, "access_token"), "GET", path, NULL), 200, NULL);
	EXPECT(api_call(api_text(got, "access_token"), "POST", path, body_of("{'userName':'no'}")), 403, NULL);
	got = fetch(id, secret, "&scope=scim:read+scim:groups");
	assert_int_equal(got.status, 400);
	assert_string_equal(api_text(got, "error"), "invalid_scope");
	/* Who is not the client. */
	static const char *const wrong[] = { "rss_0000000000000000000000000000000000000000000", "x", "" };
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		got = fetch(id, wrong[i], "");
		assert_int_equal(got.status, 401);
		assert_string_equal(api_text(got, "error"), "invalid_client");
		assert_non_null(strstr(got.head, "WWW-Authenticate: Basic"));
	}
	assert_int_equal(fetch("00000000-0000-0000-0000-000000000001", secret, "").status, 401);
	assert_int_equal(fetch(id, short_one, "").status, 401);
	assert_int_equal(fetch(id, token, "").status, 401);
	got = api_call_with("", "Authorization: Basic bm9ib2R5", "POST", api_format("/scim/v2/%s/oauth/token", connection),
			    "grant_type=client_credentials");
	assert_int_equal(got.status, 401);
	/* The secret is no token, and neither is kept as it is. */
	refused(api_call(secret, "GET", path, NULL), 401, NULL, "the token is unknown");
	assert_string_equal(api_sql(api_format("SELECT count(*)::text FROM scim_tokens t WHERE position('%s' IN t::text) > 0", secret + 4)), "0");
	got = api_call("", "POST", api_format("/scim/v2/%s/oauth/token", connection),
		       api_format("grant_type=password&client_id=%s&client_secret=%s", id, secret));
	assert_string_equal(api_text(got, "error"), "unsupported_grant_type");
	/* Another connection's address is not its own. */
	assert_int_equal(api_call("", "POST", "/scim/v2/00000000-0000-0000-0000-000000000001/oauth/token",
				  api_format("grant_type=client_credentials&client_id=%s&client_secret=%s", id, secret)).status,
			 404);
	/* Two of each, and the short ones do not count; of those the last ones stay. */
	assert_int_equal(api_count(api_call(acme.tokens[ADMIN], "GET", tokens, NULL), "items"), 2);
	for (int i = 0; i < 25; i++)
		got = fetch(id, secret, "");
	assert_string_equal(api_sql("SELECT count(*)::text FROM scim_tokens WHERE kind = 'short'"), "20");
	EXPECT(api_call(api_text(got, "access_token"), "GET", path, NULL), 200, NULL);
	/* With the client its tokens end. */
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", api_format("%s/%s", tokens, id), NULL), 204, NULL);
	refused(api_call(api_text(got, "access_token"), "GET", path, NULL), 401, NULL, "the token is unknown");
	assert_int_equal(fetch(id, secret, "").status, 401);
}

/* ---- who was here before ---- */

static struct answer ask_as(const char *as, const char *method, const char *path, const char *body)
{
	return api_call(as, method, api_format("/scim/v2/%s%s", connection, path),
			body ? body_of(body) : NULL);
}

/* Every way in, by a token that was good a moment ago. */
static void nothing_goes(const char *as, const char *user, int status, const char *detail)
{
	const char *one = api_format("/Users/%s", user),
		   *filter = "/Users?filter=userName%20eq%20%22remembered@acme.example%22";

	refused(ask_as(as, "GET", one, NULL), status, NULL, detail);
	refused(ask_as(as, "GET", filter, NULL), status, NULL, detail);
	refused(ask_as(as, "POST", "/Users", "{'userName':'late@acme.example','externalId':'late'}"), status,
		NULL, detail);
	refused(ask_as(as, "PATCH", one, "{'Operations':[{'op':'replace','value':{'active':false}}]}"),
		status, NULL, detail);
	refused(ask_as(as, "DELETE", one, NULL), status, NULL, detail);
	refused(ask_as(as, "POST", "/Users/.search", "{}"), status, NULL, detail);
	refused(ask_as(as, "GET", "/Schemas", NULL), status, NULL, detail);
	assert_string_equal(
		api_sql("SELECT count(*)::text FROM scim_users WHERE user_key = 'late@acme.example'"), "0");
	assert_string_equal(api_sql(api_format("SELECT active::text FROM scim_users WHERE id = '%s'", user)),
			    "true");
}

static void all_goes(const char *as, const char *user)
{
	for (int i = 0; i < 3; i++) { /* it is looked up, written down as used, and known */
		EXPECT(ask_as(as, "GET", api_format("/Users/%s", user), NULL), 200, NULL);
		assert_int_equal(api_int(ask_as(as, "GET",
						"/Users?filter=userName%20eq%20%22remembered@acme.example%22",
						NULL),
					 "totalResults"),
				 1);
	}
}

#define OF_THE_TOKEN " WHERE name = 'known'"
#define OF_ACME	     "(SELECT organisation FROM organisations WHERE slug = 'acme')"

/* What is remembered of a token ends with the commit of whatever ends it, and not a request later. */
static void who_was_here_before_is_let_in_no_longer_than_that(void **state)
{
	static const struct {
		const char *ends, *back, *detail;
		int status;
	} ways[] = {
		{ "UPDATE scim_tokens SET revoked_at = now()" OF_THE_TOKEN,
		  "UPDATE scim_tokens SET revoked_at = NULL" OF_THE_TOKEN, "the token is unknown", 401 },
		{ "UPDATE scim_tokens SET expires_at = now()" OF_THE_TOKEN,
		  "UPDATE scim_tokens SET expires_at = NULL" OF_THE_TOKEN, "the token is unknown", 401 },
		{ "UPDATE scim_tokens SET scopes = '{members:read}'" OF_THE_TOKEN,
		  "UPDATE scim_tokens SET scopes = NULL" OF_THE_TOKEN, "the token lacks the scope", 403 },
		{ "UPDATE organisations SET ip_allow_list = '{192.0.2.0/24}' WHERE slug = 'acme'",
		  "UPDATE organisations SET ip_allow_list = '{}' WHERE slug = 'acme'",
		  "the organisation lets its tokens come from networks", 403 },
		{ "UPDATE organisations SET state = 'suspended' WHERE slug = 'acme'",
		  "UPDATE organisations SET state = 'active' WHERE slug = 'acme'",
		  "nothing can be pushed while the organisation is suspended", 403 },
		{ "UPDATE connections SET state = 'deleted', deleted_at = now(), purge_after = now() + "
		  "interval '1 day' WHERE name = 'okta' AND organisation = " OF_ACME,
		  "UPDATE connections SET state = 'active', deleted_at = NULL, purge_after = NULL WHERE name "
		  "= 'okta' AND organisation = " OF_ACME,
		  "this connection was deleted", 401 },
	};
	const char *user = create_user("remembered@acme.example"), *known,
		   *made_at = "/v1/organisations/acme/connections/okta/tokens";
	struct answer made;

	(void)state;
	made = api_call(acme.tokens[ADMIN], "POST", made_at, body_of("{'name':'known'}"));
	EXPECT(made, 201, NULL);
	known = api_text(made, "token");
	all_goes(known, user);
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		api_sql(ways[i].ends);
		nothing_goes(known, user, ways[i].status, ways[i].detail);
		api_sql(ways[i].back);
		all_goes(known, user);
	}
	/* It is remembered indeed: what nobody is told of goes on, and the mark alone ends it. */
	api_sql("ALTER TABLE scim_tokens DISABLE TRIGGER standing_ends; UPDATE scim_tokens SET revoked_at = "
		"now()" OF_THE_TOKEN "; ALTER TABLE scim_tokens ENABLE TRIGGER standing_ends");
	all_goes(known, user);
	api_sql("UPDATE scim_standings SET standing = gen_random_uuid() WHERE organisation = " OF_ACME);
	nothing_goes(known, user, 401, "the token is unknown");
	api_sql("UPDATE scim_tokens SET revoked_at = NULL" OF_THE_TOKEN);
	all_goes(known, user);
	/* In a copy of the database no mark counts, and no token. */
	api_sql("ALTER TABLE installation DISABLE TRIGGER standings_move; UPDATE installation SET home = "
		"'elsewhere'; UPDATE scim_standings SET home = 'elsewhere'");
	nothing_goes(known, user, 401, "the token is unknown");
	api_sql("ALTER TABLE installation ENABLE TRIGGER standings_move; UPDATE installation SET home = "
		"installation_here()");
	all_goes(known, user);
	/* Its time comes by the clock, and nothing else is told. */
	api_sql("UPDATE scim_tokens SET expires_at = now() + interval '3 seconds'" OF_THE_TOKEN);
	EXPECT(ask_as(known, "GET", api_format("/Users/%s", user), NULL), 200, NULL);
	api_await("SELECT (expires_at <= now())::text FROM scim_tokens" OF_THE_TOKEN, "true");
	nothing_goes(known, user, 401, "the token is unknown");
	api_sql("UPDATE scim_tokens SET expires_at = NULL" OF_THE_TOKEN);
	/* By its administrator; and another one's marks are their own. */
	all_goes(known, user);
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", api_format("%s/%s", made_at, api_text(made, "id")),
			NULL),
	       204, NULL);
	nothing_goes(known, user, 401, "the token is unknown");
	assert_string_equal(api_attempt(STORE_REQUEST, api_sql("SELECT " OF_ACME "::text"),
					"SELECT organisation FROM scim_standings"),
			    "store.failed");
	EXPECT(ask_as(token, "DELETE", api_format("/Users/%s", user), NULL), 204, NULL);
}

/* ---- users ---- */

static void okta_tests_its_connector(void **state)
{
	struct answer answer;
	const char *id = create_user("okta.user@acme.example");

	(void)state;
	answer = scim("GET", "/Users?count=1&startIndex=1", NULL);
	EXPECT(answer, 200, NULL);
	assert_string_equal(api_text(answer, "schemas/0"), "urn:ietf:params:scim:api:messages:2.0:ListResponse");
	assert_int_equal(api_int(answer, "itemsPerPage"), 1);
	assert_int_equal(api_int(answer, "startIndex"), 1);
	assert_true(api_int(answer, "totalResults") >= 1);
	answer = scim("GET", api_format("/Users/%s", id), NULL);
	EXPECT(answer, 200, NULL);
	assert_string_equal(api_text(answer, "id"), id);
	assert_string_equal(api_text(answer, "name/familyName"), "User");
	assert_string_equal(api_text(answer, "emails/0/value"), "okta.user@acme.example");
	assert_true(api_bool(answer, "active"));
	assert_string_equal(api_text(answer, "meta/resourceType"), "User");
	assert_non_null(strstr(answer.head, "ETag: W/\"1\""));
	answer = find("Users", "userName eq 'nobody@acme.example'");
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_int(answer, "totalResults"), 0);
	refused(scim("GET", "/Users/00000000-0000-0000-0000-000000000001", NULL), 404, NULL, "there is no user");
	refused(scim("GET", "/Users/nonsense", NULL), 404, NULL, "there is no user \"nonsense\" here");
	refused(scim("POST", "/Users", "{'userName':'OKTA.USER@acme.example'}"), 409, "uniqueness", "there is a user with the userName");
	answer = find("Users", "userName eq 'OKTA.USER@ACME.EXAMPLE'");
	assert_int_equal(api_int(answer, "totalResults"), 1);
	EXPECT(scim("GET", "/Groups", NULL), 200, NULL);
}

/* In every script, and in each place where names are compared. */
static void case_is_not_only_asciis(void **state)
{
	const char *id = create_user("Änne.Ødegård@acme.example"), *group;
	struct answer answer;

	(void)state;
	refused(scim("POST", "/Users", "{'userName':'ÄNNE.ØDEGÅRD@acme.example'}"), 409, "uniqueness", "there is a user with the userName");
	answer = find("Users", "userName eq 'ÄNNE.ødegård@ACME.example'");
	assert_int_equal(api_int(answer, "totalResults"), 1);
	assert_string_equal(api_text(answer, "Resources/0/userName"), "Änne.Ødegård@acme.example");
	assert_int_equal(api_int(find("Users", "userName sw 'änne' and userName co 'ØDE'"), "totalResults"), 1);
	assert_int_equal(api_int(find("Users", "name.familyName eq 'USER' and userName sw 'ÄNNE'"), "totalResults"), 1);
	EXPECT(scim("PATCH", api_format("/Users/%s", id), "{'Operations':[{'op':'replace','path':'nickName','value':'ΟΔΥΣΣΕΎΣ'}]}"), 200, NULL);
	assert_int_equal(api_int(find("Users", "nickName eq 'οδυσσεύσ'"), "totalResults"), 1);
	EXPECT(scim("PATCH", api_format("/Users/%s", id),
		    "{'Operations':[{'op':'replace','path':'emails[type eq \\'ПОЧТА\\'].value','value':'p@acme.example'}]}"), 200, NULL);
	answer = scim("PATCH", api_format("/Users/%s", id),
		      "{'Operations':[{'op':'replace','path':'emails[type eq \\'почта\\'].value','value':'q@acme.example'}]}");
	EXPECT(answer, 200, NULL);
	answer = find("Users", "emails.value eq 'q@acme.example'");
	assert_int_equal(api_int(answer, "totalResults"), 1);
	assert_int_equal(api_int(find("Users", "emails.value eq 'p@acme.example'"), "totalResults"), 0);
	answer = scim("POST", "/Groups", "{'displayName':'ЖУРНАЛ'}");
	EXPECT(answer, 201, NULL);
	group = api_text(answer, "id");
	assert_string_equal(api_text(find("Groups", "displayName eq 'журнал'"), "Resources/0/id"), group);
	refused(scim("POST", "/Groups", "{'displayName':'Журнал'}"), 409, "uniqueness", "there is a group with the displayName");
	EXPECT(scim("DELETE", api_format("/Users/%s", id), NULL), 204, NULL);
	EXPECT(scim("DELETE", api_format("/Groups/%s", group), NULL), 204, NULL);
}

static void okta_deactivates_and_returns(void **state)
{
	const char *id = create_user("leaver@acme.example"), *path = api_format("/Users/%s", id);
	struct answer answer;

	(void)state;
	answer = scim("PATCH", path, "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],"
				     "'Operations':[{'op':'replace','value':{'active':false}}]}");
	EXPECT(answer, 200, NULL);
	assert_false(api_bool(answer, "active"));
	assert_int_equal(api_int(find("Users", "userName eq 'leaver@acme.example'"), "totalResults"), 1);
	assert_int_equal(api_int(find("Users", "active eq false and userName eq 'leaver@acme.example'"), "totalResults"), 1);
	/* Okta reads, changes, and puts everything back; without "active" nobody is switched on. */
	answer = scim("PUT", path, api_format("{'id':'%s','userName':'leaver@acme.example','groups':[],'meta':{},'displayName':'L'}", id));
	EXPECT(answer, 200, NULL);
	assert_false(api_bool(answer, "active"));
	assert_string_equal(api_text(answer, "displayName"), "L");
	assert_null(api_text(answer, "name/familyName"));
	answer = scim("PUT", path, "{'userName':'leaver@acme.example','active':true}");
	assert_true(api_bool(answer, "active"));
	assert_string_equal(api_text(answer, "id"), id);
}

static void entra_provisions(void **state)
{
	struct answer answer, made;
	const char *path;

	(void)state;
	answer = scim("GET", "/Users?aadOptscim062020&filter=userName%20eq%20%22none%22", NULL);
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_int(answer, "totalResults"), 0);
	assert_int_equal(api_count(answer, "Resources"), 0);
	made = scim("POST", "/Users",
		    "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User','urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],"
		    "'externalId':'0a21f0f2','userName':'joy@acme.example','active':true,'displayName':'Joy Young','title':null,"
		    "'emails':[{'primary':true,'type':'work','value':'joy@acme.example'}],'meta':{'resourceType':'User'},"
		    "'name':{'formatted':'Joy Young','familyName':'Young','givenName':'Joy'},'addresses':null,'roles':[],"
		    "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':{'employeeNumber':'4711','department':'Eng','manager':'id-7'}}");
	EXPECT(made, 201, NULL);
	assert_string_equal(api_text(made, "schemas/1"), "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User");
	assert_null(strstr(made.text, "null"));
	path = api_format("/Users/%s", api_text(made, "id"));
	assert_int_equal(api_int(find("Users", "externalId eq '0a21f0f2'"), "totalResults"), 1);
	assert_int_equal(api_int(find("Users", "externalId eq 0a21f0f2"), "totalResults"), 1);
	assert_int_equal(api_int(find("Users", "externalId eq '0A21F0F2'"), "totalResults"), 0);
	answer = scim("PATCH", path, "{'Operations':[{'op':'Replace','path':'active','value':'False'},"
				     "{'op':'Add','path':'phoneNumbers[type eq \\'mobile\\'].value','value':'+44 7'},"
				     "{'op':'Replace','path':'name.familyName','value':'Old'}]}");
	EXPECT(answer, 200, NULL);
	assert_false(api_bool(answer, "active"));
	assert_string_equal(api_text(answer, "phoneNumbers/0/value"), "+44 7");
	assert_string_equal(api_text(answer, "name/familyName"), "Old");
	refused(scim("PATCH", path, "{'Operations':[{'op':'Replace','path':'title','value':'T'},{'op':'Replace','path':'shoe','value':1}]}"),
		400, "invalidPath", "operation 2: the path, at character 1: there is no attribute \"shoe\"");
	assert_null(api_text(scim("GET", path, NULL), "title"));
	EXPECT(scim("DELETE", path, NULL), 204, NULL);
	refused(scim("GET", path, NULL), 404, NULL, "there is no user");
	refused(scim("DELETE", path, NULL), 404, NULL, "there is no user");
}

static void versions_guard_changes(void **state)
{
	const char *path = api_format("/scim/v2/%s/Users/%s", connection, create_user("versions@acme.example"));
	const char *patch = body_of("{'Operations':[{'op':'add','path':'title','value':'A'}]}");
	struct answer answer;

	(void)state;
	EXPECT(api_call_with(token, "If-Match: W/\"1\"", "PATCH", path, patch), 200, NULL);
	refused(api_call_with(token, "If-Match: W/\"1\"", "DELETE", path, NULL), 412, "invalidVers", "it was changed meanwhile and is at version 2");
	answer = api_call_with(token, "If-None-Match: W/\"2\"", "GET", path, NULL);
	assert_int_equal(answer.status, 304);
	/* What changes nothing makes no new version. */
	EXPECT(api_call(token, "PATCH", path, patch), 200, NULL);
	EXPECT(api_call_with(token, "If-Match: \"2\"", "DELETE", path, NULL), 204, NULL);
}

static void bodies_that_are_none(void **state)
{
	(void)state;
	refused(scim("POST", "/Users", "{'userName':"), 400, "invalidSyntax", "line 1");
	refused(scim("POST", "/Users", "[]"), 400, "invalidSyntax", "the body is no JSON object");
	refused(scim("POST", "/Users", "{'displayName':'x'}"), 400, "invalidValue", "\"userName\" is needed");
	refused(scim("POST", "/Users", "{'userName':'x','emails':[7]}"), 400, "invalidValue", "\"emails[0]\": an object is expected");
	refused(scim("PATCH", "/Users", NULL), 405, NULL, "");
	refused(scim("GET", "/Shoes", NULL), 404, NULL, "");
	refused(scim("GET", "/Me", NULL), 501, NULL, "there is no /Me");
}

/* So many arrays within each other. */
static const char *nested(int depth)
{
	struct buffer text;
	const char *ret;

	buffer_open(&text, KB(1));
	for (int i = 0; i < depth; i++)
		buffer_text(&text, "[");
	for (int i = 0; i < depth; i++)
		buffer_text(&text, "]");
	ret = api_format("%s", text.bytes);
	buffer_close(&text);
	return ret;
}

static void what_is_kept_has_limits(void **state)
{
	const char *path = api_format("/Users/%s", create_user("limits@acme.example"));
	struct buffer longer;
	const char *name;

	(void)state;
	/* What is deeper than we walk must not wait in a row for whoever lists it. */
	refused(scim("POST", "/Users", api_format("{'userName':'deep','urn:x:y:z':{'a':%s}}", nested(28))), 400, "invalidValue",
		"more than 8 deep");
	refused(scim("PATCH", path, api_format("{'Operations':[{'op':'add','path':'urn:x:y:z:foo[bar eq \\'a\\'].baz','value':%s}]}", nested(7))),
		400, "invalidValue", "more than 8 deep");
	EXPECT(scim("POST", "/Users", api_format("{'userName':'flat@acme.example','urn:x:y:z':{'a':%s}}", nested(6))), 201, NULL);
	EXPECT(scim("GET", "/Users", NULL), 200, NULL);
	buffer_open(&longer, KB(128));
	for (int i = 0; i < 1100; i++)
		buffer_text(&longer, "x");
	name = api_format("%s", longer.bytes);
	refused(scim("POST", "/Users", api_format("{'userName':'%s'}", name)), 400, "invalidValue", "\"userName\" is longer than 1024 bytes");
	refused(scim("POST", "/Users", api_format("{'userName':'e','externalId':'%s'}", name)), 400, "invalidValue", "\"externalId\" is longer");
	refused(scim("POST", "/Groups", api_format("{'displayName':'%s'}", name)), 400, "invalidValue", "\"displayName\" is longer");
	while (longer.length < 70000)
		buffer_text(&longer, "xxxxxxxxxx");
	refused(scim("PATCH", path, api_format("{'Operations':[{'op':'add','path':'urn:x:y:z:foo','value':'%s'}]}", longer.bytes)), 400,
		"invalidValue", "more than 65536 bytes");
	buffer_close(&longer);
}

/* Refused before it is read, and in SCIM's form all the same. */
static void bodies_that_are_too_large(void **state)
{
	struct buffer body;

	(void)state;
	buffer_open(&body, MB(2));
	buffer_text(&body, "{'userName':'large','nickName':'");
	while (body.length < MB(1))
		buffer_text(&body, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	buffer_text(&body, "'}");
	refused(scim("POST", "/Users", body.bytes), 413, NULL, "the body of the request is too large: at most 1048576 bytes are taken");
	buffer_close(&body);
}

static void no_word_about_active_is_none(void **state)
{
	const char *path = api_format("/Users/%s", create_user("quiet@acme.example"));
	static const char *const words[] = { "{'op':'replace','path':'active','value':null}", "{'op':'remove','path':'active'}",
					     "{'op':'replace','value':{'active':[]}}" };

	(void)state;
	EXPECT(scim("PATCH", path, "{'Operations':[{'op':'replace','path':'active','value':false}]}"), 200, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		struct answer answer = scim("PATCH", path, api_format("{'Operations':[%s]}", words[i]));

		EXPECT(answer, 200, NULL);
		assert_false(api_bool(answer, "active"));
		assert_int_equal(api_int(find("Users", "active eq false and userName eq 'quiet@acme.example'"), "totalResults"), 1);
	}
}

static void only_tags_are_tags(void **state)
{
	const char *path = api_format("/scim/v2/%s/Users/%s", connection, create_user("tags@acme.example"));
	static const char *const others[] = { "\"9\"1\"9\"", "x\"1\"x", "\"11\"", "W/\"2\", \"3\"", "1", "\"1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		refused(api_call_with(token, api_format("If-Match: %s", others[i]), "DELETE", path, NULL), 412, "invalidVers", "");
	EXPECT(api_call_with(token, "If-Match: W/\"7\", \"1\"", "DELETE", path, NULL), 204, NULL);
}

/* Names are what makes a push happen once; a key of HTTP's is passed over, so that nothing of a person is kept under it. */
static void sent_again(void **state)
{
	const char *path = api_format("/scim/v2/%s/Users", connection), *key = "Idempotency-Key: \"once-4711\"";

	(void)state;
	EXPECT(api_call_with(token, key, "POST", path, body_of("{'userName':'once@acme.example'}")), 201, NULL);
	refused(api_call_with(token, key, "POST", path, body_of("{'userName':'once@acme.example'}")), 409, "uniqueness", "");
	EXPECT(api_call_with(token, key, "POST", path, body_of("{'userName':'another@acme.example'}")), 201, NULL);
	assert_string_equal(api_sql("SELECT count(*)::text FROM idempotency_keys WHERE path LIKE '%/scim/%'"), "0");
}

/* ---- searching ---- */

static void filters_find_whom_they_mean(void **state)
{
	static const struct {
		const char *filter;
		int64_t found;
	} cases[] = {
		{ "userType eq 'search'", 3 },
		{ "userType eq 'search' and name.familyName co 'ONE'", 2 },
		{ "userType eq 'search' and name.familyName sw 'Al'", 1 },
		{ "userType eq 'search' and name.familyName ew 'one'", 2 },
		{ "userType eq 'search' and not (title pr)", 2 },
		{ "userType eq 'search' and title ne 'Boss'", 2 },
		{ "userType eq 'search' and title eq null", 2 },
		{ "userType eq 'search' and emails co '@HOME'", 1 },
		{ "userType eq 'search' and emails[type eq 'home' and value ew '.example']", 1 },
		{ "userType eq 'search' and emails[type eq 'work'].value eq 'a@acme.example'", 1 },
		{ "userType eq 'search' and emails.type ne 'home'", 2 },
		{ "userType eq 'search' and active eq true", 2 },
		{ "userType eq 'search' and (active eq false or title eq 'boss')", 2 },
		{ "userType eq 'search' and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq 'eng'", 1 },
		{ "userType eq 'search' and urn:acme:2.0:User:size gt 40", 1 },
		{ "userType eq 'search' and urn:acme:2.0:User:size pr", 2 },
		{ "userType eq 'search' and meta.created gt '2020-01-01T00:00:00Z'", 3 },
		{ "userType eq 'search' and meta.lastModified lt '2020-01-01T00:00:00Z'", 0 },
		{ "userType eq 'search' and userName gt 's2@'", 2 },
		{ "userType eq 'search' and id ne '00000000-0000-0000-0000-000000000001'", 3 },
		{ "id eq 'nonsense'", 0 },
		{ "userType eq '\\'); DROP TABLE scim_users; --'", 0 },
		{ "userType eq 'search' and password pr", 0 },
		{ "userType eq 'search' and meta pr", 3 },
		{ "userType eq 'search' and nickName eq '%'", 0 },
	};

	(void)state;
	EXPECT(scim("POST", "/Users", "{'userName':'s1@acme.example','userType':'search','name':{'familyName':'Stone'},'active':true,"
				      "'emails':[{'type':'work','value':'a@acme.example'},{'type':'home','value':'x@home.example'}],'title':'Boss',"
				      "'urn:acme:2.0:User':{'size':43}}"), 201, NULL);
	EXPECT(scim("POST", "/Users", "{'userName':'s2@acme.example','userType':'Search','name':{'familyName':'Simone'},'active':true,"
				      "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':{'department':'Eng'},'urn:acme:2.0:User':{'size':'large'}}"),
	       201, NULL);
	EXPECT(scim("POST", "/Users", "{'userName':'s3@acme.example','userType':'search','name':{'familyName':'Alba'},'active':false}"), 201, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct answer answer = find("Users", cases[i].filter);

		if (answer.status != 200 || api_int(answer, "totalResults") != cases[i].found)
			fail_msg("%s: %lld found, %lld expected: %s", cases[i].filter, (long long)api_int(answer, "totalResults"),
				 (long long)cases[i].found, answer.text);
	}
	refused(find("Users", "userType is 'search'"), 400, "invalidFilter", "the filter, at character 10");
	refused(find("Users", "meta.created co '2026-01-31T12:00:00Z'"), 400, "invalidFilter", "of which \"co\" cannot be asked");
	refused(find("Users", "shoe eq 'search'"), 400, "invalidFilter", "there is no attribute \"shoe\"");
}

static void pages_and_order(void **state)
{
	struct answer answer = scim("GET", "/Users?filter=userType%20eq%20%22search%22&sortBy=name.familyName&count=2", NULL);

	(void)state;
	refused(scim("GET", "/Users?filter=title%20pr&filter=userName%20pr", NULL), 400, "invalidValue",
		"the parameter \"filter\" came 2 times");
	refused(scim("GET", "/Users?count=1&cursor=&cursor=x", NULL), 400, "invalidValue", "the parameter \"cursor\" came 2 times");
	assert_int_equal(scim("GET", "/Users?aadOptscim062020&count=1&aadOptscim062020", NULL).status, 200);
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_int(answer, "totalResults"), 3);
	assert_int_equal(api_int(answer, "itemsPerPage"), 2);
	assert_string_equal(api_text(answer, "Resources/0/name/familyName"), "Alba");
	assert_string_equal(api_text(answer, "Resources/1/name/familyName"), "Simone");
	answer = scim("GET", "/Users?filter=userType%20eq%20%22search%22&sortBy=name.familyName&startIndex=3&count=2", NULL);
	assert_int_equal(api_count(answer, "Resources"), 1);
	assert_string_equal(api_text(answer, "Resources/0/name/familyName"), "Stone");
	answer = scim("GET", "/Users?filter=userType%20eq%20%22search%22&sortBy=userName&sortOrder=descending", NULL);
	assert_string_equal(api_text(answer, "Resources/0/userName"), "s3@acme.example");
	answer = scim("GET", "/Users?count=0", NULL);
	assert_int_equal(api_count(answer, "Resources"), 0);
	assert_true(api_int(answer, "totalResults") > 3);
	answer = scim("GET", "/Users?startIndex=-5&count=-5", NULL);
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_int(answer, "startIndex"), 1);
	answer = scim("POST", "/Users/.search",
		      "{'schemas':['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],'attributes':['userName','emails.value'],"
		      "'filter':'userName eq \\'s1@acme.example\\'','startIndex':1,'count':10}");
	EXPECT(answer, 200, NULL);
	assert_string_equal(api_text(answer, "Resources/0/userName"), "s1@acme.example");
	assert_string_equal(api_text(answer, "Resources/0/emails/1/value"), "x@home.example");
	assert_null(api_text(answer, "Resources/0/emails/1/type"));
	assert_null(api_text(answer, "Resources/0/title"));
	assert_non_null(api_text(answer, "Resources/0/id"));
	answer = scim("GET", "/Users?filter=userName%20eq%20%22s1@acme.example%22&excludedAttributes=emails,name.familyName,id", NULL);
	assert_null(api_text(answer, "Resources/0/emails/0/value"));
	assert_non_null(api_text(answer, "Resources/0/id"));
	refused(scim("GET", "/Users?count=many", NULL), 400, "invalidValue", "\"count\" is \"many\"");
	refused(scim("GET", "/Users?sortBy=userName&sortOrder=sideways", NULL), 400, "invalidValue",
		"\"sortOrder\" is \"sideways\"");
	assert_int_equal(scim("GET", "/Users?sortBy=userName&sortOrder=Ascending", NULL).status, 200);
	refused(scim("POST", "/Users/.search", "{'count':'x'}"), 400, "invalidValue",
		"\"count\" is no number");
	refused(scim("POST", "/Users/.search", "{'startIndex':[]}"), 400, "invalidValue",
		"\"startIndex\" is no number");
	refused(scim("POST", "/Users/.search", "{'filter':7}"), 400, "invalidValue", "\"filter\" is no text");
	assert_int_equal(scim("POST", "/Users/.search", "{'filter':null,'count':null}").status, 200);
}

/* Of those who push none sends another type than these two, or says that a user is a group. */
static void what_a_body_is_said_to_be(void **state)
{
	static const char user[] = "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],"
				   "\"userName\":\"typed@acme.example\"}";
	const char *users = api_format("/scim/v2/%s/Users", connection),
		   *bulk = api_format("/scim/v2/%s/Bulk", connection);

	(void)state;
	refused(api_call_with(token, "Content-Type: text/plain", "POST", users, user), 415, NULL,
		"the body is \"text/plain\"");
	refused(api_call_with(token, "Content-Type: application/jsonx", "POST", users, user), 415, NULL,
		"\"application/scim+json\" or");
	refused(api_call_with(token, "Content-Type: text/plain", "POST", bulk, "{\"Operations\":[]}"), 415,
		NULL, "text/plain");
	refused(scim("POST", "/Users",
		     "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'],'userName':'typed@acme."
		     "example'}"),
		400, "invalidValue", "\"urn:ietf:params:scim:schemas:core:2.0:User\" is expected here");
	refused(scim("POST", "/Groups",
		     "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'displayName':'Typed'}"),
		400, "invalidValue", "\"urn:ietf:params:scim:schemas:core:2.0:Group\" is expected here");
	assert_int_equal(api_call_with(token, "Content-Type: Application/SCIM+json;charset=utf-8", "POST",
				       users, user)
				 .status,
			 201);
	assert_int_equal(scim("POST", "/Users",
			      "{'schemas':['urn:x:of-the-vendor'],'userName':'vendor@acme.example'}")
				 .status,
			 201);
}

/* All of a list by cursors of two at a time: the names in their order, with blanks between. */
static const char *by_cursor(const char *question, int most)
{
	const char *cursor = "", *names = "";

	for (int page = 0; cursor; page++) {
		struct answer answer = scim("GET", api_format("/Users?%s&count=2&cursor=%s", question, cursor), NULL);

		EXPECT(answer, 200, NULL);
		assert_true(page < most);
		assert_int_equal(api_int(answer, "startIndex"), 0);
		for (size_t i = 0; i < api_count(answer, "Resources"); i++)
			names = api_format("%s%s ", names, api_text(answer, api_format("Resources/%zu/userName", i)));
		cursor = api_text(answer, "nextCursor");
	}
	return names;
}

static void cursors_go_on_behind_what_was_shown(void **state)
{
	static const char *const names[] = { "c5", "c1", "c3", "c2", "c4" };
	static const char *const titles[] = { "'B'", "null", "'a'", "null", "'b'" };
	const char *question = "filter=nickName%20eq%20%22paged%22", *cursor;
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		EXPECT(scim("POST", "/Users", api_format("{'userName':'%s','nickName':'paged','title':%s}", names[i], titles[i])), 201, NULL);
	assert_string_equal(by_cursor(question, 3), "c5 c1 c3 c2 c4 ");
	assert_string_equal(by_cursor(api_format("%s&sortBy=userName", question), 3), "c1 c2 c3 c4 c5 ");
	assert_string_equal(by_cursor(api_format("%s&sortBy=userName&sortOrder=descending", question), 3), "c5 c4 c3 c2 c1 ");
	assert_string_equal(by_cursor(api_format("%s&sortBy=meta.created", question), 3), "c5 c1 c3 c2 c4 ");
	assert_string_equal(by_cursor(api_format("%s&sortBy=id&sortOrder=descending", question), 3), "c4 c2 c3 c1 c5 ");
	/* Of those that are equal the one that was made first, and those that have none last. */
	assert_string_equal(by_cursor(api_format("%s&sortBy=title", question), 3), "c3 c5 c4 c1 c2 ");
	assert_string_equal(by_cursor(api_format("%s&sortBy=title&sortOrder=descending", question), 3), "c5 c4 c3 c1 c2 ");

	/* Who comes and goes between two pages takes nobody else away, and is not shown twice. */
	answer = scim("GET", api_format("/Users?%s&sortBy=userName&count=2&cursor", question), NULL);
	cursor = api_text(answer, "nextCursor");
	assert_int_equal(api_int(answer, "totalResults"), 5);
	EXPECT(scim("DELETE", api_format("/Users/%s", api_text(answer, "Resources/1/id")), NULL), 204, NULL);
	EXPECT(scim("POST", "/Users", "{'userName':'c0','nickName':'paged'}"), 201, NULL);
	answer = scim("GET", api_format("/Users?%s&sortBy=userName&count=500&cursor=%s", question, cursor), NULL);
	assert_int_equal(api_count(answer, "Resources"), 3);
	assert_string_equal(api_text(answer, "Resources/0/userName"), "c3");
	assert_null(api_text(answer, "nextCursor"));
	answer = scim("POST", "/Users/.search", api_format("{'filter':'nickName eq \\'paged\\'','sortBy':'userName','count':1,'cursor':'%s'}", cursor));
	assert_string_equal(api_text(answer, "Resources/0/userName"), "c3");

	/* One is good for the question that it was given for, of this connection, and for nothing that was made up. */
	refused(scim("GET", api_format("/Users?%s&sortBy=title&cursor=%s", question, cursor), NULL), 400, "invalidCursor", "the cursor is none");
	refused(scim("GET", api_format("/Users?sortBy=userName&cursor=%s", cursor), NULL), 400, "invalidCursor", "the cursor is none");
	refused(scim("GET", api_format("/Groups?%s&cursor=%s", "sortBy=displayName", cursor), NULL), 400, "invalidCursor", "the cursor is none");
	refused(scim("GET", api_format("/Users?%s&sortBy=userName&cursor=x%s", question, cursor + 1), NULL), 400, "invalidCursor", "");
	refused(scim("GET", api_format("/Users?%s&cursor=%%20", question), NULL), 400, "invalidCursor", "");
	refused(scim("GET", "/Users?startIndex=1&cursor=", NULL), 400, "invalidCursor", "cannot be given together");
	refused(scim("GET", "/Users?count=-1&cursor=", NULL), 400, "invalidCount", "\"count\" is -1");
	refused(scim("GET", "/Users?count=all&cursor=", NULL), 400, "invalidCount", "\"count\" is \"all\"");
	answer = scim("GET", "/Users?count=0&cursor=", NULL);
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_count(answer, "Resources"), 0);
	assert_true(api_bool(scim("GET", "/ServiceProviderConfig", NULL), "pagination/cursor"));
}

/* ---- groups ---- */

static void groups_are_changed_without_being_read(void **state)
{
	const char *ada = create_user("g1@acme.example"), *bob = create_user("g2@acme.example"), *path, *id, *version;
	struct answer answer = scim("POST", "/Groups", "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'],'displayName':'Test SCIMv2','members':[]}");

	(void)state;
	EXPECT(answer, 201, NULL);
	id = api_text(answer, "id");
	path = api_format("/Groups/%s", id);
	assert_int_equal(api_int(find("Groups", "displayName eq 'TEST scimv2'"), "totalResults"), 1);
	refused(scim("POST", "/Groups", "{'displayName':'test scimv2'}"), 409, "uniqueness", "there is a group with the displayName");
	EXPECT(scim("PATCH", path, api_format("{'Operations':[{'op':'replace','value':{'id':'%s','displayName':'Renamed'}}]}", id)), 204, NULL);
	EXPECT(scim("PATCH", path, api_format("{'Operations':[{'op':'Add','path':'members','value':[{'$ref':null,'value':'%s'},{'value':'%s'}]}]}", ada, bob)),
	       204, NULL);
	answer = scim("GET", path, NULL);
	assert_string_equal(api_text(answer, "displayName"), "Renamed");
	assert_int_equal(api_count(answer, "members"), 2);
	assert_string_equal(api_text(answer, "members/0/type"), "User");
	answer = scim("GET", api_format("/Users/%s", ada), NULL);
	assert_string_equal(api_text(answer, "groups/0/display"), "Renamed");
	assert_null(api_text(scim("GET", api_format("%s?excludedAttributes=members", path), NULL), "members/0/value"));
	assert_int_equal(api_int(find("Groups", api_format("id eq '%s' and members eq '%s'", id, ada)), "totalResults"), 1);
	assert_int_equal(api_int(find("Groups", api_format("members[value eq '%s']", bob)), "totalResults"), 1);
	assert_int_equal(api_int(find("Users", api_format("groups.value eq '%s'", id)), "totalResults"), 2);
	EXPECT(scim("PATCH", path, api_format("{'Operations':[{'op':'remove','path':'members[value eq \\'%s\\']'}]}", ada)), 204, NULL);
	EXPECT(scim("PATCH", path, api_format("{'Operations':[{'op':'remove','path':'members[value eq \\'%s\\']'}]}", ada)), 204, NULL);
	assert_int_equal(api_count(scim("GET", path, NULL), "members"), 1);
	EXPECT(scim("PATCH", path, api_format("{'Operations':[{'op':'replace','path':'members','value':[{'value':'%s'}]}]}", ada)), 204, NULL);
	answer = scim("GET", path, NULL);
	assert_int_equal(api_count(answer, "members"), 1);
	assert_string_equal(api_text(answer, "members/0/value"), ada);
	EXPECT(scim("PATCH", path, "{'Operations':[{'op':'replace','path':'members','value':[]}]}"), 204, NULL);
	assert_null(api_text(scim("GET", path, NULL), "members/0/value"));
	EXPECT(scim("PUT", path, api_format("{'displayName':'Renamed','members':[{'value':'%s'},{'value':'%s'}]}", ada, bob)), 200, NULL);
	assert_int_equal(api_count(scim("GET", path, NULL), "members"), 2);
	refused(scim("PATCH", path, "{'Operations':[{'op':'remove','path':'members','value':null}]}"), 400, "invalidValue", "\"value\" is null");
	/* Who is deleted is in no group, and the group is another one then. */
	version = api_text(scim("GET", path, NULL), "meta/version");
	EXPECT(scim("DELETE", api_format("/Users/%s", bob), NULL), 204, NULL);
	assert_string_not_equal(api_text(scim("GET", path, NULL), "meta/version"), version);
	assert_int_equal(api_count(scim("GET", path, NULL), "members"), 1);
	refused(scim("PATCH", path, "{'Operations':[{'op':'add','path':'members','value':[{'value':'nobody'}]}]}"), 400, "invalidValue",
		"\"nobody\" is no member's id");
	EXPECT(scim("DELETE", path, NULL), 204, NULL);
	assert_null(api_text(scim("GET", api_format("/Users/%s", ada), NULL), "groups/0/display"));
}

/* ---- discovery, and whose it is ---- */

/* ---- many at once ---- */

static struct answer bulk(const char *operations)
{
	struct answer answer = scim("POST", "/Bulk", api_format("{'schemas':['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],%s}", operations));

	if (answer.status != 200)
		fail_msg("%d: %s", answer.status, answer.text);
	assert_string_equal(api_text(answer, "schemas/0"), "urn:ietf:params:scim:api:messages:2.0:BulkResponse");
	return answer;
}

/* The statuses in the order of the answer, with blanks between. */
static const char *statuses(struct answer answer)
{
	const char *all = "";

	for (size_t i = 0; i < api_count(answer, "Operations"); i++)
		all = api_format("%s%s ", all, api_text(answer, api_format("Operations/%zu/status", i)));
	return all;
}

static const char *id_at(struct answer answer, size_t which)
{
	const char *location = api_text(answer, api_format("Operations/%zu/location", which));

	assert_non_null(location);
	return strrchr(location, '/') + 1;
}

static void many_at_once_refer_to_each_other(void **state)
{
	struct answer answer, group;
	const char *ann, *ben;

	(void)state;
	/* Forwards: the group stands before its members; and what is changed stands behind what was made. */
	answer = bulk("'Operations':["
		      "{'method':'POST','path':'/Groups','bulkId':'g','data':{'displayName':'bulk','members':[{'value':'bulkId:a'},{'value':'bulkId:b'}]}},"
		      "{'method':'post','path':'Users','bulkId':'a','data':{'userName':'ann@bulk.example','externalId':'ann'}},"
		      "{'method':'POST','path':'/Users','bulkId':'b','data':{'userName':'ben@bulk.example',"
		      "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':{'manager':{'value':'bulkId:a'}}}},"
		      "{'method':'PATCH','path':'/Users/bulkId:a','data':{'Operations':[{'op':'add','path':'title','value':'T'}]}}]");
	assert_string_equal(statuses(answer), "201 201 201 200 ");
	assert_string_equal(api_text(answer, "Operations/0/bulkId"), "g");
	assert_string_equal(api_text(answer, "Operations/1/version"), "W/\"1\"");
	assert_string_equal(api_text(answer, "Operations/3/version"), "W/\"2\"");
	ann = id_at(answer, 1);
	ben = id_at(answer, 2);
	assert_string_equal(api_text(scim("GET", api_format("/Users/%s", ann), NULL), "title"), "T");
	assert_string_equal(api_text(scim("GET", api_format("/Users/%s", ben), NULL),
				     "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value"),
			    ann);
	group = scim("GET", api_format("/Groups/%s", id_at(answer, 0)), NULL);
	assert_int_equal(api_count(group, "members"), 2);

	/* Who comes back has the id that they had, and whoever refers to them means that one. */
	answer = bulk(api_format("'Operations':[{'method':'DELETE','path':'/Users/%s'}]", ann));
	assert_string_equal(statuses(answer), "204 ");
	answer = bulk("'Operations':[{'method':'POST','path':'/Groups','bulkId':'g','data':{'displayName':'again','members':[{'value':'bulkId:a'}]}},"
		      "{'method':'POST','path':'/Users','bulkId':'a','data':{'userName':'ann@bulk.example','externalId':'ann'}}]");
	assert_string_equal(statuses(answer), "201 201 ");
	assert_string_equal(id_at(answer, 1), ann);
	assert_string_equal(api_text(scim("GET", api_format("/Groups/%s", id_at(answer, 0)), NULL), "members/0/value"), ann);

	/* A circle. */
	answer = bulk("'Operations':[{'method':'POST','path':'/Groups','bulkId':'x','data':{'displayName':'round x','members':[{'value':'bulkId:y'}]}},"
		      "{'method':'POST','path':'/Groups','bulkId':'y','data':{'displayName':'round y','members':[{'value':'bulkId:x'}]}}]");
	assert_string_equal(statuses(answer), "201 201 ");
	assert_string_equal(api_text(scim("GET", api_format("/Groups/%s", id_at(answer, 0)), NULL), "members/0/value"), id_at(answer, 1));
	assert_string_equal(api_text(scim("GET", api_format("/Groups/%s", id_at(answer, 1)), NULL), "members/0/value"), id_at(answer, 0));
}

static void one_that_is_refused_leaves_nothing(void **state)
{
	const char *before = api_sql("SELECT count(*)::text FROM scim_groups"), *due;
	struct answer answer, narrow;
	const char *id = create_user("bulk.taken@acme.example");

	(void)state;
	/* The second is refused, and so is whoever needs it; the others are done. */
	answer = bulk(api_format("'Operations':[{'method':'POST','path':'/Users','bulkId':'1','data':{'userName':'bulk.one@acme.example'}},"
				 "{'method':'POST','path':'/Users','bulkId':'2','data':{'userName':'bulk.TAKEN@acme.example'}},"
				 "{'method':'POST','path':'/Groups','bulkId':'3','data':{'displayName':'needs two','members':[{'value':'bulkId:2'}]}},"
				 "{'method':'PUT','path':'/Users/%s','version':'W/\\'9\\'','data':{'userName':'bulk.taken@acme.example'}},"
				 "{'method':'DELETE','path':'/Users/00000000-0000-0000-0000-000000000001'},"
				 "{'method':'GET','path':'/Users'},{'method':'POST','path':'/Users','data':{}},"
				 "{'method':'POST','path':'/Groups','bulkId':'1','data':{}},"
				 "{'method':'PATCH','path':'/Users/bulkId:9','data':{}},"
				 "{'method':'POST','path':'/Users','bulkId':'5','data':{'userName':'bulk.five@acme.example'}}]",
				 id));
	assert_string_equal(statuses(answer), "201 409 400 412 404 400 400 400 400 201 ");
	assert_string_equal(api_text(answer, "Operations/1/response/scimType"), "uniqueness");
	assert_string_equal(api_text(answer, "Operations/2/response/scimType"), "invalidValue");
	assert_non_null(strstr(api_text(answer, "Operations/2/response/detail"), "whose operation was refused"));
	assert_null(api_text(answer, "Operations/1/location"));
	assert_string_equal(id_at(answer, 3), id);
	assert_string_equal(api_text(answer, "Operations/5/response/scimType"), "invalidPath");
	assert_string_equal(api_sql("SELECT count(*)::text FROM scim_groups"), before);
	/* In a circle all of it goes, what was done already too. */
	due = api_sql("SELECT count(*)::text FROM scim_due");
	answer = bulk("'Operations':[{'method':'POST','path':'/Groups','bulkId':'x','data':{'displayName':'torn','members':[{'value':'bulkId:y'}]}},"
		      "{'method':'POST','path':'/Groups','bulkId':'y','data':{'members':[{'value':'bulkId:x'}]}}]");
	assert_string_equal(statuses(answer), "400 400 ");
	assert_null(api_text(answer, "Operations/0/location"));
	assert_string_equal(api_sql("SELECT count(*)::text FROM scim_groups"), before);
	assert_string_equal(api_sql("SELECT count(*)::text FROM scim_due"), due);
	/* Enough errors end it. */
	answer = bulk("'failOnErrors':2,'Operations':[{'method':'POST','path':'/Users','bulkId':'1','data':{}},"
		      "{'method':'POST','path':'/Users','bulkId':'2','data':{'userName':'bulk.two@acme.example'}},"
		      "{'method':'POST','path':'/Shoes','bulkId':'3','data':{}},"
		      "{'method':'POST','path':'/Users','bulkId':'4','data':{'userName':'bulk.four@acme.example'}}]");
	assert_string_equal(statuses(answer), "400 201 400 ");
	assert_int_equal(api_int(find("Users", "userName eq 'bulk.four@acme.example'"), "totalResults"), 0);

	refused(scim("POST", "/Bulk", "{'Operations':7}"), 400, "invalidSyntax", "\"Operations\", an array, is expected");
	refused(scim("POST", "/Bulk", "{'Operations':[],'failOnErrors':'x'}"), 400, "invalidValue", "\"failOnErrors\"");
	refused(scim("POST", "/Bulk", "[]"), 400, "invalidSyntax", "");
	/* What a token may not do by itself it may not do here. */
	narrow = api_call(acme.tokens[ADMIN], "POST", "/v1/organisations/acme/connections/okta/tokens",
			  body_of("{'name':'narrow','scopes':['scim:read','scim:users']}"));
	answer = api_call(api_text(narrow, "token"), "POST", api_format("/scim/v2/%s/Bulk", connection),
			  body_of("{'Operations':[{'method':'POST','path':'/Groups','bulkId':'1','data':{'displayName':'n'}},"
				  "{'method':'POST','path':'/Users','bulkId':'2','data':{'userName':'bulk.narrow@acme.example'}}]}"));
	assert_string_equal(statuses(answer), "403 201 ");
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE",
			api_format("/v1/organisations/acme/connections/okta/tokens/%s", api_text(narrow, "id")), NULL),
	       204, NULL);
}

static void too_many_at_once(void **state)
{
	struct buffer body;

	(void)state;
	buffer_open(&body, MB(1));
	buffer_text(&body, "{'Operations':[7");
	for (int i = 0; i < 1000; i++)
		buffer_text(&body, ",7");
	buffer_text(&body, "]}");
	refused(scim("POST", "/Bulk", body.bytes), 413, NULL, "there are 1001 operations; at most 1000");
	/* As many as may be, each needing the one behind it. */
	buffer_reset(&body);
	buffer_text(&body, "{'Operations':[");
	for (int i = 0; i < 1000; i++)
		buffer_format(&body, "%s{'method':'POST','path':'/Groups','bulkId':'%d','data':{'displayName':'chain %d','members':[{'value':'bulkId:%d'}]}}",
			      i ? "," : "", i, i, i < 999 ? i + 1 : i);
	buffer_text(&body, "]}");
	assert_int_equal(api_count(scim("POST", "/Bulk", body.bytes), "Operations"), 1000);
	assert_int_equal(api_int(find("Groups", "displayName sw 'chain '"), "totalResults"), 1000);
	buffer_close(&body);
}

static void it_describes_itself(void **state)
{
	struct answer answer = scim("GET", "/ServiceProviderConfig", NULL);

	(void)state;
	EXPECT(answer, 200, NULL);
	assert_true(api_bool(answer, "patch/supported"));
	assert_int_equal(api_int(answer, "filter/maxResults"), 500);
	answer = scim("GET", "/Schemas", NULL);
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_int(answer, "totalResults"), 3);
	assert_string_equal(api_text(answer, "Resources/0/attributes/0/name"), "userName");
	assert_string_equal(api_text(answer, "Resources/0/attributes/0/uniqueness"), "server");
	answer = scim("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group", NULL);
	assert_string_equal(api_text(answer, "name"), "Group");
	assert_int_equal(api_int(scim("GET", "/ResourceTypes", NULL), "totalResults"), 2);
	assert_string_equal(api_text(scim("GET", "/ResourceTypes/User", NULL), "schema"), "urn:ietf:params:scim:schemas:core:2.0:User");
	refused(scim("GET", "/Schemas/urn:nothing", NULL), 404, NULL, "there is no schema");
}

/* ---- which run took it ---- */

static const char *asked_run(void)
{
	return api_sql(api_format("INSERT INTO runs (organisation, id, connection, state, scope, asked_by) SELECT organisation, gen_random_uuid(), id, "
				  "'asked', 'named', 'push' FROM connections WHERE id = '%s' RETURNING id::text",
				  connection));
}

static void run_takes(const char *run)
{
	struct scim_source source;
	struct id id;
	struct tx *tx = NULL;
	struct error e;

	assert_int_equal(id_parse(run, &id), 0);
	assert_int_equal(id_parse(connection, &source.connection), 0);
	assert_int_equal(id_parse(api_sql("SELECT organisation::text FROM organisations WHERE slug = 'acme'"), &source.organisation), 0);
	if (tx_begin(api_store(), STORE_WORKER, &tx, &e) < 0 || tx_for(tx, &source.organisation, &e) < 0 || scim_due_take(tx, &source, &id, &e) < 0 ||
	    tx_commit(&tx, &e) < 0)
		fail_msg("%s", e.text);
}

/* By the names of those whom the last requests made. */
static void took(const char *name, const char *run)
{
	struct answer trace = api_call(acme.tokens[ADMIN], "GET", "/v1/organisations/acme/connections/okta/trace?limit=20", NULL);

	EXPECT(trace, 200, NULL);
	for (size_t i = 0; i < api_count(trace, "items"); i++)
		if (strstr(api_text(trace, api_format("items/%zu/target", i)), name)) {
			assert_string_equal(api_text(trace, api_format("items/%zu/run", i)), run);
			return;
		}
	fail_msg("%s is not traced", name);
}

/* A run takes its most; what it saw and left is the next one's. */
static void a_push_is_of_the_run_that_took_all_of_it(void **state)
{
	const char *first, *second, *early = create_user("early@acme.example"), *late = create_user("late@acme.example"), *group;

	(void)state;
	group = api_text(scim("POST", "/Groups", "{'displayName':'Taken'}"), "id");
	api_sql(api_format("DELETE FROM scim_due WHERE connection = '%s'", connection));
	EXPECT(scim("DELETE", api_format("/Users/%s", early), NULL), 204, NULL);
	api_sql(api_format("INSERT INTO scim_due (organisation, connection, kind, id) SELECT organisation, id, 'user', gen_random_uuid() FROM "
			   "connections, generate_series(1, %d) WHERE id = '%s'",
			   SCIM_DUE_MOST - 2, connection));
	/* Two rows, of which the first run takes one. */
	EXPECT(scim("PATCH", api_format("/Groups/%s", group),
		    api_format("{'Operations':[{'op':'add','path':'members','value':[{'value':'%s'},{'value':'00000000-0000-4000-8000-00000000000a'}]}]}",
			       late)),
	       204, NULL);
	EXPECT(scim("DELETE", api_format("/Users/%s", late), NULL), 204, NULL);
	first = asked_run();
	run_takes(first);
	second = asked_run();
	run_takes(second);
	api_await(api_format("SELECT count(*)::text FROM scim_trace WHERE connection = '%s' AND target = '/Users/%s' AND method = 'DELETE'", connection, late), "1");
	took(early, first);
	took(group, second);
	took(late, second);
	assert_string_equal(api_sql(api_format("SELECT count(*)::text FROM scim_due WHERE run = '%s'", first)), api_format("%d", SCIM_DUE_MOST));
}

static void another_organisation_sees_nothing(void **state)
{
	const char *theirs = api_text(api_call(other.tokens[ADMIN], "GET", "/v1/organisations/other/connections/okta", NULL), "id");
	struct answer answer = api_call(other_token, "GET", api_format("/scim/v2/%s/Users", theirs), NULL);

	(void)state;
	EXPECT(answer, 200, NULL);
	assert_int_equal(api_int(answer, "totalResults"), 0);
}

static void a_suspended_organisation_takes_no_push(void **state)
{
	(void)state;
	EXPECT(api_call(NULL, "PATCH", "/v1/organisations/acme", body_of("{'state':'suspended'}")), 200, NULL);
	refused(scim("GET", "/Users", NULL), 403, NULL, "nothing can be pushed while the organisation is suspended");
	EXPECT(api_call(NULL, "PATCH", "/v1/organisations/acme", body_of("{'state':'active'}")), 200, NULL);
}

static void what_goes_with_the_connection(void **state)
{
	(void)state;
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", "/v1/organisations/acme/connections/okta", NULL), 204, NULL);
	/* In the bin: it keeps what it knew, for the day it is brought back, and says nothing. */
	refused(scim("GET", "/Users", NULL), 401, NULL,
		"this connection was deleted; its people are no longer yours to say anything about");
	assert_string_equal(api_sql(api_format("SELECT state FROM connections WHERE id = '%s'", connection)), "deleted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_for_its_connection_alone),
		cmocka_unit_test(tokens_are_rotated_two_at_a_time),
		cmocka_unit_test(clients_fetch_tokens_that_soon_end),
		cmocka_unit_test(who_was_here_before_is_let_in_no_longer_than_that),
		cmocka_unit_test(okta_tests_its_connector),
		cmocka_unit_test(case_is_not_only_asciis),
		cmocka_unit_test(okta_deactivates_and_returns),
		cmocka_unit_test(entra_provisions),
		cmocka_unit_test(versions_guard_changes),
		cmocka_unit_test(bodies_that_are_none),
		cmocka_unit_test(what_is_kept_has_limits),
		cmocka_unit_test(bodies_that_are_too_large),
		cmocka_unit_test(no_word_about_active_is_none),
		cmocka_unit_test(only_tags_are_tags),
		cmocka_unit_test(sent_again),
		cmocka_unit_test(filters_find_whom_they_mean),
		cmocka_unit_test(pages_and_order),
		cmocka_unit_test(what_a_body_is_said_to_be),
		cmocka_unit_test(cursors_go_on_behind_what_was_shown),
		cmocka_unit_test(groups_are_changed_without_being_read),
		cmocka_unit_test(many_at_once_refer_to_each_other),
		cmocka_unit_test(one_that_is_refused_leaves_nothing),
		cmocka_unit_test(too_many_at_once),
		cmocka_unit_test(it_describes_itself),
		cmocka_unit_test(a_push_is_of_the_run_that_took_all_of_it),
		cmocka_unit_test(another_organisation_sees_nothing),
		cmocka_unit_test(a_suspended_organisation_takes_no_push),
		cmocka_unit_test(what_goes_with_the_connection),
	};
	return cmocka_run_group_tests(tests, set_up, api_stop);
}
