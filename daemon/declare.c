#include "declare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "declare_order.h"
#include "orgfile.h"
#include "problem.h"
#include "roster/audit.h"
#include "roster/connection.h"
#include "roster/domain.h"
#include "roster/managed.h"
#include "roster/organisation.h"
#include "roster/seats.h"
#include "store/transaction.h"

enum { LIST_MOST = 1000 };

struct declaration {
	struct tx *tx;
	struct arena *arena;
	const struct crypt_keys *keys;
	struct declared *done;
	struct id *declared; /* the organisations that a file describes */
	size_t declared_count;
	const struct orgfile *file;
	int line; /* of the file: what is being declared */
	struct id organisation;
	struct actor actor;
	struct log log;
};

static int audit(struct declaration *d, const char *action, const char *kind, const char *target, const char *name,
                 struct error *e)
{
	const struct audit_event event = { .action = action, .target_kind = kind, .target = target, .target_name = name };
	return audit_write(d->tx, &d->organisation, &d->actor, &event, e);
}

static void tell(struct declaration *d, const char *action, const char *kind, const char *name)
{
	struct declared *done = d->done;
	if (done->count == DECLARE_EVENTS_MOST) {
		done->beyond++;
		return;
	}
	done->events[done->count++] = (struct declare_event){
		.action = action,
		.organisation = arena_text(done->arena, d->file->slug),
		.kind = kind,
		.name = arena_text(done->arena, name),
	};
}

static int record(struct declaration *d, const char *action, const char *kind, const char *target, const char *name,
                  struct error *e)
{
	tell(d, action, kind, name);
	return audit(d, action, kind, target, name, e);
}

static const char *id_in(struct declaration *d, const struct id *id)
{
	char text[ID_TEXT_SIZE];
	return arena_text(d->arena, id_text(id, text));
}

/* A file describes it, in this line. If none did for a while, that is an entry. */
static int keep_place(struct declaration *d, const char *kind, const char *target, const char *name, struct error *e)
{
	struct managed is = { 0 };
	char action[64];
	int found = managed_find(d->tx, d->arena, &d->organisation, kind, target, &is, e);
	if (found < 0 || (found == 1 && !is.orphaned_at && is.line == d->line))
		return found < 0 ? -1 : 0;
	if (managed_keep(d->tx, &d->organisation, kind, target, d->line, e) < 0)
		return -1;
	snprintf(action, sizeof(action), "%s.reclaimed", kind);
	return is.orphaned_at ? record(d, arena_text(d->done->arena, action), kind, target, name, e) : 0;
}

/* No file does any more: nothing is removed, and somebody is asked. */
static int orphan(struct declaration *d, const char *kind, const char *target, const char *name, struct error *e)
{
	char action[64];
	int marked = managed_orphan(d->tx, &d->organisation, kind, target, e);
	if (marked <= 0)
		return marked;
	snprintf(action, sizeof(action), "%s.orphaned", kind);
	return record(d, arena_text(d->done->arena, action), kind, target, name, e);
}

/* ---- the organisation itself -------------------------------------------------------------------------------------------- */

/* Whether type, plan and seats of the file go together; fills what the plan is called. kept NULL: nothing was there. */
static int check_plan(struct declaration *d, const struct organisation *kept, const char **ret_plan, const char **ret_seats,
                      struct error *e)
{
	const char *plan = d->file->plan;
	const char *seats = d->file->seats ? d->file->seats : kept ? kept->seat_limit : "plan";
	struct seats_plan found;
	int64_t most;
	if (!plan && kept && text_equal(kept->type, d->file->type))
		plan = kept->plan;
	if (seats_plan(d->tx, d->arena, d->file->type, plan, &found, e) < 0 || seats_limit(seats, &found, &most, e) < 0)
		return -1;
	*ret_plan = found.plan;
	*ret_seats = seats;
	return 0;
}

static int create_organisation(struct declaration *d, struct error *e)
{
	struct organisation made = {
		.id = d->organisation,
		.slug = d->file->slug,
		.name = d->file->name,
		.type = d->file->type,
		.default_role = d->file->default_role,
		.grace_ms = d->file->grace_ms,
		.session_idle_ms = d->file->session_idle_ms,
		.session_most_ms = d->file->session_most_ms,
		.managed_by = d->file->file,
	};
	if (check_plan(d, NULL, &made.plan, &made.seat_limit, e) < 0 || organisation_create(d->tx, &made, e) < 0)
		return -1;
	return record(d, "organisation.created", "organisation", id_in(d, &made.id), made.name, e);
}

/* Somebody's work of before, with settings that the file would replace: only if the file says that this is meant. */
static int check_by_hand(const struct declaration *d, const char *kind, const char *name, const char *managed_by, struct error *e)
{
	if (managed_by || d->file->adopt)
		return 0;
	return error_set(e, ERROR_CONFLICT, "declare.by_hand",
			 "%s \"%.80s\" was made by hand, and this file would replace what it is like: say adopt = yes in the file if that "
			 "is meant, or choose another name; nothing was changed",
			 kind, name);
}

static int update_organisation(struct declaration *d, struct error *e)
{
	struct organisation is;
	const char *plan, *seats;
	int found = organisation_load(d->tx, d->arena, &d->organisation, &is, e);
	if (found != 1)
		return found < 0 ? -1 : error_set(e, ERROR_CONFLICT, "declare.gone", "it was deleted meanwhile");
	if (check_by_hand(d, "organisation", is.slug, is.managed_by, e) < 0 || check_plan(d, &is, &plan, &seats, e) < 0)
		return -1;
	if (text_equal(is.slug, d->file->slug) && text_equal(is.name, d->file->name) && text_equal(is.type, d->file->type) &&
	    text_equal(is.plan, plan) && text_equal(is.seat_limit, seats) &&
	    text_equal(is.default_role, d->file->default_role) && is.grace_ms == d->file->grace_ms &&
	    is.session_idle_ms == d->file->session_idle_ms && is.session_most_ms == d->file->session_most_ms && text_equal(is.managed_by, d->file->file))
		return 0;

	is.slug = d->file->slug; /* a former one led here */
	is.name = d->file->name;
	is.type = d->file->type;
	is.plan = plan;
	is.seat_limit = seats;
	is.default_role = d->file->default_role;
	is.grace_ms = d->file->grace_ms;
	is.session_idle_ms = d->file->session_idle_ms;
	is.session_most_ms = d->file->session_most_ms;
	is.managed_by = d->file->file;
	if (organisation_update(d->tx, &is, e) < 0)
		return -1;
	return record(d, "organisation.updated", "organisation", id_in(d, &is.id), is.name, e);
}

static int declare_organisation(struct declaration *d, struct error *e)
{
	int found = organisation_resolve(d->tx, d->arena, d->file->slug, &d->organisation, e);
	if (found < 0)
		return -1;
	if (found == 0)
		d->organisation = id_new();
	if (tx_for(d->tx, &d->organisation, e) < 0)
		return -1;
	d->declared[d->declared_count++] = d->organisation;
	if ((found == 1 ? update_organisation(d, e) : create_organisation(d, e)) < 0)
		return -1;
	return keep_place(d, "organisation", id_in(d, &d->organisation), d->file->name, e);
}

/* ---- domains --------------------------------------------------------------------------------------------------------------- */

static bool among(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

/* Most often the organisation's own, under the slug that it had before somebody renamed its file. */
static int taken(const struct declaration *d, const char *domain, struct error *e)
{
	return error_set(e, ERROR_CONFLICT, "domain.taken",
			 "the domain \"%s\" already belongs to another organisation than \"%s\": if this file was renamed, say "
			 "slug = \"...\" in it, with the name that it had; otherwise remove the domain there first",
			 domain, d->file->slug);
}

/* What was added by hand before becomes the file's. */
static int declare_domain(struct declaration *d, const char *domain, struct error *e)
{
	struct domain is;
	int found = domain_load(d->tx, d->arena, &d->organisation, domain, &is, e);
	if (found < 0)
		return -1;
	if (found == 1 && text_equal(is.managed_by, d->file->file) && text_equal(is.state, "verified"))
		return 0;
	if ((found == 1 && domain_remove(d->tx, &d->organisation, domain, e) < 0) ||
	    domain_add(d->tx, &d->organisation, domain, "operator", d->file->file, e) < 0)
		return e && text_equal(e->code, "domain.taken") ? taken(d, domain, e) : -1;
	return record(d, "domain.verified", "domain", domain, domain, e);
}

static int declare_domains(struct declaration *d, struct error *e)
{
	struct domain *all;
	size_t count;
	for (size_t i = 0; d->file->domains[i]; i++) {
		d->line = d->file->domain_lines[i];
		if (declare_domain(d, d->file->domains[i], e) < 0 ||
		    keep_place(d, "domain", d->file->domains[i], d->file->domains[i], e) < 0)
			return -1;
	}

	if (domain_list(d->tx, d->arena, &d->organisation, NULL, LIST_MOST, &all, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (all[i].managed_by && !among(d->file->domains, all[i].domain) &&
		    orphan(d, "domain", all[i].domain, all[i].domain, e) < 0)
			return -1;
	return 0;
}

/* ---- connections ------------------------------------------------------------------------------------------------------------ */

static bool same_pairs(const struct connection_pair *a, size_t a_count, const struct connection_pair *b, size_t b_count)
{
	size_t found = 0;
	for (size_t i = 0; i < a_count; i++)
		for (size_t k = 0; k < b_count; k++)
			found += strcmp(a[i].name, b[k].name) == 0 && text_equal(a[i].value, b[k].value);
	return a_count == b_count && found == a_count;
}

static bool same_mappings(const struct connection *a, const struct connection *b)
{
	if (a->mapping_count != b->mapping_count)
		return false;
	for (size_t i = 0; i < a->mapping_count; i++)
		if (strcmp(a->mappings[i].group, b->mappings[i].group) != 0 ||
		    strcmp(a->mappings[i].role, b->mappings[i].role) != 0)
			return false;
	return true;
}

static bool same(const struct connection *a, const struct connection *b)
{
	return text_equal(a->state, b->state) && a->schedule_ms == b->schedule_ms &&
	       a->full_schedule_ms == b->full_schedule_ms && a->watch == b->watch &&
	       memcmp(a->guard, b->guard, sizeof(a->guard)) == 0 &&
	       a->private_addresses == b->private_addresses && a->grace_ms == b->grace_ms && text_equal(a->managed_by, b->managed_by) &&
	       same_pairs(a->settings, a->setting_count, b->settings, b->setting_count) &&
	       same_pairs(a->attributes, a->attribute_count, b->attributes, b->attribute_count) && same_mappings(a, b);
}

/* Seals the secrets that differ from what is kept. *changed is turned on if there was one. */
static int declare_secrets(struct declaration *d, const struct orgfile_connection *from, const struct id *id, bool *changed,
                           struct error *e)
{
	for (size_t i = 0; i < from->is.secret_count; i++) {
		scoped(secret) *kept = NULL;
		const struct secret *wanted = from->secrets[i];
		int found = connection_open_secret(d->tx, d->keys, &d->organisation, id, from->is.secrets[i], &kept, e);
		if (found < 0)
			return -1;
		if (found == 1 && secret_equal(kept, secret_bytes(wanted), secret_size(wanted)))
			continue;
		if (connection_keep_secret(d->tx, d->keys, &d->organisation, id, from->is.secrets[i], wanted, e) < 0)
			return -1;
		*changed = true;
	}
	return 0;
}

static bool keeps_secret(const struct connection *connection, const char *name)
{
	for (size_t i = 0; i < connection->secret_count; i++)
		if (strcmp(connection->secrets[i], name) == 0)
			return true;
	return false;
}

/* A secret that the file no longer names is a risk and of no use. *changed is turned on if there was one. */
static int forget_secrets(struct declaration *d, const struct orgfile_connection *from, const struct connection *is,
                          bool *changed, struct error *e)
{
	for (size_t i = 0; i < is->secret_count; i++) {
		if (keeps_secret(&from->is, is->secrets[i]))
			continue;
		if (connection_keep_secret(d->tx, d->keys, &d->organisation, &is->id, is->secrets[i], NULL, e) < 0)
			return -1;
		*changed = true;
	}
	return 0;
}

static int create_connection(struct declaration *d, const struct orgfile_connection *from, struct connection *wanted,
                             struct error *e)
{
	bool changed;
	wanted->id = id_new();
	if (connection_create(d->tx, wanted, e) < 0 || declare_secrets(d, from, &wanted->id, &changed, e) < 0)
		return -1;
	return record(d, "connection.created", "connection", id_in(d, &wanted->id), wanted->name, e);
}

/* Without the section nobody would have a role but the default one, administrators included: an empty section says that this
 * is meant. */
static void keep_roles(struct declaration *d, const struct orgfile_connection *from, const struct connection *is,
                       struct connection *wanted)
{
	if (from->roles_line || !is->mapping_count)
		return;
	wanted->mappings = is->mappings;
	wanted->mapping_count = is->mapping_count;
	log_warning(&d->log, "connection \"%s\" has no section \"roles\" any more; its %zu roles stay until the file has an empty one",
	            is->name, is->mapping_count);
}

static int update_connection(struct declaration *d, const struct orgfile_connection *from, const struct connection *is,
                             struct connection *wanted, struct error *e)
{
	keep_roles(d, from, is, wanted);
	bool changed = !same(is, wanted);
	if (strcmp(is->plugin, wanted->plugin) != 0)
		return error_set(e, ERROR_CONFLICT, "declare.plugin",
		                 "connection \"%s\" is of plug-in \"%s\" and cannot become one of \"%s\": give the new one another "
		                 "name", is->name, is->plugin, wanted->plugin);
	wanted->id = is->id;
	wanted->version = is->version;
	if ((changed && connection_update(d->tx, wanted, e) < 0) || declare_secrets(d, from, &is->id, &changed, e) < 0 ||
	    forget_secrets(d, from, is, &changed, e) < 0)
		return -1;
	return changed ? record(d, "connection.updated", "connection", id_in(d, &is->id), is->name, e) : 0;
}

static int declare_connection(struct declaration *d, const struct orgfile_connection *from, struct error *e)
{
	struct connection is, wanted = from->is;
	wanted.organisation = d->organisation;
	wanted.managed_by = d->file->file;
	int found = connection_find(d->tx, d->arena, &d->organisation, wanted.name, &is, e);
	if (found < 0)
		return -1;
	if (found == 1 && check_by_hand(d, "connection", is.name, is.managed_by, e) < 0)
		return -1;
	if ((found == 1 ? update_connection(d, from, &is, &wanted, e) : create_connection(d, from, &wanted, e)) < 0)
		return -1;
	return keep_place(d, "connection", id_in(d, &wanted.id), wanted.name, e);
}

static bool describes(const struct orgfile *file, const char *connection)
{
	for (size_t i = 0; i < file->connection_count; i++)
		if (strcmp(file->connections[i].is.name, connection) == 0)
			return true;
	return false;
}

static int declare_connections(struct declaration *d, struct error *e)
{
	for (size_t i = 0; i < d->file->connection_count; i++) {
		d->line = d->file->connections[i].line;
		if (declare_connection(d, &d->file->connections[i], e) < 0)
			return -1;
	}

	struct connection *all;
	size_t count;
	if (connection_list(d->tx, d->arena, &d->organisation, NULL, LIST_MOST, false, &all, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (describes(d->file, all[i].name))
			continue;
		if (all[i].managed_by && orphan(d, "connection", id_in(d, &all[i].id), all[i].name, e) < 0)
			return -1;
		/* Whoever adopts by a file believes that all of it is the file's from now on. */
		if (!all[i].managed_by && d->file->adopt)
			tell(d, DECLARE_LEFT_ALONE, "connection", all[i].name);
	}
	return 0;
}

/* ---- whose word counts -------------------------------------------------------------------------------------- */

static int declare_precedence(struct declaration *d, struct error *e)
{
	struct ordered ordered;
	if (d->file->rules_line)
		d->line = d->file->rules_line;
	if (declare_order(d->tx, d->arena, &d->organisation, d->file, &d->log, &ordered, e) < 0 ||
	    (ordered.dropped && record(d, "run.dropped", "run", id_in(d, &ordered.run), "all connections", e) < 0))
		return -1;
	return ordered.asked ? record(d, "precedence.asked", "organisation", id_in(d, &d->organisation), d->file->name, e) : 0;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------- */

static int declare_file(struct declaration *d, struct error *e)
{
	d->line = d->file->line;
	d->actor = (struct actor){ .kind = "file", .id = d->file->file, .source = "file" };
	log_subject(&d->log, NULL, "%s", d->file->file);
	return declare_organisation(d, e) < 0 || declare_domains(d, e) < 0 || declare_connections(d, e) < 0 ||
			       declare_precedence(d, e) < 0
		       ? -1
		       : 0;
}

/* What is there already and does not go together with the file: somebody has to change one of the two. */
static bool is_mistake(const struct error *e)
{
	return e->kind == ERROR_CONFLICT || e->kind == ERROR_INPUT || e->kind == ERROR_LIMIT;
}

/* Each file begins at a mark, so that after a mistake the next one can still be looked at. */
static int declare_or_note(struct declaration *d, struct problems *problems, struct error *e)
{
	struct error why;
	if (tx_mark(d->tx, e) < 0)
		return -1;
	if (declare_file(d, &why) == 0)
		return 0;
	if (!is_mistake(&why)) {
		error_set(e, why.kind, why.code, "%s: organisation \"%s\": %s", d->file->file, d->file->slug, why.text);
		e->wait_ms = why.wait_ms;
		return error_detail(e, "%s", why.detail);
	}
	problem_add(problems, d->file->file, d->line, "organisation \"%s\": %s", d->file->slug, why.text);
	return tx_back_to_mark(d->tx, e);
}

/* ---- what no file describes any more ---------------------------------------------------------------------------------------- */

static bool is_declared(const struct declaration *d, const struct id *id)
{
	for (size_t i = 0; i < d->declared_count; i++)
		if (id_equal(&d->declared[i], id))
			return true;
	return false;
}

/* A file that is there and was not read is another daemon's. One that was read describes another organisation now. */
static bool is_gone(const struct orgfile *files, size_t count, const char *file)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(files[i].file, file))
			return true;
	return access(file, F_OK) < 0 && errno == ENOENT;
}

static int orphan_organisation(struct declaration *d, const struct managed_organisation *which, struct error *e)
{
	struct orgfile *file = arena_take(d->arena, sizeof(*file));
	file->file = which->file;
	file->slug = which->slug;
	d->file = file;
	d->organisation = which->id;
	d->actor = (struct actor){ .kind = "file", .id = which->file, .source = "file" };
	int result = tx_for(d->tx, &which->id, e) < 0 ? -1 : orphan(d, "organisation", id_in(d, &which->id), which->name, e);
	d->file = NULL;
	return result;
}

static int orphan_organisations(struct declaration *d, const struct orgfile *files, size_t count, struct error *e)
{
	struct managed_organisation *all;
	size_t all_count;
	if (managed_organisations(d->tx, d->arena, &all, &all_count, e) < 0)
		return -1;
	for (size_t i = 0; i < all_count; i++)
		if (!all[i].orphaned && !is_declared(d, &all[i].id) && is_gone(files, count, all[i].file) &&
		    orphan_organisation(d, &all[i], e) < 0)
			return -1;
	return 0;
}

/* Those that wait for an answer, whenever that began. */
static int tell_orphans(struct declaration *d, struct error *e)
{
	struct managed_orphan *all;
	if (managed_orphans(d->tx, d->done->arena, DECLARE_ORPHANS_MOST, &all, &d->done->orphan_count, e) < 0)
		return -1;
	d->done->orphans = all;
	return 0;
}

static int declare_all(struct declaration *d, const struct orgfile *organisations, size_t count, struct problems *problems,
                       struct error *e)
{
	size_t before = problems->count;
	for (size_t i = 0; i < count; i++) {
		d->file = &organisations[i];
		if (declare_or_note(d, problems, e) < 0)
			return -1;
	}
	if (problems->count == before)
		return orphan_organisations(d, organisations, count, e) < 0 ? -1 : tell_orphans(d, e);
	return error_set(e, ERROR_INPUT, "declare.refused", "the files of organisations do not go together with what is there");
}

int declare_organisations(struct store *store, const struct crypt_keys *keys, const struct orgfile *organisations,
                          size_t count, struct declared *ret, struct problems *problems, struct error *e)
{
	scoped(arena) *arena = arena_open("declare");
	scoped(tx) *tx = NULL;
	struct declaration d = { .arena = arena, .keys = keys, .done = ret };
	ret->events = arena_array(ret->arena, DECLARE_EVENTS_MOST, sizeof(*ret->events));
	ret->count = ret->beyond = ret->orphan_count = 0;
	d.declared = arena_array(arena, count, sizeof(*d.declared));
	if (tx_begin(store, STORE_REQUEST, &tx, e) < 0)
		return -1;
	d.tx = tx;
	if (declare_all(&d, organisations, count, problems, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}
