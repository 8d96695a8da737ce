/* Content synchronisation (RFC 4533) in bytes: BER with lengths of at most four bytes, read in place. */
#include "ldap/sync_control.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- BER ---- */

enum {
	TAG_BOOLEAN = 0x01,
	TAG_OCTETS = 0x04,
	TAG_ENUMERATED = 0x0a,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_NEW_COOKIE = 0x80,
	TAG_REFRESH_DELETE = 0xa1,
	TAG_REFRESH_PRESENT = 0xa2,
	TAG_ID_SET = 0xa3,
};

struct bytes {
	const unsigned char *at, *end;
};

static struct bytes bytes_of(const struct berval *value)
{
	const unsigned char *at = (const unsigned char *)value->bv_val;

	return (struct bytes){ at, at ? at + value->bv_len : NULL }; /* nothing may be added to NULL, not even nothing */
}

/* The length of what follows a tag. -1: it is indefinite, or longer than what is there. */
static int read_length(struct bytes *in, size_t *ret)
{
	size_t length = 0;
	int count;

	if (in->at == in->end)
		return -1;
	count = *in->at++;
	if (count < 0x80) {
		length = (size_t)count;
	} else {
		count &= 0x7f;
		if (count == 0 || count > 4 || count > in->end - in->at)
			return -1;
		while (count-- > 0)
			length = length << 8 | *in->at++;
	}
	if (length > (size_t)(in->end - in->at))
		return -1;
	*ret = length;
	return 0;
}

/* What stands behind this tag. 1; 0: another tag is next, or nothing; -1: it is malformed. */
static int take(struct bytes *in, int tag, struct bytes *ret)
{
	struct bytes rest = *in;
	size_t length;

	if (rest.at == rest.end || *rest.at != tag)
		return 0;
	rest.at++;
	if (read_length(&rest, &length) < 0)
		return -1;
	*ret = (struct bytes){ rest.at, rest.at + length };
	*in = (struct bytes){ rest.at + length, rest.end };
	return 1;
}

/* A cookie if one stands here. One that is longer than we keep is malformed. */
static int take_cookie(struct bytes *in, struct berval *ret)
{
	struct bytes inner;
	int taken = take(in, TAG_OCTETS, &inner);

	*ret = (struct berval){ 0, NULL };
	if (taken <= 0)
		return taken;
	if (inner.end - inner.at > SYNC_COOKIE_MOST)
		return -1;
	*ret = (struct berval){ (ber_len_t)(inner.end - inner.at), (char *)inner.at };
	return 1;
}

static int take_boolean(struct bytes *in, bool fallback, bool *ret)
{
	struct bytes inner;
	int taken = take(in, TAG_BOOLEAN, &inner);

	*ret = fallback;
	if (taken <= 0)
		return taken;
	if (inner.end - inner.at != 1)
		return -1;
	*ret = *inner.at != 0;
	return 1;
}

/* The only thing that a value holds. */
static int take_all(const struct berval *value, int tag, struct bytes *ret)
{
	struct bytes in = bytes_of(value);

	return take(&in, tag, ret) == 1 && in.at == in.end ? 0 : -1;
}

/* ---- the request ---- */

static size_t write_header(unsigned char *at, int tag, size_t length)
{
	size_t size = 0;

	at[size++] = (unsigned char)tag;
	if (length < 0x80) {
		at[size++] = (unsigned char)length;
		return size;
	}
	at[size++] = 0x84;
	for (int shift = 24; shift >= 0; shift -= 8)
		at[size++] = (unsigned char)(length >> shift);
	return size;
}

int sync_write_request(enum sync_mode mode, const struct berval *cookie, char *ret, size_t size)
{
	unsigned char header[8], *out = (unsigned char *)ret;
	size_t inner = 3, at;

	if (cookie->bv_len > SYNC_COOKIE_MOST || size < cookie->bv_len + SYNC_REQUEST_OVERHEAD)
		return -1;
	if (cookie->bv_len > 0)
		inner += write_header(header, TAG_OCTETS, cookie->bv_len) + cookie->bv_len;
	at = write_header(out, TAG_SEQUENCE, inner);
	at += write_header(out + at, TAG_ENUMERATED, 1);
	out[at++] = (unsigned char)mode;
	if (cookie->bv_len > 0) {
		at += write_header(out + at, TAG_OCTETS, cookie->bv_len);
		memcpy(out + at, cookie->bv_val, cookie->bv_len);
		at += cookie->bv_len;
	}
	return (int)at;
}

/* ---- the answers ---- */

int sync_read_entry(const struct berval *value, struct sync_entry *ret)
{
	struct bytes in, inner;

	if (take_all(value, TAG_SEQUENCE, &in) < 0 || take(&in, TAG_ENUMERATED, &inner) != 1 ||
	    inner.end - inner.at != 1 || *inner.at > SYNC_DELETE)
		return -1;
	ret->state = (enum sync_state) * inner.at;
	if (take(&in, TAG_OCTETS, &inner) != 1 || inner.end - inner.at != SYNC_UUID_SIZE)
		return -1;
	ret->uuid = inner.at;
	return take_cookie(&in, &ret->cookie) >= 0 && in.at == in.end ? 0 : -1;
}

int sync_read_done(const struct berval *value, struct sync_done *ret)
{
	struct bytes in;

	if (take_all(value, TAG_SEQUENCE, &in) < 0 || take_cookie(&in, &ret->cookie) < 0 ||
	    take_boolean(&in, false, &ret->refresh_deletes) < 0)
		return -1;
	return in.at == in.end ? 0 : -1;
}

static int read_new_cookie(struct bytes in, struct sync_info *ret)
{
	if (in.end - in.at > SYNC_COOKIE_MOST)
		return -1;
	ret->cookie = (struct berval){ (ber_len_t)(in.end - in.at), (char *)in.at };
	return 0;
}

static int read_phase(struct bytes in, struct sync_info *ret)
{
	return take_cookie(&in, &ret->cookie) >= 0 && take_boolean(&in, true, &ret->refresh_done) >= 0 &&
			       in.at == in.end
		       ? 0
		       : -1;
}

static int read_id_set(struct bytes in, struct sync_info *ret)
{
	struct bytes set, uuid;
	int taken;

	if (take_cookie(&in, &ret->cookie) < 0 || take_boolean(&in, false, &ret->refresh_deletes) < 0 ||
	    take(&in, TAG_SET, &set) != 1 || in.at != in.end)
		return -1;
	ret->uuids = (struct berval){ (ber_len_t)(set.end - set.at), (char *)set.at };
	while ((taken = take(&set, TAG_OCTETS, &uuid)) == 1)
		if (uuid.end - uuid.at != SYNC_UUID_SIZE)
			return -1;
	return taken == 0 && set.at == set.end ? 0 : -1;
}

int sync_read_info(const struct berval *value, struct sync_info *ret)
{
	static const struct {
		int tag;
		enum sync_info_kind kind;
		int (*read)(struct bytes, struct sync_info *);
	} kinds[] = {
		{ TAG_NEW_COOKIE, SYNC_NEW_COOKIE, read_new_cookie },
		{ TAG_REFRESH_DELETE, SYNC_REFRESH_DELETE, read_phase },
		{ TAG_REFRESH_PRESENT, SYNC_REFRESH_PRESENT, read_phase },
		{ TAG_ID_SET, SYNC_ID_SET, read_id_set },
	};
	struct bytes in;

	*ret = (struct sync_info){ 0 };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (take_all(value, kinds[i].tag, &in) == 0) {
			ret->kind = kinds[i].kind;
			return kinds[i].read(in, ret);
		}
	return -1;
}

const unsigned char *sync_next_uuid(struct sync_info *info)
{
	struct bytes in = bytes_of(&info->uuids), uuid;

	if (take(&in, TAG_OCTETS, &uuid) != 1)
		return NULL;
	info->uuids = (struct berval){ (ber_len_t)(in.end - in.at), (char *)in.at };
	return uuid.at;
}

void sync_key(const unsigned char uuid[SYNC_UUID_SIZE], bool unique_id, char ret[SYNC_KEY_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *out = ret;

	for (int i = 0; i < SYNC_UUID_SIZE; i++) {
		if (unique_id ? i > 0 && i % 4 == 0 : i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = digits[uuid[i] >> 4];
		*out++ = digits[uuid[i] & 15];
	}
	*out = '\0';
}

/* ---- cookies of OpenLDAP ---- */

enum { SERVERS_MOST = 256, CSN_SIZE = 40, CSN_SID = 30, CSN_SID_SIZE = 3 };

struct csns {
	const char *csn[SERVERS_MOST]; /* CSN_SIZE bytes each */
	size_t count;
};

/* "20261129115056.369231Z#000000#000#000000" */
static bool is_csn(const char *text)
{
	static const char shape[] = "dddddddddddddd.ddddddZ#xxxxxx#xxx#xxxxxx";

	for (int i = 0; i < CSN_SIZE; i++) {
		char c = text[i];
		bool digit = c >= '0' && c <= '9';

		if (shape[i] == 'd'   ? !digit
		    : shape[i] == 'x' ? !digit && !(c >= 'a' && c <= 'f')
				      : c != shape[i])
			return false;
	}
	return true;
}

/* The change numbers behind "csn=", one for each server. -1: there are none, or one is malformed, or twice.
 */
static int read_csns(const char *at, const char *end, struct csns *ret)
{
	for (;;) {
		if (end - at < CSN_SIZE || !is_csn(at) || ret->count == SERVERS_MOST)
			return -1;
		for (size_t i = 0; i < ret->count; i++)
			if (memcmp(ret->csn[i] + CSN_SID, at + CSN_SID, CSN_SID_SIZE) == 0)
				return -1;
		ret->csn[ret->count++] = at;
		at += CSN_SIZE;
		if (at == end)
			return 0;
		if (*at++ != ';')
			return -1;
	}
}

static bool begins(const char *at, const char *end, const char *prefix)
{
	size_t length = strlen(prefix);

	return (size_t)(end - at) >= length && memcmp(at, prefix, length) == 0;
}

/* "rid=000,sid=001,csn=...": rid must be there, csn too, others ("delcsn") do not matter to us. */
static int read_openldap(const struct berval *cookie, struct csns *ret)
{
	const char *at = cookie->bv_val, *end = at + cookie->bv_len;
	bool rid = false;

	*ret = (struct csns){ .count = 0 };
	if (cookie->bv_len == 0)
		return -1;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;

		if (begins(at, stop, "rid="))
			rid = true;
		else if (begins(at, stop, "csn=") && (ret->count > 0 || read_csns(at + 4, stop, ret) < 0))
			return -1;
		at = comma ? comma + 1 : end;
	}
	return rid && ret->count > 0 ? 0 : -1;
}

static const char *csn_of_server(const struct csns *csns, const char *like)
{
	for (size_t i = 0; i < csns->count; i++)
		if (memcmp(csns->csn[i] + CSN_SID, like + CSN_SID, CSN_SID_SIZE) == 0)
			return csns->csn[i];
	return NULL;
}

enum sync_place sync_place_openldap(const struct berval *ours, const struct berval *now)
{
	struct csns then, today;
	size_t same = 0;

	if (read_openldap(ours, &then) < 0 || read_openldap(now, &today) < 0)
		return SYNC_PLACE_UNREADABLE;
	for (size_t i = 0; i < then.count; i++) {
		const char *csn = csn_of_server(&today, then.csn[i]);
		int order = csn ? memcmp(then.csn[i], csn, CSN_SIZE) : 0;

		if (!csn)
			return SYNC_PLACE_FOREIGN;
		if (order > 0)
			return SYNC_PLACE_AHEAD;
		same += order == 0;
	}
	return same == today.count ? SYNC_PLACE_CURRENT : SYNC_PLACE_BEHIND;
}

/* ---- cookies of 389-ds ---- */

/* The change number behind the last '#', and what stands before it. -1: it is not of that shape. */
static int read_389(const struct berval *cookie, size_t *ret_length, uint64_t *ret_number)
{
	size_t hashes = 0, last = 0;

	for (size_t i = 0; i < cookie->bv_len; i++)
		if (cookie->bv_val[i] == '#') {
			hashes++;
			last = i;
		}
	if (hashes < 2 || last == 0 || last + 1 == cookie->bv_len || cookie->bv_len - last > 19)
		return -1;
	*ret_number = 0;
	for (size_t i = last + 1; i < cookie->bv_len; i++) {
		if (cookie->bv_val[i] < '0' || cookie->bv_val[i] > '9')
			return -1;
		*ret_number = *ret_number * 10 + (uint64_t)(cookie->bv_val[i] - '0');
	}
	*ret_length = last;
	return 0;
}

enum sync_place sync_place_389(const struct berval *ours, const struct berval *now)
{
	size_t then_length, now_length;
	uint64_t then, today;

	if (read_389(ours, &then_length, &then) < 0 || read_389(now, &now_length, &today) < 0)
		return SYNC_PLACE_UNREADABLE;
	if (then_length != now_length || memcmp(ours->bv_val, now->bv_val, then_length) != 0)
		return SYNC_PLACE_FOREIGN;
	return then > today ? SYNC_PLACE_AHEAD : then == today ? SYNC_PLACE_CURRENT : SYNC_PLACE_BEHIND;
}

enum sync_absent sync_judge(bool openldap, bool refresh_deletes, unsigned long present)
{
	if (!openldap || refresh_deletes)
		return SYNC_ABSENT_STAYS;
	return present > 0 ? SYNC_ABSENT_GONE : SYNC_ABSENT_LOST;
}
