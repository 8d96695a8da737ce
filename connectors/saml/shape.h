/* Whether a document is nothing but a SAML message: each element where the schema has it, in its order, no
 * element or attribute that is not known here, no id twice, no text beside elements.
 *
 * Wrapping attacks, decoys and everything that lets two readers of one message see two things need something
 * foreign somewhere; so nothing foreign is let through, wherever it is. What the message says is judged
 * elsewhere. */
#ifndef ROSTER_SAML_SHAPE_H
#define ROSTER_SAML_SHAPE_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/error.h"

enum shape {
	SHAPE_RESPONSE,
	SHAPE_ASSERTION, /* as one that was encrypted */
	SHAPE_NAME_ID,
	SHAPE_LOGOUT_REQUEST,
	SHAPE_LOGOUT_RESPONSE,
};

enum { SHAPE_IDS_MOST = 64, SHAPE_ID_MOST = 256 };

/* canonical: these are bytes that were signed, so a prefix of xsi:type may have lost its namespace.
 * ERROR_DENIED "saml.shape" says which element or attribute is not expected where; "saml.duplicate_id". */
int shape_check(const xmlDoc *document, enum shape shape, bool canonical, struct error *e);

#endif
