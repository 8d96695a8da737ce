/* The filter language and the paths of SCIM (RFC 7644, 3.4.2.2 and figure 1; 3.5.2 and figure 7), read into a tree.
 *
 * Reading resolves every attribute against the schemas, so that whoever walks the tree compares by the attribute's own
 * case rule and type. Names and operators have no case. Nothing of a filter's text ever becomes part of a statement. */
#ifndef ROSTERD_ENDPOINTS_SCIM_FILTER_H
#define ROSTERD_ENDPOINTS_SCIM_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "endpoints/scim_schema.h"

struct arena;
struct json;

enum {
	SCIM_FILTER_MOST = 8192,      /* bytes of a filter or path */
	SCIM_FILTER_DEPTH_MOST = 16,  /* brackets within brackets */
	SCIM_FILTER_TERMS_MOST = 100, /* comparisons */
	SCIM_NAME_MOST = 128,	      /* bytes of an attribute's name */
	SCIM_URN_MOST = 256,
};

enum scim_operator { SCIM_EQ, SCIM_NE, SCIM_CO, SCIM_SW, SCIM_EW, SCIM_GT, SCIM_GE, SCIM_LT, SCIM_LE, SCIM_PR };

struct scim_filter;

/* An attribute, or what of it. */
struct scim_path {
	const char *urn;			/* of an extension; NULL: core or common */
	const char *name, *part;		/* as the schema writes them, or as they came; name NULL: a whole extension */
	const struct scim_attribute *attribute; /* NULL: of an extension that we do not know, or a whole one */
	const struct scim_attribute *part_attribute;
	const struct scim_filter *filter; /* which of several values: emails[type eq "work"] */
};

enum scim_filter_kind { SCIM_AND, SCIM_OR, SCIM_NOT, SCIM_COMPARE, SCIM_HAS };

struct scim_filter {
	enum scim_filter_kind kind;
	const struct scim_filter *left, *right; /* AND, OR; NOT has left alone */
	struct scim_path path;			/* COMPARE; HAS: a value that path.filter holds for */
	enum scim_operator operator;
	const struct json *value; /* text, number, bool or null; NULL with PR */
};

/* A filter on resources of a kind. What was tolerated is added to *deviations (scim_resource.h). The
 * tree lives in the arena.
 * ERROR_INPUT "scim.invalidFilter", with the place; ERROR_LIMIT "scim.filter_limit". */
int scim_filter_read(struct arena *arena, enum scim_kind kind, const char *text, const struct scim_filter **ret,
		     unsigned *deviations, struct error *e);

/* A path of PATCH, of `attributes` or of `sortBy`. ERROR_INPUT "scim.invalidPath". */
int scim_path_read(struct arena *arena, enum scim_kind kind, const char *text, struct scim_path *ret,
		   unsigned *deviations, struct error *e);

/* Whether it holds for one value of an attribute, which path.filter asks. */
bool scim_filter_holds(const struct scim_filter *filter, const struct json *value);

#endif
