/* Values that nobody may see: between guard pages, locked if the system allows it, read-only once made. */
#include "base/secret.h"

#include "base/arena.h"
#include "base/text.h"

#include <sodium.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct secret {
	size_t size;
	char *bytes; /* of sodium_malloc */
};

int secret_start(struct error *e)
{
	if (sodium_init() < 0)
		return error_set(e, ERROR_INTERNAL, "secret.start", "could not prepare libsodium");
	return 0;
}

struct secret *secret_take(const void *bytes, size_t size)
{
	struct secret *secret = malloc(sizeof(*secret));

	if (!secret || size == SIZE_MAX)
		memory_exhausted("secret", size);

	/* Where RLIMIT_MEMLOCK is small, the memory is guarded and wiped but may be swapped: better than no
	 * daemon. */
	*secret = (struct secret){ .size = size, .bytes = sodium_malloc(size + 1) };
	if (!secret->bytes)
		memory_exhausted("secret", size);

	if (size > 0)
		memcpy(secret->bytes, bytes, size);
	secret->bytes[size] = '\0';
	sodium_mprotect_readonly(secret->bytes);
	return secret;
}

void secret_close(struct secret **secret)
{
	if (!*secret)
		return;

	sodium_free((*secret)->bytes); /* wipes */
	free(*secret);
	*secret = NULL;
}

const void *secret_bytes(const struct secret *secret)
{
	return secret->bytes;
}

const char *secret_text(const struct secret *secret)
{
	return secret->bytes;
}

size_t secret_size(const struct secret *secret)
{
	return secret->size;
}

bool secret_equal(const struct secret *a, const void *bytes, size_t size)
{
	return a->size == size && sodium_memcmp(a->bytes, bytes, size) == 0;
}

void secret_wipe(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}

/* What the owner has to change, or NULL. */
static const char *fault_of_file(const struct stat *file)
{
	bool for_group_of_root = file->st_uid == 0 && (file->st_mode & 0077) == S_IRGRP;

	if (!S_ISREG(file->st_mode))
		return "a regular file is expected";
	if ((file->st_mode & 0077) && !for_group_of_root)
		return "others may read or change it; mode 0600 is expected, or 0640 and owner root";
	if (file->st_size == 0)
		return "it is empty";
	return NULL;
}

static int refuse_file(const char *path, const char *why, struct error *e)
{
	return error_set(e, ERROR_INPUT, "secret.file", "could not read secret \"%s\": %s", path, why);
}

/* Fills ret up to size, or to the end of the file. */
static ssize_t read_all(int fd, char *ret, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, ret + length, size - length);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -1;
		length += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)length;
}

static int take_from(int fd, const char *path, struct secret **ret, struct error *e)
{
	char bytes[SECRET_MOST + 2]; /* a line break, and one more to see that it is too long */
	ssize_t length = read_all(fd, bytes, sizeof(bytes));
	int result = 0;

	if (length < 0)
		return refuse_file(path, strerror(errno), e);
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	if (length > SECRET_MOST)
		result = refuse_file(path, "it holds more than 65536 bytes", e);
	else
		*ret = secret_take(bytes, (size_t)length);
	secret_wipe(bytes, sizeof(bytes));
	return result;
}

int secret_read_file(const char *path, struct secret **ret, struct error *e)
{
	/* Not blocking: a FIFO would wait for its writer before fstat can refuse it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat file;
	const char *fault;
	int result;

	if (fd < 0)
		return refuse_file(path, strerror(errno), e);

	fault = fstat(fd, &file) < 0 ? strerror(errno) : fault_of_file(&file);
	result = fault ? refuse_file(path, fault, e) : take_from(fd, path, ret, e);
	close(fd);
	return result;
}

static bool is_plain_name(const char *name)
{
	return name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int secret_read_credential(const char *name, struct secret **ret, struct error *e)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (!is_plain_name(name))
		return error_set(e, ERROR_INPUT, "secret.credential",
				 "credential \"%s\" has a name with a folder in it; a plain name is expected",
				 name);
	if (!folder)
		return error_set(e, ERROR_INPUT, "secret.credential",
				 "there is no credential \"%s\": CREDENTIALS_DIRECTORY is not set; "
				 "add LoadCredential= to the unit, or name a file",
				 name);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return error_set(e, ERROR_INPUT, "secret.credential",
				 "the name of credential \"%.64s...\" is too long", name);
	return secret_read_file(path, ret, e);
}
