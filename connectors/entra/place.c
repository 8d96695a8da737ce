#include "entra/place.h"

#include <string.h>

#include "base/text.h"
#include "common/cursor.h"

#define HEAD "entra 1"

enum { GUID_BASE64_LETTERS = 22, GROUPS_OF_HEX = 5 };

/* ---- ids ---- */

static const int group_lengths[GROUPS_OF_HEX] = { 8, 4, 4, 4, 12 };

bool place_guid(const char *id, struct guid *ret)
{
	char hex[2 * PLACE_GUID_BYTES + 1];
	size_t length = 0;
	const char *at = id;

	if (strlen(id) != PLACE_GUID_LETTERS || id[strspn(id, "0123456789abcdef-")] != '\0')
		return false;
	for (int i = 0; i < GROUPS_OF_HEX; i++) {
		if (i > 0 && *at++ != '-')
			return false;
		memcpy(hex + length, at, (size_t)group_lengths[i]);
		length += (size_t)group_lengths[i];
		at += group_lengths[i];
	}
	return text_unhex(hex, length, ret->bytes, sizeof(ret->bytes)) == PLACE_GUID_BYTES;
}

void place_guid_text(const struct guid *guid, char ret[PLACE_GUID_LETTERS + 1])
{
	char hex[2 * PLACE_GUID_BYTES + 1];
	const char *from = hex;

	text_hex(guid->bytes, sizeof(guid->bytes), hex);
	for (int i = 0; i < GROUPS_OF_HEX; i++) {
		if (i > 0)
			*ret++ = '-';
		memcpy(ret, from, (size_t)group_lengths[i]);
		ret += group_lengths[i];
		from += group_lengths[i];
	}
	*ret = '\0';
}

/* ---- what waits ---- */

static bool is_same(const struct guid *a, const struct guid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static size_t weight_of(enum left_kind kind)
{
	return kind == LEFT_MEMBER ? 2 : 1;
}

static bool make_left(enum left_kind kind, const char *id, const char *member, struct left *ret)
{
	*ret = (struct left){ .kind = kind };
	return place_guid(id, &ret->id) && (!member || place_guid(member, &ret->member));
}

static bool is_same_left(const struct left *a, const struct left *b, bool any_member)
{
	return a->kind == b->kind && is_same(&a->id, &b->id) &&
	       (any_member || is_same(&a->member, &b->member));
}

static void add_left(struct place *place, const struct left *left)
{
	if (place->left_weight + weight_of(left->kind) > PLACE_LEFT_MOST) {
		place->lost = 1;
		return;
	}
	place->left[place->left_count++] = *left;
	place->left_weight += weight_of(left->kind);
}

void place_leave(struct place *place, enum left_kind kind, const char *id, const char *member)
{
	struct left left;

	if (!make_left(kind, id, member, &left)) {
		place->lost = 1;
		return;
	}
	for (size_t i = 0; i < place->left_count; i++)
		if (is_same_left(&place->left[i], &left, false))
			return;
	add_left(place, &left);
}

void place_take_back(struct place *place, enum left_kind kind, const char *id, const char *member)
{
	struct left left;

	if (place->left_count == 0 || !make_left(kind, id, member, &left))
		return;
	for (size_t i = 0; i < place->left_count;)
		if (is_same_left(&place->left[i], &left, kind == LEFT_MEMBER && !member)) {
			place->left[i] = place->left[--place->left_count];
			place->left_weight -= weight_of(kind);
		} else {
			i++;
		}
}

void place_read_again(struct place *place, const char *group)
{
	struct guid guid;

	if (!place_guid(group, &guid)) {
		place->lost = 1;
		return;
	}
	for (size_t i = 0; i < place->again_count; i++)
		if (is_same(&place->again[i], &guid))
			return;
	if (place->again_count == PLACE_AGAIN_MOST)
		place->lost = 1;
	else
		place->again[place->again_count++] = guid;
}

/* ---- cursors ---- */

static bool read_guid(const char *value, size_t length, struct guid *ret)
{
	return length == GUID_BASE64_LETTERS &&
	       text_unbase64url(value, length, ret->bytes, sizeof(ret->bytes)) == PLACE_GUID_BYTES;
}

static bool read_left(struct place *place, enum left_kind kind, const char *value, size_t length)
{
	struct left left = { .kind = kind };
	size_t count = place->left_count;

	if (kind == LEFT_MEMBER && length == 2 * GUID_BASE64_LETTERS) {
		length = GUID_BASE64_LETTERS;
		if (!read_guid(value + length, length, &left.member))
			return false;
	} else if (kind == LEFT_MEMBER) {
		return false;
	}
	if (!read_guid(value, length, &left.id))
		return false;
	add_left(place, &left);
	return place->left_count > count;
}

static bool take_line(void *context, const char *name, const char *value, size_t length)
{
	struct place *place = context;

	if (text_equal(name, "person"))
		return read_left(place, LEFT_PERSON, value, length);
	if (text_equal(name, "group"))
		return read_left(place, LEFT_GROUP, value, length);
	if (text_equal(name, "member"))
		return read_left(place, LEFT_MEMBER, value, length);
	return text_equal(name, "again") && place->again_count < PLACE_AGAIN_MOST &&
	       read_guid(value, length, &place->again[place->again_count++]);
}

enum { ROWS_MOST = 20 };

/* Scope and stage go by way of numbers. */
struct numbers {
	unsigned long long scope, stage;
};

static size_t make_rows(struct place *p, struct numbers *numbers, struct cursor_row rows[ROWS_MOST])
{
	const struct cursor_row all[] = {
		{ "scope", NULL, 0, &numbers->scope },
		{ "stage", NULL, 0, &numbers->stage },
		{ "url", p->url, sizeof(p->url), NULL },
		{ "groups_url", p->groups_url, sizeof(p->groups_url), NULL },
		{ "people_next", p->people_next, sizeof(p->people_next), NULL },
		{ "groups_next", p->groups_next, sizeof(p->groups_next), NULL },
		{ "mark", p->chain.mark, sizeof(p->chain.mark), NULL },
		{ "chain", NULL, 0, &p->chain.pages },
		{ "chain_next", NULL, 0, &p->chain.next_mark },
		{ "chain_empty", NULL, 0, &p->chain.empty },
		{ "lost", NULL, 0, &p->lost },
		{ "people", NULL, 0, &p->people },
		{ "groups", NULL, 0, &p->groups },
		{ "members", NULL, 0, &p->members },
		{ "pages", NULL, 0, &p->pages },
		{ "requests", NULL, 0, &p->requests },
	};

	memcpy(rows, all, sizeof(all));
	return ARRAY_COUNT(all);
}

int place_read(const void *bytes, size_t size, struct place *ret)
{
	struct numbers numbers = { 0 };
	struct cursor_row rows[ROWS_MOST];
	size_t count = make_rows(ret, &numbers, rows);

	memset(ret, 0, sizeof(*ret));
	if (cursor_read(HEAD, bytes, size, rows, count, take_line, ret) < 0 ||
	    (numbers.scope != ROSTER_ALL && numbers.scope != ROSTER_CHANGED) ||
	    numbers.stage < STAGE_PEOPLE || numbers.stage > STAGE_AGAIN)
		return -1;
	ret->scope = (enum roster_scope)numbers.scope;
	ret->stage = (enum stage)numbers.stage;
	return 0;
}

static void put_left(struct buffer *b, const struct left *left)
{
	static const char *const names[] = {
		[LEFT_PERSON] = "person", [LEFT_GROUP] = "group", [LEFT_MEMBER] = "member"
	};
	char id[GUID_BASE64_LETTERS + 3], member[GUID_BASE64_LETTERS + 3] = "";

	text_base64url(left->id.bytes, sizeof(left->id.bytes), id);
	if (left->kind == LEFT_MEMBER)
		text_base64url(left->member.bytes, sizeof(left->member.bytes), member);
	buffer_format(b, "%s %s%s\n", names[left->kind], id, member);
}

void place_write(struct place *p, struct buffer *ret)
{
	struct numbers numbers = { p->scope, p->stage };
	struct cursor_row rows[ROWS_MOST];

	cursor_write(HEAD, rows, make_rows(p, &numbers, rows), ret);
	for (size_t i = 0; i < p->left_count; i++)
		put_left(ret, &p->left[i]);
	for (size_t i = 0; i < p->again_count; i++) {
		char id[GUID_BASE64_LETTERS + 3];

		text_base64url(p->again[i].bytes, sizeof(p->again[i].bytes), id);
		buffer_format(ret, "again %s\n", id);
	}
}

void place_turn(struct place *place)
{
	place->scope = ROSTER_CHANGED;
	place->stage = STAGE_PEOPLE;
	strcpy(place->url, place->people_next);
	strcpy(place->groups_url, place->groups_next);
	place->people_next[0] = place->groups_next[0] = '\0';
	place->chain = (struct chain){ 0 };
	place->people = place->groups = place->members = place->pages = place->requests = 0;
}
