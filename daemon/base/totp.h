/* Codes of an authenticator (TOTP, RFC 6238: HMAC-SHA-1, 6 digits, 30 seconds), and the one-time codes for
 * the day on which it is lost. */
#ifndef ROSTERD_BASE_TOTP_H
#define ROSTERD_BASE_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"

enum {
	TOTP_SECRET_SIZE = 20, /* bytes, as RFC 4226 section 4 recommends */
	TOTP_SECRET_TEXT_SIZE = 32,
	TOTP_STEP_S = 30,
	TOTP_DIGITS = 6,
	TOTP_WINDOW = 1,	 /* steps before and after the one that it is, for clocks that go wrong */
	RECOVERY_CODES = 10,	 /* of somebody */
	RECOVERY_CODE_SIZE = 19, /* "abcd-efgh-ijkl-mnop": 80 bits */
};

/* The code of a step (whole TOTP_STEP_S since 1970), of so many digits (6 to 8), with a NUL. */
void totp_code(const uint8_t *secret, size_t size, int64_t step, int digits, char ret[9]);

/* Whether it is the code of a step near now (seconds since 1970), blanks in it aside: the step. */
bool totp_match(const uint8_t *secret, size_t size, const char *code, int64_t now_s, int64_t *ret_step);

/* The secret as authenticators take it: base32 without padding (RFC 4648 section 6). */
void totp_text(const uint8_t secret[TOTP_SECRET_SIZE], char ret[TOTP_SECRET_TEXT_SIZE + 1]);

/* A recovery code that nobody can guess, and the hash that is kept of it. */
void recovery_code_new(char ret[RECOVERY_CODE_SIZE + 1], uint8_t ret_hash[CRYPT_DIGEST_SIZE]);
/* The hash of one that was typed, whatever its case and whatever stands between its letters; false: it can be
 * none. */
bool recovery_code_hash(const char *typed, uint8_t ret[CRYPT_DIGEST_SIZE]);

#endif
