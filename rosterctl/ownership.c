/* Who owns an organisation, and how that changes. */
#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

static const struct column in_full[] = {
	{ "owner", "owner.id", CELL_TEXT },
	{ "name", "owner.name", CELL_TEXT },
	{ "state", "owner.state", CELL_TEXT },
	{ "absent since", "owner_absent_at", CELL_TIME },
	{ "open", "offer.kind", CELL_TEXT },
	{ "to", "offer.member", CELL_TEXT },
	{ "asked for by", "offer.made_by", CELL_TEXT },
	{ "at", "offer.made_at", CELL_TIME },
	{ "consent", "offer.consent", CELL_TEXT },
	{ "not before", "offer.not_before", CELL_TIME },
	{ "until", "offer.expires_at", CELL_TIME },
	{ 0 },
};

/* Words that stand for an address below .../ownership; "" for itself. */
static const char *ownership_path(const struct ctl *ctl, const char *below)
{
	return path_make(ctl->arena, arena_format(ctl->arena, "/v1/organisations/{}/ownership%s", below), ctl_word(ctl, 0));
}

static int ask(struct ctl *ctl, const char *below, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "POST", ownership_path(ctl, below), NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, in_full);
	return 0;
}

static int ask_for(struct ctl *ctl, const char *below, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "member", ctl_word(ctl, 1));
	body_text(&body, ctl, "consent", "consent");
	return print_reply(ctl, "POST", ownership_path(ctl, below), &body, in_full, e);
}

int ownership_show(struct ctl *ctl, struct error *e)
{
	return print_thing(ctl, ownership_path(ctl, ""), in_full, e);
}

int ownership_offer(struct ctl *ctl, struct error *e)
{
	return ask_for(ctl, "", e);
}

int ownership_accept(struct ctl *ctl, struct error *e)
{
	return ask(ctl, "/accept", e);
}

int ownership_decline(struct ctl *ctl, struct error *e)
{
	return ask(ctl, "/decline", e);
}

int ownership_withdraw(struct ctl *ctl, struct error *e)
{
	return ask(ctl, "/withdraw", e);
}

int ownership_recover(struct ctl *ctl, struct error *e)
{
	return ask_for(ctl, "/recover", e);
}

int ownership_confirm(struct ctl *ctl, struct error *e)
{
	return ask(ctl, "/confirm", e);
}
