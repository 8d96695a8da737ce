/* Writes a tar archive. */
#include "rosterctl/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, END_BLOCKS = 2, MODE = 0600 };

struct archive {
	FILE *file;
	char *path;
	int64_t now_s;
};

/* As POSIX has it: numbers in octal digits, filled up with zeros. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2],
		user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static int could_not(const char *path, struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "archive.file", "could not write \"%s\": %s", path,
			 strerror(errno));
}

int archive_open(const char *path, int64_t now_s, struct archive **ret, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	struct archive *archive;

	if (fd < 0)
		return could_not(path, e);
	archive = calloc(1, sizeof(*archive));
	if (!archive || !(archive->path = strdup(path)) || !(archive->file = fdopen(fd, "w")))
		abort();
	archive->now_s = now_s;
	*ret = archive;
	return 0;
}

/* The sum of all bytes, with the sum itself as blanks. */
static void fill_checksum(struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	snprintf(h->checksum, sizeof(h->checksum), "%06o", sum);
}

static void fill_header(struct header *h, const char *name, size_t size, int64_t now_s)
{
	*h = (struct header){ .type = '0' };
	snprintf(h->name, sizeof(h->name), "%s", name);
	snprintf(h->mode, sizeof(h->mode), "%07o", (unsigned)MODE);
	snprintf(h->uid, sizeof(h->uid), "%07o", 0U);
	snprintf(h->gid, sizeof(h->gid), "%07o", 0U);
	snprintf(h->size, sizeof(h->size), "%011llo", (unsigned long long)size);
	snprintf(h->mtime, sizeof(h->mtime), "%011llo", (unsigned long long)now_s);
	memcpy(h->magic, "ustar", sizeof("ustar"));
	memcpy(h->version, "00", sizeof(h->version));
	fill_checksum(h);
}

int archive_add(struct archive *archive, const char *name, const char *bytes, size_t size, struct error *e)
{
	static const char zeros[BLOCK];
	struct header h;
	size_t left = (BLOCK - size % BLOCK) % BLOCK;

	fill_header(&h, name, size, archive->now_s);
	if (fwrite(&h, sizeof(h), 1, archive->file) != 1 || fwrite(bytes, 1, size, archive->file) != size ||
	    fwrite(zeros, 1, left, archive->file) != left)
		return could_not(archive->path, e);
	return 0;
}

static void forget(struct archive **archive)
{
	free((*archive)->path);
	free(*archive);
	*archive = NULL;
}

void archive_close(struct archive **archive)
{
	if (!*archive)
		return;
	fclose((*archive)->file);
	unlink((*archive)->path);
	forget(archive);
}

int archive_finish(struct archive **archive, struct error *e)
{
	static const char zeros[END_BLOCKS * BLOCK];
	struct archive *a = *archive;

	if (fwrite(zeros, sizeof(zeros), 1, a->file) != 1 || fflush(a->file) != 0 || fsync(fileno(a->file)) < 0) {
		could_not(a->path, e);
		archive_close(archive);
		return -1;
	}
	fclose(a->file);
	forget(archive);
	return 0;
}
