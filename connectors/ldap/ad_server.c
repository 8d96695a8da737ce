/* What an Active Directory domain controller says of itself. */
#include "ldap/ad_server.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "connector.h"
#include "ldap/dn.h"

static bool has_control(const struct entry *root, const char *oid)
{
	BerVarray values = entry_values(root, "supportedControl");

	for (; values && values->bv_val; values++)
		if (text_equal(values->bv_val, oid))
			return true;
	return false;
}

/* A name that does not fit is as good as none: the server is then not known. */
static bool keep(const struct entry *root, const char *attribute, char ret[AD_NAME_MOST])
{
	const char *name = entry_text(root, attribute);

	if (!name || !*name || strlen(name) >= AD_NAME_MOST)
		return false;
	strcpy(ret, name);
	return true;
}

void ad_learn(struct ad_server *server, const struct entry *root)
{
	*server = (struct ad_server){ .replicates = -1, .sees_deleted = -1 };
	server->dirsync = has_control(root, AD_CONTROL_DIRSYNC);
	server->deleted = has_control(root, AD_CONTROL_SHOW_DELETED);
	server->recycled = has_control(root, AD_CONTROL_SHOW_RECYCLED);
	server->known = keep(root, "defaultNamingContext", server->domain) &&
			keep(root, "dsServiceName", server->settings) &&
			keep(root, "configurationNamingContext", server->configuration) &&
			keep(root, "rootDomainNamingContext", server->forest);
}

/* The name in "ldap://host/NAME?...", without its escapes. -1: there is none, or it does not fit. */
static int name_in_url(const char *url, char *ret, size_t size)
{
	const char *at =
		text_begins(url, "ldap://") || text_begins(url, "ldaps://") ? strchr(url, ':') + 3 : NULL;
	size_t length = 0;

	at = at ? strchr(at, '/') : NULL;
	if (!at)
		return -1;
	for (at++; *at && *at != '?'; at++) {
		unsigned char byte = (unsigned char)*at;

		if (*at == '%') {
			if (text_unhex(at + 1, strnlen(at + 1, 2), &byte, 1) != 1)
				return -1;
			at += 2;
		}
		if (byte == '\0' || length + 1 >= size)
			return -1;
		ret[length++] = (char)byte;
	}
	ret[length] = '\0';
	return (int)length;
}

/* Are these the same name, with the prefix before the second? */
static bool is_name(const char *normal, const char *prefix, const char *name)
{
	char whole[AD_NAME_MOST + 64], other[ROSTER_ID_MOST + 1];
	int length = snprintf(whole, sizeof(whole), "%s%s", prefix, name);

	return dn_normalise(whole, (size_t)length, other, sizeof(other)) > 0 && text_equal(normal, other);
}

bool ad_reference_holds_nobody(const struct ad_server *server, const char *url)
{
	char name[ROSTER_ID_MOST + 1], normal[ROSTER_ID_MOST + 1];
	int length = server->known ? name_in_url(url, name, sizeof(name)) : -1;

	if (length <= 0 || dn_normalise(name, (size_t)length, normal, sizeof(normal)) <= 0)
		return false;
	return is_name(normal, "", server->configuration) ||
	       is_name(normal, "CN=Schema,", server->configuration) ||
	       is_name(normal, "DC=DomainDnsZones,", server->domain) ||
	       is_name(normal, "DC=ForestDnsZones,", server->forest);
}

bool ad_in_domain(const struct ad_server *server, const char *dn)
{
	char name[ROSTER_ID_MOST + 1], domain[ROSTER_ID_MOST + 1];
	int length = dn_normalise(dn, strlen(dn), name, sizeof(name));
	int tail = dn_normalise(server->domain, strlen(server->domain), domain, sizeof(domain));
	size_t before;

	if (!server->known || length <= 0 || tail <= 0 || length < tail)
		return false;
	before = (size_t)(length - tail);
	/* A comma within a value is written as an escape in the normal form. */
	return text_equal(name + before, domain) && (before == 0 || name[before - 1] == ',');
}
