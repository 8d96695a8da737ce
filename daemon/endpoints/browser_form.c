#include "endpoints/browser_form.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/sso_attempt.h"

#define FIELD "form"

enum { RANDOM_SIZE = 32, VALUE_SIZE = 4 * ((CRYPT_DIGEST_SIZE + 2) / 3) + 1 };

static const char *shown_browser(struct exchange *x)
{
	const char *shown = cookie_find(x->request, x->arena, COOKIE_BROWSER);

	return sso_is_value(shown) ? shown : NULL;
}

static const char *new_browser(struct exchange *x)
{
	uint8_t bytes[RANDOM_SIZE];
	char *text = arena_take(x->arena, VALUE_SIZE);

	crypt_random(bytes, sizeof(bytes));
	text_base64url(bytes, sizeof(bytes), text);
	secret_wipe(bytes, sizeof(bytes));
	return text;
}

static size_t values_of(struct exchange *x, const char *browser, const char *purpose,
			uint8_t ret[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE])
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	const char *both = arena_format(x->arena, "form/%s/%s", purpose, browser);

	crypt_sha256(both, strlen(both), digest);
	return crypt_keys_hash(x->options->crypt_keys, digest, ret);
}

void browser_form_put(struct exchange *x, const char *purpose)
{
	const char *browser = shown_browser(x);
	uint8_t values[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE];
	char text[VALUE_SIZE];

	if (!browser)
		browser = new_browser(x);
	cookie_set_browser(x->reply, browser);
	values_of(x, browser, purpose, values);
	text_base64url(values[0], sizeof(values[0]), text);
	page_hidden(x->reply, FIELD, text);
}

/* Browsers that say so tell whose page has posted it; of the others the field does. */
static bool is_of_ours(const struct exchange *x)
{
	const char *site = request_header(x->request, "Sec-Fetch-Site");

	return !site || text_equal(site, "same-origin") || text_equal(site, "none");
}

bool browser_form_is_ours(struct exchange *x, const struct link_pair *fields, size_t count,
			  const char *purpose)
{
	const char *browser = shown_browser(x), *given = form_field(fields, count, FIELD);
	uint8_t values[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE], shown[CRYPT_DIGEST_SIZE];
	bool same = false;
	size_t keys;

	if (!is_of_ours(x) || !browser || !given ||
	    text_unbase64url(given, strlen(given), shown, sizeof(shown)) != CRYPT_DIGEST_SIZE)
		return false;
	keys = values_of(x, browser, purpose, values);
	for (size_t i = 0; i < keys; i++)
		same |= crypt_digest_equal(values[i], shown);
	return same;
}

bool browser_form_browser(struct exchange *x, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	const char *browser = shown_browser(x);

	if (browser)
		sso_hash_value(browser, ret);
	return browser != NULL;
}
