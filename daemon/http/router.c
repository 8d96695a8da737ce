/* A tree of segments: literal children by name, and at most one {name}. A path walks it depth first, literals
 * before the name, so that "/users/me" beats "/users/{user}" and "/users/{user}/keys" is still found under
 * "me". */
#include "http/router.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct route {
	const char *method;
	size_t row;
	const char *const *names; /* of {name} in the order of the pattern */
	struct route *next;
};

struct node {
	const char *segment; /* NULL: a {name} */
	struct route *routes;
	struct node *children; /* literals first, the name last */
	struct node *next;
};

struct router {
	struct arena *arena;
	struct node *root;
};

/* One walk along a path. */
struct walk {
	const char *values[REQUEST_SEGMENTS_MOST];
	size_t count;
	const struct node *found;
};

static _Noreturn void end_for_bug(const char *method, const char *path, const char *why)
{
	fprintf(stderr, "rosterd: route %s %s: %s\n", method, path, why);
	abort();
}

static struct node *child_of(struct arena *arena, struct node *parent, const char *segment)
{
	struct node **at = &parent->children;

	/* Literals stand before the name, whose segment is NULL. */
	for (; *at && (*at)->segment; at = &(*at)->next)
		if (segment && strcmp((*at)->segment, segment) == 0)
			return *at;
	if (*at && !segment)
		return *at;

	struct node *node = arena_take(arena, sizeof(*node));
	node->segment = segment;
	node->next = *at;
	*at = node;
	return node;
}

static void add_route(struct router *router, struct node *node, const char *method, const char *path,
		      size_t row, const char *const *names)
{
	struct route **at = &node->routes;
	struct route *route;

	for (; *at; at = &(*at)->next)
		if (strcmp((*at)->method, method) == 0)
			end_for_bug(method, path, "another row has the same method and pattern");

	route = arena_take(router->arena, sizeof(*route));
	*route = (struct route){ .method = method, .row = row, .names = names };
	*at = route;
}

/* "{member}" to "member"; NULL: a literal. */
static const char *name_in(struct arena *arena, const char *segment, size_t length)
{
	return length > 2 && segment[0] == '{' && segment[length - 1] == '}'
		       ? arena_text_n(arena, segment + 1, length - 2)
		       : NULL;
}

static void add_pattern(struct router *router, const char *method, const char *path, size_t row)
{
	const char **names = arena_array(router->arena, REQUEST_SEGMENTS_MOST, sizeof(*names));
	struct node *node = router->root;
	size_t count = 0;

	if (path[0] != '/')
		end_for_bug(method, path, "a pattern begins with \"/\"");

	for (const char *at = path; *at;) {
		size_t length = strcspn(++at, "/");
		const char *name = name_in(router->arena, at, length);

		if (name && count == REQUEST_SEGMENTS_MOST)
			end_for_bug(method, path, "too many names");
		if (name)
			names[count++] = name;
		node = child_of(router->arena, node, name ? NULL : arena_text_n(router->arena, at, length));
		at += length;
	}
	add_route(router, node, method, path, row, names);
}

struct router *router_open(const char *const *methods, const char *const *paths, size_t count)
{
	struct arena *arena = arena_open("router");
	struct router *router = arena_take(arena, sizeof(*router));

	router->arena = arena;
	router->root = arena_take(arena, sizeof(*router->root));
	for (size_t i = 0; i < count; i++)
		add_pattern(router, methods[i], paths[i], i);
	return router;
}

void router_close(struct router **router)
{
	if (*router) {
		struct arena *arena = (*router)->arena;
		arena_close(&arena);
	}
	*router = NULL;
}

static bool is_segment(const char *literal, const char *at, size_t length)
{
	return strncmp(literal, at, length) == 0 && literal[length] == '\0';
}

/* at stands on the "/" before a segment, or at the end. The path has at most REQUEST_PATH_MOST bytes and the
 * tree is no deeper than its patterns, so the recursion is bounded by these. */
static bool walk_down(struct arena *arena, const struct node *node, const char *at, struct walk *walk)
{
	size_t length;

	if (*at == '\0') {
		walk->found = node;
		return node->routes != NULL;
	}

	length = strcspn(++at, "/");
	for (const struct node *child = node->children; child; child = child->next) {
		size_t before = walk->count;

		if (child->segment ? !is_segment(child->segment, at, length) : length == 0)
			continue;
		if (!child->segment)
			walk->values[walk->count++] = arena_text_n(arena, at, length);
		if (walk_down(arena, child, at + length, walk))
			return true;
		walk->count = before;
	}
	return false;
}

static const struct route *route_for(const struct node *node, const char *method)
{
	for (const struct route *route = node->routes; route; route = route->next)
		if (strcmp(route->method, method) == 0)
			return route;
	return NULL;
}

static void list_methods(const struct node *node, char *ret)
{
	size_t length = 0;

	ret[0] = '\0';
	for (const struct route *route = node->routes; route && length < ROUTER_ALLOW_SIZE;
	     route = route->next)
		length += (size_t)snprintf(ret + length, ROUTER_ALLOW_SIZE - length, "%s%s",
					   length ? ", " : "", route->method);
}

static void fill_segments(struct request *request, const struct route *route, const struct walk *walk)
{
	request->segment_count = walk->count;
	for (size_t i = 0; i < walk->count; i++)
		request->segments[i] = (struct request_pair){ route->names[i], walk->values[i] };
}

int router_find(const struct router *router, struct request *request, size_t *ret, char *ret_allow,
		struct error *e)
{
	struct walk walk = { 0 };
	const struct route *route;

	if (request->path[0] != '/' || !walk_down(request->arena, router->root, request->path, &walk)) {
		error_set(e, ERROR_NOT_FOUND, "http.path", "nothing lives at \"%s\"", request->path);
		return 0;
	}

	route = route_for(walk.found, request->method);
	if (!route && strcmp(request->method, "HEAD") == 0)
		route = route_for(walk.found, "GET");
	if (!route) {
		list_methods(walk.found, ret_allow);
		return error_set(e, ERROR_INPUT, "http.method", "\"%s\" is not for %s; it answers %s",
				 request->path, request->method, ret_allow);
	}

	fill_segments(request, route, &walk);
	*ret = route->row;
	return 1;
}
