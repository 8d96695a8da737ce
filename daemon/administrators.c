#include "administrators.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "problem.h"

enum { ROW_LEAST = 4096, ROW_MOST = 4 << 20 }; /* bytes of a row of the databases of users and groups */

#define wrong(r, line, ...) problem_add((r)->problems, (r)->file, line, __VA_ARGS__)

/* 0, or an error of the system; *found: whether there is one. Any thread, unlike getpwnam(3). */
typedef int look_fn(const char *name, char *row, size_t size, unsigned *ret, bool *ret_found);

static int look_for_user(const char *name, char *row, size_t size, unsigned *ret, bool *ret_found)
{
	struct passwd user, *found = NULL;
	int failed = getpwnam_r(name, &user, row, size, &found);
	if (found)
		*ret = found->pw_uid;
	*ret_found = found != NULL;
	return failed;
}

static int look_for_group(const char *name, char *row, size_t size, unsigned *ret, bool *ret_found)
{
	struct group group, *found = NULL;
	int failed = getgrnam_r(name, &group, row, size, &found);
	if (found)
		*ret = found->gr_gid;
	*ret_found = found != NULL;
	return failed;
}

/* A group of many members has a long row. */
static int look_up(look_fn *look, const char *name, unsigned *ret, bool *ret_found)
{
	scoped(arena) *arena = arena_open("administrators");
	int failed = ERANGE;
	for (size_t size = ROW_LEAST; failed == ERANGE && size <= ROW_MOST; size *= 4)
		failed = look(name, arena_take(arena, size), size, ret, ret_found);
	return failed;
}

struct kind {
	const char *setting, *word;
	look_fn *look;
};

static const struct kind user_kind = { "admin_users", "user", look_for_user };
static const struct kind group_kind = { "admin_groups", "group", look_for_group };

static void find_one(struct settings_reader *r, int line, const struct kind *kind, const char *name, unsigned *list,
                     size_t *count)
{
	bool found = false;
	int failed = look_up(kind->look, name, &list[*count], &found);
	if (found)
		(*count)++;
	else if (failed)
		wrong(r, line, "\"%s\" names \"%s\", whom this machine could not look up: %s", kind->setting, name,
		      strerror(failed));
	else
		wrong(r, line, "\"%s\" names \"%s\", and there is no such %s on this machine", kind->setting, name, kind->word);
}

/* Adds the ids of the names to the list, which has room for ADMINISTRATORS_MOST more. */
static void find_all(struct settings_reader *r, const struct syntax_section *file, const struct kind *kind,
                     const char *const *names, unsigned *list, size_t *count)
{
	int line = file ? settings_line(file, kind->setting) : 0;
	for (size_t i = 0; names && names[i]; i++) {
		if (i == ADMINISTRATORS_MOST) {
			wrong(r, line, "\"%s\" has more than %d names, which is the most that is taken", kind->setting,
			      ADMINISTRATORS_MOST);
			return;
		}
		find_one(r, line, kind, names[i], list, count);
	}
}

void administrators_find(struct settings_reader *r, const struct syntax_section *file, const char *const *users,
                         const char *const *groups, struct administrators *ret)
{
	_Static_assert(sizeof(uid_t) == sizeof(unsigned) && sizeof(gid_t) == sizeof(unsigned), "ids are unsigned");
	uid_t *uids = arena_array(r->arena, ADMINISTRATORS_MOST + 1, sizeof(*uids));
	gid_t *gids = arena_array(r->arena, ADMINISTRATORS_MOST, sizeof(*gids));
	*ret = (struct administrators){ .users = uids, .groups = gids };
	uids[ret->user_count++] = geteuid();
	find_all(r, file, &user_kind, users, uids, &ret->user_count);
	find_all(r, file, &group_kind, groups, gids, &ret->group_count);
}
