/* Counting without locks: a series is found by hashing its labels, made once, and never goes away. */
#include "base/metric.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { SLOTS = 2 * METRIC_SERIES_MOST, SECOND_US = 1000000 };

static const char other[] = "other";

struct series {
	char *values[METRIC_LABELS_MOST];
	_Atomic int64_t value; /* of a histogram: the sum */
	_Atomic int64_t buckets[METRIC_BOUNDS_MOST + 1];
};

/* Slots are filled under the lock and read without it: one that is not NULL stays as it is for ever. */
struct family {
	_Atomic(struct series *) slots[SLOTS];
	_Atomic size_t count;
};

static struct family families[METRICS];
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

/* ---- finding and making ---- */

static size_t label_count(const struct metric_row *row)
{
	size_t count = 0;

	while (row->labels[count].name)
		count++;
	return count;
}

static bool is_word(const char *const *words, const char *value)
{
	for (; *words; words++)
		if (text_equal(*words, value))
			return true;
	return false;
}

/* What the labels may say of what they were given. */
static void choose_values(const struct metric_row *row, const char *const *given,
                          const char *ret[METRIC_LABELS_MOST])
{
	for (size_t i = 0; row->labels[i].name; i++) {
		const char *value = *given ? *given++ : NULL;
		const char *const *words = row->labels[i].words;

		ret[i] = value && *value && (!words || is_word(words, value)) ? value : other;
	}
}

static size_t hash_of(const char *const *values, size_t count)
{
	size_t hash = 14695981039346656037u;

	for (size_t i = 0; i < count; i++)
		for (const char *p = values[i];; p++) {
			hash = (hash ^ (unsigned char)*p) * 1099511628211u;
			if (!*p)
				break;
		}
	return hash;
}

static bool is_same(const struct series *series, const char *const *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(series->values[i], values[i]) != 0)
			return false;
	return true;
}

/* The series, or NULL and *ret_slot is where it would stand. The table is never more than half full. */
static struct series *look_up(struct family *family, const char *const *values, size_t count, size_t *ret_slot)
{
	size_t slot = hash_of(values, count) % SLOTS;

	for (;; slot = (slot + 1) % SLOTS) {
		struct series *series = atomic_load_explicit(&family->slots[slot], memory_order_acquire);

		*ret_slot = slot;
		if (!series || is_same(series, values, count))
			return series;
	}
}

static void *memory(size_t size)
{
	void *taken = calloc(1, size);

	if (!taken)
		memory_exhausted("metric", size);
	return taken;
}

static char *copy_of(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory(size), text, size);
}

static struct series *make(struct family *family, const char *const *values, size_t count, size_t slot)
{
	struct series *series = memory(sizeof(*series));

	for (size_t i = 0; i < count; i++)
		series->values[i] = copy_of(values[i]);
	atomic_store_explicit(&family->slots[slot], series, memory_order_release);
	atomic_fetch_add(&family->count, 1);
	return series;
}

/* With the lock held: somebody else may have been here first. The last place is kept for what is beyond the most. */
static struct series *find_or_make(enum metric metric, const char *const *values, size_t count)
{
	static const char *const beyond[METRIC_LABELS_MOST] = { other, other, other };
	struct family *family = &families[metric];
	size_t most = metric_rows[metric].most ? metric_rows[metric].most : METRIC_SERIES_MOST, slot;
	struct series *series = look_up(family, values, count, &slot);

	if (!series && family->count + 1 >= most && count > 0) {
		values = beyond;
		series = look_up(family, values, count, &slot);
	}
	return series ? series : make(family, values, count, slot);
}

static struct series *series_of(enum metric metric, const char *const *labels)
{
	const struct metric_row *row = &metric_rows[metric];
	const char *values[METRIC_LABELS_MOST];
	size_t count = label_count(row), slot;
	struct series *series;

	choose_values(row, labels, values);
	series = look_up(&families[metric], values, count, &slot);
	if (series)
		return series;
	pthread_mutex_lock(&making);
	series = find_or_make(metric, values, count);
	pthread_mutex_unlock(&making);
	return series;
}

/* ---- counting ---- */

void metric_add(enum metric metric, const char *const *labels, int64_t count)
{
	atomic_fetch_add_explicit(&series_of(metric, labels)->value, count, memory_order_relaxed);
}

void metric_set(enum metric metric, const char *const *labels, int64_t value)
{
	atomic_store_explicit(&series_of(metric, labels)->value, value, memory_order_relaxed);
}

void metric_observe(enum metric metric, const char *const *labels, int64_t us)
{
	struct series *series = series_of(metric, labels);
	const int64_t *bounds = metric_rows[metric].bounds;
	size_t bucket = 0;

	while (bounds[bucket] && us > bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&series->value, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
}

static int64_t observed(struct series *series)
{
	int64_t sum = 0;

	for (size_t i = 0; i <= METRIC_BOUNDS_MOST; i++)
		sum += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
	return sum;
}

int64_t metric_value(enum metric metric, const char *const *labels)
{
	struct series *series = series_of(metric, labels);

	return metric_rows[metric].type == METRIC_HISTOGRAM
		       ? observed(series)
		       : atomic_load_explicit(&series->value, memory_order_relaxed);
}

size_t metric_series(enum metric metric)
{
	return atomic_load(&families[metric].count);
}

/* ---- writing ---- */

/* A label's value within its quotes, as the format wants it. */
static void write_value(struct buffer *to, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			buffer_text(to, "\\n");
		else
			buffer_format(to, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	}
}

static void write_pair(struct buffer *to, const char *name, const char *value, bool first)
{
	buffer_format(to, "%s%s=\"", first ? "{" : ",", name);
	write_value(to, value);
	buffer_text(to, "\"");
}

static void write_number(struct buffer *to, enum metric_unit unit, int64_t value)
{
	bool below = value < 0;
	uint64_t size = below ? 0 - (uint64_t)value : (uint64_t)value;

	buffer_text(to, below ? " -" : " ");
	if (unit == METRIC_SECONDS)
		buffer_format(to, "%llu.%06llu\n", (unsigned long long)size / SECOND_US,
		              (unsigned long long)size % SECOND_US);
	else
		buffer_format(to, "%llu\n", (unsigned long long)size);
}

/* The name with its ending, and the labels; le: of a bucket, NULL otherwise. */
static void write_name(struct buffer *to, const struct metric_row *row, const struct series *series,
                       const char *ending, const char *le)
{
	size_t count = label_count(row);

	buffer_format(to, "%s%s", row->name, ending);
	for (size_t i = 0; i < count; i++)
		write_pair(to, row->labels[i].name, series->values[i], i == 0);
	if (le)
		write_pair(to, "le", le, count == 0);
	if (count > 0 || le)
		buffer_text(to, "}");
}

/* Each bucket counts what is in those before it, too. The last is made from the same readings as the count, so that the two
 * agree while others go on counting. */
static void write_histogram(struct buffer *to, const struct metric_row *row, struct series *series)
{
	int64_t sum = atomic_load_explicit(&series->value, memory_order_relaxed), count = 0;

	for (size_t i = 0; i == 0 || row->bounds[i - 1]; i++) {
		char le[24] = "+Inf";

		if (row->bounds[i])
			snprintf(le, sizeof(le), "%g", (double)row->bounds[i] / SECOND_US);
		count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
		write_name(to, row, series, "_bucket", le);
		write_number(to, METRIC_UNITS, count);
	}
	write_name(to, row, series, "_sum", NULL);
	write_number(to, METRIC_SECONDS, sum);
	write_name(to, row, series, "_count", NULL);
	write_number(to, METRIC_UNITS, count);
}

static void write_series(struct buffer *to, const struct metric_row *row, struct series *series)
{
	if (row->type == METRIC_HISTOGRAM) {
		write_histogram(to, row, series);
		return;
	}
	write_name(to, row, series, "", NULL);
	write_number(to, row->unit, atomic_load_explicit(&series->value, memory_order_relaxed));
}

/* What is known beforehand is there from the start: a counter that appears with its first failure shows no increase. */
static void make_the_known(enum metric metric)
{
	const struct metric_row *row = &metric_rows[metric];

	if (!row->labels[0].name)
		series_of(metric, NO_LABELS);
	else if (row->labels[0].words && !row->labels[1].name)
		for (const char *const *word = row->labels[0].words; *word; word++)
			series_of(metric, LABELS(*word));
}

static void write_family(struct buffer *to, enum metric metric)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct metric_row *row = &metric_rows[metric];

	make_the_known(metric);
	if (metric_series(metric) == 0)
		return;
	buffer_format(to, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, types[row->type]);
	for (size_t slot = 0; slot < SLOTS; slot++) {
		struct series *series =
			atomic_load_explicit(&families[metric].slots[slot], memory_order_acquire);

		if (series)
			write_series(to, row, series);
	}
}

void metric_write(struct buffer *ret)
{
	for (enum metric metric = 0; metric < METRICS; metric++)
		write_family(ret, metric);
}
