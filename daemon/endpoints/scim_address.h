/* Addresses of SCIM as they arrive: a base URL that somebody pasted, and a path that a program joined to it.
 */
#ifndef ROSTERD_ENDPOINTS_SCIM_ADDRESS_H
#define ROSTERD_ENDPOINTS_SCIM_ADDRESS_H

#include "http/request.h"

/* Makes of "/scim/v2/ID//Users/" what is meant by it, and of "/scim/v2/ID?flag/Users?filter=..." too: a base
 * URL with a flag of the vendor's behind it, to which the path was joined as it stood. Adds to *deviations
 * (scim_resource.h). What it does not understand stays as it is. The texts that change are made in the
 * request's arena. */
void scim_address_tidy(struct request *request, unsigned *deviations);

#endif
