#include "base/password.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"

_Static_assert((int)PASSWORD_HASH_SIZE == (int)crypto_pwhash_STRBYTES, "a hash has room");

const char *const password_costs[] = { "interactive", "moderate", "sensitive", NULL };

static const struct {
	unsigned long long passes;
	size_t memory;
} costs[] = {
	[PASSWORD_INTERACTIVE] = { crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE },
	[PASSWORD_MODERATE] = { crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE },
	[PASSWORD_SENSITIVE] = { crypto_pwhash_OPSLIMIT_SENSITIVE, crypto_pwhash_MEMLIMIT_SENSITIVE },
};

/* ---- what may be one ---- */

static size_t characters(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t step; (step = text_character(text, length)) > 0; text += step, length -= step)
		count++;
	return count;
}

static size_t kinds(const char *text)
{
	bool seen[256] = { false };
	size_t count = 0;

	for (; *text; text++) {
		count += !seen[(unsigned char)*text];
		seen[(unsigned char)*text] = true;
	}
	return count;
}

static bool is_known(const char *password, const char *known)
{
	size_t local = strcspn(known, "@"), length = strlen(password);

	if (text_equal_nocase(password, known))
		return true;
	for (size_t i = 0; i < local || i < length; i++)
		if (i >= local || i >= length || (password[i] | 0x20) != (known[i] | 0x20))
			return false;
	return true;
}

int password_judge(const char *password, const char *const *known, struct error *e)
{
	size_t length = strlen(password), count;

	if (length > PASSWORD_BYTES_MOST || !text_is_utf8(password, length))
		return error_set(e, ERROR_INPUT, "password.text",
				 "the password is not a text of at most %d characters", PASSWORD_MOST);
	count = characters(password, length);
	if (count < PASSWORD_LEAST || count > PASSWORD_MOST)
		return error_set(e, ERROR_INPUT, "password.length",
				 "the password has %zu characters; %d to %d are expected: a few words in a "
				 "row are easy to remember",
				 count, PASSWORD_LEAST, PASSWORD_MOST);
	for (; known && *known; known++)
		if (is_known(password, *known))
			return error_set(
				e, ERROR_INPUT, "password.known",
				"the password is your address or a name, which anybody would try first");
	if (kinds(password) < PASSWORD_KINDS_LEAST)
		return error_set(e, ERROR_INPUT, "password.repeated",
				 "the password is made of fewer than %d different characters",
				 PASSWORD_KINDS_LEAST);
	return 0;
}

/* ---- hashes ---- */

static int no_memory(enum password_cost cost, struct error *e)
{
	return error_set(e, ERROR_RETRY, "password.memory",
			 "there are no %zu MiB of memory to look at a password; come again",
			 costs[cost].memory >> 20);
}

int password_hash(const char *password, enum password_cost cost, char ret[PASSWORD_HASH_SIZE],
		  struct error *e)
{
	char hash[PASSWORD_HASH_SIZE];

	if (crypto_pwhash_str_alg(hash, password, strlen(password), costs[cost].passes, costs[cost].memory,
				  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return no_memory(cost, e);
	memcpy(ret, hash, sizeof(hash));
	return 0;
}

/* As much work as a look at a hash, for nobody. */
static int spend(const char *password, enum password_cost cost, struct error *e)
{
	unsigned char out[32], salt[crypto_pwhash_SALTBYTES];

	randombytes_buf(salt, sizeof(salt));
	if (crypto_pwhash(out, sizeof(out), password, strlen(password), salt, costs[cost].passes,
			  costs[cost].memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return no_memory(cost, e);
	return 0;
}

int password_check(const char *hash, const char *password, enum password_cost cost, struct error *e)
{
	if (strlen(password) > PASSWORD_BYTES_MOST)
		return spend("", cost, e); /* it is nobody's, and that takes as long */
	if (!hash)
		return spend(password, cost, e);
	errno = 0; /* which is all that tells a lack of memory from a wrong password */
	if (crypto_pwhash_str_verify(hash, password, strlen(password)) == 0)
		return 1;
	return errno == ENOMEM ? no_memory(cost, e) : 0;
}

bool password_outdated(const char *hash, enum password_cost cost)
{
	return crypto_pwhash_str_needs_rehash(hash, costs[cost].passes, costs[cost].memory) != 0;
}
