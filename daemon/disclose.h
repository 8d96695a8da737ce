/* rosterd.conf as it may be shown to strangers: by the table of settings, so that nothing else gets out.
 *
 * Of a secret only where it is kept is told; names of people and whatever might hold a password are left out, and so is
 * everything that the table does not know. */
#ifndef ROSTERD_DISCLOSE_H
#define ROSTERD_DISCLOSE_H

#include <stdbool.h>

struct arena;
struct json_writer;

/* Whether the file can be read at all, whatever mistakes are in it; that there is none counts as read. */
bool disclose_readable(const char *path, struct arena *arena);

/* Writes the object "configuration": each setting that the file has, as "section.name". path NULL: there is no file. */
void disclose_settings(const char *path, struct arena *arena, struct json_writer *w);

/* The files that hold secrets, as the file names them; ended by NULL. */
const char *const *disclose_secret_files(const char *path, struct arena *arena);

#endif
