#include "endpoints/scim_cursor.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/exchange.h"

/* The seconds when it ends, the id, whether there is a value, and the value. */
enum { END_DIGITS = 12, HEAD = END_DIGITS + ID_TEXT_SIZE - 1 + 1 };

static const char *context_of(struct exchange *x, const struct scim_question *question)
{
	struct digest *digest = digest_open();
	uint8_t bytes[CRYPT_DIGEST_SIZE];
	char hex[2 * CRYPT_DIGEST_SIZE + 1], id[ID_TEXT_SIZE];

	digest_begin(digest);
	digest_add_field(digest, question->kind);
	digest_add_field(digest, question->filter);
	digest_add_field(digest, question->sort_by);
	digest_add_field(digest, question->descending ? "descending" : "ascending");
	digest_end(digest, bytes);
	digest_close(&digest);
	text_hex(bytes, sizeof(bytes), hex);
	return arena_format(x->arena, "scim_cursor/%s/%s", id_text(&x->principal.connection, id), hex);
}

const char *scim_cursor_write(struct exchange *x, const struct scim_question *question,
			      const struct scim_place *place)
{
	long long ends = (long long)(clock_now_us() / 1000000) + SCIM_CURSOR_LIFE_S;
	char id[ID_TEXT_SIZE], *ret;
	const char *text = arena_format(x->arena, "%0*lld%s%c%s", END_DIGITS, ends, id_text(&place->id, id),
					place->value ? '+' : '-', place->value ? place->value : "");
	scoped(secret) *plain = secret_take(text, strlen(text));
	const uint8_t *sealed;
	size_t size;

	crypt_seal(x->options->crypt_keys, context_of(x, question), plain, x->arena, &sealed, &size);
	ret = arena_take(x->arena, 4 * ((size + 2) / 3) + 1);
	text_base64url(sealed, size, ret);
	return ret;
}

static int invalid(struct error *e)
{
	return error_set(
		e, ERROR_INPUT, "scim.invalidCursor",
		"the cursor is none that was given here for this question; begin again with \"cursor=\"");
}

/* Sealed by us, so it is as we wrote it. */
static int take_place(struct exchange *x, const char *text, struct scim_place *ret, struct error *e)
{
	const char *end = arena_text_n(x->arena, text, END_DIGITS);
	int64_t ends = 0;

	if (strlen(text) < HEAD || text_to_int64(end + strspn(end, "0"), &ends) < 0 ||
	    id_parse(arena_text_n(x->arena, text + END_DIGITS, ID_TEXT_SIZE - 1), &ret->id) < 0)
		return invalid(e);
	if (ends * 1000000 < clock_now_us())
		return error_set(e, ERROR_INPUT, "scim.expiredCursor",
				 "the cursor is older than %d seconds; begin again with \"cursor=\"",
				 SCIM_CURSOR_LIFE_S);
	ret->value = text[HEAD - 1] == '+' ? arena_text(x->arena, text + HEAD) : NULL;
	return 0;
}

int scim_cursor_read(struct exchange *x, const struct scim_question *question, const char *cursor,
		     struct scim_place *ret, struct error *e)
{
	size_t length = strlen(cursor);
	uint8_t *sealed = arena_take(x->arena, length + 1);
	scoped(secret) *plain = NULL;
	struct error ignored;
	int size = length > SCIM_CURSOR_MOST ? -1 : text_unbase64url(cursor, length, sealed, length);

	if (size <= 0 || crypt_open(x->options->crypt_keys, context_of(x, question), sealed, (size_t)size,
				    &plain, &ignored) < 0)
		return invalid(e);
	return take_place(x, secret_text(plain), ret, e);
}
