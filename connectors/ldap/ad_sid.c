/* Security identifiers. */
#include "ldap/ad_sid.h"

#include <string.h>

enum { HEAD = 8, NUMBER = 4 };

int sid_number(const struct berval *sid, uint32_t *ret)
{
	const unsigned char *bytes = (const unsigned char *)sid->bv_val, *last;

	/* An account of a domain has the domain's numbers before its own: two at least. */
	if (sid->bv_len < HEAD + 2 * NUMBER || sid->bv_len > SID_MOST || bytes[0] != 1 ||
	    sid->bv_len != HEAD + (size_t)NUMBER * bytes[1])
		return -1;
	last = bytes + sid->bv_len - NUMBER;
	*ret = last[0] | (uint32_t)last[1] << 8 | (uint32_t)last[2] << 16 | (uint32_t)last[3] << 24;
	return 0;
}

int sid_sibling(const struct berval *sid, uint32_t number, unsigned char ret[SID_MOST])
{
	uint32_t own;
	unsigned char *last = ret + sid->bv_len - NUMBER;

	if (sid_number(sid, &own) < 0)
		return -1;
	memcpy(ret, sid->bv_val, sid->bv_len);
	for (int i = 0; i < NUMBER; i++)
		last[i] = (unsigned char)(number >> (8 * i));
	return 0;
}
