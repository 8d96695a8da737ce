/* What administrators may see of what was pushed: nothing secret ever, nobody's name unless it is wanted. Texts have ' for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "endpoints/scim_redact.h"
#include "roster/scim_trace.h"

#define ID "0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77"

static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_open("test");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

static const char *quoted(const char *text)
{
	char *copy = arena_text(arena, text);

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return copy;
}

static void bodies(void **state)
{
	static const struct {
		const char *given, *kept, *personal;
	} cases[] = {
		{ "{'schemas':['urn:x'],'userName':'ada@acme.example','active':true,'password':'hunter2','name':{'familyName':'King'}}",
		  "{'schemas':['urn:x'],'userName':'(16 bytes)','active':true,'password':'(secret)','name':{'familyName':'(4 bytes)'}}",
		  "{'schemas':['urn:x'],'userName':'ada@acme.example','active':true,'password':'(secret)','name':{'familyName':'King'}}" },
		{ "{'Operations':[{'op':'Replace','path':'emails[value eq \\'ada@acme.example\\'].value','value':'b@acme.example'}]}",
		  "{'Operations':[{'op':'Replace','path':'emails[value eq \\'(16 bytes)\\'].value','value':'(14 bytes)'}]}", NULL },
		{ "{'Operations':[{'op':'add','path':'urn:ietf:params:scim:schemas:core:2.0:User:PassWord','value':'hunter2'}]}",
		  "{'Operations':[{'op':'add','path':'urn:ietf:params:scim:schemas:core:2.0:User:PassWord','value':'(secret)'}]}",
		  "{'Operations':[{'op':'add','path':'urn:ietf:params:scim:schemas:core:2.0:User:PassWord','value':'(secret)'}]}" },
		{ "{'Operations':[{'op':'add','value':{'name.givenName':'Ada','PASSWORD':['hunter2']}}]}",
		  "{'Operations':[{'op':'add','value':{'name.givenName':'(3 bytes)','PASSWORD':'(secret)'}}]}",
		  "{'Operations':[{'op':'add','value':{'name.givenName':'Ada','PASSWORD':'(secret)'}}]}" },
		{ "{'members':[{'value':'" ID "'},{'value':'ada'},{'display':'Ada','value':4711},{'value':'x'},{'value':'y'}]}",
		  "{'members':[{'value':'" ID "'},{'value':'(3 bytes)'},{'display':'(3 bytes)','value':'(a number)'},'(and 2 more)']}", NULL },
		{ "{'emails[value eq \\'ada@acme.example\\'].value':'x'}", "{'emails[value eq \\'(16 bytes)\\'].value':'(1 bytes)'}", NULL },
		{ "{'userName':", "(12 bytes that are no JSON)", NULL },
		{ "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *given = quoted(cases[i].given);

		assert_string_equal(scim_redact_body(arena, given, strlen(given), false), quoted(cases[i].kept));
		if (cases[i].personal)
			assert_string_equal(scim_redact_body(arena, given, strlen(given), true), quoted(cases[i].personal));
	}
	assert_string_equal(scim_redact_body(arena, "", 70000, false), "(70000 bytes)");
}

static void bodies_that_are_long(void **state)
{
	char *body = arena_take(arena, 60000);
	size_t length = 0;

	(void)state;
	body[length++] = '{';
	for (int i = 0; i < 900; i++)
		length += (size_t)strlen(strcpy(body + length, arena_format(arena, "%s\"attribute%d\":\"v\"", i ? "," : "", i)));
	body[length++] = '}';
	assert_true(strlen(scim_redact_body(arena, body, length, false)) < SCIM_TRACE_BODY_MOST);
	assert_string_equal(scim_redact_body(arena, body, length, false), arena_format(arena, "(%zu bytes)", length));
}

static void targets(void **state)
{
	static const char *const cases[][2] = {
		{ "/scim/v2/" ID "/Users?filter=userName%20eq%20%22ada%40acme.example%22&startIndex=1&count=100",
		  "/scim/v2/" ID "/Users?filter=userName eq '(16 bytes)'&startIndex=1&count=100" },
		{ "/scim/v2/" ID "/Users?filter=externalId+eq+jyoung+and+active+eq+true",
		  "/scim/v2/" ID "/Users?filter=externalId eq (6 bytes) and active eq true" },
		{ "/scim/v2/" ID "/Users?FILTER=emails%5Btype+eq+%22work%22%5D.value+eq+%22a%22",
		  "/scim/v2/" ID "/Users?FILTER=emails[type eq 'work'].value eq '(1 bytes)'" },
		{ "/scim/v2/" ID "/Users/" ID "?aadOptscim062020", "/scim/v2/" ID "/Users/" ID "?aadOptscim062020" },
		{ "/scim/v2/" ID "//Users/ada%40acme.example/", "/scim/v2/" ID "//Users/(18 bytes)/" },
		{ "/scim/v2/" ID "/Users?userName=ada", "/scim/v2/" ID "/Users?userName=(3 bytes)" },
		{ "/scim/v2/" ID "/Users?filter=userName%20eq%20%22ada", "/scim/v2/" ID "/Users?filter=userName eq '(3 bytes)'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(scim_redact_target(arena, cases[i][0], false), quoted(cases[i][1]));
	assert_string_equal(scim_redact_target(arena, "/Users?filter=title+eq+%22x%22", true), "/Users?filter=title+eq+%22x%22");
	assert_null(strstr(scim_redact_target(arena, "/Users?filter=Password+eq+hunter2", true), "hunter2"));
}

static void sentences(void **state)
{
	static const char *const cases[][2] = {
		{ "'userName' is needed", "'userName' is needed" },
		{ "there is a user with the userName 'ada@acme.example' already", "there is a user with the userName '...' already" },
		{ "there is a user with the userName 'a'b'ada@x'y' already", "there is a user with the userName '...' already" },
		{ "'emails[0]': an object is expected", "'...': an object is expected" },
		{ "the name 'ada@acme.exampl", "the name '...'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(scim_redact_words(arena, quoted(cases[i][0])), quoted(cases[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(bodies_that_are_long),
		cmocka_unit_test(targets),
		cmocka_unit_test(sentences),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
