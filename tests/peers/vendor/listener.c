/* An application that listens for events (Standard Webhooks): it keeps what it was told, and answers as a test wants.
 *
 * Told:
 *   heard PATH               what came to it, a JSON object a line, in the order it came: id, timestamp, signature, content_type,
 *                            answered, body
 *   unheard                  forgets what was heard so far
 *   answer PATH STATUS       with which status from now on; 200 otherwise
 *   answer-once PATH A B     once with A, then with B
 *   slow PATH MS             how long an answer takes from now on */
#include "peers/vendor/server.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATHS_MOST = 8, HEARD_MOST = 100000, LINE_MOST = 1 << 20 };

static struct path {
	char name[64];
	int status, then; /* then 0: the same */
	long slow_ms;
} paths[PATHS_MOST];
static size_t path_count;

static struct heard {
	const struct path *path;
	char *line;
} heard[HEARD_MOST];
static size_t heard_count;

static struct path *path_of(const char *name)
{
	for (size_t i = 0; i < path_count; i++)
		if (strcmp(paths[i].name, name) == 0)
			return &paths[i];
	if (path_count == PATHS_MOST || strlen(name) >= sizeof(paths[0].name))
		abort();
	strcpy(paths[path_count].name, name);
	paths[path_count].status = 200;
	return &paths[path_count++];
}

static void put_header(struct json_writer *w, const char *member, const struct vendor_request *request, const char *name)
{
	json_put_text(w, member, vendor_header(request, name));
}

static void keep(const struct vendor_request *request, const struct path *path)
{
	struct buffer line;
	struct json_writer w;
	char *body = strndup(request->body ? request->body : "", request->body_size);

	if (!body || heard_count == HEARD_MOST)
		abort();
	buffer_open(&line, LINE_MOST);
	json_writer_open(&w, &line);
	json_begin_object(&w, NULL);
	put_header(&w, "id", request, "webhook-id");
	put_header(&w, "timestamp", request, "webhook-timestamp");
	put_header(&w, "signature", request, "webhook-signature");
	put_header(&w, "content_type", request, "Content-Type");
	json_put_int(&w, "answered", path->status);
	json_put_text(&w, "body", body);
	json_end_object(&w);
	heard[heard_count++] = (struct heard){ path, strdup(line.bytes) };
	buffer_close(&line);
	free(body);
}

static void answer(const struct vendor_request *request, struct vendor_reply *reply)
{
	struct path *path = path_of(request->path + 1);
	const struct timespec pause = { path->slow_ms / 1000, path->slow_ms % 1000 * 1000000 };

	keep(request, path);
	nanosleep(&pause, NULL);
	reply->status = path->status;
	reply->content_type = "text/plain";
	buffer_text(&reply->body, "heard\n"); /* no JSON: nobody has promised any */
	if (path->then)
		path->status = path->then;
	path->then = 0;
}

static void forget(void)
{
	while (heard_count > 0)
		free(heard[--heard_count].line);
}

static void list(const char *name, struct buffer *out)
{
	const struct path *path = path_of(name);

	for (size_t i = 0; i < heard_count; i++)
		if (heard[i].path == path)
			buffer_format(out, "%s\n", heard[i].line);
}

static bool tell(char **words, size_t count, struct buffer *out)
{
	struct path *path = count > 1 ? path_of(words[1]) : NULL;

	if (strcmp(words[0], "heard") == 0 && count == 2)
		list(words[1], out);
	else if (strcmp(words[0], "unheard") == 0)
		forget();
	else if (strcmp(words[0], "answer") == 0 && count == 3)
		path->status = atoi(words[2]);
	else if (strcmp(words[0], "answer-once") == 0 && count == 4)
		path->status = atoi(words[2]), path->then = atoi(words[3]);
	else if (strcmp(words[0], "slow") == 0 && count == 3)
		path->slow_ms = atol(words[2]);
	else
		return false;
	return true;
}

/* Nobody limits how much it is told. */
static const char *bucket(const struct vendor_request *request)
{
	(void)request;
	return NULL;
}

static void mark(struct vendor_reply *reply, const struct vendor_bucket *of, long left, int64_t reset)
{
	(void)reply, (void)of, (void)left, (void)reset;
}

int main(int argc, char **argv)
{
	static struct vendor_bucket buckets[] = { { 0 } };
	static const struct vendor listener = { .name = "listener", .buckets = buckets, .bucket = bucket, .mark = mark, .answer = answer, .tell = tell };
	int result = vendor_main(argc, argv, &listener);

	forget();
	return result;
}
