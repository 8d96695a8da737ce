#include "saml/redirect.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/inflate.h"

enum field { REQUEST, RESPONSE, RELAY_STATE, ALGORITHM, SIGNATURE, ENCODING, FIELD_COUNT };

static const char *const names[FIELD_COUNT] = { "SAMLRequest", "SAMLResponse", "RelayState",
						"SigAlg",      "Signature",    "SAMLEncoding" };

/* A value as it stands in the query, still encoded. */
struct raw {
	const char *begin; /* NULL: it is not there */
	size_t length;
};

struct reading {
	struct arena *arena;
	const struct trace *trace;
	struct error *e;
	struct raw fields[FIELD_COUNT];
};

static int refuse(const struct reading *r, const char *code, const char *check, const char *expected,
		  const char *received, const char *advice)
{
	return trace_refuse(r->trace, r->e, code, check, expected, received, advice);
}

static int odd_query(const struct reading *r, const char *received)
{
	return refuse(
		r, "saml.query", "query",
		"SAMLRequest or SAMLResponse, RelayState, SigAlg and Signature, each once and by these names",
		received,
		"the provider, or something between, does not send what HTTP-Redirect has (SAML bindings "
		"3.4.4.1)");
}

/* ---- taking it apart ---- */

/* A name in which nothing is encoded: there is one way to read it. */
static bool is_plain(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      strchr("_-.~", c)))
			return false;
	}
	return length > 0;
}

static int take_parameter(struct reading *r, const char *at, size_t length)
{
	const char *equals = memchr(at, '=', length);
	size_t name_length = equals ? (size_t)(equals - at) : length;

	if (!is_plain(at, name_length))
		return odd_query(r, "a parameter whose name is empty or encoded");
	for (int i = 0; i < FIELD_COUNT; i++) {
		if (strlen(names[i]) != name_length || memcmp(names[i], at, name_length) != 0)
			continue;
		if (!equals || r->fields[i].begin)
			return odd_query(r, arena_format(r->arena,
							 equals ? "\"%s\" twice" : "\"%s\" without a value",
							 names[i]));
		r->fields[i] = (struct raw){ equals + 1, length - name_length - 1 };
	}
	return 0;
}

static int take_apart(struct reading *r, const char *query)
{
	size_t count = 0;

	if (strlen(query) > REDIRECT_QUERY_MOST)
		return odd_query(r, "more than 64 KiB");
	if (strpbrk(query, ";#"))
		return odd_query(r, "a \";\" or \"#\"");
	for (const char *at = query; *query; at += strcspn(at, "&") + 1) {
		if (++count > REDIRECT_PARAMETERS_MOST)
			return odd_query(r, "more than 32 parameters");
		if (take_parameter(r, at, strcspn(at, "&")) < 0)
			return -1;
		if (!at[strcspn(at, "&")])
			break;
	}
	if (!r->fields[REQUEST].begin == !r->fields[RESPONSE].begin)
		return odd_query(r, r->fields[REQUEST].begin ? "a request and a response"
							     : "neither a request nor a response");
	return r->fields[ENCODING].begin ? odd_query(r, "SAMLEncoding") : 0;
}

/* ---- decoding ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Ends with NUL; NULL: it is encoded otherwise, or no text. */
static const char *decoded(const struct reading *r, const struct raw *raw)
{
	char *kept = arena_take(r->arena, raw->length + 1), *to = kept;

	for (size_t i = 0; i < raw->length; i++) {
		char c = raw->begin[i];

		if (c == '%') {
			int high = raw->length - i > 2 ? digit(raw->begin[i + 1]) : -1,
			    low = high < 0 ? -1 : digit(raw->begin[i + 2]);

			if (low < 0 || (high == 0 && low == 0))
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		*to++ = c;
	}
	*to = 0;
	return text_is_utf8(kept, (size_t)(to - kept)) ? kept : NULL;
}

static int decode_message(const struct reading *r, const struct raw *raw, struct redirect *ret)
{
	const char *text = decoded(r, raw);
	size_t length = text ? strlen(text) : 0;
	uint8_t *packed = arena_take(r->arena, length / 4 * 3 + 4),
		*xml = arena_take(r->arena, REDIRECT_XML_MOST + 1);
	int size = text ? base64_decode(text, length, "", packed, length / 4 * 3 + 3) : -1;

	if (size > 0)
		size = inflate_bounded(packed, (size_t)size, xml, REDIRECT_XML_MOST);
	if (size <= 0)
		return refuse(r, "saml.encoding", "encoding",
			      "a message of at most 64 KiB, deflated, in base64", "something else",
			      "the provider must send what HTTP-Redirect has (SAML bindings 3.4.4.1)");
	ret->xml = (const char *)xml;
	ret->xml_size = (size_t)size;
	return 0;
}

/* ---- the signature ---- */

static const char *as_it_came(const struct reading *r, const char *before, enum field field)
{
	const struct raw *raw = &r->fields[field];

	return raw->begin ? arena_format(r->arena, "%s%s=%.*s", before, names[field], (int)raw->length,
					 raw->begin)
			  : "";
}

/* Bindings 3.4.4.1: over the values as they came, in this order, whatever else is in the address. */
static int check_signature(const struct reading *r, const struct keys *keys, bool sha1)
{
	static const char check[] = "signature of the query";
	const struct raw *said = &r->fields[SIGNATURE], *method = &r->fields[ALGORITHM];
	const char *text = said->begin ? decoded(r, said) : NULL,
		   *uri = method->begin ? decoded(r, method) : NULL, *over;
	const struct keys_algorithm *algorithm;
	uint8_t signature[KEYS_SIGNATURE_MOST];
	int size, who;

	if (!said->begin || !method->begin)
		return refuse(
			r, "saml.unsigned", check, "SigAlg and Signature", "none",
			"let the provider sign what it says about logout; anybody could say it otherwise");
	algorithm = uri ? keys_algorithm(uri, sha1) : NULL;
	if (!algorithm)
		return refuse(r, "saml.algorithm", check,
			      "RSA, RSA-PSS or ECDSA with SHA-256, SHA-384 or SHA-512", uri,
			      "set the provider's signature to RSA with SHA-256");
	size = text ? base64_decode(text, strlen(text), "\r\n", signature, sizeof(signature)) : -1;
	over = arena_format(r->arena, "%s%s%s",
			    as_it_came(r, "", r->fields[REQUEST].begin ? REQUEST : RESPONSE),
			    as_it_came(r, "&", RELAY_STATE), as_it_came(r, "&", ALGORITHM));
	who = size > 0 ? keys_who_signed(keys, algorithm, over, strlen(over), signature, (size_t)size) : -1;
	if (who < 0)
		return refuse(r, "saml.signature", check, "one by a certificate that was set here",
			      "another one",
			      "the provider signs by another certificate: compare fingerprints, and set the "
			      "one that it uses now");
	trace_passed(r->trace, check, "one by a certificate that was set here",
		     keys_print(keys, (size_t)who));
	return 0;
}

int redirect_read(struct arena *arena, const char *query, const struct keys *keys, bool sha1,
		  const struct trace *trace, struct redirect *ret, struct error *e)
{
	struct reading r = { .arena = arena, .trace = trace, .e = e };
	struct redirect found = { 0 };

	if (take_apart(&r, query) < 0 || check_signature(&r, keys, sha1) < 0)
		return -1;
	found.is_answer = r.fields[RESPONSE].begin != NULL;
	if (decode_message(&r, &r.fields[found.is_answer ? RESPONSE : REQUEST], &found) < 0)
		return -1;
	if (r.fields[RELAY_STATE].begin) {
		found.relay_state = decoded(&r, &r.fields[RELAY_STATE]);
		if (!found.relay_state)
			return odd_query(&r, "a RelayState that is no text");
	}
	*ret = found;
	return 0;
}
