/* Whose word counts about where a request came from. */
#include "http/proxy.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const trusted[] = { "10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48", NULL };

static struct networks proxies;
static struct request request;
static struct error e;

static int set_up(void **state)
{
	(void)state;
	memset(&request, 0, sizeof(request));
	return proxies_read(&proxies, trusted, &e);
}

static int resolve(const char *peer)
{
	struct address from;

	assert_int_equal(address_parse(peer, &from), 0);
	return proxy_resolve(&proxies, &from, &request, &e);
}

static void set_headers(const char *name, const char *value, const char *other_name, const char *other_value)
{
	request.headers[0] = (struct request_pair){ name, value };
	request.headers[1] = (struct request_pair){ other_name, other_value };
	request.header_count = other_name ? 2 : 1;
}

static void reads_networks(void **state)
{
	static const struct {
		const char *address;
		bool is_trusted;
	} rows[] = {
		{ "10.0.0.1", true },	   { "10.255.255.255", true },	{ "11.0.0.0", false },
		{ "192.0.2.7", true },	   { "192.0.2.8", false },	{ "2001:db8:1:ffff::1", true },
		{ "2001:db8:2::", false }, { "::ffff:10.1.2.3", true }, { "::1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct address address;

		assert_int_equal(address_parse(rows[i].address, &address), 0);
		assert_int_equal(networks_hold(&proxies, &address), rows[i].is_trusted);
	}
}

static void refuses_bad_networks(void **state)
{
	static const char *const bad[] = { "",	     "10.0.0.0/33", "10.0.0.0/-1",  "10.0.0.0/", "::/129",
					   "10.0.0", "proxy",	    "10.0.0.0/8/8", "[::1]" };
	struct networks other;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		const char *const words[] = { bad[i], NULL };

		assert_int_equal(proxies_read(&other, words, &e), -1);
		assert_string_equal(e.code, "http.proxy");
	}
	assert_int_equal(proxies_read(&other, NULL, &e), 0);
	assert_int_equal(other.count, 0);
}

static void ignores_headers_of_others(void **state)
{
	(void)state;
	set_headers("X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https");
	assert_int_equal(resolve("198.51.100.1"), 0);
	assert_string_equal(request.address, "198.51.100.1");
	assert_false(request.secure);
	set_headers("Forwarded", "for=203.0.113.9;proto=https", NULL, NULL);
	assert_int_equal(resolve("2001:db8:2::1"), 0);
	assert_string_equal(request.address, "2001:db8:2::1");
	assert_false(request.secure);
}

static void takes_the_rightmost_that_is_not_trusted(void **state)
{
	(void)state;
	set_headers("X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.2.2.2,192.0.2.7", "X-Forwarded-Proto",
		    "https");
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_string_equal(request.address, "203.0.113.9");
	assert_true(request.secure);
	set_headers("X-Forwarded-For", "1.1.1.1", "x-forwarded-for", "203.0.113.10:4711");
	assert_int_equal(resolve("::ffff:10.0.0.1"), 0);
	assert_string_equal(request.address, "203.0.113.10");
	assert_false(request.secure);
	set_headers("X-Forwarded-For", "10.9.9.9", NULL, NULL);
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_string_equal(request.address, "10.9.9.9");
}

static void reads_forwarded(void **state)
{
	(void)state;
	set_headers("Forwarded",
		    "for=1.1.1.1;proto=https, For=\"[2001:db8:9::17]:4711\";by=_x;host=\"a,b\\\";c\"; "
		    "Proto=HTTPS,"
		    "for=\"10.3.3.3:80\";proto=http",
		    NULL, NULL);
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_string_equal(request.address, "2001:db8:9::17");
	assert_true(request.secure);
}

static void knows_no_more_than_it_is_told(void **state)
{
	static const char *const hidden[] = { "for=unknown", "for=_hidden", "for=",	  "proto=http",	  "",
					      ",",	     "\"",	    "for=\"[::1", "for=300.1.1.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
		set_headers("Forwarded", "for=203.0.113.9;proto=https", "Forwarded", hidden[i]);
		assert_int_equal(resolve("10.0.0.1"), 0);
		assert_string_equal(request.address, "10.0.0.1");
		assert_false(request.secure);
	}
}

static void matches_schemes_to_addresses(void **state)
{
	(void)state;
	set_headers("X-Forwarded-For", "203.0.113.9, 10.2.2.2", "X-Forwarded-Proto", "https, http");
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_true(request.secure);
	set_headers("X-Forwarded-For", "203.0.113.9, 10.2.2.2", "X-Forwarded-Proto", "https, https, https");
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_false(request.secure);
	set_headers("X-Forwarded-Proto", "https", NULL, NULL);
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_string_equal(request.address, "10.0.0.1");
	assert_true(request.secure);
}

static void refuses_headers_that_disagree(void **state)
{
	(void)state;
	set_headers("X-Forwarded-For", "203.0.113.9", "Forwarded", "for=1.1.1.1");
	assert_int_equal(resolve("10.0.0.1"), -1);
	assert_string_equal(e.code, "http.forwarded");
	set_headers("X-Forwarded-For", "203.0.113.9", "Forwarded", "for=203.0.113.9;proto=https");
	assert_int_equal(resolve("10.0.0.1"), -1);
	set_headers("X-Forwarded-For", "203.0.113.9", "Forwarded", "for=203.0.113.9");
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_string_equal(request.address, "203.0.113.9");
}

static void keeps_the_nearest_hops(void **state)
{
	char many[PROXY_HOPS_MOST * 20 + 64] = "203.0.113.9";

	(void)state;
	for (int i = 0; i < PROXY_HOPS_MOST + 3; i++)
		strcat(many, ",1.1.1.1");
	strcat(many, ",198.51.100.3, 10.4.4.4");
	set_headers("X-Forwarded-For", many, NULL, NULL);
	assert_int_equal(resolve("10.0.0.1"), 0);
	assert_string_equal(request.address, "198.51.100.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_networks, set_up),
		cmocka_unit_test_setup(refuses_bad_networks, set_up),
		cmocka_unit_test_setup(ignores_headers_of_others, set_up),
		cmocka_unit_test_setup(takes_the_rightmost_that_is_not_trusted, set_up),
		cmocka_unit_test_setup(reads_forwarded, set_up),
		cmocka_unit_test_setup(knows_no_more_than_it_is_told, set_up),
		cmocka_unit_test_setup(matches_schemes_to_addresses, set_up),
		cmocka_unit_test_setup(refuses_headers_that_disagree, set_up),
		cmocka_unit_test_setup(keeps_the_nearest_hops, set_up),
	};
	return cmocka_run_group_tests_name("http/proxy", tests, NULL, NULL);
}
