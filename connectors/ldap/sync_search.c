/* One search with content synchronisation. */
#include "ldap/sync_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldap/search.h"

static int nonsense(const struct caller *caller, const struct session *session,
		    const struct sync_search *search, const char *what)
{
	return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
				  "%s at \"%s\": %s is not as RFC 4533 has it", search->doing,
				  session->address->text, what);
}

int sync_send(const struct caller *caller, struct session *session, const struct sync_search *search,
	      int *ret_msgid)
{
	char *value = malloc(search->cookie.bv_len + SYNC_REQUEST_OVERHEAD);
	LDAPControl control = { .ldctl_oid = (char *)LDAP_CONTROL_SYNC, .ldctl_iscritical = 1 };
	LDAPControl *controls[] = { &control, NULL };
	int length = value ? sync_write_request(search->mode, &search->cookie, value,
						search->cookie.bv_len + SYNC_REQUEST_OVERHEAD)
			   : -1;
	int code = LDAP_NO_MEMORY;

	if (length > 0) {
		control.ldctl_value = (struct berval){ (ber_len_t)length, value };
		code = ldap_search_ext(session->ld, search->base, search->scope, search->filter,
				       search_no_attributes, 0, controls, NULL, NULL, 0, ret_msgid);
	}
	free(value);
	return code == LDAP_SUCCESS ? 0 : session_fail(caller, session, search->doing, code, NULL);
}

static int hear_entry(const struct caller *caller, struct session *session, const struct sync_search *search,
		      LDAPMessage *message, const struct sync_listener *listener)
{
	LDAPControl **controls = NULL, *control;
	struct sync_entry entry;
	int result;

	if (ldap_get_entry_controls(session->ld, message, &controls) != LDAP_SUCCESS)
		return nonsense(caller, session, search, "an entry");
	control = controls ? ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL) : NULL;
	if (control && sync_read_entry(&control->ldctl_value, &entry) == 0)
		result = listener->entry(listener->context, &entry);
	else
		result = nonsense(caller, session, search, "the control of an entry");
	ldap_controls_free(controls);
	return result;
}

static int hear_info(const struct caller *caller, struct session *session, const struct sync_search *search,
		     LDAPMessage *message, const struct sync_listener *listener)
{
	struct berval *value = NULL;
	char *oid = NULL;
	struct sync_info info;
	int result = 0;

	if (ldap_parse_intermediate(session->ld, message, &oid, &value, NULL, 0) != LDAP_SUCCESS)
		return nonsense(caller, session, search, "a message");
	if (oid && strcmp(oid, LDAP_SYNC_INFO) == 0)
		result = value && sync_read_info(value, &info) == 0
				 ? listener->info(listener->context, &info)
				 : nonsense(caller, session, search, "a message");
	ldap_memfree(oid);
	ber_bvfree(value);
	return result;
}

static int hear_end(const struct caller *caller, struct session *session, const struct sync_search *search,
		    LDAPMessage *message, struct sync_end *ret)
{
	LDAPControl **controls = NULL, *control;
	struct sync_done done = { 0 };
	char *said = NULL;
	int parsed = ldap_parse_result(session->ld, message, &ret->code, NULL, &said, NULL, &controls, 0);
	int result = 0;

	if (parsed != LDAP_SUCCESS)
		return session_fail(caller, session, search->doing, parsed, NULL);
	snprintf(ret->said, sizeof(ret->said), "%s", said ? said : "");
	control = controls ? ldap_control_find(LDAP_CONTROL_SYNC_DONE, controls, NULL) : NULL;
	if (control && sync_read_done(&control->ldctl_value, &done) < 0)
		result = nonsense(caller, session, search, "the result");
	ret->refresh_deletes = done.refresh_deletes;
	if (result == 0 && done.cookie.bv_len > 0)
		ber_dupbv(&ret->cookie, &done.cookie);
	ldap_memfree(said);
	ldap_controls_free(controls);
	return result;
}

int sync_hear(const struct caller *caller, struct session *session, const struct sync_search *search,
	      LDAPMessage *message, const struct sync_listener *listener, struct sync_end *ret)
{
	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		return hear_entry(caller, session, search, message, listener) < 0 ? -1 : 1;
	case LDAP_RES_INTERMEDIATE:
		return hear_info(caller, session, search, message, listener) < 0 ? -1 : 1;
	case LDAP_RES_SEARCH_REFERENCE:
		ret->references++;
		return 1;
	case LDAP_RES_SEARCH_RESULT:
		return hear_end(caller, session, search, message, ret);
	default:
		return 1;
	}
}

int sync_run(const struct caller *caller, struct session *session, const struct sync_search *search,
	     const struct sync_listener *listener, struct sync_end *ret)
{
	LDAPMessage *message;
	int msgid, more;

	*ret = (struct sync_end){ 0 };
	if (sync_send(caller, session, search, &msgid) < 0)
		return -1;
	do {
		if (session_wait(caller, session, msgid, search->doing, &message) < 0)
			return -1;
		more = sync_hear(caller, session, search, message, listener, ret);
		ldap_msgfree(message);
	} while (more == 1);
	return more;
}

void sync_end_forget(struct sync_end *end)
{
	ber_memfree(end->cookie.bv_val);
	end->cookie = (struct berval){ 0, NULL };
}

static int ignore_entry(void *context, const struct sync_entry *entry)
{
	(void)context, (void)entry;
	return 0;
}

static int ignore_info(void *context, struct sync_info *info)
{
	(void)context, (void)info;
	return 0;
}

int sync_now(const struct caller *caller, struct session *session, const struct sync_search *search,
	     struct sync_end *ret)
{
	static const struct sync_listener deaf = { ignore_entry, ignore_info, NULL };
	struct sync_search base = *search;

	base.scope = LDAP_SCOPE_BASE;
	base.mode = SYNC_REFRESH_ONLY;
	base.cookie = (struct berval){ 0, NULL };
	return sync_run(caller, session, &base, &deaf, ret);
}
