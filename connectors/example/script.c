/* The example's fault script: one directive a line. */
#include "example/script.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MOST = 128, WORD_MOST = 32 };

static const struct {
	const char *word;
	size_t offset;
} numbers[] = {
	{ "page_size", offsetof(struct script, page_size) },
	{ "fail_at", offsetof(struct script, fail_at) },
	{ "incomplete_at", offsetof(struct script, incomplete_at) },
	{ "hang_at", offsetof(struct script, hang_at) },
	{ "slow_ms", offsetof(struct script, slow_ms) },
	{ "good_for_s", offsetof(struct script, good_for_s) },
	{ "endless", offsetof(struct script, endless) },
	{ "crash_at", offsetof(struct script, crash_at) },
	{ "garbage_at", offsetof(struct script, garbage_at) },
	{ "refuse_at", offsetof(struct script, refuse_at) },
	{ "fail_watch_at", offsetof(struct script, fail_watch_at) },
	{ "fail_subscribe", offsetof(struct script, fail_subscribe) },
	{ "poison", offsetof(struct script, poison) },
	{ "hang_message_at", offsetof(struct script, hang_message_at) },
	{ "crash_message_at", offsetof(struct script, crash_message_at) },
	{ "later_message_at", offsetof(struct script, later_message_at) },
	{ "wild_message_at", offsetof(struct script, wild_message_at) },
	{ "reply_status", offsetof(struct script, reply_status) },
};

static const struct {
	const char *word;
	size_t offset;
} flags[] = {
	{ "disorder", offsetof(struct script, disorder) },
	{ "duplicates", offsetof(struct script, duplicates) },
	{ "present", offsetof(struct script, present) },
	{ "stay", offsetof(struct script, stay) },
};

static const char *const troubles[] = {
	[ROSTER_TRY_LATER] = "try_later", [ROSTER_REFUSED] = "refused",             [ROSTER_LOST_PLACE] = "lost_place",
	[ROSTER_NONSENSE] = "nonsense",   [ROSTER_MISCONFIGURED] = "misconfigured",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int take_trouble(struct script *script, const char *word)
{
	for (int i = ROSTER_TRY_LATER; i <= ROSTER_MISCONFIGURED; i++)
		if (strcmp(troubles[i], word) == 0) {
			script->trouble = (enum roster_trouble)i;
			return 0;
		}
	return -1;
}

/* "word", "word number", "fail_at number trouble [milliseconds]" */
static int take_directive(struct script *script, const char *line)
{
	char word[WORD_MOST] = "", trouble[WORD_MOST] = "try_later";
	int number = 0, after_ms = 0, parts = sscanf(line, "%31s %d %31s %d", word, &number, trouble, &after_ms);

	for (size_t i = 0; i < COUNT(flags); i++)
		if (strcmp(word, flags[i].word) == 0 && parts == 1) {
			*(bool *)((char *)script + flags[i].offset) = true;
			return 0;
		}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(word, numbers[i].word) == 0 && parts >= 2 && number > 0) {
			*(int *)((char *)script + numbers[i].offset) = number;
			script->after_ms = after_ms ? after_ms : script->after_ms;
			return strcmp(word, "fail_at") == 0 ? take_trouble(script, trouble) : 0;
		}
	return -1;
}

int script_read(const char *text, struct script *ret, int *ret_line)
{
	struct script script = { 0 };
	char line[LINE_MOST];

	*ret_line = 0;
	while (*text) {
		size_t length = strcspn(text, "\n");

		++*ret_line;
		if (length >= sizeof(line))
			return -1;
		memcpy(line, text, length);
		line[length] = '\0';
		text += length + (text[length] == '\n');
		line[strcspn(line, "#")] = '\0';
		if (line[strspn(line, " \t\r")] != '\0' && take_directive(&script, line) < 0)
			return -1;
	}
	*ret = script;
	return 0;
}
