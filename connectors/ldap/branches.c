/* The branches above people and groups. */
#include "ldap/branches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ldap/dn.h"
#include "ldap/hash.h"
#include "ldap/result.h"
#include "ldap/search.h"
#include "ldap/view.h"

/* What directories are built of. A class that a server does not know matches nothing there. */
#define BRANCH_CLASSES                                                                                       \
	"(|(objectClass=organizationalUnit)(objectClass=organization)(objectClass=domain)(objectClass="      \
	"dcObject)(objectClass=locality)(objectClass=country)(objectClass=container)(objectClass="           \
	"nsContainer))"

/* ---- functions of their arguments ---- */

void branches_add(struct branches *branches, uint64_t hash)
{
	branches->sum += hash;
	if (branches->count < BRANCHES_MOST)
		branches->names[branches->count] = hash;
	branches->count++;
}

static size_t kept(const struct branches *branches)
{
	return branches->count <= BRANCHES_MOST ? branches->count : 0;
}

void branches_sort(struct branches *branches)
{
	if (kept(branches) > 0)
		qsort(branches->names, branches->count, sizeof(*branches->names), hashes_compare);
}

bool branches_stand(const struct branches *then, const struct branches *now)
{
	if (then->count > BRANCHES_MOST || now->count > BRANCHES_MOST)
		return then->count == now->count && then->sum == now->sum;
	for (size_t i = 0; i < then->count; i++)
		if (now->count == 0 ||
		    !bsearch(&then->names[i], now->names, now->count, sizeof(*now->names), hashes_compare))
			return false;
	return true;
}

void branches_write(const struct branches *branches, struct buffer *ret)
{
	buffer_format(ret, "%zu %llu\n", branches->count, (unsigned long long)branches->sum);
	hashes_write(branches->names, kept(branches), ret);
}

int branches_parse(const char *bytes, size_t size, struct branches *ret)
{
	const char *line = memchr(bytes, '\n', size);
	size_t head = line ? (size_t)(line - bytes) + 1 : 0;
	unsigned long long sum;
	char text[64];

	if (!line || head >= sizeof(text))
		return -1;
	memcpy(text, bytes, head);
	text[head] = '\0';
	if (strchr(text, '-') || sscanf(text, "%9zu %20llu\n", &ret->count, &sum) != 2)
		return -1;
	ret->sum = sum;
	if (hashes_read(line + 1, size - head, kept(ret), ret->names) < 0)
		return -1;
	branches_sort(ret);
	return (int)(head + kept(ret) * 16);
}

/* ---- reading them ---- */

/* The naming context that a base lies in, in normal form. */
struct context {
	char base[ROSTER_ID_MOST + 1], found[ROSTER_ID_MOST + 1];
};

static void consider(struct context *context, const struct berval *value)
{
	char name[ROSTER_ID_MOST + 1];
	int length = dn_normalise(value->bv_val, value->bv_len, name, sizeof(name));
	size_t base = strlen(context->base);

	if (length <= 0 || (size_t)length > base || (size_t)length <= strlen(context->found) ||
	    !text_ends(context->base, name))
		return;
	if ((size_t)length == base || context->base[base - (size_t)length - 1] == ',')
		strcpy(context->found, name);
}

static int take_contexts(void *contexts, const struct entry *entry)
{
	BerVarray values = entry_values(entry, "namingContexts");

	for (; values && values->bv_val; values++)
		for (int i = 0; i < 2; i++)
			consider((struct context *)contexts + i, values);
	return 0;
}

/* Without a word of the server's, a base is taken for its own context. */
static int find_contexts(struct directory *d, struct context contexts[2])
{
	struct search search = { .doing = "asking which parts the directory has",
				 .base = "",
				 .filter = "(objectClass=*)",
				 .scope = LDAP_SCOPE_BASE,
				 .attributes = (char *[]){ (char[]){ "namingContexts" }, NULL } };
	const char *bases[2] = { d->settings.user_base, d->settings.group_base };
	struct outcome outcome;

	for (int i = 0; i < 2; i++)
		if (!bases[i] ||
		    dn_normalise(bases[i], strlen(bases[i]), contexts[i].base, sizeof(contexts[i].base)) <= 0)
			contexts[i].base[0] = '\0';
	if (search_run(&d->caller, d->session, &search, take_contexts, contexts, &outcome) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (!contexts[i].found[0])
			strcpy(contexts[i].found, contexts[i].base);
	return 0;
}

struct gathering {
	const char *key;
	struct branches *branches;
};

/* One without a readable key is known by its name alone. */
static int take_branch(void *context, const struct entry *entry)
{
	struct gathering *gathering = context;
	char id[ROSTER_ID_MOST + 1], name[ROSTER_ID_MOST + 1];

	if (dn_normalise(entry->dn.bv_val, entry->dn.bv_len, name, sizeof(name)) <= 0)
		return 0;
	if (view_id(entry, gathering->key, id, sizeof(id)) < 0)
		id[0] = '\0';
	branches_add(gathering->branches, hash_texts(id, name));
	return 0;
}

/* A context that may not be searched as a whole: 1. One with more branches than the server shows at once: none are
 * remembered, for others may be shown the next time. */
static int read_context(struct directory *d, const char *base, struct branches *ret)
{
	const char *key = d->session->vendor->id;
	struct search search = { .doing = "looking at the branches of the directory",
				 .base = base,
				 .filter = BRANCH_CLASSES,
				 .scope = LDAP_SCOPE_SUBTREE,
				 .attributes = (char *[]){ (char *)key, NULL } };
	struct gathering gathering = { key, ret };
	struct outcome outcome;

	if (search_run(&d->caller, d->session, &search, take_branch, &gathering, &outcome) < 0)
		return -1;
	if (result_is_partial(outcome.code))
		*ret = (struct branches){ 0 };
	return outcome.code != LDAP_SUCCESS && !result_is_partial(outcome.code);
}

/* Where we may not search the context, the base itself has to do. */
static int read_around(struct directory *d, const struct context *context, struct branches *ret)
{
	int hidden = read_context(d, context->found, ret);

	if (hidden == 1 && strcmp(context->found, context->base) != 0)
		hidden = read_context(d, context->base, ret);
	return hidden < 0 ? -1 : 0;
}

int branches_read(struct directory *d, struct branches *ret)
{
	struct context *contexts = arena_array(d->page, 2, sizeof(*contexts));

	ret->count = 0;
	ret->sum = 0;
	if (find_contexts(d, contexts) < 0 || read_around(d, &contexts[0], ret) < 0)
		return -1;
	if (contexts[1].base[0] && strcmp(contexts[0].found, contexts[1].found) != 0 &&
	    read_around(d, &contexts[1], ret) < 0)
		return -1;
	branches_sort(ret);
	return 0;
}
