/* Writes a tar archive (POSIX.1-1988 ustar) that only its owner reads. */
#ifndef ROSTERCTL_ARCHIVE_H
#define ROSTERCTL_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { ARCHIVE_NAME_MOST = 99 };

struct archive;

/* Makes the file, mode 0600; one that is there already is not touched ("archive.file"). */
int archive_open(const char *path, int64_t now_s, struct archive **ret, struct error *e);

/* Adds a file of this name, at most ARCHIVE_NAME_MOST bytes. */
int archive_add(struct archive *archive, const char *name, const char *bytes, size_t size, struct error *e);

/* Writes the end, and that it has arrived. *archive is NULL in any case; after a failure the file is gone. */
int archive_finish(struct archive **archive, struct error *e);

/* Gives up: the file is gone. Accepts a pointer to NULL; leaves NULL behind. */
void archive_close(struct archive **archive);

#endif
