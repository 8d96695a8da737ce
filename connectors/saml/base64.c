#include "saml/base64.h"

#include <string.h>

static int value_of(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

int base64_decode(const char *text, size_t length, const char *blanks, uint8_t *ret, size_t most)
{
	uint32_t bits = 0;
	size_t letters = 0, padding = 0, size = 0;

	for (size_t i = 0; i < length; i++) {
		int value = value_of(text[i]);

		if (text[i] && strchr(blanks, text[i]))
			continue;
		if (text[i] == '=' && letters % 4 >= 2 && padding < 4 - letters % 4) {
			padding++;
			continue;
		}
		if (value < 0 || padding > 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		letters++;
		if (letters % 4 == 1)
			continue;
		if (size == most)
			return -1;
		ret[size++] = (uint8_t)(bits >> (letters % 4 == 2 ? 4 : letters % 4 == 3 ? 2 : 0));
	}
	/* The bits that no byte uses are zero: one text for one value. */
	if ((letters + padding) % 4 != 0 || (letters % 4 == 2 && (bits & 15)) ||
	    (letters % 4 == 3 && (bits & 3)))
		return -1;
	return (int)size;
}
