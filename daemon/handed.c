/* Finds the place of each socket that was handed in among those that the configuration names. */
#include "handed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/arena.h"
#include "base/text.h"
#include "http/listener.h"
#include "http/server.h"

/* The names of one socket unit after the other: they are the library's, each by itself. */
static void free_names(char ***names)
{
	for (char **name = *names; name && *name; name++)
		free(*name);
	free(*names);
}

/* Whether a setting could name this place: "socket" has the Unix socket, "listen" the addresses. */
static bool is_place_of(const char *setting, const char *place)
{
	return text_begins(place, "unix:") == text_equal(setting, "socket");
}

static const char **find_place(const char **places, const char *setting, int fd)
{
	for (; *places; places++)
		if (is_place_of(setting, *places) && listener_is_at(fd, *places))
			return places;
	return NULL;
}

static void remove_place(const char **place)
{
	for (; *place; place++)
		place[0] = place[1];
}

static int take(const char **places, const char *name, int fd, struct error *e)
{
	char where[LISTENER_WHERE_SIZE];

	if (!text_equal(name, "socket") && !text_equal(name, "listen"))
		return error_set(e, ERROR_INPUT, "service.socket",
		                 "the service manager hands in a socket that is called \"%.64s\"; \"FileDescriptorName=socket\" or "
		                 "\"=listen\" is expected in its unit, after the setting whose place it takes", name);
	if (listener_where(fd, where, e) < 0)
		return -1;
	const char **place = find_place(places, name, fd);
	if (!place)
		return error_set(e, ERROR_INPUT, "service.socket",
		                 "the service manager hands in a socket \"%s\" at \"%s\", which \"%s\" does not name; let the "
		                 "socket's unit and the configuration agree", name, where, name);
	remove_place(place);
	return 0;
}

/* A list of our own, for the configuration's is not ours to change. */
static const char **copy_places(const char *const *from, struct arena *arena)
{
	size_t count = 0;

	while (from[count])
		count++;
	const char **places = arena_array(arena, count + 1, sizeof(*places));
	memcpy(places, from, count * sizeof(*places));
	return places;
}

int handed_take(struct server_options *options, struct arena *arena, struct error *e)
{
	__attribute__((cleanup(free_names))) char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);

	if (count < 0)
		return error_set(e, ERROR_INPUT, "service.socket", "could not take the sockets that the service manager hands in: %s",
		                 strerror(-count));
	if (count == 0)
		return 0;

	const char **places = copy_places(options->listen, arena);
	int *inherited = arena_array(arena, (size_t)count + 1, sizeof(*inherited));
	for (int i = 0; i < count; i++) {
		inherited[i] = SD_LISTEN_FDS_START + i;
		if (take(places, names[i], inherited[i], e) < 0)
			return -1;
	}
	inherited[count] = -1;
	options->listen = places;
	options->inherited = inherited;
	return 0;
}
