/* People of a vendor's directory sign on at the vendor, by OpenID Connect (common/oidc): the settings and the steps that are alike. The key that the
 * vendor's tokens name people by is that of its directory, so that who signs on is who was read. */
#ifndef ROSTER_COMMON_SIGNING_H
#define ROSTER_COMMON_SIGNING_H

#include "common/oidc.h"
#include "common/vendor.h"
#include "connector.h"

/* Rows of a plug-in's table of settings. */
#define SIGNING_SETTINGS                                                                                                       \
	{ "sign_on_client_id", ROSTER_TEXT,                                                                                    \
	  "The client ID of the web application (OpenID Connect) by which people sign on; without it nobody does.", 0, NULL,   \
	  NULL },                                                                                                              \
		{ "sign_on_client_secret", ROSTER_SECRET, "That application's client secret.", 0, NULL, NULL },                \
		{ "sign_on_issuer", ROSTER_ADDRESS,                                                                            \
		  "What the provider calls itself, to the letter, where it is not the usual one: of a custom domain, or of an " \
		  "authorization server of one's own.",                                                                        \
		  0, NULL, NULL }

/* Opens vendor->oidc if an application is set. rules: without client_id, and with the usual issuer; extra: as in struct oidc_options. The texts are
 * borrowed as long as the vendor is open. -1: fail() was called. */
int signing_open(struct vendor *vendor, const struct setting_source *from, const struct claims_rules *rules, const char *extra);

/* For roster_connector.sign_on of a plug-in whose struct directory begins with a struct vendor. */
extern const struct roster_sign_on signing;

#endif
