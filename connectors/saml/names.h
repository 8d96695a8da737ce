/* The namespaces and identifiers of SAML 2.0, XML signatures and XML encryption that are known here. */
#ifndef ROSTER_SAML_NAMES_H
#define ROSTER_SAML_NAMES_H

#define NS_ASSERTION	 "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_PROTOCOL	 "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_METADATA	 "urn:oasis:names:tc:SAML:2.0:metadata"
#define NS_SIGNATURE	 "http://www.w3.org/2000/09/xmldsig#"
#define NS_SIGNATURE_11	 "http://www.w3.org/2009/xmldsig11#"
#define NS_ENCRYPTION	 "http://www.w3.org/2001/04/xmlenc#"
#define NS_ENCRYPTION_11 "http://www.w3.org/2009/xmlenc11#"
#define NS_EXCLUSIVE	 "http://www.w3.org/2001/10/xml-exc-c14n#"
#define NS_INSTANCE	 "http://www.w3.org/2001/XMLSchema-instance"
#define NS_SCHEMA	 "http://www.w3.org/2001/XMLSchema"
#define NS_WSS		 "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define NS_XML		 "http://www.w3.org/XML/1998/namespace"

#define STATUS_SUCCESS	   "urn:oasis:names:tc:SAML:2.0:status:Success"
#define METHOD_BEARER	   "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define FORMAT_ENTITY	   "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
#define FORMAT_UNSPECIFIED "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

#define BINDING_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define BINDING_POST	 "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

#define TRANSFORM_ENVELOPED NS_SIGNATURE "enveloped-signature"
#define C14N_INCLUSIVE	    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define C14N_INCLUSIVE_11   "http://www.w3.org/2006/12/xml-c14n11"
#define C14N_EXCLUSIVE	    NS_EXCLUSIVE

#endif
