#include "endpoints/clients.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "roster/client.h"
#include "roster/signing_key.h"

enum { DURATION_MOST = 32, OVERLAP_MS_MOST = 7 * 24 * 3600 * 1000 };

static const char *const states[] = { "active", "paused", NULL };

/* ---- shown ---- */

static void put_texts(struct json_writer *w, const char *name, const char *const *texts)
{
	json_begin_array(w, name);
	for (; texts && *texts; texts++)
		json_put_text(w, NULL, *texts);
	json_end_array(w);
}

/* secret NULL: it is not shown (again). */
static void put_client(struct json_writer *w, const struct client *c, const char *secret)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &c->id);
	json_put_text(w, "name", c->name);
	json_put_text(w, "title", c->title);
	json_put_bool(w, "public", c->is_public);
	put_texts(w, "redirect_uris", c->redirect_uris);
	put_texts(w, "logout_uris", c->logout_uris);
	json_put_text(w, "backchannel_uri", c->backchannel_uri);
	json_put_bool(w, "introspects", c->introspects);
	json_put_text(w, "algorithm", c->algorithm);
	json_put_text(w, "state", c->state);
	json_put_bool(w, "has_secret", c->has_secret);
	json_put_text(w, "created_by", c->created_by);
	json_put_time(w, "created_at", c->created_at);
	json_put_int(w, "version", c->version);
	json_put_text(w, "managed_by", c->managed_by);
	if (c->managed_line)
		json_put_int(w, "managed_line", c->managed_line);
	else
		json_put_null(w, "managed_line");
	json_put_time(w, "orphaned_at", c->orphaned_at);
	if (secret)
		json_put_text(w, "secret", secret);
	json_end_object(w);
}

static int find(struct exchange *x, struct client *ret, struct error *e)
{
	const char *named = request_segment(x->request, "client");
	int found = client_find(x->tx, x->arena, named, ret, e);

	return found == 0 ? exchange_unknown("client", named, e) : found == 1 ? 0 : -1;
}

static int show_again(struct exchange *x, int status, const struct id *id, const char *secret,
		      struct error *e)
{
	struct client client;
	struct json_writer w;
	char text[ID_TEXT_SIZE];
	int found = client_load(x->tx, x->arena, id, &client, e);

	if (found <= 0)
		return found == 0 ? exchange_unknown("client", id_text(id, text), e) : -1;
	exchange_etag(x, client.version);
	exchange_reply(x, status, &w);
	put_client(&w, &client, secret);
	return 0;
}

int clients_list(struct exchange *x, struct error *e)
{
	struct client *clients;
	struct json_writer w;
	const char *after;
	size_t count;
	int limit; /* there are never more than fit */

	if (exchange_page(x, &limit, &after, e) < 0 || client_list(x->tx, x->arena, &clients, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++)
		put_client(&w, &clients[i], NULL);
	exchange_list_end(&w, NULL);
	return 0;
}

int clients_show(struct exchange *x, struct error *e)
{
	struct client client;

	return find(x, &client, e) < 0 ? -1 : show_again(x, 200, &client.id, NULL, e);
}

/* ---- what may be set ---- */

/* given: that a text was there, and is NULL to take it away. */
struct wish {
	const char *name, *title, *backchannel_uri, *algorithm, *state;
	const char *const *redirect_uris, *const *logout_uris;
	bool public, introspects, title_given, backchannel_given, introspects_given;
};

static int check_wish(const struct wish *wish, bool is_public, struct error *e)
{
	if ((wish->title && client_check_title(wish->title, e) < 0) ||
	    client_check_uris("redirect_uris", wish->redirect_uris, is_public, e) < 0 ||
	    client_check_uris("logout_uris", wish->logout_uris, is_public, e) < 0)
		return -1;
	return wish->backchannel_uri ? client_check_uri("backchannel_uri", wish->backchannel_uri, false, e)
				     : 0;
}

static const char *joined(struct exchange *x, const char *const *texts)
{
	const char *all = "";

	for (size_t i = 0; texts && texts[i]; i++)
		all = arena_format(x->arena, "%s%s%s", all, i ? " " : "", texts[i]);
	return all;
}

static const char *as_audited(struct exchange *x, const struct client *c)
{
	return exchange_object(x, "name", c->name, "title", c->title, "kind",
			       c->is_public ? "public" : "confidential", "redirect_uris",
			       joined(x, c->redirect_uris), "logout_uris", joined(x, c->logout_uris),
			       "backchannel_uri", c->backchannel_uri, "introspects",
			       c->introspects ? "yes" : "no", "algorithm", c->algorithm, "state", c->state,
			       NULL);
}

static int audit(struct exchange *x, const char *action, const struct client *client, const char *before,
		 const char *after, struct error *e)
{
	char id[ID_TEXT_SIZE];

	return exchange_audit(x, action, "client", id_text(&client->id, id), client->name, before, after, e);
}

/* ---- made ---- */

static const struct json_field fields[] = {
	JSON_TEXT(struct wish, name, JSON_NEEDED, 2 * CLIENT_NAME_MOST),
	JSON_TEXT(struct wish, title, JSON_OPTIONAL, 2 * CLIENT_TITLE_MOST),
	JSON_BOOL(struct wish, public, JSON_OPTIONAL),
	JSON_TEXTS(struct wish, redirect_uris, JSON_NEEDED, 2 * CLIENT_URIS_MOST),
	JSON_TEXTS(struct wish, logout_uris, JSON_OPTIONAL, 2 * CLIENT_URIS_MOST),
	JSON_TEXT(struct wish, backchannel_uri, JSON_OPTIONAL, 2 * CLIENT_URI_MOST),
	JSON_BOOL(struct wish, introspects, JSON_OPTIONAL),
	JSON_WORD(struct wish, algorithm, JSON_OPTIONAL, signing_key_algorithms),
	{ 0 },
};

static int check_introspects(const struct client *c, struct error *e)
{
	return c->is_public && c->introspects
		       ? error_set(e, ERROR_INPUT, "client.introspects",
				   "a public application has no secret, so it may not ask about tokens")
		       : 0;
}

int clients_create(struct exchange *x, struct error *e)
{
	static const char *const none[] = { NULL };
	struct wish wish = { .algorithm = signing_key_algorithms[0] };
	struct client client;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *secret = NULL;

	if (exchange_read(x, fields, &wish, e) < 0 || client_check_name(wish.name, e) < 0 ||
	    check_wish(&wish, wish.public, e) < 0)
		return -1;
	client = (struct client){
		.name = wish.name,
		.title = wish.title,
		.is_public = wish.public,
		.redirect_uris = wish.redirect_uris,
		.logout_uris = wish.logout_uris ? wish.logout_uris : none,
		.backchannel_uri = wish.backchannel_uri,
		.introspects = wish.introspects,
		.algorithm = wish.algorithm,
		.state = "active",
		.created_by = exchange_who(x),
	};
	if (check_introspects(&client, e) < 0 || client_create(x->tx, &client, e) < 0)
		return -1;
	if (!client.is_public) {
		secret = crypt_token_new(CLIENT_SECRET_PREFIX, hash);
		x->shown_once = true;
		if (client_set_secret(x->tx, &client.id, hash, 0, NULL, e) < 0)
			return -1;
	}
	if (show_again(x, 201, &client.id, secret ? secret_text(secret) : NULL, e) < 0)
		return -1;
	exchange_location(x, "/v1/clients/%s", client.name);
	return audit(x, "client.created", &client, NULL, as_audited(x, &client), e);
}

/* ---- changed ---- */

static const struct json_field change_fields[] = {
	{ "title", JSON_TYPE_TEXT, offsetof(struct wish, title), JSON_OPTIONAL, 0, 2 * CLIENT_TITLE_MOST,
	  NULL, offsetof(struct wish, title_given) },
	JSON_TEXTS(struct wish, redirect_uris, JSON_OPTIONAL, 2 * CLIENT_URIS_MOST),
	JSON_TEXTS(struct wish, logout_uris, JSON_OPTIONAL, 2 * CLIENT_URIS_MOST),
	{ "backchannel_uri", JSON_TYPE_TEXT, offsetof(struct wish, backchannel_uri), JSON_OPTIONAL, 0,
	  2 * CLIENT_URI_MOST, NULL, offsetof(struct wish, backchannel_given) },
	{ "introspects", JSON_TYPE_BOOL, offsetof(struct wish, introspects), JSON_OPTIONAL, 0, 0, NULL,
	  offsetof(struct wish, introspects_given) },
	JSON_WORD(struct wish, algorithm, JSON_OPTIONAL, signing_key_algorithms),
	JSON_WORD(struct wish, state, JSON_OPTIONAL, states),
	{ 0 },
};

/* Whether a file describes it, which then alone changes it. */
static int check_managed(const struct client *c, struct error *e)
{
	char since[CLOCK_TEXT_SIZE];

	if (!c->managed_by)
		return 0;
	if (!c->orphaned_at)
		return error_set(e, ERROR_CONFLICT, "managed_by_file",
				 "this client is described by the file \"%s:%d\"; change it there, then run "
				 "\"rosterctl reload\"",
				 c->managed_by, c->managed_line);
	return error_set(e, ERROR_CONFLICT, "managed_by_orphan",
			 "this client was described by the file \"%s:%d\" and no longer is, since %s; adopt "
			 "it first, or put it back there",
			 c->managed_by, c->managed_line, clock_text(c->orphaned_at, since));
}

static int find_to_change(struct exchange *x, struct client *ret, struct error *e)
{
	return find(x, ret, e) < 0 || check_managed(ret, e) < 0 || exchange_match(x, ret->version, e) < 0 ? -1
													  : 0;
}

int clients_change(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct client was, is;

	if (exchange_read(x, change_fields, &wish, e) < 0 || find_to_change(x, &was, e) < 0 ||
	    check_wish(&wish, was.is_public, e) < 0)
		return -1;
	is = was;
	if (wish.title_given)
		is.title = wish.title;
	if (wish.redirect_uris)
		is.redirect_uris = wish.redirect_uris;
	if (wish.logout_uris)
		is.logout_uris = wish.logout_uris;
	if (wish.backchannel_given)
		is.backchannel_uri = wish.backchannel_uri;
	if (wish.introspects_given)
		is.introspects = wish.introspects;
	if (wish.algorithm)
		is.algorithm = wish.algorithm;
	if (wish.state)
		is.state = wish.state;
	if (check_introspects(&is, e) < 0 || client_update(x->tx, &is, e) < 0 ||
	    show_again(x, 200, &is.id, NULL, e) < 0)
		return -1;
	return audit(x, "client.changed", &is, as_audited(x, &was), as_audited(x, &is), e);
}

int clients_delete(struct exchange *x, struct error *e)
{
	struct client client;

	if (find(x, &client, e) < 0 || (!client.orphaned_at && check_managed(&client, e) < 0) ||
	    exchange_match(x, client.version, e) < 0 || client_delete(x->tx, &client.id, e) < 0 ||
	    audit(x, "client.deleted", &client, as_audited(x, &client), NULL, e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}

struct rotation {
	const char *overlap;
};

static const struct json_field rotation_fields[] = {
	JSON_TEXT(struct rotation, overlap, JSON_OPTIONAL, DURATION_MOST), { 0 }
};

static int read_overlap(const char *text, int64_t *ret, struct error *e)
{
	if (text_equal(text, "0")) {
		*ret = 0;
		return 0;
	}
	if (text_to_duration_ms(text, ret) == 0 && *ret <= OVERLAP_MS_MOST)
		return 0;
	return error_set(e, ERROR_INPUT, "client.overlap",
			 "\"overlap\" is \"%.40s\"; a time up to 7d is expected (\"24h\"), or 0 to end the "
			 "old secret at once",
			 text);
}

int clients_rotate(struct exchange *x, struct error *e)
{
	struct rotation wish = { .overlap = "24h" };
	struct client client;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int64_t overlap_ms;

	if ((x->request->body && exchange_read(x, rotation_fields, &wish, e) < 0) ||
	    find_to_change(x, &client, e) < 0 || read_overlap(wish.overlap, &overlap_ms, e) < 0)
		return -1;
	if (client.is_public)
		return error_set(e, ERROR_CONFLICT, "client.public",
				 "application \"%s\" is public: it has no secret", client.name);
	scoped(secret) *secret = crypt_token_new(CLIENT_SECRET_PREFIX, hash);
	x->shown_once = true;
	if (client_set_secret(x->tx, &client.id, hash, overlap_ms, NULL, e) < 0 ||
	    show_again(x, 200, &client.id, secret_text(secret), e) < 0)
		return -1;
	return audit(x, "client.secret_rotated", &client, NULL,
		     exchange_object(x, "overlap", wish.overlap, NULL), e);
}

int clients_adopt(struct exchange *x, struct error *e)
{
	struct client client;
	const char *before;

	if (find(x, &client, e) < 0)
		return -1;
	if (client.managed_by && !client.orphaned_at)
		return check_managed(&client, e);
	if (!client.managed_by)
		return error_set(e, ERROR_CONFLICT, "managed_by_nobody",
				 "no file describes this client; it is changed here already");
	before = exchange_object(x, "managed_by", client.managed_by, NULL);
	client.managed_by = NULL;
	client.managed_line = 0;
	client.orphaned_at = 0;
	if (client_update(x->tx, &client, e) < 0 || show_again(x, 200, &client.id, NULL, e) < 0)
		return -1;
	return audit(x, "client.adopted", &client, before, NULL, e);
}

/* ---- keys that sign ---- */

static int show_keys(struct exchange *x, struct error *e)
{
	struct signing_key *keys;
	struct json_writer w;
	size_t count;

	if (signing_key_list(x->tx, x->arena, &keys, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&w, NULL);
		exchange_put_id(&w, "id", &keys[i].id);
		json_put_text(&w, "algorithm", keys[i].algorithm);
		json_put_text(&w, "state", keys[i].state);
		json_put_time(&w, "made_at", keys[i].made_at);
		json_put_time(&w, "signs_from", keys[i].signs_from);
		json_put_time(&w, "signs_until", keys[i].replaced_at);
		json_put_time(&w, "published_until", keys[i].gone_at);
		json_end_object(&w);
	}
	exchange_list_end(&w, NULL);
	return 0;
}

int signing_keys_list(struct exchange *x, struct error *e)
{
	const char *after;
	int limit; /* there are never more than fit */

	return exchange_page(x, &limit, &after, e) < 0 ? -1 : show_keys(x, e);
}

struct roll {
	const char *algorithm;
	bool now, revoke;
};

static const struct json_field roll_fields[] = {
	JSON_WORD(struct roll, algorithm, JSON_OPTIONAL, signing_key_algorithms),
	JSON_BOOL(struct roll, now, JSON_OPTIONAL),
	JSON_BOOL(struct roll, revoke, JSON_OPTIONAL),
	{ 0 },
};

int signing_keys_roll(struct exchange *x, struct error *e)
{
	struct roll wish = { 0 };

	if (x->request->body && exchange_read(x, roll_fields, &wish, e) < 0)
		return -1;
	for (const char *const *algorithm = signing_key_algorithms; *algorithm; algorithm++)
		if ((!wish.algorithm || text_equal(wish.algorithm, *algorithm)) &&
		    (signing_key_roll(x->tx, x->options->crypt_keys, *algorithm,
				      wish.now || wish.revoke ? 0 : SIGNING_KEY_LEAD_MS, wish.revoke,
				      e) < 0 ||
		     exchange_audit(x, "signing_key.rolled", "signing_key", *algorithm, NULL, NULL,
				    exchange_object(x, "when",
						    wish.now || wish.revoke ? "now" : "after a day", "former",
						    wish.revoke ? "revoked" : "published for a while", NULL),
				    e) < 0))
			return -1;
	return show_keys(x, e);
}
