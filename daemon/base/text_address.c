/* Host names, domains and addresses of mail, in the one form that we compare.
 *
 * People are matched by these, so two spellings of one address must give one text, and nothing that a reader
 * cannot see may make two texts of one. The only room that calls libidn2. */
#include "platform.h"

#include "base/text.h"

#include "base/arena.h"
#include "base/error.h"

#include <idn2.h>

#include <string.h>

enum {
	LABEL_MOST = 63,
	DOMAIN_MOST = 253,  /* RFC 1035: 255 on the wire */
	GIVEN_MOST = 1024,  /* as U-labels a name takes more bytes */
	LOCAL_MOST = 64,    /* RFC 5321, section 4.5.3.1.1 */
	ADDRESS_MOST = 254, /* RFC 5321, errata 1690 */
};

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_name_character(char c)
{
	return is_letter_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

static void lower_ascii(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text += 'a' - 'A';
}

/* Before libidn2 sees a name: it drops some of the ASCII that it refuses, and would make "ab" of "a_b". */
static const char *fault_of_given(const char *given, size_t length)
{
	if (length == 0)
		return "it is empty";
	if (length > GIVEN_MOST)
		return "it is too long";
	if (!text_is_printable(given, length))
		return "it is not readable UTF-8";
	for (size_t i = 0; i < length; i++)
		if (!is_name_character(given[i]) && (uint8_t)given[i] < 0x80)
			return "only letters, digits and hyphens are allowed";
	return NULL;
}

/* Only these need libidn2; IDNA2008 forbids names such as "ab--cd.example" that are in use. */
static bool is_international(const char *name)
{
	for (const char *at = name; *at; at++)
		if ((uint8_t)*at >= 0x80)
			return true;
	return text_begins(name, "xn--") || strstr(name, ".xn--");
}

static const char *fault_of_label(const char *label, size_t length)
{
	if (length == 0)
		return "a label is empty";
	if (length > LABEL_MOST)
		return "a label is longer than 63 characters";
	if (label[0] == '-' || label[length - 1] == '-')
		return "a label begins or ends with a hyphen";
	for (size_t i = 0; i < length; i++)
		if (!is_letter_or_digit(label[i]) && label[i] != '-')
			return "only letters, digits and hyphens are allowed";
	return NULL;
}

/* NULL if the name, in A-labels and lower case, is a domain name of two labels or more. */
static const char *fault_of_domain(const char *name)
{
	const char *label = name, *fault = NULL;

	if (!strchr(name, '.'))
		return "a name with a dot is expected";
	if (strlen(name) > DOMAIN_MOST)
		return "it is longer than 253 characters";

	for (;;) {
		size_t length = strcspn(label, ".");

		fault = fault_of_label(label, length);
		if (fault || label[length] == '\0')
			break;
		label += length + 1;
	}
	/* What resolvers take for an address ends in a number; no top-level domain does. */
	if (!fault && (strspn(label, "0123456789") == strlen(label) || strncmp(label, "0x", 2) == 0))
		return "an address is no domain name";
	return fault;
}

static int refuse_domain(struct error *e, const char *given, const char *fault)
{
	if (!text_is_printable(given, strlen(given)))
		given = "(unprintable)";
	return error_set(e, ERROR_INPUT, "text.domain", "\"%.*s\" is no domain name: %s",
			 (int)text_cut(given, strlen(given), DOMAIN_MOST), given, fault);
}

/* To A-labels, in lower case. NULL, or what is wrong. */
static const char *to_ascii(struct arena *arena, const char *name, char **ret)
{
	char *ascii;
	int result = idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

	if (result == IDN2_MALLOC)
		memory_exhausted("domain name", strlen(name));
	if (result != IDN2_OK)
		return idn2_strerror(result);
	*ret = arena_text(arena, ascii);
	idn2_free(ascii);
	return NULL;
}

int text_domain(struct arena *arena, const char *given, const char **ret, struct error *e)
{
	const char *fault = fault_of_given(given, strlen(given));
	char *name;

	if (fault)
		return refuse_domain(e, given, fault);

	name = arena_text(arena, given);
	lower_ascii(name);
	if (is_international(name))
		fault = to_ascii(arena, name, &name);
	if (text_ends(name, "."))
		name[strlen(name) - 1] = '\0';
	fault = fault ? fault : fault_of_domain(name);
	if (fault)
		return refuse_domain(e, given, fault);
	*ret = name;
	return 0;
}

/* The code point of a well-formed character beyond ASCII. */
static uint32_t code_point(const char *character, size_t length)
{
	uint32_t code = (uint8_t)character[0] & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((uint8_t)character[i] & 0x3f);
	return code;
}

/* Blanks, joiners, direction marks and fillers: addresses that differ in these look the same. */
static bool is_invisible(uint32_t code)
{
	static const struct range {
		uint32_t first, last;
	} ranges[] = {
		{ 0xa0, 0xa0 },	    { 0xad, 0xad },	{ 0x34f, 0x34f },     { 0x61c, 0x61c },
		{ 0x115f, 0x1160 }, { 0x1680, 0x1680 }, { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },   { 0x2800, 0x2800 },
		{ 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xffff }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

bool text_is_name(const char *text, size_t length)
{
	if (!text_is_printable(text, length) || memmem(text, length, "  ", 2) ||
	    (length > 0 && (text[0] == ' ' || text[length - 1] == ' ')))
		return false;
	for (size_t at = 0, n; at < length; at += n) {
		n = text_character(text + at, length - at);
		if (n > 1 && is_invisible(code_point(text + at, n)))
			return false;
	}
	return true;
}

static bool is_local_character(const char *character, size_t length)
{
	/* atext of RFC 5322 and the dot; everything visible beyond ASCII by RFC 6531. */
	static const char others[] = "!#$%&'*+-/=?^_`{|}~.";
	char c = character[0];

	if (length > 1)
		return !is_invisible(code_point(character, length));
	return is_letter_or_digit(c) || (c >= 'A' && c <= 'Z') || strchr(others, c);
}

static const char *fault_of_local(const char *local, size_t length)
{
	if (length == 0)
		return "nothing stands before \"@\"";
	if (length > LOCAL_MOST)
		return "more than 64 bytes stand before \"@\"";
	if (local[0] == '.' || local[length - 1] == '.' || memmem(local, length, "..", 2))
		return "a dot before \"@\" stands at an end or beside another";

	for (size_t at = 0, n; at < length; at += n) {
		n = text_character(local + at, length - at);
		if (n == 0 || !is_local_character(local + at, n))
			return "no blanks, quotes, comments or brackets are allowed before \"@\"";
	}
	return NULL;
}

static const char *fault_of_address(const char *given, const char *at)
{
	if (!text_is_printable(given, strlen(given)))
		return "it is not readable UTF-8";
	if (!at)
		return "\"@\" is missing";
	if (strchr(at + 1, '@'))
		return "\"@\" stands there twice";
	return fault_of_local(given, (size_t)(at - given));
}

int text_email(struct arena *arena, const char *given, const char **ret, struct error *e)
{
	const char *at = strchr(given, '@'), *domain;
	const char *fault = fault_of_address(given, at);
	char *local, *address;

	if (fault)
		return error_set(e, ERROR_INPUT, "text.email", "this is no mail address: %s", fault);
	if (text_domain(arena, at + 1, &domain, e) < 0)
		return -1;

	local = arena_text_n(arena, given, (size_t)(at - given));
	lower_ascii(local);
	address = arena_format(arena, "%s@%s", local, domain);
	if (strlen(address) > ADDRESS_MOST)
		return error_set(e, ERROR_INPUT, "text.email",
				 "this is no mail address: it is longer than %d bytes", ADDRESS_MOST);
	*ret = address;
	return 0;
}
