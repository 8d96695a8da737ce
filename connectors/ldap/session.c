/* One conversation with a directory server. */
#include "ldap/session.h"

#include <openldap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/text.h"
#include "ldap/entry.h"
#include "ldap/result.h"

enum {
	MESSAGE_MOST =
		128 << 20, /* bytes of one message: a group of a million members has about 50 million */
	FAREWELL_MS = 100, /* how long a server may make us wait while we hang up */
	EXPLANATION_MOST = 400,
};

/* How an attempt at one server ended. */
enum attempt { ATTEMPT_DONE, ATTEMPT_NEXT, ATTEMPT_FAILED };

static int patience(const struct caller *caller)
{
	int64_t left = caller->host->left_ms(caller->call);

	return left < caller->settings->timeout_ms ? (int)(left > 0 ? left : 0)
						   : caller->settings->timeout_ms;
}

static int fail(const struct caller *caller, struct session *session, enum roster_trouble trouble,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* While the servers are tried, a failure is only kept: the next one may do better. */
static int fail(const struct caller *caller, struct session *session, enum roster_trouble trouble,
		const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(session->complaint, sizeof(session->complaint), fmt, args);
	va_end(args);
	session->trouble = trouble;
	return session->opening ? -1 : caller->host->fail(caller->call, trouble, 0, "%s", session->complaint);
}

int session_fail(const struct caller *caller, struct session *session, const char *doing, int code,
		 const char *diagnostic)
{
	enum roster_trouble trouble = result_trouble(code);
	const char *why = code < 0 ? stream_why(session->stream, &trouble) : "";
	char explanation[EXPLANATION_MOST];

	if (!why[0]) {
		result_explain(code, diagnostic, explanation, sizeof(explanation));
		why = explanation;
	}
	return fail(caller, session, trouble, "%s at \"%s\": %s", doing, session->address->text, why);
}

int session_wait(const struct caller *caller, struct session *session, int msgid, const char *doing,
		 LDAPMessage **ret)
{
	int wait_ms = patience(caller), got, code = LDAP_TIMEOUT;
	enum roster_trouble trouble;
	struct timeval wait = { wait_ms / 1000, wait_ms % 1000 * 1000 };

	stream_patience(session->stream, wait_ms);
	got = ldap_result(session->ld, msgid, LDAP_MSG_ONE, &wait, ret);
	if (got > 0)
		return 0;
	if (got == 0)
		return fail(caller, session, ROSTER_TRY_LATER,
			    "%s at \"%s\": no answer for %d s; see whether the server hangs, "
			    "or raise \"timeout\"",
			    doing, session->address->text, (wait_ms + 999) / 1000);
	ldap_get_option(session->ld, LDAP_OPT_RESULT_CODE, &code);
	/* libldap calls the server down as well when the bytes came and made no message. */
	if (code == LDAP_SERVER_DOWN && !stream_why(session->stream, &trouble)[0])
		code = LDAP_DECODING_ERROR;
	return session_fail(caller, session, doing, code, NULL);
}

/* Waits for the one answer of an operation. 0 and its code; -1: none came, and fail() was called. */
static int await_code(const struct caller *caller, struct session *session, int msgid, const char *doing,
		      int *ret_code, char *ret_diagnostic, size_t size)
{
	LDAPMessage *message;
	char *diagnostic = NULL;
	int parsed;

	if (session_wait(caller, session, msgid, doing, &message) < 0)
		return -1;
	parsed = ldap_parse_result(session->ld, message, ret_code, NULL, &diagnostic, NULL, NULL, 1);
	if (parsed != LDAP_SUCCESS)
		return session_fail(caller, session, doing, parsed, NULL);
	snprintf(ret_diagnostic, size, "%s", diagnostic ? diagnostic : "");
	ldap_memfree(diagnostic);
	return 0;
}

/* ---- reaching it ---- */

static int set_options(LDAP *ld)
{
	static const int version = LDAP_VERSION3;

	return ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
			       ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS
		       ? 0
		       : -1;
}

static int hand_over(struct session *session, int fd, int timeout_ms)
{
	ber_len_t most = MESSAGE_MOST;
	Sockbuf *sockbuf;

	session->stream = stream_open(fd, timeout_ms);
	if (!session->stream || ldap_init_fd(fd, LDAP_PROTO_EXT, NULL, &session->ld) != LDAP_SUCCESS)
		return -1;
	return set_options(session->ld) == 0 &&
			       ldap_get_option(session->ld, LDAP_OPT_SOCKBUF, &sockbuf) == LDAP_OPT_SUCCESS &&
			       ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1 &&
			       stream_attach(session->stream, sockbuf) == 0
		       ? 0
		       : -1;
}

static enum attempt reach(const struct caller *caller, struct session *session)
{
	const struct address *address = session->address;
	int wait_ms = patience(caller), fd;

	caller->host->step(caller->call, "connecting to \"%s\"", address->text);
	fd = caller->host->dial(caller->call, address->host,
				address->scheme == SCHEME_LDAPI ? NULL : address->port, wait_ms);
	if (fd < 0)
		return ATTEMPT_NEXT;
	if (hand_over(session, fd, wait_ms) == 0)
		return ATTEMPT_DONE;
	fail(caller, session, ROSTER_TRY_LATER,
	     "connecting to \"%s\": libldap cannot be set up, out of memory?", address->text);
	return ATTEMPT_FAILED;
}

/* ---- making it private ---- */

static enum attempt fail_tls(const struct caller *caller, struct session *session)
{
	enum roster_trouble trouble = ROSTER_TRY_LATER;
	const char *why = stream_why(session->stream, &trouble);

	fail(caller, session, trouble, "securing \"%s\": %s", session->address->text, why);
	return ATTEMPT_NEXT;
}

static enum attempt shake_hands(const struct caller *caller, struct session *session)
{
	const struct address *address = session->address;

	caller->host->step(caller->call, "agreeing on TLS with \"%s\"", address->text);
	stream_patience(session->stream, patience(caller));
	if (stream_secure(session->stream, &caller->settings->trust, address->host) < 0)
		return fail_tls(caller, session);
	return ATTEMPT_DONE;
}

static enum attempt start_tls(const struct caller *caller, struct session *session)
{
	char diagnostic[EXPLANATION_MOST] = "";
	int msgid, code;

	caller->host->step(caller->call, "asking \"%s\" for StartTLS", session->address->text);
	code = ldap_extended_operation(session->ld, LDAP_EXOP_START_TLS, NULL, NULL, NULL, &msgid);
	if (code != LDAP_SUCCESS) {
		session_fail(caller, session, "asking for StartTLS", code, NULL);
		return ATTEMPT_NEXT;
	}
	if (await_code(caller, session, msgid, "asking for StartTLS", &code, diagnostic, sizeof(diagnostic)) <
	    0)
		return ATTEMPT_NEXT;
	if (code == LDAP_SUCCESS)
		return shake_hands(caller, session);
	fail(caller, session, ROSTER_MISCONFIGURED,
	     "securing \"%s\": the server refuses StartTLS (%d): %.100s; give it a "
	     "certificate, or use an ldaps:// "
	     "address",
	     session->address->text, code, diagnostic);
	return ATTEMPT_NEXT;
}

static enum attempt secure(const struct caller *caller, struct session *session)
{
	if (session->address->scheme == SCHEME_LDAPS)
		return shake_hands(caller, session);
	if (session->address->scheme == SCHEME_LDAPI)
		return ATTEMPT_DONE;
	if (caller->settings->starttls)
		return start_tls(caller, session);
	caller->host->note(caller->call, "tls=none: everything, passwords too, goes to \"%s\" in the clear",
			   session->address->text);
	return ATTEMPT_DONE;
}

/* ---- signing in ---- */

static int send_bind(const struct caller *caller, struct session *session, int *ret_msgid)
{
	const struct settings *settings = caller->settings;
	char *password = (char *)settings->bind_password; /* libldap only reads it */
	struct berval credentials = { settings->external ? 0 : strlen(password),
				      settings->external ? (char[]){ "" } : password };

	return ldap_sasl_bind(session->ld, settings->external ? "" : settings->bind_dn,
			      settings->external ? "EXTERNAL" : LDAP_SASL_SIMPLE, &credentials, NULL, NULL,
			      ret_msgid);
}

static enum attempt sign_in(const struct caller *caller, struct session *session)
{
	const struct settings *settings = caller->settings;
	char diagnostic[EXPLANATION_MOST] = "", doing[EXPLANATION_MOST];
	int msgid, code;

	snprintf(doing, sizeof(doing), "binding as %.150s",
		 settings->external ? "EXTERNAL" : settings->bind_dn);
	caller->host->step(caller->call, "%s at \"%s\"", doing, session->address->text);
	code = send_bind(caller, session, &msgid);
	if (code == LDAP_SUCCESS &&
	    await_code(caller, session, msgid, doing, &code, diagnostic, sizeof(diagnostic)) < 0)
		return ATTEMPT_NEXT;
	if (code == LDAP_SUCCESS)
		return ATTEMPT_DONE;
	session_fail(caller, session, doing, code, diagnostic);
	return result_is_passing(code) ? ATTEMPT_NEXT : ATTEMPT_FAILED;
}

int session_prove(const struct caller *caller, struct session *session, const char *dn, const char *password, int *ret_code,
		  char *ret_diagnostic, size_t size)
{
	static const char doing[] = "checking a password";
	struct berval credentials = { strlen(password), (char *)password }; /* libldap only reads it */
	int msgid, code;

	caller->host->step(caller->call, "%s at \"%s\"", doing, session->address->text);
	code = ldap_sasl_bind(session->ld, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, &msgid);
	if (code != LDAP_SUCCESS)
		return session_fail(caller, session, doing, code, NULL);
	return await_code(caller, session, msgid, doing, ret_code, ret_diagnostic, size);
}

/* ---- asking what it is ---- */

static bool has_value(const struct entry *entry, const char *attribute, const char *value)
{
	BerVarray values = entry_values(entry, attribute);

	for (; values && values->bv_val; values++)
		if (text_equal_nocase(values->bv_val, value))
			return true;
	return false;
}

static void learn(struct session *session, const struct entry *entry)
{
	const struct root_dse said = {
		.vendor_name = entry_text(entry, "vendorName"),
		.vendor_version = entry_text(entry, "vendorVersion"),
		.openldap_class = has_value(entry, "objectClass", "OpenLDAProotDSE"),
		.active_directory = has_value(entry, "supportedCapabilities", "1.2.840.113556.1.4.800"),
	};

	session->vendor = vendor_of(&said);
	if (said.active_directory)
		ad_learn(&session->ad, entry);
	session->pages = has_value(entry, "supportedControl", LDAP_CONTROL_PAGEDRESULTS);
	session->content_sync = has_value(entry, "supportedControl", LDAP_CONTROL_SYNC);
	snprintf(session->server, sizeof(session->server), "%s%s%.80s", session->vendor->title,
		 said.vendor_version ? " " : "", said.vendor_version ? said.vendor_version : "");
}

static int read_root(const struct caller *caller, struct session *session, int msgid)
{
	static const char doing[] = "asking what the server is";
	bool done = false;

	while (!done) {
		LDAPMessage *message;
		struct entry entry;

		if (session_wait(caller, session, msgid, doing, &message) < 0)
			return -1;
		done = ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT;
		if (ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY &&
		    entry_open(session->ld, message, &entry) == 0) {
			learn(session, &entry);
			entry_close(&entry);
		}
		ldap_msgfree(message);
	}
	return 0;
}

/* A server that hides its root DSE is taken for an ordinary one. */
static enum attempt ask(const struct caller *caller, struct session *session)
{
	static const char *const attributes[] = { "vendorName",	      "vendorVersion",
						  "supportedControl", "supportedCapabilities",
						  "objectClass",
						  "defaultNamingContext", "dsServiceName",
						  "configurationNamingContext", "rootDomainNamingContext",
						  NULL };
	static const struct root_dse nothing;
	int msgid, code;

	session->vendor = vendor_of(&nothing);
	snprintf(session->server, sizeof(session->server), "%s", session->vendor->title);
	caller->host->step(caller->call, "asking what \"%s\" is", session->address->text);
	code = ldap_search_ext(session->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)", (char **)attributes, 0,
			       NULL, NULL, NULL, 0, &msgid);
	if (code != LDAP_SUCCESS) {
		session_fail(caller, session, "asking what the server is", code, NULL);
		return ATTEMPT_NEXT;
	}
	return read_root(caller, session, msgid) < 0 ? ATTEMPT_NEXT : ATTEMPT_DONE;
}

/* ---- one server after the other ---- */

static enum attempt try_server(const struct caller *caller, struct session *session)
{
	static enum attempt (*const steps[])(const struct caller *, struct session *) = { reach, secure,
											  sign_in, ask };
	enum attempt result = ATTEMPT_DONE;

	for (size_t i = 0; result == ATTEMPT_DONE && i < ARRAY_COUNT(steps); i++)
		result = steps[i](caller, session);
	return result;
}

/* The last of the failures is the one to tell; where dial() failed, it has done so itself. */
static int give_up(const struct caller *caller, const struct session *session)
{
	if (session->complaint[0])
		caller->host->fail(caller->call, session->trouble, 0, "%s", session->complaint);
	return -1;
}

/* 1: connected. 0: the next server may be tried. -1: fail() was called. */
static int open_one(const struct caller *caller, const struct address *address, bool last,
		    struct session **ret)
{
	struct session *session = calloc(1, sizeof(*session));
	enum attempt result;

	if (!session)
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "out of memory");
	session->address = address;
	session->opening = true;
	result = try_server(caller, session);
	session->opening = false;
	if (result == ATTEMPT_DONE) {
		*ret = session;
		return 1;
	}
	if (result == ATTEMPT_FAILED || last) {
		give_up(caller, session);
		session_close(&session);
		return -1;
	}
	caller->host->note(caller->call, "\"%s\" cannot be used, trying the next%s%s", address->text,
			   session->complaint[0] ? ": " : "", session->complaint);
	session_close(&session);
	return 0;
}

int session_open(const struct caller *caller, struct session **ret)
{
	const struct settings *settings = caller->settings;
	int result = 0;

	for (int i = 0; result == 0 && i < settings->url_count; i++)
		result = open_one(caller, &settings->urls[i], i + 1 == settings->url_count, ret);
	return result == 1 ? 0 : -1;
}

void session_close(struct session **session)
{
	struct session *s = *session;

	*session = NULL;
	if (!s)
		return;
	if (s->stream)
		stream_patience(s->stream, FAREWELL_MS);
	if (s->ld)
		ldap_unbind_ext(s->ld, NULL, NULL);
	stream_close(&s->stream);
	free(s);
}
