/* Values that nobody may see: kept in locked, guarded memory (libsodium), wiped when closed.
 *
 * Never copied into an arena, a log, an error, an environment or an argument list. */
#ifndef ROSTERD_BASE_SECRET_H
#define ROSTERD_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SECRET_MOST = 65536 };

struct secret;

/* Prepares libsodium; once, before any other function here or in crypt. */
int secret_start(struct error *e);

/* A copy of the bytes; the caller wipes its own. Never NULL. Always ends with a NUL beyond its size. */
struct secret *secret_take(const void *bytes, size_t size);
void secret_close(struct secret **secret);

const void *secret_bytes(const struct secret *secret);
const char *secret_text(const struct secret *secret);
size_t secret_size(const struct secret *secret);

/* Equal, in time that does not depend on the contents. */
bool secret_equal(const struct secret *a, const void *bytes, size_t size);

/* Reads a file that holds one secret: regular (links followed), not readable by others (mode & 0077 must be 0 unless root and
 * group-readable only), not empty, at most SECRET_MOST bytes, one final line break removed. ERROR_INPUT names file and reason. */
int secret_read_file(const char *path, struct secret **ret, struct error *e);

/* Reads $CREDENTIALS_DIRECTORY/name (systemd.exec(5)). name must be a plain file name. */
int secret_read_credential(const char *name, struct secret **ret, struct error *e);

/* Wipes memory in a way that the compiler keeps. */
void secret_wipe(void *bytes, size_t size);

#endif
