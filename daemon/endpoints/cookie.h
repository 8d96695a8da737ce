/* Cookies: what a browser shows us of what we gave it.
 *
 * Ours have the prefix __Host- (RFC 6265bis): they are set over https alone, for all of this host and for no other, so nobody beside us can set
 * them. They cannot be read by scripts. The one of a session is not sent along with a form that another site posts (SameSite=Lax); the one that
 * ties a sign-on to its browser must be, since providers answer that way. */
#ifndef ROSTERD_ENDPOINTS_COOKIE_H
#define ROSTERD_ENDPOINTS_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "http/reply.h"
#include "http/request.h"

#define COOKIE_SESSION "__Host-rosterd"
#define COOKIE_BROWSER "__Host-rosterd-browser"

enum { COOKIE_MOST = 4096, COOKIE_BROWSER_S = 3600 };

/* The value; NULL: there is none, or more than one of this name (one of them is not ours). */
const char *cookie_find(const struct request *request, struct arena *arena, const char *name);

/* Whether one was shown that can be of a session, and its hash. */
bool cookie_session(const struct request *request, struct arena *arena, uint8_t ret_hash[CRYPT_DIGEST_SIZE]);

/* Until the browser ends; value NULL takes it away. */
void cookie_set_session(struct reply *reply, const char *value);
/* For COOKIE_BROWSER_S. */
void cookie_set_browser(struct reply *reply, const char *value);

#endif
