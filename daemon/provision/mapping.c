#include "provision/mapping.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* Our fields and where they stand in an identity. */
static const struct field {
	const char *name;
	size_t offset;
} fields[] = {
	{ "user_name", offsetof(struct identity, user_name) },
	{ "email", offsetof(struct identity, email) },
	{ "given_name", offsetof(struct identity, given_name) },
	{ "family_name", offsetof(struct identity, family_name) },
	{ "display_name", offsetof(struct identity, display_name) },
	{ "title", offsetof(struct identity, title) },
	{ "department", offsetof(struct identity, department) },
	{ "locale", offsetof(struct identity, locale) },
};

const char *const *mapping_fields(void)
{
	static const char *names[ARRAY_COUNT(fields) + 1];
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		names[i] = fields[i].name;
	return names;
}

const char *const *mapping_attributes(const struct source *source, struct arena *arena)
{
	const struct connection *c = &source->connection;
	const char **names = arena_array(arena, c->attribute_count + 1, sizeof(*names));
	for (size_t i = 0; i < c->attribute_count; i++)
		names[i] = c->attributes[i].value;
	return names;
}

/* The first value of an attribute that the directory showed; NULL: it did not. */
static const char *attribute_of(const struct identity *given, const char *name)
{
	for (size_t i = 0; i < given->attribute_count; i++)
		if (text_equal_nocase(given->attributes[i].name, name))
			return given->attributes[i].values[0];
	return NULL;
}

static bool maps_email(const struct source *source)
{
	for (size_t i = 0; i < source->connection.attribute_count; i++)
		if (strcmp(source->connection.attributes[i].name, "email") == 0)
			return true;
	return false;
}

/* The identity with the fields exchanged that this connection maps to attributes of its own. */
static struct identity choose(const struct source *source, const struct identity *given)
{
	struct identity chosen = *given;
	for (size_t i = 0; i < source->connection.attribute_count; i++)
		for (size_t f = 0; f < ARRAY_COUNT(fields); f++)
			if (strcmp(fields[f].name, source->connection.attributes[i].name) == 0) {
				const char *value = attribute_of(given, source->connection.attributes[i].value);
				memcpy((char *)&chosen + fields[f].offset, &value, sizeof(value));
			}
	if (given->email_settled)
		chosen.email = given->email;
	return chosen;
}

struct identity *mapping_settle_email(const struct source *source, const struct identity *given, struct arena *arena)
{
	struct identity *settled = arena_copy(arena, given, sizeof(*settled));
	if (maps_email(source))
		settled->email = choose(source, given).email;
	if (!settled->email || !given->email || !text_equal_nocase(settled->email, given->email))
		settled->email_proof = PROOF_NONE;
	settled->email_settled = true;
	return settled;
}

/* Trimmed, without controls, at most MAPPED_NAME_MOST bytes; NULL for nothing. */
static const char *clean(struct arena *arena, const char *text)
{
	if (!text)
		return NULL;
	size_t length = strlen(text);
	const char *trimmed = text_trim(text, &length);
	length = text_cut(trimmed, length, MAPPED_NAME_MOST);
	if (length == 0)
		return NULL;

	char *copy = arena_text_n(arena, trimmed, length);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	return copy;
}

static const char *name_of(struct arena *arena, const struct mapped *m, const char *display)
{
	const char *cleaned = clean(arena, display);
	if (cleaned)
		return cleaned;
	if (m->given_name && m->family_name)
		return arena_format(arena, "%s %s", m->given_name, m->family_name);
	if (m->family_name || m->given_name)
		return m->family_name ? m->family_name : m->given_name;
	return m->user_name;
}

/* A key: as it came, whole, or not at all. */
static int check_key(const char *what, const char *value, size_t most, struct error *e)
{
	if (!value || !*value)
		return error_set(e, ERROR_INPUT, "person.incomplete", "the directory shows no %s for this person", what);
	size_t length = strlen(value);
	if (length > most)
		return error_set(e, ERROR_INPUT, "person.too_long", "the %s has %zu bytes; at most %zu are taken", what, length, most);
	if (!text_is_printable(value, length))
		return error_set(e, ERROR_INPUT, "person.unreadable", "the %s has control characters or is not UTF-8", what);
	return 0;
}

/* Many can write their own user name: one that is none must not hide its person from what the directory says of them. */
static void take_user_name(struct arena *arena, const char *given, struct mapped *m)
{
	struct error e;
	if (check_key("user name", given, MAPPED_USER_NAME_MOST, &e) == 0) {
		m->user_name = given;
		return;
	}
	m->poor = arena_text(arena, e.text);
	m->poor_code = arena_text(arena, e.code);
}

/* An address that is none does not cost its person the membership: the person is taken without it, and the row says so. */
static void take_email(struct arena *arena, const char *given, struct mapped *m)
{
	struct error e;
	const char *cleaned = clean(arena, given);
	if (!cleaned)
		return;
	if (text_email(arena, cleaned, &m->email, &e) == 0)
		m->domain = strchr(m->email, '@') + 1;
	else if (!m->poor) {
		m->poor = arena_format(arena, "taken without an address of mail: %s", e.text);
		m->poor_code = "person.no_address";
	}
}

static void fingerprint(struct digest *digest, struct mapped *m)
{
	const char *const all[] = { m->remote_id, m->user_name, m->email, m->given_name, m->family_name, m->display_name,
		                    m->title, m->department, m->locale, m->standing == STANDING_ACTIVE ? "1" : "2" };
	digest_begin(digest);
	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		digest_add_field(digest, all[i]);
	digest_end(digest, m->fingerprint);
}

int mapping_person(const struct source *source, const struct identity *given, struct digest *digest, struct arena *arena,
                   struct mapped *ret, struct error *e)
{
	struct identity chosen = choose(source, given);
	if (check_key("id", chosen.remote_id, MAPPED_ID_MOST, e) < 0)
		return -1;

	struct mapped m = {
		.remote_id = chosen.remote_id,
		.key = chosen.reference ? chosen.reference : chosen.remote_id,
		.given_name = clean(arena, chosen.given_name),
		.family_name = clean(arena, chosen.family_name),
		.title = clean(arena, chosen.title),
		.department = clean(arena, chosen.department),
		.locale = clean(arena, chosen.locale),
		.standing = chosen.standing,
	};
	take_user_name(arena, chosen.user_name, &m);
	m.display_name = name_of(arena, &m, chosen.display_name);
	/* An address that the directory itself calls unproven is not evidence of anything. */
	if (chosen.email_proof != PROOF_NONE)
		take_email(arena, chosen.email, &m);
	fingerprint(digest, &m);
	*ret = m;
	return 0;
}
