#include "endpoints/account_factor.h"

#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/totp.h"
#include "endpoints/account_enter.h"
#include "endpoints/account_step.h"
#include "endpoints/browser_form.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/return_to.h"
#include "roster/member.h"
#include "roster/second_factor.h"

#define PURPOSE "factor"

static const char wrong[] = "The code is not right, or was used already.";
static const char paused[] =
	"Too many codes were wrong. For an hour none is looked at; an administrator can help before that.";

/* From prepare to answer. */
struct typed {
	struct account_step step;
	bool good; /* the step is of this browser, and not over */
	const char *field, *code, *return_to;
};

/* ---- a code is asked for ---- */

static void code_field(struct reply *reply, const char *label)
{
	page_raw(reply, "<p><label for=\"code\">");
	page_raw(reply, label);
	page_raw(reply, "</label><br>\n<input id=\"code\" name=\"code\" autocomplete=\"one-time-code\" "
			"required autofocus></p>\n"
			"<p><button type=\"submit\">Continue</button></p>\n</form>\n");
}

static void put_fields(struct exchange *x, const char *step, const char *return_to)
{
	browser_form_put(x, PURPOSE);
	page_hidden(x->reply, "step", step);
	if (return_to && *return_to)
		page_hidden(x->reply, "return_to", return_to);
}

static void code_page(struct exchange *x, int status, const char *says, const char *step,
		      const char *return_to)
{
	page_begin(x->reply, status, "Your code");
	if (says)
		page_says(x->reply, "%s", says);
	page_raw(x->reply, "<form method=\"post\" action=\"/login/code\">\n");
	put_fields(x, step, return_to);
	code_field(x->reply, "The code that your authenticator shows, or one of your recovery codes");
	page_end(x->reply, "https: http:");
}

void account_factor_ask(struct exchange *x, const struct local_door *door, const char *return_to)
{
	const struct account_step step = {
		.organisation = door->organisation,
		.user = door->user,
		.password_at = door->password_at,
		.signing_on = true,
	};

	code_page(x, 200, NULL, account_step_seal(x, ACCOUNT_STEP_CODE, &step), return_to);
}

/* ---- what was typed ---- */

static int prepare(struct exchange *x, const char *purpose, struct error *e)
{
	struct typed *typed = arena_take(x->arena, sizeof(*typed));
	struct link_pair *fields;
	char id[ID_TEXT_SIZE];
	size_t count;

	x->prepared = typed;
	if (form_read(x->request, x->arena, &fields, &count, e) < 0)
		return -1;
	typed->return_to = form_field(fields, count, "return_to");
	typed->field = form_field(fields, count, "step");
	typed->code = form_field(fields, count, "code");
	if (return_to_check(x->options->return_to,
			    typed->return_to && *typed->return_to ? typed->return_to : NULL, e) < 0)
		return -1;
	typed->good = browser_form_is_ours(x, fields, count, PURPOSE) &&
		      account_step_open(x, purpose, typed->field, &typed->step) && typed->code;
	if (!typed->good)
		return 0;
	x->organisation.id = typed->step.organisation;
	return account_check_tries(x, arena_format(x->arena, "code/%s", id_text(&typed->step.user, id)), e);
}

static void over_page(struct exchange *x)
{
	page_begin(x->reply, 403, "Please begin again");
	page_says(x->reply, "This page was not made for this browser, or was open for too long.");
	page_raw(x->reply, "<p><a href=\"/login/password\">Sign in</a></p>\n");
	page_end(x->reply, NULL);
}

/* Whom the step is of, as they are now. 1, 0, -1. */
static int find_door(struct exchange *x, const struct account_step *step, struct local_door *ret,
		     struct error *e)
{
	struct local_account account;
	struct member member;
	int found = local_account_load(x->tx, x->arena, &step->organisation, &step->user, &account, e);

	if (found == 1)
		found = member_load(x->tx, x->arena, &step->organisation, &step->user, &member, e);
	if (found <= 0)
		return found;
	*ret = (struct local_door){
		.organisation = step->organisation,
		.user = step->user,
		.name = member.name,
		.email = member.email,
		.role = member.role,
		.password_at = step->password_at,
		.break_glass = account.break_glass,
	};
	return 1;
}

/* ---- judged ---- */

int account_factor_prepare_check(struct exchange *x, struct error *e)
{
	return prepare(x, ACCOUNT_STEP_CODE, e);
}

static bool is_fresh_code(const struct second_factor *factor, const char *code, int64_t *ret_step)
{
	return factor->secret &&
	       totp_match(secret_bytes(factor->secret), secret_size(factor->secret), code,
			  clock_now_us() / 1000000, ret_step) &&
	       *ret_step > factor->step;
}

/* How it was shown that they are who they are, for the audit; NULL: it was not. */
static int judge(struct exchange *x, const struct typed *typed, const struct second_factor *factor,
		 const char **ret_by, struct error *e)
{
	const struct account_step *step = &typed->step;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int64_t used;
	int recovered = 0;

	*ret_by = NULL;
	if (is_fresh_code(factor, typed->code, &used)) {
		*ret_by = "password and code";
		return second_factor_used(x->tx, &step->organisation, &step->user, used, e);
	}
	if (recovery_code_hash(typed->code, hash))
		recovered = second_factor_recover(x->tx, &step->organisation, &step->user, hash, e);
	if (recovered == 1)
		*ret_by = "password and recovery code";
	return recovered < 0	? -1
	       : recovered == 0 ? second_factor_failed(x->tx, &step->organisation, &step->user, e)
				: 0;
}

static int told_of_recovery(struct exchange *x, const struct local_door *door, const char *by,
			    struct error *e)
{
	char id[ID_TEXT_SIZE];

	if (!text_equal(by, "password and recovery code"))
		return 0;
	return exchange_audit(x, "account.recovery_code_used", "member", id_text(&door->user, id), door->name,
			      NULL, NULL, e);
}

static int turn_down(struct exchange *x, const struct typed *typed, const char *says)
{
	account_count("refused");
	code_page(x, 403, says, typed->field, typed->return_to);
	return 0;
}

int account_factor_check(struct exchange *x, struct error *e)
{
	const struct typed *typed = x->prepared;
	__attribute__((cleanup(second_factor_close))) struct second_factor factor = { 0 };
	struct local_door door;
	const char *by;
	int found;

	if (!typed->good) {
		over_page(x);
		return 0;
	}
	found = second_factor_hold(x->tx, x->options->crypt_keys, &typed->step.organisation,
				   &typed->step.user, &factor, e);
	if (found == 1)
		found = find_door(x, &typed->step, &door, e);
	if (found < 0)
		return -1;
	if (found == 0) {
		over_page(x);
		return 0;
	}
	if (factor.paused)
		return turn_down(x, typed, paused);
	if (judge(x, typed, &factor, &by, e) < 0)
		return -1;
	if (!by)
		return turn_down(x, typed, wrong);
	exchange_become(x, &door.user, door.role, door.email, door.name);
	found = account_enter(x, &door, by, e);
	if (found < 0 || told_of_recovery(x, &door, by, e) < 0)
		return -1;
	if (found == 0)
		over_page(x);
	else
		account_send_on(x, typed->return_to);
	return 0;
}

/* ---- a secret is offered ---- */

static void offer_page(struct exchange *x, int status, const char *says, const uint8_t *secret,
		       const char *step, const char *return_to)
{
	char text[TOTP_SECRET_TEXT_SIZE + 1];
	struct reply *reply = x->reply;

	totp_text(secret, text);
	page_begin(reply, status, "Set up an authenticator");
	if (says)
		page_says(reply, "%s", says);
	page_says(reply,
		  "Enter this key into an authenticator on your phone (a time-based one, of six digits):");
	page_raw(reply, "<p><code>");
	page_raw(reply, text);
	page_raw(reply, "</code></p>\n<p><a href=\"otpauth://totp/rosterd?secret=");
	page_raw(reply, text);
	page_raw(reply,
		 "\">Open it on this device</a></p>\n<form method=\"post\" action=\"/login/enrol\">\n");
	put_fields(x, step, return_to);
	code_field(reply, "Then enter the code that it shows");
	page_end(reply, NULL);
	secret_wipe(text, sizeof(text));
}

void account_factor_offer(struct exchange *x, const struct local_door *door, bool signing_on,
			  const char *return_to)
{
	struct account_step step = {
		.organisation = door->organisation,
		.user = door->user,
		.password_at = door->password_at,
		.signing_on = signing_on,
	};

	crypt_random(step.secret, sizeof(step.secret));
	x->shown_once = true;
	offer_page(x, 200, signing_on ? "A second factor is required here." : NULL, step.secret,
		   account_step_seal(x, ACCOUNT_STEP_ENROL, &step), return_to);
	secret_wipe(step.secret, sizeof(step.secret));
}

int account_factor_prepare_enrol(struct exchange *x, struct error *e)
{
	return prepare(x, ACCOUNT_STEP_ENROL, e);
}

int account_factor_new_codes(struct exchange *x, const struct id *user, const char *go_on, struct error *e)
{
	uint8_t hashes[RECOVERY_CODES][CRYPT_DIGEST_SIZE];
	char code[RECOVERY_CODE_SIZE + 1];

	x->shown_once = true;
	page_begin(x->reply, 200, "Your recovery codes");
	page_says(x->reply, "Keep them where you keep what is important. Each signs you in once in place of "
			    "a code, and they are not shown again.");
	page_raw(x->reply, "<ul>\n");
	for (int i = 0; i < RECOVERY_CODES; i++) {
		recovery_code_new(code, hashes[i]);
		page_raw(x->reply, "<li><code>");
		page_raw(x->reply, code);
		page_raw(x->reply, "</code></li>\n");
	}
	secret_wipe(code, sizeof(code));
	page_raw(x->reply, "</ul>\n<p><a href=\"");
	page_text(x->reply, go_on);
	page_raw(x->reply, "\">Continue</a></p>\n");
	page_end(x->reply, NULL);
	return second_factor_set_codes(x->tx, &x->organisation.id, user, hashes, e);
}

/* They are offered nothing while a code is wanted already: whoever has but the password would put their own
 * in its place. */
static int enrol(struct exchange *x, const struct typed *typed, const struct local_door *door, int64_t used,
		 struct error *e)
{
	const struct account_step *step = &typed->step;
	scoped(secret) *secret = secret_take(step->secret, sizeof(step->secret));
	const char *wanted = typed->return_to && *typed->return_to ? typed->return_to : NULL;
	const char *go_on = step->signing_on ? return_to_address(x->arena, x->options->return_to,
								 x->options->public_url, wanted)
					     : "/account";
	int in;

	exchange_become(x, &door->user, door->role, door->email, door->name);
	in = step->signing_on ? account_enter(x, door, "password and code", e)
			      : local_account_used(x->tx, door, e);

	if (in <= 0) {
		if (in == 0)
			over_page(x);
		return in;
	}
	if (second_factor_set(x->tx, x->options->crypt_keys, &step->organisation, &step->user, secret, used,
			      e) < 0 ||
	    account_factor_new_codes(x, &step->user, go_on, e) < 0)
		return -1;
	if (step->signing_on)
		account_count("signed_on");
	return exchange_audit(x, "account.second_factor_set", "member", x->principal.id, door->name, NULL,
			      NULL, e);
}

int account_factor_enrol(struct exchange *x, struct error *e)
{
	const struct typed *typed = x->prepared;
	const struct account_step *step = &typed->step;
	__attribute__((cleanup(second_factor_close))) struct second_factor factor = { 0 };
	struct local_door door;
	int64_t used;
	int found = 0;

	if (typed->good)
		found = second_factor_hold(x->tx, x->options->crypt_keys, &step->organisation, &step->user,
					   &factor, e);
	if (found == 1)
		found = find_door(x, step, &door, e);
	if (found < 0)
		return -1;
	if (found == 0 || factor.wanted) {
		over_page(x);
		return 0;
	}
	if (!totp_match(step->secret, sizeof(step->secret), typed->code, clock_now_us() / 1000000, &used)) {
		x->shown_once = true;
		offer_page(x, 403, wrong, step->secret, typed->field, typed->return_to);
		return 0;
	}
	return enrol(x, typed, &door, used, e);
}
