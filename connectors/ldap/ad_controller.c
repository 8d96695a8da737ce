/* Asking a domain controller. */
#include "ldap/ad_controller.h"

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "ldap/ad_control.h"
#include "ldap/result.h"

enum {
	INVOCATION_BYTES = (INVOCATION_SIZE - 1) / 2,
	DAY_S = 24 * 3600,
	LIFETIME_DAYS = 60, /* where none is set ([MS-ADTS] 6.1.1.2.4.1.1) */
	LIFETIME_DAYS_MOST = 36500,
};

struct extension controller_show_deleted(const struct session *session)
{
	const char *oid = session->ad.recycled ? AD_CONTROL_SHOW_RECYCLED : AD_CONTROL_SHOW_DELETED;

	return (struct extension){ .control = { (char *)oid, { 0, NULL }, 1 } };
}

/* ---- one entry's value ---- */

struct value {
	const char *attribute;
	struct arena *arena;
	struct berval *value; /* bv_val NULL: it was not shown */
};

static int take_value(void *context, const struct entry *entry)
{
	struct value *value = context;
	BerVarray values = entry_values(entry, value->attribute);

	if (values && values->bv_val) {
		/* Bytes, of which some may be 0, and a NUL behind them. */
		char *copy = arena_take(value->arena, values->bv_len + 1);

		memcpy(copy, values->bv_val, values->bv_len);
		*value->value = (struct berval){ values->bv_len, copy };
	}
	return 0;
}

/* The first value of one attribute; bv_val is NULL if there is none, or we may not read it. */
static int read_value(struct directory *d, const char *doing, const char *dn, const char *attribute,
		      struct extension *extension, struct berval *ret)
{
	char *attributes[] = { (char *)attribute, NULL };
	struct search search = { .doing = doing,
				 .base = dn,
				 .filter = "(objectClass=*)",
				 .scope = LDAP_SCOPE_BASE,
				 .attributes = attributes };
	struct value value = { attribute, d->page, ret };
	struct outcome outcome;

	*ret = (struct berval){ 0, NULL };
	if (search_pages(&d->caller, d->session, &search, extension, take_value, &value, &outcome) < 0)
		return -1;
	if (result_is_passing(outcome.code))
		return search_fail(&d->caller, d->session, &search, &outcome);
	return 0;
}

int controller_now(struct directory *d, struct ad_place *ret)
{
	struct berval invocation = { 0, NULL }, usn = { 0, NULL };

	*ret = (struct ad_place){ .at = time(NULL) };
	if (read_value(d, "asking which database the controller has", d->session->ad.settings, "invocationId",
		       NULL, &invocation) < 0 ||
	    read_value(d, "asking for the number of the last change", "", "highestCommittedUSN", NULL, &usn) <
		    0)
		return -1;
	if (!invocation.bv_val || invocation.bv_len != INVOCATION_BYTES || !usn.bv_val ||
	    text_to_int64(usn.bv_val, &ret->usn) < 0 || ret->usn < 0)
		return 0;
	text_hex(invocation.bv_val, INVOCATION_BYTES, ret->invocation);
	return 1;
}

/* The container itself may be seen by anybody, its attributes only by those who may see what is in it. */
int controller_sees_deleted(struct directory *d)
{
	struct ad_server *ad = &d->session->ad;
	struct extension extension = controller_show_deleted(d->session);
	struct berval deleted = { 0, NULL };

	if (ad->sees_deleted >= 0)
		return ad->sees_deleted;
	if ((ad->deleted || ad->recycled) &&
	    read_value(d, "asking whether deleted entries can be seen",
		       arena_format(d->page, "CN=Deleted Objects,%s", ad->domain), "isDeleted", &extension,
		       &deleted) < 0)
		return -1;
	ad->sees_deleted = deleted.bv_val && text_equal_nocase(deleted.bv_val, "TRUE");
	return ad->sees_deleted;
}

static int ignore(void *context, const struct entry *entry)
{
	(void)context, (void)entry;
	return 0;
}

/* Asked for a class of which there is one entry, so that the answer is small; the cookie is of no interest.
 */
int controller_replicates(struct directory *d)
{
	struct ad_server *ad = &d->session->ad;
	struct berval cookie = { 0, NULL };
	struct outcome outcome = { .code = LDAP_UNAVAILABLE_CRITICAL_EXTENSION };
	bool more;

	if (ad->replicates >= 0)
		return ad->replicates;
	if (ad->dirsync &&
	    controller_dirsync(d, "trying DirSync", "(objectClass=domainDNS)", search_no_attributes, &cookie,
			       ignore, NULL, &more, &outcome) < 0)
		return -1;
	ad->replicates = outcome.code == LDAP_SUCCESS && cookie.bv_len > 0;
	ber_memfree(cookie.bv_val);
	return ad->replicates;
}

int controller_lifetime(struct directory *d, int64_t *ret_s)
{
	const char *dn = arena_format(d->page, "CN=Directory Service,CN=Windows NT,CN=Services,%s",
				      d->session->ad.configuration);
	struct berval days;
	int64_t number = LIFETIME_DAYS;

	if (read_value(d, "asking how long deleted entries are kept", dn, "tombstoneLifetime", NULL, &days) <
	    0)
		return -1;
	if (!days.bv_val || text_to_int64(days.bv_val, &number) < 0 || number < 1 ||
	    number > LIFETIME_DAYS_MOST)
		number = LIFETIME_DAYS;
	*ret_s = number * DAY_S;
	return 0;
}

/* ---- DirSync ---- */

static int read_answer(struct directory *d, const struct search *search, const struct berval *value,
		       struct berval *cookie, bool *ret_more)
{
	struct berval next;

	if (dirsync_read(value, ret_more, &next) < 0)
		return d->caller.host->fail(d->caller.call, ROSTER_NONSENSE, 0,
					    "%s at \"%s\": the answer has no cookie that can be used",
					    search->doing, d->session->address->text);
	ber_memfree(cookie->bv_val);
	*cookie = next;
	return 0;
}

int controller_dirsync(struct directory *d, const char *doing, const char *filter, char **attributes,
		       struct berval *cookie, take_entry *take, void *context, bool *ret_more,
		       struct outcome *ret)
{
	struct search search = { .doing = doing,
				 .base = d->session->ad.domain,
				 .filter = filter,
				 .scope = LDAP_SCOPE_SUBTREE,
				 .attributes = attributes };
	struct extension extension = { .control = { (char *)AD_CONTROL_DIRSYNC, { 0, NULL }, 1 },
				       .answer = AD_CONTROL_DIRSYNC };
	int result;

	*ret_more = false;
	if (dirsync_write(cookie, &extension.control.ldctl_value) < 0)
		return d->caller.host->fail(d->caller.call, ROSTER_TRY_LATER, 0, "out of memory");
	result = search_pages(&d->caller, d->session, &search, &extension, take, context, ret);
	ber_memfree(extension.control.ldctl_value.bv_val);
	if (result == 0 && result_is_passing(ret->code))
		result = search_fail(&d->caller, d->session, &search, ret);
	if (result == 0 && ret->code == LDAP_SUCCESS)
		result = read_answer(d, &search, &extension.awaited, cookie, ret_more);
	ber_memfree(extension.awaited.bv_val);
	return result;
}
