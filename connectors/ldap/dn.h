/* Distinguished names in the one form that we compare.
 *
 * Groups name their members by DN, and a directory spells the same DN in several ways: "CN=Smith\, Anna" in
 * the entry, "cn=smith\2c  anna" in the group. Two spellings of one name come out equal here; the result is
 * readable, valid UTF-8 and has the same meaning for whoever reads it. Letters are folded whatever the
 * attribute's matching rule says: within one directory nobody names two entries that differ by case alone.
 * Composed and decomposed accents are not joined. */
#ifndef ROSTER_LDAP_DN_H
#define ROSTER_LDAP_DN_H

#include <stddef.h>

enum {
	DN_VALUE_MOST = 4096, /* bytes of one attribute value in a name */
	DN_RDN_MOST = 8,      /* attribute values in one part ("cn=a+uid=b") */
};

/* Writes the normal form of a DN, ended by NUL, and returns its length; -1 if it is no DN or does not fit. */
int dn_normalise(const char *dn, size_t length, char *ret, size_t size);

/* The length of a uniqueMember value without the optional bit string at its end ("cn=x#'0101'B"). */
size_t dn_without_bits(const char *value, size_t length);

#endif
