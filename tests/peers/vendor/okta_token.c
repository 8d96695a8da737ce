#include "peers/vendor/okta_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "peers/vendor/jwt.h"
#include "peers/vendor/people.h"
#include "peers/vendor/server.h"

enum { TOKENS_MOST = 256, SEEN_MOST = 65536, FIELD_MOST = 16384 };

static const char *client = "0oaclient";
static EVP_PKEY *client_key;
static bool bound;
static long life_s = 3600;
static char granted[512] = "okta.users.read okta.groups.read okta.logs.read";
static unsigned nonce_number = 1;

static struct token {
	char text[64], scope[512], thumbprint[44];
	int64_t ends_ms;
} tokens[TOKENS_MOST];
static unsigned token_count;

static char *seen[SEEN_MOST]; /* jti: each may come once */
static size_t seen_count;

static void nonce(char ret[32])
{
	snprintf(ret, 32, "nonce-%u", nonce_number);
}

static bool is_new(const char *id)
{
	for (size_t i = 0; i < seen_count; i++)
		if (strcmp(seen[i], id) == 0)
			return false;
	if (seen_count < SEEN_MOST)
		seen[seen_count++] = strdup(id);
	return true;
}

static void refuse(struct vendor_reply *reply, int status, const char *word, const char *words)
{
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_format(&reply->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", word, words);
}

/* ---- what the client proves ---- */

static const char *assertion_fault(const char *text)
{
	char url[256];
	int64_t now = vendor_now_ms() / 1000;
	const char *why = NULL;
	struct jwt jwt;

	snprintf(url, sizeof(url), "%s/oauth2/v1/token", vendor_base());
	if (!jwt_open(text, &jwt))
		return "The client_assertion is not a valid JWT.";
	if (!jwt_is_signed_by(text, &jwt, client_key))
		why = "The client_assertion signature is invalid.";
	else if (strcmp(jwt_text(jwt.claims, "aud"), url) != 0)
		why = "The audience claim for client_assertion must be the endpoint invoked for the request.";
	else if (strcmp(jwt_text(jwt.claims, "iss"), client) != 0 ||
		 strcmp(jwt_text(jwt.claims, "sub"), client) != 0)
		why = "The issuer or subject of the client_assertion is not the client.";
	else if (jwt_number(jwt.claims, "exp") <= now)
		why = "The client_assertion token is expired.";
	else if (jwt_number(jwt.claims, "exp") > now + 3600 || jwt_number(jwt.claims, "iat") > now + 300)
		why = "The client_assertion token has an expiration too far into the future.";
	else if (json_object_get(jwt.claims, "jti") && !is_new(jwt_text(jwt.claims, "jti")))
		why = "The client_assertion token has already been used.";
	jwt_close(&jwt);
	return why;
}

/* RFC 9449 section 4.3. NULL and the key's thumbprint, or why it is no proof. */
static const char *proof_fault(const char *proof, const char *method, const char *path, const char *token,
			       const char *wanted_nonce, char thumbprint[44])
{
	char url[1024], hash[44] = "";
	int64_t now = vendor_now_ms() / 1000;
	const char *why = NULL;
	EVP_PKEY *key;
	struct jwt jwt;

	snprintf(url, sizeof(url), "%s%s", vendor_base(), path);
	if (token)
		jwt_hash(token, hash);
	if (!proof || !jwt_open(proof, &jwt))
		return "The DPoP proof JWT header is missing.";
	key = jwt_key_of_jwk(json_object_get(jwt.header, "jwk"));
	if (strcmp(jwt_text(jwt.header, "typ"), "dpop+jwt") != 0 || !key ||
	    !jwt_is_signed_by(proof, &jwt, key))
		why = "The DPoP proof JWT is not signed by its key.";
	else if (strcmp(jwt_text(jwt.claims, "htm"), method) != 0 ||
		 strcmp(jwt_text(jwt.claims, "htu"), url) != 0)
		why = "The DPoP proof JWT is for another request.";
	else if (jwt_number(jwt.claims, "iat") < now - 300 || jwt_number(jwt.claims, "iat") > now + 300)
		why = "The DPoP proof JWT is not issued now.";
	else if (!jwt_text(jwt.claims, "jti")[0] || !is_new(jwt_text(jwt.claims, "jti")))
		why = "The DPoP proof JWT was used before.";
	else if (strcmp(jwt_text(jwt.claims, "ath"), hash) != 0)
		why = "The DPoP proof JWT is for another token.";
	else if (wanted_nonce && strcmp(jwt_text(jwt.claims, "nonce"), wanted_nonce) != 0)
		why = "nonce";
	if (!why)
		jwt_thumbprint(json_object_get(jwt.header, "jwk"), thumbprint);
	EVP_PKEY_free(key);
	jwt_close(&jwt);
	return why;
}

/* ---- giving ---- */

static bool is_granted(const char *scopes)
{
	char text[512], *rest = text, *word;

	snprintf(text, sizeof(text), "%s", scopes);
	while ((word = strsep(&rest, " "))) {
		char wanted[128], have[600];

		if (!*word)
			continue;
		snprintf(wanted, sizeof(wanted), " %.100s ", word);
		snprintf(have, sizeof(have), " %s ", granted);
		if (!strstr(have, wanted))
			return false;
	}
	return true;
}

static void give(struct vendor_reply *reply, const char *scope, const char *thumbprint)
{
	struct token *token = &tokens[token_count++ % TOKENS_MOST];

	snprintf(token->text, sizeof(token->text), "eyJ0b2tlbg.%016llx.%u",
		 (unsigned long long)sim_hash(token_count), token_count);
	snprintf(token->scope, sizeof(token->scope), "%s", scope);
	snprintf(token->thumbprint, sizeof(token->thumbprint), "%s", thumbprint);
	token->ends_ms = vendor_now_ms() + life_s * 1000;
	vendor_reply_header(reply, "Cache-Control", "no-store");
	buffer_format(&reply->body,
		      "{\"token_type\":\"%s\",\"expires_in\":%ld,\"access_token\":\"%s\",\"scope\":\"%s\"}",
		      thumbprint[0] ? "DPoP" : "Bearer", life_s, token->text, scope);
}

void okta_token_give(const struct vendor_request *request, struct vendor_reply *reply)
{
	char assertion[FIELD_MOST], type[128], grant[128], scope[512], wanted_nonce[32], thumbprint[44] = "";
	const char *why;

	vendor_form(request, "client_assertion", assertion, sizeof(assertion));
	vendor_form(request, "client_assertion_type", type, sizeof(type));
	vendor_form(request, "grant_type", grant, sizeof(grant));
	vendor_form(request, "scope", scope, sizeof(scope));
	nonce(wanted_nonce);
	if (strcmp(grant, "client_credentials") != 0)
		return refuse(reply, 400, "unsupported_grant_type",
			      "The authorization grant type is not supported.");
	if (strcmp(type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") != 0 || !client_key)
		return refuse(reply, 401, "invalid_client", "Client authentication failed.");
	why = assertion_fault(assertion);
	if (why)
		return refuse(reply, 401, "invalid_client", why);
	if (bound) {
		why = proof_fault(vendor_header(request, "DPoP"), "POST", request->path, NULL, wanted_nonce,
				  thumbprint);
		if (why)
			vendor_reply_header(reply, "dpop-nonce", "%s", wanted_nonce);
		if (why && strcmp(why, "nonce") == 0)
			return refuse(reply, 400, "use_dpop_nonce",
				      "Authorization server requires nonce in DPoP proof.");
		if (why)
			return refuse(reply, 400, "invalid_dpop_proof", why);
	}
	if (!scope[0] || !is_granted(scope))
		return refuse(reply, 400, "invalid_scope",
			      "One or more scopes are not configured for the authorization server resource.");
	give(reply, scope, thumbprint);
}

/* ---- checking ---- */

static const struct token *find(const char *text)
{
	for (size_t i = 0; i < TOKENS_MOST; i++)
		if (tokens[i].text[0] && strcmp(tokens[i].text, text) == 0)
			return tokens[i].ends_ms > vendor_now_ms() ? &tokens[i] : NULL;
	return NULL;
}

enum okta_verdict okta_token_check(const struct vendor_request *request, const char *authorization,
				   const char *scope)
{
	bool with_proof = strncmp(authorization, "DPoP ", 5) == 0;
	const char *text = strchr(authorization, ' ') + 1;
	const struct token *token = find(text);
	char thumbprint[44] = "", wanted[128], have[600];

	if (!token || with_proof != (token->thumbprint[0] != '\0'))
		return OKTA_INVALID;
	if (with_proof && (proof_fault(vendor_header(request, "DPoP"), request->method, request->path, text,
				       NULL, thumbprint) ||
			   strcmp(thumbprint, token->thumbprint) != 0))
		return OKTA_INVALID;
	snprintf(wanted, sizeof(wanted), " %s ", scope);
	snprintf(have, sizeof(have), " %s ", token->scope);
	return strstr(have, wanted) ? OKTA_GOOD : OKTA_INSUFFICIENT;
}

bool okta_token_option(const char *name, const char *value)
{
	if (strcmp(name, "--client") == 0)
		return client = value, true;
	if (strcmp(name, "--life") == 0)
		return life_s = atol(value), true;
	if (strcmp(name, "--dpop") == 0)
		return bound = strcmp(value, "yes") == 0, true;
	if (strcmp(name, "--client-key") == 0) {
		char pem[8192] = "";
		FILE *file = fopen(value, "re");

		if (file && fread(pem, 1, sizeof(pem) - 1, file) > 0)
			client_key = jwt_key_of_pem(pem);
		if (file)
			fclose(file);
		return client_key != NULL;
	}
	return false;
}

bool okta_token_tell(char **words, size_t count)
{
	if (strcmp(words[0], "expire") == 0) {
		memset(tokens, 0, sizeof(tokens));
		return true;
	}
	if (strcmp(words[0], "nonce") == 0)
		return nonce_number++, true;
	if (strcmp(words[0], "dpop") == 0 && count == 2)
		return bound = strcmp(words[1], "yes") == 0, true;
	if (strcmp(words[0], "scopes") == 0) {
		granted[0] = '\0';
		for (size_t i = 1; i < count; i++)
			snprintf(granted + strlen(granted), sizeof(granted) - strlen(granted), "%s ",
				 words[i]);
		return true;
	}
	return false;
}
