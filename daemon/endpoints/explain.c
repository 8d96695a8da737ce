/* For whoever may read the audit: what each directory says of somebody, and who set what, is no business of
 * the others in a list of members. */
#include "endpoints/explain.h"

#include "endpoints/members.h"
#include "provision/explain.h"

static void put_entry(struct json_writer *w, const struct explain_entry *entry)
{
	if (!entry->id) {
		json_put_null(w, "entry");
		return;
	}
	json_begin_object(w, "entry");
	json_put_int(w, "id", entry->id);
	json_put_time(w, "at", entry->at);
	json_put_text(w, "action", entry->action);
	json_put_text(w, "actor_kind", entry->actor_kind);
	json_put_text(w, "actor", entry->actor);
	json_put_text(w, "actor_name", entry->actor_name);
	exchange_put_id(w, "run", &entry->run);
	json_end_object(w);
}

static void put_value(struct json_writer *w, const char *attribute, const struct explain_value *value)
{
	json_begin_object(w, NULL);
	json_put_text(w, "attribute", attribute);
	json_put_text(w, "value", value->value);
	json_put_text(w, "from", value->from);
	json_put_text(w, "source", value->source);
	exchange_put_id(w, "connection", &value->connection);
	json_put_text(w, "because", value->because);
	json_put_bool(w, "agrees", value->agrees);
	put_entry(w, &value->entry);
	json_end_object(w);
}

static void put_number(struct json_writer *w, const char *name, int64_t number, bool there)
{
	if (there)
		json_put_int(w, name, number);
	else
		json_put_null(w, name);
}

static void put_mapping(struct json_writer *w, const struct explain_word *word)
{
	if (!word->line) {
		json_put_null(w, "mapping");
		return;
	}
	json_begin_object(w, "mapping");
	json_put_int(w, "line", word->line);
	json_put_text(w, "names", word->line_group);
	json_put_text(w, "role", word->line_role);
	exchange_put_id(w, "group", &word->group);
	json_put_text(w, "group_name", word->group_name);
	json_put_text(w, "group_remote_id", word->group_remote_id);
	json_end_object(w);
}

static void put_word(struct json_writer *w, const struct explain_word *word)
{
	bool directory = !id_is_nil(&word->connection);

	json_begin_object(w, NULL);
	json_put_text(w, "attribute", explain_attributes[word->attribute]);
	json_put_text(w, "source", word->source);
	exchange_put_id(w, "connection", &word->connection);
	put_number(w, "precedence", word->precedence, directory);
	put_number(w, "place", word->place, word->place > 0);
	json_put_bool(w, "by_rule", word->by_rule);
	json_put_text(w, "value", word->value);
	json_put_text(w, "verdict", word->verdict);
	json_put_text(w, "why", word->why);
	json_put_time(w, "gone_at", word->gone_at);
	json_put_time(w, "deleted_at", word->deleted_at);
	put_mapping(w, word);
	put_entry(w, &word->entry);
	json_end_object(w);
}

static void put_account(struct json_writer *w, const struct explain_account *account)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &account->account);
	exchange_put_id(w, "connection", &account->connection);
	json_put_text(w, "connection_name", account->connection_name);
	json_put_text(w, "connection_state", account->connection_state);
	json_put_text(w, "remote_id", account->remote_id);
	json_put_text(w, "user_name", account->user_name);
	json_put_text(w, "locale", account->locale);
	json_put_bool(w, "active", account->active);
	json_put_time(w, "first_seen_at", account->first_seen_at);
	json_put_time(w, "changed_at", account->changed_at);
	json_put_time(w, "gone_at", account->gone_at);
	json_put_text(w, "refused", account->refused);
	json_put_time(w, "refused_since", account->refused_since);
	json_end_object(w);
}

static void put_group(struct json_writer *w, const struct explain_group *group)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &group->group);
	json_put_text(w, "name", group->name);
	json_put_text(w, "remote_id", group->remote_id);
	exchange_put_id(w, "connection", &group->connection);
	json_put_text(w, "connection_name", group->connection_name);
	exchange_put_id(w, "account", &group->account);
	exchange_put_id(w, "through", &group->through);
	json_put_text(w, "through_name", group->through_name);
	json_end_object(w);
}

static void put_held(struct json_writer *w, const struct explain_held *held)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "run", &held->run);
	json_put_text(w, "connection_name", held->connection_name);
	json_put_text(w, "kind", held->kind);
	json_end_object(w);
}

static void put_lists(struct json_writer *w, const struct explanation *found)
{
	json_begin_array(w, "words");
	for (size_t i = 0; i < found->word_count; i++)
		put_word(w, &found->words[i]);
	json_end_array(w);
	json_begin_array(w, "accounts");
	for (size_t i = 0; i < found->account_count; i++)
		put_account(w, &found->accounts[i]);
	json_end_array(w);
	json_begin_array(w, "groups");
	for (size_t i = 0; i < found->group_count; i++)
		put_group(w, &found->groups[i]);
	json_end_array(w);
	json_put_bool(w, "more_groups", found->more_groups);
	json_begin_array(w, "held");
	for (size_t i = 0; i < found->held_count; i++)
		put_held(w, &found->held[i]);
	json_end_array(w);
}

int explain_show(struct exchange *x, struct error *e)
{
	struct member member;
	struct explanation found;
	struct json_writer w;

	if (members_find(x, request_segment(x->request, "member"), &member, e) < 0 ||
	    explain_member(x->tx, x->arena, &member, &found, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	members_put(&w, "member", &member);
	json_begin_array(&w, "attributes");
	for (enum explain_attribute attribute = 0; attribute < EXPLAIN_ATTRIBUTES; attribute++)
		put_value(&w, explain_attributes[attribute], &found.values[attribute]);
	json_end_array(&w);
	put_lists(&w, &found);
	json_end_object(&w);
	return 0;
}
