#include "peers/vendor/entra_token.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "peers/vendor/jwt.h"
#include "peers/vendor/people.h"

enum { TOKENS_MOST = 256, SEEN_MOST = 65536, FIELD_MOST = 16384 };

#define TOKEN_PATH "/oauth2/v2.0/token"

static const char *tenant = "84bd8158-6d4d-4958-8b9f-9d6445542f95", *domain = "acme.example";
static const char *client = "535fb089-9ff3-47b6-9bfb-4f1264799865";
static char secret[256] = "qWgdYAmab0YSkuL1qKv5bPX";
static bool secret_expired, kept_out;
static EVP_PKEY *client_key;
static char thumbprint[44];
static long life_s = 3599;
static char granted[512] = " User.Read.All GroupMember.Read.All ";

static struct token {
	char text[64], permissions[512];
	int64_t ends_ms;
} tokens[TOKENS_MOST];
static unsigned token_count;

static char *seen[SEEN_MOST]; /* jti: each may come once */
static size_t seen_count;

static bool is_new(const char *id)
{
	for (size_t i = 0; i < seen_count; i++)
		if (strcmp(seen[i], id) == 0)
			return false;
	if (seen_count < SEEN_MOST)
		seen[seen_count++] = strdup(id);
	return true;
}

static void refuse(struct vendor_reply *reply, int status, const char *word, int code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void refuse(struct vendor_reply *reply, int status, const char *word, int code, const char *fmt, ...)
{
	char words[512], text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	snprintf(text, sizeof(text),
		 "AADSTS%d: %s Trace ID: 255d1aef-8c98-452f-ac51-23d051240864 Correlation ID: "
		 "fb3d2015-bc17-4bb9-bb85-30c5cf1aaaa7 Timestamp: 2026-11-29 02:02:12Z",
		 code, words);
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"error\":\"%s\",\"error_description\":", word);
	vendor_put_quoted(&reply->body, text);
	buffer_format(
		&reply->body,
		",\"error_codes\":[%d],\"timestamp\":\"2026-11-29 02:02:12Z\",\"trace_id\":\"255d1aef-8c98-"
		"452f-ac51-23d051240864\",\"correlation_id\":\"fb3d2015-bc17-4bb9-bb85-30c5cf1aaaa7\"}",
		code);
}

/* ---- what the client proves ---- */

static void check_assertion(const struct vendor_request *request, struct vendor_reply *reply,
			    const char *text)
{
	int64_t now = vendor_now_ms() / 1000;
	char url[512];
	struct jwt jwt;

	snprintf(url, sizeof(url), "%s%s", vendor_base(), request->path);
	if (!jwt_open(text, &jwt)) {
		refuse(reply, 401, "invalid_client", 50027, "JWT token is invalid or malformed.");
		return;
	}
	if (!client_key || strcmp(jwt_text(jwt.header, "x5t#S256"), thumbprint) != 0)
		refuse(reply, 401, "invalid_client", 700027,
		       "The certificate with identifier used to sign the client assertion is not registered "
		       "on "
		       "application.");
	else if (strcmp(jwt_text(jwt.header, "alg"), "PS256") != 0 ||
		 !jwt_is_signed_by(text, &jwt, client_key))
		refuse(reply, 401, "invalid_client", 700027, "Client assertion failed signature validation.");
	else if (strcmp(jwt_text(jwt.claims, "aud"), url) != 0)
		refuse(reply, 401, "invalid_client", 700023,
		       "Client assertion audience claim does not match Realm issuer.");
	else if (strcmp(jwt_text(jwt.claims, "iss"), client) != 0 ||
		 strcmp(jwt_text(jwt.claims, "sub"), client) != 0)
		refuse(reply, 401, "invalid_client", 700021,
		       "Client assertion application identifier doesn't match 'client_id' parameter.");
	else if (jwt_number(jwt.claims, "exp") <= now || jwt_number(jwt.claims, "nbf") > now + 300)
		refuse(reply, 401, "invalid_client", 700024,
		       "Client assertion is not within its valid time range.");
	else if (!jwt_text(jwt.claims, "jti")[0] || !is_new(jwt_text(jwt.claims, "jti")))
		refuse(reply, 401, "invalid_client", 700025, "Client assertion was used before.");
	jwt_close(&jwt);
}

static void check_client(const struct vendor_request *request, struct vendor_reply *reply)
{
	char given_secret[256], assertion[FIELD_MOST], type[128];

	vendor_form(request, "client_secret", given_secret, sizeof(given_secret));
	vendor_form(request, "client_assertion", assertion, sizeof(assertion));
	vendor_form(request, "client_assertion_type", type, sizeof(type));
	if (strcmp(type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") == 0)
		check_assertion(request, reply, assertion);
	else if (!given_secret[0])
		refuse(reply, 401, "invalid_client", 7000218,
		       "The request body must contain the following parameter: 'client_assertion' or "
		       "'client_secret'.");
	else if (strcmp(given_secret, secret) != 0)
		refuse(reply, 401, "invalid_client", 7000215,
		       "Invalid client secret provided. Ensure the secret being sent in the request is the "
		       "client "
		       "secret value, not the client secret ID, for a secret added to app '%s'.",
		       client);
	else if (secret_expired)
		refuse(reply, 401, "invalid_client", 7000222,
		       "The provided client secret keys for app '%s' are expired.", client);
}

/* ---- giving ---- */

const char *entra_token_tenant(void)
{
	return tenant;
}

bool entra_token_is_here(const char *path)
{
	size_t length = strlen(path), end = strlen(TOKEN_PATH);

	return length > end + 1 && strcmp(path + length - end, TOKEN_PATH) == 0 &&
	       !memchr(path + 1, '/', length - end - 1);
}

static void give(struct vendor_reply *reply)
{
	struct token *token = &tokens[token_count++ % TOKENS_MOST];

	snprintf(token->text, sizeof(token->text), "eyJ0b2tlbg.%016llx.%u",
		 (unsigned long long)sim_hash(token_count), token_count);
	snprintf(token->permissions, sizeof(token->permissions), "%s", granted);
	token->ends_ms = vendor_now_ms() + life_s * 1000;
	vendor_reply_header(reply, "Cache-Control", "no-store");
	buffer_format(&reply->body,
		      "{\"token_type\":\"Bearer\",\"expires_in\":%ld,\"ext_expires_in\":%ld,\"access_token\":"
		      "\"%s\"}",
		      life_s, life_s, token->text);
}

void entra_token_give(const struct vendor_request *request, struct vendor_reply *reply)
{
	size_t length = strlen(request->path) - strlen(TOKEN_PATH) - 1;
	char named[128], grant[128], scope[512], id[128], wanted[128];

	snprintf(named, sizeof(named), "%.*s", (int)length, request->path + 1);
	vendor_form(request, "grant_type", grant, sizeof(grant));
	vendor_form(request, "scope", scope, sizeof(scope));
	vendor_form(request, "client_id", id, sizeof(id));
	snprintf(wanted, sizeof(wanted), "%s/.default", vendor_base());
	if (strcmp(named, tenant) != 0 && strcmp(named, domain) != 0)
		return refuse(
			reply, 400, "invalid_request", 90002,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID and are "
			"signing into the correct cloud.",
			named);
	if (strcmp(grant, "client_credentials") != 0)
		return refuse(reply, 400, "unsupported_grant_type", 70003,
			      "The grant type is not supported.");
	if (strcmp(id, client) != 0)
		return refuse(reply, 400, "unauthorized_client", 700016,
			      "Application with identifier '%s' was not found in the directory 'Acme'.", id);
	if (strcmp(scope, wanted) != 0)
		return refuse(reply, 400, "invalid_scope", 1002012,
			      "The provided value for scope is not valid.");
	check_client(request, reply);
	if (reply->status != 200)
		return;
	if (kept_out)
		return refuse(reply, 400, "invalid_grant", 53003,
			      "Access has been blocked by Conditional Access policies.");
	give(reply);
}

/* ---- checking ---- */

enum entra_verdict entra_token_check(const struct vendor_request *request, const char *const *permissions)
{
	const char *authorization = vendor_header(request, "Authorization");
	const struct token *token = NULL;

	for (size_t i = 0; authorization && i < TOKENS_MOST; i++)
		if (tokens[i].text[0] && strncmp(authorization, "Bearer ", 7) == 0 &&
		    strcmp(tokens[i].text, authorization + 7) == 0 && tokens[i].ends_ms > vendor_now_ms())
			token = &tokens[i];
	if (!token)
		return ENTRA_INVALID;
	for (; *permissions; permissions++) {
		char wanted[128];

		snprintf(wanted, sizeof(wanted), " %s ", *permissions);
		if (strstr(token->permissions, wanted))
			return ENTRA_GOOD;
	}
	return ENTRA_DENIED;
}

static bool read_certificate(const char *path)
{
	char pem[8192] = "";
	FILE *file = fopen(path, "re");

	if (file && fread(pem, 1, sizeof(pem) - 1, file) > 0)
		client_key = jwt_key_of_certificate(pem, thumbprint);
	if (file)
		fclose(file);
	return client_key != NULL;
}

bool entra_token_option(const char *name, const char *value)
{
	if (strcmp(name, "--tenant") == 0)
		return tenant = value, true;
	if (strcmp(name, "--domain") == 0)
		return domain = value, true;
	if (strcmp(name, "--client") == 0)
		return client = value, true;
	if (strcmp(name, "--life") == 0)
		return life_s = atol(value), true;
	if (strcmp(name, "--secret") == 0)
		return snprintf(secret, sizeof(secret), "%s", value) > 0;
	return strcmp(name, "--client-certificate") == 0 && read_certificate(value);
}

bool entra_token_tell(char **words, size_t count)
{
	if (strcmp(words[0], "expire") == 0) {
		memset(tokens, 0, sizeof(tokens));
		return true;
	}
	if (strcmp(words[0], "secret") == 0 && count == 2)
		return snprintf(secret, sizeof(secret), "%s", words[1]) > 0;
	if (strcmp(words[0], "secret-expired") == 0 && count == 2)
		return secret_expired = strcmp(words[1], "yes") == 0, true;
	if (strcmp(words[0], "policy") == 0 && count == 2)
		return kept_out = strcmp(words[1], "yes") == 0, true;
	if (strcmp(words[0], "permissions") != 0)
		return false;
	strcpy(granted, " ");
	for (size_t i = 1; i < count; i++)
		snprintf(granted + strlen(granted), sizeof(granted) - strlen(granted), "%s ", words[i]);
	return true;
}
