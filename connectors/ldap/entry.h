/* One entry as it came, decoded in place: texts point into the message and live as long as it does. */
#ifndef ROSTER_LDAP_ENTRY_H
#define ROSTER_LDAP_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include <ldap.h>

enum { ENTRY_ATTRIBUTES_MOST = 128 };

struct entry {
	BerElement *ber;
	struct berval dn;
	size_t count;
	struct {
		struct berval name;
		BerVarray values; /* ends with a NULL bv_val; NULL: none */
	} attributes[ENTRY_ATTRIBUTES_MOST];
};

/* 0, or -1: the bytes are no entry, or it has too many attributes. */
int entry_open(LDAP *ld, LDAPMessage *message, struct entry *ret);
void entry_close(struct entry *entry);

/* The values of an attribute, or NULL. Case does not count; an option ("cn;lang-en") makes it another
 * attribute. */
BerVarray entry_values(const struct entry *entry, const char *name);

/* The first value, if it is text; else NULL. */
const char *entry_text(const struct entry *entry, const char *name);

/* UTF-8 without NUL, of at most `most` bytes. */
bool value_is_text(const struct berval *value, size_t most);

/* A key as text: 16 bytes of an objectGUID in the order that Active Directory's tools show, anything else as
 * it is, in small letters. -1: it is no text, empty, or longer than ROSTER_ID_MOST. */
int value_to_id(const char *attribute, const struct berval *value, char *ret, size_t size);

/* Active Directory gives long attributes in parts: "member;range=0-1499", at last "member;range=1500-*". 1:
 * this attribute is a part of `wanted`, and *ret_next is where the next begins, -1 after the last. 0: it is
 * not. */
int range_read(const struct berval *name, const char *wanted, long *ret_next);

#endif
