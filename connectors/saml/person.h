/* Who somebody is to rosterd, by what a provider has signed: which attributes of which provider mean what. */
#ifndef ROSTER_SAML_PERSON_H
#define ROSTER_SAML_PERSON_H

#include "connector.h"
#include "saml/answer.h"
#include "saml/settings.h"

struct preset;

/* "generic", "okta", ...; NULL: there is no such. */
const struct preset *preset_find(const char *name);

/* Emits the person, with the names of their groups before. -1: fail() was called: there is no key that stays
 * the same. */
int person_emit(struct roster_call *call, const struct roster_host *host, const struct settings *settings,
		const struct answer *answer);

#endif
