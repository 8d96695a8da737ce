/* The permission matrix. Requirements R1 is this table; the tests hold a second copy of it and ask every cell
 * over HTTP. */
#include "access/authorize.h"

#include "base/text.h"

#define NO  GRANT_NO
#define YES GRANT_YES

struct action {
	const char *name;
	const char *words; /* "may not ..." */
	bool stays;	   /* possible in a suspended organisation: reading and billing */
	enum grant by_operator;
	enum grant grants[ROLES];
};

/* The operator sets up and mends; the customer's keys, prompts, money and ownership are not theirs to use.
 * The first owner is the operator's to name, which is an address of the operator's own; what they may delete is asked
 * where organisations are deleted. Who takes an ownership over is whom it was offered to, which is asked there. */
static const struct action actions[PERMITS] = {
	/* clang-format off */
	/*                              name                   words                       stays  operator    none viewer member          admin                owner */
	[PERMIT_VIEW_ANALYTICS] =      { "view_analytics",      "view analytics",           true,  YES, { NO, YES, YES,            YES,                 YES } },
	[PERMIT_VIEW_MEMBERS] =        { "view_members",        "view members",             true,  YES, { NO, YES, YES,            YES,                 YES } },
	[PERMIT_VIEW_KEYS] =           { "view_keys",           "view the list of keys",    true,  YES, { NO, YES, YES,            YES,                 YES } },
	[PERMIT_USE_API] =             { "use_api",             "make API requests",        false, NO,  { NO, NO,  YES,            YES,                 YES } },
	[PERMIT_CREATE_KEYS] =         { "create_keys",         "create keys",              false, YES, { NO, NO,  GRANT_PERSONAL, YES,                 YES } },
	[PERMIT_DELETE_KEYS] =         { "delete_keys",         "delete keys",              false, YES, { NO, NO,  GRANT_OWN,      YES,                 YES } },
	[PERMIT_CREATE_PROJECTS] =     { "create_projects",     "create projects",          false, YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_EDIT_PROJECTS] =       { "edit_projects",       "edit projects",            false, YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_DELETE_PROJECTS] =     { "delete_projects",     "delete projects",          false, YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_INVITE_MEMBERS] =      { "invite_members",      "invite members",           false, YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_REMOVE_MEMBERS] =      { "remove_members",      "remove members",           false, YES, { NO, NO,  NO,             GRANT_NOT_THE_OWNER, YES } },
	[PERMIT_CHANGE_ROLES] =        { "change_roles",        "change roles",             false, YES, { NO, NO,  NO,             GRANT_NOT_OWNERSHIP, YES } },
	[PERMIT_CONFIGURE_SETTINGS] =  { "configure_settings",  "configure settings",       false, YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_VIEW_AUDIT] =          { "view_audit",          "view the audit log",       true,  YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_MANAGE_BILLING] =      { "manage_billing",      "manage billing",           true,  NO,  { NO, NO,  NO,             NO,                  YES } },
	[PERMIT_TRANSFER_OWNERSHIP] =  { "transfer_ownership",  "transfer the ownership",   false, NO,  { NO, NO,  NO,             NO,                  YES } },
	[PERMIT_TAKE_OWNERSHIP] =      { "take_ownership",      "take the ownership over",  false, NO,  { NO, YES, YES,            YES,                 YES } },
	[PERMIT_RECOVER_OWNERSHIP] =   { "recover_ownership",   "recover the ownership",    false, YES, { NO, NO,  NO,             YES,                 YES } },
	[PERMIT_DELETE_ORGANISATION] = { "delete_organisation", "delete the organisation",  false, YES, { NO, NO,  NO,             NO,                  YES } },
	/* clang-format on */
};

static const char *const role_names[ROLES] = { "none", "viewer", "member", "admin", "owner" };

enum role role_parse(const char *name)
{
	for (enum role role = ROLE_VIEWER; role < ROLES; role++)
		if (text_equal(role_names[role], name))
			return role;
	return ROLE_NONE;
}

const char *role_name(enum role role)
{
	return role_names[role];
}

const char *permit_name(enum permit permit)
{
	return actions[permit].name;
}

enum permit permit_parse(const char *name)
{
	for (enum permit permit = PERMIT_FIRST; permit < PERMITS; permit++)
		if (text_equal(actions[permit].name, name))
			return permit;
	return PERMIT_UNSAID;
}

const char *const *permit_names(struct arena *arena)
{
	const char **names = arena_array(arena, PERMITS - PERMIT_FIRST + 1, sizeof(*names));

	for (enum permit permit = PERMIT_FIRST; permit < PERMITS; permit++)
		names[permit - PERMIT_FIRST] = actions[permit].name;
	return names;
}

enum grant authorize_grant(enum permit permit, enum role role)
{
	return actions[permit].grants[role];
}

const char *grant_words(enum grant grant)
{
	static const char *const words[] = {
		[GRANT_NO] = "no",
		[GRANT_YES] = "yes",
		[GRANT_PERSONAL] = "personal ones only",
		[GRANT_OWN] = "own ones only",
		[GRANT_NOT_THE_OWNER] = "not the owner",
		[GRANT_NOT_OWNERSHIP] = "not the owner's role, and never to owner",
	};

	return words[grant];
}

static int deny(struct error *e, const char *code, const struct question *q, const char *but)
{
	return error_set(e, ERROR_DENIED, code, "%s %s may not %s%s", q->by_operator ? "the" : "the role",
			 q->by_operator ? "operator" : role_names[q->role], actions[q->permit].words, but);
}

static int judge(enum grant grant, const struct question *q, struct error *e)
{
	switch (grant) {
	case GRANT_YES:
		return 0;
	case GRANT_PERSONAL:
		return q->personal ? 0 : deny(e, "permission.personal_only", q, " but personal ones");
	case GRANT_OWN:
		return q->own ? 0 : deny(e, "permission.own_only", q, " but their own");
	case GRANT_NOT_THE_OWNER:
		return !q->target_is_owner ? 0
					   : deny(e, "permission.not_the_owner", q, " when it is the owner");
	case GRANT_NOT_OWNERSHIP:
		if (q->target_is_owner)
			return deny(e, "permission.not_the_owner", q, " when it is the owner's");
		return q->to != ROLE_OWNER ? 0 : deny(e, "permission.never_to_owner", q, " to owner");
	case GRANT_NO:
		break;
	}
	return deny(e, "permission.role", q, "");
}

static int authorize_known(const struct question *q, struct error *e)
{
	if (q->permit == PERMIT_UNSAID)
		return error_set(e, ERROR_DENIED, "permission.unsaid",
				 "nobody may do this: it was never said who may");
	if (q->permit == PERMIT_PUSH && !q->by_connection)
		return error_set(e, ERROR_DENIED, "permission.connection",
				 "only the directory of a connection may do this, with a token of the connection");
	if (q->permit == PERMIT_PUSH && q->suspended)
		return error_set(e, ERROR_DENIED, "permission.suspended",
				 "nothing can be pushed while the organisation is suspended");
	if (q->permit == PERMIT_OPERATOR && !q->by_operator)
		return error_set(e, ERROR_DENIED, "permission.operator", "only the operator may do this");
	return 0;
}

int authorize(const struct question *q, struct error *e)
{
	if (q->by_connection && q->permit != PERMIT_PUSH)
		return error_set(e, ERROR_DENIED, "permission.pushes_only",
				 "a token of a connection is for SCIM alone; use one of a member, of a service or of the operator");
	if (q->permit < PERMIT_FIRST)
		return authorize_known(q, e);
	if (q->suspended && !q->by_operator && !actions[q->permit].stays)
		return deny(e, "permission.suspended", q, " while the organisation is suspended");
	return judge(q->by_operator ? actions[q->permit].by_operator : actions[q->permit].grants[q->role], q,
		     e);
}
