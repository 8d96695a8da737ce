#include "endpoints/account_enter.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/metric.h"
#include "endpoints/begin_session.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"

void account_count(const char *outcome)
{
	metric_add(METRIC_SIGN_ONS, LABELS("password", outcome), 1);
}

int account_check_tries(struct exchange *x, const char *what, struct error *e)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	struct id name;
	int64_t wait_ms;

	crypt_sha256(what, strlen(what), digest);
	memcpy(name.bytes, digest, ID_SIZE);
	wait_ms = rate_take(x->name_rate, &name, ACCOUNT_NAME_PER_MINUTE, ACCOUNT_NAME_BURST,
			    clock_monotonic_ms());
	if (wait_ms == 0)
		return 0;
	account_count("limited");
	error_set(e, ERROR_LIMIT, "rate.password",
		  "too many passwords or codes are tried for this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

/* It is meant for a day on which something is wrong, or somebody has it who should not: the audit (and so the events), the log and the metrics tell. */
static int tell_of_break_glass(struct exchange *x, const struct local_door *door, const char *by, struct error *e)
{
	char id[ID_TEXT_SIZE];

	metric_add(METRIC_SIGN_ONS, LABELS(ACCOUNT_BREAK_GLASS, "signed_on"), 1);
	log_warning(x->options->log, "the break-glass account of organisation %s was used", x->organisation.slug ? x->organisation.slug : id_text(&door->organisation, id));
	return exchange_audit(x, "account.break_glass_used", "member", id_text(&door->user, id), door->name, NULL,
			      exchange_object(x, "by", by, NULL), e);
}

int account_enter(struct exchange *x, const struct local_door *door, const char *by, struct error *e)
{
	const struct beginning beginning = {
		.user = door->user,
		.name = door->name,
		.email = door->email,
		.role = door->role,
		.by = by,
	};
	struct id session;
	int still = local_account_used(x->tx, door, e);

	if (still <= 0 || (still = begin_session(x, &beginning, &session, e)) <= 0)
		return still;
	return door->break_glass && tell_of_break_glass(x, door, by, e) < 0 ? -1 : 1;
}

void account_send_on(struct exchange *x, const char *return_to)
{
	account_count("signed_on");
	x->reply->status = 303;
	reply_header(x->reply, "Referrer-Policy", "no-referrer");
	reply_header(x->reply, "Location", "%s",
		     return_to_address(x->arena, x->options->return_to, x->options->public_url,
				       return_to && *return_to ? return_to : NULL));
}
