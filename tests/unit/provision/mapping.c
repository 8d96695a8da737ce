/* What becomes of a directory's record: which fields, cleaned how, refused when, and when it counts as changed. */
#include "provision/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"

static struct arena *arena;
static struct digest *digest;

static int start(void **state)
{
	(void)state;
	arena = arena_open("test");
	digest = digest_open();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	digest_close(&digest);
	arena_close(&arena);
	return 0;
}

static struct identity ada(void)
{
	return (struct identity){
		.remote_id = "u1",
		.user_name = "ada",
		.email = "ada@acme.example",
		.email_proof = PROOF_ASSERTED,
		.given_name = "Ada",
		.family_name = "Lovelace",
		.display_name = "Countess",
		.title = "Analyst",
		.department = "Engines",
		.locale = "en",
		.standing = STANDING_ACTIVE,
	};
}

static struct mapped map_by(const struct connection_pair *pairs, size_t count, struct identity given)
{
	struct source source = { .connection = { .attributes = pairs, .attribute_count = count } };
	struct mapped mapped = { 0 };
	struct error e = { 0 };

	if (mapping_person(&source, &given, digest, arena, &mapped, &e) < 0)
		fail_msg("refused: %s", e.text);
	return mapped;
}

static struct mapped map(struct identity given)
{
	return map_by(NULL, 0, given);
}

/* The code of the refusal. */
static const char *refused(struct identity given)
{
	static struct error e;
	struct source source = { 0 };
	struct mapped mapped = { 0 };

	e = (struct error){ 0 };
	assert_int_equal(mapping_person(&source, &given, digest, arena, &mapped, &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_null(mapped.remote_id); /* outputs are written on success alone */
	return e.code;
}

static void a_record_becomes_ours(void **state)
{
	struct mapped m = map(ada());

	(void)state;
	assert_string_equal(m.remote_id, "u1");
	assert_string_equal(m.key, "u1");
	assert_string_equal(m.user_name, "ada");
	assert_string_equal(m.email, "ada@acme.example");
	assert_string_equal(m.domain, "acme.example");
	assert_string_equal(m.display_name, "Countess");
	assert_string_equal(m.title, "Analyst");
	assert_int_equal(m.standing, STANDING_ACTIVE);
	assert_null(m.poor);
}

static void groups_refer_to_it_by_its_reference(void **state)
{
	struct identity given = ada();

	(void)state;
	given.reference = "uid=ada,dc=acme";
	assert_string_equal(map(given).key, "uid=ada,dc=acme");
	assert_string_equal(map(given).remote_id, "u1");
}

static void a_name_is_found(void **state)
{
	struct identity given = ada();

	(void)state;
	given.display_name = " \t ";
	assert_string_equal(map(given).display_name, "Ada Lovelace");
	given.given_name = NULL;
	assert_string_equal(map(given).display_name, "Lovelace");
	given.given_name = "Ada", given.family_name = "";
	assert_string_equal(map(given).display_name, "Ada");
	given.given_name = NULL;
	assert_string_equal(map(given).display_name, "ada");
}

static void what_is_shown_is_cleaned(void **state)
{
	struct identity given = ada();
	char longest[MAPPED_NAME_MOST + 8];

	(void)state;
	given.display_name = "  Ada\x1b[31m\nLovelace\x7f ";
	assert_string_equal(map(given).display_name, "Ada [31m Lovelace ");
	memset(longest, 'x', sizeof(longest));
	strcpy(longest + MAPPED_NAME_MOST - 1, "é!"); /* the cut would go through the é */
	given.title = longest;
	assert_int_equal(strlen(map(given).title), MAPPED_NAME_MOST - 1);
}

/* What is said of somebody who is taken with everything but a user name. */
static const char *without_name(struct identity given)
{
	struct mapped m = map(given);

	assert_null(m.user_name);
	assert_string_equal(m.remote_id, "u1");
	assert_non_null(m.poor);
	return m.poor_code;
}

static void a_key_is_taken_whole_or_not_at_all(void **state)
{
	struct identity given;
	char longest[MAPPED_ID_MOST + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	given = ada(), given.remote_id = "";
	assert_string_equal(refused(given), "person.incomplete");
	given = ada(), given.remote_id = longest;
	assert_string_equal(refused(given), "person.too_long");
	given = ada(), given.remote_id = longest + 1;
	assert_int_equal(strlen(map(given).remote_id), MAPPED_ID_MOST);
	given = ada(), given.remote_id = "u\n1";
	assert_string_equal(refused(given), "person.unreadable");
	given = ada(), given.user_name = NULL;
	assert_string_equal(without_name(given), "person.incomplete");
	given = ada(), given.user_name = longest + (MAPPED_ID_MOST - MAPPED_USER_NAME_MOST);
	assert_string_equal(without_name(given), "person.too_long");
	given = ada(), given.user_name = "ad\xc3";
	assert_string_equal(without_name(given), "person.unreadable");
	given.standing = STANDING_SUSPENDED, given.email = "ada at acme";
	assert_string_equal(without_name(given), "person.unreadable"); /* what is said of the name, not of the address */
	assert_int_equal(map(given).standing, STANDING_SUSPENDED);
}

static void an_address_that_is_none_costs_the_address_alone(void **state)
{
	struct identity given = ada();

	(void)state;
	given.email = "ada at acme";
	assert_null(map(given).email);
	assert_null(map(given).domain);
	assert_true(text_begins(map(given).poor, "taken without an address of mail: "));
	given.email = " ";
	assert_null(map(given).email);
	assert_null(map(given).poor);
	given.email = " Ada@ACME.Example ";
	assert_string_equal(map(given).domain, "acme.example");
}

/* Nobody becomes another person by an address that the directory itself does not vouch for. */
static void an_unproven_address_is_none(void **state)
{
	struct identity given = ada();

	(void)state;
	given.email_proof = PROOF_NONE;
	assert_null(map(given).email);
	assert_null(map(given).domain);
	assert_null(map(given).poor);
}

static void fields_come_from_the_attributes_that_are_named(void **state)
{
	static const char *const office[] = { "Difference", "Analytical", NULL }, *const login[] = { "countess", NULL };
	static const struct identity_attribute shown[] = { { "Office", office }, { "login", login } };
	static const struct connection_pair pairs[] = { { "department", "office" }, { "user_name", "LOGIN" }, { "title", "role" } };
	static const struct connection_pair missing[] = { { "user_name", "uid" } };
	struct source source = { .connection = { .attributes = pairs, .attribute_count = ARRAY_COUNT(pairs) } };
	const char *const *asked = mapping_attributes(&source, arena);
	struct identity given = ada();
	struct mapped m;

	(void)state;
	given.attributes = shown, given.attribute_count = ARRAY_COUNT(shown);
	m = map_by(pairs, ARRAY_COUNT(pairs), given);
	assert_string_equal(m.department, "Difference");
	assert_string_equal(m.user_name, "countess");
	assert_null(m.title); /* what the attribute does not say is not said: the directory's own title is not meant */
	assert_string_equal(map_by(missing, 1, given).poor_code, "person.incomplete");
	assert_string_equal(asked[0], "office");
	assert_string_equal(asked[2], "role");
	assert_null(asked[3]);
}

static void every_field_can_be_mapped(void **state)
{
	static const char *const value[] = { "from@attribute.example", NULL };
	static const struct identity_attribute shown[] = { { "a", value } };
	const char *const *fields = mapping_fields();
	struct identity given = ada();

	(void)state;
	given.attributes = shown, given.attribute_count = 1;
	for (; *fields; fields++) {
		struct connection_pair pair = { *fields, "a" };
		struct mapped m = map_by(&pair, 1, given);
		const char *const all[] = { m.user_name,    m.email, m.given_name, m.family_name,
					    m.display_name, m.title, m.department, m.locale };
		size_t taken = 0;

		for (size_t i = 0; i < ARRAY_COUNT(all); i++)
			taken += text_equal(all[i], value[0]);
		assert_int_equal(taken, 1);
	}
}

static void a_fingerprint_moves_with_each_field(void **state)
{
	struct identity changed[10];
	struct mapped m = map(ada());

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(changed); i++)
		changed[i] = ada();
	changed[0].remote_id = "u2";
	changed[1].user_name = "ada2";
	changed[2].email = "a@acme.example";
	changed[3].given_name = "Augusta";
	changed[4].family_name = "Byron";
	changed[5].display_name = "Lady";
	changed[6].title = NULL;
	changed[7].department = "";
	changed[8].locale = "de";
	changed[9].standing = STANDING_SUSPENDED;
	for (size_t i = 0; i < ARRAY_COUNT(changed); i++) {
		struct mapped other = map(changed[i]);

		if (memcmp(other.fingerprint, m.fingerprint, sizeof(m.fingerprint)) == 0)
			fail_msg("change %zu is not seen", i);
	}
	assert_memory_equal(map(ada()).fingerprint, m.fingerprint, sizeof(m.fingerprint));
	changed[0] = ada(), changed[0].given_name = "AdaL", changed[0].family_name = "ovelace";
	assert_memory_not_equal(map(changed[0]).fingerprint, m.fingerprint, sizeof(m.fingerprint));
	changed[0] = ada(), changed[0].reference = "elsewhere"; /* where it stands is not who it is */
	assert_memory_equal(map(changed[0]).fingerprint, m.fingerprint, sizeof(m.fingerprint));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_becomes_ours),
		cmocka_unit_test(groups_refer_to_it_by_its_reference),
		cmocka_unit_test(a_name_is_found),
		cmocka_unit_test(what_is_shown_is_cleaned),
		cmocka_unit_test(a_key_is_taken_whole_or_not_at_all),
		cmocka_unit_test(an_address_that_is_none_costs_the_address_alone),
		cmocka_unit_test(an_unproven_address_is_none),
		cmocka_unit_test(fields_come_from_the_attributes_that_are_named),
		cmocka_unit_test(every_field_can_be_mapped),
		cmocka_unit_test(a_fingerprint_moves_with_each_field),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
