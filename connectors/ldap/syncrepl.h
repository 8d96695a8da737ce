/* Reading what changed by content synchronisation (RFC 4533), on OpenLDAP and 389-ds. */
#ifndef ROSTER_LDAP_SYNCREPL_H
#define ROSTER_LDAP_SYNCREPL_H

#include "ldap/changed.h"

extern const struct strategy strategy_syncrepl;

#endif
