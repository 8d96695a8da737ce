#include "example/signature.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, DIGEST = 32 };

struct sha256 {
	uint32_t state[8];
	uint64_t size;
	uint8_t block[BLOCK];
};

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t rounds[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, int by)
{
	return word >> by | word << (32 - by);
}

static void take_block(struct sha256 *sha)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)sha->block[i * 4] << 24 | (uint32_t)sha->block[i * 4 + 1] << 16 | (uint32_t)sha->block[i * 4 + 2] << 8 |
		       sha->block[i * 4 + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
		       (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, sha->state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		uint32_t one = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + rounds[i] + w[i];
		uint32_t two = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += one;
		v[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		sha->state[i] += v[i];
}

static void begin(struct sha256 *sha)
{
	*sha = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

static void add(struct sha256 *sha, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < size; i++) {
		sha->block[sha->size++ % BLOCK] = from[i];
		if (sha->size % BLOCK == 0)
			take_block(sha);
	}
}

static void end(struct sha256 *sha, uint8_t ret[DIGEST])
{
	uint64_t bits = sha->size * 8;
	uint8_t length[8];

	add(sha, "\x80", 1);
	while (sha->size % BLOCK != BLOCK - sizeof(length))
		add(sha, "", 1);
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	add(sha, length, sizeof(length));
	for (int i = 0; i < DIGEST; i++)
		ret[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

static void digest(const uint8_t first[BLOCK], const void *bytes, size_t size, uint8_t ret[DIGEST])
{
	struct sha256 sha;

	begin(&sha);
	if (first)
		add(&sha, first, BLOCK);
	add(&sha, bytes, size);
	end(&sha, ret);
}

void signature_make(const char *secret, const void *bytes, size_t size, char ret[SIGNATURE_HEX_SIZE])
{
	uint8_t key[BLOCK] = { 0 }, inner[BLOCK], outer[BLOCK], made[DIGEST];

	if (strlen(secret) > BLOCK)
		digest(NULL, secret, strlen(secret), key);
	else
		memcpy(key, secret, strlen(secret));
	for (int i = 0; i < BLOCK; i++) {
		inner[i] = key[i] ^ 0x36;
		outer[i] = key[i] ^ 0x5c;
	}
	digest(inner, bytes, size, made);
	digest(outer, made, sizeof(made), made);
	for (int i = 0; i < DIGEST; i++)
		snprintf(ret + (size_t)i * 2, 3, "%02x", made[i]);
}

bool signature_equal(const char made[SIGNATURE_HEX_SIZE], const char *given)
{
	unsigned char different = 0;

	if (strlen(given) != SIGNATURE_HEX_SIZE - 1)
		return false;
	for (size_t i = 0; i < SIGNATURE_HEX_SIZE - 1; i++)
		different |= (unsigned char)(made[i] ^ given[i]);
	return different == 0;
}
