/* The check goes on behind a mistake as if the file were right about itself, so that each mistake is told
 * where it is, and once or twice. */
#include "rosterctl/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/text.h"
#include "rosterctl/exits.h"
#include "rosterctl/exported.h"

enum {
	LINK_TEXT_SIZE = 2 * CRYPT_DIGEST_SIZE + 1,
	CHAINS_MOST = 4096,
	SALT_MOST = 64,
	WHAT_MOST = 512,
	HEAD_LINE_MOST = 256
};

#define POSITION_MOST (INT64_C(1) << 62)
#define FIRST_LINE    "rosterd-audit-1\n"
#define NO_LINK	      "0000000000000000000000000000000000000000000000000000000000000000"

/* What is known of an organisation's chain from the files so far. */
struct chain {
	char organisation[ID_TEXT_SIZE];
	char link[LINK_TEXT_SIZE]; /* at last */
	int64_t first, last;
	const char *file; /* where that stood */
};

struct head {
	char organisation[ID_TEXT_SIZE], link[LINK_TEXT_SIZE];
	int64_t position;
	bool met;
};

struct verify {
	struct arena *arena;
	verify_tell_fn *tell;
	void *context;
	struct digest *digest;
	struct verify_found found;
	struct head *heads;
	size_t head_count, chain_count;
	struct chain chains[CHAINS_MOST];
	/* of the file that is read */
	const char *name;
	size_t line;
	struct chain *chain;			/* NULL before its first line */
	int64_t first, last, position, entries; /* said at its beginning; reached; counted */
	bool ended;
};

struct verify *verify_open(struct arena *arena, verify_tell_fn *tell, void *context)
{
	struct verify *v = calloc(1, sizeof(*v));

	if (!v)
		memory_exhausted("verify", sizeof(*v));
	v->arena = arena;
	v->tell = tell;
	v->context = context;
	v->digest = digest_open();
	return v;
}

void verify_close(struct verify **verify)
{
	if (*verify) {
		digest_close(&(*verify)->digest);
		free((*verify)->heads);
	}
	free(*verify);
	*verify = NULL;
}

static void wrong(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct verify *v, const char *fmt, ...)
{
	char what[WHAT_MOST];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	v->found.problems++;
	v->tell(v->context, v->name, v->line, what);
}

/* ---- cells ---- */

static bool is_link(const char *text)
{
	return text && strlen(text) == LINK_TEXT_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == LINK_TEXT_SIZE - 1;
}

static bool is_uuid(const char *text)
{
	char again[ID_TEXT_SIZE];
	struct id id;

	return text && id_parse(text, &id) == 0 && text_equal(id_text(&id, again), text);
}

/* The instant as the encoding has it: microseconds, in digits. NULL: not as an export writes it. */
static const char *microseconds(struct arena *arena, const char *at)
{
	char again[CLOCK_TEXT_SIZE];
	int64_t us;

	if (!at || clock_parse(at, &us) < 0 || !text_equal(clock_text(us, again), at))
		return NULL;
	return arena_format(arena, "%lld", (long long)us);
}

static int64_t number_of(const struct exported_line *line, enum exported_column column)
{
	int64_t number = 0;

	if (line->cells[column])
		text_to_int64(line->cells[column], &number);
	return number;
}

/* Which columns a line must have, may have and must not have, in their order. */
static const char begin_shape[] = "+++++---------------+-", entry_shape[] = "+-+--+++++?++++??+??+-",
		  end_shape[] = "+-+-+---------------++";
_Static_assert(sizeof(begin_shape) == EXPORTED_COLUMNS + 1 && sizeof(entry_shape) == EXPORTED_COLUMNS + 1 &&
		       sizeof(end_shape) == EXPORTED_COLUMNS + 1,
	       "a shape says something of each column");

/* Positions and counts that can be counted on from. */
static bool has_range(struct verify *v, const struct exported_line *line)
{
	static const enum exported_column counted[] = { EXPORTED_FIRST, EXPORTED_LAST, EXPORTED_POSITION,
							EXPORTED_ENTRIES };

	for (size_t i = 0; i < ARRAY_COUNT(counted); i++) {
		int64_t number = number_of(line, counted[i]);

		if (number < 0 || number > POSITION_MOST)
			return wrong(v, "\"%s\" is %" PRId64 ", which no chain reaches",
				     exported_names[counted[i]], number),
			       false;
	}
	return true;
}

static bool has_shape(struct verify *v, const struct exported_line *line, const char *shape)
{
	for (int i = 0; i < EXPORTED_COLUMNS; i++) {
		if (shape[i] == '+' && !line->cells[i])
			return wrong(v, "the line has no \"%s\"", exported_names[i]), false;
		if (shape[i] == '-' && line->cells[i])
			return wrong(v, "the line has \"%s\", which belongs into another kind of line",
				     exported_names[i]),
			       false;
	}
	if (!is_link(line->cells[EXPORTED_LINK]))
		return wrong(v, "\"link\" is not 64 hexadecimal digits in lower case"), false;
	return has_range(v, line);
}

static bool is_of_chain(struct verify *v, const struct exported_line *line)
{
	const char *organisation = line->cells[EXPORTED_ORGANISATION];

	if (text_equal(organisation, v->chain->organisation))
		return true;
	wrong(v, "the line is of organisation \"%.40s\"; the file is of %s", organisation,
	      v->chain->organisation);
	return false;
}

/* ---- noted ends ---- */

/* Compares a place with what was noted for it. */
static void meet_heads(struct verify *v, int64_t position, const char *link)
{
	for (size_t i = 0; i < v->head_count; i++) {
		struct head *head = &v->heads[i];

		if (head->met || head->position != position ||
		    !text_equal(head->organisation, v->chain->organisation))
			continue;
		head->met = true;
		if (text_equal(head->link, link))
			v->found.compared++;
		else
			wrong(v,
			      "position %" PRId64
			      " has the link %.16s..., but %.16s... was noted: the chain was written anew",
			      position, link, head->link);
	}
}

static int take_head(struct verify *v, const char *name, size_t number, char *text, struct error *e)
{
	char *rest, *organisation = strtok_r(text, " \t\r\n", &rest),
		    *position = strtok_r(NULL, " \t\r\n", &rest), *link = strtok_r(NULL, " \t\r\n", &rest);
	struct head *head = &v->heads[v->head_count];

	if (!organisation || *organisation == '#')
		return 0;
	if (!is_uuid(organisation) || !position || text_to_int64(position, &head->position) < 0 ||
	    !is_link(link) || strtok_r(NULL, " \t\r\n", &rest))
		return error_set(e, ERROR_INPUT, CODE_AUDIT_HEADS,
				 "%s:%zu: a line such as \"rosterctl audit head\" prints is expected: an "
				 "organisation's id, a "
				 "position and 64 hexadecimal digits",
				 name, number);
	strcpy(head->organisation, organisation);
	strcpy(head->link, link);
	v->head_count++;
	return 0;
}

int verify_heads(struct verify *v, const char *name, FILE *file, struct error *e)
{
	char text[HEAD_LINE_MOST];

	if (!v->heads && !(v->heads = calloc(VERIFY_HEADS_MOST, sizeof(*v->heads))))
		memory_exhausted("heads", VERIFY_HEADS_MOST * sizeof(*v->heads));
	for (size_t number = 1; fgets(text, sizeof(text), file); number++) {
		if (v->head_count == VERIFY_HEADS_MOST)
			return error_set(e, ERROR_LIMIT, "audit.heads", "%s has more than %d lines", name,
					 VERIFY_HEADS_MOST);
		if (take_head(v, name, number, text, e) < 0)
			return -1;
	}
	if (ferror(file))
		return error_set(e, ERROR_INTERNAL, "audit.file", "the file \"%s\" could not be read: %s", name, strerror(errno));
	return 0;
}

/* ---- the beginning ---- */

/* The chain of an organisation; NULL: of no more. */
static struct chain *find_chain(struct verify *v, const char *organisation)
{
	struct chain *chain;

	for (size_t i = 0; i < v->chain_count; i++)
		if (text_equal(v->chains[i].organisation, organisation))
			return &v->chains[i];
	if (v->chain_count == CHAINS_MOST)
		return NULL;
	chain = &v->chains[v->chain_count++];
	strcpy(chain->organisation, organisation);
	return chain;
}

/* The anchor must be where the file before ended, or the beginning of all. */
static void check_anchor(struct verify *v, const char *anchor)
{
	struct chain *chain = v->chain;

	if (chain->file && v->first != chain->last + 1)
		wrong(v, "the file begins at position %" PRId64 "; \"%s\" ended at %" PRId64, v->first,
		      chain->file, chain->last);
	else if (chain->file && !text_equal(anchor, chain->link))
		wrong(v, "the file does not go on from the link at which \"%s\" ended", chain->file);
	else if (v->first == 1 && !text_equal(anchor, NO_LINK))
		wrong(v, "position 1 is the first of a chain, but the file begins behind another link than "
			 "zeros");
}

static void take_begin(struct verify *v, const struct exported_line *line)
{
	const char *organisation = line->cells[EXPORTED_ORGANISATION], *anchor = line->cells[EXPORTED_LINK];

	if (!has_shape(v, line, begin_shape))
		return;
	if (!text_equal(line->cells[EXPORTED_ENCODING_NAME], EXPORTED_ENCODING))
		return wrong(v, "the encoding is \"%.40s\"; this rosterctl knows \"" EXPORTED_ENCODING "\"",
			     line->cells[EXPORTED_ENCODING_NAME]);
	if (!is_uuid(organisation) || !(v->chain = find_chain(v, organisation)))
		return wrong(v, "\"organisation\" is no id, or that of the %dth organisation",
			     CHAINS_MOST + 1);
	v->first = number_of(line, EXPORTED_FIRST);
	v->last = number_of(line, EXPORTED_LAST);
	v->position = v->first - 1;
	if (v->first < 1 || v->last < v->first - 1)
		wrong(v, "positions %" PRId64 " to %" PRId64 " are none", v->first, v->last);
	check_anchor(v, anchor);
	if (!v->chain->file)
		v->chain->first = v->first;
	v->chain->file = v->name;
	v->chain->last = v->position;
	strcpy(v->chain->link, anchor);
	meet_heads(v, v->position, anchor);
}

/* ---- entries ---- */

static void make_commitment(struct verify *v, const uint8_t *salt, size_t size, const char *personal,
			    char ret[LINK_TEXT_SIZE])
{
	uint8_t digest[CRYPT_DIGEST_SIZE];

	digest_begin(v->digest);
	digest_add(v->digest, salt, size);
	digest_add(v->digest, personal, strlen(personal));
	digest_end(v->digest, digest);
	text_hex(digest, sizeof(digest), ret);
}

/* What may be erased is there with its salt, or neither is. */
static void check_commitment(struct verify *v, const struct exported_line *line)
{
	const char *salt = line->cells[EXPORTED_SALT], *personal = line->cells[EXPORTED_PERSONAL];
	char made[LINK_TEXT_SIZE];
	uint8_t bytes[SALT_MOST];
	int size;

	if (!salt && !personal) {
		v->found.erased++;
		return;
	}
	if (!salt || !personal)
		return wrong(v, "the entry has %s, which are erased together or not at all",
			     salt ? "a salt and nothing personal" : "something personal and no salt");
	size = text_unhex(salt, strlen(salt), bytes, sizeof(bytes));
	if (size < 0 || strspn(salt, "0123456789abcdef") != strlen(salt))
		return wrong(v, "\"salt\" is not hexadecimal digits in lower case, at most %d",
			     2 * SALT_MOST);
	make_commitment(v, bytes, (size_t)size, personal, made);
	if (!text_equal(made, line->cells[EXPORTED_COMMITMENT]))
		wrong(v, "what is personal is not what the entry committed to: \"personal\", \"salt\" or "
			 "\"commitment\" was changed");
}

/* SHA-256(link before || canonical encoding). */
static void make_link(struct verify *v, const struct exported_line *line, const char *at,
		      char ret[LINK_TEXT_SIZE])
{
	uint8_t digest[CRYPT_DIGEST_SIZE];

	text_unhex(v->chain->link, strlen(v->chain->link), digest, sizeof(digest));
	digest_begin(v->digest);
	digest_add(v->digest, digest, sizeof(digest));
	digest_add(v->digest, FIRST_LINE, strlen(FIRST_LINE));
	digest_add_field(v->digest, line->cells[EXPORTED_ORGANISATION]);
	digest_add_field(v->digest, line->cells[EXPORTED_ID]);
	digest_add_field(v->digest, at);
	for (int i = EXPORTED_ACTOR_KIND; i <= EXPORTED_COMMITMENT; i++)
		digest_add_field(v->digest, line->cells[i]);
	digest_end(v->digest, digest);
	text_hex(digest, sizeof(digest), ret);
}

static void check_position(struct verify *v, int64_t position)
{
	int64_t expected = v->position + 1;

	if (position == expected + 1)
		wrong(v, "position %" PRId64 " is missing before this line", expected);
	else if (position > expected)
		wrong(v, "positions %" PRId64 " to %" PRId64 " are missing before this line", expected,
		      position - 1);
	else if (position < expected)
		wrong(v, "position %" PRId64 " stands where %" PRId64 " belongs: it is here twice, or moved",
		      position, expected);
	if (position > v->last)
		wrong(v,
		      "position %" PRId64 " is behind the last, %" PRId64
		      ", that the beginning of the file names",
		      position, v->last);
	v->position = position;
}

static void check_link(struct verify *v, const struct exported_line *line)
{
	const char *at = microseconds(v->arena, line->cells[EXPORTED_AT]);
	char made[LINK_TEXT_SIZE];

	if (!at)
		return wrong(v, "\"at\" is not a time with six digits of a second, in UTC");
	if (line->cells[EXPORTED_RUN] && !is_uuid(line->cells[EXPORTED_RUN]))
		wrong(v, "\"run\" is no id");
	make_link(v, line, at, made);
	if (!text_equal(made, line->cells[EXPORTED_LINK]))
		wrong(v, "the link does not follow from the entry and the link before it: the entry, the one "
			 "before it or the link "
			 "was changed, put in, taken out or moved");
}

static void take_entry(struct verify *v, const struct exported_line *line)
{
	v->entries++;
	v->found.entries++;
	if (!has_shape(v, line, entry_shape) || !is_of_chain(v, line))
		return;
	check_position(v, number_of(line, EXPORTED_POSITION));
	check_commitment(v, line);
	check_link(v, line);
	v->chain->last = v->position;
	strcpy(v->chain->link, line->cells[EXPORTED_LINK]);
	meet_heads(v, v->position, v->chain->link);
}

/* ---- the end ---- */

static void take_end(struct verify *v, const struct exported_line *line)
{
	v->ended = true;
	if (!has_shape(v, line, end_shape) || !is_of_chain(v, line))
		return;
	if (number_of(line, EXPORTED_LAST) != v->last)
		wrong(v,
		      "the file says at its end that position %" PRId64 " is the last, and %" PRId64
		      " at its beginning",
		      number_of(line, EXPORTED_LAST), v->last);
	if (v->position != v->last)
		wrong(v,
		      "the last entry is at position %" PRId64 "; %" PRId64
		      " is expected: entries are missing at the end",
		      v->position, v->last);
	if (number_of(line, EXPORTED_ENTRIES) != v->entries)
		wrong(v, "the file has %" PRId64 " entries; it says that they are %" PRId64, v->entries,
		      number_of(line, EXPORTED_ENTRIES));
	if (!text_equal(line->cells[EXPORTED_LINK], v->chain->link))
		wrong(v, "the link at the end is not that of the last entry");
}

static void take_line(struct verify *v, const struct exported_line *line)
{
	const char *record = line->cells[EXPORTED_RECORD];

	if (v->ended)
		wrong(v, "the line stands behind the end");
	else if (!v->chain && !text_equal(record, "begin"))
		wrong(v, "the file does not start with the line that begins an export");
	else if (text_equal(record, "entry"))
		take_entry(v, line);
	else if (text_equal(record, "end"))
		take_end(v, line);
	else if (text_equal(record, "begin") && !v->chain)
		take_begin(v, line);
	else
		wrong(v, "a line of kind \"%.20s\" does not belong here", record ? record : "");
}

/* Reads on as long as lines can be told apart and the file has begun as an export does. */
static int read_lines(struct verify *v, struct exported *exported, struct error *e)
{
	scoped(arena) *arena = arena_open("line");
	struct arena *outer = v->arena;
	struct exported_line line;
	int found;

	v->arena = arena;
	while ((found = exported_next(exported, arena, &line, e)) > 0) {
		v->line = line.number;
		take_line(v, &line);
		arena_reset(arena);
		if (!v->chain)
			break;
	}
	v->arena = outer;
	if (found < 0 && text_equal(e->code, "audit.file"))
		return -1;
	if (found < 0) {
		v->line++;
		wrong(v, "%s", e->text);
	} else if (v->chain && !v->ended) {
		v->line = 0;
		wrong(v, "the file ends without its last line: it broke off, or its end was taken away");
	} else if (v->line == 0) {
		wrong(v, "the file is empty");
	}
	return 0;
}

int verify_file(struct verify *v, const char *name, FILE *file, struct error *e)
{
	scoped(exported) *exported = exported_open(file);

	v->name = name;
	v->line = 0;
	v->chain = NULL;
	v->entries = 0;
	v->ended = false;
	return read_lines(v, exported, e);
}

/* A noted end that was not reached. One before the beginning of what we were given says nothing. */
void verify_end(struct verify *v)
{
	for (size_t i = 0; i < v->head_count; i++)
		for (size_t n = 0; n < v->chain_count; n++)
			if (!v->heads[i].met &&
			    text_equal(v->heads[i].organisation, v->chains[n].organisation) &&
			    v->chains[n].file && v->heads[i].position > v->chains[n].last) {
				v->name = v->chains[n].file;
				v->line = 0;
				wrong(v,
				      "the chain ends at position %" PRId64 ", but %" PRId64
				      " was noted: entries are missing at the end",
				      v->chains[n].last, v->heads[i].position);
			}
}

struct verify_found verify_found(const struct verify *v)
{
	return v->found;
}

int verify_next_chain(const struct verify *v, size_t *at, struct verify_chain *ret)
{
	const struct chain *chain;

	if (*at == v->chain_count)
		return 0;
	chain = &v->chains[(*at)++];
	*ret = (struct verify_chain){ chain->organisation, chain->link, chain->first, chain->last };
	return 1;
}
