#include "peers/exposition.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 200, SERIES_MOST = 65536, FAMILIES_MOST = 4096 };

struct reader {
	char family[NAME_MOST], type[16], labels[1024]; /* of the histogram's series that is being read */
	bool counted, summed;
	double bound, bucket, infinite;
	bool in_buckets, ended;
	char *families[FAMILIES_MOST], *series[SERIES_MOST];
	size_t family_count, series_count;
	const char *wrong;
};

static bool no(struct reader *r, const char *wrong)
{
	if (!r->wrong)
		r->wrong = wrong;
	return false;
}

static size_t name_length(const char *at, bool colons)
{
	size_t n = 0;

	while (isalnum((unsigned char)at[n]) || at[n] == '_' || (colons && at[n] == ':'))
		n++;
	return n > 0 && n < NAME_MOST && !isdigit((unsigned char)at[0]) ? n : 0;
}

static bool is_new(char **all, size_t *count, size_t most, const char *text, size_t length)
{
	for (size_t i = 0; i < *count; i++)
		if (strlen(all[i]) == length && strncmp(all[i], text, length) == 0)
			return false;
	if (*count < most)
		all[(*count)++] = strndup(text, length);
	return true;
}

static void forget(char **all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(all[i]);
}

/* ---- the lines about a family ---- */

static bool end_family(struct reader *r)
{
	if (strcmp(r->type, "histogram") == 0 && !(r->ended && r->summed && r->counted))
		return no(r, "a histogram ends without its +Inf, sum and count");
	return true;
}

static bool read_help(struct reader *r, const char *line)
{
	size_t n = name_length(line, true);

	if (!end_family(r))
		return false;
	if (n == 0 || line[n] != ' ' || !line[n + 1])
		return no(r, "HELP without a name and words");
	snprintf(r->family, sizeof(r->family), "%.*s", (int)n, line);
	r->type[0] = '\0';
	r->ended = r->summed = r->counted = r->in_buckets = false;
	return is_new(r->families, &r->family_count, FAMILIES_MOST, r->family, n) ||
	       no(r, "a family that was there before");
}

static bool read_type(struct reader *r, const char *line)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	size_t n = name_length(line, true);

	if (n != strlen(r->family) || strncmp(line, r->family, n) != 0 || line[n] != ' ')
		return no(r, "TYPE of something that HELP did not name just before");
	for (size_t i = 0; i < 3; i++)
		if (strcmp(line + n + 1, types[i]) == 0)
			snprintf(r->type, sizeof(r->type), "%s", types[i]);
	if (!r->type[0])
		return no(r, "an unknown TYPE");
	if (strcmp(r->type, "counter") == 0 && (n < 6 || strcmp(r->family + n - 6, "_total") != 0))
		return no(r, "a counter whose name does not end with _total");
	return true;
}

/* ---- samples ---- */

static const char *read_quoted(struct reader *r, const char *at)
{
	for (at++; *at != '"'; at++) {
		if (!*at || *at == '\n')
			return no(r, "a label without an end"), NULL;
		if (*at == '\\' && *++at != '\\' && *at != '"' && *at != 'n')
			return no(r, "an escape that there is not"), NULL;
	}
	return at + 1;
}

/* Up to and with "}". le: the bound of a bucket; the other labels are put into ret. */
static const char *read_labels(struct reader *r, const char *at, char *ret, size_t size, const char **ret_le)
{
	char seen[8][NAME_MOST];
	size_t count = 0, used = 0;

	do {
		const char *name = ++at;
		size_t n = name_length(name, false);

		if (n == 0 || name[n] != '=' || name[n + 1] != '"')
			return no(r, "a label that is not name=\"value\""), NULL;
		at = read_quoted(r, name + n + 1);
		if (!at)
			return NULL;
		for (size_t i = 0; i < count; i++)
			if (strlen(seen[i]) == n && strncmp(seen[i], name, n) == 0)
				return no(r, "a label that stands twice"), NULL;
		if (count == 8)
			return no(r, "too many labels"), NULL;
		snprintf(seen[count++], NAME_MOST, "%.*s", (int)n, name);
		if (n == 2 && strncmp(name, "le", 2) == 0)
			*ret_le = name + n + 2;
		else
			used += (size_t)snprintf(ret + used, used < size ? size - used : 0, "%.*s,", (int)(at - name), name);
	} while (*at == ',');
	return *at == '}' ? at + 1 : (no(r, "labels without an end"), NULL);
}

static bool read_bucket(struct reader *r, const char *labels, const char *le, double value)
{
	double bound = strtod(le, NULL);

	if (!r->in_buckets || strcmp(labels, r->labels) != 0) {
		if (r->in_buckets && !(r->ended && r->summed && r->counted))
			return no(r, "buckets begin before those of another series were complete");
		snprintf(r->labels, sizeof(r->labels), "%s", labels);
		r->in_buckets = true;
		r->bound = -1;
		r->bucket = 0;
		r->ended = r->summed = r->counted = false;
	}
	if (bound <= r->bound || value < r->bucket)
		return no(r, "a bucket that is lower than the one before");
	r->bound = bound;
	r->bucket = value;
	if (isinf(bound)) {
		r->ended = true;
		r->infinite = value;
	}
	return true;
}

static bool read_histogram(struct reader *r, const char *ending, const char *labels, const char *le, double value)
{
	if (strcmp(ending, "_bucket") == 0)
		return le ? read_bucket(r, labels, le, value) : no(r, "a bucket without le");
	if (le || !r->ended || strcmp(labels, r->labels) != 0)
		return no(r, "a sum or count that does not follow its buckets");
	if (strcmp(ending, "_sum") == 0)
		return r->summed = true;
	if (strcmp(ending, "_count") != 0)
		return no(r, "a sample of a histogram that is neither bucket, sum nor count");
	r->counted = true;
	return value == r->infinite || no(r, "a count that is not its last bucket");
}

static bool read_value(struct reader *r, const char *at, double *ret)
{
	char *end;

	if (*at != ' ' || (!isdigit((unsigned char)at[1]) && at[1] != '-'))
		return no(r, "a sample without a number");
	*ret = strtod(at + 1, &end);
	return !*end || no(r, "something behind the number");
}

static bool read_sample(struct reader *r, const char *line)
{
	size_t n = name_length(line, true), family = strlen(r->family);
	char labels[1024] = "", ending[NAME_MOST];
	const char *le = NULL, *at = line + n;
	double value;

	if (n < family || family == 0 || strncmp(line, r->family, family) != 0 || !r->type[0])
		return no(r, "a sample outside its family");
	snprintf(ending, sizeof(ending), "%.*s", (int)(n - family), line + family);
	if (*at == '{' && !(at = read_labels(r, at, labels, sizeof(labels), &le)))
		return false;
	if (!read_value(r, at, &value))
		return false;
	if (!is_new(r->series, &r->series_count, SERIES_MOST, line, (size_t)(at - line)))
		return no(r, "a series that was there before");
	if (strcmp(r->type, "histogram") == 0)
		return read_histogram(r, ending, labels, le, value);
	if (ending[0] || le)
		return no(r, "a sample with another name than its family");
	return value >= 0 || strcmp(r->type, "gauge") == 0 || no(r, "a counter below zero");
}

static bool read_line(struct reader *r, const char *line)
{
	if (strncmp(line, "# HELP ", 7) == 0)
		return read_help(r, line + 7);
	if (strncmp(line, "# TYPE ", 7) == 0)
		return read_type(r, line + 7);
	return *line == '#' || !*line ? no(r, "a line that is neither HELP, TYPE nor a sample") : read_sample(r, line);
}

size_t exposition_check(const char *text, char *ret, size_t size)
{
	static struct reader r;
	size_t number = 0;

	r = (struct reader){ 0 };
	for (const char *end; *text; text = end + 1) {
		char line[4096];

		number++;
		end = strchr(text, '\n');
		if (!end || (size_t)(end - text) >= sizeof(line)) {
			no(&r, "a line that does not end");
			break;
		}
		snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		if (!read_line(&r, line))
			break;
	}
	if (!r.wrong && number > 0)
		end_family(&r);
	if (number == 0)
		no(&r, "there is nothing");
	snprintf(ret, size, "%s", r.wrong ? r.wrong : "");
	forget(r.families, r.family_count);
	forget(r.series, r.series_count);
	return r.wrong ? number + (number == 0) : 0;
}
