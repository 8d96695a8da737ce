#include "base/totp.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"

enum { LETTERS = 16, LETTERS_IN_A_ROW = 4, COUNTER_SIZE = 8 };

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

/* RFC 4226 section 5.3. */
void totp_code(const uint8_t *secret, size_t size, int64_t step, int digits, char ret[9])
{
	uint8_t counter[COUNTER_SIZE], mac[CRYPT_SHA1_SIZE], *at;
	uint32_t number, modulus = 1;

	for (int i = 0; i < COUNTER_SIZE; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (8 * (COUNTER_SIZE - 1 - i)));
	crypt_hmac_sha1(secret, size, counter, sizeof(counter), mac);
	at = mac + (mac[CRYPT_SHA1_SIZE - 1] & 0xf);
	number = ((uint32_t)(at[0] & 0x7f) << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | at[3];
	for (int i = 0; i < digits; i++)
		modulus *= 10;
	snprintf(ret, 9, "%0*u", digits, number % modulus);
	secret_wipe(mac, sizeof(mac));
}

/* The digits alone; false: they are not as many as there must be. */
static bool read_digits(const char *code, char ret[TOTP_DIGITS + 1])
{
	int count = 0;

	for (; *code; code++) {
		if (*code == ' ')
			continue;
		if (*code < '0' || *code > '9' || count == TOTP_DIGITS)
			return false;
		ret[count++] = *code;
	}
	ret[count] = '\0';
	return count == TOTP_DIGITS;
}

bool totp_match(const uint8_t *secret, size_t size, const char *code, int64_t now_s, int64_t *ret_step)
{
	char typed[TOTP_DIGITS + 1], right[9];
	int64_t now = now_s / TOTP_STEP_S;
	bool found = false;

	if (!read_digits(code, typed))
		return false;
	for (int64_t step = now - TOTP_WINDOW; step <= now + TOTP_WINDOW; step++) {
		unsigned differ = 0;

		totp_code(secret, size, step, TOTP_DIGITS, right);
		for (int i = 0; i < TOTP_DIGITS; i++)
			differ |= (unsigned)(typed[i] ^ right[i]);
		if (differ == 0) {
			found = true;
			*ret_step = step;
		}
	}
	secret_wipe(right, sizeof(right));
	return found;
}

/* size bytes, a multiple of five. */
static void encode(const uint8_t *bytes, size_t size, char *ret)
{
	for (size_t i = 0; i < size; i += 5) {
		uint64_t five = 0;

		for (size_t k = 0; k < 5; k++)
			five = five << 8 | bytes[i + k];
		for (int shift = 35; shift >= 0; shift -= 5)
			*ret++ = base32[five >> shift & 31];
	}
	*ret = '\0';
}

void totp_text(const uint8_t secret[TOTP_SECRET_SIZE], char ret[TOTP_SECRET_TEXT_SIZE + 1])
{
	encode(secret, TOTP_SECRET_SIZE, ret);
	for (; *ret; ret++)
		if (*ret >= 'a' && *ret <= 'z')
			*ret = (char)(*ret - 'a' + 'A');
}

/* ---- for the day on which it is lost ---- */

bool recovery_code_hash(const char *typed, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	char letters[LETTERS];
	size_t count = 0;

	for (; *typed; typed++) {
		char c = *typed >= 'A' && *typed <= 'Z' ? (char)(*typed - 'A' + 'a') : *typed;

		if (c == ' ' || c == '-')
			continue;
		if (count == LETTERS || !strchr(base32, c))
			return false;
		letters[count++] = c;
	}
	if (count < LETTERS)
		return false;
	crypt_sha256(letters, LETTERS, ret);
	secret_wipe(letters, sizeof(letters));
	return true;
}

void recovery_code_new(char ret[RECOVERY_CODE_SIZE + 1], uint8_t ret_hash[CRYPT_DIGEST_SIZE])
{
	uint8_t random[LETTERS * 5 / 8];
	char letters[LETTERS + 1], *to = ret;

	crypt_random(random, sizeof(random));
	encode(random, sizeof(random), letters);
	crypt_sha256(letters, LETTERS, ret_hash);
	for (int i = 0; i < LETTERS; i++) {
		if (i > 0 && i % LETTERS_IN_A_ROW == 0)
			*to++ = '-';
		*to++ = letters[i];
	}
	*to = '\0';
	secret_wipe(random, sizeof(random));
	secret_wipe(letters, sizeof(letters));
}
