/* Short hashes that places remember. */
#include "ldap/hash.h"

static uint64_t more(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

uint64_t hash_texts(const char *a, const char *b)
{
	return more(more(UINT64_C(0xcbf29ce484222325), a), b);
}

void hashes_write(const uint64_t *hashes, size_t count, struct buffer *ret)
{
	for (size_t i = 0; i < count; i++)
		buffer_format(ret, "%016llx", (unsigned long long)hashes[i]);
}

int hashes_read(const char *bytes, size_t size, size_t count, uint64_t *ret)
{
	if (size / 16 < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		uint8_t digits[8];

		if (text_unhex(bytes + i * 16, 16, digits, sizeof(digits)) != 8)
			return -1;
		ret[i] = 0;
		for (int j = 0; j < 8; j++)
			ret[i] = ret[i] << 8 | digits[j];
	}
	return 0;
}

int hashes_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}
