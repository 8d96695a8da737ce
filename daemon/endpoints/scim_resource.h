/* What a client sends becomes a document as we keep it: names as the schemas write them, types made right where it is clear
 * what was meant, nothing that is unassigned, nothing that only the server says.
 *
 * A document holds neither id, meta, groups, members nor password: the first four are made when a resource is shown, and
 * passwords of directories are not kept. Attributes of extensions that we do not know stay as they came, under their URN. */
#ifndef ROSTERD_ENDPOINTS_SCIM_RESOURCE_H
#define ROSTERD_ENDPOINTS_SCIM_RESOURCE_H

#include <stddef.h>

#include "base/error.h"
#include "endpoints/scim_schema.h"

struct arena;
struct json;

enum {
	SCIM_DOCUMENT_MOST = 65536, /* bytes of a document, as it is kept */
	SCIM_DOCUMENT_DEPTH_MOST = 8, /* objects and arrays within each other */
	SCIM_KEY_MOST = 1024,	  /* bytes of userName, displayName of a group, externalId: what an index holds */
	SCIM_NUMBER_MOST = 64,	  /* bytes of a number, as we write it */
	SCIM_TEXT_MOST = 8192,	  /* bytes of one text */
	SCIM_VALUES_MOST = 200,	  /* values of one attribute, members of groups aside */
	SCIM_UNKNOWN_MOST = 100,  /* attributes of one unknown extension */
};

/* What real clients send beside the standard, and what we take it for. Each has a name in the figures and in the trace. */
enum scim_deviation {
	SCIM_UNQUOTED_VALUE,	/* a filter's text without quotes */
	SCIM_BOOLEAN_AS_TEXT,	/* "True" */
	SCIM_NUMBER_AS_TEXT,	/* 4711 where a text is expected */
	SCIM_TEXT_AS_OBJECT,	/* "id" where {"value": "id"} is expected */
	SCIM_OBJECT_AS_ARRAY,	/* one value that does not stand in an array */
	SCIM_ARRAY_AS_OBJECT,	/* an array of one where there is one value */
	SCIM_OPERATION_CASE,	/* "Add" */
	SCIM_KEY_AS_PATH,	/* {"name.givenName": ...} in an operation without a path */
	SCIM_READ_ONLY_SENT,	/* what only the server says, sent along and passed over */
	SCIM_UNKNOWN_ATTRIBUTE, /* an attribute of no schema, passed over */
	SCIM_MADE_BY_FILTER,	/* emails[type eq "work"].value, where there is none yet: one is made */
	SCIM_REMOVE_BY_VALUE,	/* remove with a list of what is to go */
	SCIM_WITHOUT_URN,	/* an extension's attribute among those of the core */
	SCIM_SLASHES,		/* doubled or trailing ones in the address */
	SCIM_FLAG_BEFORE_PATH,	/* a flag of the base URL before the path that was joined to it */
	SCIM_DEVIATIONS,
};
#define SCIM_DEVIATION(which) (1u << (which))
const char *scim_deviation_name(enum scim_deviation which);
/* Into the figures: each of them once. */
void scim_count_deviations(unsigned deviations);

/* A body of POST or PUT. *ret_deviations is added to. ERROR_INPUT "scim.invalidValue", with what and where;
 * "scim.invalidSyntax" if it is no object. */
int scim_document_take(struct arena *arena, enum scim_kind kind, const struct json *body, struct json **ret,
		       unsigned *deviations, struct error *e);

/* Whether a document is within its limits, however it came about: ERROR_INPUT "scim.invalidValue". *ret is it as text, in the arena. */
int scim_document_write(struct arena *arena, const struct json *document, const char **ret, struct error *e);

/* One attribute's value: 1 taken, 0 unassigned (null, no values), -1. `where` is what an error calls it. Without an attribute
 * (an unknown extension) it is kept as it came. */
int scim_value_take(struct arena *arena, const struct scim_attribute *attribute, const struct json *given, const char *where,
		    struct json **ret, unsigned *deviations, struct error *e);

/* Whether a document has attributes of this name at all: not those that the server alone says, nor passwords. */
bool scim_is_kept(const struct scim_attribute *attribute);

#endif
