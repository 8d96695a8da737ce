#include "endpoints/sso_test.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/connections.h"
#include "roster/connection.h"

enum { TICKET_MOST = 512 };

static const char *test_context(struct exchange *x, const struct id *connection)
{
	char of[ID_TEXT_SIZE], id[ID_TEXT_SIZE];

	return arena_format(x->arena, "sign_on_test/%s/%s", id_text(&x->organisation.id, of), id_text(connection, id));
}

int sso_test_create(struct exchange *x, struct error *e)
{
	struct connection connection;
	struct json_writer w;
	const long long ends_s = clock_now_us() / 1000000 + SSO_TEST_S;
	const char *ends = arena_format(x->arena, "%lld", ends_s);
	scoped(secret) *value = secret_take(ends, strlen(ends));
	const uint8_t *sealed;
	char id[ID_TEXT_SIZE], *ticket;
	size_t size;

	if (connections_find(x, request_segment(x->request, "connection"), &connection, e) < 0)
		return -1;
	if (!x->options->public_url)
		return error_set(e, ERROR_CONFLICT, "sso.public_url", "\"public_url\" of rosterd.conf is not set, so nobody can be signed on");
	crypt_seal(x->options->crypt_keys, test_context(x, &connection.id), value, x->arena, &sealed, &size);
	ticket = arena_take(x->arena, 4 * ((size + 2) / 3) + 1);
	text_base64url(sealed, size, ticket);
	x->shown_once = true;
	exchange_reply(x, 201, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "url", arena_format(x->arena, "%s/sso/%s/begin?test=%s", x->options->public_url, id_text(&connection.id, id), ticket));
	json_put_time(&w, "expires_at", clock_now_us() + SSO_TEST_S * INT64_C(1000000));
	json_end_object(&w);
	return 0;
}

int sso_test_read(struct exchange *x, const struct id *connection, bool *ret, struct error *e)
{
	const char *ticket = request_query(x->request, "test");
	uint8_t sealed[TICKET_MOST];
	scoped(secret) *value = NULL;
	struct error ignored;
	int64_t ends = 0;
	int size;

	*ret = ticket != NULL;
	if (!ticket)
		return 0;
	size = text_unbase64url(ticket, strlen(ticket), sealed, sizeof(sealed));
	if (size > 0 && crypt_open(x->options->crypt_keys, test_context(x, connection), sealed, (size_t)size, &value, &ignored) == 0 &&
	    text_to_int64(secret_text(value), &ends) == 0 && ends > clock_now_us() / 1000000)
		return 0;
	return error_set(e, ERROR_INPUT, "sso.test", "this test is over; ask for another one (rosterctl sso test)");
}

