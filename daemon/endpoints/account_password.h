/* Passwords as the rooms of local accounts look at them and set them: few at a time, and what follows when
 * one is set. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_PASSWORD_H
#define ROSTERD_ENDPOINTS_ACCOUNT_PASSWORD_H

#include <stdbool.h>

#include "endpoints/exchange.h"

/* Before the transaction. hash NULL: there is none, which takes as long. *ret_again: its hash at today's cost
 * if it is right and has another one; NULL otherwise. ERROR_RETRY "busy.passwords", "password.memory". */
int account_password_compare(struct exchange *x, const char *hash, const char *password, bool *ret_right,
			     const char **ret_again, struct error *e);

/* Before the transaction: the hash of a new one, or what to tell whoever typed it, with a status. known as
 * password_judge has it. */
int account_password_choose(struct exchange *x, const char *password, const char *again,
			    const char *const *known, const char **ret_hash, const char **ret_says,
			    int *ret_status, struct error *e);

/* In it, where the exchange speaks for the member: sets it, ends all their sessions, and tells the audit.
 * sent_to as local_account_set_password has it; by: a word for the audit. */
int account_password_set(struct exchange *x, const struct id *user, const char *name, const char *hash,
			 const char *sent_to, const char *by, struct error *e);

/* The page that says so. */
void account_password_done(struct exchange *x);

#endif
