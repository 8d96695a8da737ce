/* Domains that cannot be one organisation's: everybody registers below them, or everybody has a mailbox there. */
#ifndef ROSTERD_BASE_SUFFIX_H
#define ROSTERD_BASE_SUFFIX_H

#include "base/error.h"

/* 0, or ERROR_INPUT "domain.public" with the reason. domain: as text_domain gives it. Public suffixes are those of
 * publicsuffix.org as libpsl brings them, the private section (github.io) included. */
int suffix_check(const char *domain, struct error *e);

#endif
