#include "peers/vendor/entra_notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "base/text.h"

enum { SUBSCRIPTIONS_MOST = 100, LIFE_MOST_S = 41760 * 60, STATE_MOST = 128, ANSWER_MOST = 8192 };

static const char token[] =
	"Validation: Testing client application reachability for subscription Request-Id: 94fb3b52+452a";
static char socket_path[512];
static struct subscription {
	char id[40], resource[64], url[512], state[STATE_MOST + 1];
} subscriptions[SUBSCRIPTIONS_MOST];
static size_t subscription_count;
static unsigned made;

struct heard {
	char bytes[ANSWER_MOST];
	size_t length;
};

static size_t hear(char *bytes, size_t size, size_t count, void *context)
{
	struct heard *heard = context;
	size_t length = size * count;

	if (heard->length + length >= sizeof(heard->bytes))
		return 0;
	memcpy(heard->bytes + heard->length, bytes, length);
	heard->length += length;
	heard->bytes[heard->length] = '\0';
	return length;
}

/* Graph waits three seconds for a notification, ten for a validation. 0: no answer. */
static long post(const char *url, const char *query, const char *type, const char *body, struct heard *ret)
{
	CURL *curl = curl_easy_init();
	const char *path = strstr(url, "://") ? strchr(strstr(url, "://") + 3, '/') : NULL;
	char local[4096], header[128];
	struct curl_slist *headers;
	long status = 0;

	snprintf(local, sizeof(local), "http://localhost%s%s", path ? path : "/", query);
	snprintf(header, sizeof(header), "Content-Type: %s", type);
	headers = curl_slist_append(NULL, header);
	ret->length = 0;
	ret->bytes[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, local);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, hear);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return status;
}

/* The token goes out percent-encoded, with "+" for blanks, and must come back decoded. */
static bool is_there(const char *url)
{
	static const char query[] =
		"?validationToken=Validation%3a+Testing+client+application+reachability+for+"
		"subscription+Request-Id%3a+94fb3b52%2b452a";
	struct heard heard;

	return post(url, query, "text/plain; charset=utf-8", "", &heard) == 200 &&
	       strcmp(heard.bytes, token) == 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static const char *fault(struct vendor_reply *reply, int status, const char *code)
{
	reply->status = status;
	return code;
}

static const char *end_fault(const json_t *wanted, struct vendor_reply *reply)
{
	int64_t end = vendor_read_time(text_of(wanted, "expirationDateTime")), now = vendor_now_ms();

	if (end <= now || end > now + (int64_t)LIFE_MOST_S * 1000)
		return fault(reply, 400,
			     "ExtensionError: expirationDateTime is not within 41760 minutes from now.");
	return NULL;
}

static const char *put(struct vendor_reply *reply, const struct subscription *s, const char *end)
{
	buffer_format(
		&reply->body,
		"{\"@odata.context\":\"%s/v1.0/$metadata#subscriptions/"
		"$entity\",\"id\":\"%s\",\"resource\":\"%s\","
		"\"changeType\":\"updated,deleted\",\"notificationUrl\":\"%s\",\"expirationDateTime\":\"%s\","
		"\"clientState\":null,\"latestSupportedTlsVersion\":\"v1_2\"}",
		vendor_base(), s->id, s->resource, s->url, end);
	return NULL;
}

static const char *create(const json_t *wanted, struct vendor_reply *reply)
{
	const char *url = text_of(wanted, "notificationUrl"), *resource = text_of(wanted, "resource"),
		   *state = text_of(wanted, "clientState"), *wrong = end_fault(wanted, reply);
	struct subscription *s = &subscriptions[subscription_count];

	if (wrong)
		return wrong;
	if (strncmp(url, "https://", 8) != 0 ||
	    strcmp(url, text_of(wanted, "lifecycleNotificationUrl")) != 0 || strlen(url) >= sizeof(s->url))
		return fault(reply, 400, "InvalidRequest: notificationUrl must be https.");
	if (strlen(state) > STATE_MOST ||
	    (strcmp(resource, "/users") != 0 && strcmp(resource, "/groups") != 0) ||
	    strcmp(text_of(wanted, "changeType"), "updated,deleted") != 0)
		return fault(reply, 400,
			     "InvalidRequest: resource, changeType or clientState is not supported.");
	if (subscription_count == SUBSCRIPTIONS_MOST)
		return fault(reply, 403, "Forbidden: the limit of subscriptions is reached.");
	if (!is_there(url))
		return fault(reply, 400,
			     "ValidationError: Subscription validation request failed. Notification endpoint "
			     "must respond "
			     "with 200 OK to validation request.");
	snprintf(s->id, sizeof(s->id), "7f105c7d-2dc5-4530-97cd-%012x", ++made);
	snprintf(s->resource, sizeof(s->resource), "%s", resource);
	snprintf(s->url, sizeof(s->url), "%s", url);
	snprintf(s->state, sizeof(s->state), "%s", state);
	subscription_count++;
	reply->status = 201;
	return put(reply, s, text_of(wanted, "expirationDateTime"));
}

static struct subscription *find(const char *id)
{
	for (size_t i = 0; i < subscription_count; i++)
		if (strcmp(subscriptions[i].id, id) == 0)
			return &subscriptions[i];
	return NULL;
}

const char *entra_subscriptions(const struct vendor_request *request, struct vendor_reply *reply,
				const char *rest)
{
	json_t *wanted = json_loadb(request->body ? request->body : "", request->body_size, 0, NULL);
	struct subscription *s = rest[0] == '/' ? find(rest + 1) : NULL;
	const char *wrong = NULL;

	if (!rest[0] && strcmp(request->method, "POST") == 0) {
		wrong = create(wanted, reply);
	} else if (!s) {
		wrong = fault(reply, 404, "ResourceNotFound: The object was not found.");
	} else if (strcmp(request->method, "PATCH") == 0) {
		wrong = end_fault(wanted, reply);
		if (!wrong)
			put(reply, s, text_of(wanted, "expirationDateTime"));
	} else if (strcmp(request->method, "DELETE") == 0) {
		*s = subscriptions[--subscription_count];
		reply->status = 204;
	} else {
		wrong = fault(reply, 405, "InvalidRequest: Specified HTTP method is not allowed.");
	}
	json_decref(wanted);
	return wrong;
}

static bool send_to(const struct subscription *s, const char *what)
{
	struct buffer body;
	struct heard heard;
	long status;

	buffer_open(&body, ANSWER_MOST);
	buffer_format(&body,
		      "{\"value\":[{\"subscriptionId\":\"%s\",\"subscriptionExpirationDateTime\":\"2026-12-"
		      "20T11:00:00.0000000+00:00\","
		      "\"clientState\":\"%s\",%s}]}",
		      s->id, s->state, what);
	status = post(s->url, "", "application/json; charset=utf-8", body.bytes, &heard);
	buffer_close(&body);
	return status >= 200 && status < 300;
}

bool entra_notify(const char *resource, const char *id, const char *tenant)
{
	bool taken = false;
	char what[2048];

	snprintf(what, sizeof(what),
		 "\"id\":\"lsgTZMr9KwAAA\",\"changeType\":\"updated\",\"resource\":\"%s/"
		 "%s\",\"tenantId\":\"%s\",\"resourceData\":{"
		 "\"@odata.type\":\"#Microsoft.Graph.%s\",\"@odata.id\":\"%s/"
		 "%s\",\"id\":\"%s\",\"organizationId\":\"%s\","
		 "\"sequenceNumber\":637000000000000000}",
		 resource, id, tenant, resource[0] == 'U' ? "User" : "Group", resource, id, id, tenant);
	for (size_t i = 0; i < subscription_count; i++)
		if (subscriptions[i].resource[1] == (resource[0] == 'U' ? 'u' : 'g'))
			taken |= send_to(&subscriptions[i], what);
	return taken;
}

bool entra_notify_tell(char **words, size_t count, struct buffer *out)
{
	if (text_equal(words[0], "hook-socket") && count == 2)
		return snprintf(socket_path, sizeof(socket_path), "%s", words[1]) > 0;
	if (text_equal(words[0], "subscriptions")) {
		buffer_format(out, "%zu", subscription_count);
		for (size_t i = 0; i < subscription_count; i++)
			buffer_format(out, " %s", subscriptions[i].resource);
		buffer_text(out, "\n");
		return true;
	}
	if (text_equal(words[0], "forget-subscriptions"))
		return subscription_count = 0, true;
	if (text_equal(words[0], "lifecycle") && count == 2) {
		char what[256];

		snprintf(what, sizeof(what), "\"tenantId\":\"x\",\"lifecycleEvent\":\"%s\"", words[1]);
		for (size_t i = 0; i < subscription_count; i++)
			send_to(&subscriptions[i], what);
		return true;
	}
	return false;
}
