/* Stands between an LDAP client and a real server, and misbehaves.  Usage: ldap_proxy SERVER-PORT SCRIPT
 *
 * Listens on a free port of 127.0.0.1, prints it, and serves until its standard input ends. Each connection reads SCRIPT anew when
 * it is accepted: a fault a line, "verb AT [N [TEXT]]". AT counts the requests for a page (searches with the control of RFC 2696) of
 * that connection from 1; other searches pass, unless the verb says "everywhere". What a fault did is appended to SCRIPT.log, one
 * line a connection: "pages P entries E bytes B fired VERBS", so that a test can see that it met with it.
 *
 *   empty AT           page AT is nobody, success, and the last
 *   short AT           page AT comes, and says that it is the last
 *   uncontrolled AT    page AT comes without the control that says where the next begins
 *   limit AT N         after AT entries the result is N (4 size, 3 time, 11 administrative limit)
 *   result AT N        page AT is the result N and nothing else (10 with a referral, 32 with a matched name)
 *   references AT N    N references to other servers in page AT
 *   lose AT N          from page AT on every Nth entry is left out of pages, by its name
 *   hide AT N          every entry whose name falls so is left out everywhere: rights that were narrowed. AT is the seed
 *   twice AT           page AT brings the entries of the page before in place of its own
 *   again AT           page AT brings its entries two times
 *   same_cookie AT     page AT comes again and again, its cookie the same
 *   endless AT         nothing comes after page AT, and never ends: each page has a new cookie
 *   ring AT            after page AT its entries come again and again, each time with a new cookie
 *   wrong_id AT        page AT answers a search that nobody sent
 *   other_id AT        page AT answers the search before
 *   cut AT             hangs up when page AT is asked for
 *   cut_inside AT      hangs up after the first entry of page AT
 *   cut_byte AT        hangs up after AT bytes, whatever they are
 *   reset_byte AT      the same, rudely
 *   freeze AT          says nothing more when page AT is asked for
 *   freeze_byte AT     the same after AT bytes
 *   delay AT N         N milliseconds before page AT
 *   garbage AT N       N random bytes in place of page AT
 *   oversized AT       page AT begins with a message of two thousand million bytes
 *   nested AT          page AT has lengths within that are longer than what is around them
 *   clock AT N         from page AT on, times in entries are N years off, everywhere
 *   run AT N COMMAND   COMMAND is run by the shell when page AT is asked for; then the page comes */
#include "platform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RULES_MOST = 16, MESSAGE_MOST = 64 << 20, READ_SIZE = 65536 };

/* Tags of RFC 4511. */
enum {
	LDAP_ENTRY = 0x64,
	LDAP_DONE = 0x65,
	LDAP_REFERENCE = 0x73,
	LDAP_SEARCH = 0x63,
	LDAP_CONTROLS = 0xa0,
};

#define PAGES "1.2.840.113556.1.4.319"

struct bytes {
	unsigned char *at;
	size_t size, room;
};

struct rule {
	char verb[32];
	long at, n;
	char text[512];
	bool fired;
};

struct message {
	const unsigned char *at; /* as it came */
	size_t size;
	long id;
	const unsigned char *op; /* the operation and what stands behind it */
	size_t op_size;
};

struct connection {
	int client, server;
	struct bytes from_client, from_server;
	struct rule rules[RULES_MOST];
	int rule_count;
	long page, page_id; /* requests for pages; the id of the last */
	bool finished;	    /* we have ended the page ourselves: the rest of the server's is dropped */
	unsigned long entries, in_page, sent, made_cookies;
	struct bytes current, before; /* entries of this page and of the page before, each with its length */
};

static FILE *log_file;

/* ---- bytes ---- */

static void add(struct bytes *bytes, const void *more, size_t size)
{
	if (bytes->size + size > bytes->room) {
		bytes->room = (bytes->size + size) * 2 + 256;
		bytes->at = realloc(bytes->at, bytes->room);
		if (!bytes->at)
			abort();
	}
	if (size > 0)
		memcpy(bytes->at + bytes->size, more, size);
	bytes->size += size;
}

static void drop(struct bytes *bytes, size_t size)
{
	memmove(bytes->at, bytes->at + size, bytes->size - size);
	bytes->size -= size;
}

static void clear(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){ 0 };
}

/* Definite lengths of four bytes are always allowed (X.690, 8.1.3.5). */
static void add_tlv(struct bytes *bytes, unsigned char tag, const void *value, size_t size)
{
	const unsigned char head[6] = { tag,
					0x84,
					(unsigned char)(size >> 24),
					(unsigned char)(size >> 16),
					(unsigned char)(size >> 8),
					(unsigned char)size };

	add(bytes, head, sizeof(head));
	add(bytes, value, size);
}

static void add_number(struct bytes *bytes, unsigned char tag, long number)
{
	const unsigned char value[4] = { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
					 (unsigned char)(number >> 8), (unsigned char)number };

	add_tlv(bytes, tag, value, sizeof(value));
}

/* Reads a tag and a length. The size of both, 0: there is not enough yet, or it is nothing that we know. */
static size_t read_head(const unsigned char *at, size_t size, unsigned char *ret_tag, size_t *ret_length)
{
	size_t many, length = 0;

	if (size < 2)
		return 0;
	*ret_tag = at[0];
	if (at[1] < 0x80) {
		*ret_length = at[1];
		return 2;
	}
	many = at[1] & 0x7f;
	if (many == 0 || many > 4 || size < 2 + many)
		return 0;
	for (size_t i = 0; i < many; i++)
		length = length << 8 | at[2 + i];
	*ret_length = length;
	return 2 + many;
}

/* 1: a whole message is there. */
static int read_message(const struct bytes *from, struct message *ret)
{
	unsigned char tag;
	size_t length, head = read_head(from->at, from->size, &tag, &length), id_head, id_length;

	if (head == 0 || length > MESSAGE_MOST || from->size < head + length)
		return 0;
	ret->at = from->at;
	ret->size = head + length;
	id_head = read_head(from->at + head, length, &tag, &id_length);
	ret->id = 0;
	for (size_t i = 0; i < id_length; i++)
		ret->id = ret->id << 8 | from->at[head + id_head + i];
	ret->op = from->at + head + id_head + id_length;
	ret->op_size = length - id_head - id_length;
	return 1;
}

/* ---- rules ---- */

static void read_script(struct connection *c, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[700];

	while (file && c->rule_count < RULES_MOST && fgets(line, sizeof(line), file)) {
		struct rule *rule = &c->rules[c->rule_count];

		*rule = (struct rule){ .verb = "" };
		if (sscanf(line, "%31s %ld %ld %511[^\n]", rule->verb, &rule->at, &rule->n, rule->text) >= 2 &&
		    rule->verb[0] != '#')
			c->rule_count++;
	}
	if (file)
		fclose(file);
}

static struct rule *find(struct connection *c, const char *verb)
{
	for (int i = 0; i < c->rule_count; i++)
		if (strcmp(c->rules[i].verb, verb) == 0)
			return &c->rules[i];
	return NULL;
}

/* The rule, if it is about this page; it is then said to have been met with. */
static struct rule *now(struct connection *c, const char *verb)
{
	struct rule *rule = find(c, verb);

	if (!rule || rule->at != c->page)
		return NULL;
	rule->fired = true;
	return rule;
}

/* The rule, if it is about this page or one before. */
static struct rule *since(struct connection *c, const char *verb)
{
	struct rule *rule = find(c, verb);

	if (!rule || c->page < rule->at)
		return NULL;
	rule->fired = true;
	return rule;
}

/* FNV-1a */
static unsigned long hash(const unsigned char *at, size_t size, unsigned long seed)
{
	unsigned long value = 14695981039346656037UL ^ seed;

	for (size_t i = 0; i < size; i++)
		value = (value ^ at[i]) * 1099511628211UL;
	return value ^ value >> 29;
}

/* ---- sending ---- */

__attribute__((noreturn)) static void end(struct connection *c)
{
	fprintf(log_file, "pages %ld entries %lu bytes %lu fired", c->page, c->entries, c->sent);
	for (int i = 0; i < c->rule_count; i++)
		if (c->rules[i].fired)
			fprintf(log_file, " %s", c->rules[i].verb);
	fprintf(log_file, "\n");
	fflush(log_file);
	close(c->client);
	close(c->server);
	_exit(0);
}

/* Until the other side has had enough. */
__attribute__((noreturn)) static void freeze(struct connection *c)
{
	struct pollfd gone = { .fd = c->client, .events = POLLRDHUP };

	while (poll(&gone, 1, -1) < 0 && errno == EINTR)
		;
	end(c);
}

static void write_all(struct connection *c, int fd, const unsigned char *at, size_t size)
{
	while (size > 0) {
		ssize_t put = send(fd, at, size, MSG_NOSIGNAL);

		if (put <= 0)
			end(c);
		at += put;
		size -= (size_t)put;
	}
}

/* The rule of this name, if these bytes reach the byte that it names; *size is cut to there. */
static bool reaches(struct connection *c, const char *verb, size_t *size)
{
	struct rule *rule = find(c, verb);

	if (!rule || c->sent + *size < (unsigned long)rule->at)
		return false;
	*size = (unsigned long)rule->at > c->sent ? (size_t)((unsigned long)rule->at - c->sent) : 0;
	rule->fired = true;
	return true;
}

static void give(struct connection *c, const void *at, size_t size)
{
	bool cut = reaches(c, "cut_byte", &size), reset = reaches(c, "reset_byte", &size),
	     frozen = reaches(c, "freeze_byte", &size);

	write_all(c, c->client, at, size);
	c->sent += size;
	if (reset)
		setsockopt(c->client, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	if (cut || reset)
		end(c);
	if (frozen)
		freeze(c);
}

/* A message with this id. */
static void give_message(struct connection *c, long id, const unsigned char *op, size_t size)
{
	struct bytes inner = { 0 }, outer = { 0 };

	add_number(&inner, 0x02, id);
	add(&inner, op, size);
	add_tlv(&outer, 0x30, inner.at, inner.size);
	give(c, outer.at, outer.size);
	clear(&inner);
	clear(&outer);
}

/* cookie NULL: without the control. */
static void give_done(struct connection *c, long id, long code, const char *matched, const char *said, const char *referral,
		      const char *cookie)
{
	struct bytes result = { 0 }, op = { 0 }, inner = { 0 }, value = { 0 }, control = { 0 }, one = { 0 };

	add_number(&result, 0x0a, code);
	add_tlv(&result, 0x04, matched, strlen(matched));
	add_tlv(&result, 0x04, said, strlen(said));
	if (referral) {
		add_tlv(&inner, 0x04, referral, strlen(referral));
		add_tlv(&result, 0xa3, inner.at, inner.size);
		clear(&inner);
	}
	add_tlv(&op, LDAP_DONE, result.at, result.size);
	if (cookie) {
		add_number(&inner, 0x02, 0);
		add_tlv(&inner, 0x04, cookie, strlen(cookie));
		add_tlv(&value, 0x30, inner.at, inner.size);
		add_tlv(&one, 0x04, PAGES, strlen(PAGES));
		add_tlv(&one, 0x04, value.at, value.size);
		add_tlv(&control, 0x30, one.at, one.size);
		add_tlv(&op, LDAP_CONTROLS, control.at, control.size);
	}
	give_message(c, id, op.at, op.size);
	clear(&result);
	clear(&op);
	clear(&inner);
	clear(&value);
	clear(&control);
	clear(&one);
}

static const char *new_cookie(struct connection *c)
{
	static char cookie[32];

	snprintf(cookie, sizeof(cookie), "made up %lu", ++c->made_cookies);
	return cookie;
}

/* ---- pages ---- */

static void keep(struct bytes *page, const struct message *m)
{
	add(page, &m->op_size, sizeof(m->op_size));
	add(page, m->op, m->op_size);
}

static void give_kept(struct connection *c, const struct bytes *page)
{
	for (size_t at = 0, size; at < page->size; at += sizeof(size) + size) {
		memcpy(&size, page->at + at, sizeof(size));
		give_message(c, c->page_id, page->at + at + sizeof(size), size);
	}
}

static void give_garbage(struct connection *c, const struct rule *rule)
{
	unsigned long value = (unsigned long)rule->n * 2654435761UL + 1;

	for (long i = 0; i < rule->n; i++) {
		unsigned char byte;

		value = value * 6364136223846793005UL + 1442695040888963407UL;
		byte = (unsigned char)(value >> 56);
		give(c, &byte, 1);
	}
}

static void give_references(struct connection *c, long many)
{
	static const char where[] = "ldap://elsewhere.example/ou=people,dc=elsewhere,dc=example";

	while (many-- > 0) {
		struct bytes inner = { 0 }, op = { 0 };

		add_tlv(&inner, 0x04, where, strlen(where));
		add_tlv(&op, LDAP_REFERENCE, inner.at, inner.size);
		give_message(c, c->page_id, op.at, op.size);
		clear(&inner);
		clear(&op);
	}
}

/* A request for a page. 1: we have answered it ourselves. */
static int answer_page(struct connection *c)
{
	static const unsigned char oversized[] = { 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01, 0x03, 0x64 };
	static const unsigned char nested[] = { 0x64, 0x10, 0x04, 0x7e, 'u', 'i', 'd', '=', 'x', 0x30,
						0x84, 0x00, 0xff, 0xff, 0xff, 0x30, 0x00, 0x00 };
	struct rule *rule;

	if (now(c, "cut"))
		end(c);
	if (now(c, "freeze"))
		freeze(c);
	if ((rule = now(c, "delay")))
		usleep((useconds_t)rule->n * 1000);
	if ((rule = now(c, "run")) && system(rule->text) != 0)
		rule->fired = false;
	if ((rule = now(c, "garbage")))
		give_garbage(c, rule);
	if (now(c, "oversized"))
		give(c, oversized, sizeof(oversized));
	if (now(c, "nested"))
		give_message(c, c->page_id, nested, sizeof(nested));
	if ((rule = now(c, "result"))) {
		give_done(c, c->page_id, rule->n, rule->n == 32 ? "dc=example" : "", "says the proxy",
			  rule->n == 10 ? "ldap://elsewhere.example/" : NULL, NULL);
		return 1;
	}
	if (now(c, "empty")) {
		give_done(c, c->page_id, 0, "", "", NULL, "");
		return 1;
	}
	rule = find(c, "same_cookie");
	if (!rule)
		rule = find(c, "ring");
	if (!rule)
		rule = find(c, "endless");
	if (!rule || c->page <= rule->at)
		return 0;
	rule->fired = true;
	if (strcmp(rule->verb, "endless") != 0)
		give_kept(c, &c->before);
	give_done(c, c->page_id, 0, "", "", NULL, strcmp(rule->verb, "same_cookie") == 0 ? "the same" : new_cookie(c));
	return 1;
}

static bool is_page(const struct message *m)
{
	return m->op[0] == LDAP_SEARCH && memmem(m->op, m->op_size, PAGES, strlen(PAGES));
}

static void take_request(struct connection *c, const struct message *m)
{
	if (is_page(m)) {
		bool repeats = find(c, "same_cookie") || find(c, "ring");

		c->page++;
		c->page_id = m->id;
		c->finished = false;
		c->in_page = 0;
		if (!repeats || c->page <= 2 || c->current.size > 0) {
			clear(&c->before);
			c->before = c->current;
			c->current = (struct bytes){ 0 };
		}
		if (answer_page(c) == 1)
			return;
	}
	write_all(c, c->server, m->at, m->size);
}

/* The name of an entry. */
static const unsigned char *name_of(const struct message *m, size_t *ret_size)
{
	unsigned char tag;
	size_t length, head = read_head(m->op, m->op_size, &tag, &length),
		       inner = read_head(m->op + head, m->op_size - head, &tag, ret_size);

	return m->op + head + inner;
}

static bool is_hidden(struct connection *c, const struct message *m)
{
	struct rule *hide = find(c, "hide"), *lose = m->id == c->page_id ? since(c, "lose") : NULL;
	size_t size;
	const unsigned char *name = name_of(m, &size);

	if (lose && hash(name, size, (unsigned long)c->page) % (unsigned long)lose->n == 0)
		return true;
	if (!hide || size < 4 || memcmp(name, "uid=", 4) != 0 || hash(name, size, (unsigned long)hide->at) % (unsigned long)hide->n != 0)
		return false;
	return hide->fired = true;
}

/* "20261129091407Z" and "20261129091407.123456Z": the year is another one. */
static void shift_years(struct connection *c, unsigned char *op, size_t size)
{
	struct rule *rule = since(c, "clock");

	for (size_t at = 0; rule && at + 15 <= size; at++) {
		size_t digits = 0;
		char year[8];

		while (digits < 14 && op[at + digits] >= '0' && op[at + digits] <= '9')
			digits++;
		if (digits < 14 || (op[at + 14] != 'Z' && op[at + 14] != '.')) {
			at += digits;
			continue;
		}
		memcpy(year, op + at, 4);
		year[4] = '\0';
		snprintf(year, sizeof(year), "%04ld", (strtol(year, NULL, 10) + rule->n) % 10000);
		memcpy(op + at, year, 4);
		at += 14;
	}
}

static void take_entry(struct connection *c, const struct message *m)
{
	struct rule *limit = find(c, "limit");
	bool of_page = m->id == c->page_id;
	struct message changed = *m;
	unsigned char *op;

	if (is_hidden(c, m))
		return;
	op = malloc(m->op_size);
	if (!op)
		abort();
	memcpy(op, m->op, m->op_size);
	shift_years(c, op, m->op_size);
	changed.op = op;
	if (of_page && limit && c->entries >= (unsigned long)limit->at) {
		limit->fired = true;
		give_done(c, m->id, limit->n, "", "", NULL, NULL);
		c->finished = true;
	}
	if (of_page && !c->finished) {
		c->entries++;
		c->in_page++;
		keep(&c->current, &changed);
	}
	if (!of_page || (!c->finished && !now(c, "twice")))
		give_message(c, of_page && now(c, "wrong_id") ? m->id + 1000 : of_page && now(c, "other_id") ? m->id - 1 : m->id,
			     changed.op, changed.op_size);
	free(op);
	if (of_page && now(c, "cut_inside"))
		end(c);
}

static void take_done(struct connection *c, const struct message *m)
{
	struct rule *references = now(c, "references");

	if (references)
		give_references(c, references->n);
	if (now(c, "twice"))
		give_kept(c, &c->before);
	if (now(c, "again"))
		give_kept(c, &c->current);
	if (now(c, "short"))
		give_done(c, m->id, 0, "", "", NULL, "");
	else if (now(c, "uncontrolled"))
		give_done(c, m->id, 0, "", "", NULL, NULL);
	else if (now(c, "same_cookie"))
		give_done(c, m->id, 0, "", "", NULL, "the same");
	else if (now(c, "ring") || now(c, "endless"))
		give_done(c, m->id, 0, "", "", NULL, new_cookie(c));
	else
		give_message(c, now(c, "wrong_id") ? m->id + 1000 : now(c, "other_id") ? m->id - 1 : m->id, m->op, m->op_size);
}

static void take_answer(struct connection *c, const struct message *m)
{
	bool of_page = m->id == c->page_id && c->page > 0;

	if (of_page && c->finished)
		return;
	if (m->op[0] == LDAP_ENTRY)
		take_entry(c, m);
	else if (m->op[0] == LDAP_DONE && of_page)
		take_done(c, m);
	else
		give(c, m->at, m->size);
}

/* ---- a connection ---- */

/* Reads what there is and hands over what is whole. False: that side has ended. */
static bool take_in(struct connection *c, int fd, struct bytes *bytes, void (*take)(struct connection *, const struct message *))
{
	unsigned char more[READ_SIZE];
	struct message message;
	ssize_t got = recv(fd, more, sizeof(more), 0);

	if (got <= 0)
		return false;
	add(bytes, more, (size_t)got);
	while (read_message(bytes, &message) == 1) {
		take(c, &message);
		drop(bytes, message.size);
	}
	return true;
}

static int connect_to(int port)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&where, sizeof(where)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

__attribute__((noreturn)) static void serve(int client, int server_port, const char *script)
{
	struct connection c = { .client = client, .server = connect_to(server_port) };

	read_script(&c, script);
	if (c.server < 0)
		end(&c);
	for (;;) {
		struct pollfd fds[2] = { { .fd = c.client, .events = POLLIN }, { .fd = c.server, .events = POLLIN } };

		if (poll(fds, 2, -1) < 0)
			continue;
		if ((fds[0].revents && !take_in(&c, c.client, &c.from_client, take_request)) ||
		    (fds[1].revents && !take_in(&c, c.server, &c.from_server, take_answer)))
			end(&c);
	}
}

static int listen_here(int *ret_port)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&where, size) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&where, &size) < 0)
		return -1;
	*ret_port = ntohs(where.sin_port);
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	char path[4096], nothing[256];
	int port;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "%s.log", argv[2]);
	log_file = fopen(path, "ae");
	fds[1].fd = listen_here(&port);
	if (!log_file || fds[1].fd < 0) {
		perror("ldap_proxy");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN);
	printf("%d\n", port);
	fflush(stdout);
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents && read(STDIN_FILENO, nothing, sizeof(nothing)) <= 0)
			return 0;
		if (fds[1].revents) {
			int client = accept(fds[1].fd, NULL, NULL);

			if (client >= 0 && fork() == 0) {
				signal(SIGCHLD, SIG_DFL);
				serve(client, atoi(argv[1]), argv[2]);
			}
			close(client);
		}
	}
}
