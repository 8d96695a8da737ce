/* Forms of ours that change something: only a page that we made for this browser may post one.
 *
 * Each has a field that follows from the browser's cookie by a key that nobody else has. Another site can
 * have neither: it cannot read our pages, and a cookie whose name begins with "__Host-" cannot be set for us
 * by anybody else, nor by a neighbour of ours. */
#ifndef ROSTERD_ENDPOINTS_BROWSER_FORM_H
#define ROSTERD_ENDPOINTS_BROWSER_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypt.h"
#include "endpoints/exchange.h"
#include "plugin/link.h"

/* The field, and the cookie for a browser that has none yet. purpose: a word for what the form does; it is
 * good for that alone. */
void browser_form_put(struct exchange *x, const char *purpose);

/* Whether the form that was posted has it, for this purpose. */
bool browser_form_is_ours(struct exchange *x, const struct link_pair *fields, size_t count,
			  const char *purpose);

/* The hash of this browser's cookie, after one of the above; what is tied to it is good in no other one. */
bool browser_form_browser(struct exchange *x, uint8_t ret[CRYPT_DIGEST_SIZE]);

#endif
