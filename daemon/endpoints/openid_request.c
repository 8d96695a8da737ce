#include "endpoints/openid_request.h"

#include <stddef.h>
#include <string.h>

#include "base/crypt.h"
#include "base/text.h"
#include "endpoints/return_to.h"

const char *const openid_scopes[] = { "openid", "profile", "email", "offline_access", NULL };

#define AT(member) offsetof(struct openid_request, member)
static const struct parameter {
	const char *name;
	size_t offset;
	bool returns; /* it is part of what somebody comes back with who was sent to sign on */
} parameters[] = {
	{ "client_id", AT(client_id), true },
	{ "redirect_uri", AT(redirect_uri), true },
	{ "response_type", AT(response_type), true },
	{ "response_mode", AT(response_mode), true },
	{ "scope", AT(scope), true },
	{ "state", AT(state), true },
	{ "nonce", AT(nonce), true },
	{ "code_challenge", AT(code_challenge), true },
	{ "code_challenge_method", AT(code_challenge_method), true },
	{ "prompt", AT(prompt), true },
	{ "max_age", AT(max_age), true },
	{ "login_hint", AT(login_hint), false },
	{ "id_token_hint", AT(id_token_hint), false },
	{ "organization", AT(organization), true },
	{ "request", AT(request), false },
	{ "request_uri", AT(request_uri), false },
	{ "registration", AT(registration), false },
	{ "asked", AT(asked), false },
};

static const char **value_of(struct openid_request *request, const struct parameter *parameter)
{
	return (const char **)((char *)request + parameter->offset);
}

static const struct parameter *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(parameters); i++)
		if (text_equal(parameters[i].name, name))
			return &parameters[i];
	return NULL;
}

int openid_request_read(struct arena *arena, const struct link_pair *fields, size_t count,
			struct openid_request *ret, struct error *e)
{
	struct openid_request *request = arena_take(arena, sizeof(*request));

	for (size_t i = 0; i < count; i++) {
		const struct parameter *parameter = find(fields[i].name);

		if (!parameter)
			continue; /* extensions that are not known are passed over (RFC 6749, 3.1) */
		if (*value_of(request, parameter))
			return error_set(e, ERROR_INPUT, "oauth.invalid_request", "\"%s\" came twice",
					 parameter->name);
		*value_of(request, parameter) = fields[i].value;
	}
	if (!request->client_id || !request->redirect_uri)
		return error_set(e, ERROR_INPUT, "oauth.invalid_request", "\"%s\" is missing",
				 request->client_id ? "redirect_uri" : "client_id");
	*ret = *request;
	return 0;
}

/* ---- what it means ---- */

static int invalid(struct error *e, const char *name, const char *expected)
{
	return error_set(e, ERROR_INPUT, "oauth.invalid_request",
			 "\"%s\" is not as it must be; %s is expected", name, expected);
}

/* Printable, and none of our business. */
static int check_opaque(const char *name, const char *value, struct error *e)
{
	if (!value || (strlen(value) <= OPENID_VALUE_MOST && text_is_printable(value, strlen(value))))
		return 0;
	return invalid(e, name, "a text of at most 512 bytes");
}

static int check_unsupported(const struct openid_request *r, struct error *e)
{
	if (r->request)
		return error_set(e, ERROR_INPUT, "oauth.request_not_supported",
				 "requests in signed objects are not taken");
	if (r->request_uri)
		return error_set(e, ERROR_INPUT, "oauth.request_uri_not_supported",
				 "requests by reference are not taken");
	if (r->registration)
		return error_set(e, ERROR_INPUT, "oauth.registration_not_supported",
				 "applications are made by the operator");
	if (!r->response_type)
		return invalid(e, "response_type", "\"code\"");
	if (!text_equal(r->response_type, "code"))
		return error_set(e, ERROR_INPUT, "oauth.unsupported_response_type",
				 "\"response_type\" must be \"code\"");
	if (r->response_mode && !text_equal(r->response_mode, "query"))
		return invalid(e, "response_mode", "\"query\", or none");
	return 0;
}

static bool is_base64url(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static int check_challenge(const struct openid_request *r, struct error *e)
{
	if (!r->code_challenge)
		return invalid(e, "code_challenge", "a challenge (PKCE, RFC 7636)");
	if (!text_equal(r->code_challenge_method, "S256"))
		return invalid(e, "code_challenge_method", "\"S256\"");
	if (strlen(r->code_challenge) != OPENID_CHALLENGE_SIZE || !is_base64url(r->code_challenge))
		return invalid(e, "code_challenge", "a SHA-256 in base64url");
	return 0;
}

/* Whether a list has this word; words stand with one blank between. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at && *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
			return true;
	return false;
}

/* What is not known is left out, and the application is told what it has. */
static int read_scopes(struct arena *arena, struct openid_request *r, struct error *e)
{
	const char **known = arena_array(arena, ARRAY_COUNT(openid_scopes), sizeof(*known));
	size_t count = 0;

	if (!r->scope || strlen(r->scope) > OPENID_VALUE_MOST || !has_word(r->scope, "openid"))
		return error_set(e, ERROR_INPUT, "oauth.invalid_scope",
				 "\"scope\" must have \"openid\", and at most 512 bytes");
	for (const char *const *scope = openid_scopes; *scope; scope++)
		if (has_word(r->scope, *scope))
			known[count++] = *scope;
	r->scopes = known;
	return 0;
}

static int read_prompt(struct openid_request *r, struct error *e)
{
	static const char *const words[] = { "none", "login", "consent", "select_account" };
	size_t known = 0, given = 0;

	if (!r->prompt)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		known += has_word(r->prompt, words[i]);
	for (const char *at = r->prompt; *at; at += strcspn(at, " "), at += strspn(at, " "))
		given++;
	r->silent = has_word(r->prompt, "none");
	r->anew = has_word(r->prompt, "login") || has_word(r->prompt, "select_account");
	if (known != given || known == 0 || (r->silent && given > 1))
		return invalid(e, "prompt", "\"none\", or \"login\", \"select_account\" and \"consent\"");
	return 0;
}

static int read_max_age(struct openid_request *r, struct error *e)
{
	r->max_age_s = -1;
	if (r->max_age && (text_to_int64(r->max_age, &r->max_age_s) < 0 || r->max_age_s < 0 ||
			   r->max_age_s > OPENID_MAX_AGE_MOST))
		return invalid(e, "max_age", "a number of seconds");
	return 0;
}

static int check_organization(const struct openid_request *r, struct error *e)
{
	const char *slug = r->organization;

	if (!slug || (*slug && strlen(slug) <= 63 &&
		      slug[strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0'))
		return 0;
	return invalid(e, "organization", "the short name of an organisation, such as \"acme\"");
}

int openid_request_check(struct arena *arena, struct openid_request *r, struct error *e)
{
	if (check_opaque("state", r->state, e) < 0) {
		r->state = NULL; /* it is not given back */
		return -1;
	}
	return check_opaque("nonce", r->nonce, e) < 0 || check_opaque("login_hint", r->login_hint, e) < 0 ||
			       check_unsupported(r, e) < 0 || read_scopes(arena, r, e) < 0 ||
			       check_challenge(r, e) < 0 || read_prompt(r, e) < 0 || read_max_age(r, e) < 0 ||
			       check_organization(r, e) < 0
		       ? -1
		       : 0;
}

/* ---- addresses ---- */

void openid_add(struct buffer *address, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_text(address, address->length > 0 && strchr(address->bytes, '?') ? "&" : "?");
	buffer_text(address, name);
	buffer_text(address, "=");
	buffer_percent(address, value);
}

const char *openid_request_address(struct arena *arena, const struct openid_request *request)
{
	__attribute__((cleanup(buffer_close))) struct buffer address;
	struct openid_request copy = *request;

	buffer_open(&address, RETURN_TO_MOST);
	buffer_text(&address, "/openid/authorize");
	for (size_t i = 0; i < ARRAY_COUNT(parameters); i++)
		if (parameters[i].returns)
			openid_add(&address, parameters[i].name, *value_of(&copy, &parameters[i]));
	return address.full ? NULL : arena_text(arena, address.bytes);
}

bool openid_is_one_of(const char *const *uris, const char *uri)
{
	for (; uris && *uris; uris++)
		if (text_equal(*uris, uri))
			return true;
	return false;
}

bool openid_is_verifier(const char *verifier, const char *challenge)
{
	size_t length = verifier ? strlen(verifier) : 0;
	uint8_t digest[CRYPT_DIGEST_SIZE], wanted[CRYPT_DIGEST_SIZE];

	if (length < OPENID_VERIFIER_LEAST || length > OPENID_VERIFIER_MOST ||
	    verifier[strspn(verifier,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")] != '\0')
		return false;
	crypt_sha256(verifier, length, digest);
	return text_unbase64url(challenge, strlen(challenge), wanted, sizeof(wanted)) == CRYPT_DIGEST_SIZE &&
	       crypt_digest_equal(digest, wanted);
}
