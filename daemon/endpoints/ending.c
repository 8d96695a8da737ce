#include "endpoints/ending.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "endpoints/denials.h"
#include "endpoints/etag.h"
#include "endpoints/routes.h"
#include "endpoints/scim_address.h"
#include "endpoints/scim_oauth.h"
#include "endpoints/scim_reply.h"
#include "roster/scim_token.h"
#include "roster/token.h"

/* ---- refused ---- */

/* The first of its minute, or it would fill the audit. */
static bool is_first(const struct exchange *x)
{
	struct actor actor = exchange_actor(x);
	struct denial denial = {
		.organisation = x->organisation.id,
		.kind = actor.kind,
		.method = x->endpoint->method,
		.path = x->endpoint->path,
	};

	snprintf(denial.actor, sizeof(denial.actor), "%s", actor.id);
	return denials_first(x->denials, &denial, clock_monotonic_ms());
}

/* An attempt to change what one may not change is kept, and so is a token that comes from where it may not;
 * one to look is only logged. */
static bool is_grave(const struct exchange *x, const struct error *why)
{
	return !text_equal(x->endpoint->method, "GET") || text_equal(why->code, "access.address");
}

static bool is_recorded(const struct exchange *x, const struct error *why)
{
	return why->kind == ERROR_DENIED && x->principal.kind != PRINCIPAL_NOBODY &&
	       !id_is_nil(&x->organisation.id) && is_grave(x, why) && is_first(x);
}

static void record_refusal(struct exchange *x, const struct error *why)
{
	struct error e = { 0 };
	const char *address = arena_format(x->arena, "%s %s", x->endpoint->method, x->endpoint->path);

	if (exchange_begin(x, &e) < 0 ||
	    exchange_audit(x, "access.denied", "address", address, NULL, NULL,
			   exchange_object(x, "code", why->code, "reason", why->text, NULL), &e) < 0 ||
	    tx_commit(&x->tx, &e) < 0)
		log_failure(&x->log, LOG_LEVEL_ERROR, "could not record a refusal", &e);
	tx_close(&x->tx);
}

void ending_refuse(struct exchange *x, const struct error *e)
{
	tx_close(&x->tx);
	if (is_recorded(x, e))
		record_refusal(x, e);
	/* Either forgets the headers that an answer began to set. */
	if (x->endpoint && x->endpoint->client)
		scim_oauth_reply_error(x->reply, e);
	else if (text_begins(x->request->path, SCIM_ADDRESS))
		scim_reply_error(x->reply, e);
	else
		reply_error(x->reply, e, x->id);
	if (e->kind == ERROR_UNAUTHENTICATED)
		reply_header(x->reply, "WWW-Authenticate", "%s realm=\"rosterd\"",
			     x->endpoint && x->endpoint->client ? "Basic" : "Bearer");
	if (x->allow[0])
		reply_header(x->reply, "Allow", "%s", x->allow);
}

/* ---- counted and logged ---- */

/* The pattern and not the path: addresses of mail stand in paths, and what is counted must have an end. */
static const char *method_of(const struct exchange *x)
{
	return x->endpoint ? x->endpoint->method : "?";
}

static const char *path_of(const struct exchange *x)
{
	return x->endpoint ? x->endpoint->path : "unknown";
}

static void count_denied(const struct error *e)
{
	static const char access[] = "access.";

	if (e->kind == ERROR_DENIED)
		metric_add(METRIC_ACCESS_DENIED, LABELS("permission"), 1);
	else if (e->kind == ERROR_UNAUTHENTICATED && text_begins(e->code, access))
		metric_add(METRIC_ACCESS_DENIED, LABELS(e->code + sizeof(access) - 1), 1);
}

static void count_end(const struct exchange *x, const struct error *e, int64_t took_us)
{
	static const char *const classes[] = { "other", "1xx", "2xx", "3xx", "4xx", "5xx" };
	size_t class = (size_t)x->reply->status / 100;

	metric_add(METRIC_HTTP_REQUESTS,
		   LABELS(path_of(x), method_of(x), classes[class < ARRAY_COUNT(classes) ? class : 0]), 1);
	metric_observe(METRIC_HTTP_DURATION, LABELS(path_of(x), method_of(x)), took_us);
	count_denied(e);
}

/* What monitors ask every few seconds is told to those alone who look for everything. */
static void log_done(const struct exchange *x, int64_t took_us)
{
	void (*tell)(const struct log *, const char *, ...) __attribute__((format(printf, 2, 3))) =
		x->endpoint->from_memory ? log_debug : log_info;

	tell(&x->log, "%s %s: %d in %lld ms", method_of(x), path_of(x), x->reply->status,
	     (long long)took_us / 1000);
}

static void name_subject(struct exchange *x)
{
	const char *slug = x->organisation.slug;

	log_subject(&x->log, x->options->log, "request %s%s%s%s%s", x->id, x->principal.id ? ": " : "",
		    x->principal.id ? exchange_who(x) : "", slug ? ": " : "", slug ? slug : "");
	log_field(&x->log, "request", "%s", x->id);
	if (x->principal.id)
		log_field(&x->log, "principal", "%s", exchange_who(x));
	if (slug)
		log_field(&x->log, "organisation", "%s", slug);
}

static void log_end(struct exchange *x, const struct error *e, int64_t took_us)
{
	bool ours = e->kind == ERROR_INTERNAL || e->kind == ERROR_UNCERTAIN;

	if (e->kind == ERROR_NONE && !log_would(LOG_LEVEL_INFO))
		return; /* the words would cost more than many an answer */
	name_subject(x);
	log_field(&x->log, "method", "%s", method_of(x));
	log_field(&x->log, "route", "%s", path_of(x));
	log_field(&x->log, "status", "%d", x->reply->status);
	log_field(&x->log, "ms", "%lld", (long long)took_us / 1000);
	if (e->kind == ERROR_NONE)
		log_done(x, took_us);
	else
		log_failure(&x->log, ours ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
			    arena_format(x->arena, "%s %s: %d", method_of(x), path_of(x), x->reply->status),
			    e);
}

void ending_tell(struct exchange *x, const struct error *e, int64_t took_us)
{
	count_end(x, e, took_us);
	log_end(x, e, took_us);
}

/* ---- what is kept of it ---- */

bool ending_use_due(const struct principal *who)
{
	return !id_is_nil(&who->token) && clock_now_us() - who->used_at >= TOKEN_USE_EVERY_MS * INT64_C(1000);
}

void ending_note_use(struct exchange *x)
{
	const struct principal *who = &x->principal;
	const struct id *organisation = id_is_nil(&who->organisation) ? NULL : &who->organisation;
	struct error e = { 0 };

	if (!ending_use_due(who))
		return;
	tx_close(&x->tx);
	if (tx_begin(x->options->store, STORE_REQUEST, &x->tx, &e) < 0 ||
	    (organisation && tx_for(x->tx, organisation, &e) < 0) ||
	    (who->kind == PRINCIPAL_CONNECTION ? scim_token_used(x->tx, organisation, &who->token, &e)
					       : token_used(x->tx, organisation, &who->token, &e)) < 0 ||
	    tx_commit(&x->tx, &e) < 0) {
		name_subject(x);
		log_failure(&x->log, LOG_LEVEL_WARNING, "could not keep when the token was used", &e);
	}
	tx_close(&x->tx);
	authenticate_used(x->request, x->remembered, clock_now_us());
}

void ending_tag(struct exchange *x)
{
	const char *have = request_header(x->request, "If-None-Match");
	char text[ETAG_SIZE];

	if (!x->versioned)
		return;
	reply_header(x->reply, "ETag", "%s",
		     etag_write(x->version, x->reply->body.bytes, x->reply->body.length, text));
	if (!have || !text_equal(x->endpoint->method, "GET") || !etag_lists(have, text))
		return;
	x->reply->status = 304;
	buffer_reset(&x->reply->body);
}
