/* The master keys, which rosterctl never sees. */
#include "base/json.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

static const struct column of_key[] = {
	{ "key", "id", CELL_TEXT },
	{ "use", "use", CELL_TEXT },
	{ "secrets", "secrets", CELL_TEXT },
	{ "organisations", "organisations", CELL_TEXT },
	{ 0 },
};

static const struct column of_end[] = {
	{ "resealed", "resealed", CELL_TEXT },
	{ "remaining", "remaining", CELL_TEXT },
	{ 0 },
};

int master_key_list(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", "/v1/master-keys", NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, of_key);
	else
		print_table(ctl, json_member(answer.json, "items"), of_key);
	return 0;
}

static int ask(struct ctl *ctl, struct answer *ret, int64_t *ret_done, int64_t *ret_left, struct error *e)
{
	const struct json *done, *left;

	if (session_ask(ctl->session, ctl->arena, "POST", "/v1/master-keys/reseal", NULL, ret, e) < 0)
		return -1;
	done = json_member(ret->json, "resealed");
	left = json_member(ret->json, "remaining");
	if (!done || !left)
		return error_set(e, ERROR_REMOTE, CODE_NONSENSE, "the answer does not say how many are left");
	*ret_done = json_int(done);
	*ret_left = json_int(left);
	return 0;
}

/* A part at a time, until nothing is left or nothing more is done. */
int master_key_reseal(struct ctl *ctl, struct error *e)
{
	int64_t done = 0, left = 0, all = 0;
	struct answer answer;

	do {
		if (ask(ctl, &answer, &done, &left, e) < 0)
			return -1;
		all += done;
	} while (done > 0 && left > 0);
	if (ctl->json)
		print_answer(ctl, &answer, of_end);
	if (left > 0)
		return error_set(e, ERROR_CONFLICT, "master_key.left",
				 "%lld secrets were sealed again, %lld are left to another key: somebody changes them just now; "
				 "give the command again",
				 (long long)all, (long long)left);
	print_line(ctl, "%lld secrets were sealed again; previous_master_key is not needed any more", (long long)all);
	return 0;
}
