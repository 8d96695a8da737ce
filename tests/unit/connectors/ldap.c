/* What the LDAP plug-in decides, without a server: names, addresses, results, kinds of server, what an entry
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldap.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/ad_change.h"
#include "ldap/ad_control.h"
#include "ldap/ad_expiry.h"
#include "ldap/ad_gather.h"
#include "ldap/ad_place.h"
#include "ldap/ad_server.h"
#include "ldap/ad_sid.h"
#include "ldap/address.h"
#include "ldap/certificate.h"
#include "ldap/chain.h"
#include "ldap/dn.h"
#include "ldap/entry.h"
#include "ldap/named.h"
#include "ldap/proof.h"
#include "ldap/result.h"
#include "ldap/settings.h"
#include "ldap/vendor.h"
#include "ldap/view.h"

/* ---- distinguished names
 * ----------------------------------------------------------------------------------------------------------
 */

static const char *normal(const char *dn)
{
	static char result[ROSTER_ID_MOST + 1];

	return dn_normalise(dn, strlen(dn), result, sizeof(result)) < 0 ? NULL : result;
}

static void test_dn_spellings(void **state)
{
	static const struct {
		const char *a, *b;
	} same[] = {
		{ "uid=anna,ou=people,dc=acme", "UID = Anna , OU=People;DC=acme" },
		{ "cn=Smith\\, Anna,dc=acme", "CN=smith\\2c   anna,dc=ACME" },
		{ "cn=Smith\\, Anna,dc=acme", "cn=\"Smith, Anna\",dc=acme" },
		{ "cn=a b,dc=acme", "2.5.4.3=a  b,0.9.2342.19200300.100.1.25=acme" },
		{ "cn=a,dc=acme", "OID.2.5.4.3=a,domainComponent=acme" },
		{ "cn=a,dc=acme", "commonName=\\20a\\20,dc=acme" },
		{ "uid=x+cn=y,dc=acme", "CN=Y+UID=X,dc=acme" },
		{ "uid=x+cn=y+sn=z,dc=acme", "sn=z + uid=x + cn=y,dc=acme" },
		{ "cn=Zo\303\253,dc=acme", "CN=ZO\303\213,dc=acme" },
		{ "cn=Zo\303\253,dc=acme", "CN=ZO\\C3\\8B,dc=acme" },
		{ "cn=\316\221\316\235,dc=acme", "cn=\316\261\316\275,dc=acme" },
		{ "cn=Hi,dc=acme", "cn=#04024869,dc=acme" },
		{ "cn=\\#a,dc=acme", "cn=\\23A,dc=acme" },
		{ "1.2.3=x", "oid.1.2.3=X" },
		{ "cn=", "CN= " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
		char *a = strdup(normal(same[i].a) ? normal(same[i].a) : "(no name)");

		assert_non_null(normal(same[i].b));
		assert_string_equal(a, normal(same[i].b));
		free(a);
	}
}

static void test_dn_differences(void **state)
{
	static const struct {
		const char *a, *b;
	} different[] = {
		{ "cn=a,cn=b", "cn=a\\,cn\\=b" }, { "cn=a+cn=b", "cn=a\\+cn\\=b" }, { "cn=ab", "cn=a b" },
		{ "cn=a,dc=x", "dc=x,cn=a" },	  { "cn=\\C3", "cn=\\c3\\ab" },	    { "uid=a", "cn=a" },
		{ "cn=a\\00", "cn=a" },		  { "cn=#0500", "cn=\\#0500" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(different); i++) {
		char *a = strdup(normal(different[i].a));

		assert_string_not_equal(a, normal(different[i].b));
		free(a);
	}
}

static void test_dn_is_its_own_normal_form(void **state)
{
	static const char *const names[] = {
		"cn=Smith\\, Anna + uid=b , DC=Acme",
		"cn=\\#1 \\+ \\\"q\\\" \\<x\\>\\; \\\\,dc=a",
		"cn=\\C3x\\00,dc=a",
		"cn=#0500,dc=a",
		"cn=\346\235\216,dc=a",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		char *once = strdup(normal(names[i]));

		assert_true(text_is_utf8(once, strlen(once)));
		assert_string_equal(normal(once), once);
		free(once);
	}
	assert_string_equal(normal("cn=Smith\\, Anna + uid=b , DC=Acme"), "cn=smith\\2c anna+uid=b,dc=acme");
}

static void test_dn_refuses(void **state)
{
	static const char *const bad[] = { "anna",
					   "=a",
					   "cn=a,",
					   "cn=a,,dc=b",
					   "cn=a\\",
					   "cn=\"a",
					   "cn=\"a\"b,dc=c",
					   "cn=#0",
					   "cn=#",
					   "cn=#0g",
					   ",",
					   "cn=a+",
					   "oid.oid.2=a",
					   "a=1+a=2+a=3+a=4+a=5+a=6+a=7+a=8+a=9" };
	char small[8], *long_value = calloc(1, 6000);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_null(normal(bad[i]));
	assert_int_equal(dn_normalise("cn=abcdef", 9, small, sizeof(small)), -1);
	assert_int_equal(dn_normalise("cn=abcd", 7, small, sizeof(small)), 7);
	assert_int_equal(dn_normalise("", 0, small, sizeof(small)), 0);
	memcpy(long_value, "cn=", 3);
	memset(long_value + 3, 'a', 5990);
	assert_null(normal(long_value));
	free(long_value);
}

static void test_dn_bits(void **state)
{
	static const struct {
		const char *given;
		size_t length;
	} rows[] = { { "cn=x#'0101'B", 4 }, { "cn=x#''B", 4 }, { "cn=x", 4 },
		     { "cn=x#'012'B", 11 }, { "cn=it'B", 7 },  { "'B", 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(dn_without_bits(rows[i].given, strlen(rows[i].given)), rows[i].length);
}

/* ---- addresses
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void test_addresses(void **state)
{
	static const struct {
		const char *given;
		enum scheme scheme;
		const char *host, *port;
	} rows[] = {
		{ "ldap://ldap.acme.example", SCHEME_LDAP, "ldap.acme.example", "389" },
		{ "LDAPS://ldap.acme.example/", SCHEME_LDAPS, "ldap.acme.example", "636" },
		{ "ldaps://10.0.0.1:1636", SCHEME_LDAPS, "10.0.0.1", "1636" },
		{ "ldap://[2001:db8::1]:3389", SCHEME_LDAP, "2001:db8::1", "3389" },
		{ "ldap://[::1]", SCHEME_LDAP, "::1", "389" },
		{ "ldapi://%2Frun%2fslapd%2Fldapi", SCHEME_LDAPI, "/run/slapd/ldapi", "" },
		{ "ldapi:///run/slapd/ldapi", SCHEME_LDAPI, "/run/slapd/ldapi", "" },
	};
	struct address address;
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(address_read(rows[i].given, strlen(rows[i].given), &address, &wrong), 0);
		assert_int_equal(address.scheme, rows[i].scheme);
		assert_string_equal(address.host, rows[i].host);
		assert_string_equal(address.port, rows[i].port);
		assert_string_equal(address.text, rows[i].given);
	}
}

static void test_addresses_refused(void **state)
{
	static const char *const bad[] = { "",
					   "ldap.acme.example",
					   "http://acme",
					   "ldap://",
					   "ldap://a:0",
					   "ldap://a:65536",
					   "ldap://a:x",
					   "ldap://a:",
					   "ldap://a/dc=acme",
					   "ldap://a?x",
					   "ldap://[::1",
					   "ldap://[::1]x",
					   "ldapi://",
					   "ldapi://run",
					   "ldapi://%2",
					   "ldapi://%zz",
					   "ldapi://%2F%00" };
	char *long_host = calloc(1, 600);
	struct address address = { .scheme = SCHEME_LDAPI };
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		wrong = NULL;
		assert_int_equal(address_read(bad[i], strlen(bad[i]), &address, &wrong), -1);
		assert_non_null(wrong);
	}
	strcpy(long_host, "ldap://");
	memset(long_host + 7, 'a', 300);
	assert_int_equal(address_read(long_host, strlen(long_host), &address, &wrong), -1);
	memset(long_host + 7, 'a', 590);
	assert_int_equal(address_read(long_host, strlen(long_host), &address, &wrong), -1);
	assert_int_equal(address.scheme, SCHEME_LDAPI);
	free(long_host);
}

/* ---- results
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void test_results(void **state)
{
	char text[400];

	(void)state;
	assert_int_equal(result_trouble(LDAP_INVALID_CREDENTIALS), ROSTER_REFUSED);
	assert_int_equal(result_trouble(LDAP_CONFIDENTIALITY_REQUIRED), ROSTER_MISCONFIGURED);
	assert_int_equal(result_trouble(LDAP_NO_SUCH_OBJECT), ROSTER_MISCONFIGURED);
	assert_int_equal(result_trouble(LDAP_INSUFFICIENT_ACCESS), ROSTER_REFUSED);
	assert_int_equal(result_trouble(LDAP_BUSY), ROSTER_TRY_LATER);
	assert_int_equal(result_trouble(LDAP_SERVER_DOWN), ROSTER_TRY_LATER);
	assert_int_equal(result_trouble(4242), ROSTER_NONSENSE);

	for (int code = 1; code < 130; code++)
		assert_int_equal(result_is_partial(code),
				 code == 3 || code == 4 || code == 9 || code == 10 || code == 11);
	assert_true(result_is_passing(LDAP_UNAVAILABLE) && result_is_passing(LDAP_SERVER_DOWN));
	assert_false(result_is_passing(LDAP_INVALID_CREDENTIALS) || result_is_passing(LDAP_SUCCESS));

	result_explain(LDAP_CONFIDENTIALITY_REQUIRED, "TLS confidentiality required", text, sizeof(text));
	assert_string_equal(text, "confidentiality required (13): TLS confidentiality required; use an "
				  "ldaps:// address, or tls=starttls");
	result_explain(LDAP_SERVER_DOWN, NULL, text, sizeof(text));
	assert_string_equal(text, "the connection was lost; see whether the server runs");
}

static void test_active_directory_codes(void **state)
{
	char text[400];

	(void)state;
	result_explain(
		LDAP_INVALID_CREDENTIALS,
		"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v4563",
		text, sizeof(text));
	assert_non_null(strstr(text, "the account is locked out"));
	result_explain(LDAP_INVALID_CREDENTIALS, "data 52e", text, sizeof(text));
	assert_non_null(strstr(text, "the password is wrong"));
	result_explain(LDAP_INVALID_CREDENTIALS, "data fff", text, sizeof(text));
	assert_non_null(strstr(text, "\"bind_password\""));
	result_explain(LDAP_OTHER, "data 775", text, sizeof(text));
	assert_null(strstr(text, "locked"));
}

static void test_diagnostics_are_cleaned(void **state)
{
	char text[400], diagnostic[1000];

	(void)state;
	result_explain(LDAP_OTHER, "two\nlines\tand \033[31m", text, sizeof(text));
	assert_null(strpbrk(text, "\n\t\033"));
	result_explain(LDAP_OTHER, "\377\376", text, sizeof(text));
	assert_true(text_is_utf8(text, strlen(text)));
	memset(diagnostic, 'x', sizeof(diagnostic) - 1);
	diagnostic[sizeof(diagnostic) - 1] = '\0';
	result_explain(LDAP_OTHER, diagnostic, text, sizeof(text));
	assert_true(strlen(text) < 300);
}

/* ---- kinds of server
 * ----------------------------------------------------------------------------------------------------------------
 */

static const struct vendor *active_directory(void)
{
	return vendor_of(&(struct root_dse){ .active_directory = true });
}

static const struct vendor *directory_389(void)
{
	return vendor_of(&(struct root_dse){ .vendor_name = "389 Project",
					     .vendor_version = "389-Directory/2.3.1 B2022" });
}

static const struct vendor *openldap(void)
{
	return vendor_of(&(struct root_dse){ .openldap_class = true });
}

static void test_vendors(void **state)
{
	(void)state;
	assert_string_equal(openldap()->id, "entryUUID");
	assert_string_equal(active_directory()->id, "objectGUID");
	assert_string_equal(active_directory()->user_name, "sAMAccountName");
	assert_string_equal(directory_389()->id, "nsUniqueId");
	assert_string_equal(vendor_of(&(struct root_dse){ .vendor_name = "Novell, Inc." })->id, "entryUUID");
}

static void test_standing(void **state)
{
	const time_t now = 1700000000; /* 2023-11-14 */
	const struct vendor *ad = active_directory();

	(void)state;
	assert_false(vendor_suspends(ad, "512", "0", now));
	assert_true(vendor_suspends(ad, "514", "0", now));
	assert_true(vendor_suspends(ad, "66050", NULL, now));
	assert_false(vendor_suspends(ad, "nonsense", NULL, now));
	assert_false(vendor_suspends(ad, NULL, NULL, now));
	assert_false(vendor_suspends(ad, "512", "9223372036854775807", now));
	assert_true(vendor_suspends(ad, "512", "133444735990000000", now));  /* 2023-11-14 22:13:19 */
	assert_false(vendor_suspends(ad, "512", "133444736010000000", now)); /* 22:13:21 */

	assert_true(vendor_suspends(directory_389(), "TRUE", NULL, now));
	assert_true(vendor_suspends(directory_389(), "true", NULL, now));
	assert_false(vendor_suspends(directory_389(), "FALSE", NULL, now));
	assert_false(vendor_suspends(openldap(), "TRUE", NULL, now));
}

/* ---- values and entries
 * ---------------------------------------------------------------------------------------------------------------
 */

static struct berval bytes(const char *text)
{
	return (struct berval){ strlen(text), (char *)text };
}

static void test_ids(void **state)
{
	static char guid[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";
	struct berval value = { 16, guid };
	char id[ROSTER_ID_MOST + 1], filter[200];

	(void)state;
	assert_int_equal(value_to_id("objectguid", &value, id, sizeof(id)), 0);
	assert_string_equal(id, "04030201-0605-0807-090a-0b0c0d0e0f10");
	assert_int_equal(named_filter("objectGUID", id, filter, sizeof(filter)), 0);
	assert_string_equal(filter,
			    "(objectGUID=\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\\10)");

	value = bytes("5A9D-AbC");
	assert_int_equal(value_to_id("entryUUID", &value, id, sizeof(id)), 0);
	assert_string_equal(id, "5a9d-abc");
	value = bytes("");
	assert_int_equal(value_to_id("entryUUID", &value, id, sizeof(id)), -1);
	value = (struct berval){ 2, (char[]){ '\xff', '\xfe', '\0' } };
	assert_int_equal(value_to_id("entryUUID", &value, id, sizeof(id)), -1);

	assert_int_equal(named_filter("uid", "*)(uid=\\\303\251", filter, sizeof(filter)), 0);
	assert_string_equal(filter, "(uid=\\2a\\29\\28uid=\\5c\\c3\\a9)");
	assert_int_equal(named_filter("uid", "abcdefghij", filter, 10), -1);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *name;
		int result;
		long next;
	} rows[] = {
		{ "member;range=0-1499", 1, 1500 },
		{ "MEMBER;Range=1500-*", 1, -1 },
		{ "member", 0, 7 },
		{ "members;range=0-1", 0, 7 },
		{ "member;range=", 0, 7 },
		{ "member;range=a-b", 0, 7 },
		{ "member;range=0-", 0, 7 },
		{ "member;range=0", 0, 7 },
		{ "member;range=0-9x", 0, 7 },
		{ "member;range=0-99999999999999999999", 0, 7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct berval name = bytes(rows[i].name);
		long next = 7;

		assert_int_equal(range_read(&name, "member", &next), rows[i].result);
		assert_int_equal(next, rows[i].next);
	}
}

/* An entry as it would come from a server. */
struct fake {
	struct entry entry;
	struct berval values[ENTRY_ATTRIBUTES_MOST][4];
};

static void fake_open(struct fake *fake, const char *dn)
{
	memset(fake, 0, sizeof(*fake));
	fake->entry.dn = bytes(dn);
}

static void fake_add(struct fake *fake, const char *name, const char *value)
{
	size_t i = 0, count = 0;

	while (i < fake->entry.count && strcmp(fake->entry.attributes[i].name.bv_val, name) != 0)
		i++;
	if (i == fake->entry.count)
		fake->entry.count++;
	while (fake->values[i][count].bv_val)
		count++;
	fake->values[i][count] = bytes(value);
	fake->entry.attributes[i].name = bytes(name);
	fake->entry.attributes[i].values = fake->values[i];
}

static struct settings plain_settings(struct arena *arena)
{
	struct settings settings = { 0 };

	names_read(arena, "mail", &settings.fields[FIELD_EMAIL]);
	names_read(arena, "displayName cn", &settings.fields[FIELD_DISPLAY_NAME]);
	names_read(arena, "sn", &settings.fields[FIELD_FAMILY_NAME]);
	names_read(arena, "manager", &settings.fields[FIELD_MANAGER]);
	names_read(arena, "cn", &settings.group_name);
	names_read(arena, "member, uniqueMember", &settings.group_member);
	return settings;
}

static bool asks_for(char **attributes, const char *name)
{
	for (; *attributes; attributes++)
		if (strcmp(*attributes, name) == 0)
			return true;
	return false;
}

static void test_what_is_asked_for(void **state)
{
	static const char *const extra[] = { "roomNumber", "MAIL", NULL };
	struct arena *arena = arena_open("test");
	struct settings settings = plain_settings(arena);
	struct view view = view_make(arena, &settings, active_directory(), extra);
	size_t count = 0;

	(void)state;
	assert_true(asks_for(view.user_attributes, "objectGUID") &&
		    asks_for(view.user_attributes, "userAccountControl") &&
		    asks_for(view.user_attributes, "sAMAccountName") &&
		    asks_for(view.user_attributes, "roomNumber") && asks_for(view.user_attributes, "cn") &&
		    asks_for(view.user_attributes, "mail"));
	assert_false(asks_for(view.user_attributes, "MAIL") || asks_for(view.user_attributes, "givenName"));
	while (view.group_attributes[count])
		count++;
	assert_int_equal(count, 6);
	assert_true(asks_for(view.group_attributes, "uniqueMember") && asks_for(view.group_attributes, "uSNChanged"));
	/* What primary groups need, and only where there are such. */
	assert_true(asks_for(view.user_attributes, "primaryGroupID") &&
		    asks_for(view.user_attributes, "objectSid") && asks_for(view.group_attributes, "objectSid"));
	view = view_make(arena, &settings, openldap(), extra);
	assert_false(asks_for(view.user_attributes, "primaryGroupID") ||
		     asks_for(view.group_attributes, "objectSid"));
	arena_close(&arena);
}

/* ---- Active Directory ---- */

static void test_security_identifiers(void **state)
{
	/* S-1-5-21-1-2-3-1105, as a controller keeps it. */
	static char account[] = "\1\5\0\0\0\0\0\5\25\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\121\4\0\0";
	static const unsigned char users[] = { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 0, 0 };
	struct berval sid = { sizeof(account) - 1, account };
	unsigned char group[SID_MOST];
	uint32_t number = 0;

	(void)state;
	assert_int_equal(sid_number(&sid, &number), 0);
	assert_int_equal(number, 1105);
	assert_int_equal(sid_sibling(&sid, 513, group), 0);
	assert_memory_equal(group, users, sizeof(users));
	for (size_t length = 0; length < sizeof(account) - 1; length++) {
		sid.bv_len = length;
		assert_int_equal(sid_number(&sid, &number), -1);
	}
	sid.bv_len = sizeof(account) - 1;
	account[0] = 2;
	assert_int_equal(sid_sibling(&sid, 513, group), -1);
}

static void a_controller(struct ad_server *ret)
{
	struct fake *root = calloc(1, sizeof(*root));

	fake_open(root, "");
	fake_add(root, "defaultNamingContext", "DC=sub,DC=Acme,DC=example");
	fake_add(root, "rootDomainNamingContext", "DC=acme,DC=example");
	fake_add(root, "configurationNamingContext", "CN=Configuration,DC=acme,DC=example");
	fake_add(root, "supportedControl", AD_CONTROL_SHOW_DELETED);
	ad_learn(ret, &root->entry);
	assert_false(ret->known); /* it does not say who it is */
	fake_add(root, "dsServiceName", "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Configuration,DC=acme,DC=example");
	ad_learn(ret, &root->entry);
	free(root);
}

static void test_references(void **state)
{
	static const struct {
		const char *url;
		bool nobody;
	} rows[] = {
		{ "ldap://acme.example/CN=Configuration,DC=acme,DC=example", true },
		{ "ldap://acme.example/cn=configuration,dc=ACME,dc=example??base", true },
		{ "ldaps://acme.example:636/CN=Schema,CN=Configuration,DC=acme,DC=example", true },
		{ "ldap://DomainDnsZones.sub.acme.example/DC=DomainDnsZones,DC=sub,DC=acme,DC=example", true },
		{ "ldap://x/DC=ForestDnsZones,DC=acme%2cDC=example", true },
		{ "ldap://ForestDnsZones.acme.example/DC=ForestDnsZones,DC=acme,DC=example", true },
		/* another domain, and what only looks like one of those */
		{ "ldap://child.sub.acme.example/DC=child,DC=sub,DC=acme,DC=example", false },
		{ "ldap://x/DC=DomainDnsZones,DC=child,DC=sub,DC=acme,DC=example", false },
		{ "ldap://x/OU=people,CN=Configuration,DC=acme,DC=example", false },
		{ "ldap://x/CN=Configuration,DC=acme,DC=exampl%", false },
		{ "ldap://x/CN=Configuration,DC=acme,DC=example%00", false },
		{ "http://x/CN=Configuration,DC=acme,DC=example", false },
		{ "ldap://x", false },
		{ "ldap://x/", false },
		{ "", false },
	};
	struct ad_server server;

	(void)state;
	a_controller(&server);
	assert_true(server.known && server.deleted && !server.dirsync && !server.recycled);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (ad_reference_holds_nobody(&server, rows[i].url) != rows[i].nobody)
			fail_msg("\"%s\" is judged wrongly", rows[i].url);
	server.known = false;
	assert_false(ad_reference_holds_nobody(&server, rows[0].url));
}

static void test_what_lies_in_the_domain(void **state)
{
	struct ad_server server;

	(void)state;
	a_controller(&server);
	assert_true(ad_in_domain(&server, "dc=SUB, dc=acme,dc=example"));
	assert_true(ad_in_domain(&server, "OU=people,DC=sub,DC=acme,DC=example"));
	assert_false(ad_in_domain(&server, "DC=acme,DC=example"));
	assert_false(ad_in_domain(&server, "OU=people,DC=nosub,DC=acme,DC=example"));
	assert_false(ad_in_domain(&server, "OU=people\\,dc=sub,DC=acme,DC=example"));
	assert_false(ad_in_domain(&server, "people"));
}

static void test_dirsync_values(void **state)
{
	static char cookie[70000];
	/* An answer of Samba 4.17: nothing more, and a cookie. */
	static char answer[] = "0\15\2\1\0\2\1\0\4\5MSDS\3";
	struct berval given = { 0, NULL }, value, got = { 0, NULL };
	bool more = true;

	(void)state;
	assert_int_equal(dirsync_write(&given, &value), 0);
	assert_int_equal(value.bv_len, 15);
	assert_memory_equal(value.bv_val, "0\15\2\4\200\0\0\0\2\3\20\0\0\4\0", 15);
	ber_memfree(value.bv_val);

	value = (struct berval){ sizeof(answer) - 1, answer };
	assert_int_equal(dirsync_read(&value, &more, &got), 0);
	assert_false(more);
	assert_int_equal(got.bv_len, 5);
	assert_memory_equal(got.bv_val, "MSDS\3", 5);
	ber_memfree(got.bv_val);
	for (value.bv_len = 0; value.bv_len < sizeof(answer) - 1; value.bv_len++)
		assert_int_equal(dirsync_read(&value, &more, &got), -1);

	/* A cookie beyond 64 KiB goes there and back; read as an answer, the request says "more". */
	memset(cookie, 'c', sizeof(cookie));
	given = (struct berval){ sizeof(cookie), cookie };
	assert_int_equal(dirsync_write(&given, &value), 0);
	assert_int_equal(dirsync_read(&value, &more, &got), 0);
	assert_true(more);
	assert_int_equal(got.bv_len, sizeof(cookie));
	assert_memory_equal(got.bv_val, cookie, sizeof(cookie));
	ber_memfree(value.bv_val);
	ber_memfree(got.bv_val);
}

static void test_places_of_controllers(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"0123456789abcdef0123456789abcdef 1 2 3 told",
		"0123456789abcdef0123456789abcde 1 2 3 told\n",
		"0123456789abcdef0123456789abcdeg 1 2 3 told\n",
		"0123456789abcdef0123456789abcdef -1 2 3 told\n",
		"0123456789abcdef0123456789abcdef 1 2 told\n",
		"0123456789abcdef0123456789abcdef 1 2 3 4 told\n",
		"0123456789abcdef0123456789abcdef 1 2 3 tells\n",
		"0123456789abcdef0123456789abcdef 1 2 99999999999999999999 told\n",
	};
	struct buffer text __attribute__((cleanup(buffer_close)));
	struct ad_place place = { "0123456789abcdef0123456789abcdef", 4711, 1000000, 2000000, true, "c\n\0k", 4 }, got;
	struct ad_place now = place;

	(void)state;
	buffer_open(&text, 1024);
	ad_place_write(&place, &text);
	assert_int_equal(ad_place_read(text.bytes, text.length, &got), 0);
	assert_string_equal(got.invocation, place.invocation);
	assert_true(got.usn == 4711 && got.at == 1000000 && got.expires == 2000000 && got.tells);
	assert_int_equal(got.cookie_size, 4);
	assert_memory_equal(got.cookie, "c\n\0k", 4);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(ad_place_read(bad[i], strlen(bad[i]), &got), -1);

	assert_null(ad_place_lost(&place, &now, 100));
	now.at += 99;
	now.usn++;
	assert_null(ad_place_lost(&place, &now, 100));
	now.at++;
	assert_non_null(strstr(ad_place_lost(&place, &now, 100), "has forgotten who was deleted"));
	now = place;
	now.usn--;
	assert_non_null(strstr(ad_place_lost(&place, &now, 100), "counts fewer changes"));
	now = place;
	now.at -= 3600;
	assert_null(ad_place_lost(&place, &now, 100));
	now.at -= 24 * 3600;
	assert_non_null(strstr(ad_place_lost(&place, &now, 100), "a clock was set"));
	now = place;
	now.invocation[0] = 'f';
	assert_non_null(strstr(ad_place_lost(&place, &now, 100), "another domain controller"));
}

static void test_attributes_of_filters(void **state)
{
	struct arena *arena = arena_open("test");
	const char *names[5] = { NULL };

	(void)state;
	assert_int_equal(filter_names("(&(objectClass=user)(!( cn=x))(|(mail=*\\28sn=\\29)(OBJECTclass=top)(:dn:2.4:=x)"
				      "(userAccountControl:1.2:=2)))",
				      arena, names, 4),
			 0);
	assert_string_equal(names[0], "objectClass");
	assert_string_equal(names[1], "mail");
	assert_string_equal(names[2], "userAccountControl");
	assert_null(names[3]);
	assert_int_equal(filter_names("(a=1)", arena, names, 4), 0);
	assert_int_equal(filter_names("(b=1)", arena, names, 4), -1);
	assert_int_equal(filter_names(NULL, arena, names, 4), 0);

	assert_string_equal(filter_unwatched("(&(cn=x)(memberof=CN=y))"), "memberOf");
	assert_string_equal(filter_unwatched("(member:1.2.840.113556.1.4.1941:=x)"), ":1.2.840.113556.1.4.1941:");
	assert_null(filter_unwatched("(&(cn=memberOf)(memberOfNothing=1))"));
	assert_null(filter_unwatched(NULL));
	arena_close(&arena);
}

/* As Samba gives them. */
static void test_what_dirsync_tells(void **state)
{
	static const char *const asked[] = { "objectClass", "department", "member", NULL };
	struct arena *arena = arena_open("test");
	struct settings settings = plain_settings(arena);
	struct view view = view_make(arena, &settings, active_directory(), NULL);
	struct fake *fake = calloc(1, sizeof(*fake));
	struct ad_change change;

	(void)state;
	fake_open(fake, "CN=a,DC=acme");
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), -1);
	fake_add(fake, "objectGUID", "0123456789abcdef");
	fake_add(fake, "instanceType", "4");
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), 0);
	assert_true(change.silent && !change.created && !change.moved && !change.elsewhere && !change.listed);
	assert_string_equal(change.id, "33323130-3534-3736-3839-616263646566");

	fake_add(fake, "member;range=1-1", "CN=B,DC=acme");
	fake_add(fake, "member;range=0-0", "CN=C,DC=acme");
	fake_add(fake, "member;range=0-0", "no name");
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), 0);
	assert_true(change.listed && !change.relisted && !change.elsewhere && !change.silent);
	assert_int_equal(change.strangers, 1);
	assert_true(change.members->gone && !change.members->next->gone && !change.members->next->next);
	assert_string_equal(change.members->reference, "cn=c,dc=acme");
	assert_string_equal(change.members->next->reference, "cn=b,dc=acme");

	/* A value that is gone is said with no value. */
	fake_add(fake, "department", "x");
	fake->values[fake->entry.count - 1][0].bv_val = NULL;
	fake->entry.attributes[fake->entry.count - 1].values = NULL;
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), 0);
	assert_true(change.elsewhere);

	fake_add(fake, "name", "a");
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), 0);
	assert_true(change.moved && !change.created);
	fake_add(fake, "whenCreated", "20261129114952.0Z");
	fake_add(fake, "member", "CN=D,DC=acme");
	fake_add(fake, "accountExpires", "132000000000000000");
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), 0);
	assert_true(change.created && !change.moved && change.relisted);
	assert_true(change.expires == 1555526400);
	fake_add(fake, "isDeleted", "TRUE");
	assert_int_equal(ad_change_read(&fake->entry, &view, asked, arena, &change), 0);
	assert_true(change.gone && !change.created && !change.members);
	free(fake);
	arena_close(&arena);
}

static void test_joining_changes(void **state)
{
	struct ad_member one = { .reference = "x" };
	struct ad_change changes[] = {
		{ .id = "b", .moved = true, .silent = false },
		{ .id = "a", .listed = true, .members = &one },
		{ .id = "b", .gone = true, .expires = 5 },
		{ .id = "a", .listed = true, .members = &one },
		{ .id = "c", .listed = true, .members = &one },
	};

	(void)state;
	assert_int_equal(gather_join(changes, ARRAY_COUNT(changes)), 3);
	assert_true(text_equal(changes[0].id, "a") && changes[0].relisted);
	assert_true(text_equal(changes[1].id, "b") && changes[1].gone && changes[1].moved && changes[1].expires == 5);
	assert_true(text_equal(changes[2].id, "c") && changes[2].listed && !changes[2].relisted);
	assert_int_equal(gather_join(changes, 0), 0);
}

static void test_sooner(void **state)
{
	(void)state;
	assert_int_equal(expiry_sooner(0, 0, 10), 0);
	assert_int_equal(expiry_sooner(20, 0, 10), 20);
	assert_int_equal(expiry_sooner(0, 20, 10), 20);
	assert_int_equal(expiry_sooner(30, 20, 10), 20);
	assert_int_equal(expiry_sooner(5, 20, 10), 20);
	assert_int_equal(expiry_sooner(10, 9, 10), 0);
}

static void test_a_person(void **state)
{
	static const char *const extra[] = { "roomNumber", "jpegPhoto", NULL };
	struct arena *arena = arena_open("test");
	struct settings settings = plain_settings(arena);
	struct view view = view_make(arena, &settings, openldap(), extra);
	struct fake *fake = calloc(1, sizeof(*fake));
	struct person *person = calloc(1, sizeof(*person));
	const struct roster_identity *identity = &person->identity;
	char why[ROSTER_NOTE_MOST] = "";

	(void)state;
	fake_open(fake, "cn=Smith\\, Anna,dc=Acme");
	fake_add(fake, "entryUUID", "ABC");
	fake_add(fake, "UID", "anna");
	fake_add(fake, "mail", "anna@acme.example");
	fake_add(fake, "mail", "a.smith@acme.example");
	fake_add(fake, "displayName", "");
	fake_add(fake, "cn", "Anna Smith");
	fake_add(fake, "cn;lang-de", "Anna Schmidt");
	fake_add(fake, "manager", "CN=Boss,DC=Acme");
	fake_add(fake, "roomNumber", "12");
	fake_add(fake, "jpegPhoto", "\377\330");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 0);
	assert_string_equal(identity->remote_id, "abc");
	assert_string_equal(identity->reference, "cn=smith\\2c anna,dc=acme");
	assert_string_equal(identity->user_name, "anna");
	assert_string_equal(identity->email, "anna@acme.example");
	assert_int_equal(identity->email_proof, ROSTER_ASSERTED);
	assert_string_equal(identity->addresses[0].email, "a.smith@acme.example");
	assert_null(identity->addresses[1].email);
	assert_string_equal(identity->display_name, "Anna Smith");
	assert_null(identity->family_name);
	assert_string_equal(identity->manager, "cn=boss,dc=acme");
	assert_int_equal(identity->standing, ROSTER_ACTIVE);
	assert_string_equal(identity->attributes[0].values[0], "12");
	assert_null(identity->attributes[1].values[0]);
	assert_null(identity->attributes[2].name);
	free(person);
	free(fake);
	arena_close(&arena);
}

/* Only an entry without a usable key. Of any other one, that it is switched off counts whatever its owner wrote into it. */
static void test_people_who_cannot_be_taken(void **state)
{
	struct arena *arena = arena_open("test");
	struct settings settings = plain_settings(arena);
	struct view view = view_make(arena, &settings, openldap(), NULL);
	struct fake *fake = calloc(1, sizeof(*fake));
	struct person *person = calloc(1, sizeof(*person));
	char why[ROSTER_NOTE_MOST] = "";

	(void)state;
	fake_open(fake, "cn=Anna,dc=Acme");
	fake_add(fake, "uid", "anna");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), -1);
	assert_string_equal(person->id, "cn=Anna,dc=Acme");
	assert_non_null(strstr(why, "entryUUID"));

	fake_add(fake, "entryUUID", "abc");
	fake_add(fake, "sn", "\377");
	fake_add(fake, "mail", "anna@acme.example");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 1);
	assert_string_equal(person->id, "abc");
	assert_non_null(strstr(why, "\"sn\" is not UTF-8"));
	assert_null(person->identity.family_name);
	assert_string_equal(person->identity.user_name, "anna");
	assert_string_equal(person->identity.email, "anna@acme.example");
	assert_string_equal(person->identity.reference, "cn=anna,dc=acme");

	fake_open(fake, "cn=Anna,dc=Acme");
	fake_add(fake, "entryUUID", "abc");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 1);
	assert_non_null(strstr(why, "\"uid\""));
	assert_string_equal(person->identity.user_name, "");

	fake_open(fake, "not a name");
	fake_add(fake, "entryUUID", "abc");
	fake_add(fake, "uid", "anna");
	fake_add(fake, "sn", "\377");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 1);
	assert_non_null(strstr(why, "distinguished name"));
	assert_null(person->identity.reference);
	assert_string_equal(person->identity.user_name, "anna");

	names_read(arena, "memberUid", &settings.group_member);
	view = view_make(arena, &settings, openldap(), NULL);
	fake_open(fake, "cn=Anna,dc=Acme");
	fake_add(fake, "entryUUID", "abc");
	fake_add(fake, "uid", "\377");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 1);
	assert_null(person->identity.reference);
	free(person);
	free(fake);
	arena_close(&arena);
}

static void test_locked_people_with_spoiled_entries(void **state)
{
	static const struct root_dse of_389 = { .vendor_name = "389 Project" }, of_ad = { .active_directory = true };
	const struct {
		const struct root_dse *said;
		const char *id, *lock, *value;
	} servers[] = { { &of_389, "nsUniqueId", "nsAccountLock", "TRUE" },
			{ &of_ad, "objectGUID", "userAccountControl", "514" } };
	static char longest[ROSTER_TEXT_MOST + 2];
	struct fake *fake = calloc(1, sizeof(*fake));
	struct person *person = calloc(1, sizeof(*person));

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		struct arena *arena = arena_open("test");
		struct settings settings = plain_settings(arena);
		struct view view = view_make(arena, &settings, vendor_of(servers[i].said), NULL);
		char why[ROSTER_NOTE_MOST] = "";

		fake_open(fake, "cn=Anna,dc=Acme");
		fake_add(fake, servers[i].id, "0123456789abcdef");
		fake_add(fake, servers[i].lock, servers[i].value);
		fake_add(fake, "displayName", longest);
		assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 1);
		assert_int_equal(person->identity.standing, ROSTER_SUSPENDED);
		arena_close(&arena);
	}
	free(person);
	free(fake);
}

/* More than an identity may hold would end the listing of everybody. */
static void test_values_have_an_end(void **state)
{
	static const char *const extra[] = { "description", NULL };
	static char value[ROSTER_TEXT_MOST + 1];
	static struct berval many[ROSTER_VALUES_MOST + 1];
	struct arena *arena = arena_open("test");
	struct settings settings = plain_settings(arena);
	struct view view = view_make(arena, &settings, openldap(), extra);
	struct fake *fake = calloc(1, sizeof(*fake));
	struct person *person = calloc(1, sizeof(*person));
	char why[ROSTER_NOTE_MOST] = "";
	size_t total = 0;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	fake_open(fake, "cn=Anna,dc=Acme");
	fake_add(fake, "entryUUID", "abc");
	fake_add(fake, "uid", "anna");
	fake_add(fake, "mail", value);
	fake_add(fake, "description", value);
	for (size_t i = 0; i < ROSTER_VALUES_MOST; i++)
		many[i] = bytes(value);
	for (size_t i = 0; i < fake->entry.count; i++)
		if (fake->entry.attributes[i].values->bv_len == sizeof(value) - 1)
			fake->entry.attributes[i].values = many;
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 0);
	for (size_t i = 0; person->identity.addresses[i].email; i++)
		total += strlen(person->identity.addresses[i].email);
	for (size_t i = 0; person->identity.attributes[0].values[i]; i++)
		total += strlen(person->identity.attributes[0].values[i]);
	assert_true(total > 0);
	assert_true(total <= ROSTER_IDENTITY_MOST / 2);
	free(person);
	free(fake);
	arena_close(&arena);
}

static void test_members(void **state)
{
	struct arena *arena = arena_open("test");
	struct settings settings = plain_settings(arena);
	struct view view = view_make(arena, &settings, openldap(), NULL);
	struct fake *fake = calloc(1, sizeof(*fake));
	struct person *person = calloc(1, sizeof(*person));
	struct berval value = bytes("CN=A,DC=Acme#'01'B");
	char member[ROSTER_ID_MOST + 1], why[ROSTER_NOTE_MOST];

	(void)state;
	assert_int_equal(view_member(&view, &value, member, sizeof(member)), 0);
	assert_string_equal(member, "cn=a,dc=acme");
	value = bytes("anna");
	assert_int_equal(view_member(&view, &value, member, sizeof(member)), -1);

	/* memberUid names people as they sign in; letters count. */
	names_read(arena, "memberUid", &settings.group_member);
	view = view_make(arena, &settings, openldap(), NULL);
	value = bytes("Anna");
	assert_int_equal(view_member(&view, &value, member, sizeof(member)), 0);
	assert_string_equal(member, "Anna");
	fake_open(fake, "cn=Anna,dc=Acme");
	fake_add(fake, "uid", "Anna");
	fake_add(fake, "entryUUID", "abc");
	assert_int_equal(view_person(&view, &fake->entry, 0, arena, person, why), 0);
	assert_string_equal(person->identity.reference, "Anna");
	free(person);
	free(fake);
	arena_close(&arena);
}

static void test_attribute_names(void **state)
{
	struct arena *arena = arena_open("test");
	struct names names;

	(void)state;
	assert_int_equal(names_read(arena, " displayName,cn\tsn;lang-de ", &names), 0);
	assert_string_equal(names.name[0], "displayName");
	assert_string_equal(names.name[2], "sn;lang-de");
	assert_null(names.name[3]);
	assert_int_equal(names_read(arena, NULL, &names), 0);
	assert_null(names.name[0]);
	assert_int_equal(names_read(arena, "a)(b", &names), -1);
	assert_int_equal(names_read(arena, "a b c d e f g h i", &names), -1);
	arena_close(&arena);
}

/* ---- certificates
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static X509 *make_certificate(const char *names)
{
	X509 *certificate = X509_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
						    (const unsigned char *)"ldap", -1, -1, 0),
			 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_issuer_name(certificate), "CN", MBSTRING_UTF8,
						    (const unsigned char *)"Acme root", -1, -1, 0),
			 1);
	assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z"), 1);
	assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20200201000000Z"), 1);
	if (names)
		add_extension(certificate, NID_subject_alt_name, names);
	return certificate;
}

static void assert_explains(long verdict, X509 *certificate, const char *wanted)
{
	char text[400];

	certificate_explain(verdict, certificate, "a.example", 1700000000, text, sizeof(text));
	if (!strstr(text, wanted))
		fail_msg("\"%s\" does not say \"%s\"", text, wanted);
}

static void test_certificates(void **state)
{
	X509 *certificate = make_certificate("DNS:b.example,IP:10.0.0.1,email:x@y.example");
	char many[4000] = "DNS:a0.example", names[100];

	(void)state;
	assert_explains(X509_V_ERR_CERT_HAS_EXPIRED, certificate,
			"the certificate \"ldap\" expired on 2020-02-01 00:00:00 UTC, it is 2023-11-14 "
			"22:13:20 UTC here");
	assert_explains(X509_V_ERR_CERT_NOT_YET_VALID, certificate, "is not valid before 2020-01-01");
	assert_explains(X509_V_ERR_HOSTNAME_MISMATCH, certificate,
			"is not for \"a.example\", it names \"b.example\", \"10.0.0.1\";");
	assert_explains(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, certificate,
			"unknown issuer \"CN = Acme root\"");
	assert_explains(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, certificate, "is self-signed");
	assert_explains(X509_V_ERR_CERT_REVOKED, certificate, "revoked");
	X509_free(certificate);

	certificate = make_certificate(NULL);
	certificate_names(certificate, names, sizeof(names));
	assert_string_equal(names, "\"ldap\"");
	X509_free(certificate);

	for (int i = 1; i < 100; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), ",DNS:a%d.example", i);
	certificate = make_certificate(many);
	certificate_names(certificate, names, sizeof(names));
	assert_true(text_ends(names, ", ..."));
	X509_free(certificate);
}

/* ---- pages ---- */

/* After how many pages it is found that page `entry` comes after page `last` again; 0: never. */
static int found_after(int entry, int last)
{
	struct chain chain = { 0 };
	char first[32];

	for (int page = 1, i = 1; i < 20 * last; i++, page = page == last ? entry : page + 1) {
		snprintf(first, sizeof(first), "uid=u%d,dc=acme", page);
		if (chain_page(&chain, first))
			return i;
	}
	return 0;
}

static void test_rings(void **state)
{
	(void)state;
	for (int last = 1; last < 70; last++)
		for (int entry = 1; entry <= last; entry++) {
			int found = found_after(entry, last), length = last - entry + 1;

			assert_in_range(found, last + 1, 2 * last + 2 * length + 2);
		}
}

static void test_chains_that_end(void **state)
{
	struct chain chain = { 0 };
	char first[32];

	(void)state;
	for (int page = 0; page < 5000; page++) {
		snprintf(first, sizeof(first), "uid=u%d,dc=acme", page);
		assert_null(chain_page(&chain, first));
		for (int i = 0; page % 1000 == 0 && i < CHAIN_EMPTY_MOST; i++)
			assert_null(chain_page(&chain, NULL));
	}
	for (int i = 1; i < CHAIN_EMPTY_MOST + 1; i++)
		assert_null(chain_page(&chain, NULL));
	assert_non_null(chain_page(&chain, NULL));
}

/* ---- marks of the last change ---- */

static const char *marks(const char *a, const char *b)
{
	static char result[512];
	char *csns[] = { (char *)a, (char *)b };

	return proof_marks(csns, b ? 2 : 1, result, sizeof(result)) < 0 ? NULL : result;
}

static void test_marks_grow(void **state)
{
	char before[512];

	(void)state;
	assert_string_equal(marks("20261129114313.123456Z#000000#000#000000", NULL), "000 20261129114313.123456Z#000000#000#000000");
	/* Whatever order the server gives them in, and whichever of two providers has written: later comes behind. */
	snprintf(before, sizeof(before), "%s", marks("20261129120000.000000Z#000000#002#000000", "20261129110000.000000Z#000000#001#000000"));
	assert_string_equal(before, marks("20261129110000.000000Z#000000#001#000000", "20261129120000.000000Z#000000#002#000000"));
	assert_true(strcmp(before, marks("20261129110000.000001Z#000000#001#000000", "20261129120000.000000Z#000000#002#000000")) < 0);
	assert_true(strcmp(before, marks("20261129110000.000000Z#000000#001#000000", "20261129120000.000000Z#000001#002#000000")) < 0);
	assert_null(marks("20261129114313Z", NULL));
	assert_null(marks("2026 1129#000000#000#000000", NULL));
	assert_null(marks("", NULL));
}

static void test_parents(void **state)
{
	(void)state;
	assert_string_equal(proof_parent("ou=people,dc=acme,dc=example"), "dc=acme,dc=example");
	assert_string_equal(proof_parent("cn=Smith\\, Anna,dc=acme"), "dc=acme");
	assert_string_equal(proof_parent("cn=\"Smith, Anna\",dc=acme"), "dc=acme");
	assert_null(proof_parent("dc=acme"));
	assert_null(proof_parent("dc=acme,"));
	assert_null(proof_parent(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks_grow),
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_chains_that_end),
		cmocka_unit_test(test_dn_spellings),
		cmocka_unit_test(test_dn_differences),
		cmocka_unit_test(test_dn_is_its_own_normal_form),
		cmocka_unit_test(test_dn_refuses),
		cmocka_unit_test(test_dn_bits),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_refused),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_active_directory_codes),
		cmocka_unit_test(test_diagnostics_are_cleaned),
		cmocka_unit_test(test_vendors),
		cmocka_unit_test(test_standing),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_what_is_asked_for),
		cmocka_unit_test(test_security_identifiers),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_what_lies_in_the_domain),
		cmocka_unit_test(test_dirsync_values),
		cmocka_unit_test(test_places_of_controllers),
		cmocka_unit_test(test_attributes_of_filters),
		cmocka_unit_test(test_what_dirsync_tells),
		cmocka_unit_test(test_joining_changes),
		cmocka_unit_test(test_sooner),
		cmocka_unit_test(test_a_person),
		cmocka_unit_test(test_people_who_cannot_be_taken),
		cmocka_unit_test(test_locked_people_with_spoiled_entries),
		cmocka_unit_test(test_values_have_an_end),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_attribute_names),
		cmocka_unit_test(test_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
