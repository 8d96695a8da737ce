/* Questions about permissions, answered by the one matrix. Nothing is decided here. */
#include "endpoints/permissions.h"

#include "base/text.h"
#include "endpoints/members.h"
#include "roster/member.h"

int permissions_whoami(struct exchange *x, struct error *e)
{
	const struct principal *who = &x->principal;
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "kind", id_is_nil(&who->token) ? "operator" : "token");
	json_put_text(&w, "name", who->name ? who->name : who->id);
	exchange_put_id(&w, "organisation", &who->organisation);
	exchange_put_id(&w, "member", &who->user);
	json_put_text(&w, "role", who->kind == PRINCIPAL_OPERATOR ? "operator" : role_name(who->role));
	exchange_put_scopes(x, &w, &who->scopes);
	json_end_object(&w);
	return 0;
}

/* A condition (own ones only ...) counts as true: `conditions` tells which. */
int permissions_show(struct exchange *x, struct error *e)
{
	bool by_operator = x->principal.kind == PRINCIPAL_OPERATOR;
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "role", by_operator ? "operator" : role_name(x->principal.role));
	json_begin_object(&w, "permissions");
	for (enum permit p = PERMIT_FIRST; p < PERMITS; p++)
		json_put_bool(&w, permit_name(p),
			      exchange_may(x, (struct question){ .permit = p, .personal = true, .own = true },
					   NULL) == 0);
	json_end_object(&w);
	json_begin_object(&w, "conditions");
	for (enum permit p = PERMIT_FIRST; p < PERMITS && !by_operator; p++) {
		enum grant grant = authorize_grant(p, x->principal.role);

		if (grant != GRANT_YES && grant != GRANT_NO)
			json_put_text(&w, permit_name(p), grant_words(grant));
	}
	json_end_object(&w);
	json_end_object(&w);
	return 0;
}

struct check {
	const char *permission, *member, *target, *role;
	bool own, personal;
};

static const struct json_field check_fields[] = {
	JSON_TEXT(struct check, permission, JSON_NEEDED, 64),
	JSON_TEXT(struct check, member, JSON_OPTIONAL, MEMBER_EMAIL_MOST),
	JSON_TEXT(struct check, target, JSON_OPTIONAL, MEMBER_EMAIL_MOST),
	JSON_WORD(struct check, role, JSON_OPTIONAL, member_roles),
	JSON_BOOL(struct check, own, JSON_OPTIONAL),
	JSON_BOOL(struct check, personal, JSON_OPTIONAL),
	{ 0 },
};

static int find_permission(struct exchange *x, const char *name, enum permit *ret, struct error *e)
{
	*ret = permit_parse(name);
	if (*ret != PERMIT_UNSAID)
		return 0;
	return error_set(e, ERROR_INPUT, "permission.unknown", "there is no permission \"%s\"%s", name,
			 exchange_choices(x, name, permit_names(x->arena)));
}

/* A gateway asks about a member; without one, who asks asks about themselves. */
static int judge(struct exchange *x, const char *named, struct question question, struct error *ret_why,
		 int *ret_result, struct error *e)
{
	struct member member;

	if (!named)
		return *ret_result = exchange_may(x, question, ret_why), 0;
	if (members_find(x, named, &member, e) < 0)
		return -1;
	if (!text_equal(member.state, "active"))
		return *ret_result = error_set(ret_why, ERROR_DENIED, "permission.not_active",
					       "the member is \"%s\", not active", member.state),
		       0;
	question.role = role_parse(member.role);
	question.suspended = text_equal(x->organisation.state, "suspended");
	*ret_result = authorize(&question, ret_why);
	return 0;
}

int permissions_check(struct exchange *x, struct error *e)
{
	struct check check = { 0 };
	struct question question = { 0 };
	struct error why = { 0 };
	struct member target;
	struct json_writer w;
	int result;

	if (exchange_read(x, check_fields, &check, e) < 0 ||
	    find_permission(x, check.permission, &question.permit, e) < 0 ||
	    (check.target && members_find(x, check.target, &target, e) < 0))
		return -1;
	question.own = check.own;
	question.personal = check.personal;
	question.to = role_parse(check.role);
	question.target_is_owner = check.target && text_equal(target.role, "owner");
	if (judge(x, check.member, question, &why, &result, e) < 0)
		return -1;

	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_bool(&w, "allowed", result == 0);
	json_put_text(&w, "reason", result == 0 ? NULL : why.text);
	json_put_text(&w, "code", result == 0 ? NULL : why.code);
	json_end_object(&w);
	return 0;
}
