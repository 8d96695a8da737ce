/* Our own metadata, which a provider is given: who we are, where answers go, and our certificate. */
#ifndef ROSTER_SAML_DESCRIBE_H
#define ROSTER_SAML_DESCRIBE_H

#include "saml/settings.h"

/* XML, in the arena. */
const char *describe_ourselves(struct arena *arena, const struct settings *settings);

#endif
