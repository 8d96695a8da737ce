/* Secrets: guarded while they stand, and the files that they come from. */
#include "child.h"

#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/rosterd-secret-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
	const char *path = path_of(name);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, size), size);
	assert_int_equal(fchmod(file, mode), 0);
	close(file);
	return path;
}

static void assert_refused(const char *path, const char *why)
{
	struct secret *secret = NULL;
	struct error e;

	assert_int_equal(secret_read_file(path, &secret, &e), -1);
	assert_null(secret);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_string_equal(e.code, "secret.file");
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, why));
}

static void assert_holds(const char *path, const void *bytes, size_t size)
{
	scoped(secret) *secret = NULL;
	struct error e;

	assert_int_equal(secret_read_file(path, &secret, &e), 0);
	assert_int_equal(secret_size(secret), size);
	assert_memory_equal(secret_bytes(secret), bytes, size);
	assert_int_equal(secret_text(secret)[size], '\0');
}

static void a_secret_is_a_copy(void **state)
{
	char given[] = "hunter2";
	scoped(secret) *secret = secret_take(given, 7), *empty = secret_take(NULL, 0);

	(void)state;
	secret_wipe(given, sizeof(given));
	assert_memory_equal(given, "\0\0\0\0\0\0\0", 8);
	assert_string_equal(secret_text(secret), "hunter2");
	assert_int_equal(secret_size(secret), 7);
	assert_int_equal(secret_size(empty), 0);
	assert_string_equal(secret_text(empty), "");
}

static void equal(void **state)
{
	scoped(secret) *secret = secret_take("a\0b", 3);

	(void)state;
	assert_true(secret_equal(secret, "a\0b", 3));
	assert_false(secret_equal(secret, "a\0c", 3));
	assert_false(secret_equal(secret, "a\0b", 2));
	assert_false(secret_equal(secret, "a\0bc", 4));
	assert_false(secret_equal(secret, "", 0));
}

static void close_leaves_null(void **state)
{
	struct secret *secret = secret_take("x", 1);

	(void)state;
	secret_close(&secret);
	assert_null(secret);
	secret_close(&secret);
}

static void write_to_it(const void *secret)
{
	*(char *)(uintptr_t)secret_bytes(secret) = 'X';
}

static void read_beyond_it(const void *secret)
{
	volatile char beyond = secret_text(secret)[secret_size(secret) + 1];

	(void)beyond;
}

static void guards_hold(void **state)
{
	scoped(secret) *secret = secret_take("hunter2", 7);
	char output[4000];

	(void)state;
	assert_int_not_equal(child_run(write_to_it, secret, output, sizeof(output)), 0);
	assert_int_not_equal(child_run(read_beyond_it, secret, output, sizeof(output)), 0);
	assert_string_equal(secret_text(secret), "hunter2");
}

static void take_without_locked_memory(const void *with)
{
	const struct rlimit none = { 0, 0 };
	struct secret *secrets[100];

	(void)with;
	setrlimit(RLIMIT_MEMLOCK, &none);
	if (geteuid() == 0 && setuid(65534) != 0)
		_exit(2);
	for (int i = 0; i < 100; i++)
		secrets[i] = secret_take("hunter2", 7);
	for (int i = 0; i < 100; i++) {
		if (!secret_equal(secrets[i], "hunter2", 7))
			_exit(3);
		secret_close(&secrets[i]);
	}
}

static void memory_that_cannot_be_locked_will_do(void **state)
{
	char output[4000];

	(void)state;
	assert_int_equal(child_run(take_without_locked_memory, NULL, output, sizeof(output)), 0);
}

static void files(void **state)
{
	(void)state;
	assert_holds(write_file("plain", "hunter2", 7, 0600), "hunter2", 7);
	assert_holds(write_file("line", "hunter2\n", 8, 0400), "hunter2", 7);
	assert_holds(write_file("lines", "hunter2\n\n", 9, 0600), "hunter2\n", 8);
	assert_holds(write_file("blank", " hunter2 \n", 10, 0600), " hunter2 ", 9);
	assert_holds(write_file("raw", "a\0\xff", 3, 0600), "a\0\xff", 3);
	assert_int_equal(symlink("plain", path_of("link")), 0);
	assert_holds(path_of("link"), "hunter2", 7);
}

static void files_that_are_refused(void **state)
{
	(void)state;
	assert_refused(path_of("nowhere"), "No such file");
	assert_refused(folder, "regular file");
	assert_refused("/dev/zero", "regular file");
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_refused(path_of("fifo"), "regular file");
	assert_refused(write_file("empty", "", 0, 0600), "empty");
}

static void files_that_others_may_read_are_refused(void **state)
{
	static const mode_t open_modes[] = { 0644, 0604, 0620, 0660, 0666, 0601, 0610, 0650 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(open_modes); i++)
		assert_refused(write_file("open", "hunter2", 7, open_modes[i]), "others may read or change it");

	/* The group of a file of root's, such as root:rosterd, may read; the group of anybody else's may not. */
	write_file("group", "hunter2", 7, 0640);
	if (geteuid() != 0) {
		assert_refused(path_of("group"), "others may read");
		return;
	}
	assert_holds(path_of("group"), "hunter2", 7);
	assert_int_equal(chown(path_of("group"), 65534, 65534), 0);
	assert_refused(path_of("group"), "others may read");
}

static void files_at_the_limit(void **state)
{
	static char bytes[SECRET_MOST + 2];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_holds(write_file("most", bytes, SECRET_MOST, 0600), bytes, SECRET_MOST);
	assert_refused(write_file("more", bytes, SECRET_MOST + 1, 0600), "more than 65536");
	assert_refused(write_file("more", bytes, SECRET_MOST + 2, 0600), "more than 65536");
	bytes[SECRET_MOST] = '\n';
	assert_holds(write_file("most", bytes, SECRET_MOST + 1, 0600), bytes, SECRET_MOST);
}

static void credentials(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../plain", "a/b", "/etc/passwd" };
	struct secret *secret = NULL;
	struct error e;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(secret_read_credential("plain", &secret, &e), -1);
	assert_non_null(strstr(e.text, "CREDENTIALS_DIRECTORY"));

	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(secret_read_credential(bad[i], &secret, &e), -1);
		assert_string_equal(e.code, "secret.credential");
	}
	assert_int_equal(secret_read_credential("nowhere", &secret, &e), -1);
	assert_null(secret);
	write_file("bind-password", "hunter2\n", 8, 0400);
	assert_int_equal(secret_read_credential("bind-password", &secret, &e), 0);
	assert_string_equal(secret_text(secret), "hunter2");
	secret_close(&secret);
}

static int prepare(void **state)
{
	struct error e;

	(void)state;
	return secret_start(&e) < 0 || secret_start(&e) < 0 || !mkdtemp(folder) ? -1 : 0;
}

static int clean_up(void **state)
{
	static const char *const names[] = { "plain", "line", "lines", "blank", "raw", "link", "fifo", "empty",
		                             "open", "group", "most", "more", "bind-password" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_a_copy),
		cmocka_unit_test(equal),
		cmocka_unit_test(close_leaves_null),
		cmocka_unit_test(guards_hold),
		cmocka_unit_test(memory_that_cannot_be_locked_will_do),
		cmocka_unit_test(files),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(files_that_others_may_read_are_refused),
		cmocka_unit_test(files_at_the_limit),
		cmocka_unit_test(credentials),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
