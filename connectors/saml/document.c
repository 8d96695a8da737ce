/* libxml2's own callbacks build the tree; ours stand before them and stop it. */
#include "saml/document.h"

#include <string.h>
#include <strings.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/SAX2.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/names.h"

enum { DECLARATION_MOST = 128 };

/* What is counted while one document is read; hangs at the parser as its _private. */
struct reading {
	const char *refused; /* why it was stopped */
	size_t elements, elements_most;
	int depth, in_scope;
	int declared[DOCUMENT_DEPTH_MOST + 1];
};

static void stop(void *context, const char *why)
{
	xmlParserCtxt *parser = context;
	struct reading *reading = parser->_private;

	if (!reading->refused)
		reading->refused = why;
	xmlStopParser(parser);
}

static void on_subset(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	stop(context, "a document type declaration (DTD)");
}

static void on_comment(void *context, const xmlChar *value)
{
	(void)value;
	stop(context, "a comment");
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
	(void)target, (void)data;
	stop(context, "a processing instruction");
}

static void on_cdata(void *context, const xmlChar *value, int length)
{
	(void)value, (void)length;
	stop(context, "a CDATA section");
}

static void on_reference(void *context, const xmlChar *name)
{
	(void)name;
	stop(context, "a reference to an entity");
}

static xmlEntity *on_entity(void *context, const xmlChar *name)
{
	xmlEntity *known = xmlGetPredefinedEntity(name);

	if (!known)
		stop(context, "a reference to an entity");
	return known;
}

static xmlParserInput *on_resolve(void *context, const xmlChar *public, const xmlChar *system)
{
	(void)public, (void)system;
	stop(context, "something that lies elsewhere");
	return NULL;
}

/* namespaces: pairs of prefix and name. A name that is no absolute URI makes canonicalisation fail, in ways
 * that have been used against those who took its failure for an empty text. */
static const char *judge_names(const xmlChar *const *namespaces, int count)
{
	for (int i = 0; i < count; i++) {
		const char *name = (const char *)namespaces[2 * i + 1];

		if (name && *name && !strchr(name, ':'))
			return "a namespace that is no absolute URI";
	}
	return NULL;
}

static const char *count_element(struct reading *reading, int namespaces, int attributes)
{
	if (++reading->depth > DOCUMENT_DEPTH_MOST)
		return "elements that are too deep in each other";
	reading->declared[reading->depth] = namespaces;
	reading->in_scope += namespaces;
	if (++reading->elements > reading->elements_most)
		return "too many elements";
	if (attributes > DOCUMENT_ATTRIBUTES_MOST)
		return "an element with too many attributes";
	if (namespaces > DOCUMENT_NAMESPACES_MOST || reading->in_scope > DOCUMENT_SCOPE_MOST)
		return "too many namespaces";
	return NULL;
}

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		       int namespace_count, const xmlChar **namespaces, int attribute_count, int defaulted,
		       const xmlChar **attributes)
{
	xmlParserCtxt *parser = context;
	struct reading *reading = parser->_private;
	const char *why;

	if (reading->refused)
		return;
	why = count_element(reading, namespace_count, attribute_count);
	if (!why)
		why = judge_names((const xmlChar *const *)namespaces, namespace_count);
	if (why)
		stop(context, why);
	else
		xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces,
				      attribute_count, defaulted, attributes);
}

static void on_element_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	xmlParserCtxt *parser = context;
	struct reading *reading = parser->_private;

	if (reading->refused)
		return;
	reading->in_scope -= reading->declared[reading->depth--];
	xmlSAX2EndElementNs(context, name, prefix, uri);
}

static void prepare(xmlParserCtxt *parser, struct reading *reading)
{
	xmlSAXHandler *sax = parser->sax;

	parser->_private = reading;
	sax->internalSubset = on_subset;
	sax->externalSubset = on_subset;
	sax->comment = on_comment;
	sax->processingInstruction = on_instruction;
	sax->cdataBlock = on_cdata;
	sax->reference = on_reference;
	sax->getEntity = on_entity;
	sax->resolveEntity = on_resolve;
	sax->startElementNs = on_element;
	sax->endElementNs = on_element_end;
}

/* "<?xml ...?>" may say UTF-8 and nothing else: bytes have one meaning. */
static bool is_plain_declaration(const char *bytes, size_t size)
{
	const char *end = size > DECLARATION_MOST ? bytes + DECLARATION_MOST : bytes + size, *at;
	char line[DECLARATION_MOST + 1];

	if (size < 5 || memcmp(bytes, "<?xml", 5) != 0)
		return true;
	at = memchr(bytes, '>', (size_t)(end - bytes));
	if (!at)
		return false;
	memcpy(line, bytes, (size_t)(at - bytes));
	line[at - bytes] = 0;
	if (!strstr(line, "version=\"1.0\"") && !strstr(line, "version='1.0'"))
		return false;
	at = strstr(line, "encoding");
	return !at || strncasecmp(at, "encoding=\"utf-8\"", 16) == 0 ||
	       strncasecmp(at, "encoding='utf-8'", 16) == 0;
}

static int refuse(struct error *e, const char *why)
{
	return error_set(e, ERROR_DENIED, "saml.xml", "the XML is not acceptable: it has %s", why);
}

int document_read(const char *bytes, size_t size, const struct document_limits *limits, xmlDoc **ret,
		  struct error *e)
{
	static const struct document_limits usual = { DOCUMENT_MOST, DOCUMENT_ELEMENTS_MOST, false };
	struct reading reading = { .elements_most = limits ? limits->elements_most : usual.elements_most };
	xmlParserCtxt *parser;
	xmlDoc *read;

	if (size == 0 || size > (limits ? limits->bytes_most : usual.bytes_most))
		return error_set(e, ERROR_DENIED, "saml.xml", "the XML has %zu bytes; 1 to %zu are read",
				 size, limits ? limits->bytes_most : usual.bytes_most);
	if (!text_is_utf8(bytes, size))
		return refuse(e, "bytes that are not UTF-8");
	if (!is_plain_declaration(bytes, size))
		return refuse(e, "a declaration of another version or encoding than XML 1.0 in UTF-8");
	parser = xmlNewParserCtxt();
	if (!parser)
		memory_exhausted("saml", sizeof(*parser));
	prepare(parser, &reading);
	if (limits && limits->comments)
		parser->sax->comment = NULL;
	read = xmlCtxtReadMemory(parser, bytes, (int)size, NULL, "UTF-8",
				 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (read && (!parser->wellFormed || !parser->nsWellFormed || reading.refused ||
		     !xmlDocGetRootElement(read))) {
		xmlFreeDoc(read);
		read = NULL;
	}
	xmlFreeParserCtxt(parser);
	if (!read)
		return reading.refused ? refuse(e, reading.refused)
				       : refuse(e, "a mistake: it is not well-formed");
	*ret = read;
	return 0;
}

void document_close(xmlDoc **document)
{
	if (*document)
		xmlFreeDoc(*document);
	*document = NULL;
}

/* ---- looking at it ---- */

bool document_is(const xmlNode *node, const char *space, const char *name)
{
	return node && node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
	       strcmp((const char *)node->ns->href, space) == 0 &&
	       strcmp((const char *)node->name, name) == 0;
}

static xmlNode *element_from(xmlNode *node)
{
	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

xmlNode *document_first(const xmlNode *node)
{
	return node ? element_from(node->children) : NULL;
}

xmlNode *document_next(const xmlNode *node)
{
	return node ? element_from(node->next) : NULL;
}

xmlNode *document_child(const xmlNode *node, const char *space, const char *name)
{
	xmlNode *child = document_first(node);

	while (child && !document_is(child, space, name))
		child = document_next(child);
	return child;
}

/* Without entities an attribute has at most one text. */
const char *document_attribute(const xmlNode *node, const char *name)
{
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (!a->ns && strcmp((const char *)a->name, name) == 0)
			return a->children && a->children->content ? (const char *)a->children->content : "";
	return NULL;
}

const char *document_text(struct arena *arena, const xmlNode *node)
{
	size_t length = 0, at = 0;
	char *text;

	for (const xmlNode *n = node->children; n; n = n->next)
		length += n->type == XML_TEXT_NODE && n->content ? strlen((const char *)n->content) : 0;
	text = arena_take(arena, length + 1);
	for (const xmlNode *n = node->children; n; n = n->next)
		if (n->type == XML_TEXT_NODE && n->content) {
			size_t more = strlen((const char *)n->content);

			memcpy(text + at, n->content, more);
			at += more;
		}
	return text;
}

const char *document_trimmed(struct arena *arena, const xmlNode *node)
{
	const char *text = document_text(arena, node);
	size_t length = strlen(text);

	text = text_trim(text, &length);
	return arena_text_n(arena, text, length);
}
