/* What this SCIM server can do, as programs ask it (RFC 7644, 4; RFC 7643, 5 to 7). */
#include "endpoints/scim.h"

#include <strings.h>

#include "endpoints/scim_bulk.h"
#include "endpoints/scim_cursor.h"
#include "endpoints/scim_reply.h"
#include "endpoints/scim_resource.h"

static void put_schemas(struct json_writer *w, const char *urn)
{
	json_begin_array(w, "schemas");
	json_put_text(w, NULL, urn);
	json_end_array(w);
}

static void put_meta(struct exchange *x, struct json_writer *w, const char *type, const char *name)
{
	json_begin_object(w, "meta");
	json_put_text(w, "resourceType", type);
	json_put_text(w, "location",
		      arena_format(x->arena, "%s/scim/v2/%s/%s", x->options->public_url ? x->options->public_url : "",
				   request_segment(x->request, "connection"), name));
	json_end_object(w);
}

static void begin_list(struct exchange *x, struct json_writer *w, int64_t count)
{
	scim_reply_begin(x, 200, w);
	json_begin_object(w, NULL);
	put_schemas(w, SCIM_URN_LIST);
	json_put_int(w, "totalResults", count);
	json_put_int(w, "startIndex", 1);
	json_put_int(w, "itemsPerPage", count);
	json_begin_array(w, "Resources");
}

static void end_list(struct json_writer *w)
{
	json_end_array(w);
	json_end_object(w);
}

/* RFC 7644, 3.11: who asks here is a connection, and not somebody. */
int scim_me(struct exchange *x, struct error *e)
{
	(void)x;
	return error_set(e, ERROR_INPUT, "http.unsupported", "a token of a connection speaks for nobody, so there is no /Me");
}

static void put_support(struct json_writer *w, const char *name, bool supported)
{
	json_begin_object(w, name);
	json_put_bool(w, "supported", supported);
	json_end_object(w);
}

int scim_provider_config(struct exchange *x, struct error *e)
{
	struct json_writer w;

	(void)e;
	scim_reply_begin(x, 200, &w);
	json_begin_object(&w, NULL);
	put_schemas(&w, "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig");
	put_support(&w, "patch", true);
	json_begin_object(&w, "bulk");
	json_put_bool(&w, "supported", true);
	json_put_int(&w, "maxOperations", SCIM_BULK_OPERATIONS_MOST);
	json_put_int(&w, "maxPayloadSize", SCIM_BULK_BODY_MOST);
	json_end_object(&w);
	json_begin_object(&w, "filter");
	json_put_bool(&w, "supported", true);
	json_put_int(&w, "maxResults", SCIM_PAGE_MOST);
	json_end_object(&w);
	json_begin_object(&w, "pagination"); /* RFC 9865, 4 */
	json_put_bool(&w, "cursor", true);
	json_put_bool(&w, "index", true);
	json_put_text(&w, "defaultPaginationMethod", "index");
	json_put_int(&w, "defaultPageSize", SCIM_PAGE_DEFAULT);
	json_put_int(&w, "maxPageSize", SCIM_PAGE_MOST);
	json_put_int(&w, "cursorTimeout", SCIM_CURSOR_LIFE_S);
	json_end_object(&w);
	put_support(&w, "changePassword", false);
	put_support(&w, "sort", true);
	put_support(&w, "etag", true);
	json_begin_array(&w, "authenticationSchemes");
	json_begin_object(&w, NULL);
	json_put_text(&w, "type", "oauthbearertoken");
	json_put_text(&w, "name", "Bearer token");
	json_put_text(&w, "description", "The token that the connection was given, as \"Authorization: Bearer ...\".");
	json_put_text(&w, "specUri", "https://www.rfc-editor.org/info/rfc6750");
	json_put_bool(&w, "primary", true);
	json_end_object(&w);
	json_end_array(&w);
	put_meta(x, &w, "ServiceProviderConfig", "ServiceProviderConfig");
	json_end_object(&w);
	return 0;
}

/* ---- schemas ---- */

static void put_schema(struct exchange *x, struct json_writer *w, const struct scim_schema *schema)
{
	json_begin_object(w, NULL);
	put_schemas(w, "urn:ietf:params:scim:schemas:core:2.0:Schema");
	scim_schema_put(schema, w);
	put_meta(x, w, "Schema", arena_format(x->arena, "Schemas/%s", schema->urn));
	json_end_object(w);
}

int scim_schemas_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	int64_t count = 0;

	(void)e;
	for (enum scim_kind kind = 0; kind < SCIM_KINDS; kind++)
		for (const struct scim_schema *const *s = scim_schemas(kind); *s; s++)
			count++;
	begin_list(x, &w, count);
	for (enum scim_kind kind = 0; kind < SCIM_KINDS; kind++)
		for (const struct scim_schema *const *s = scim_schemas(kind); *s; s++)
			put_schema(x, &w, *s);
	end_list(&w);
	return 0;
}

int scim_schemas_show(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "resource");
	struct json_writer w;

	for (enum scim_kind kind = 0; kind < SCIM_KINDS; kind++)
		for (const struct scim_schema *const *s = scim_schemas(kind); *s; s++) {
			if (strcasecmp((*s)->urn, named) != 0)
				continue;
			scim_reply_begin(x, 200, &w);
			put_schema(x, &w, *s);
			return 0;
		}
	return error_set(e, ERROR_NOT_FOUND, "scim.unknown", "there is no schema \"%.100s\" here", named);
}

/* ---- types of resources ---- */

static void put_type(struct exchange *x, struct json_writer *w, enum scim_kind kind)
{
	const struct scim_schema *const *schemas = scim_schemas(kind);

	json_begin_object(w, NULL);
	put_schemas(w, "urn:ietf:params:scim:schemas:core:2.0:ResourceType");
	json_put_text(w, "id", schemas[0]->name);
	json_put_text(w, "name", schemas[0]->name);
	json_put_text(w, "endpoint", kind == SCIM_USER ? "/Users" : "/Groups");
	json_put_text(w, "description", schemas[0]->words);
	json_put_text(w, "schema", schemas[0]->urn);
	json_begin_array(w, "schemaExtensions");
	for (schemas++; *schemas; schemas++) {
		json_begin_object(w, NULL);
		json_put_text(w, "schema", (*schemas)->urn);
		json_put_bool(w, "required", false);
		json_end_object(w);
	}
	json_end_array(w);
	put_meta(x, w, "ResourceType", kind == SCIM_USER ? "ResourceTypes/User" : "ResourceTypes/Group");
	json_end_object(w);
}

int scim_types_list(struct exchange *x, struct error *e)
{
	struct json_writer w;

	(void)e;
	begin_list(x, &w, SCIM_KINDS);
	for (enum scim_kind kind = 0; kind < SCIM_KINDS; kind++)
		put_type(x, &w, kind);
	end_list(&w);
	return 0;
}

int scim_types_show(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "resource");
	struct json_writer w;

	for (enum scim_kind kind = 0; kind < SCIM_KINDS; kind++) {
		if (strcasecmp(scim_schemas(kind)[0]->name, named) != 0)
			continue;
		scim_reply_begin(x, 200, &w);
		put_type(x, &w, kind);
		return 0;
	}
	return error_set(e, ERROR_NOT_FOUND, "scim.unknown", "there is no type of resource \"%.60s\" here", named);
}
