/* Text: characters, suggestions, numbers, letters for bytes, addresses, buffers. */
#include "base/text.h"

#include "base/arena.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* The decoder as RFC 3629 words it, slowly: what text_is_utf8 has to agree with. */
static bool is_character_by_the_book(const uint8_t *b, size_t n)
{
	static const uint32_t least[] = { 0, 1, 0x80, 0x800, 0x10000 };
	uint32_t code = n == 1 ? b[0] : b[0] & (0xffu >> (n + 1));

	if (n == 1 ? b[0] >= 0x80 : (unsigned)b[0] >> (7 - n) != (0xffu >> (7 - n) & ~1u))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (b[i] >> 6 != 2)
			return false;
		code = code << 6 | (b[i] & 0x3f);
	}
	return code >= least[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static void every_beginning_is_judged_by_the_book(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		for (unsigned second = 0; second < 256; second++) {
			const uint8_t bytes[] = { (uint8_t)first, (uint8_t)second, 0x80, 0xbf };
			size_t expected = 0;

			for (size_t n = 1; n <= 4 && expected == 0; n++)
				expected = is_character_by_the_book(bytes, n) ? n : 0;
			assert_int_equal(text_character((const char *)bytes, 4), expected);
			for (size_t n = 0; n < expected; n++)
				assert_int_equal(text_character((const char *)bytes, n), 0);
		}
	}
}

static void utf8(void **state)
{
	static const char *const bad[] = { "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\x80",
		                           "\xe2\x82", "\xc3", "\xf0\x9f\x98", "\xe0\x9f\xbf", "\xf8\x88\x80\x80\x80" };

	(void)state;
	assert_true(text_is_utf8("", 0));
	assert_true(text_is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	assert_true(text_is_utf8("\xf4\x8f\xbf\xbf", 4));
	assert_false(text_is_utf8("a\0b", 3));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void printable(void **state)
{
	(void)state;
	assert_true(text_is_printable("J\xc3\xbcrgen ~", 9));
	assert_true(text_is_printable("\xc2\xa0", 2));
	assert_false(text_is_printable("a\n", 2));
	assert_false(text_is_printable("\x7f", 1));
	assert_false(text_is_printable("\xc2\x9f", 2));
	assert_false(text_is_printable("\x1b[31m", 5));
}

static void comparing(void **state)
{
	(void)state;
	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("a", "A"));
	assert_true(text_equal_nocase("Owner", "oWNER"));
	assert_false(text_equal_nocase("own", "owner"));
	assert_false(text_equal_nocase("owner", "own"));
	assert_false(text_equal_nocase("\xc3\x84", "\xc3\xa4"));
	assert_false(text_equal_nocase("@", "`"));
	assert_true(text_equal_nocase(NULL, NULL));
	assert_true(text_begins("ldap://x", "ldap:"));
	assert_true(text_begins("", ""));
	assert_false(text_begins("ld", "ldap"));
	assert_false(text_begins(NULL, "l"));
	assert_true(text_ends("a.conf", ".conf"));
	assert_false(text_ends("conf", ".conf"));
	assert_false(text_ends(NULL, ""));
}

static void folding(void **state)
{
	static const struct {
		const char *text, *folded;
	} cases[] = {
		{ "", "" },
		{ "Ann@ACME.example", "ann@acme.example" },
		{ "ÄNNE Ø ÞÝ×÷", "änne ø þý×÷" },
		{ "ĀāŁłŸŽž", "āāłłÿžž" },
		{ "İſ", "is" },
		{ "ΆΣΊΣΥΦΟς", "άσίσυφοσ" },
		{ "ЁЖИК Ґ Ӏ", "ёжик ґ ӏ" },
		{ "ԱԲ ẞ Ậ", "աբ ß ậ" },
		{ "ＡＺ", "ａｚ" },
		{ "日本 😀 ß", "日本 😀 ß" },
		{ "A\xff\xc3", "a\xff\xc3" },
	};
	scoped(arena) *arena = arena_open("test");

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_string_equal(text_fold(arena, cases[i].text), cases[i].folded);
		assert_string_equal(text_fold(arena, cases[i].folded), cases[i].folded);
	}
}

/* Whatever there is: never longer, and once is enough. */
static void folding_settles(void **state)
{
	(void)state;
	for (uint32_t code = 1; code < 0x11000; code++) {
		scoped(arena) *arena = arena_open("test");
		char text[5] = { 0 };
		const char *once;

		if (code >= 0xd800 && code < 0xe000)
			continue;
		if (code < 0x80) {
			text[0] = (char)code;
		} else if (code < 0x800) {
			text[0] = (char)(0xc0 | code >> 6);
			text[1] = (char)(0x80 | (code & 0x3f));
		} else if (code < 0x10000) {
			text[0] = (char)(0xe0 | code >> 12);
			text[1] = (char)(0x80 | (code >> 6 & 0x3f));
			text[2] = (char)(0x80 | (code & 0x3f));
		} else {
			text[0] = (char)(0xf0 | code >> 18);
			text[1] = (char)(0x80 | (code >> 12 & 0x3f));
			text[2] = (char)(0x80 | (code >> 6 & 0x3f));
			text[3] = (char)(0x80 | (code & 0x3f));
		}
		once = text_fold(arena, text);
		assert_true(strlen(once) <= strlen(text));
		assert_true(text_is_utf8(once, strlen(once)));
		assert_string_equal(text_fold(arena, once), once);
	}
}

static void cutting(void **state)
{
	const char *text = "a\xc3\xa4\xf0\x9f\x98\x80z";
	static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 3, 7, 8, 8 };

	(void)state;
	for (size_t most = 0; most < ARRAY_COUNT(expected); most++)
		assert_int_equal(text_cut(text, 8, most), expected[most]);
	assert_int_equal(text_cut("a\xf0\x9f", 3, 9), 1);
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80", 5, 4), 4);
	assert_int_equal(text_cut("", 0, 0), 0);
}

static void trimming(void **state)
{
	size_t length;

	(void)state;
	assert_memory_equal(text_trim(" \t a b\r\n", &length), "a b", 3);
	assert_int_equal(length, 3);
	text_trim(" \n ", &length);
	assert_int_equal(length, 0);
	assert_string_equal(text_trim("x", &length), "x");
	assert_int_equal(length, 1);
}

static void did_you_mean(void **state)
{
	static const char *const words[] = { "connection", "sync.interval", "domain", "domains", "to", NULL };
	static const char *const none[] = { NULL };
	char longest[200];

	(void)state;
	assert_string_equal(text_did_you_mean("conection", words), "connection");
	assert_string_equal(text_did_you_mean("Conenction", words), "connection");
	assert_string_equal(text_did_you_mean("DOMAIN", words), "domain");
	assert_string_equal(text_did_you_mean("domainz", words), "domain");
	assert_string_equal(text_did_you_mean("sync_intervall", words), "sync.interval");
	assert_null(text_did_you_mean("ot", words)); /* one of two letters is more than a third */
	assert_null(text_did_you_mean("password", words));
	assert_null(text_did_you_mean("", words));
	assert_null(text_did_you_mean("domain", none));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(text_did_you_mean(longest, words));
}

static void whole_numbers(void **state)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808",
		                           "-9223372036854775809", "99999999999999999999", "1e3", "--1" };
	int64_t n = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(text_to_int64(bad[i], &n), -1);
	assert_int_equal(n, 77);
	assert_int_equal(text_to_int64("9223372036854775807", &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(text_to_int64("-9223372036854775808", &n), 0);
	assert_true(n == INT64_MIN);
	assert_int_equal(text_to_int64("-0", &n), 0);
	assert_true(n == 0);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "250ms", 250 },     { "90s", 90000 },      { "15m", 900000 },  { "1h", 3600000 },
		{ "7d", 604800000 },  { "2w", 1209600000 },  { "0s", 0 },        { "9223372036854775807ms", INT64_MAX },
	};
	static const char *const bad[] = { "15", "", "m", "-1s", "1.5h", "1h30m", "5 parsecs", "1H", "1 s", "1s ",
		                           "9223372036854775807s", "15250284452472w" };
	int64_t ms = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(text_to_duration_ms(bad[i], &ms), -1);
	assert_int_equal(ms, 77);
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_int_equal(text_to_duration_ms(good[i].text, &ms), 0);
		assert_true(ms == good[i].ms);
	}
}

static void sizes(void **state)
{
	static const char *const bad[] = { "", "k", "-1", "1kb", "1.5M", "1 k", "9223372036854775807k", "1T" };
	uint64_t size = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(text_to_size(bad[i], &size), -1);
	assert_int_equal(size, 77);
	assert_int_equal(text_to_size("64k", &size), 0);
	assert_int_equal(size, 65536);
	assert_int_equal(text_to_size("1M", &size), 0);
	assert_int_equal(size, 1048576);
	assert_int_equal(text_to_size("2G", &size), 0);
	assert_int_equal(size, 2147483648);
	assert_int_equal(text_to_size("512", &size), 0);
	assert_int_equal(size, 512);
}

static void hexadecimal(void **state)
{
	uint8_t bytes[4] = { 1, 2, 3, 4 };
	char text[9];

	(void)state;
	text_hex("\x00\xff\x1a", 3, text);
	assert_string_equal(text, "00ff1a");
	assert_int_equal(text_unhex("00FF1a", 6, bytes, 3), 3);
	assert_memory_equal(bytes, "\x00\xff\x1a\x04", 4);
	assert_int_equal(text_unhex("00f", 3, bytes, 4), -1);
	assert_int_equal(text_unhex("00fg", 4, bytes, 4), -1);
	assert_int_equal(text_unhex("0011223344", 10, bytes, 4), -1);
	assert_int_equal(text_unhex("", 0, bytes, 0), 0);
}

static void a_value_of_a_form(void **state)
{
	char plain[32];

	(void)state;
	assert_int_equal(text_unform("a+b%2Bc%26", 10, plain), 6);
	assert_string_equal(plain, "a b+c&");
	assert_int_equal(text_unform("", 0, plain), 0);
	assert_string_equal(plain, "");
	assert_int_equal(text_unform("%c3%a9", 6, plain), 2);
	assert_string_equal(plain, "\xc3\xa9");
	assert_int_equal(text_unform("a%00b", 5, plain), -1);
	assert_int_equal(text_unform("a%4", 3, plain), -1);
	assert_int_equal(text_unform("a%41", 3, plain), -1); /* no further than it is long */
	assert_int_equal(text_unform("a%4g", 4, plain), -1);
}

/* RFC 4648, section 10, and a digit of each kind that section 5 has not. */
static void base64(void **state)
{
	static const struct {
		const char *bytes, *text;
	} pairs[] = { { "", "" },	     { "f", "Zg==" },	      { "fo", "Zm8=" },		 { "foo", "Zm9v" },
		      { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff", "+/8=" } };
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		text_base64(pairs[i].bytes, strlen(pairs[i].bytes), text);
		assert_string_equal(text, pairs[i].text);
	}
}

static void base64url(void **state)
{
	static const struct {
		const char *bytes, *text;
	} pairs[] = { { "", "" },         { "f", "Zg" },         { "fo", "Zm8" },       { "foo", "Zm9v" },
		      { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "\xff\xfe\xfb", "__77" }, { "\xfb\xf0", "-_A" } };
	static const char *const bad[] = { "Z", "Zm9vY", "Zg==", "Zh", "Zm9", "Z+8", "Zm 9", "Zm9v\n" };
	char text[16];
	uint8_t bytes[16] = "untouched";

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(text_unbase64url(bad[i], strlen(bad[i]), bytes, sizeof(bytes)), -1);
	assert_string_equal((char *)bytes, "untouched");
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
		size_t length = strlen(pairs[i].bytes);

		text_base64url(pairs[i].bytes, length, text);
		assert_string_equal(text, pairs[i].text);
		assert_int_equal(text_unbase64url(text, strlen(text), bytes, length), length);
		assert_memory_equal(bytes, pairs[i].bytes, length);
	}
	assert_int_equal(text_unbase64url("Zm9v", 4, bytes, 2), -1);
	assert_int_equal(text_unbase64url("Z\0", 2, bytes, 2), -1);
}

static void assert_domain(const char *given, const char *expected)
{
	scoped(arena) *arena = arena_open("test");
	const char *name = "untouched";
	struct error e = { 0 };

	if (expected) {
		assert_int_equal(text_domain(arena, given, &name, &e), 0);
		assert_string_equal(name, expected);
	} else {
		assert_int_equal(text_domain(arena, given, &name, &e), -1);
		assert_string_equal(name, "untouched");
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(e.code, "text.domain");
		assert_true(text_is_utf8(e.text, strlen(e.text)));
	}
}

static void domains(void **state)
{
	static const char *const bad[] = { "", ".", "localhost", "a..b", ".a.b", "a.b..", "1.2.3.4", "1.2.3.4.",
		"\xef\xbc\x91.\xef\xbc\x92.\xef\xbc\x93.\xef\xbc\x94", "[::1]", "::1", "a_b.example", "-a.example",
		"a-.example", "a b.example", "a.example/", "a.example:443", "a@b.example", "*.example.org", "a.0x7f",
		"xn--a.example", "xn--zzzzzz.example", "\xff.example", "a\n.example", "a.b\xc2\x85.example", "a.com\xe2\x80\xa4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_domain(bad[i], NULL);
	assert_domain("Acme.Example", "acme.example");
	assert_domain("acme.example.", "acme.example");
	assert_domain("B\xc3\xbc" "cher.example", "xn--bcher-kva.example");
	assert_domain("B\xc3\x9c" "CHER.example", "xn--bcher-kva.example");
	assert_domain("bu\xcc\x88" "cher.example", "xn--bcher-kva.example");
	assert_domain("XN--Bcher-KVA.example", "xn--bcher-kva.example");
	assert_domain("stra\xc3\x9f" "e.de", "xn--strae-oqa.de");
	assert_domain("a\xe3\x80\x82" "example", "a.example");
	assert_domain("r3---sn.example", "r3---sn.example");
	assert_domain("3com.com", "3com.com");
}

static void domains_at_their_limits(void **state)
{
	char label[65], name[300] = "";

	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	strcat(strcpy(name, label), ".example");
	assert_domain(name, NULL);
	assert_domain(name + 1, name + 1);

	name[0] = '\0';
	for (int i = 0; i < 126; i++)
		strcat(name, "a.");
	strcat(name, "bb"); /* 254 */
	assert_domain(name, NULL);
	name[253] = '\0';
	assert_domain(name, name);
}

static void a_domain_is_refused_by_what_is_wrong(void **state)
{
	scoped(arena) *arena = arena_open("test");
	const char *name;
	struct error e;

	(void)state;
	text_domain(arena, "acme", &name, &e);
	assert_string_equal(e.text, "\"acme\" is no domain name: a name with a dot is expected");
	text_domain(arena, "acme\n.example", &name, &e);
	assert_null(strchr(e.text, '\n'));
}

static void assert_email(const char *given, const char *expected)
{
	scoped(arena) *arena = arena_open("test");
	const char *address = "untouched";
	struct error e = { 0 };

	if (expected) {
		assert_int_equal(text_email(arena, given, &address, &e), 0);
		assert_string_equal(address, expected);
	} else {
		assert_int_equal(text_email(arena, given, &address, &e), -1);
		assert_string_equal(address, "untouched");
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_true(e.text[0] != '\0');
	}
}

static void emails(void **state)
{
	static const char *const bad[] = { "", "@", "ann", "ann@", "@acme.example", "ann@acme", "ann@b@acme.example",
		"\"ann lee\"@acme.example", "ann(x)@acme.example", "ann lee@acme.example", " ann@acme.example",
		"ann@acme.example ", ".ann@acme.example", "ann.@acme.example", "an..n@acme.example", "ann\n@acme.example",
		"ann\\@acme.example", "<ann@acme.example>", "ann,bob@acme.example", "ann:x@acme.example", "ann@[1.2.3.4]",
		"ann\xe2\x80\x8b@acme.example", "an\xc2\xa0n@acme.example", "\xe2\x80\xaenna@acme.example",
		"ann\xff@acme.example", "ann@1.2.3.4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_email(bad[i], NULL);
	assert_email("Ann.Lee@Acme.Example", "ann.lee@acme.example");
	assert_email("a+tag_!#$%&'*/=?^`{|}~-@acme.example", "a+tag_!#$%&'*/=?^`{|}~-@acme.example");
	assert_email("J\xc3\xbcrgen@b\xc3\xbc" "cher.example.", "j\xc3\xbcrgen@xn--bcher-kva.example");
	assert_email("\xc3\x84nn@acme.example", "\xc3\x84nn@acme.example");
}

static void emails_at_their_limits(void **state)
{
	char local[66], address[400];

	(void)state;
	memset(local, 'a', 65);
	local[65] = '\0';
	strcat(strcpy(address, local), "@b.example");
	assert_email(address, NULL);
	assert_email(address + 1, address + 1);

	/* 64 + 1 + 189 bytes are 254; one more is one too many. */
	strcat(strcpy(address, local + 1), "@");
	for (int i = 0; i < 93; i++)
		strcat(address, "b.");
	strcat(address, "com");
	assert_int_equal(strlen(address), 254);
	assert_email(address, address);
	strcat(address, "m");
	assert_email(address, NULL);
}

static void a_buffer_grows(void **state)
{
	struct buffer buffer __attribute__((cleanup(buffer_close)));

	(void)state;
	buffer_open(&buffer, MB(1));
	for (int i = 0; i < 10000; i++)
		buffer_format(&buffer, "%04d,", i);
	assert_int_equal(buffer.length, 50000);
	assert_memory_equal(buffer.bytes + 5 * 1234, "1234,", 5);
	assert_int_equal(strlen(buffer.bytes), buffer.length);
	buffer_reset(&buffer);
	assert_string_equal(buffer.bytes, "");
	buffer_text(&buffer, "again");
	assert_string_equal(buffer.bytes, "again");
}

static void a_full_buffer_stays_as_it_is(void **state)
{
	struct buffer buffer __attribute__((cleanup(buffer_close)));

	(void)state;
	buffer_open(&buffer, 5);
	buffer_text(&buffer, "abc");
	buffer_add(&buffer, "de", 2);
	assert_false(buffer.full);
	buffer_text(&buffer, "f");
	assert_true(buffer.full);
	assert_string_equal(buffer.bytes, "abcde");

	buffer_reset(&buffer);
	assert_false(buffer.full);
	buffer_text(&buffer, "abc");
	buffer_format(&buffer, "%d", 123);
	buffer_text(&buffer, "d"); /* would fit; but what comes after a gap must not look whole */
	assert_true(buffer.full);
	assert_string_equal(buffer.bytes, "abc");
}

static void a_buffer_that_may_hold_nothing(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_open(&buffer, 0);
	buffer_text(&buffer, "");
	assert_false(buffer.full);
	assert_string_equal(buffer.bytes, "");
	buffer_text(&buffer, "a");
	assert_true(buffer.full);
	buffer_close(&buffer);
	buffer_close(&buffer);
	buffer_open(&buffer, SIZE_MAX);
	buffer_text(&buffer, "a");
	assert_string_equal(buffer.bytes, "a");
	buffer_close(&buffer);
}

static void a_name_has_nothing_that_is_not_seen(void **state)
{
	static const char *const names[] = { "ada",	 "Ada Lovelace", "ada@acme.example",
					     "Zo\u00eb", "\u97f3",	 "" };
	static const char *const others[] = { " ada",	     "ada ",	  "ada  lovelace", " ",
					      "a\tda",	     "ada\n",	  "\u200bada",	   "ad\u00ada",
					      "ada\u00a0",   "a\u3000da", "\u202eada",	   "ada\ufeff",
					      "ada\xc2\x85", "ada\xff",	  "a\u2003da",	   "ada\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		assert_true(text_is_name(names[i], strlen(names[i])));
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(text_is_name(others[i], strlen(others[i])));
}

static void what_is_not_unreserved_is_percent_encoded(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_open(&buffer, 64);
	buffer_percent(&buffer, "aZ9-._~/?&=%+ \xc3\xa9");
	assert_string_equal(buffer.bytes, "aZ9-._~%2F%3F%26%3D%25%2B%20%C3%A9");
	buffer_close(&buffer);
}

static void tokens_have_the_characters_of_the_rfc(void **state)
{
	static const char all[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (int c = -128; c < 256; c++)
		assert_int_equal(text_is_token_character((char)c), (char)c != '\0' && strchr(all, (char)c) != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_unreserved_is_percent_encoded),
		cmocka_unit_test(tokens_have_the_characters_of_the_rfc),
		cmocka_unit_test(every_beginning_is_judged_by_the_book),
		cmocka_unit_test(utf8),
		cmocka_unit_test(printable),
		cmocka_unit_test(comparing),
		cmocka_unit_test(folding),
		cmocka_unit_test(folding_settles),
		cmocka_unit_test(cutting),
		cmocka_unit_test(trimming),
		cmocka_unit_test(did_you_mean),
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(a_value_of_a_form),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64url),
		cmocka_unit_test(domains),
		cmocka_unit_test(domains_at_their_limits),
		cmocka_unit_test(a_domain_is_refused_by_what_is_wrong),
		cmocka_unit_test(emails),
		cmocka_unit_test(emails_at_their_limits),
		cmocka_unit_test(a_name_has_nothing_that_is_not_seen),
		cmocka_unit_test(a_buffer_grows),
		cmocka_unit_test(a_full_buffer_stays_as_it_is),
		cmocka_unit_test(a_buffer_that_may_hold_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
