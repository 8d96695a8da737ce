#include "peers/ldap_script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <lber.h>
#include <ldap.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAME_SIZE = 128, COOKIE_LEAST = 16 };

static struct ldap_script script;
static pthread_t thread;
static int listener = -1;
static char url[64];
static atomic_int searches;

struct conversation {
	int fd;
	bool ended; /* nothing more can be said */
};

struct question {
	ber_int_t id, scope;
	char base[NAME_SIZE], filter[1024];
	char **attributes;
	bool paged, critical; /* critical: with a control that is not known, and must be */
	ber_int_t page_size;
	int from; /* where the cookie leads */
};

/* ---- sending ---- */

static void send_bytes(struct conversation *c, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0 && !c->ended) {
		ssize_t sent = send(c->fd, at, size, MSG_NOSIGNAL);

		if (sent <= 0) {
			c->ended = true;
			return;
		}
		at += sent;
		size -= (size_t)sent;
	}
}

/* Takes the element over. */
static void send_element(struct conversation *c, BerElement *ber)
{
	struct berval bytes;

	if (ber_flatten2(ber, &bytes, 0) < 0)
		abort();
	send_bytes(c, bytes.bv_val, bytes.bv_len);
	ber_free(ber, 1);
}

static BerElement *element(void)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	if (!ber)
		abort();
	return ber;
}

static void send_result(struct conversation *c, ber_int_t id, ber_tag_t tag, int code)
{
	BerElement *ber = element();

	ber_printf(ber, "{it{ess}}", id, tag, (ber_int_t)code, "", "");
	send_element(c, ber);
}

static bool is_wanted(const struct question *q, const char *name)
{
	if (!q->attributes || !q->attributes[0])
		return true;
	for (char **wanted = q->attributes; *wanted; wanted++)
		if (strcasecmp(*wanted, name) == 0 || strcmp(*wanted, "*") == 0)
			return true;
	return false;
}

static void put(BerElement *ber, const struct question *q, const char *name, const char *value)
{
	if (is_wanted(q, name))
		ber_printf(ber, "{s[s]}", name, value);
}

/* ---- entries ---- */

static void name_of(int number, char ret[NAME_SIZE])
{
	snprintf(ret, NAME_SIZE, "uid=p%06d," SCRIPT_PEOPLE, number);
}

static BerElement *begin_entry(ber_int_t id, const char *dn)
{
	BerElement *ber = element();

	ber_printf(ber, "{it{s{", id, (ber_tag_t)LDAP_RES_SEARCH_ENTRY, dn);
	return ber;
}

static BerElement *end_entry(BerElement *ber)
{
	ber_printf(ber, "}}}");
	return ber;
}

static BerElement *person(const struct question *q, int number)
{
	char dn[NAME_SIZE], text[NAME_SIZE], *mail;
	BerElement *ber;

	name_of(number, dn);
	ber = begin_entry(q->id, dn);
	put(ber, q, "objectClass", "inetOrgPerson");
	snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012d", number);
	put(ber, q, "entryUUID", text);
	snprintf(text, sizeof(text), "p%06d", number);
	put(ber, q, "uid", text);
	put(ber, q, "cn", text);
	put(ber, q, "sn", text);
	put(ber, q, "modifyTimestamp", "20260101000000Z");
	snprintf(text, sizeof(text), "p%06d@fake.example", number);
	mail = calloc(1, sizeof(text) + script.long_value);
	if (!mail)
		abort();
	if (number == 1)
		memset(mail, 'x', script.long_value);
	strcat(mail, text);
	put(ber, q, "mail", mail);
	free(mail);
	return end_entry(ber);
}

static BerElement *place(const struct question *q, const char *uuid)
{
	BerElement *ber = begin_entry(q->id, q->base);

	put(ber, q, "objectClass", "organizationalUnit");
	put(ber, q, "entryUUID", uuid);
	return end_entry(ber);
}

/* "member", or "member;range=N-*": as Active Directory does, which gives so many of them and says in the name of the attribute which. */
static void put_members(BerElement *ber, const struct question *q)
{
	int from = -1, to, most = script.range_most;
	char name[64];

	for (char **wanted = q->attributes; wanted && *wanted; wanted++)
		if (strcasecmp(*wanted, "member") == 0 || strncasecmp(*wanted, "member;range=", 13) == 0)
			from = strchr(*wanted, '=') ? atoi(strchr(*wanted, '=') + 1) : 0;
	if (from < 0)
		return;
	if (script.range_stuck)
		from = 0;
	to = most > 0 && from + most < script.members ? from + most : script.members;
	if (from >= script.members)
		return;
	if (most == 0)
		snprintf(name, sizeof(name), "member");
	else if (to < script.members)
		snprintf(name, sizeof(name), "member;range=%d-%d", from, to - 1);
	else
		snprintf(name, sizeof(name), "member;range=%d-*", from);
	ber_printf(ber, "{s[", name);
	for (int i = from; i < to; i++) {
		char dn[NAME_SIZE];

		name_of(i + 1, dn);
		ber_printf(ber, "s", dn);
	}
	ber_printf(ber, "]}");
}

static BerElement *group(const struct question *q)
{
	BerElement *ber = begin_entry(q->id, "cn=all," SCRIPT_GROUPS);

	put(ber, q, "objectClass", "groupOfNames");
	put(ber, q, "entryUUID", "00000000-0000-4000-9000-000000000001");
	put(ber, q, "cn", "all");
	put(ber, q, "modifyTimestamp", "20260101000000Z");
	put_members(ber, q);
	return end_entry(ber);
}

static BerElement *root(const struct question *q)
{
	BerElement *ber = begin_entry(q->id, "");

	put(ber, q, "vendorName", "Script");
	put(ber, q, "supportedLDAPVersion", "3");
	put(ber, q, "namingContexts", "dc=fake");
	if (!script.no_pages)
		put(ber, q, "supportedControl", LDAP_CONTROL_PAGEDRESULTS);
	return end_entry(ber);
}

/* ---- what goes wrong ---- */

static void send_garbage(struct conversation *c, BerElement *ber)
{
	static const unsigned char huge[] = { 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01 };
	static const char nothing[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct berval bytes;

	if (ber_flatten2(ber, &bytes, 0) < 0)
		abort();
	switch (script.garbage) {
	case GARBAGE_LENGTH:
		send_bytes(c, huge, sizeof(huge));
		break;
	case GARBAGE_NO_BER:
		send_bytes(c, nothing, sizeof(nothing) - 1);
		break;
	case GARBAGE_INNER:
		/* the length of the entry, behind that of the message and the number of it, grows beyond both */
		for (size_t i = 2; i < bytes.bv_len; i++)
			if ((unsigned char)bytes.bv_val[i] == LDAP_RES_SEARCH_ENTRY) {
				bytes.bv_val[i + 1] = (char)0x82;
				bytes.bv_val[i + 2] = (char)0x7f;
				break;
			}
		send_bytes(c, bytes.bv_val, bytes.bv_len);
		break;
	default:
		send_bytes(c, bytes.bv_val, bytes.bv_len / 2);
		break;
	}
	ber_free(ber, 1);
	if (script.garbage == GARBAGE_INNER)
		return; /* the message has its length, and the next one begins where it should */
	shutdown(c->fd, SHUT_WR);
	c->ended = true;
}

/* Of the question before this one, which has had its answer. */
static void send_stale(struct conversation *c, const struct question *q)
{
	struct question before = *q;

	before.id = q->id - 1;
	send_element(c, person(&before, 999999));
	send_result(c, before.id, LDAP_RES_SEARCH_RESULT, LDAP_SUCCESS);
}

/* ---- searches ---- */

static void end_page(struct conversation *c, const struct question *q, int code, int next)
{
	BerElement *ber = element(), *value = element();
	size_t size = script.cookie_size > COOKIE_LEAST ? script.cookie_size : COOKIE_LEAST;
	char *cookie = calloc(1, size + 1);
	struct berval bytes;

	if (!cookie)
		abort();
	memset(cookie, '.', size);
	snprintf(cookie, COOKIE_LEAST, "%d ", next);
	cookie[strlen(cookie)] = '.';
	ber_printf(value, "{io}", (ber_int_t)0, cookie, (ber_len_t)(next > 0 ? size : 0));
	if (ber_flatten2(value, &bytes, 0) < 0)
		abort();
	ber_printf(ber, "{it{ess}t{{sO}}}", q->id, (ber_tag_t)LDAP_RES_SEARCH_RESULT, (ber_int_t)code, "", "", (ber_tag_t)LDAP_TAG_CONTROLS,
		   LDAP_CONTROL_PAGEDRESULTS, &bytes);
	send_element(c, ber);
	ber_free(value, 1);
	free(cookie);
}

static void refer(struct conversation *c, const struct question *q)
{
	BerElement *ber = element();

	ber_printf(ber, "{it{s}}", q->id, (ber_tag_t)LDAP_RES_SEARCH_REFERENCE, "ldap://child.fake/ou=people,dc=child,dc=fake");
	send_element(c, ber);
}

/* Everybody, or a page of them. */
static void answer_people(struct conversation *c, const struct question *q)
{
	int first = q->paged ? q->from : 0, end = script.people, code = LDAP_SUCCESS;

	searches++;
	if (q->paged && script.page_refused > 0 && q->page_size > script.page_refused) {
		end_page(c, q, LDAP_ADMINLIMIT_EXCEEDED, 0);
		return;
	}
	if (q->paged && first + q->page_size < end)
		end = first + q->page_size;
	if (q->paged && script.page_most > 0 && first + script.page_most < end)
		end = first + script.page_most;
	if (!q->paged && script.unpaged_most > 0 && script.unpaged_most < end) {
		end = script.unpaged_most;
		code = LDAP_SIZELIMIT_EXCEEDED;
	}
	for (int i = first; i < end && !c->ended; i++) {
		if (script.stale && i % 7 == 3)
			send_stale(c, q);
		if (script.garbage != GARBAGE_NONE && i + 1 == script.garbage_at && searches == script.garbage_search)
			send_garbage(c, person(q, i + 1));
		else
			send_element(c, person(q, i + 1));
	}
	if (script.refers && end == script.people)
		refer(c, q);
	if (q->paged)
		end_page(c, q, code, end < script.people ? end : 0);
	else
		send_result(c, q->id, LDAP_RES_SEARCH_RESULT, code);
}

/* One entry, or none. */
static void answer_one(struct conversation *c, const struct question *q, BerElement *entry)
{
	if (entry)
		send_element(c, entry);
	if (q->paged)
		end_page(c, q, entry ? LDAP_SUCCESS : LDAP_NO_SUCH_OBJECT, 0);
	else
		send_result(c, q->id, LDAP_RES_SEARCH_RESULT, entry ? LDAP_SUCCESS : LDAP_NO_SUCH_OBJECT);
}

static void answer_search(struct conversation *c, const struct question *q)
{
	bool base = q->scope == LDAP_SCOPE_BASE;
	int number;

	if (q->critical)
		send_result(c, q->id, LDAP_RES_SEARCH_RESULT, LDAP_UNAVAILABLE_CRITICAL_EXTENSION);
	else if (!strstr(q->filter, "objectClass"))
		send_result(c, q->id, LDAP_RES_SEARCH_RESULT, LDAP_UNWILLING_TO_PERFORM);
	else if (base && q->base[0] == '\0')
		answer_one(c, q, root(q));
	else if (strcasecmp(q->base, SCRIPT_PEOPLE) == 0 && !base)
		answer_people(c, q);
	else if (strcasecmp(q->base, SCRIPT_PEOPLE) == 0)
		answer_one(c, q, place(q, "00000000-0000-4000-a000-000000000001"));
	else if (strcasecmp(q->base, SCRIPT_GROUPS) == 0 && base)
		answer_one(c, q, place(q, "00000000-0000-4000-a000-000000000002"));
	else if (strcasecmp(q->base, SCRIPT_GROUPS) == 0 || strcasecmp(q->base, "cn=all," SCRIPT_GROUPS) == 0)
		answer_one(c, q, group(q));
	else if (base && sscanf(q->base, "uid=p%06d,", &number) == 1 && number >= 1 && number <= script.people)
		answer_one(c, q, person(q, number));
	else
		answer_one(c, q, NULL);
}

/* ---- questions ---- */

static void read_pages(struct question *q, struct berval *value)
{
	BerElement *ber = ber_init(value);
	struct berval cookie = { 0, NULL };

	if (!ber || ber_scanf(ber, "{im}", &q->page_size, &cookie) == LBER_ERROR)
		abort();
	q->paged = true;
	q->from = cookie.bv_len > 0 ? atoi(cookie.bv_val) : 0;
	ber_free(ber, 1);
}

static void read_controls(BerElement *ber, struct question *q)
{
	ber_len_t length;
	char *end;

	if (ber_peek_tag(ber, &length) != LDAP_TAG_CONTROLS)
		return;
	for (ber_tag_t tag = ber_first_element(ber, &length, &end); tag != LBER_DEFAULT; tag = ber_next_element(ber, &length, end)) {
		struct berval oid, value = { 0, NULL };
		ber_int_t critical = 0;

		if (ber_scanf(ber, "{m", &oid) == LBER_ERROR)
			abort();
		if (ber_peek_tag(ber, &length) == LBER_BOOLEAN)
			ber_scanf(ber, "b", &critical);
		if (ber_peek_tag(ber, &length) == LBER_OCTETSTRING)
			ber_scanf(ber, "m", &value);
		if (oid.bv_len == strlen(LDAP_CONTROL_PAGEDRESULTS) && memcmp(oid.bv_val, LDAP_CONTROL_PAGEDRESULTS, oid.bv_len) == 0) {
			q->critical = critical != 0 && script.no_pages;
			if (!script.no_pages)
				read_pages(q, &value);
		}
	}
}

static void take_search(struct conversation *c, BerElement *ber, ber_int_t id)
{
	struct question q = { .id = id };
	struct berval base, filter;
	ber_int_t deref, size, time, types;

	if (ber_scanf(ber, "{meeiib", &base, &q.scope, &deref, &size, &time, &types) == LBER_ERROR ||
	    ber_skip_raw(ber, &filter) == LBER_ERROR || ber_scanf(ber, "{v}}", &q.attributes) == LBER_ERROR)
		abort();
	snprintf(q.base, sizeof(q.base), "%.*s", (int)base.bv_len, base.bv_val);
	for (size_t i = 0; i < filter.bv_len && i < sizeof(q.filter) - 1; i++)
		q.filter[i] = filter.bv_val[i] ? filter.bv_val[i] : ' ';
	read_controls(ber, &q);
	answer_search(c, &q);
	ber_memvfree((void **)q.attributes);
}

static void tell_who(struct conversation *c, ber_int_t id)
{
	BerElement *ber = element();

	ber_printf(ber, "{it{essts}}", id, (ber_tag_t)LDAP_RES_EXTENDED, (ber_int_t)LDAP_SUCCESS, "", "",
		   (ber_tag_t)LDAP_TAG_EXOP_RES_VALUE, "dn:cn=sync,dc=fake");
	send_element(c, ber);
}

static void take(struct conversation *c, BerElement *ber)
{
	ber_int_t id;
	ber_len_t length;

	if (ber_scanf(ber, "i", &id) == LBER_ERROR)
		abort();
	switch (ber_peek_tag(ber, &length)) {
	case LDAP_REQ_BIND:
		send_result(c, id, LDAP_RES_BIND, LDAP_SUCCESS);
		break;
	case LDAP_REQ_SEARCH:
		take_search(c, ber, id);
		break;
	case LDAP_REQ_EXTENDED:
		tell_who(c, id);
		break;
	case LDAP_REQ_ABANDON:
		break;
	default:
		c->ended = true;
		break;
	}
}

static void converse(int fd)
{
	struct conversation c = { .fd = fd };
	Sockbuf *socket = ber_sockbuf_alloc();
	ber_len_t length;
	int at_once = 1;

	if (!socket || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)) < 0)
		abort();
	ber_sockbuf_add_io(socket, &ber_sockbuf_io_tcp, LBER_SBIOD_LEVEL_PROVIDER, &fd);
	while (!c.ended) {
		BerElement *ber = element();
		ber_tag_t tag;

		do {
			errno = 0; /* a part of a message has come: it says EWOULDBLOCK, and goes on with the same element */
			tag = ber_get_next(socket, &length, ber);
		} while (tag == LBER_DEFAULT && errno == EWOULDBLOCK);
		if (tag == LDAP_TAG_MESSAGE)
			take(&c, ber);
		else
			c.ended = true;
		ber_free(ber, 1);
	}
	ber_sockbuf_free(socket); /* closes it */
}

static void *serve(void *nothing)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		converse(fd);
	return nothing;
}

void ldap_script_start(const struct ldap_script *wanted)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	script = *wanted;
	searches = 0;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 8) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 || pthread_create(&thread, NULL, serve, NULL) != 0)
		abort();
	snprintf(url, sizeof(url), "ldap://127.0.0.1:%d", ntohs(address.sin_port));
}

const char *ldap_script_url(void)
{
	return url;
}

int ldap_script_searches(void)
{
	return searches;
}

void ldap_script_stop(void)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
}
