#include "peers/vendor/google_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "peers/vendor/jwt.h"
#include "peers/vendor/people.h"
#include "peers/vendor/server.h"

enum { TOKENS_MOST = 256, FIELD_MOST = 16384, SKEW_S = 300 };

#define SCOPES "https://www.googleapis.com/auth/"

static const char *account = "rosterd@acme-123.iam.gserviceaccount.com";
static EVP_PKEY *account_key;
static bool has_key = true;
static long life_s = 3600;
static char granted[1024] = " user.readonly group.readonly group.member.readonly reports.audit.readonly ";

static struct token {
	char text[64], scope[1024];
	int64_t ends_ms;
} tokens[TOKENS_MOST];
static unsigned token_count;

static void refuse(struct vendor_reply *reply, int status, const char *word, const char *words)
{
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", word, words);
}

/* ---- what the service account shows ---- */

static const char *time_fault(const struct jwt *jwt)
{
	int64_t now = vendor_now_ms() / 1000;
	long long begins = jwt_number(jwt->claims, "iat"), ends = jwt_number(jwt->claims, "exp");

	if (begins < 0 || ends <= begins || ends > begins + 3600 || ends <= now || begins > now + SKEW_S)
		return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
		       "timeframe. Check your iat and exp values in the JWT claim.";
	return NULL;
}

static const char *grant_fault(const char *assertion, const struct jwt *jwt,
			       bool (*is_administrator)(const char *address))
{
	char url[256];

	snprintf(url, sizeof(url), "%s/token", vendor_base());
	if (strcmp(jwt_text(jwt->claims, "iss"), account) != 0)
		return "Invalid grant: account not found";
	if (strcmp(jwt_text(jwt->header, "alg"), "RS256") != 0 || !has_key ||
	    !jwt_is_signed_by(assertion, jwt, account_key))
		return "Invalid JWT Signature.";
	if (strcmp(jwt_text(jwt->claims, "aud"), url) != 0)
		return "Invalid JWT: Failed audience check.";
	if (time_fault(jwt))
		return time_fault(jwt);
	return is_administrator(jwt_text(jwt->claims, "sub")) ? NULL : "Invalid email or User ID";
}

/* Every scope must stand in the delegation, exactly; one that is none at all is another error. */
static const char *scope_fault(const char *scopes)
{
	char text[1024], *rest = text, *word;
	const char *why = scopes[0] ? NULL : "invalid_scope";

	snprintf(text, sizeof(text), "%s", scopes);
	while (!why && (word = strsep(&rest, " "))) {
		char wanted[256];
		const char *name = text_begins(word, SCOPES "admin.directory.")
					   ? word + strlen(SCOPES "admin.directory.")
				   : text_begins(word, SCOPES "admin.reports.")
					   ? word + strlen(SCOPES "admin.")
					   : NULL;

		if (!name)
			return "invalid_scope";
		snprintf(wanted, sizeof(wanted), " %.200s ", name);
		if (!strstr(granted, wanted))
			why = "unauthorized_client";
	}
	return why;
}

/* ---- giving ---- */

static void give(struct vendor_reply *reply, const char *scope)
{
	struct token *token = &tokens[token_count++ % TOKENS_MOST];

	snprintf(token->text, sizeof(token->text), "ya29.%016llx.%u",
		 (unsigned long long)sim_hash(token_count), token_count);
	snprintf(token->scope, sizeof(token->scope), " %s ", scope);
	token->ends_ms = vendor_now_ms() + life_s * 1000;
	buffer_format(&reply->body, "{\"access_token\":\"%s\",\"expires_in\":%ld,\"token_type\":\"Bearer\"}",
		      token->text, life_s - 1);
}

void google_token_give(const struct vendor_request *request, struct vendor_reply *reply,
		       bool (*is_administrator)(const char *address))
{
	char assertion[FIELD_MOST], grant[128];
	const char *why;
	struct jwt jwt;

	vendor_form(request, "assertion", assertion, sizeof(assertion));
	vendor_form(request, "grant_type", grant, sizeof(grant));
	if (strcmp(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer") != 0)
		return refuse(reply, 400, "unsupported_grant_type", "Invalid grant_type");
	if (!jwt_open(assertion, &jwt))
		return refuse(reply, 400, "invalid_grant", "Bad Request");
	why = grant_fault(assertion, &jwt, is_administrator);
	if (why) {
		refuse(reply, 400, "invalid_grant", why);
	} else if ((why = scope_fault(jwt_text(jwt.claims, "scope")))) {
		if (strcmp(why, "unauthorized_client") == 0)
			refuse(reply, 401, why,
			       "Client is unauthorized to retrieve access tokens using this method, or "
			       "client "
			       "not authorized for any of the scopes requested.");
		else
			refuse(reply, 400, why, "Invalid OAuth scope or ID token audience provided.");
	} else {
		give(reply, jwt_text(jwt.claims, "scope"));
	}
	jwt_close(&jwt);
}

/* ---- checking ---- */

enum google_verdict google_token_check(const struct vendor_request *request, const char *scope)
{
	const char *authorization = vendor_header(request, "Authorization");
	char wanted[256];

	if (!authorization || !text_begins(authorization, "Bearer "))
		return GOOGLE_MISSING;
	snprintf(wanted, sizeof(wanted), " " SCOPES "admin.%s%s ",
		 text_begins(scope, "reports.") ? "" : "directory.", scope);
	for (size_t i = 0; i < TOKENS_MOST; i++)
		if (tokens[i].text[0] && strcmp(tokens[i].text, authorization + strlen("Bearer ")) == 0 &&
		    tokens[i].ends_ms > vendor_now_ms())
			return strstr(tokens[i].scope, wanted) ? GOOGLE_GOOD : GOOGLE_INSUFFICIENT;
	return GOOGLE_INVALID;
}

/* ---- options and what is told ---- */

static bool read_key(const char *path)
{
	char pem[8192] = "";
	FILE *file = fopen(path, "re");

	if (file && fread(pem, 1, sizeof(pem) - 1, file) > 0)
		account_key = jwt_key_of_pem(pem);
	if (file)
		fclose(file);
	return account_key != NULL;
}

bool google_token_option(const char *name, const char *value)
{
	if (strcmp(name, "--account") == 0)
		return account = value, true;
	if (strcmp(name, "--life") == 0)
		return life_s = atol(value), true;
	return strcmp(name, "--account-key") == 0 && read_key(value);
}

bool google_token_tell(char **words, size_t count)
{
	if (strcmp(words[0], "expire") == 0)
		return memset(tokens, 0, sizeof(tokens)), true;
	if (strcmp(words[0], "key") == 0 && count == 2)
		return has_key = strcmp(words[1], "yes") == 0, true;
	if (strcmp(words[0], "scopes") == 0) {
		snprintf(granted, sizeof(granted), " ");
		for (size_t i = 1; i < count; i++)
			snprintf(granted + strlen(granted), sizeof(granted) - strlen(granted), "%.100s ",
				 words[i]);
		return true;
	}
	return false;
}
