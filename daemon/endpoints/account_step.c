#include "endpoints/account_step.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/browser_form.h"

struct sealed_step {
	struct account_step step;
	int64_t ends_at;
};

enum { SEALED_MOST = sizeof(struct sealed_step) + CRYPT_ENVELOPE_OVERHEAD };

static const char *context(struct exchange *x, const char *purpose)
{
	uint8_t browser[CRYPT_DIGEST_SIZE];
	char hex[2 * CRYPT_DIGEST_SIZE + 1];

	if (!browser_form_browser(x, browser))
		return NULL;
	text_hex(browser, sizeof(browser), hex);
	return arena_format(x->arena, "account_step/%s/%s", purpose, hex);
}

const char *account_step_seal(struct exchange *x, const char *purpose, const struct account_step *step)
{
	struct sealed_step whole;
	scoped(secret) *value = NULL;
	const uint8_t *sealed;
	char *text;
	size_t size;

	memset(&whole, 0, sizeof(whole)); /* between the members, too */
	whole.step = *step;
	whole.ends_at = clock_now_us() + ACCOUNT_STEP_MS * INT64_C(1000);
	value = secret_take(&whole, sizeof(whole));
	secret_wipe(&whole, sizeof(whole));
	crypt_seal(x->options->crypt_keys, context(x, purpose), value, x->arena, &sealed, &size);
	text = arena_take(x->arena, 4 * ((size + 2) / 3) + 1);
	text_base64url(sealed, size, text);
	return text;
}

bool account_step_open(struct exchange *x, const char *purpose, const char *field, struct account_step *ret)
{
	const char *bound_to = context(x, purpose);
	uint8_t sealed[SEALED_MOST];
	scoped(secret) *value = NULL;
	struct sealed_step whole;
	struct error ignored;
	int size;

	if (!bound_to || !field ||
	    (size = text_unbase64url(field, strlen(field), sealed, sizeof(sealed))) <= 0 ||
	    crypt_open(x->options->crypt_keys, bound_to, sealed, (size_t)size, &value, &ignored) < 0 ||
	    secret_size(value) != sizeof(whole))
		return false;
	memcpy(&whole, secret_bytes(value), sizeof(whole));
	*ret = whole.step;
	return whole.ends_at > clock_now_us();
}
