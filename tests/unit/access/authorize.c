/* The permission matrix against a second copy, typed from the requirements and not from the table. */
#include "access/authorize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"

/* y yes, - no, p personal only, o own only, n not the owner, r not the owner's role and never to owner:
 * owner, admin, member, viewer, in the order of requirements R1; then the operator, who stands outside. */
static const struct {
	const char *name;
	const char *cells;
} wanted[] = {
	{ "view_analytics", "yyyyy" },	    { "view_members", "yyyyy" },
	{ "view_keys", "yyyyy" },	    { "use_api", "yyy--" },
	{ "create_keys", "yyp-y" },	    { "delete_keys", "yyo-y" },
	{ "create_projects", "yy--y" },	    { "edit_projects", "yy--y" },
	{ "delete_projects", "yy--y" },	    { "invite_members", "yy--y" },
	{ "remove_members", "yn--y" },	    { "change_roles", "yr--y" },
	{ "configure_settings", "yy--y" },  { "view_audit", "yy--y" },
	{ "manage_billing", "y----" },	    { "transfer_ownership", "y----" },
	{ "take_ownership", "yyyy-" },	    { "recover_ownership", "yy--y" },
	{ "delete_organisation", "y---y" },
};

static const enum role columns[] = { ROLE_OWNER, ROLE_ADMIN, ROLE_MEMBER, ROLE_VIEWER, ROLE_NONE };

static bool allowed(struct question q)
{
	struct error e = { 0 };
	int result = authorize(&q, &e);

	assert_true(result == 0 || result == -1);
	if (result < 0) {
		assert_int_equal(e.kind, ERROR_DENIED);
		assert_true(text_begins(e.code, "permission."));
		assert_true(strlen(e.text) > 0);
	}
	return result == 0;
}

/* Each letter says what must hold for each of the circumstances. */
static void assert_cell(const char *name, char cell, struct question q)
{
	struct question personal = q, own = q, owner = q, to_owner = q, all = q;

	personal.personal = true;
	own.own = true;
	owner.target_is_owner = true;
	to_owner.to = ROLE_OWNER;
	all.personal = all.own = true;
	print_message("# %s of %s: '%c'\n", name, q.by_operator ? "operator" : role_name(q.role), cell);
	assert_int_equal(allowed(q), cell == 'y' || cell == 'n' || cell == 'r');
	assert_int_equal(allowed(personal), cell != '-' && cell != 'o');
	assert_int_equal(allowed(own), cell != '-' && cell != 'p');
	assert_int_equal(allowed(owner), cell == 'y');
	assert_int_equal(allowed(to_owner), cell == 'y' || cell == 'n');
	assert_int_equal(allowed(all), cell != '-');
}

static void every_cell_is_as_required(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_COUNT(wanted), PERMITS - PERMIT_FIRST);
	for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
		enum permit permit = permit_parse(wanted[i].name);

		assert_int_not_equal(permit, PERMIT_UNSAID);
		assert_string_equal(permit_name(permit), wanted[i].name);
		for (size_t c = 0; c < ARRAY_COUNT(columns); c++) {
			struct question q = { .permit = permit,
					      .role = columns[c],
					      .by_operator = columns[c] == ROLE_NONE };

			assert_cell(wanted[i].name, wanted[i].cells[c], q);
		}
	}
}

static void no_role_may_nothing(void **state)
{
	(void)state;
	for (enum permit permit = PERMIT_FIRST; permit < PERMITS; permit++)
		assert_false(allowed((struct question){
			.permit = permit, .role = ROLE_NONE, .own = true, .personal = true }));
}

static void a_suspended_organisation_reads_and_pays(void **state)
{
	static const char *const stays[] = { "view_analytics", "view_members",	 "view_keys",
					     "view_audit",     "manage_billing", NULL };

	(void)state;
	for (enum permit permit = PERMIT_FIRST; permit < PERMITS; permit++) {
		struct question q = { .permit = permit, .role = ROLE_OWNER, .suspended = true };
		bool listed = false;

		for (size_t i = 0; stays[i]; i++)
			listed |= strcmp(stays[i], permit_name(permit)) == 0;
		assert_int_equal(allowed(q), listed);
	}
	assert_true(allowed((struct question){
		.permit = PERMIT_CONFIGURE_SETTINGS, .by_operator = true, .suspended = true }));
}

static void what_was_not_said_is_denied(void **state)
{
	(void)state;
	assert_false(allowed((struct question){ .permit = PERMIT_UNSAID, .role = ROLE_OWNER }));
	assert_false(allowed((struct question){ .permit = PERMIT_UNSAID, .by_operator = true }));
	assert_false(allowed((struct question){ .permit = PERMIT_OPERATOR, .role = ROLE_OWNER }));
	assert_true(allowed((struct question){ .permit = PERMIT_OPERATOR, .by_operator = true }));
	assert_true(allowed((struct question){ .permit = PERMIT_KNOWN, .role = ROLE_VIEWER }));
}

static void names_are_read_back(void **state)
{
	(void)state;
	assert_int_equal(role_parse("owner"), ROLE_OWNER);
	assert_int_equal(role_parse("viewer"), ROLE_VIEWER);
	assert_int_equal(role_parse("none"), ROLE_NONE);
	assert_int_equal(role_parse("Owner"), ROLE_NONE);
	assert_int_equal(role_parse(NULL), ROLE_NONE);
	assert_int_equal(permit_parse("fly"), PERMIT_UNSAID);
	assert_int_equal(permit_parse(NULL), PERMIT_UNSAID);
}

static void the_reason_names_role_and_action(void **state)
{
	struct error e = { 0 };

	(void)state;
	assert_int_equal(authorize(&(struct question){ .permit = PERMIT_CHANGE_ROLES,
						       .role = ROLE_ADMIN,
						       .to = ROLE_OWNER },
				   &e),
			 -1);
	assert_string_equal(e.code, "permission.never_to_owner");
	assert_string_equal(e.text, "the role admin may not change roles to owner");
	assert_int_equal(authorize(&(struct question){ .permit = PERMIT_USE_API, .by_operator = true }, &e),
			 -1);
	assert_string_equal(e.text, "the operator may not make API requests");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_as_required),
		cmocka_unit_test(no_role_may_nothing),
		cmocka_unit_test(a_suspended_organisation_reads_and_pays),
		cmocka_unit_test(what_was_not_said_is_denied),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(the_reason_names_role_and_action),
	};

	return cmocka_run_group_tests_name("access/authorize", tests, NULL, NULL);
}
