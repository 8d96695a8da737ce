/* One attempt to sign on, while an exchange looks at it: whose address was asked, what the plug-in said, what was looked at and what was wrong.
 *
 * For the rooms of sso alone. A plug-in is asked before the transaction, and what it said is used within: struct sso goes from one to the other. */
#ifndef ROSTERD_ENDPOINTS_SSO_ATTEMPT_H
#define ROSTERD_ENDPOINTS_SSO_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "endpoints/exchange.h"
#include "plugin/keeper.h"
#include "plugin/link.h"
#include "plugin/settings.h"
#include "provision/arrival.h"
#include "provision/source.h"
#include "roster/session.h"
#include "roster/sign_on.h"

enum {
	SSO_DEADLINE_MS = 15000, /* for all that a plug-in does, its provider's answers included */
	SSO_LINKS_OF_ONE = 4,	 /* children that one connection has at a time */
	SSO_PER_MINUTE = 600,	 /* sign-ons of one connection from one address (a company has few) ... */
	SSO_BURST = 300,
	SSO_BAD_PER_MINUTE = 30, /* those that come to nothing */
	SSO_BAD_BURST = 60,
	SSO_OWN_CHECKS_MOST = 12, /* that we make beside the plug-in's */
	SSO_VALUES_MOST = 8,	  /* that a plug-in is given of an attempt */
};

/* From prepare to answer. */
struct sso {
	struct id connection;
	struct sign_on_address address;
	bool looks_by_name, judges_alone; /* the plug-in: asks about people by name; needs no network to judge what came */
	int64_t until_ms; /* clock_monotonic_ms */
	struct settings settings;
	struct keeper keeper;
	struct sign_on attempt; /* id nil: there is none, the provider has begun */
	struct link_signed got;
	struct source source;
	bool has_source;
	const char *browser, *state; /* the cookie's value, and what travels: of begin */
	struct session presented;    /* who is signed in in this browser; id nil: nobody is */
	bool asks;                   /* of begin: a person is to say first that they mean it */
	size_t check_count;
	struct link_checked checks[LINK_CHECKS_MOST + SSO_OWN_CHECKS_MOST];
	const char *message; /* what came, as it is kept if it comes to nothing; NULL: it is not */
	struct error why; /* code "": nothing is wrong so far */
	enum arrival_answer answer;
	struct arrival arrival;
};

/* ---- what is told ---- */

/* One more sign-on of this outcome, in the metrics. */
void sso_count(const struct sso *s, const char *outcome);

/* One thing that we look at ourselves. Returns whether it is as it must be; if not, that is why the sign-on is refused. */
bool sso_checked(struct exchange *x, struct sso *s, bool passed, const char *check, const char *code, const char *expected, const char *received,
		 const char *advice);

/* The check that the connection and its organisation are active. */
bool sso_check_open(struct exchange *x, struct sso *s, bool open);

/* What was looked at, for administrators, as JSON; NULL: it is too long. */
const char *sso_trace(struct exchange *x, const struct sso *s);

/* What the plug-in says is for administrators: people are told the number of it. */
void sso_keep_why(struct sso *s, const struct error *why);

/* Ends an attempt that came to nothing: kept, counted, and a page for the person. In a transaction. sso_note_failure: without the page. */
int sso_keep_failure(struct exchange *x, struct sso *s, struct error *e);
int sso_note_failure(struct exchange *x, struct sso *s, struct error *e);

/* ---- whose address it is ---- */

/* ERROR_NOT_FOUND "sso.unknown". */
int sso_unknown(struct error *e);

/* How often the sender may come, whose address it is, and whether its plug-in signs on. Fills connection, address and the exchange's organisation. */
int sso_arrive(struct exchange *x, struct sso *s, struct error *e);
int sso_check_plugin(struct exchange *x, struct sso *s, struct error *e);

/* The sender has come to nothing once more. */
void sso_count_bad(struct exchange *x);

/* ---- the plug-in ---- */

/* Asks it; its checks are added to ours, and what it said is in s->got. Outside of a transaction. */
int sso_ask(struct exchange *x, struct sso *s, const struct link_sign_on *question, struct error *e);

/* What a plug-in is given of an attempt; none where the provider has begun. How many. */
size_t sso_put_values(const struct sign_on *a, const char *state, struct link_pair ret[SSO_VALUES_MOST]);

/* Where we are reached by the provider of a connection, for a link; ended by a name of NULL. */
const struct link_pair *sso_addresses(struct exchange *x, const struct id *connection);

/* The plug-in's message is used now; one that was before is a reason to refuse. In a transaction. */
int sso_use_message(struct exchange *x, struct sso *s, struct error *e);

/* What came is kept as an attempt of its own, which nobody has begun here. In a transaction. */
int sso_begin_unasked(struct exchange *x, struct sso *s, struct error *e);

/* ---- what travels ---- */

/* The fields of what came: of a form, or of the address. */
int sso_read_fields(struct exchange *x, struct link_pair **ret, size_t *ret_count, struct error *e);

/* Whether it may be a state or a browser's value of ours; its hash, which is all that is kept. */
bool sso_is_value(const char *text);
void sso_hash_value(const char *text, uint8_t ret[CRYPT_DIGEST_SIZE]);

/* Behind the "?"; "". */
const char *sso_raw_query(const struct exchange *x);

#endif
