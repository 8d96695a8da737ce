/* What endpoints do alike. Anything that only one of them does stands there. */
#include "endpoints/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "roster/managed.h"
#include "base/text.h"
#include "endpoints/etag.h"

enum { AUDIT_OBJECT_MOST = 256 << 10 };

int exchange_begin(struct exchange *x, struct error *e)
{
	if (tx_begin(x->options->store, x->as_worker ? STORE_WORKER : STORE_REQUEST, &x->tx, e) < 0)
		return -1;
	return id_is_nil(&x->organisation.id) ? 0 : tx_for(x->tx, &x->organisation.id, e);
}

int exchange_read(struct exchange *x, const struct json_field *fields, void *into, struct error *e)
{
	const char *type = request_header(x->request, "Content-Type");

	if (x->request->body_size == 0)
		return error_set(e, ERROR_INPUT, "request.body",
				 "a JSON object is expected as the body; there is none");
	if (type && !text_begins(type, "application/json") &&
	    !text_begins(type, "application/merge-patch+json"))
		return error_set(e, ERROR_INPUT, "request.content_type",
				 "the body is \"%.100s\"; \"application/json\" is expected", type);
	return json_read_bytes(x->arena, x->request->body, x->request->body_size, fields, into, e);
}

int exchange_bad_cursor(struct error *e)
{
	return error_set(
		e, ERROR_INPUT, "request.after",
		"\"after\" is not a place in this list; give back what \"next\" of the page before said");
}

int exchange_page(struct exchange *x, int *ret_limit, const char **ret_after, struct error *e)
{
	const char *limit = request_query(x->request, "limit");
	int64_t number = PAGE_DEFAULT;

	if (limit && (text_to_int64(limit, &number) < 0 || number < 1 || number > PAGE_MOST))
		return error_set(e, ERROR_INPUT, "request.limit",
				 "\"limit\" is \"%.40s\"; a number from 1 to %d is expected", limit,
				 PAGE_MOST);
	*ret_limit = (int)number;
	*ret_after = request_query(x->request, "after");
	return 0;
}

int exchange_page_id(struct exchange *x, int *ret_limit, struct id *ret_id, const struct id **ret_after,
		     struct error *e)
{
	const char *after;

	if (exchange_page(x, ret_limit, &after, e) < 0)
		return -1;
	if (after && id_parse(after, ret_id) < 0)
		return exchange_bad_cursor(e);
	*ret_after = after ? ret_id : NULL;
	return 0;
}

int exchange_page_number(struct exchange *x, int *ret_limit, int64_t *ret_after, struct error *e)
{
	const char *after;
	int64_t number = 0;

	if (exchange_page(x, ret_limit, &after, e) < 0)
		return -1;
	if (after && (text_to_int64(after, &number) < 0 || number < 1))
		return exchange_bad_cursor(e);
	*ret_after = number;
	return 0;
}

int exchange_word(struct exchange *x, const char *name, const char *const *words, const char **ret,
		  struct error *e)
{
	const char *given = request_query(x->request, name);

	for (size_t i = 0; given && words[i]; i++)
		if (text_equal(given, words[i]))
			return *ret = given, 0;
	if (!given)
		return *ret = NULL, 0;
	return error_set(e, ERROR_INPUT, "request.parameter", "\"%s\" is \"%.80s\", which it cannot be%s",
			 name, given, exchange_choices(x, given, words));
}

int exchange_time(struct exchange *x, const char *name, int64_t *ret, struct error *e)
{
	const char *given = request_query(x->request, name);

	*ret = 0;
	if (!given || clock_parse(given, ret) == 0)
		return 0;
	return error_set(e, ERROR_INPUT, "request.parameter",
			 "\"%s\" is \"%.80s\"; a time such as \"2026-11-22T09:14:07Z\" is expected", name,
			 given);
}

void exchange_reply(struct exchange *x, int status, struct json_writer *ret)
{
	x->reply->status = status;
	reply_header(x->reply, "Content-Type", "application/json");
	json_writer_open(ret, &x->reply->body);
}

void exchange_list_begin(struct exchange *x, struct json_writer *ret)
{
	exchange_reply(x, 200, ret);
	json_begin_object(ret, NULL);
	json_begin_array(ret, "items");
}

void exchange_list_end(struct json_writer *w, const char *next)
{
	json_end_array(w);
	json_put_text(w, "next", next);
	json_end_object(w);
}

void exchange_done(struct exchange *x)
{
	x->reply->status = 204;
}

void exchange_put_id(struct json_writer *w, const char *name, const struct id *id)
{
	char text[ID_TEXT_SIZE];

	json_put_text(w, name, id_is_nil(id) ? NULL : id_text(id, text));
}

const char *exchange_duration(const struct exchange *x, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	if (ms == 0)
		return "never";
	for (size_t i = 0; i < ARRAY_COUNT(units); i++)
		if (ms % units[i].ms == 0)
			return arena_format(x->arena, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
	return arena_format(x->arena, "%lldms", (long long)ms);
}

int exchange_read_grace(const char *kind, const char *text, int64_t *ret, struct error *e)
{
	char code[48];
	int64_t ms = 0;

	if (!text)
		return 0;
	if (!text_equal(text, "never") &&
	    (text_to_duration_ms(text, &ms) < 0 || ms < ORGANISATION_GRACE_LEAST_MS || ms > ORGANISATION_GRACE_MOST_MS)) {
		snprintf(code, sizeof(code), "%s.grace", kind);
		return error_set(e, ERROR_INPUT, code,
				 "\"grace\" is \"%.80s\"; a time such as \"30d\", from 1h to 3650d, or \"never\" is expected", text);
	}
	*ret = ms;
	return 0;
}

void exchange_put_scopes(struct exchange *x, struct json_writer *w, const struct scopes *scopes)
{
	const char *const *list = scopes_list(scopes, x->arena);

	json_begin_array(w, "scopes");
	for (size_t i = 0; list && list[i]; i++)
		json_put_text(w, NULL, list[i]);
	if (!list)
		json_put_text(w, NULL, "all");
	json_end_array(w);
}

void exchange_etag(struct exchange *x, int64_t version)
{
	x->versioned = true;
	x->version = version;
}

int exchange_match(struct exchange *x, int64_t version, struct error *e)
{
	const char *wanted = request_header(x->request, "If-Match"),
		   *unwanted = request_header(x->request, "If-None-Match");

	if (wanted && !etag_lists_version(wanted, version))
		return error_set(e, ERROR_PRECONDITION, "precondition.changed",
				 "it is at version \"%lld\" and not at %.80s any more; read it again",
				 (long long)version, wanted);
	if (unwanted && etag_lists_version(unwanted, version))
		return error_set(e, ERROR_PRECONDITION, "precondition.matched",
				 "it is at version \"%lld\", which \"If-None-Match\" rules out",
				 (long long)version);
	return 0;
}

void exchange_location(struct exchange *x, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	reply_header(x->reply, "Location", "%s%s", x->options->public_url ? x->options->public_url : "",
		     arena_formatv(x->arena, fmt, args));
	va_end(args);
}

static bool is_blank(const char *text)
{
	size_t length;

	text_trim(text, &length);
	return length == 0;
}

int exchange_check_name(const char *kind, const char *name, struct error *e)
{
	char code[ERROR_CODE_MOST];

	if (!name || (!is_blank(name) && text_is_printable(name, strlen(name))))
		return 0;
	snprintf(code, sizeof(code), "%s.name", kind);
	if (is_blank(name))
		return error_set(e, ERROR_INPUT, code, "the name of the %s is empty; give one", kind);
	return error_set(
		e, ERROR_INPUT, code,
		"the name of the %s has control characters in it, such as a line break; give one without",
		kind);
}

int exchange_may(const struct exchange *x, struct question question, struct error *e)
{
	question.by_operator = x->principal.kind == PRINCIPAL_OPERATOR;
	question.by_connection = x->principal.kind == PRINCIPAL_CONNECTION;
	question.role = x->principal.role;
	question.suspended = text_equal(x->organisation.state, "suspended");
	return authorize(&question, e);
}

struct actor exchange_actor(const struct exchange *x)
{
	static const char *const kinds[] = {
		[PRINCIPAL_NOBODY] = "daemon",
		[PRINCIPAL_OPERATOR] = "operator",
		[PRINCIPAL_MEMBER] = "member",
		[PRINCIPAL_SERVICE] = "service",
		[PRINCIPAL_CONNECTION] = "connector",
	};

	return (struct actor){
		.kind = kinds[x->principal.kind],
		.id = x->principal.id,
		.name = x->principal.name,
		.source = "api",
		.request = x->id,
		.address = x->request->address[0] ? x->request->address : NULL,
	};
}

const struct id *exchange_owner(const struct exchange *x)
{
	return id_is_nil(&x->organisation.id) ? NULL : &x->organisation.id;
}

int exchange_audit(struct exchange *x, const char *action, const char *target_kind, const char *target,
		   const char *target_name, const char *before, const char *after, struct error *e)
{
	struct actor actor = exchange_actor(x);
	struct audit_event event = { action, target_kind, target, target_name, before, after };

	return audit_write(x->tx, exchange_owner(x), &actor, &event, e);
}

const char *exchange_object(struct exchange *x, const char *name, ...)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	struct json_writer w;
	va_list args;

	buffer_open(&buffer, AUDIT_OBJECT_MOST);
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	va_start(args, name);
	for (; name; name = va_arg(args, const char *))
		json_put_text(&w, name, va_arg(args, const char *));
	va_end(args);
	json_end_object(&w);
	return arena_text(x->arena, buffer.bytes);
}

const char *exchange_who(const struct exchange *x)
{
	return arena_format(x->arena, "%s %s", exchange_actor(x).kind, x->principal.id);
}

void exchange_become(struct exchange *x, const struct id *user, const char *role, const char *email, const char *name)
{
	char id[ID_TEXT_SIZE];

	x->principal = (struct principal){
		.kind = PRINCIPAL_MEMBER,
		.organisation = x->organisation.id,
		.user = *user,
		.role = role_parse(role),
		.id = arena_text(x->arena, id_text(user, id)),
		.name = email ? email : name,
	};
}

const char *exchange_suggestion(const struct exchange *x, const char *given, const char *const *words)
{
	const char *meant = text_did_you_mean(given, words);

	return meant ? arena_format(x->arena, "; did you mean \"%s\"?", meant) : "";
}

const char *exchange_choices(const struct exchange *x, const char *given, const char *const *words)
{
	const char *all = "";

	if (text_did_you_mean(given, words))
		return exchange_suggestion(x, given, words);
	for (size_t i = 0; words[i]; i++)
		all = arena_format(x->arena, "%s%s\"%s\"", all, i ? ", " : "", words[i]);
	return arena_format(x->arena, "; one of %s is expected", all);
}

static int unknown(const char *kind, const char *which, const char *suggestion, struct error *e)
{
	char code[ERROR_CODE_MOST];

	snprintf(code, sizeof(code), "%s.unknown", kind);
	return error_set(e, ERROR_NOT_FOUND, code, "there is no %s \"%.200s\" here%s", kind, which, suggestion);
}

int exchange_unknown(const char *kind, const char *which, struct error *e)
{
	return unknown(kind, which, "", e);
}

int exchange_unknown_of(const struct exchange *x, const char *kind, const char *which, const char *const *names,
			struct error *e)
{
	return unknown(kind, which, exchange_suggestion(x, which, names), e);
}

int exchange_managed_find(struct exchange *x, const char *kind, const char *target, const char *managed_by,
			  struct managed *ret, struct error *e)
{
	char id[ID_TEXT_SIZE];
	struct managed whole = { 0 };

	*ret = (struct managed){ 0 };
	if (!managed_by)
		return 0;
	if (managed_find(x->tx, x->arena, &x->organisation.id, kind, target, ret, e) < 0 ||
	    managed_find(x->tx, x->arena, &x->organisation.id, "organisation", id_text(&x->organisation.id, id),
			 &whole, e) < 0)
		return -1;
	if (!ret->orphaned_at)
		ret->orphaned_at = whole.orphaned_at; /* what it is part of is gone */
	return 0;
}

void exchange_put_managed(const struct exchange *x, struct json_writer *w, const struct managed *managed)
{
	if (managed->line && x->principal.kind == PRINCIPAL_OPERATOR)
		json_put_int(w, "managed_line", managed->line);
	else
		json_put_text(w, "managed_line", NULL);
	json_put_time(w, "orphaned_at", managed->orphaned_at);
}

static const char *place(struct exchange *x, const char *managed_by, const struct managed *managed)
{
	return managed->line ? arena_format(x->arena, "%s:%d", managed_by, managed->line) : managed_by;
}

const char *exchange_managed_by(const struct exchange *x, const char *managed_by)
{
	return managed_by && x->principal.kind != PRINCIPAL_OPERATOR ? EXCHANGE_FILE : managed_by;
}

static int described(struct exchange *x, const char *kind, const char *managed_by, const struct managed *managed,
		     struct error *e)
{
	if (x->principal.kind != PRINCIPAL_OPERATOR)
		return error_set(e, ERROR_CONFLICT, "managed_by_file",
				 "this %s is described by a file of the operator; ask them to change it there", kind);
	return error_set(e, ERROR_CONFLICT, "managed_by_file",
			 "this %s is described by the file \"%s\"; change it there, then run \"rosterctl reload\"", kind,
			 place(x, managed_by, managed));
}

int exchange_managed(struct exchange *x, const char *kind, const char *target, const char *managed_by, struct error *e)
{
	struct managed managed;
	char since[CLOCK_TEXT_SIZE];

	if (!managed_by)
		return 0;
	if (exchange_managed_find(x, kind, target, managed_by, &managed, e) < 0)
		return -1;
	if (!managed.orphaned_at)
		return described(x, kind, managed_by, &managed, e);
	if (x->principal.kind != PRINCIPAL_OPERATOR)
		return error_set(e, ERROR_CONFLICT, "managed_by_orphan",
				 "this %s was described by a file of the operator and no longer is, since %s; adopt it first",
				 kind, clock_text(managed.orphaned_at, since));
	return error_set(e, ERROR_CONFLICT, "managed_by_orphan",
			 "this %s was described by the file \"%s\" and no longer is, since %s; adopt it first, or put it back "
			 "there",
			 kind, place(x, managed_by, &managed), clock_text(managed.orphaned_at, since));
}

int exchange_managed_deletable(struct exchange *x, const char *kind, const char *target, const char *managed_by,
			       struct error *e)
{
	struct managed managed;

	if (exchange_managed_find(x, kind, target, managed_by, &managed, e) < 0)
		return -1;
	return !managed_by || managed.orphaned_at ? 0 : described(x, kind, managed_by, &managed, e);
}

int exchange_managed_adoptable(struct exchange *x, const char *kind, const char *target, const char *managed_by,
			       struct error *e)
{
	if (!managed_by)
		return error_set(e, ERROR_CONFLICT, "managed_by_nobody",
				 "this %s is described by no file; there is nothing to adopt", kind);
	return exchange_managed_deletable(x, kind, target, managed_by, e);
}
