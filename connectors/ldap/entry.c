/* One entry as it came, decoded in place.
 *
 * ldap_get_attribute_ber walks the message once; the classic calls scan the whole entry again for each
 * attribute and copy each value, which is three to five times slower. */
#include "ldap/entry.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "connector.h"

enum { GUID_SIZE = 16 };

int entry_open(LDAP *ld, LDAPMessage *message, struct entry *ret)
{
	struct berval name;
	BerVarray values;

	ret->count = 0;
	if (ldap_get_dn_ber(ld, message, &ret->ber, &ret->dn) != LDAP_SUCCESS)
		return -1;
	for (;;) {
		if (ldap_get_attribute_ber(ld, message, ret->ber, &name, &values) != LDAP_SUCCESS)
			break;
		if (!name.bv_val)
			return 0;
		if (ret->count == ENTRY_ATTRIBUTES_MOST) {
			ber_memfree(values);
			break;
		}
		ret->attributes[ret->count].name = name;
		ret->attributes[ret->count++].values = values;
	}
	entry_close(ret);
	return -1;
}

void entry_close(struct entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		ber_memfree(entry->attributes[i].values);
	entry->count = 0;
	ber_free(entry->ber, 0);
	entry->ber = NULL;
}

BerVarray entry_values(const struct entry *entry, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < entry->count; i++)
		if (entry->attributes[i].name.bv_len == length &&
		    strncasecmp(entry->attributes[i].name.bv_val, name, length) == 0)
			return entry->attributes[i].values;
	return NULL;
}

bool value_is_text(const struct berval *value, size_t most)
{
	return value->bv_len <= most && text_is_utf8(value->bv_val, value->bv_len);
}

const char *entry_text(const struct entry *entry, const char *name)
{
	BerVarray values = entry_values(entry, name);

	return values && values->bv_val && value_is_text(values, ROSTER_TEXT_MOST) ? values->bv_val : NULL;
}

static void guid_text(const unsigned char *bytes, char *ret, size_t size)
{
	snprintf(ret, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", bytes[3],
		 bytes[2], bytes[1], bytes[0], bytes[5], bytes[4], bytes[7], bytes[6], bytes[8], bytes[9],
		 bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]);
}

int value_to_id(const char *attribute, const struct berval *value, char *ret, size_t size)
{
	if (text_equal_nocase(attribute, "objectGUID") && value->bv_len == GUID_SIZE) {
		guid_text((const unsigned char *)value->bv_val, ret, size);
		return 0;
	}
	if (value->bv_len == 0 || value->bv_len >= size || !value_is_text(value, ROSTER_ID_MOST))
		return -1;
	for (size_t i = 0; i <= value->bv_len; i++)
		ret[i] = (char)tolower((unsigned char)value->bv_val[i]);
	return 0;
}

int range_read(const struct berval *name, const char *wanted, long *ret_next)
{
	static const char option[] = ";range=";
	size_t length = strlen(wanted);
	const char *rest = name->bv_val + length;
	char *end;
	long last;

	if (name->bv_len < length + sizeof(option) || strncasecmp(name->bv_val, wanted, length) != 0 ||
	    strncasecmp(rest, option, sizeof(option) - 1) != 0)
		return 0;
	rest += sizeof(option) - 1;
	if (!isdigit((unsigned char)*rest))
		return 0;
	rest += strspn(rest, "0123456789");
	if (*rest++ != '-')
		return 0;
	if (strcmp(rest, "*") == 0) {
		*ret_next = -1;
		return 1;
	}
	last = strtol(rest, &end, 10);
	if (!isdigit((unsigned char)*rest) || *end != '\0' || last == LONG_MAX)
		return 0;
	*ret_next = last + 1;
	return 1;
}
