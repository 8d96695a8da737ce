/* Metadata are full of what others have put in: contacts, logos, scopes, extensions of federations. Here the
 * parts that are wanted are looked for by their path, and the others are passed over. */
#include "saml/metadata.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/document.h"
#include "saml/names.h"

enum { ENTITIES_DEPTH_MOST = 8 };

struct reading {
	struct arena *arena;
	int64_t now_us;
	struct metadata_provider *list;
	size_t count;
	struct error *e;
};

static int refuse(struct error *e, const char *why, const char *about)
{
	return error_set(e, ERROR_INPUT, "saml.metadata", "%s%s%.200s%s", why, about ? ": \"" : "",
			 about ? about : "", about ? "\"" : "");
}

/* ---- parts ---- */

/* Until when an entity, or all in a list, counts. */
static int check_time(const struct reading *r, const xmlNode *node, int64_t *ret_us)
{
	const char *until = document_attribute(node, "validUntil");
	int64_t us;

	if (!until)
		return 0;
	if (clock_parse(until, &us) < 0)
		return refuse(r->e, "\"validUntil\" is no time", until);
	if (r->now_us != 0 && us <= r->now_us)
		return refuse(r->e, "these metadata have expired (\"validUntil\"); get them anew", until);
	if (*ret_us == 0 || us < *ret_us)
		*ret_us = us;
	return 0;
}

/* What a browser may be sent to. */
static bool is_web_address(const char *url)
{
	size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
			: strncasecmp(url, "http://", 7) == 0 ? 7
							      : 0;

	if (scheme == 0 || !url[scheme] || strchr("/?#:", url[scheme]) || strlen(url) > METADATA_URL_MOST)
		return false;
	for (; *url; url++)
		if ((unsigned char)*url <= ' ' || *url == '"' || *url == '<' || *url == '>' || *url == '\\' ||
		    *url == 0x7f)
			return false;
	return true;
}

/* The first of a service with this binding. which: "Location", "ResponseLocation". */
static int find_endpoint(const struct reading *r, const xmlNode *role, const char *service,
			 const char *binding, const char *which, const char **ret)
{
	for (const xmlNode *s = document_first(role); s; s = document_next(s)) {
		const char *said = document_attribute(s, "Binding"), *url = document_attribute(s, which);

		if (!document_is(s, NS_METADATA, service) || !said || strcmp(said, binding) != 0 || !url)
			continue;
		if (!is_web_address(url))
			return refuse(r->e, "an endpoint has an address that is no URL for browsers", url);
		*ret = arena_text(r->arena, url);
		return 0;
	}
	return 0;
}

static int find_logout(const struct reading *r, const xmlNode *role, const char *binding, const char **ret_url,
		       const char **ret_answers)
{
	if (find_endpoint(r, role, "SingleLogoutService", binding, "Location", ret_url) < 0 ||
	    find_endpoint(r, role, "SingleLogoutService", binding, "ResponseLocation", ret_answers) < 0)
		return -1;
	if (!*ret_answers)
		*ret_answers = *ret_url;
	return 0;
}

static const char *squeezed(struct arena *arena, const char *text)
{
	char *kept = arena_text(arena, text), *to = kept;

	for (; *text; text++)
		if (!strchr(" \t\r\n", *text))
			*to++ = *text;
	*to = 0;
	return kept;
}

/* A KeyDescriptor that is for signatures: it says so, or nothing. */
static bool is_for_signing(const xmlNode *descriptor)
{
	const char *use = document_attribute(descriptor, "use");

	return document_is(descriptor, NS_METADATA, "KeyDescriptor") && (!use || strcmp(use, "signing") == 0);
}

static int add_certificates(const struct reading *r, const xmlNode *descriptor, struct keys *keys,
			    const char **list, size_t *count)
{
	const xmlNode *info = document_child(descriptor, NS_SIGNATURE, "KeyInfo");

	for (const xmlNode *data = document_first(info); data; data = document_next(data))
		for (const xmlNode *c = document_is(data, NS_SIGNATURE, "X509Data") ? document_first(data)
										    : NULL;
		     c; c = document_next(c)) {
			size_t before = keys_count(keys);
			const char *text;

			if (!document_is(c, NS_SIGNATURE, "X509Certificate"))
				continue;
			text = squeezed(r->arena, document_text(r->arena, c));
			if (strchr(text, '-') || keys_add(keys, text, r->e) < 0)
				return refuse(r->e, "a certificate cannot be used",
					      arena_text(r->arena, r->e->text));
			if (keys_count(keys) > before)
				list[(*count)++] = text;
		}
	return 0;
}

static int read_keys(const struct reading *r, const xmlNode *role, struct metadata_provider *ret)
{
	const char **list = arena_array(r->arena, KEYS_MOST + 1, sizeof(*list)), **prints;
	struct keys *keys = keys_open();
	size_t count = 0;
	int result = 0;

	for (const xmlNode *d = document_first(role); d && result == 0; d = document_next(d))
		if (is_for_signing(d))
			result = add_certificates(r, d, keys, list, &count);
	prints = arena_array(r->arena, count + 1, sizeof(*prints));
	for (size_t i = 0; i < count && result == 0; i++)
		prints[i] = arena_text(r->arena, keys_print(keys, i));
	keys_close(&keys);
	if (result < 0)
		return -1;
	ret->certificates = list;
	ret->prints = prints;
	return count > 0 ? 0 : refuse(r->e, "the provider has no certificate for signatures", ret->entity_id);
}

/* ---- entities ---- */

static bool speaks_saml2(const xmlNode *role)
{
	const char *protocols = document_attribute(role, "protocolSupportEnumeration");
	size_t length = strlen(NS_PROTOCOL);

	for (const char *at = protocols; at && (at = strstr(at, NS_PROTOCOL)) != NULL; at += length)
		if ((at == protocols || strchr(" \t\r\n", at[-1])) &&
		    (!at[length] || strchr(" \t\r\n", at[length])))
			return true;
	return false;
}

static const xmlNode *provider_role(const xmlNode *entity)
{
	for (const xmlNode *role = document_first(entity); role; role = document_next(role))
		if (document_is(role, NS_METADATA, "IDPSSODescriptor") && speaks_saml2(role))
			return role;
	return NULL;
}

static int read_provider(const struct reading *r, const xmlNode *entity, const xmlNode *role,
			 int64_t until_us, struct metadata_provider *ret)
{
	const char *id = document_attribute(entity, "entityID"),
		   *wants = document_attribute(role, "WantAuthnRequestsSigned");
	struct metadata_provider found = { .until_us = until_us };

	if (!id || !*id || strlen(id) > METADATA_ENTITY_ID_MOST || !text_is_printable(id, strlen(id)))
		return refuse(r->e, "an entity has no \"entityID\", or one that is too long", id);
	found.entity_id = arena_text(r->arena, id);
	found.wants_signed_requests = wants && (strcmp(wants, "true") == 0 || strcmp(wants, "1") == 0);
	if (check_time(r, entity, &found.until_us) < 0 || check_time(r, role, &found.until_us) < 0 ||
	    read_keys(r, role, &found) < 0 ||
	    find_endpoint(r, role, "SingleSignOnService", BINDING_REDIRECT, "Location", &found.redirect) <
		    0 ||
	    find_endpoint(r, role, "SingleSignOnService", BINDING_POST, "Location", &found.post) < 0 ||
	    find_logout(r, role, BINDING_REDIRECT, &found.logout_redirect, &found.answer_redirect) < 0 ||
	    find_logout(r, role, BINDING_POST, &found.logout_post, &found.answer_post) < 0)
		return -1;
	if (!found.redirect && !found.post)
		return refuse(r->e,
			      "the provider has no endpoint to sign on at by HTTP-Redirect or HTTP-POST", id);
	*ret = found;
	return 0;
}

/* alone: what is wrong with it is told; among many it is left out. */
static int take_entity(struct reading *r, const xmlNode *entity, int64_t until_us, bool alone)
{
	const xmlNode *role = provider_role(entity);
	struct metadata_provider found;

	if (!role)
		return alone ? refuse(r->e, "this entity signs nobody on by SAML 2.0 (no IDPSSODescriptor)",
				      document_attribute(entity, "entityID"))
			     : 0;
	if (read_provider(r, entity, role, until_us, &found) < 0)
		return alone ? -1 : 0;
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->list[i].entity_id, found.entity_id) == 0)
			return refuse(r->e, "two entities have the same \"entityID\"", found.entity_id);
	if (r->count == METADATA_PROVIDERS_MOST)
		return error_set(r->e, ERROR_INPUT, "saml.metadata",
				 "there are more than %d providers in these metadata",
				 METADATA_PROVIDERS_MOST);
	r->list[r->count++] = found;
	return 0;
}

static size_t count_entities(const xmlNode *list, int depth)
{
	size_t count = 0;

	for (const xmlNode *child = document_first(list); child && depth < ENTITIES_DEPTH_MOST;
	     child = document_next(child))
		count += document_is(child, NS_METADATA, "EntityDescriptor") ? 1
			 : document_is(child, NS_METADATA, "EntitiesDescriptor")
				 ? count_entities(child, depth + 1)
				 : 0;
	return count;
}

static int take_list(struct reading *r, const xmlNode *list, int64_t until_us, int depth, bool alone)
{
	if (check_time(r, list, &until_us) < 0)
		return -1;
	for (const xmlNode *child = document_first(list); child && depth < ENTITIES_DEPTH_MOST;
	     child = document_next(child)) {
		if (document_is(child, NS_METADATA, "EntityDescriptor") &&
		    take_entity(r, child, until_us, alone) < 0)
			return -1;
		if (document_is(child, NS_METADATA, "EntitiesDescriptor") &&
		    take_list(r, child, until_us, depth + 1, alone) < 0)
			return -1;
	}
	return 0;
}

/* An id that stands twice is a reference to two things: whoever signed one of them did not sign the other. */
static int check_ids(const struct reading *r, const xmlNode *root)
{
	const xmlNode *stack[DOCUMENT_DEPTH_MOST + 1] = { root };
	const char **ids = NULL;
	size_t count = 0, room = 0;
	int depth = 0;

	while (depth >= 0) {
		const xmlNode *node = stack[depth];
		const char *id = document_attribute(node, "ID");

		for (size_t i = 0; id && ids && i < count; i++)
			if (strcmp(ids[i], id) == 0)
				return refuse(r->e, "two elements have the same id", id);
		if (id && count == room) {
			const char **more = arena_array(r->arena, room * 2 + 64, sizeof(*more));

			if (count > 0)
				memcpy(more, ids, count * sizeof(*more));
			ids = more;
			room = room * 2 + 64;
		}
		if (id)
			ids[count++] = id;
		if (document_first(node)) {
			stack[++depth] = document_first(node);
			continue;
		}
		while (depth >= 0 && !document_next(stack[depth]))
			depth--;
		if (depth <= 0)
			break;
		stack[depth] = document_next(stack[depth]);
	}
	return 0;
}

static int read_root(struct reading *r, const xmlNode *root)
{
	size_t count = document_is(root, NS_METADATA, "EntitiesDescriptor") ? count_entities(root, 0) : 1;

	if (count > METADATA_PROVIDERS_MOST * 4)
		return error_set(r->e, ERROR_INPUT, "saml.metadata",
				 "there are more than %d entities in these metadata",
				 METADATA_PROVIDERS_MOST * 4);
	r->list =
		arena_array(r->arena, (count < METADATA_PROVIDERS_MOST ? count : METADATA_PROVIDERS_MOST) + 1,
			    sizeof(*r->list));
	if (document_is(root, NS_METADATA, "EntityDescriptor"))
		return take_entity(r, root, 0, true);
	if (document_is(root, NS_METADATA, "EntitiesDescriptor"))
		return take_list(r, root, 0, 0, count == 1);
	return refuse(r->e, "these are no SAML metadata (EntityDescriptor or EntitiesDescriptor)",
		      (const char *)root->name);
}

int metadata_read(struct arena *arena, const char *bytes, size_t size, int64_t now_us,
		  const struct metadata_provider **ret, size_t *ret_count, struct error *e)
{
	static const struct document_limits limits = { METADATA_MOST, METADATA_ELEMENTS_MOST, true };
	struct reading r = { .arena = arena, .now_us = now_us, .e = e };
	__attribute__((cleanup(document_close))) xmlDoc *document = NULL;

	if (document_read(bytes, size, &limits, &document, e) < 0)
		return refuse(e, arena_text(arena, e->text), NULL);
	if (check_ids(&r, xmlDocGetRootElement(document)) < 0 ||
	    read_root(&r, xmlDocGetRootElement(document)) < 0)
		return -1;
	if (r.count == 0)
		return refuse(e, "no usable provider is in these metadata", NULL);
	*ret = r.list;
	*ret_count = r.count;
	return 0;
}
