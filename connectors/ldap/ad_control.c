/* The values of DirSync's controls. */
#include "ldap/ad_control.h"

#include <limits.h>
#include <stddef.h>

enum {
	INCREMENTAL_VALUES = INT_MIN, /* 0x80000000 */
	BYTES_MOST = 1 << 20,	      /* how much an answer should hold at most */
};

int dirsync_write(const struct berval *cookie, struct berval *ret)
{
	struct berval none = { 0, (char[]){ "" } };
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	int result = -1;

	if (ber &&
	    ber_printf(ber, "{iiO}", INCREMENTAL_VALUES, BYTES_MOST, cookie->bv_len ? cookie : &none) != -1 &&
	    ber_flatten2(ber, ret, 1) != -1)
		result = 0;
	ber_free(ber, 1);
	return result;
}

int dirsync_read(const struct berval *value, bool *ret_more, struct berval *ret_cookie)
{
	BerElement *ber = value->bv_val && value->bv_len > 0 ? ber_init((struct berval *)value) : NULL;
	struct berval cookie = { 0, NULL };
	ber_int_t more, unused;
	int result = -1;

	if (ber && ber_scanf(ber, "{iim}", &more, &unused, &cookie) != LBER_ERROR && cookie.bv_len > 0 &&
	    cookie.bv_len <= DIRSYNC_COOKIE_MOST) {
		*ret_more = more != 0;
		result = ber_dupbv(ret_cookie, &cookie) ? 0 : -1;
	}
	ber_free(ber, 1);
	return result;
}
