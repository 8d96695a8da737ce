/* What a SCIM resource is made of: RFC 7643 as tables. Filters, paths, PATCH, what is stored and what the address
 * /Schemas tells all go by these; an attribute that is not here belongs to an extension of the customer's own and is
 * kept as it came. */
#ifndef ROSTERD_ENDPOINTS_SCIM_SCHEMA_H
#define ROSTERD_ENDPOINTS_SCIM_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct json_writer;

#define SCIM_URN_USER	    "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_URN_GROUP	    "urn:ietf:params:scim:schemas:core:2.0:Group"
#define SCIM_URN_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

enum scim_kind { SCIM_USER, SCIM_GROUP, SCIM_KINDS };

/* RFC 7643, 2.3. */
enum scim_type {
	SCIM_STRING,
	SCIM_BOOLEAN,
	SCIM_DATETIME,
	SCIM_REFERENCE,
	SCIM_BINARY,
	SCIM_COMPLEX,
};

/* RFC 7643, 2.2 and 7: what may be done with it. */
enum scim_mutability { SCIM_READ_WRITE, SCIM_READ_ONLY, SCIM_IMMUTABLE, SCIM_WRITE_ONLY };

struct scim_attribute {
	const char *name; /* as RFC 7643 writes it; compared without case */
	enum scim_type type;
	bool multi, exact, needed; /* exact: values differ by case (caseExact) */
	enum scim_mutability mutability;
	const char *words;		    /* for /Schemas */
	const struct scim_attribute *parts; /* sub-attributes, ends with {0}; NULL: it is no complex one */
};

struct scim_schema {
	const char *urn, *name, *words;
	const struct scim_attribute *attributes; /* ends with {0} */
};

/* The schemas of a kind of resource: the core one first; ends with NULL. */
const struct scim_schema *const *scim_schemas(enum scim_kind kind);

/* The attribute of this name in a table (one that ends with {0}); NULL if there is none. */
const struct scim_attribute *scim_attribute_find(const struct scim_attribute *table, const char *name, size_t length);

/* The same in the extensions of a kind, for names that came without their URN; *ret_urn is whose it is. */
const struct scim_attribute *scim_attribute_of_extension(enum scim_kind kind, const char *name, size_t length, const char **ret_urn);

/* What every resource has: schemas, id, externalId, meta (RFC 7643, 3.1). */
extern const struct scim_attribute scim_common[];

/* One schema as /Schemas tells it (RFC 7643, 7). */
void scim_schema_put(const struct scim_schema *schema, struct json_writer *w);

#endif
