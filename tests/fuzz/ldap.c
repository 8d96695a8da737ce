/* What a directory, or whoever writes its settings, spells: names, keys and addresses. Whatever they are, a name has one normal
 * form, a filter asks for one value and nothing else, and an address is one or a reason. */
#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ldap/address.h"
#include "ldap/dn.h"
#include "ldap/named.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { TEXT_MOST = 4096, FORM_MOST = 4 * TEXT_MOST, FILTER_MOST = 3 * TEXT_MOST + 64 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is normal stays as it is: else two spellings of one name could come out different. */
static void try_name(const char *text, size_t size)
{
	char once[FORM_MOST], twice[FORM_MOST];
	int length = dn_normalise(text, size, once, sizeof(once));

	must(dn_without_bits(text, size) <= size);
	if (length < 0)
		return;
	must(strlen(once) == (size_t)length && text_is_utf8(once, (size_t)length));
	must(dn_normalise(once, (size_t)length, twice, sizeof(twice)) == length);
	must(strcmp(once, twice) == 0);
}

/* One pair of parentheses, and no sign that means something within them. */
static void try_filter(const char *attribute, const char *text)
{
	char filter[FILTER_MOST];

	if (named_filter(attribute, text, filter, sizeof(filter)) < 0)
		return;
	size_t begin = 1 + strlen(attribute) + 1, length = strlen(filter);
	must(length > begin && filter[0] == '(' && filter[begin - 1] == '=' && filter[length - 1] == ')');
	must(strcspn(filter + begin, "()*") == length - begin - 1);
	for (const char *at = filter + begin; (at = strchr(at, '\\')); at++)
		must(strspn(at + 1, "0123456789abcdef") >= 2);
}

static void try_address(const char *text, size_t size)
{
	struct address address;
	const char *wrong = NULL;

	if (address_read(text, size, &address, &wrong) < 0) {
		must(wrong && *wrong);
		return;
	}
	must(address.host[0] != '\0');
	must((address.scheme == SCHEME_LDAPI) == (address.port[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char text[TEXT_MOST + 1];

	if (size > TEXT_MOST)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	try_name((const char *)bytes, size);
	try_address((const char *)bytes, size);
	try_filter("entryUUID", text);
	try_filter("objectGUID", text);
	return 0;
}
