/* One connection, opened: settings go in, checked items come out, and plug-in words become ours. */
#include "plugin/link.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

#include "plugin/catalog.h"
#include "plugin/channel.h"
#include "plugin/dial.h"

#include "connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAIT_MS_MOST = 24 * 3600 * 1000, /* that a plug-in may ask for */
	STATUS_LEAST = 100, STATUS_MOST = 599, /* of HTTP */
	DIAL_MARGIN_MS = 100,            /* left for a plug-in to say what it could not reach */
};

_Static_assert((int)LINK_ALL == ROSTER_ALL && (int)LINK_NAMED == ROSTER_NAMED, "scopes");
_Static_assert((int)STANDING_ACTIVE == ROSTER_ACTIVE && (int)STANDING_GONE == ROSTER_GONE, "standings");
_Static_assert((int)LINK_SUBJECT_PERSON == ROSTER_PERSON && (int)LINK_SUBJECT_GROUP == ROSTER_GROUP &&
                       (int)LINK_SUBJECT_CHANGES == ROSTER_CHANGES,
               "subjects");
_Static_assert((int)LINK_PAIRS_MOST == ROSTER_PAIRS_MOST && (int)LINK_MESSAGE_MOST == ROSTER_BODY_MOST &&
                       (int)LINK_LOOKS_MOST == ROSTER_SUBJECTS_MOST && (int)LINK_REPLY_MOST == ROSTER_REPLY_MOST,
               "notifications");
_Static_assert((int)LINK_FORM_MOST == ROSTER_FORM_MOST && (int)LINK_CHECKS_MOST == ROSTER_CHECKS_MOST &&
                       (int)LINK_URL_MOST == ROSTER_URL_MOST && (int)LINK_SIGN_GROUPS_MOST == ROSTER_VALUES_MOST,
               "signing on");
_Static_assert((int)PROOF_NONE == ROSTER_UNPROVEN && (int)PROOF_VERIFIED == ROSTER_PROVEN, "proofs");
_Static_assert((int)LINK_HELD == ROSTER_HELD && (int)LINK_NO_MORE == ROSTER_NO_MORE &&
                       (int)LINK_PARTS_MOST == ROSTER_PARTS_MOST && (int)LINK_PART_MOST == ROSTER_PART_MOST &&
                       (int)LINK_EVIDENCE_MOST == ROSTER_EVIDENCE_MOST,
               "parts of a proof");

struct link {
	struct catalog *catalog;
	struct link_options options;
	struct channel channel;
	struct arena *arena; /* the plug-in's description, and what is derived from settings */
	struct catalog_plugin plugin;
	const char **places; /* values of settings of type address */
	int64_t call;        /* the number of the call under way or last */
	enum link_scope scope;
	bool watching; /* the call is one of link_watch */
	bool subscribing; /* ... or of link_subscribe, to begin one */
	bool delivering;
	int status; /* what its function returned */
	bool dead; /* something failed */
	bool told; /* what failed last, the plug-in itself has told */
	struct link_heard *heard; /* of the message that is asked about; NULL: none is */
	struct link_signed *signing; /* of the sign-on that is asked about; NULL: none is */
	enum link_step step;
	struct arena *heard_in; /* of either */
	struct link_end end;
	size_t part_count; /* of the proof, as far as it has been given in this call */
	struct link_part parts[LINK_PARTS_MOST];

	/* The person that was handed out last points in here. */
	const char *groups[ROSTER_VALUES_MOST + 1];
	struct identity_attribute attributes[ROSTER_ATTRIBUTES_MOST];
	const char *values[ROSTER_ATTRIBUTES_MOST * (ROSTER_VALUES_MOST + 1)];
};

/* ---- what a plug-in says it cannot do ---- */

static const struct trouble {
	enum error_kind kind;
	const char *code;
} troubles[] = {
	[ROSTER_TRY_LATER] = { ERROR_RETRY, "plugin.try_later" },
	[ROSTER_REFUSED] = { ERROR_DENIED, "plugin.refused" },
	[ROSTER_LOST_PLACE] = { ERROR_PRECONDITION, "plugin.lost_place" },
	[ROSTER_NONSENSE] = { ERROR_REMOTE, "plugin.nonsense" },
	[ROSTER_MISCONFIGURED] = { ERROR_INPUT, "plugin.misconfigured" },
	[ROSTER_DENIED] = { ERROR_DENIED, "plugin.denied" },
};

static int call_failed(struct link *link, const struct wire_frame *frame, struct error *e)
{
	int64_t trouble = wire_number(frame, WIRE_TROUBLE), after_ms = wire_number(frame, WIRE_AFTER_MS);
	const char *why = wire_text(frame, WIRE_LINE);

	if (trouble < ROSTER_TRY_LATER || trouble > ROSTER_DENIED || !why)
		return error_set(e, ERROR_REMOTE, "plugin.silent",
		                 "plug-in \"%s\" failed without saying why, which is a fault of the plug-in", link->plugin.name);
	link->told = true;
	error_set(e, troubles[trouble].kind, troubles[trouble].code, "%s", why);
	if (e && trouble == ROSTER_TRY_LATER)
		e->wait_ms = (int)(after_ms < 0 ? 0 : after_ms > WAIT_MS_MOST ? WAIT_MS_MOST : after_ms);
	return -1;
}

/* ---- settings ---- */

static const struct catalog_setting *find_setting(const struct catalog_plugin *plugin, const char *name)
{
	for (size_t i = 0; i < plugin->setting_count; i++)
		if (text_equal(plugin->settings[i].name, name))
			return &plugin->settings[i];
	return NULL;
}

static int refuse_unknown(const struct link *link, const char *name, struct error *e)
{
	const char *names[WIRE_SETTINGS_MOST + 1] = { NULL }, *meant;

	for (size_t i = 0; i < link->plugin.setting_count; i++)
		names[i] = link->plugin.settings[i].name;
	meant = text_did_you_mean(name, names);
	return error_set(e, ERROR_INPUT, "setting.unknown", "plug-in \"%s\" has no setting \"%.64s\"%s%s%s",
	                 link->plugin.name, name, meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
}

static const char *given_value(const struct link *link, const char *name)
{
	for (size_t i = 0; i < link->options.setting_count; i++) {
		const struct link_setting *given = &link->options.settings[i];

		if (text_equal(given->name, name))
			return given->secret ? secret_text(given->secret) : given->text;
	}
	return NULL;
}

static int check_settings(const struct link *link, struct error *e)
{
	for (size_t i = 0; i < link->options.setting_count; i++)
		if (!find_setting(&link->plugin, link->options.settings[i].name))
			return refuse_unknown(link, link->options.settings[i].name, e);
	for (size_t i = 0; i < link->plugin.setting_count; i++) {
		const struct catalog_setting *setting = &link->plugin.settings[i];

		if (catalog_check_value(setting, given_value(link, setting->name), e) < 0)
			return -1;
	}
	return 0;
}

static void write_value(struct link *link, const struct catalog_setting *setting, const char *value)
{
	struct wire_writer *writer = &link->channel.writer;
	char milliseconds[24];
	int64_t ms;

	if (setting->type == CATALOG_DURATION && text_to_duration_ms(value, &ms) == 0) {
		snprintf(milliseconds, sizeof(milliseconds), "%lld", (long long)ms);
		value = milliseconds;
	}
	wire_begin(writer, WIRE_VALUE);
	wire_put_text(writer, WIRE_NAME, setting->name);
	wire_put_text(writer, WIRE_TEXT, value);
	wire_end(writer, NULL); /* catalog_check_value has seen to its limits */
}

/* Hands over every setting that has a value; remembers where the plug-in may go. */
static void write_settings(struct link *link)
{
	size_t count = 0;

	link->places = arena_array(link->arena, link->plugin.setting_count + 1, sizeof(*link->places));
	for (size_t i = 0; i < link->plugin.setting_count; i++) {
		const struct catalog_setting *setting = &link->plugin.settings[i];
		const char *value = given_value(link, setting->name);

		if (!value)
			value = setting->fallback;
		if (!value)
			continue;
		write_value(link, setting, value);
		if (setting->type == CATALOG_ADDRESS)
			link->places[count++] = arena_text(link->arena, value);
	}
}

/* ---- calls ---- */

static int begin_call(struct link *link, enum wire_kind kind, int deadline_ms, struct error *e)
{
	struct wire_writer *writer = &link->channel.writer;

	if (link->dead)
		return error_set(e, ERROR_INTERNAL, "plugin.closed", "the link to plug-in \"%s\" has failed before",
		                 link->plugin.name);
	if (!channel_is_idle(&link->channel))
		return channel_broken(&link->channel, e, "it says something although it was not asked");
	channel_allow(&link->channel, deadline_ms);
	link->watching = kind == WIRE_AWAIT;
	link->delivering = kind == WIRE_DELIVER;
	link->subscribing = false;
	link->told = false;
	link->part_count = 0;
	wire_begin(writer, kind);
	wire_put_number(writer, WIRE_CALL, ++link->call);
	wire_put_number(writer, WIRE_DEADLINE_MS, deadline_ms);
	return 0;
}

static int send_call(struct link *link, struct error *e)
{
	return wire_end(&link->channel.writer, e) < 0 ? -1 : channel_send(&link->channel, -1, e);
}

/* Whatever fails once ends the link. */
static int ending(struct link *link, int result)
{
	link->dead |= result < 0;
	return result;
}

/* ---- what a plug-in asks of us ---- */

static int decline(struct link *link, const struct error *why, struct error *e)
{
	struct wire_writer *writer = &link->channel.writer;

	wire_begin(writer, WIRE_DECLINED);
	wire_put_number(writer, WIRE_TROUBLE,
	                why->kind == ERROR_DENIED  ? ROSTER_MISCONFIGURED
	                : why->kind == ERROR_LIMIT ? ROSTER_NONSENSE
	                                           : ROSTER_TRY_LATER);
	wire_put_number(writer, WIRE_AFTER_MS, why->wait_ms);
	wire_put_text(writer, WIRE_LINE, why->text);
	return wire_end(writer, e) < 0 ? -1 : channel_send(&link->channel, -1, e);
}

static int64_t dial_deadline(const struct link *link, int64_t timeout_ms)
{
	int64_t now = clock_monotonic_ms(), most = link->channel.deadline_ms - DIAL_MARGIN_MS;

	if (timeout_ms <= 0 || timeout_ms > DIAL_TIMEOUT_MS_MOST)
		timeout_ms = DIAL_TIMEOUT_MS_MOST;
	return now + timeout_ms < most ? now + timeout_ms : most;
}

static int answer_dial(struct link *link, const struct wire_frame *frame, struct error *e)
{
	const struct dial_request request = {
		.host = wire_text(frame, WIRE_HOST),
		.port = wire_text(frame, WIRE_PORT),
		.places = link->places,
		.allow_private = link->options.allow_private,
		.deadline_ms = dial_deadline(link, wire_number(frame, WIRE_TIMEOUT_MS)),
		.cancel_fd = host_cancel_fd(link->channel.host),
	};
	struct wire_writer *writer = &link->channel.writer;
	struct error why;
	int fd, result;

	if (link->signing && !(link->plugin.network & 1U << (link->step - 1))) {
		error_set(&why, ERROR_DENIED, "plugin.network", "plug-in \"%s\" did not say that it needs the network for this", link->plugin.name);
		return decline(link, &why, e);
	}
	if (dial(&request, &fd, &why) < 0)
		return decline(link, &why, e);
	wire_begin(writer, WIRE_GRANTED);
	result = wire_end(writer, e) < 0 ? -1 : channel_send(&link->channel, fd, e);
	close(fd);
	return result;
}

static int grant(struct link *link, struct error *e)
{
	wire_begin(&link->channel.writer, WIRE_GRANTED);
	return wire_end(&link->channel.writer, e) < 0 ? -1 : channel_send(&link->channel, -1, e);
}

/* ---- what a plug-in keeps ---- */

static int answer_keep(struct link *link, const struct wire_frame *frame, struct error *e)
{
	const struct link_keeper *keeper = link->options.keeper;
	const struct wire_value *value = &frame->values[WIRE_BYTES];
	bool has = wire_has(frame, WIRE_BYTES);
	struct error why;

	if (keeper && keeper->keep(keeper->self, wire_text(frame, WIRE_NAME), has ? value->bytes : NULL, has ? value->size : 0,
	                           wire_number(frame, WIRE_UNTIL), &why) < 0)
		return decline(link, &why, e);
	return grant(link, e);
}

static int answer_recall(struct link *link, const struct wire_frame *frame, struct error *e)
{
	const struct link_keeper *keeper = link->options.keeper;
	struct wire_writer *writer = &link->channel.writer;
	scoped(secret) *value = NULL;
	struct error why;

	if (keeper && keeper->recall(keeper->self, wire_text(frame, WIRE_NAME), &value, &why) < 0)
		return decline(link, &why, e);
	wire_begin(writer, WIRE_GRANTED);
	if (value)
		wire_put_bytes(writer, WIRE_BYTES, secret_bytes(value), secret_size(value));
	return wire_end(writer, e) < 0 ? -1 : channel_send(&link->channel, -1, e);
}

void link_keep_with(struct link *link, const struct link_keeper *keeper)
{
	link->options.keeper = keeper;
}

/* ---- what a plug-in says of a message ---- */

static int take_once(struct link *link, const struct wire_frame *frame, struct error *e)
{
	const char **message_id = link->heard ? &link->heard->message_id : link->signing ? &link->signing->message_id : NULL;
	const char *id = wire_text(frame, WIRE_NAME);

	if (!message_id || *message_id || !id[0])
		return channel_broken(&link->channel, e, "it names a message that did not come, or one twice, or by nothing");
	*message_id = arena_text(link->heard_in, id);
	*(link->heard ? &link->heard->until : &link->signing->until) = wire_number(frame, WIRE_UNTIL);
	return grant(link, e);
}

static int take_look(struct link *link, const struct wire_frame *frame, struct error *e)
{
	struct link_heard *heard = link->heard;
	const char *id = wire_text(frame, WIRE_REMOTE_ID);
	int64_t subject = wire_number(frame, WIRE_SUBJECT);
	struct error why;

	if (!heard)
		return channel_broken(&link->channel, e, "it says whom to look at although no message came");
	if (subject < LINK_SUBJECT_PERSON || subject > LINK_SUBJECT_CHANGES || (subject == LINK_SUBJECT_CHANGES) != !id || (id && !id[0]))
		return channel_broken(&link->channel, e, "who is to be looked at is neither a person nor a group, nor is it all that changed");
	if (heard->look_count == LINK_LOOKS_MOST) {
		error_set(&why, ERROR_LIMIT, "plugin.looks", "one message says to look at more than %d people and groups", LINK_LOOKS_MOST);
		return decline(link, &why, e);
	}
	heard->looks[heard->look_count++] = (struct link_look){ (enum link_subject)subject, id ? arena_text(link->heard_in, id) : NULL };
	return grant(link, e);
}

/* Others could be run by a browser. */
static const char *known_type(const char *type)
{
	static const char *const types[] = { "application/json", "application/json; charset=utf-8", "text/plain",
		                             "text/plain; charset=utf-8" };

	for (size_t i = 0; type && i < ARRAY_COUNT(types); i++)
		if (text_equal(types[i], type))
			return types[i];
	return NULL;
}

/* How we describe ourselves to a provider. */
static int take_metadata(struct link *link, const struct wire_frame *frame, struct error *e)
{
	static const char xml[] = "application/samlmetadata+xml";
	const char *type = wire_text(frame, WIRE_NAME);
	const struct wire_value *body = &frame->values[WIRE_BODY];
	struct link_signed *to = link->signing;

	if (link->step != LINK_DESCRIBE || to->body || wire_number(frame, WIRE_STATUS) != 200 || !wire_has(frame, WIRE_BODY) || !type ||
	    body->size > LINK_METADATA_MOST || (!text_equal(type, xml) && !known_type(type)))
		return channel_broken(&link->channel, e, "it describes us although nobody asked, twice, or as what is neither metadata nor JSON");
	to->content_type = text_equal(type, xml) ? xml : known_type(type);
	to->body = memcpy(arena_take(link->heard_in, (size_t)body->size + 1), body->bytes, body->size);
	to->body_size = body->size;
	return grant(link, e);
}

static int take_reply(struct link *link, const struct wire_frame *frame, struct error *e)
{
	struct link_heard *heard = link->heard;
	const struct wire_value *body = &frame->values[WIRE_BODY];
	int64_t status = wire_number(frame, WIRE_STATUS);
	size_t size = wire_has(frame, WIRE_BODY) ? body->size : 0;
	const char *type = known_type(wire_text(frame, WIRE_NAME));

	if (link->signing)
		return take_metadata(link, frame, e);
	if (!heard || heard->status)
		return channel_broken(&link->channel, e, "it replies to a message that did not come, or twice");
	if (!((status >= 200 && status <= 299) || (status >= 400 && status <= 499)))
		return channel_broken(&link->channel, e, "its reply has the status %lld; 200 to 299, or 400 to 499 is expected", (long long)status);
	if (size > LINK_REPLY_MOST)
		return channel_broken(&link->channel, e, "its reply has %zu bytes; %d are as many as may be", size, LINK_REPLY_MOST);
	if (size > 0 && !type)
		return channel_broken(&link->channel, e, "its reply is neither JSON nor plain text");
	heard->status = (int)status;
	heard->content_type = size > 0 ? type : NULL;
	heard->body_size = size;
	if (size > 0)
		heard->body = memcpy(arena_take(link->heard_in, size), body->bytes, size);
	return grant(link, e);
}

/* ---- what a plug-in says of a sign-on ---- */

static const char *kept_text(struct link *link, const struct wire_frame *frame, enum wire_field field)
{
	const char *text = wire_text(frame, field);

	return text ? arena_text(link->heard_in, text) : NULL;
}

static int take_checked(struct link *link, const struct wire_frame *frame, struct error *e)
{
	struct link_signed *to = link->signing;

	if (!to || to->check_count == LINK_CHECKS_MOST)
		return channel_broken(&link->channel, e, "it checks what nobody asked about, or more than %d things", LINK_CHECKS_MOST);
	to->checks[to->check_count++] = (struct link_checked){
		.check = kept_text(link, frame, WIRE_NAME),
		.passed = wire_number(frame, WIRE_STATUS) != 0,
		.expected = kept_text(link, frame, WIRE_TEXT),
		.received = kept_text(link, frame, WIRE_WORDS),
		.advice = kept_text(link, frame, WIRE_FALLBACK),
	};
	return 0;
}

static int take_session(struct link *link, const struct wire_frame *frame, struct error *e)
{
	const char *session = wire_text(frame, WIRE_TEXT);

	if (!link->signing || link->signing->session || strlen(session) > ROSTER_SESSION_MOST)
		return channel_broken(&link->channel, e, "it tells of a session that nobody asked about, or of two");
	link->signing->session = arena_text(link->heard_in, session);
	link->signing->session_until = wire_number(frame, WIRE_UNTIL);
	return grant(link, e);
}

/* What the provider calls a session: the one that begins, or those that end. */
static int take_session_of(struct link *link, const struct wire_frame *frame, struct error *e)
{
	struct link_signed *to = link->signing;
	const char *subject = kept_text(link, frame, WIRE_REMOTE_ID), *index = kept_text(link, frame, WIRE_REFERENCE);
	size_t most = link->step == LINK_FINISH ? 1 : link->step == LINK_ENDED ? LINK_SESSIONS_MOST : 0;

	if (!to || to->session_count >= most || (!subject && !index) || (subject && !subject[0]) || (index && !index[0]))
		return channel_broken(&link->channel, e, "it names a session that nobody asked about, too many of them, or one by nothing");
	to->sessions[to->session_count++] = (struct link_session){ subject, index };
	return grant(link, e);
}

/* An address that a browser may be sent to: nothing that runs in it, and nothing that a header could not hold. */
static bool is_web_address(const char *url)
{
	if (!text_begins(url, "https://") && !text_begins(url, "http://"))
		return false;
	for (; *url; url++)
		if ((unsigned char)*url <= ' ' || (unsigned char)*url >= 0x7f || strchr("\"<>\\^`{|}", *url))
			return false;
	return true;
}

static int take_browser(struct link *link, const struct wire_frame *frame, struct error *e)
{
	struct link_signed *to = link->signing;
	const struct wire_value *body = &frame->values[WIRE_BODY];
	const char *url = wire_text(frame, WIRE_URL);

	if (!to || to->url || (link->step != LINK_BEGIN && link->step != LINK_LOGOUT && link->step != LINK_ENDED))
		return channel_broken(&link->channel, e, "it sends a browser that is not there, or one twice");
	if (!is_web_address(url))
		return channel_broken(&link->channel, e, "it sends a browser where none can go: an address of https is expected");
	if (wire_has(frame, WIRE_BODY) && (body->size > LINK_FORM_MOST || strlen(body->bytes) != body->size))
		return channel_broken(&link->channel, e, "what a browser is to post is too long, or no text");
	to->url = arena_text(link->heard_in, url);
	to->post_body = wire_has(frame, WIRE_BODY) ? arena_text_n(link->heard_in, body->bytes, body->size) : NULL;
	return grant(link, e);
}

/* ---- items: 1: it is one. -1: it breaks a rule. ---- */

static bool is_proof(int64_t proof)
{
	return proof >= ROSTER_UNPROVEN && proof <= ROSTER_PROVEN;
}

static const char *person_trouble(const struct link *link, const struct wire_frame *frame)
{
	int64_t standing = wire_number(frame, WIRE_STANDING);

	if (standing < ROSTER_ACTIVE || standing > ROSTER_GONE)
		return "a person has no standing";
	if (standing == ROSTER_GONE && link->scope == LINK_ALL)
		return "a listing of all names who is gone";
	if (standing != ROSTER_GONE && !wire_has(frame, WIRE_USER_NAME))
		return "a person has no user_name";
	if (wire_has(frame, WIRE_EMAIL) && !is_proof(wire_number(frame, WIRE_EMAIL_PROOF)))
		return "an address has no proof";
	if (wire_has(frame, WIRE_IN_GROUP) && !wire_number(frame, WIRE_HAS_GROUPS))
		return "a person is in groups and has none";
	return NULL;
}

static void take_groups(struct link *link, const struct wire_frame *frame)
{
	const char *at = frame->fields;
	struct wire_value value;
	enum wire_field field;
	size_t count = 0;

	while (wire_next(frame, &at, &field, &value) > 0)
		if (field == WIRE_IN_GROUP)
			link->groups[count++] = value.bytes;
	link->groups[count] = NULL;
}

/* An attribute's values follow its name. */
static const char *take_attributes(struct link *link, const struct wire_frame *frame, size_t *ret_count)
{
	const char *at = frame->fields;
	size_t count = 0, of_this = 0, next = 0;
	struct wire_value value;
	enum wire_field field;

	while (wire_next(frame, &at, &field, &value) > 0) {
		if (field == WIRE_ATTRIBUTE) {
			if (count > 0)
				link->values[next++] = NULL;
			link->attributes[count++] = (struct identity_attribute){ value.bytes, &link->values[next] };
			of_this = 0;
		} else if (field == WIRE_ATTRIBUTE_VALUE) {
			if (count == 0 || ++of_this > ROSTER_VALUES_MOST)
				return "an attribute's values are without a name, or too many";
			link->values[next++] = value.bytes;
		}
	}
	if (count > 0)
		link->values[next] = NULL;
	*ret_count = count;
	return NULL;
}

/* Further addresses are checked and not handed out: nothing asks for them yet. */
static struct identity person_of(const struct wire_frame *frame)
{
	return (struct identity){
		.remote_id = wire_text(frame, WIRE_REMOTE_ID),
		.reference = wire_text(frame, WIRE_REFERENCE),
		.user_name = wire_text(frame, WIRE_USER_NAME),
		.email = wire_text(frame, WIRE_EMAIL),
		.email_proof = wire_has(frame, WIRE_EMAIL) ? (enum proof)wire_number(frame, WIRE_EMAIL_PROOF) : PROOF_NONE,
		.given_name = wire_text(frame, WIRE_GIVEN_NAME),
		.family_name = wire_text(frame, WIRE_FAMILY_NAME),
		.display_name = wire_text(frame, WIRE_DISPLAY_NAME),
		.standing = (enum standing)wire_number(frame, WIRE_STANDING),
		.locale = wire_text(frame, WIRE_LOCALE),
		.title = wire_text(frame, WIRE_JOB_TITLE),
		.department = wire_text(frame, WIRE_DEPARTMENT),
		.manager = wire_text(frame, WIRE_MANAGER),
		.stamp = wire_text(frame, WIRE_STAMP),
	};
}

static int take_person(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	const char *why = person_trouble(link, frame);

	ret->kind = LINK_PERSON;
	ret->person = person_of(frame);
	if (!why && wire_has(frame, WIRE_HAS_GROUPS)) {
		take_groups(link, frame);
		ret->person.groups = link->groups;
	}
	if (!why && (wire_has(frame, WIRE_ATTRIBUTE) || wire_has(frame, WIRE_ATTRIBUTE_VALUE))) {
		why = take_attributes(link, frame, &ret->person.attribute_count);
		ret->person.attributes = link->attributes;
	}
	return why ? channel_broken(&link->channel, e, "%s", why) : 1;
}

static int take_group(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	ret->kind = LINK_GROUP;
	ret->group = (struct identity_group){
		.remote_id = wire_text(frame, WIRE_REMOTE_ID),
		.reference = wire_text(frame, WIRE_REFERENCE),
		.name = wire_text(frame, WIRE_NAME),
		.gone = wire_number(frame, WIRE_GONE) != 0,
		.stamp = wire_text(frame, WIRE_STAMP),
		.partial = wire_number(frame, WIRE_PARTIAL) != 0,
	};
	if (ret->group.gone && link->scope == LINK_ALL)
		return channel_broken(&link->channel, e, "a listing of all names a group that is gone");
	if (ret->group.partial && link->scope != LINK_CHANGED && !link->signing)
		return channel_broken(&link->channel, e, "a group is partial where all its members were asked for");
	return 1;
}

static int take_membership(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	(void)link;
	(void)e;
	ret->kind = LINK_MEMBERSHIP;
	ret->membership = (struct identity_membership){ wire_text(frame, WIRE_IN_GROUP), wire_text(frame, WIRE_GROUP_MEMBER) };
	return 1;
}

static int take_membership_gone(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	if (link->scope != LINK_CHANGED)
		return channel_broken(&link->channel, e, "a membership is removed where nobody asked what changed");
	take_membership(link, frame, ret, e);
	ret->kind = LINK_MEMBERSHIP_GONE;
	return 1;
}

static int take_present(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	int64_t subject = wire_number(frame, WIRE_SUBJECT);

	if (link->scope != LINK_CHANGED)
		return channel_broken(&link->channel, e, "a record is present where nobody asked what changed");
	if (subject != ROSTER_PERSON && subject != ROSTER_GROUP)
		return channel_broken(&link->channel, e, "what is present is neither a person nor a group");
	ret->kind = LINK_PRESENT;
	ret->present = (struct link_present){ (enum link_subject)subject, wire_text(frame, WIRE_REMOTE_ID),
		                              wire_text(frame, WIRE_STAMP) };
	return 1;
}

static int take_refused(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	(void)link;
	(void)e;
	ret->kind = LINK_REFUSED;
	ret->refused_id = wire_text(frame, WIRE_REMOTE_ID);
	ret->text = wire_text(frame, WIRE_LINE);
	return 1;
}

static int take_note(struct link *link, const struct wire_frame *frame, struct link_item *ret, struct error *e)
{
	(void)link;
	(void)e;
	ret->kind = LINK_NOTE;
	ret->text = wire_text(frame, WIRE_LINE);
	return 1;
}

/* ---- the proof of a listing ---- */

static bool is_number(const char *text)
{
	int64_t number;

	return text_to_int64(text, &number) == 0 && number >= 0;
}

static const char *part_trouble(const struct link *link, const struct link_part *part, const char *name, const char *value)
{
	bool valued = part->evidence >= LINK_SAME;

	if (link->scope != LINK_ALL && link->scope != LINK_CHANGED)
		return "it proves a listing that was not asked for";
	if (part->evidence < LINK_HELD || part->evidence > LINK_NO_MORE)
		return "a part of a proof has no evidence";
	if (!name[0] || strlen(name) > LINK_PART_MOST || (value && strlen(value) > LINK_EVIDENCE_MOST))
		return "the name of a part of a proof, or its value, is empty or too long";
	if (valued != (value && value[0]) || (part->evidence == LINK_NO_MORE && !is_number(value)))
		return "a part of a proof has not the value that its evidence needs";
	if (link->part_count == LINK_PARTS_MOST)
		return "a proof has too many parts";
	for (size_t i = 0; i < link->part_count; i++)
		if (strcmp(link->parts[i].name, name) == 0)
			return "a part of a proof is given twice";
	return NULL;
}

static void copy_cut(char *ret, size_t size, const char *text)
{
	size_t length = text_cut(text, strlen(text), size - 1);

	memcpy(ret, text, length);
	ret[length] = '\0';
}

static int take_part(struct link *link, const struct wire_frame *frame, struct error *e)
{
	struct link_part *part = &link->parts[link->part_count];
	const char *name = wire_text(frame, WIRE_NAME), *value = wire_text(frame, WIRE_TEXT), *why;
	const struct link_part given = { .evidence = (enum link_evidence)wire_number(frame, WIRE_TYPE) };

	why = part_trouble(link, &given, name, value);
	if (why)
		return channel_broken(&link->channel, e, "%s", why);
	part->evidence = given.evidence;
	copy_cut(part->name, sizeof(part->name), name);
	copy_cut(part->value, sizeof(part->value), value ? value : "");
	copy_cut(part->words, sizeof(part->words), wire_text(frame, WIRE_LINE));
	link->part_count++;
	return 0;
}

/* The first part that is missing, or NULL. */
static const struct link_part *missing_part(const struct link *link)
{
	for (size_t i = 0; i < link->part_count; i++)
		if (link->parts[i].evidence == LINK_MISSING)
			return &link->parts[i];
	return NULL;
}

/* ---- the end of a call ---- */

static const char *end_trouble(const struct link *link, const struct wire_frame *frame)
{
	int64_t more = wire_number(frame, WIRE_MORE);
	bool whole = wire_has(frame, WIRE_WHOLE), incomplete = wire_has(frame, WIRE_INCOMPLETE);

	if (link->watching)
		return more == 0 || more == 1 ? NULL : "a watch returns neither 1, 0 nor -1";
	if (link->delivering)
		return more >= STATUS_LEAST && more <= STATUS_MOST ? NULL : "what it delivered was answered by no status";
	if (link->signing)
		return more == 0 ? NULL : "a sign-on returns neither 0 nor -1";
	if (link->subscribing)
		return more == 0 || more == 1 ? NULL : "it subscribes and returns neither 1, 0 nor -1";
	if (link->scope == 0)
		return more == 0 ? NULL : "it returns neither 0 nor -1";
	if (more != 0 && more != 1)
		return "a page returns neither 1, 0 nor -1";
	if (more == 1 && !wire_has(frame, WIRE_CURSOR))
		return "a page says that there is more and gives no cursor";
	if (more == 1 && (whole || incomplete))
		return "a page says that there is more and how the listing ended";
	if (more == 0 && link->scope == LINK_ALL && whole == incomplete)
		return "the last page of a listing of all says neither whole nor incomplete, or both";
	if (whole && incomplete)
		return "the last page says that the listing is whole and that it is not";
	return NULL;
}

static void take_end(struct link *link, const struct wire_frame *frame)
{
	const char *whole = wire_text(frame, WIRE_WHOLE), *incomplete = wire_text(frame, WIRE_INCOMPLETE);
	const char *proof = whole ? whole : incomplete ? incomplete : "";
	const struct link_part *missing = missing_part(link);

	link->status = (int)wire_number(frame, WIRE_MORE);
	link->end = (struct link_end){ .more = link->status == 1, .whole = whole != NULL };
	if (missing && whole) {
		link->end.whole = false;
		proof = missing->words;
	}
	link->end.parts = link->parts;
	link->end.part_count = link->part_count;
	copy_cut(link->end.proof, sizeof(link->end.proof), proof);
	if (wire_has(frame, WIRE_CURSOR)) {
		link->end.cursor = frame->values[WIRE_CURSOR].bytes;
		link->end.cursor_size = frame->values[WIRE_CURSOR].size;
	}
}

/* 0: ended well. */
static int end_call(struct link *link, const struct wire_frame *frame, struct error *e)
{
	const char *why;

	if (wire_number(frame, WIRE_CALL) != link->call)
		return channel_broken(&link->channel, e, "it answers a question that was not asked");
	if (frame->kind == WIRE_FAILED)
		return call_failed(link, frame, e);
	why = end_trouble(link, frame);
	if (why)
		return channel_broken(&link->channel, e, "%s", why);
	take_end(link, frame);
	return 0;
}

/* ---- reading ---- */

/* By kind, either an item or a question to us; neither: it may not come now. */
static const struct {
	int (*take)(struct link *, const struct wire_frame *, struct link_item *, struct error *);
	int (*answer)(struct link *, const struct wire_frame *, struct error *);
} meanings[WIRE_KIND_COUNT] = {
	[WIRE_PERSON] = { .take = take_person },          [WIRE_GROUP] = { .take = take_group },
	[WIRE_MEMBER] = { .take = take_membership },      [WIRE_REFUSED] = { .take = take_refused },
	[WIRE_MEMBER_GONE] = { .take = take_membership_gone }, [WIRE_PRESENT] = { .take = take_present },
	[WIRE_NOTE] = { .take = take_note },              [WIRE_PROOF] = { .answer = take_part },
	[WIRE_DIAL] = { .answer = answer_dial },
	[WIRE_KEEP] = { .answer = answer_keep },          [WIRE_RECALL] = { .answer = answer_recall },
	[WIRE_ONCE] = { .answer = take_once },            [WIRE_LOOK_AT] = { .answer = take_look },
	[WIRE_REPLY] = { .answer = take_reply },          [WIRE_SEND_BROWSER] = { .answer = take_browser },
	[WIRE_CHECKED] = { .answer = take_checked },      [WIRE_SESSION] = { .answer = take_session },
	[WIRE_SESSION_OF] = { .answer = take_session_of },
};

static int next_item(struct link *link, struct link_item *ret, struct error *e)
{
	struct wire_frame frame;

	for (;;) {
		if (channel_next(&link->channel, &frame, e) < 0)
			return -1;
		if (frame.kind == WIRE_DONE || frame.kind == WIRE_FAILED)
			return end_call(link, &frame, e);
		if (meanings[frame.kind].take && (link->scope != 0 || frame.kind == WIRE_NOTE))
			return meanings[frame.kind].take(link, &frame, ret, e);
		if (!meanings[frame.kind].answer)
			return channel_broken(&link->channel, e, "a frame of kind %d may not come now", (int)frame.kind);
		if (meanings[frame.kind].answer(link, &frame, e) < 0)
			return -1;
	}
}

int link_next(struct link *link, struct link_item *ret, struct error *e)
{
	return ending(link, next_item(link, ret, e));
}

const struct link_end *link_end(const struct link *link)
{
	return &link->end;
}

/* ---- asking ---- */

static void put_all(struct wire_writer *writer, enum wire_field field, const char *const *texts)
{
	for (; texts && *texts; texts++)
		wire_put_text(writer, field, *texts);
}

static int ask(struct link *link, const struct link_ask *question, struct error *e)
{
	struct wire_writer *writer = &link->channel.writer;

	if (!(link->plugin.scopes & (1U << question->scope)))
		return error_set(e, ERROR_INPUT, "plugin.scope", "plug-in \"%s\" cannot answer this kind of question (scope %d)",
		                 link->plugin.name, (int)question->scope);
	if (begin_call(link, WIRE_ASK, link->options.deadline_ms, e) < 0)
		return -1;
	link->scope = question->scope;
	wire_put_number(writer, WIRE_SCOPE, question->scope);
	wire_put_number(writer, WIRE_PAGE_MOST, question->page_most);
	if (question->cursor)
		wire_put_bytes(writer, WIRE_CURSOR, question->cursor, question->cursor_size);
	put_all(writer, WIRE_WANTED, question->attributes);
	put_all(writer, WIRE_NAMED, question->named);
	put_all(writer, WIRE_NAMED_GROUP, question->named_groups);
	return send_call(link, e);
}

int link_ask(struct link *link, const struct link_ask *question, struct error *e)
{
	return ending(link, ask(link, question, e));
}

bool link_answers(const struct link *link, enum link_scope scope)
{
	return (link->plugin.abilities & WIRE_DIRECTORY) && (link->plugin.scopes & 1u << scope);
}

/* A call that gives nothing but notes; as many as the buffer takes, or none at all (NULL). */
static int finish_call(struct link *link, struct buffer *notes, struct error *e)
{
	struct link_item item;
	int got;

	while ((got = next_item(link, &item, e)) > 0)
		if (notes)
			buffer_format(notes, "%s\n", item.text);
	return got;
}

static int check(struct link *link, struct buffer *notes, struct error *e)
{
	link->scope = 0;
	if (begin_call(link, WIRE_CHECK, link->options.deadline_ms, e) < 0 || send_call(link, e) < 0)
		return -1;
	return finish_call(link, notes, e);
}

int link_check(struct link *link, struct arena *arena, const char **ret_notes, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer notes;

	buffer_open(&notes, LINK_NOTES_MOST);
	int result = ending(link, check(link, &notes, e));
	if (arena && ret_notes)
		*ret_notes = arena_text(arena, notes.length > 0 ? notes.bytes : "");
	return result;
}

static int watch(struct link *link, const struct link_ask *question, int deadline_ms, struct error *e)
{
	struct wire_writer *writer = &link->channel.writer;

	if (!(link->plugin.abilities & CATALOG_WATCH))
		return error_set(e, ERROR_INPUT, "plugin.scope", "plug-in \"%s\" cannot watch its directory", link->plugin.name);
	link->scope = 0;
	if (begin_call(link, WIRE_AWAIT, deadline_ms, e) < 0)
		return -1;
	if (question->cursor)
		wire_put_bytes(writer, WIRE_CURSOR, question->cursor, question->cursor_size);
	put_all(writer, WIRE_WANTED, question->attributes);
	if (send_call(link, e) < 0 || finish_call(link, NULL, e) < 0)
		return -1;
	return link->end.more;
}

int link_watch(struct link *link, const struct link_ask *question, int deadline_ms, struct error *e)
{
	return ending(link, watch(link, question, deadline_ms, e));
}

/* ---- a message ---- */

static void put_pairs(struct link *link, int64_t type, const struct link_pair *pairs, size_t count)
{
	struct wire_writer *writer = &link->channel.writer;

	for (size_t i = 0; i < count; i++) {
		wire_begin(writer, WIRE_PAIR);
		wire_put_text(writer, WIRE_NAME, pairs[i].name);
		wire_put_text(writer, WIRE_TEXT, pairs[i].value);
		wire_put_number(writer, WIRE_TYPE, type);
		wire_end(writer, NULL); /* one that may not be written is left out */
	}
}

static int check_message(const struct link *link, const struct link_message *message, struct error *e)
{
	if (!(link->plugin.abilities & CATALOG_NOTIFICATIONS))
		return error_set(e, ERROR_INPUT, "plugin.scope", "plug-in \"%s\" understands no messages of its directory", link->plugin.name);
	if (message->body_size > LINK_MESSAGE_MOST || message->query_count + message->header_count > LINK_PAIRS_MOST)
		return error_set(e, ERROR_LIMIT, "plugin.message", "a message has more than %d bytes, or %d parameters and headers",
		                 LINK_MESSAGE_MOST, LINK_PAIRS_MOST);
	return 0;
}

static int tell(struct link *link, const struct link_message *message, int deadline_ms, struct error *e)
{
	link->scope = 0;
	put_pairs(link, WIRE_QUERY, message->query, message->query_count);
	put_pairs(link, WIRE_HEADER, message->headers, message->header_count);
	if (begin_call(link, WIRE_TELL, deadline_ms, e) < 0)
		return -1;
	wire_put_text(&link->channel.writer, WIRE_NAME, message->method);
	if (message->body_size > 0)
		wire_put_bytes(&link->channel.writer, WIRE_BODY, message->body, message->body_size);
	return send_call(link, e) < 0 || finish_call(link, NULL, e) < 0 ? -1 : 0;
}

/* What a plug-in left out, and what it may not say together. */
static int complete(struct link *link, struct link_heard *heard, struct error *e)
{
	if (!heard->status)
		heard->status = 204;
	if (heard->status > 299 && heard->look_count > 0)
		return channel_broken(&link->channel, e, "it refuses a message and says whom to look at");
	return 0;
}

int link_notify(struct link *link, const struct link_message *message, int deadline_ms, struct arena *arena, struct link_heard *ret,
                struct error *e)
{
	int result;

	if (check_message(link, message, e) < 0)
		return -1;
	*ret = (struct link_heard){ 0 };
	link->heard = ret;
	link->heard_in = arena;
	result = tell(link, message, deadline_ms, e);
	if (result == 0)
		result = complete(link, ret, e);
	link->heard = NULL;
	link->dead |= result < 0 && !link->told;
	return result;
}

static int subscribe(struct link *link, enum link_subscription what, struct error *e)
{
	link->scope = 0;
	if (begin_call(link, WIRE_SUBSCRIBE, link->options.deadline_ms, e) < 0)
		return -1;
	link->subscribing = what == LINK_SUBSCRIBE;
	wire_put_number(&link->channel.writer, WIRE_TYPE, what);
	if (send_call(link, e) < 0 || finish_call(link, NULL, e) < 0)
		return -1;
	return link->end.more;
}

int link_subscribe(struct link *link, enum link_subscription what, struct error *e)
{
	if (!link->plugin.subscribes)
		return error_set(e, ERROR_INPUT, "plugin.scope", "plug-in \"%s\" makes no subscriptions", link->plugin.name);
	return ending(link, subscribe(link, what, e));
}

/* ---- an event ---- */

static int deliver(struct link *link, const struct link_event *event, int deadline_ms, struct buffer *notes, struct error *e)
{
	struct wire_writer *writer = &link->channel.writer;

	link->scope = 0;
	if (begin_call(link, WIRE_DELIVER, deadline_ms, e) < 0)
		return -1;
	wire_put_text(writer, WIRE_NAME, event->id);
	wire_put_number(writer, WIRE_UNTIL, event->at);
	wire_put_text(writer, WIRE_TEXT, event->signature);
	wire_put_bytes(writer, WIRE_BODY, event->body, event->body_size);
	return send_call(link, e) < 0 ? -1 : finish_call(link, notes, e);
}

int link_deliver(struct link *link, const struct link_event *event, int deadline_ms, struct arena *arena, int *ret_status,
                 const char **ret_notes, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer notes = { 0 };
	int result;

	if (!(link->plugin.abilities & CATALOG_DELIVERY))
		return error_set(e, ERROR_INPUT, "plugin.scope", "plug-in \"%s\" delivers nothing", link->plugin.name);
	buffer_open(&notes, LINK_NOTES_MOST);
	result = deliver(link, event, deadline_ms, &notes, e);
	link->dead |= result < 0 && !link->told;
	*ret_status = link->status;
	*ret_notes = arena_text(arena, notes.length > 0 ? notes.bytes : "");
	return result;
}

/* ---- signing a person on ---- */

static const char *copied(struct arena *arena, const char *text)
{
	return text ? arena_text(arena, text) : NULL;
}

static const char *const *copied_list(struct arena *arena, const char *const *texts)
{
	size_t count = 0;
	const char **list;

	if (!texts)
		return NULL;
	while (texts[count])
		count++;
	list = arena_array(arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		list[i] = arena_text(arena, texts[i]);
	return list;
}

static const struct identity *copied_person(struct arena *arena, const struct identity *given)
{
	struct identity_attribute *attributes = arena_array(arena, given->attribute_count + 1, sizeof(*attributes));
	struct identity *person = arena_take(arena, sizeof(*person));

	for (size_t i = 0; i < given->attribute_count; i++)
		attributes[i] = (struct identity_attribute){ arena_text(arena, given->attributes[i].name),
			                                     copied_list(arena, given->attributes[i].values) };
	*person = (struct identity){
		.remote_id = arena_text(arena, given->remote_id),
		.reference = copied(arena, given->reference),
		.user_name = copied(arena, given->user_name),
		.email = copied(arena, given->email),
		.email_proof = given->email_proof,
		.given_name = copied(arena, given->given_name),
		.family_name = copied(arena, given->family_name),
		.display_name = copied(arena, given->display_name),
		.standing = given->standing,
		.locale = copied(arena, given->locale),
		.title = copied(arena, given->title),
		.department = copied(arena, given->department),
		.manager = copied(arena, given->manager),
		.groups = copied_list(arena, given->groups),
		.attribute_count = given->attribute_count,
		.attributes = attributes,
		.stamp = copied(arena, given->stamp),
	};
	return person;
}

static int take_signed(struct link *link, const struct link_item *item, struct error *e)
{
	struct link_signed *to = link->signing;

	if (item->kind == LINK_NOTE)
		return 0;
	if (item->kind == LINK_PERSON && !to->person) {
		to->person = copied_person(link->heard_in, &item->person);
		return 0;
	}
	if (item->kind == LINK_GROUP && !item->group.gone && to->group_count < LINK_SIGN_GROUPS_MOST) {
		to->groups[to->group_count++] = (struct identity_group){
			.remote_id = arena_text(link->heard_in, item->group.remote_id),
			.name = arena_text(link->heard_in, item->group.name),
			.partial = true,
		};
		return 0;
	}
	return channel_broken(&link->channel, e, "it signs on more than one person, or gives what is neither a person nor the name of a group");
}

static void put_form(struct link *link, int64_t type, const struct link_pair *pairs, size_t count)
{
	struct wire_writer *writer = &link->channel.writer;

	for (size_t i = 0; i < count && i < LINK_PAIRS_MOST; i++) {
		size_t size = pairs[i].value ? strlen(pairs[i].value) : 0;

		if (!pairs[i].value || size > LINK_FORM_MOST || !text_is_utf8(pairs[i].value, size))
			continue;
		wire_begin(writer, WIRE_FORM);
		wire_put_text(writer, WIRE_NAME, pairs[i].name);
		wire_put_bytes(writer, WIRE_BODY, pairs[i].value, size);
		wire_put_number(writer, WIRE_TYPE, type);
		wire_end(writer, NULL); /* one that may not be written is left out */
	}
}

static int sign(struct link *link, const struct link_sign_on *ask, int deadline_ms, struct error *e)
{
	struct link_item item;
	int got;

	link->scope = ask->step == LINK_FINISH || ask->step == LINK_PASSWORD ? LINK_NAMED : 0;
	put_form(link, WIRE_ATTEMPT, ask->attempt, ask->attempt_count);
	put_form(link, WIRE_FIELD, ask->form, ask->form_count);
	if (begin_call(link, WIRE_SIGN, deadline_ms, e) < 0)
		return -1;
	wire_put_number(&link->channel.writer, WIRE_TYPE, ask->step);
	if (send_call(link, e) < 0)
		return -1;
	while ((got = next_item(link, &item, e)) > 0)
		if (take_signed(link, &item, e) < 0)
			return -1;
	if (got < 0)
		return -1;
	if (link->scope && (!link->signing->person || link->signing->person->standing == STANDING_GONE))
		return channel_broken(&link->channel, e, "it signs a person on and does not say whom");
	return 0;
}

int link_sign(struct link *link, const struct link_sign_on *ask, int deadline_ms, struct arena *arena, struct link_signed *ret, struct error *e)
{
	int result;

	if (!(link->plugin.abilities & CATALOG_SIGN_ON))
		return error_set(e, ERROR_INPUT, "plugin.scope", "plug-in \"%s\" signs nobody on", link->plugin.name);
	*ret = (struct link_signed){ 0 };
	link->signing = ret;
	link->step = ask->step;
	link->heard_in = arena;
	result = sign(link, ask, deadline_ms, e);
	link->signing = NULL;
	link->dead |= result < 0 && !link->told;
	return result;
}

bool link_lives(const struct link *link)
{
	return !link->dead;
}

/* ---- opening ---- */

static void write_own_address(struct link *link, const char *name, const char *url)
{
	struct wire_writer *writer = &link->channel.writer;

	wire_begin(writer, WIRE_OWN_ADDRESS);
	wire_put_text(writer, WIRE_NAME, name);
	wire_put_text(writer, WIRE_URL, url);
	wire_end(writer, NULL); /* one that is too long is as good as none */
}

static void write_own_addresses(struct link *link)
{
	if (link->options.notifications_url)
		write_own_address(link, "notifications", link->options.notifications_url);
	for (const struct link_pair *pair = link->options.addresses; pair && pair->name; pair++)
		write_own_address(link, pair->name, pair->value);
}

static int open_plugin(struct link *link, struct error *e)
{
	if (catalog_describe(&link->channel, link->arena, &link->plugin, e) < 0 || check_settings(link, e) < 0)
		return -1;
	write_settings(link);
	write_own_addresses(link);
	if (begin_call(link, WIRE_OPEN, link->options.deadline_ms, e) < 0 || send_call(link, e) < 0)
		return -1;
	return finish_call(link, NULL, e);
}

int link_open(struct catalog *catalog, const struct link_options *options, struct link **ret, struct error *e)
{
	scoped(link) *link = calloc(1, sizeof(*link));
	int64_t deadline_ms = clock_monotonic_ms() + options->deadline_ms;

	if (!link)
		abort();
	link->catalog = catalog;
	link->options = *options;
	link->arena = arena_open("link");
	if (catalog_start(catalog, options->plugin, options->log, deadline_ms, &link->channel, e) < 0)
		return -1;
	channel_allow(&link->channel, options->deadline_ms);
	if (options->started)
		options->started(options->started_context, link);
	if (open_plugin(link, e) < 0) {
		if (options->started)
			options->started(options->started_context, NULL);
		return -1;
	}
	link->options.settings = NULL; /* from here on the caller may wipe them */
	link->options.setting_count = 0;
	link->options.addresses = NULL;
	*ret = link;
	link = NULL;
	return 0;
}

void link_close(struct link **link)
{
	struct link *l = *link;

	if (!l)
		return;
	catalog_end(l->catalog, &l->channel);
	arena_close(&l->arena);
	free(l);
	*link = NULL;
}

void link_cancel(struct link *link)
{
	host_cancel(link->channel.host);
}
