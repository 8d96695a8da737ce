/* The webhook plug-in: brings events to an address, as the Standard Webhooks specification has it.
 *
 * It reads no directory. Whatever the address answers is an answer; whether it is good enough is the daemon's to judge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fetch.h"
#include "connector.h"

enum { SILENCE_MS = 15000, STATUS_LEAST = 100, STATUS_MOST = 599 };

struct webhook {
	struct fetch_caller caller;
	struct fetch *fetch;
	const char *url;
	bool form; /* what is brought is a form, and says itself who it is from */
};

static const struct roster_setting settings[] = {
	{ .name = "url",
	  .type = ROSTER_ADDRESS,
	  .words_for_people = "Where events are posted to, such as \"https://crm.acme.example/rosterd\".",
	  .required = 1 },
	{ .name = "form",
	  .type = ROSTER_YES_NO,
	  .words_for_people = "Whether what is posted is a form and signed itself, as the end of a session is, and not an event.",
	  .fallback = "no" },
	{ 0 },
};

static void close_webhook(void *opaque)
{
	struct webhook *self = opaque;

	fetch_close(&self->fetch);
	free(self);
}

static int open_webhook(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	const struct fetch_options options = {
		.vendor = "the application",
		.request_id = "X-Request-Id",
		.authorities_setting = "the certificates that this machine trusts",
		.silence_ms = SILENCE_MS,
		.plain = true, /* who may set such an address is the daemon's to say */
	};
	struct webhook *self = calloc(1, sizeof(*self));

	if (!self)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	self->caller = (struct fetch_caller){ call, host };
	self->url = host->setting(call, "url");
	self->form = strcmp(host->setting(call, "form"), "yes") == 0;
	if (fetch_open(&self->caller, &options, &self->fetch) < 0) {
		close_webhook(self);
		return -1;
	}
	*ret_self = self;
	return 0;
}

static int add_headers(void *context, const struct fetch_caller *caller, const char *method, const char *url, struct fetch_head *head)
{
	const struct roster_event *event = context;
	char at[24];

	(void)caller, (void)method, (void)url;
	snprintf(at, sizeof(at), "%lld", (long long)event->at);
	fetch_head_add(head, "webhook-id", event->id);
	fetch_head_add(head, "webhook-timestamp", at);
	fetch_head_add(head, "webhook-signature", event->signature);
	return 0;
}

static int deliver(struct roster_call *call, void *opaque, const struct roster_event *event)
{
	struct webhook *self = opaque;
	const struct fetch_request request = {
		.doing = "delivering an event",
		.method = "POST",
		.url = self->url,
		.content_type = self->form ? "application/x-www-form-urlencoded" : "application/json",
		.body = event->body,
		.accept = "*/*",
		.status_only = true,
		.authorise = self->form ? NULL : add_headers,
		.authorise_context = (void *)event,
	};
	struct fetch_answer answer;

	self->caller.call = call;
	if (fetch_ask(self->fetch, &self->caller, &request, &answer) < 0)
		return -1;
	if (answer.status < STATUS_LEAST || answer.status > STATUS_MOST)
		return self->caller.host->fail(call, ROSTER_NONSENSE, 0, "the application answers with %d, which is no status", answer.status);
	if (answer.location[0] && answer.status >= 300 && answer.status < 400)
		self->caller.host->note(call, "it leads on to \"%.150s\", where we do not go: set that address", answer.location);
	return answer.status;
}

static const struct roster_delivery delivery = { .size = sizeof(delivery), .deliver = deliver };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "webhook",
	.title = "Events, brought to an address",
	.settings = settings,
	.open = open_webhook,
	.close = close_webhook,
	.delivery = &delivery,
};
