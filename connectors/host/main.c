/* rosterd-connector: the child that loads one plug-in and serves one call at a time.
 *
 * Started by the daemon alone, with a socket (3) and the plug-in's file (4). It says what the plug-in is, and then
 * answers one request after the other until the socket ends: plain, blocking, single-threaded. */
#include "host/call.h"
#include "host/confine.h"

#include "base/clock.h"
#include "base/text.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	EXIT_BROKEN = 3,         /* daemon and child do not understand each other */
	NOTIFICATIONS_SINCE = 3, /* the minor ABI; what stood there before was never called */
	SIGN_ON_SINCE = 5,       /* the same */
};

/* WIRE_TYPE of a WIRE_SIGN. */
enum { SIGN_BEGIN = 1, SIGN_FINISH, SIGN_DESCRIBE, SIGN_LOGOUT, SIGN_PASSWORD, SIGN_ENDED };

/* The plug-in, with the members that it does not know of left at zero. */
struct plugin {
	const char *file;
	struct roster_connector connector;
	struct roster_directory directory;
	struct roster_watch watch;
	struct roster_notifications notifications;
	struct roster_delivery delivery;
	struct roster_sign_on sign_on;
	void *self;
	bool open;
};

/* ---- loading ---- */

static void copy_known(void *to, size_t room, const void *from, size_t size)
{
	memcpy(to, from, size < room ? size : room);
}

static int check_abi(const struct plugin *plugin, const struct roster_connector *found, struct error *e)
{
	if (found->abi_major != ROSTER_ABI_MAJOR || found->abi_minor > ROSTER_ABI_MINOR)
		return error_set(e, ERROR_INPUT, "child.abi",
		                 "plug-in \"%s\" was built for connector ABI %u.%u; this rosterd has %d.%d (same major, minor "
		                 "not above); build it again with this version's connector.h",
		                 plugin->file, found->abi_major, found->abi_minor, ROSTER_ABI_MAJOR, ROSTER_ABI_MINOR);
	if (found->size < offsetof(struct roster_connector, directory) || !found->name || !found->title || !found->open)
		return error_set(e, ERROR_INPUT, "child.abi",
		                 "plug-in \"%s\" lacks size, name, title or open in its roster_connector", plugin->file);
	return 0;
}

static int check_place(const struct roster_connector *connector, struct error *e)
{
	for (const char *const *place = connector->place; place && *place; place++) {
		const struct roster_setting *setting = connector->settings;

		while (setting && setting->name && !text_equal(setting->name, *place))
			setting++;
		if (!setting || !setting->name)
			return error_set(e, ERROR_INPUT, "child.place", "its place names a setting \"%.100s\", which it has not", *place);
	}
	return 0;
}

/* By descriptor, so that what is loaded is the file that the daemon opened, whatever has been put in its place. */
static int load(struct plugin *plugin, struct error *e)
{
	const struct roster_connector *found;
	char path[32];
	void *library;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", WIRE_PLUGIN_FD);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return error_set(e, ERROR_INPUT, "child.load", "plug-in \"%s\" cannot be loaded: %s", plugin->file, dlerror());
	close(WIRE_PLUGIN_FD);
	found = dlsym(library, "roster_connector");
	if (!found)
		return error_set(e, ERROR_INPUT, "child.load", "plug-in \"%s\" exports no symbol \"roster_connector\"",
		                 plugin->file);
	if (check_abi(plugin, found, e) < 0)
		return -1;
	copy_known(&plugin->connector, sizeof(plugin->connector), found, found->size);
	if (plugin->connector.directory)
		copy_known(&plugin->directory, sizeof(plugin->directory), plugin->connector.directory,
		           plugin->connector.directory->size);
	if (plugin->connector.watch)
		copy_known(&plugin->watch, sizeof(plugin->watch), plugin->connector.watch, plugin->connector.watch->size);
	if (found->abi_minor < NOTIFICATIONS_SINCE)
		plugin->connector.notifications = NULL;
	if (plugin->connector.notifications)
		copy_known(&plugin->notifications, sizeof(plugin->notifications), plugin->connector.notifications,
		           plugin->connector.notifications->size);
	if (found->abi_minor < SIGN_ON_SINCE)
		plugin->connector.sign_on = NULL;
	if (plugin->connector.sign_on)
		copy_known(&plugin->sign_on, sizeof(plugin->sign_on), plugin->connector.sign_on, plugin->connector.sign_on->size);
	if (plugin->connector.delivery)
		copy_known(&plugin->delivery, sizeof(plugin->delivery), plugin->connector.delivery, plugin->connector.delivery->size);
	return check_place(&plugin->connector, e);
}

/* ---- saying what the plug-in is ---- */

static int64_t abilities(const struct roster_connector *connector)
{
	return (connector->directory ? WIRE_DIRECTORY : 0) | (connector->watch ? WIRE_WATCH : 0) |
	       (connector->sign_on ? WIRE_SIGN_ON : 0) | (connector->notifications ? WIRE_NOTIFICATIONS : 0) |
	       (connector->delivery ? WIRE_DELIVERY : 0);
}

static bool is_place(const struct roster_connector *connector, const char *name)
{
	for (const char *const *place = connector->place; place && *place; place++)
		if (text_equal(*place, name))
			return true;
	return false;
}

static int describe_setting(struct wire_writer *writer, const struct roster_connector *connector,
                            const struct roster_setting *setting, struct error *e)
{
	wire_begin(writer, WIRE_SETTING);
	wire_put_text(writer, WIRE_NAME, setting->name);
	wire_put_number(writer, WIRE_TYPE, setting->type);
	wire_put_text(writer, WIRE_WORDS, setting->words_for_people);
	wire_put_number(writer, WIRE_REQUIRED, setting->required != 0);
	wire_put_text(writer, WIRE_FALLBACK, setting->fallback);
	wire_put_number(writer, WIRE_PLACE, is_place(connector, setting->name));
	for (const char *const *word = setting->words; word && *word; word++)
		wire_put_text(writer, WIRE_WORD, *word);
	return wire_end(writer, e);
}

static int describe(struct wire_writer *writer, const struct plugin *plugin, struct error *e)
{
	const struct roster_connector *connector = &plugin->connector;

	wire_begin(writer, WIRE_PLUGIN);
	wire_put_number(writer, WIRE_ABI_MAJOR, connector->abi_major);
	wire_put_number(writer, WIRE_ABI_MINOR, connector->abi_minor);
	wire_put_text(writer, WIRE_NAME, connector->name);
	wire_put_text(writer, WIRE_TITLE, connector->title);
	wire_put_number(writer, WIRE_ABILITIES, abilities(connector));
	wire_put_number(writer, WIRE_SCOPES, plugin->directory.scopes);
	if (plugin->notifications.subscribe && plugin->notifications.renew && plugin->notifications.unsubscribe)
		wire_put_number(writer, WIRE_AFTER_MS, plugin->notifications.renew_after_s * INT64_C(1000));
	if (connector->sign_on)
		wire_put_number(writer, WIRE_NETWORK, plugin->sign_on.needs_network);
	if (wire_end(writer, e) < 0)
		return -1;
	for (const struct roster_setting *setting = connector->settings; setting && setting->name; setting++)
		if (describe_setting(writer, connector, setting, e) < 0)
			return -1;
	wire_begin(writer, WIRE_READY);
	return wire_end(writer, e);
}

/* ---- the call ---- */

void call_read(struct roster_call *call, struct wire_frame *ret)
{
	struct error e;

	for (;;) {
		int got = wire_read(&call->reader, ret, &e);

		if (got > 0)
			return;
		if (got == 0)
			got = wire_receive(&call->reader, &e);
		if (got == 0)
			_exit(EXIT_SUCCESS); /* in the middle of a call: nobody waits for its end */
		if (got < 0) {
			fprintf(stderr, "%s\n", e.text);
			_exit(EXIT_BROKEN);
		}
	}
}

void call_flush(struct roster_call *call)
{
	if (wire_flush(&call->writer, NULL) < 0)
		_exit(EXIT_SUCCESS); /* the daemon has closed its side */
}

void call_begin(struct roster_call *call, const struct wire_frame *request, enum roster_scope scope)
{
	call->under_way = true;
	call->number = wire_number(request, WIRE_CALL);
	call->deadline_ms = clock_monotonic_ms() + wire_number(request, WIRE_DEADLINE_MS);
	call->scope = scope;
	call->signing = false;
	call->checks = 0;
	call->failed = call->failed_to_dial = call->has_cursor = false;
	call->why[0] = call->step[0] = call->whole[0] = call->incomplete[0] = '\0';
}

static void put_done(struct roster_call *call, int result)
{
	struct wire_writer *writer = &call->writer;

	wire_begin(writer, WIRE_DONE);
	wire_put_number(writer, WIRE_CALL, call->number);
	wire_put_number(writer, WIRE_MORE, result);
	if (call->has_cursor)
		wire_put_bytes(writer, WIRE_CURSOR, call->cursor, call->cursor_size);
	wire_put_text(writer, WIRE_WHOLE, call->whole[0] ? call->whole : NULL);
	wire_put_text(writer, WIRE_INCOMPLETE, call->incomplete[0] ? call->incomplete : NULL);
}

static void put_failed(struct roster_call *call)
{
	struct wire_writer *writer = &call->writer;

	wire_begin(writer, WIRE_FAILED);
	wire_put_number(writer, WIRE_CALL, call->number);
	wire_put_number(writer, WIRE_TROUBLE, call->failed ? call->trouble : 0);
	wire_put_number(writer, WIRE_AFTER_MS, call->after_ms);
	wire_put_text(writer, WIRE_LINE, call->failed ? call->why : NULL);
}

/* A failure stays one, whatever the plug-in's function returns after it: it may have been about a person. */
void call_end(struct roster_call *call, int result)
{
	if (call->failed || result < 0)
		put_failed(call);
	else
		put_done(call, result);
	wire_end(&call->writer, NULL);
	call_flush(call);
	call->under_way = false;
}

void call_refuse(struct roster_call *call, const char *why)
{
	call->failed = true;
	call->trouble = ROSTER_MISCONFIGURED;
	snprintf(call->why, sizeof(call->why), "%s", why);
	call_end(call, -1);
}

/* ---- requests ---- */

static void add_text(struct pairs *pairs, int kind, const struct wire_frame *request, enum wire_field field)
{
	const char *text = wire_text(request, field);

	pairs_add(pairs, kind, wire_text(request, WIRE_NAME), text, strlen(text));
}

static void take_value(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	(void)plugin;
	add_text(&call->values, 0, request, WIRE_TEXT);
}

static void take_own_address(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	(void)plugin;
	add_text(&call->addresses, 0, request, WIRE_URL);
}

static void serve_open(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	int result;

	call_begin(call, request, 0);
	result = plugin->connector.open(call, &host_table, &plugin->self);
	plugin->open = result == 0;
	call_end(call, result);
}

static void serve_check(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	call_begin(call, request, 0);
	if (!plugin->connector.check)
		host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" has no check", plugin->file);
	call_end(call, call->failed ? -1 : plugin->connector.check(call, plugin->self));
}

/* The texts of an ask stand in the receive buffer, which the answer to a dial() overwrites. */
struct question {
	struct roster_ask ask;
	char *bytes;
	const char **texts;
};

static void collect(const struct wire_frame *frame, enum wire_field wanted, const char ***next,
                    const char *const **ret)
{
	const char *at = frame->fields;
	struct wire_value value;
	enum wire_field field;

	*ret = *next;
	while (wire_next(frame, &at, &field, &value) > 0)
		if (field == wanted)
			*(*next)++ = value.bytes;
	*(*next)++ = NULL;
}

static void question_open(struct question *question, const struct wire_frame *request, enum roster_scope scope)
{
	size_t size = (size_t)(request->end - request->fields);
	const char **next;
	struct wire_frame own;

	question->bytes = malloc(size);
	question->texts = calloc(ROSTER_ATTRIBUTES_MOST + 2 * ROSTER_NAMED_MOST + 3, sizeof(char *));
	if (!question->bytes || !question->texts)
		abort();
	memcpy(question->bytes, request->fields, size);
	wire_decode(WIRE_DAEMON, request->kind, question->bytes, size, &own, NULL); /* was good a moment ago */
	question->ask = (struct roster_ask){
		.size = sizeof(question->ask),
		.scope = scope,
		.cursor = wire_text(&own, WIRE_CURSOR),
		.cursor_size = wire_has(&own, WIRE_CURSOR) ? own.values[WIRE_CURSOR].size : 0,
		.page_most = (int)wire_number(&own, WIRE_PAGE_MOST),
	};
	next = question->texts;
	collect(&own, WIRE_WANTED, &next, &question->ask.attributes);
	collect(&own, WIRE_NAMED, &next, &question->ask.named);
	collect(&own, WIRE_NAMED_GROUP, &next, &question->ask.named_groups);
}

static void question_close(struct question *question)
{
	free(question->bytes);
	free(question->texts);
}

static void serve_ask(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	__attribute__((cleanup(question_close))) struct question question = { 0 };
	enum roster_scope scope = (enum roster_scope)wire_number(request, WIRE_SCOPE);

	call_begin(call, request, scope);
	question_open(&question, request, scope);
	if (!plugin->directory.page)
		host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" reads no directory", plugin->file);
	call_end(call, call->failed ? -1 : plugin->directory.page(call, plugin->self, &question.ask));
}

/* Nothing may be emitted meanwhile: a watch says that there is something to see, never what. */
static void serve_await(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	__attribute__((cleanup(question_close))) struct question question = { 0 };

	call_begin(call, request, 0);
	question_open(&question, request, ROSTER_CHANGED);
	if (!plugin->watch.watch)
		host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" watches nothing", plugin->file);
	call_end(call, call->failed ? -1 : plugin->watch.watch(call, plugin->self, &question.ask));
}

/* ---- a message ---- */

static void take_pair(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	(void)plugin;
	if (call->told.count == ROSTER_PAIRS_MOST)
		_exit(EXIT_BROKEN);
	add_text(&call->told, (int)wire_number(request, WIRE_TYPE), request, WIRE_TEXT);
}

/* The body is copied: it stands in the receive buffer, which the answers to once() and look_at() overwrite. */
static void serve_tell(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	struct roster_pair query[ROSTER_PAIRS_MOST + 1], headers[ROSTER_PAIRS_MOST + 1];
	const struct wire_value *body = &request->values[WIRE_BODY];
	size_t size = wire_has(request, WIRE_BODY) ? body->size : 0;
	char method[sizeof("OPTIONS")], *copy = size > 0 ? malloc(size) : NULL;
	const struct roster_message message = { .size = sizeof(message), .method = method, .query = query, .headers = headers,
		                                .body = copy, .body_size = size };

	if (size > 0 && !copy)
		abort();
	if (size > 0)
		memcpy(copy, body->bytes, size);
	snprintf(method, sizeof(method), "%s", wire_text(request, WIRE_NAME));
	pairs_list(&call->told, WIRE_QUERY, query);
	pairs_list(&call->told, WIRE_HEADER, headers);
	call_begin(call, request, 0);
	if (!plugin->notifications.read)
		host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" understands no notifications", plugin->file);
	call_end(call, call->failed ? -1 : plugin->notifications.read(call, plugin->self, &message));
	free(copy);
	pairs_forget(&call->told);
}

static void serve_subscribe(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	int (*const asked[])(struct roster_call *, void *) = { NULL, plugin->notifications.subscribe, plugin->notifications.renew,
		                                               plugin->notifications.unsubscribe };
	int64_t what = wire_number(request, WIRE_TYPE);

	call_begin(call, request, 0);
	if (what < 1 || what > 3 || !asked[what])
		host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" makes no subscriptions", plugin->file);
	call_end(call, call->failed ? -1 : asked[what](call, plugin->self));
}

/* ---- an event ---- */

/* Copied: it stands in the receive buffer, which the answer to a dial() overwrites. */
static void serve_deliver(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	size_t size = (size_t)(request->end - request->fields);
	char *bytes = malloc(size);
	struct roster_event event = { .size = sizeof(event) };
	struct wire_frame own;

	if (!bytes)
		abort();
	memcpy(bytes, request->fields, size);
	wire_decode(WIRE_DAEMON, request->kind, bytes, size, &own, NULL); /* was good a moment ago */
	event.id = wire_text(&own, WIRE_NAME);
	event.at = wire_number(&own, WIRE_UNTIL);
	event.signature = wire_text(&own, WIRE_TEXT);
	event.body = own.values[WIRE_BODY].bytes;
	event.body_size = own.values[WIRE_BODY].size;
	call_begin(call, request, 0);
	if (!plugin->delivery.deliver)
		host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" delivers nothing", plugin->file);
	call_end(call, call->failed ? -1 : plugin->delivery.deliver(call, plugin->self, &event));
	free(bytes);
}

/* ---- signing on ---- */

static void take_form(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	const struct wire_value *value = &request->values[WIRE_BODY];

	(void)plugin;
	if (call->form.count == 2 * ROSTER_PAIRS_MOST)
		_exit(EXIT_BROKEN);
	pairs_add(&call->form, (int)wire_number(request, WIRE_TYPE), wire_text(request, WIRE_NAME), value->bytes, value->size);
}

static int sign(struct roster_call *call, struct plugin *plugin, int64_t step)
{
	const struct roster_sign_on *may = &plugin->sign_on;
	struct roster_pair form[ROSTER_PAIRS_MOST + 1];
	const char *state = host_table.attempt(call, "state"), *remote_id = host_table.attempt(call, "remote_id"),
		   *session = host_table.attempt(call, "session"), *user_name = host_table.attempt(call, "user_name"),
		   *password = host_table.attempt(call, "password");

	pairs_list(&call->form, WIRE_FIELD, form);
	if (step == SIGN_BEGIN && may->begin && state)
		return may->begin(call, plugin->self, state);
	if (step == SIGN_FINISH && may->finish)
		return may->finish(call, plugin->self, form);
	if (step == SIGN_DESCRIBE && may->describe)
		return may->describe(call, plugin->self);
	if (step == SIGN_LOGOUT && may->logout && remote_id)
		return may->logout(call, plugin->self, remote_id, session);
	if (step == SIGN_PASSWORD && may->check_password && user_name && password)
		return may->check_password(call, plugin->self, user_name, password);
	if (step == SIGN_ENDED && may->ended)
		return may->ended(call, plugin->self, form);
	return host_table.fail(call, ROSTER_MISCONFIGURED, 0, "plug-in \"%s\" signs nobody on in this way", plugin->file);
}

static void serve_sign(struct roster_call *call, struct plugin *plugin, const struct wire_frame *request)
{
	int64_t step = wire_number(request, WIRE_TYPE);

	call_begin(call, request, step == SIGN_FINISH || step == SIGN_PASSWORD ? ROSTER_NAMED : 0);
	call->signing = true;
	call_end(call, sign(call, plugin, step));
	pairs_forget(&call->form);
}

static const struct {
	void (*serve)(struct roster_call *, struct plugin *, const struct wire_frame *);
	bool opened; /* whether the plug-in must be open */
} requests[WIRE_KIND_COUNT] = {
	[WIRE_VALUE] = { take_value, false },
	[WIRE_OPEN] = { serve_open, false },
	[WIRE_CHECK] = { serve_check, true },
	[WIRE_ASK] = { serve_ask, true },
	[WIRE_AWAIT] = { serve_await, true },
	[WIRE_OWN_ADDRESS] = { take_own_address, false },
	[WIRE_PAIR] = { take_pair, true },
	[WIRE_TELL] = { serve_tell, true },
	[WIRE_SUBSCRIBE] = { serve_subscribe, true },
	[WIRE_DELIVER] = { serve_deliver, true },
	[WIRE_FORM] = { take_form, true },
	[WIRE_SIGN] = { serve_sign, true },
};

/* The next request; false when the daemon has closed its side. */
static bool next_request(struct roster_call *call, struct wire_frame *ret)
{
	struct error e;
	int got;

	while ((got = wire_read(&call->reader, ret, &e)) == 0)
		if (wire_receive(&call->reader, &e) <= 0)
			return false;
	if (got > 0)
		return true;
	fprintf(stderr, "%s\n", e.text);
	return false;
}

static void serve(struct roster_call *call, struct plugin *plugin)
{
	struct wire_frame request;

	while (next_request(call, &request)) {
		if (!requests[request.kind].serve || requests[request.kind].opened != plugin->open)
			_exit(EXIT_BROKEN);
		requests[request.kind].serve(call, plugin, &request);
	}
	if (plugin->open && plugin->connector.close)
		plugin->connector.close(plugin->self);
}

int main(int argc, char **argv)
{
	static struct roster_call call; /* holds a cursor: too large for a stack */
	struct plugin plugin = { .file = argc > 1 ? argv[1] : "?" };
	struct stat socket_is;
	struct error e;

	if (argc != 2 || fstat(WIRE_SOCKET_FD, &socket_is) < 0 || !S_ISSOCK(socket_is.st_mode)) {
		fprintf(stderr, "rosterd-connector serves plug-ins to rosterd and is started by it alone\n");
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN); /* libraries write to connections that have ended */
	wire_reader_open(&call.reader, WIRE_SOCKET_FD, WIRE_DAEMON);
	wire_writer_open(&call.writer, WIRE_SOCKET_FD, WIRE_CHILD);
	if (confine_for_loading(WIRE_PLUGIN_FD, &e) < 0 || load(&plugin, &e) < 0 || confine_for_serving(&e) < 0 ||
	    describe(&call.writer, &plugin, &e) < 0) {
		call_refuse(&call, e.text);
		_exit(EXIT_SUCCESS);
	}
	call_flush(&call);
	serve(&call, &plugin);
	_exit(EXIT_SUCCESS); /* a plug-in's exit handlers are none of our business */
}
