#include "access/scope.h"

#include <string.h>

#include "base/text.h"

_Static_assert((int)SCOPES <= 32, "a scope is a bit of a set");

static const char *const names[SCOPES] = {
	[SCOPE_ACCOUNTS_READ] = "accounts:read",
	[SCOPE_ACCOUNTS_WRITE] = "accounts:write",
	[SCOPE_AUDIT_READ] = "audit:read",
	[SCOPE_CLIENTS_READ] = "clients:read",
	[SCOPE_CLIENTS_WRITE] = "clients:write",
	[SCOPE_CONNECTIONS_READ] = "connections:read",
	[SCOPE_CONNECTIONS_WRITE] = "connections:write",
	[SCOPE_DAEMON_READ] = "daemon:read",
	[SCOPE_DAEMON_WRITE] = "daemon:write",
	[SCOPE_DOMAINS_READ] = "domains:read",
	[SCOPE_DOMAINS_WRITE] = "domains:write",
	[SCOPE_EVENTS_READ] = "events:read",
	[SCOPE_EVENTS_WRITE] = "events:write",
	[SCOPE_GROUPS_READ] = "groups:read",
	[SCOPE_MEMBERS_READ] = "members:read",
	[SCOPE_MEMBERS_WRITE] = "members:write",
	[SCOPE_ORGANISATIONS_READ] = "organisations:read",
	[SCOPE_ORGANISATIONS_WRITE] = "organisations:write",
	[SCOPE_PERMISSIONS_READ] = "permissions:read",
	[SCOPE_PLUGINS_READ] = "plugins:read",
	[SCOPE_RUNS_READ] = "runs:read",
	[SCOPE_RUNS_WRITE] = "runs:write",
	[SCOPE_SCIM_READ] = "scim:read",
	[SCOPE_SCIM_USERS] = "scim:users",
	[SCOPE_SCIM_GROUPS] = "scim:groups",
	[SCOPE_SESSIONS_READ] = "sessions:read",
	[SCOPE_SESSIONS_WRITE] = "sessions:write",
	[SCOPE_TOKENS_READ] = "tokens:read",
	[SCOPE_TOKENS_WRITE] = "tokens:write",
};

/* A row ends where it has no more to say. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* The parts of paths that are nouns, and what their addresses need. A noun without writing is only asked. */
static const struct noun {
	const char *part;
	enum scope reads, writes;
	const char *of; /* a noun right behind this one alone, elsewhere a verb; NULL: wherever it stands */
} nouns[] = {
	{ ".search", SCOPE_SCIM_READ, SCOPE_SCIM_READ }, /* a question, though a POST */
	{ "Bulk", SCOPE_SCIM_READ, SCOPE_SCIM_READ }, /* each operation in it needs what it needs by itself */
	{ "Groups", SCOPE_SCIM_READ, SCOPE_SCIM_GROUPS },
	{ "Users", SCOPE_SCIM_READ, SCOPE_SCIM_USERS },
	{ "account", SCOPE_ACCOUNTS_READ, SCOPE_ACCOUNTS_WRITE },
	{ "account-policy", SCOPE_ACCOUNTS_READ, SCOPE_ACCOUNTS_WRITE },
	{ "accounts", SCOPE_ACCOUNTS_READ, SCOPE_UNSAID },
	{ "audit", SCOPE_AUDIT_READ, SCOPE_UNSAID },
	{ "check", SCOPE_PERMISSIONS_READ, SCOPE_PERMISSIONS_READ, "organisations" }, /* a question, though a POST */
	{ "clients", SCOPE_CLIENTS_READ, SCOPE_CLIENTS_WRITE },
	{ "connections", SCOPE_CONNECTIONS_READ, SCOPE_CONNECTIONS_WRITE },
	{ "domains", SCOPE_DOMAINS_READ, SCOPE_DOMAINS_WRITE },
	{ "event-endpoints", SCOPE_EVENTS_READ, SCOPE_EVENTS_WRITE },
	{ "events", SCOPE_EVENTS_READ, SCOPE_UNSAID },
	{ "explain", SCOPE_AUDIT_READ, SCOPE_UNSAID, "members" }, /* it tells who set what */
	{ "groups", SCOPE_GROUPS_READ, SCOPE_UNSAID },
	{ "master-keys", SCOPE_DAEMON_READ, SCOPE_DAEMON_WRITE },
	{ "members", SCOPE_MEMBERS_READ, SCOPE_MEMBERS_WRITE },
	{ "metrics", SCOPE_DAEMON_READ, SCOPE_UNSAID },
	{ "oauth", SCOPE_UNSAID, SCOPE_NONE },
	{ "organisations", SCOPE_ORGANISATIONS_READ, SCOPE_ORGANISATIONS_WRITE },
	{ "permissions", SCOPE_PERMISSIONS_READ, SCOPE_UNSAID },
	{ "plugins", SCOPE_PLUGINS_READ, SCOPE_UNSAID },
	{ "precedence", SCOPE_CONNECTIONS_READ, SCOPE_CONNECTIONS_WRITE },
	{ "reload", SCOPE_DAEMON_READ, SCOPE_DAEMON_WRITE },
	{ "runs", SCOPE_RUNS_READ, SCOPE_RUNS_WRITE },
	{ "scim", SCOPE_SCIM_READ, SCOPE_UNSAID },
	{ "sessions", SCOPE_SESSIONS_READ, SCOPE_SESSIONS_WRITE },
	{ "sign-on-test", SCOPE_UNSAID, SCOPE_CONNECTIONS_WRITE },
	{ "sign-ons", SCOPE_AUDIT_READ, SCOPE_CONNECTIONS_WRITE }, /* they tell who was refused, and why; settings of a connection are tried on one */
	{ "signing-keys", SCOPE_CLIENTS_READ, SCOPE_CLIENTS_WRITE },
	{ "status", SCOPE_DAEMON_READ, SCOPE_UNSAID },
	{ "tokens", SCOPE_TOKENS_READ, SCOPE_TOKENS_WRITE },
	{ "whoami", SCOPE_NONE, SCOPE_UNSAID },
};

static bool is_of(const struct noun *noun, const struct noun *before)
{
	return !noun->of || (before && text_equal(before->part, noun->of));
}

static const struct noun *find_noun(const char *part, size_t length, const struct noun *before)
{
	for (size_t i = 0; i < ARRAY_COUNT(nouns); i++)
		if (strlen(nouns[i].part) == length && memcmp(nouns[i].part, part, length) == 0 &&
		    is_of(&nouns[i], before))
			return &nouns[i];
	return NULL;
}

enum scope scope_of(const char *method, const char *path)
{
	const struct noun *last = NULL;

	while (*path == '/') {
		size_t length = strcspn(++path, "/");
		const struct noun *noun = find_noun(path, length, last);

		last = noun ? noun : last;
		path += length;
	}
	if (!last)
		return SCOPE_UNSAID;
	return text_equal(method, "GET") ? last->reads : last->writes;
}

const char *scope_name(enum scope scope)
{
	return names[scope];
}

enum scope scope_parse(const char *name)
{
	for (enum scope scope = SCOPE_FIRST; scope < SCOPES; scope++)
		if (text_equal(names[scope], name))
			return scope;
	return SCOPE_UNSAID;
}

const char *const *scope_names(struct arena *arena)
{
	const char **all = arena_array(arena, SCOPES - SCOPE_FIRST + 1, sizeof(*all));

	memcpy(all, &names[SCOPE_FIRST], (SCOPES - SCOPE_FIRST) * sizeof(*all));
	return all;
}

/* Who may change something may look at it. */
static uint32_t with_what_it_brings(enum scope scope)
{
	uint32_t set = UINT32_C(1) << scope;

	for (size_t i = 0; i < ARRAY_COUNT(nouns); i++)
		if (nouns[i].writes == scope)
			set |= UINT32_C(1) << nouns[i].reads;
	return set;
}

struct scopes scopes_read(const char *const *given)
{
	struct scopes scopes = { .limited = given != NULL };

	for (; given && *given; given++) {
		enum scope scope = scope_parse(*given);

		if (scope != SCOPE_UNSAID)
			scopes.set |= with_what_it_brings(scope);
	}
	return scopes;
}

bool scopes_include(const struct scopes *scopes, enum scope scope)
{
	return !scopes->limited || scope == SCOPE_NONE || (scopes->set >> scope & 1);
}

const char *const *scopes_list(const struct scopes *scopes, struct arena *arena)
{
	const char **list = arena_array(arena, SCOPES + 1, sizeof(*list));
	size_t count = 0;

	for (enum scope scope = SCOPE_FIRST; scope < SCOPES; scope++)
		if (scopes->set >> scope & 1)
			list[count++] = names[scope];
	return scopes->limited ? list : NULL;
}

const char *scopes_text(const struct scopes *scopes, struct arena *arena)
{
	const char *const *list = scopes_list(scopes, arena);
	const char *text = !list ? "all" : !*list ? "none" : *list;

	while (list && *list && *++list)
		text = arena_format(arena, "%s, %s", text, *list);
	return text;
}
