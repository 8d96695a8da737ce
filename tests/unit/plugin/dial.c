/* Where a child may be connected to: by address, by name, and what is said if not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/dial.h"

#include "http/listener.h"

#include "base/clock.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static enum dial_judgement judge(const char *address)
{
	struct sockaddr_in six_or_four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &six_or_four.sin_addr) == 1)
		return dial_judge((const struct sockaddr *)&six_or_four);
	assert_int_equal(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
	return dial_judge((const struct sockaddr *)&six);
}

static void test_addresses_are_judged(void **state)
{
	static const struct {
		const char *address;
		enum dial_judgement judgement;
	} cases[] = {
		{ "8.8.8.8", DIAL_PUBLIC }, { "93.184.216.34", DIAL_PUBLIC }, { "172.15.255.255", DIAL_PUBLIC },
		{ "172.32.0.0", DIAL_PUBLIC }, { "100.128.0.1", DIAL_PUBLIC }, { "2606:4700::1111", DIAL_PUBLIC },
		{ "::ffff:8.8.8.8", DIAL_PUBLIC }, { "64:ff9b::808:808", DIAL_PUBLIC },
		{ "127.0.0.1", DIAL_PRIVATE }, { "10.1.2.3", DIAL_PRIVATE }, { "172.16.0.1", DIAL_PRIVATE },
		{ "172.31.255.255", DIAL_PRIVATE }, { "192.168.1.1", DIAL_PRIVATE }, { "100.64.0.1", DIAL_PRIVATE },
		{ "198.19.0.1", DIAL_PRIVATE }, { "::1", DIAL_PRIVATE }, { "fd12:3456::1", DIAL_PRIVATE },
		{ "::ffff:10.0.0.1", DIAL_PRIVATE }, { "::10.0.0.1", DIAL_PRIVATE }, { "64:ff9b::a00:1", DIAL_PRIVATE }, { "2002:a00:1::", DIAL_PRIVATE },
		{ "169.254.169.254", DIAL_NEVER }, { "169.254.1.1", DIAL_NEVER }, { "0.0.0.0", DIAL_NEVER },
		{ "0.1.2.3", DIAL_NEVER }, { "224.0.0.1", DIAL_NEVER }, { "255.255.255.255", DIAL_NEVER },
		{ "100.100.100.200", DIAL_NEVER }, { "168.63.129.16", DIAL_NEVER }, { "192.0.0.192", DIAL_NEVER },
		{ "::", DIAL_NEVER }, { "fe80::1", DIAL_NEVER }, { "ff02::1", DIAL_NEVER }, { "fd00:ec2::254", DIAL_NEVER },
		{ "::ffff:169.254.169.254", DIAL_NEVER }, { "64:ff9b::a9fe:a9fe", DIAL_NEVER },
		{ "2002:a9fe:a9fe::", DIAL_NEVER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		if (judge(cases[i].address) != cases[i].judgement)
			fail_msg("%s is judged %d", cases[i].address, judge(cases[i].address));
}

static void test_hosts_are_named_by_settings(void **state)
{
	static const char *const places[] = { "ldaps://dc1.acme.example:636, ldap://DC2.acme.example/ou=x?uid",
		                              "https://user@idp.example/path@evil.example", "plain.example",
		                              "ldap://[2001:db8::7]:389", "2001:db8::8", NULL };
	static const char *const named[] = { "dc1.acme.example", "DC1.ACME.example", "dc2.acme.example", "idp.example",
		                             "plain.example", "2001:db8::7", "2001:db8::8" };
	static const char *const strange[] = { "acme.example", "dc1.acme.exampl", "evil.example", "user", "636", "ldaps", "",
		                               "dc1.acme.example:636", "path" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(named); i++)
		if (!dial_is_named(places, named[i]))
			fail_msg("%s is not named", named[i]);
	for (size_t i = 0; i < ARRAY_COUNT(strange); i++)
		if (dial_is_named(places, strange[i]))
			fail_msg("%s is named", strange[i]);
}

static int try_dial(const char *host, const char *port, const char *place, bool allow_private, int *ret, struct error *e)
{
	const char *const places[] = { place, NULL };
	const struct dial_request request = { .host = host, .port = port, .places = places, .allow_private = allow_private,
		                              .deadline_ms = clock_monotonic_ms() + 10000, .cancel_fd = -1 };

	return dial(&request, ret, e);
}

static void expect_refused(const char *host, const char *port, const char *place, bool allow_private, const char *text)
{
	struct error e;
	int fd;

	assert_int_equal(try_dial(host, port, place, allow_private, &fd, &e), -1);
	assert_int_equal(e.kind, ERROR_DENIED);
	assert_string_equal(e.code, "dial.refused");
	if (!strstr(e.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, e.text);
}

static void test_refusals_say_why(void **state)
{
	(void)state;
	expect_refused("127.0.0.1", "1", "127.0.0.1", false, "the operator can let it be reached");
	expect_refused("127.0.0.1", "1", "ldap.acme.example", true, "no setting names this host");
	expect_refused("169.254.169.254", "80", "http://169.254.169.254/", true, "belongs to a kind that is never allowed");
	expect_refused("2852039166", "80", "2852039166", true, "belongs to a kind that is never allowed"); /* as one number */
	expect_refused("0", "80", "0", true, "belongs to a kind that is never allowed");
	expect_refused("", "80", "", true, "this is no host name");
	expect_refused("/run/x", NULL, "ldapi:///run/y", true, "no setting names it");
	expect_refused("/run/x", NULL, "ldapi:///run/x", false, "the operator can let this connection reach sockets");
}

/* What a name leads to in the operator's network is nothing that a customer gets to know. */
static void test_refusals_tell_no_address(void **state)
{
	struct error e;
	int fd;

	(void)state;
	assert_int_equal(try_dial("2852039166", "80", "2852039166", true, &fd, &e), -1);
	assert_null(strstr(e.text, "169.254"));
	assert_int_equal(try_dial("localhost", "1", "localhost", false, &fd, &e), -1);
	assert_string_equal(e.code, "dial.refused");
	assert_null(strstr(e.text, "127."));
	assert_null(strstr(e.text, "::1"));
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	return listener;
}

/* Somebody else who listens there: another process. */
static pid_t another_listens_at(const char *path)
{
	int said[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		listen_at(path);
		_exit(write(said[1], "", 1) == 1 ? pause() : 1);
	}
	assert_int_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	close(said[1]);
	return pid;
}

static void end(pid_t pid, const char *path)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
}

static void test_a_path_that_a_setting_holds(void **state)
{
	char path[108], place[256], percent[256] = "ldapi://", *to = percent + strlen(percent);
	struct error e;
	pid_t listener;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/rosterd-dial-%d", (int)getpid());
	listener = another_listens_at(path);
	snprintf(place, sizeof(place), "ldapi://%s", path);
	assert_int_equal(try_dial(path, NULL, place, true, &fd, &e), 0);
	close(fd);
	for (const char *c = path; *c; c++) /* "/" is "%2F" in a host's place */
		to += *c == '/' ? sprintf(to, "%%2F") : sprintf(to, "%c", *c);
	assert_int_equal(try_dial(path, NULL, percent, true, &fd, &e), 0);
	close(fd);
	snprintf(place, sizeof(place), "dc1.acme.example%s", path); /* a host with a path is no path */
	assert_int_equal(try_dial(path, NULL, place, true, &fd, &e), -1);
	assert_int_equal(e.kind, ERROR_DENIED);
	snprintf(place, sizeof(place), "unix:%s", path);
	end(listener, path);
	assert_int_equal(try_dial(path, NULL, place, true, &fd, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
}

static void expect_known(const char *path)
{
	struct error e;
	int fd;

	assert_int_equal(try_dial(path, NULL, path, true, &fd, &e), -1);
	assert_int_equal(e.kind, ERROR_DENIED);
	assert_non_null(strstr(e.text, "this service's own, or a database's"));
}

static void test_sockets_that_know_us(void **state)
{
	char own[64], link[64], database[64];
	pid_t postgres;
	int listener;

	(void)state;
	snprintf(own, sizeof(own), "/tmp/rosterd-dial-own-%d", (int)getpid());
	snprintf(link, sizeof(link), "/tmp/rosterd-dial-link-%d", (int)getpid());
	snprintf(database, sizeof(database), "/tmp/.s.PGSQL.%d", (int)getpid());
	listener = listen_at(own);
	expect_known(own);
	assert_int_equal(symlink(own, link), 0);
	expect_known(link);
	unlink(link);
	postgres = another_listens_at(database);
	expect_known(database);
	assert_int_equal(symlink(database, link), 0);
	expect_known(link);
	unlink(link);
	end(postgres, database);
	close(listener);
	unlink(own);
}

/* The service manager binds and listens, and hands the socket in: from then on it knows us as our own does. */
static void test_a_socket_that_was_handed_in(void **state)
{
	char path[64];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), dialled, status;
	struct listener listener;
	struct error e;
	pid_t manager;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/rosterd-dial-handed-%d", (int)getpid());
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	manager = fork();
	if (manager == 0)
		_exit(listen(fd, 4) == 0 ? 0 : 1);
	assert_int_equal(waitpid(manager, &status, 0), manager);
	assert_int_equal(status, 0);

	assert_int_equal(try_dial(path, NULL, path, true, &dialled, &e), 0); /* so it is another's */
	close(dialled);
	assert_int_equal(listener_inherit(&listener, fd, &e), 0);
	expect_known(path);
	listener_close(&listener);
	unlink(path);
}

static void test_places_that_are_sockets(void **state)
{
	(void)state;
	assert_true(dial_names_socket("ldapi://%2Frun%2Fslapd%2Fldapi"));
	assert_true(dial_names_socket("ldaps://dc1.acme.example, ldapi:///run/slapd/ldapi"));
	assert_true(dial_names_socket("unix:/run/x"));
	assert_true(dial_names_socket("/run/x"));
	assert_false(dial_names_socket(""));
	assert_false(dial_names_socket("ldaps://dc1.acme.example:636 dc2.acme.example"));
	assert_false(dial_names_socket("https://idp.example/path dc1.acme.example/path"));
}

static void test_a_name_that_is_not_there(void **state)
{
	struct error e;
	int fd;

	(void)state;
	assert_int_equal(try_dial("nobody.invalid", "636", "nobody.invalid", true, &fd, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_int_equal(strncmp(e.text, "could not look up nobody.invalid: ", 34), 0);
}

/* A listener that takes nobody in: its queue is full, so that whoever comes waits. Gives the port. */
struct full {
	int listener, waiting[8];
	char port[8];
};

static void full_open(struct full *full)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(here);

	full->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(full->listener, (struct sockaddr *)&here, size), 0);
	assert_int_equal(listen(full->listener, 0), 0);
	assert_int_equal(getsockname(full->listener, (struct sockaddr *)&here, &size), 0);
	snprintf(full->port, sizeof(full->port), "%u", ntohs(here.sin_port));
	for (size_t i = 0; i < ARRAY_COUNT(full->waiting); i++) {
		full->waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(full->waiting[i], (struct sockaddr *)&here, size);
	}
}

static void full_close(struct full *full)
{
	for (size_t i = 0; i < ARRAY_COUNT(full->waiting); i++)
		close(full->waiting[i]);
	close(full->listener);
}

static int dial_full(const struct full *full, int64_t left_ms, int cancel_fd, struct error *e)
{
	const char *const places[] = { "127.0.0.1", NULL };
	struct dial_request request = {
		.host = "127.0.0.1",
		.port = full->port,
		.places = places,
		.allow_private = true,
		.deadline_ms = clock_monotonic_ms() + left_ms,
		.cancel_fd = cancel_fd,
	};
	int fd;

	*e = (struct error){ 0 };
	return dial(&request, &fd, e);
}

static void test_who_does_not_answer(void **state)
{
	struct full full;
	struct error e;

	(void)state;
	full_open(&full);
	assert_int_equal(dial_full(&full, 50, -1, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.code, "dial.failed");
	assert_true(text_ends(e.text, "(127.0.0.1): no answer in time"));
	full_close(&full);
}

static void test_waiting_can_be_stopped(void **state)
{
	struct full full;
	struct error e;
	int stop[2];

	(void)state;
	full_open(&full);
	assert_int_equal(pipe(stop), 0);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(dial_full(&full, 60000, stop[0], &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.code, "plugin.cancelled");
	close(stop[0]);
	close(stop[1]);
	full_close(&full);
}

static void test_who_listens_no_more(void **state)
{
	struct full full;
	struct error e;

	(void)state;
	full_open(&full);
	full_close(&full);
	assert_int_equal(dial_full(&full, 60000, -1, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_true(text_ends(e.text, "(127.0.0.1): Connection refused"));
}

/* The kernel's paths are shorter than a setting may be. */
static void test_a_path_that_is_too_long(void **state)
{
	char path[256], place[512];
	struct error e;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/%0200d", 0);
	snprintf(place, sizeof(place), "ldapi://%%2F%s", path + 1);
	assert_int_equal(try_dial(path, NULL, place, true, &fd, &e), -1);
	assert_int_equal(e.kind, ERROR_DENIED);
	assert_true(text_ends(e.text, ": the path is too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_judged),
		cmocka_unit_test(test_hosts_are_named_by_settings),
		cmocka_unit_test(test_refusals_say_why),
		cmocka_unit_test(test_refusals_tell_no_address),
		cmocka_unit_test(test_a_path_that_a_setting_holds),
		cmocka_unit_test(test_sockets_that_know_us),
		cmocka_unit_test(test_a_socket_that_was_handed_in),
		cmocka_unit_test(test_places_that_are_sockets),
		cmocka_unit_test(test_a_name_that_is_not_there),
		cmocka_unit_test(test_who_does_not_answer),
		cmocka_unit_test(test_waiting_can_be_stopped),
		cmocka_unit_test(test_who_listens_no_more),
		cmocka_unit_test(test_a_path_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
