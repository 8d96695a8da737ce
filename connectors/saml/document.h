/* XML from anybody, read with nothing of XML but elements, attributes, namespaces and text. libxml2's parser
 * lives here.
 *
 * Reading stops at the first DTD, comment, processing instruction, CDATA section or entity reference: no
 * provider needs them, and each has been somebody's way in. Nothing is ever fetched. */
#ifndef ROSTER_SAML_DOCUMENT_H
#define ROSTER_SAML_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "base/error.h"

enum {
	DOCUMENT_MOST = 384 << 10, /* bytes of a message */
	DOCUMENT_DEPTH_MOST = 40,  /* elements within each other */
	DOCUMENT_ELEMENTS_MOST = 4000,
	DOCUMENT_ATTRIBUTES_MOST = 16, /* of one element */
	DOCUMENT_NAMESPACES_MOST = 16, /* declared by one element */
	DOCUMENT_SCOPE_MOST = 64,      /* declared by an element and those that it is in */
};

struct document_limits {
	size_t bytes_most, elements_most;
	bool comments; /* may stand anywhere, and are as if they did not */
};

/* ret: to be freed by document_close. ERROR_DENIED "saml.xml"; limits NULL: those above. Any thread. */
int document_read(const char *bytes, size_t size, const struct document_limits *limits, xmlDoc **ret,
		  struct error *e);
void document_close(xmlDoc **document);

/* Whether it is this element. */
bool document_is(const xmlNode *node, const char *space, const char *name);

/* The first child that is an element, the next sibling that is one; NULL: none. */
xmlNode *document_first(const xmlNode *node);
xmlNode *document_next(const xmlNode *node);

/* The first child of this name; NULL. */
xmlNode *document_child(const xmlNode *node, const char *space, const char *name);

/* An attribute without a namespace; NULL: there is none. Stands in the tree. */
const char *document_attribute(const xmlNode *node, const char *name);

/* All text of an element that has no elements in it, "" if it is empty. In the arena. */
struct arena;
const char *document_text(struct arena *arena, const xmlNode *node);
/* The same without white space at its ends. */
const char *document_trimmed(struct arena *arena, const xmlNode *node);

#endif
