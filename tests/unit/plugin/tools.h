/* What the tests of the bridge share: a catalog of one folder of plug-ins, a link with a few settings. */
#ifndef TESTS_PLUGIN_TOOLS_H
#define TESTS_PLUGIN_TOOLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "plugin/catalog.h"
#include "plugin/link.h"

enum { TOOLS_MEMORY_MOST = 128 << 20, TOOLS_DEADLINE_MS = 20000 };

/* A folder below the build folder: "plugins", "tests/peers/.libs". */
struct catalog *tools_catalog(const char *folder);

/* Opens a link; pairs: name, value, ..., NULL. What they point to must outlive the link. */
int tools_open(struct catalog *catalog, const char *plugin, int deadline_ms, struct link **ret, struct error *e, ...);

/* Asks for a page of everything and counts what comes. The result is link_next's last. */
struct tools_count {
	size_t people, groups, memberships, refused, notes;
};
int tools_read(struct link *link, const struct link_ask *ask, struct tools_count *ret, struct error *e);

#endif
