/* What an application asks for: read, refused, and written again as it came. */
#include "endpoints/openid_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "endpoints/form.h"
#include "endpoints/return_to.h"

#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636, appendix B */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define RIGHT                                                                                                            \
	"client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fx%3D1&response_type=code&scope=email+openid+phone&" \
	"state=a%26b&nonce=n&code_challenge=" CHALLENGE "&code_challenge_method=S256"

static int setup(void **state)
{
	*state = arena_open("test");
	return 0;
}

static int teardown(void **state)
{
	arena_close((struct arena **)state);
	return 0;
}

static int read(struct arena *arena, const char *text, struct openid_request *ret, struct error *e)
{
	struct link_pair *fields;
	size_t count;

	assert_int_equal(form_parse(text, arena, &fields, &count, e), 0);
	return openid_request_read(arena, fields, count, ret, e);
}

static void what_is_right_is_taken(void **state)
{
	struct openid_request r;
	struct error e;

	assert_int_equal(read(*state, RIGHT "&unknown=1&unknown=2&prompt=login+consent&max_age=0", &r, &e), 0);
	assert_int_equal(openid_request_check(*state, &r, &e), 0);
	assert_string_equal(r.redirect_uri, "https://app.example/cb?x=1");
	assert_string_equal(r.scopes[0], "openid");
	assert_string_equal(r.scopes[1], "email");
	assert_null(r.scopes[2]);
	assert_true(r.anew);
	assert_false(r.silent);
	assert_int_equal(r.max_age_s, 0);
	assert_int_equal(read(*state, RIGHT, &r, &e), 0);
	assert_int_equal(openid_request_check(*state, &r, &e), 0);
	assert_int_equal(r.max_age_s, -1);
	assert_false(r.anew);
}

static void each_mistake_has_its_word(void **state)
{
	static const struct {
		const char *more, *word;
	} cases[] = {
		{ "&prompt=none+login", "invalid_request" },
		{ "&prompt=nobody", "invalid_request" },
		{ "&prompt=", "invalid_request" },
		{ "&max_age=-1", "invalid_request" },
		{ "&max_age=1e3", "invalid_request" },
		{ "&organization=..%2Fglobex", "invalid_request" },
		{ "&organization=", "invalid_request" },
		{ "&login_hint=a%0Ab", "invalid_request" },
		{ "&response_mode=form_post", "invalid_request" },
		{ "&request=x", "request_not_supported" },
		{ "&request_uri=x", "request_uri_not_supported" },
		{ "&registration=%7B%7D", "registration_not_supported" },
	};
	char text[1024];
	struct openid_request r;
	struct error e;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(text, sizeof(text), "%s%s", RIGHT, cases[i].more);
		assert_int_equal(read(*state, text, &r, &e), 0);
		assert_int_equal(openid_request_check(*state, &r, &e), -1);
		assert_string_equal(e.code + strlen("oauth."), cases[i].word);
	}
}

static void nothing_that_counts_comes_twice_or_not_at_all(void **state)
{
	struct openid_request r;
	struct error e;

	assert_int_equal(read(*state, RIGHT "&redirect_uri=https%3A%2F%2Fevil.example", &r, &e), -1);
	assert_int_equal(read(*state, RIGHT "&state=", &r, &e), -1);
	assert_int_equal(read(*state, "redirect_uri=x", &r, &e), -1);
	assert_int_equal(read(*state, "client_id=x", &r, &e), -1);
	assert_string_equal(e.code, "oauth.invalid_request");
}

static void who_comes_back_asks_the_same(void **state)
{
	struct openid_request r, again;
	const char *address;
	struct error e;

	assert_int_equal(read(*state, RIGHT "&login_hint=ada%40acme.example&id_token_hint=x.y.z&asked=1.m", &r, &e), 0);
	address = openid_request_address(*state, &r);
	assert_true(return_to_allowed(NULL, address));
	assert_null(strstr(address, "hint"));
	assert_null(strstr(address, "asked"));
	assert_int_equal(read(*state, strchr(address, '?') + 1, &again, &e), 0);
	assert_string_equal(again.state, "a&b");
	assert_string_equal(again.redirect_uri, r.redirect_uri);
	assert_string_equal(openid_request_address(*state, &again), address);
}

static void an_address_is_one_to_the_letter(void **state)
{
	static const char *const uris[] = { "https://app.example/cb", "com.example.app:/cb", NULL };

	(void)state;
	assert_true(openid_is_one_of(uris, "https://app.example/cb"));
	assert_false(openid_is_one_of(uris, "https://app.example/cb/"));
	assert_false(openid_is_one_of(uris, "https://app.example/CB"));
	assert_false(openid_is_one_of(uris, "https://app.example/c"));
	assert_false(openid_is_one_of(NULL, "https://app.example/cb"));
}

static void a_verifier_is_the_one_of_its_challenge(void **state)
{
	(void)state;
	assert_true(openid_is_verifier(VERIFIER, CHALLENGE));
	assert_false(openid_is_verifier(NULL, CHALLENGE));
	assert_false(openid_is_verifier("", CHALLENGE));
	assert_false(openid_is_verifier(CHALLENGE, CHALLENGE)); /* as the plain method has it */
	assert_false(openid_is_verifier(VERIFIER "x", CHALLENGE));
	assert_false(openid_is_verifier("dBjftJeZ4CVP", CHALLENGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_right_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(each_mistake_has_its_word, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_that_counts_comes_twice_or_not_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(who_comes_back_asks_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_is_one_to_the_letter, setup, teardown),
		cmocka_unit_test_setup_teardown(a_verifier_is_the_one_of_its_challenge, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
