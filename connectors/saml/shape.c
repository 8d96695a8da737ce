/* The schema as tables (SAML core, XML signature, XML encryption), without what no sign-on needs: extensions,
 * advice, objects, retrieval methods, references to ciphertext that lies elsewhere. */
#include "saml/shape.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "saml/document.h"
#include "saml/names.h"

enum { MANY = 4000, CHILDREN_MOST = 14, ATTRIBUTES_MOST = 8, PLACE_MOST = 160 };

struct element;

/* Children stand in the order of their ranks. */
struct child {
	const struct element *element;
	int rank, least, most;
};

enum content {
	ELEMENTS, /* and white space between them */
	TEXT,
	VALUE, /* of an attribute: a text, or one NameID */
};

struct element {
	const char *space, *name;
	enum content content;
	const char *attributes[ATTRIBUTES_MOST + 1]; /* without a namespace */
	bool open;				     /* may have attributes of foreign namespaces */
	struct child children[CHILDREN_MOST + 1];
};

/* clang-format off */

/* ---- XML signature ---- */
static const struct element inclusive = { NS_EXCLUSIVE, "InclusiveNamespaces", ELEMENTS, { "PrefixList" }, false, { { 0 } } };
static const struct element canonicalization = { NS_SIGNATURE, "CanonicalizationMethod", ELEMENTS, { "Algorithm" }, false, {
	{ &inclusive, 0, 0, 1 } } };
static const struct element signature_method = { NS_SIGNATURE, "SignatureMethod", ELEMENTS, { "Algorithm" }, false, { { 0 } } };
static const struct element transform = { NS_SIGNATURE, "Transform", ELEMENTS, { "Algorithm" }, false, { { &inclusive, 0, 0, 1 } } };
static const struct element transforms = { NS_SIGNATURE, "Transforms", ELEMENTS, { 0 }, false, { { &transform, 0, 1, 2 } } };
static const struct element digest_method = { NS_SIGNATURE, "DigestMethod", ELEMENTS, { "Algorithm" }, false, { { 0 } } };
static const struct element digest_value = { NS_SIGNATURE, "DigestValue", TEXT, { 0 }, false, { { 0 } } };
static const struct element reference = { NS_SIGNATURE, "Reference", ELEMENTS, { "URI", "Id" }, false, {
	{ &transforms, 0, 1, 1 }, { &digest_method, 1, 1, 1 }, { &digest_value, 2, 1, 1 } } };
static const struct element signed_info = { NS_SIGNATURE, "SignedInfo", ELEMENTS, { "Id" }, false, {
	{ &canonicalization, 0, 1, 1 }, { &signature_method, 1, 1, 1 }, { &reference, 2, 1, 1 } } };
static const struct element signature_value = { NS_SIGNATURE, "SignatureValue", TEXT, { "Id" }, false, { { 0 } } };

/* What a message says about keys is not used; but it may not hide anything. */
static const struct element key_name = { NS_SIGNATURE, "KeyName", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_issuer_name = { NS_SIGNATURE, "X509IssuerName", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_serial = { NS_SIGNATURE, "X509SerialNumber", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_issuer = { NS_SIGNATURE, "X509IssuerSerial", ELEMENTS, { 0 }, false, {
	{ &x509_issuer_name, 0, 1, 1 }, { &x509_serial, 1, 1, 1 } } };
static const struct element x509_ski = { NS_SIGNATURE, "X509SKI", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_subject = { NS_SIGNATURE, "X509SubjectName", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_certificate = { NS_SIGNATURE, "X509Certificate", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_crl = { NS_SIGNATURE, "X509CRL", TEXT, { 0 }, false, { { 0 } } };
static const struct element x509_digest = { NS_SIGNATURE_11, "X509Digest", TEXT, { "Algorithm" }, false, { { 0 } } };
static const struct element x509_data = { NS_SIGNATURE, "X509Data", ELEMENTS, { 0 }, false, {
	{ &x509_issuer, 0, 0, 8 }, { &x509_ski, 0, 0, 8 }, { &x509_subject, 0, 0, 8 }, { &x509_certificate, 0, 0, 8 },
	{ &x509_crl, 0, 0, 1 }, { &x509_digest, 0, 0, 8 } } };
static const struct element modulus = { NS_SIGNATURE, "Modulus", TEXT, { 0 }, false, { { 0 } } };
static const struct element exponent = { NS_SIGNATURE, "Exponent", TEXT, { 0 }, false, { { 0 } } };
static const struct element rsa_value = { NS_SIGNATURE, "RSAKeyValue", ELEMENTS, { 0 }, false, {
	{ &modulus, 0, 1, 1 }, { &exponent, 1, 1, 1 } } };
static const struct element curve = { NS_SIGNATURE_11, "NamedCurve", ELEMENTS, { "URI" }, false, { { 0 } } };
static const struct element point = { NS_SIGNATURE_11, "PublicKey", TEXT, { 0 }, false, { { 0 } } };
static const struct element ec_value = { NS_SIGNATURE_11, "ECKeyValue", ELEMENTS, { 0 }, false, { { &curve, 0, 1, 1 }, { &point, 1, 1, 1 } } };
static const struct element key_value = { NS_SIGNATURE, "KeyValue", ELEMENTS, { 0 }, false, {
	{ &rsa_value, 0, 0, 1 }, { &ec_value, 0, 0, 1 } } };
static const struct element key_info = { NS_SIGNATURE, "KeyInfo", ELEMENTS, { "Id" }, false, {
	{ &key_name, 0, 0, 4 }, { &x509_data, 0, 0, 4 }, { &key_value, 0, 0, 1 } } };
static const struct element signature = { NS_SIGNATURE, "Signature", ELEMENTS, { "Id" }, false, {
	{ &signed_info, 0, 1, 1 }, { &signature_value, 1, 1, 1 }, { &key_info, 2, 0, 1 } } };

/* ---- XML encryption ---- */
static const struct element mask = { NS_ENCRYPTION_11, "MGF", ELEMENTS, { "Algorithm" }, false, { { 0 } } };
static const struct element key_method = { NS_ENCRYPTION, "EncryptionMethod", ELEMENTS, { "Algorithm" }, false, {
	{ &digest_method, 0, 0, 1 }, { &mask, 0, 0, 1 } } };
static const struct element data_method = { NS_ENCRYPTION, "EncryptionMethod", ELEMENTS, { "Algorithm" }, false, { { 0 } } };
static const struct element cipher_value = { NS_ENCRYPTION, "CipherValue", TEXT, { 0 }, false, { { 0 } } };
static const struct element cipher_data = { NS_ENCRYPTION, "CipherData", ELEMENTS, { 0 }, false, { { &cipher_value, 0, 1, 1 } } };
static const struct element data_reference = { NS_ENCRYPTION, "DataReference", ELEMENTS, { "URI" }, false, { { 0 } } };
static const struct element reference_list = { NS_ENCRYPTION, "ReferenceList", ELEMENTS, { 0 }, false, { { &data_reference, 0, 1, 1 } } };
static const struct element carried_name = { NS_ENCRYPTION, "CarriedKeyName", TEXT, { 0 }, false, { { 0 } } };
/* How WIF (AD FS) names the certificate that a key is encrypted for. */
static const struct element key_identifier = { NS_WSS, "KeyIdentifier", TEXT, { "ValueType", "EncodingType" }, false, { { 0 } } };
static const struct element token_reference = { NS_WSS, "SecurityTokenReference", ELEMENTS, { 0 }, false, {
	{ &key_identifier, 0, 0, 1 }, { &x509_data, 0, 0, 1 } } };
static const struct element recipient_info = { NS_SIGNATURE, "KeyInfo", ELEMENTS, { "Id" }, false, {
	{ &key_name, 0, 0, 4 }, { &x509_data, 0, 0, 4 }, { &key_value, 0, 0, 1 }, { &token_reference, 0, 0, 1 } } };
static const struct element encrypted_key = { NS_ENCRYPTION, "EncryptedKey", ELEMENTS, { "Id", "Type", "MimeType", "Encoding", "Recipient" }, false, {
	{ &key_method, 0, 1, 1 }, { &recipient_info, 1, 0, 1 }, { &cipher_data, 2, 1, 1 }, { &reference_list, 3, 0, 1 }, { &carried_name, 4, 0, 1 } } };
static const struct element data_key_info = { NS_SIGNATURE, "KeyInfo", ELEMENTS, { "Id" }, false, {
	{ &encrypted_key, 0, 0, 1 }, { &key_name, 0, 0, 1 }, { &x509_data, 0, 0, 1 } } };
static const struct element encrypted_data = { NS_ENCRYPTION, "EncryptedData", ELEMENTS, { "Id", "Type", "MimeType", "Encoding" }, false, {
	{ &data_method, 0, 1, 1 }, { &data_key_info, 1, 0, 1 }, { &cipher_data, 2, 1, 1 } } };
static const struct element encrypted_assertion = { NS_ASSERTION, "EncryptedAssertion", ELEMENTS, { 0 }, false, {
	{ &encrypted_data, 0, 1, 1 }, { &encrypted_key, 1, 0, 1 } } };
static const struct element encrypted_id = { NS_ASSERTION, "EncryptedID", ELEMENTS, { 0 }, false, {
	{ &encrypted_data, 0, 1, 1 }, { &encrypted_key, 1, 0, 1 } } };

/* ---- SAML assertions ---- */
static const struct element issuer = { NS_ASSERTION, "Issuer", TEXT, { "Format", "NameQualifier", "SPNameQualifier", "SPProvidedID" }, false, { { 0 } } };
static const struct element name_id = { NS_ASSERTION, "NameID", TEXT, { "Format", "NameQualifier", "SPNameQualifier", "SPProvidedID" }, false, { { 0 } } };
static const struct element confirmation_data = { NS_ASSERTION, "SubjectConfirmationData", ELEMENTS,
	{ "NotBefore", "NotOnOrAfter", "Recipient", "InResponseTo", "Address" }, false, { { 0 } } };
static const struct element confirmation = { NS_ASSERTION, "SubjectConfirmation", ELEMENTS, { "Method" }, false, {
	{ &name_id, 0, 0, 1 }, { &confirmation_data, 1, 0, 1 } } };
static const struct element subject = { NS_ASSERTION, "Subject", ELEMENTS, { 0 }, false, {
	{ &name_id, 0, 0, 1 }, { &encrypted_id, 0, 0, 1 }, { &confirmation, 1, 0, 8 } } };
static const struct element audience = { NS_ASSERTION, "Audience", TEXT, { 0 }, false, { { 0 } } };
static const struct element audiences = { NS_ASSERTION, "AudienceRestriction", ELEMENTS, { 0 }, false, { { &audience, 0, 1, 32 } } };
static const struct element one_time = { NS_ASSERTION, "OneTimeUse", ELEMENTS, { 0 }, false, { { 0 } } };
static const struct element proxy = { NS_ASSERTION, "ProxyRestriction", ELEMENTS, { "Count" }, false, { { &audience, 0, 0, 32 } } };
static const struct element conditions = { NS_ASSERTION, "Conditions", ELEMENTS, { "NotBefore", "NotOnOrAfter" }, false, {
	{ &audiences, 0, 0, 8 }, { &one_time, 0, 0, 1 }, { &proxy, 0, 0, 1 } } };
static const struct element locality = { NS_ASSERTION, "SubjectLocality", ELEMENTS, { "Address", "DNSName" }, false, { { 0 } } };
static const struct element class_reference = { NS_ASSERTION, "AuthnContextClassRef", TEXT, { 0 }, false, { { 0 } } };
static const struct element declaration_reference = { NS_ASSERTION, "AuthnContextDeclRef", TEXT, { 0 }, false, { { 0 } } };
static const struct element authority = { NS_ASSERTION, "AuthenticatingAuthority", TEXT, { 0 }, false, { { 0 } } };
static const struct element authn_context = { NS_ASSERTION, "AuthnContext", ELEMENTS, { 0 }, false, {
	{ &class_reference, 0, 0, 1 }, { &declaration_reference, 1, 0, 1 }, { &authority, 2, 0, 16 } } };
static const struct element authn_statement = { NS_ASSERTION, "AuthnStatement", ELEMENTS, { "AuthnInstant", "SessionIndex", "SessionNotOnOrAfter" }, false, {
	{ &locality, 0, 0, 1 }, { &authn_context, 1, 1, 1 } } };
static const struct element value = { NS_ASSERTION, "AttributeValue", VALUE, { 0 }, false, { { &name_id, 0, 0, 1 } } };
static const struct element attribute = { NS_ASSERTION, "Attribute", ELEMENTS, { "Name", "NameFormat", "FriendlyName" }, true, {
	{ &value, 0, 0, MANY } } };
static const struct element attribute_statement = { NS_ASSERTION, "AttributeStatement", ELEMENTS, { 0 }, false, { { &attribute, 0, 0, MANY } } };
static const struct element assertion = { NS_ASSERTION, "Assertion", ELEMENTS, { "ID", "Version", "IssueInstant" }, false, {
	{ &issuer, 0, 1, 1 }, { &signature, 1, 0, 1 }, { &subject, 2, 0, 1 }, { &conditions, 3, 0, 1 },
	{ &authn_statement, 4, 0, 4 }, { &attribute_statement, 4, 0, 16 } } };

/* ---- SAML protocol ---- */
static const struct element second_code = { NS_PROTOCOL, "StatusCode", ELEMENTS, { "Value" }, false, { { 0 } } };
static const struct element status_code = { NS_PROTOCOL, "StatusCode", ELEMENTS, { "Value" }, false, { { &second_code, 0, 0, 1 } } };
static const struct element status_message = { NS_PROTOCOL, "StatusMessage", TEXT, { 0 }, false, { { 0 } } };
static const struct element status = { NS_PROTOCOL, "Status", ELEMENTS, { 0 }, false, {
	{ &status_code, 0, 1, 1 }, { &status_message, 1, 0, 1 } } };
/* One of the two kinds, and one of it: the readers of a response say so, with a reason of their own. */
static const struct element response = { NS_PROTOCOL, "Response", ELEMENTS,
	{ "ID", "Version", "IssueInstant", "Destination", "Consent", "InResponseTo" }, false, {
	{ &issuer, 0, 0, 1 }, { &signature, 1, 0, 1 }, { &status, 2, 1, 1 }, { &assertion, 3, 0, 8 }, { &encrypted_assertion, 3, 0, 8 } } };
static const struct element session_index = { NS_PROTOCOL, "SessionIndex", TEXT, { 0 }, false, { { 0 } } };
static const struct element logout_request = { NS_PROTOCOL, "LogoutRequest", ELEMENTS,
	{ "ID", "Version", "IssueInstant", "Destination", "Consent", "Reason", "NotOnOrAfter" }, false, {
	{ &issuer, 0, 1, 1 }, { &signature, 1, 0, 1 }, { &name_id, 2, 1, 1 }, { &session_index, 3, 0, 16 } } };
static const struct element logout_response = { NS_PROTOCOL, "LogoutResponse", ELEMENTS,
	{ "ID", "Version", "IssueInstant", "Destination", "Consent", "InResponseTo" }, false, {
	{ &issuer, 0, 0, 1 }, { &signature, 1, 0, 1 }, { &status, 2, 1, 1 } } };

/* clang-format on */

static const struct element *const roots[] = {
	[SHAPE_RESPONSE] = &response,
	[SHAPE_ASSERTION] = &assertion,
	[SHAPE_NAME_ID] = &name_id,
	[SHAPE_LOGOUT_REQUEST] = &logout_request,
	[SHAPE_LOGOUT_RESPONSE] = &logout_response,
};

struct looking {
	bool canonical;
	const char *ids[SHAPE_IDS_MOST];
	size_t id_count;
};

static int refuse(struct error *e, const xmlNode *in, const char *what, const xmlChar *name)
{
	return error_set(e, ERROR_DENIED, "saml.shape",
			 "the message has %s \"%.60s\" within \"%.60s\", where none is expected", what,
			 name ? (const char *)name : "",
			 in && in->type == XML_ELEMENT_NODE ? (const char *)in->name : "the document");
}

/* ---- attributes ---- */

/* Names that XML has for ids, without colons: what cannot be mistaken in a reference. */
static bool is_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > SHAPE_ID_MOST)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.')))
			return false;
	}
	return true;
}

static int note_id(struct looking *looking, const xmlNode *node, const char *id, struct error *e)
{
	if (!is_name(id))
		return error_set(e, ERROR_DENIED, "saml.shape",
				 "the id of \"%.60s\" is no name of XML: letters, digits, \"_\", \"-\" and "
				 "\".\" are expected, a letter or \"_\" "
				 "first",
				 (const char *)node->name);
	for (size_t i = 0; i < looking->id_count; i++)
		if (strcmp(looking->ids[i], id) == 0)
			return error_set(e, ERROR_DENIED, "saml.duplicate_id",
					 "two elements of the message have the same id");
	if (looking->id_count == SHAPE_IDS_MOST)
		return error_set(e, ERROR_DENIED, "saml.shape", "the message has more than %d ids",
				 SHAPE_IDS_MOST);
	looking->ids[looking->id_count++] = id;
	return 0;
}

static bool is_of_schema(const xmlNode *node, const char *type, bool canonical)
{
	const char *colon = strchr(type, ':');
	char prefix[32];
	xmlNs *space;

	if (!colon || colon == type || (size_t)(colon - type) >= sizeof(prefix))
		return false;
	memcpy(prefix, type, (size_t)(colon - type));
	prefix[colon - type] = 0;
	space = xmlSearchNs(node->doc, (xmlNode *)node, (const xmlChar *)prefix);
	return space ? strcmp((const char *)space->href, NS_SCHEMA) == 0 : canonical;
}

static int check_foreign(const struct looking *looking, const struct element *as, const xmlNode *node,
			 const xmlAttr *a, const char *text, struct error *e)
{
	const char *space = (const char *)a->ns->href, *name = (const char *)a->name;

	if (strcasecmp(name, "id") == 0)
		return refuse(e, node, "an id of another namespace:", a->name);
	if (as->content == VALUE && strcmp(space, NS_INSTANCE) == 0 && strcmp(name, "type") == 0)
		return is_of_schema(node, text, looking->canonical)
			       ? 0
			       : refuse(e, node, "the type", (const xmlChar *)text);
	if (as->content == VALUE && strcmp(space, NS_INSTANCE) == 0 && strcmp(name, "nil") == 0)
		return 0;
	if (strcmp(space, NS_XML) == 0 && strcmp(name, "lang") == 0)
		return 0;
	if (as->open && strcmp(space, NS_INSTANCE) != 0 && strcmp(space, NS_XML) != 0 &&
	    strcmp(space, NS_ASSERTION) != 0 && strcmp(space, NS_PROTOCOL) != 0 &&
	    strcmp(space, NS_SIGNATURE) != 0)
		return 0;
	return refuse(e, node, "the attribute of another namespace", a->name);
}

static int check_attributes(struct looking *looking, const struct element *as, const xmlNode *node,
			    struct error *e)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		const char *const *known = as->attributes, *text;

		if (a->children && (a->children->type != XML_TEXT_NODE || a->children->next))
			return refuse(e, node, "something other than text in the attribute", a->name);
		text = a->children && a->children->content ? (const char *)a->children->content : "";
		if (a->ns) {
			if (check_foreign(looking, as, node, a, text, e) < 0)
				return -1;
			continue;
		}
		while (*known && strcmp(*known, (const char *)a->name) != 0)
			known++;
		if (!*known)
			return refuse(e, node, "the attribute", a->name);
		if (strcasecmp((const char *)a->name, "id") == 0 && note_id(looking, node, text, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- elements ---- */

static bool is_blank(const xmlChar *text)
{
	return !text || text[strspn((const char *)text, " \t\r\n")] == 0;
}

static int check_element(struct looking *looking, const struct element *as, const xmlNode *node,
			 struct error *e);

static int check_child(struct looking *looking, const struct element *as, const xmlNode *node,
		       const xmlNode *child, int *rank, int counts[CHILDREN_MOST], struct error *e)
{
	for (int i = 0; as->children[i].element; i++) {
		const struct child *may = &as->children[i];

		if (!document_is(child, may->element->space, may->element->name))
			continue;
		if (may->rank < *rank || ++counts[i] > may->most)
			return refuse(e, node, "one too many, or out of order,", child->name);
		*rank = may->rank;
		return check_element(looking, may->element, child, e);
	}
	return refuse(e, node, "the element", child->name);
}

static int check_children(struct looking *looking, const struct element *as, const xmlNode *node,
			  struct error *e)
{
	int counts[CHILDREN_MOST] = { 0 }, rank = 0, elements = 0;
	bool text = false;

	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type == XML_TEXT_NODE) {
			text = text || !is_blank(child->content);
		} else if (child->type == XML_ELEMENT_NODE) {
			elements++;
			if (check_child(looking, as, node, child, &rank, counts, e) < 0)
				return -1;
		} else {
			return refuse(e, node, "something other than elements and text:", child->name);
		}
	}
	if (text && (as->content == ELEMENTS || elements > 0))
		return refuse(e, node, "text beside elements:", BAD_CAST "text");
	for (int i = 0; as->children[i].element; i++)
		if (counts[i] < as->children[i].least)
			return error_set(e, ERROR_DENIED, "saml.shape",
					 "the message has no \"%s\" within \"%.60s\", where one is expected",
					 as->children[i].element->name, (const char *)node->name);
	return 0;
}

static int check_element(struct looking *looking, const struct element *as, const xmlNode *node,
			 struct error *e)
{
	return check_attributes(looking, as, node, e) < 0 || check_children(looking, as, node, e) < 0 ? -1
												      : 0;
}

int shape_check(const xmlDoc *document, enum shape shape, bool canonical, struct error *e)
{
	const xmlNode *root = xmlDocGetRootElement(document);
	const struct element *as = roots[shape];
	struct looking looking = { .canonical = canonical };

	if (!document_is(root, as->space, as->name))
		return error_set(e, ERROR_DENIED, "saml.shape",
				 "the message is \"%.60s\"; \"%s\" of SAML 2.0 is expected",
				 root ? (const char *)root->name : "", as->name);
	for (const xmlNode *beside = document->children; beside; beside = beside->next)
		if (beside != root)
			return refuse(e, NULL, "something beside its first element:", beside->name);
	return check_element(&looking, as, root, e);
}
