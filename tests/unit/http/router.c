/* What lives where: literals before names, methods, HEAD, and what is not there. */
#include "http/router.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const methods[] = { "GET", "POST", "GET", "GET", "DELETE", "GET", "GET", "HEAD", "GET" };
static const char *const paths[] = {
	"/v1/organisations",
	"/v1/organisations",
	"/v1/organisations/{organisation}/members/{member}",
	"/v1/organisations/{organisation}/members/me",
	"/v1/organisations/{org}/members/{person}",
	"/v1/organisations/{organisation}/members/{member}/keys",
	"/v1/special",
	"/v1/special",
	"/",
};

struct fixture {
	struct router *router;
	struct request request;
	size_t row;
	char allow[ROUTER_ALLOW_SIZE];
	struct error e;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.router = router_open(methods, paths, ARRAY_COUNT(paths));
	f.request.arena = arena_open("test");
	f.row = 999;
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	router_close(&f->router);
	arena_close(&f->request.arena);
	return 0;
}

static int find(struct fixture *f, const char *method, const char *path)
{
	f->request.method = method;
	f->request.path = path;
	f->request.segment_count = 0;
	return router_find(f->router, &f->request, &f->row, f->allow, &f->e);
}

static void finds_rows_and_fills_segments(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "GET", "/v1/organisations"), 1);
	assert_int_equal(f->row, 0);
	assert_int_equal(f->request.segment_count, 0);
	assert_int_equal(find(f, "POST", "/v1/organisations"), 1);
	assert_int_equal(f->row, 1);
	assert_int_equal(find(f, "GET", "/v1/organisations/acme/members/42"), 1);
	assert_int_equal(f->row, 2);
	assert_int_equal(f->request.segment_count, 2);
	assert_string_equal(request_segment(&f->request, "organisation"), "acme");
	assert_string_equal(request_segment(&f->request, "member"), "42");
	assert_null(request_segment(&f->request, "person"));
	assert_int_equal(find(f, "GET", "/"), 1);
	assert_int_equal(f->row, 8);
}

static void gives_each_row_its_own_names(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "DELETE", "/v1/organisations/acme/members/42"), 1);
	assert_int_equal(f->row, 4);
	assert_string_equal(request_segment(&f->request, "org"), "acme");
	assert_string_equal(request_segment(&f->request, "person"), "42");
}

static void prefers_literals_and_comes_back_from_them(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "GET", "/v1/organisations/acme/members/me"), 1);
	assert_int_equal(f->row, 3);
	assert_int_equal(f->request.segment_count, 1);
	assert_int_equal(find(f, "GET", "/v1/organisations/acme/members/me/keys"), 1);
	assert_int_equal(f->row, 5);
	assert_string_equal(request_segment(&f->request, "member"), "me");
}

static void answers_head_like_get(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "HEAD", "/v1/organisations"), 1);
	assert_int_equal(f->row, 0);
	assert_int_equal(find(f, "HEAD", "/v1/special"), 1);
	assert_int_equal(f->row, 7);
}

static void names_the_methods_that_are_answered(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "PUT", "/v1/organisations"), -1);
	assert_int_equal(f->e.kind, ERROR_INPUT);
	assert_string_equal(f->e.code, "http.method");
	assert_string_equal(f->allow, "GET, POST");
	assert_int_equal(find(f, "OPTIONS", "/v1/organisations/a/members/b"), -1);
	assert_string_equal(f->allow, "GET, DELETE");
	assert_int_equal(f->row, 999);
}

static void says_that_nothing_lives_there(void **state)
{
	static const char *const nowhere[] = { "/v1",
					       "/v1/",
					       "/v1/organisations/",
					       "/v1/organisations/acme",
					       "/v1/organisations/acme/members/",
					       "/v1/organisation",
					       "*",
					       "",
					       "/v1/organisations/acme/members/me/keys/x",
					       "/V1/organisations" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(nowhere); i++) {
		f->e.kind = ERROR_NONE;
		assert_int_equal(find(f, "GET", nowhere[i]), 0);
		assert_int_equal(f->e.kind, ERROR_NOT_FOUND);
	}
	assert_int_equal(f->row, 999);
}

static int ending_of(const char *const *same_methods, const char *const *same_paths)
{
	struct router *router;
	int status;
	pid_t child = fork();

	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		router = router_open(same_methods, same_paths, 2);
		router_close(&router);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void ends_for_rows_that_cannot_be_told_apart(void **state)
{
	static const char *const gets[] = { "GET", "GET" }, *const both[] = { "GET", "POST" };
	static const char *const same[] = { "/a/{b}", "/a/{c}" };
	int status = ending_of(gets, same);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(ending_of(both, same), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(finds_rows_and_fills_segments),
		CASE(gives_each_row_its_own_names),
		CASE(prefers_literals_and_comes_back_from_them),
		CASE(answers_head_like_get),
		CASE(names_the_methods_that_are_answered),
		CASE(says_that_nothing_lives_there),
		CASE(ends_for_rows_that_cannot_be_told_apart),
	};
	return cmocka_run_group_tests_name("http/router", tests, NULL, NULL);
}
