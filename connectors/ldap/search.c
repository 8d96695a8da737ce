/* One search, streamed. */
#include "ldap/search.h"

#include <stdio.h>
#include <string.h>

#include "ldap/ad_server.h"
#include "ldap/result.h"

char *search_no_attributes[] = { (char[]){ LDAP_NO_ATTRS }, NULL };

int search_fail(const struct caller *caller, struct session *session, const struct search *search,
		const struct outcome *outcome)
{
	char doing[250];

	snprintf(doing, sizeof(doing), "%s under \"%.180s\"", search->doing, search->base);
	return session_fail(caller, session, doing, outcome->code, outcome->said);
}

static int send(const struct caller *caller, struct session *session, const struct search *search,
		struct extension *extension, const struct berval *cookie, int *ret_msgid)
{
	LDAPControl *pages = NULL, *controls[3] = { NULL, NULL, NULL };
	struct outcome outcome = { .code = LDAP_SUCCESS };

	/* Marked critical only if the server says that it knows pages: Samba never answers a critical control
	 * that it does not know, and an old server without pages may still give everything at once. */
	if (search->page_size > 0)
		outcome.code =
			ldap_create_page_control(session->ld, search->page_size, (struct berval *)cookie,
						 session->pages, &pages);
	controls[0] = pages;
	if (extension)
		controls[pages ? 1 : 0] = &extension->control;
	if (outcome.code == LDAP_SUCCESS)
		outcome.code = ldap_search_ext(session->ld, search->base, search->scope, search->filter,
					       search->attributes, 0, controls[0] ? controls : NULL, NULL,
					       NULL, search->size_limit, ret_msgid);
	if (pages)
		ldap_control_free(pages);
	return outcome.code == LDAP_SUCCESS ? 0 : search_fail(caller, session, search, &outcome);
}

int search_send(const struct caller *caller, struct session *session, const struct search *search,
		const struct berval *cookie, int *ret_msgid)
{
	return send(caller, session, search, NULL, cookie, ret_msgid);
}

/* Where the next page begins; the cookie stays empty if the server does not page. */
static void read_cookie(LDAP *ld, LDAPControl **controls, struct berval *cookie)
{
	LDAPControl *control = controls ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL) : NULL;
	struct berval next = { 0, NULL };
	ber_int_t estimate;

	if (control && ldap_parse_pageresponse_control(ld, control, &estimate, &next) == LDAP_SUCCESS)
		*cookie = next;
}

static void read_answer(struct extension *extension, LDAPControl **controls)
{
	LDAPControl *control = extension && extension->answer && controls
				       ? ldap_control_find(extension->answer, controls, NULL)
				       : NULL;

	if (control)
		ber_dupbv(&extension->awaited, &control->ldctl_value);
}

static int read_result(const struct caller *caller, struct session *session, const struct search *search,
		       struct extension *extension, LDAPMessage *message, struct berval *cookie,
		       struct outcome *ret)
{
	LDAPControl **controls = NULL;
	char *said = NULL;
	int parsed = ldap_parse_result(session->ld, message, &ret->code, NULL, &said, NULL, &controls, 0);

	ber_memfree(cookie->bv_val);
	*cookie = (struct berval){ 0, NULL };
	if (parsed != LDAP_SUCCESS)
		return session_fail(caller, session, search->doing, parsed, NULL);
	if (ret->code == LDAP_SUCCESS)
		read_cookie(session->ld, controls, cookie);
	read_answer(extension, controls);
	snprintf(ret->said, sizeof(ret->said), "%s", said ? said : "");
	ldap_memfree(said);
	ldap_controls_free(controls);
	return 0;
}

static int hand_over(const struct caller *caller, struct session *session, const struct search *search,
		     LDAPMessage *message, take_entry *take, void *context)
{
	struct entry entry;
	int result;

	if (entry_open(session->ld, message, &entry) < 0)
		return caller->host->fail(
			caller->call, ROSTER_NONSENSE, 0,
			"%s at \"%s\": an entry cannot be decoded, or has more than %d attributes",
			search->doing, session->address->text, ENTRY_ATTRIBUTES_MOST);
	result = take(context, &entry);
	entry_close(&entry);
	return result;
}

/* All places that are named are the same part of the directory. */
static bool leads_to_people(const struct session *session, LDAPMessage *message)
{
	char **urls = NULL;
	bool nobody = ldap_parse_reference(session->ld, message, &urls, NULL, 0) == LDAP_SUCCESS && urls && urls[0];

	for (char **url = urls; nobody && *url; url++)
		nobody = ad_reference_holds_nobody(&session->ad, *url);
	ber_memvfree((void **)urls);
	return !nobody;
}

static int read_page(const struct caller *caller, struct session *session, const struct search *search,
		     struct extension *extension, int msgid, take_entry *take, void *context,
		     struct berval *cookie, struct outcome *ret)
{
	LDAPMessage *message;
	int type, result = 0;

	*ret = (struct outcome){ 0 };
	do {
		if (session_wait(caller, session, msgid, search->doing, &message) < 0)
			return -1;
		type = ldap_msgtype(message);
		if (type == LDAP_RES_SEARCH_ENTRY) {
			ret->entries++;
			result = hand_over(caller, session, search, message, take, context);
		} else if (type == LDAP_RES_SEARCH_REFERENCE) {
			ret->references += leads_to_people(session, message);
		} else if (type == LDAP_RES_SEARCH_RESULT) {
			result = read_result(caller, session, search, extension, message, cookie, ret);
		}
		ldap_msgfree(message);
	} while (result == 0 && type != LDAP_RES_SEARCH_RESULT);
	return result;
}

int search_read(const struct caller *caller, struct session *session, const struct search *search, int msgid,
		take_entry *take, void *context, struct berval *cookie, struct outcome *ret)
{
	return read_page(caller, session, search, NULL, msgid, take, context, cookie, ret);
}

int search_run(const struct caller *caller, struct session *session, const struct search *search,
	       take_entry *take, void *context, struct outcome *ret)
{
	struct berval cookie = { 0, NULL };
	int msgid;

	caller->host->step(caller->call, "%s under \"%s\"", search->doing, search->base);
	if (search_send(caller, session, search, &cookie, &msgid) < 0 ||
	    search_read(caller, session, search, msgid, take, context, &cookie, ret) < 0)
		return -1;
	ber_memfree(cookie.bv_val);
	return 0;
}

int search_pages(const struct caller *caller, struct session *session, const struct search *search,
		 struct extension *extension, take_entry *take, void *context, struct outcome *ret)
{
	struct berval cookie = { 0, NULL };
	unsigned long entries = 0, references = 0;
	int msgid, result;

	do {
		caller->host->step(caller->call, "%s under \"%s\", %lu so far", search->doing, search->base, entries);
		result = send(caller, session, search, extension, &cookie, &msgid) < 0
				 ? -1
				 : read_page(caller, session, search, extension, msgid, take, context, &cookie,
					     ret);
		if (result == 0) {
			ret->entries = entries += ret->entries;
			ret->references = references += ret->references;
		}
	} while (result == 0 && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	return result;
}
