/* Counting: from many threads, within bounds, and written so that a strict reader takes it. */
#include "base/metric.h"

#include "base/text.h"
#include "peers/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 8, ROUNDS = 2000, READS = 20, SLOWER = 20 };

/* Under memcheck, which lets one thread run at a time and each of them slowly. */
static int slowly(int rounds)
{
	return getenv("UNDER_MEMCHECK") ? rounds / SLOWER : rounds;
}

/* What is written now; the caller closes the buffer. */
static const char *written(struct buffer *buffer)
{
	char why[128];
	size_t line;

	buffer_open(buffer, METRIC_TEXT_MOST);
	metric_write(buffer);
	assert_false(buffer->full);
	line = exposition_check(buffer->bytes, why, sizeof(why));
	if (line)
		fail_msg("line %zu: %s", line, why);
	return buffer->bytes;
}

static void assert_written(const char *line)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	const char *text = written(&buffer);
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(text, whole))
		fail_msg("\"%s\" is not written", line);
}

/* Each row is whole, and no name stands twice; counters say so in their name, and durations in theirs. */
static void table(void **state)
{
	(void)state;
	for (enum metric metric = 0; metric < METRICS; metric++) {
		const struct metric_row *row = &metric_rows[metric];

		assert_non_null(row->name);
		assert_true(strlen(row->help) > 10);
		assert_null(strchr(row->help, '\n'));
		assert_null(strchr(row->help, '\\'));
		assert_true(text_begins(row->name, "rosterd_") || text_begins(row->name, "process_"));
		assert_int_equal(row->type == METRIC_COUNTER, text_ends(row->name, "_total"));
		assert_true(row->unit != METRIC_SECONDS || strstr(row->name, "_seconds"));
		assert_int_equal(row->type == METRIC_HISTOGRAM, row->bounds != NULL);
		assert_true(row->most <= METRIC_SERIES_MOST);
		for (size_t i = 0; row->bounds && row->bounds[i]; i++)
			assert_true(i < METRIC_BOUNDS_MOST && (i == 0 || row->bounds[i] > row->bounds[i - 1]));
		for (enum metric before = 0; before < metric; before++)
			assert_string_not_equal(row->name, metric_rows[before].name);
	}
}

static void zeroes(void **state)
{
	(void)state;
	assert_written("rosterd_http_requests_in_flight 0");
	assert_written("rosterd_access_denied_total{reason=\"token\"} 0");
	assert_written("rosterd_runs{state=\"held\"} 0");
}

static void gauges(void **state)
{
	(void)state;
	metric_add(METRIC_HTTP_WAITING, NO_LABELS, 3);
	metric_add(METRIC_HTTP_WAITING, NO_LABELS, -5);
	assert_written("rosterd_http_requests_waiting -2");
	metric_set(METRIC_DATABASE_LATENCY, NO_LABELS, 1500);
	assert_written("rosterd_database_latency_seconds 0.001500");
	metric_set(METRIC_DATABASE_LATENCY, NO_LABELS, -1);
	assert_written("rosterd_database_latency_seconds -0.000001");
	metric_set(METRIC_PROCESS_VIRTUAL, NO_LABELS, INT64_MAX);
	assert_written("process_virtual_memory_bytes 9223372036854775807");
}

static void labels(void **state)
{
	(void)state;
	metric_add(METRIC_HTTP_REQUESTS, LABELS("/v1/\"x\\\n{y}", "GET", "2xx"), 2);
	assert_written("rosterd_http_requests_total{route=\"/v1/\\\"x\\\\\\n{y}\",method=\"GET\",class=\"2xx\"} 2");
	metric_add(METRIC_HTTP_REQUESTS, LABELS("/a", "BREW", NULL), 1);
	assert_written("rosterd_http_requests_total{route=\"/a\",method=\"other\",class=\"other\"} 1");
	metric_add(METRIC_HTTP_REQUESTS, LABELS("/a", "", "what they sent"), 1);
	assert_int_equal(metric_value(METRIC_HTTP_REQUESTS, LABELS("/a", "other", "other")), 2);
}

/* What comes in between the bounds, on one, and above all. */
static void histograms(void **state)
{
	(void)state;
	metric_observe(METRIC_DATABASE_WAIT, LABELS("worker"), 0);
	metric_observe(METRIC_DATABASE_WAIT, LABELS("worker"), 1000);
	metric_observe(METRIC_DATABASE_WAIT, LABELS("worker"), 1001);
	metric_observe(METRIC_DATABASE_WAIT, LABELS("worker"), 60 * 1000000);
	assert_written("rosterd_database_connection_wait_seconds_bucket{role=\"worker\",le=\"0.001\"} 2");
	assert_written("rosterd_database_connection_wait_seconds_bucket{role=\"worker\",le=\"0.0025\"} 3");
	assert_written("rosterd_database_connection_wait_seconds_bucket{role=\"worker\",le=\"10\"} 3");
	assert_written("rosterd_database_connection_wait_seconds_bucket{role=\"worker\",le=\"+Inf\"} 4");
	assert_written("rosterd_database_connection_wait_seconds_sum{role=\"worker\"} 60.002001");
	assert_written("rosterd_database_connection_wait_seconds_count{role=\"worker\"} 4");
	assert_int_equal(metric_value(METRIC_DATABASE_WAIT, LABELS("worker")), 4);
}

/* However many values come, the most is not passed; nothing is lost. */
static void bounded(void **state)
{
	size_t most = metric_rows[METRIC_DATABASE_ERRORS].most;
	int64_t sum = 0;
	char name[16];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		metric_add(METRIC_DATABASE_ERRORS, LABELS(name), 1);
	}
	assert_int_equal(metric_series(METRIC_DATABASE_ERRORS), most);
	for (int i = 0; i < (int)most - 1; i++) {
		snprintf(name, sizeof(name), "%d", i);
		sum += metric_value(METRIC_DATABASE_ERRORS, LABELS(name));
	}
	assert_int_equal(sum, most - 1);
	assert_int_equal(metric_value(METRIC_DATABASE_ERRORS, LABELS("other")), 5000 - sum);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		metric_observe(METRIC_HTTP_DURATION, LABELS(name, "GET"), 1);
	}
	assert_int_equal(metric_series(METRIC_HTTP_DURATION), METRIC_SERIES_MOST);
}

/* All make the same new series at the same time, while somebody reads. */
static void *count(void *self)
{
	char route[16];

	(void)self;
	for (int i = 0; i < slowly(ROUNDS); i++) {
		snprintf(route, sizeof(route), "/%d", i % 100);
		metric_add(METRIC_PEOPLE_READ, LABELS(route), 1);
		metric_observe(METRIC_RUN_DURATION, LABELS("ldap"), 2000000);
		metric_add(METRIC_HTTP_CONNECTIONS, NO_LABELS, i % 2 ? -1 : 1);
	}
	return NULL;
}

static void together(void **state)
{
	pthread_t threads[THREADS];
	int64_t sum = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < slowly(READS); i++) {
		__attribute__((cleanup(buffer_close))) struct buffer buffer;

		written(&buffer);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 100; i++) {
		char route[16];

		snprintf(route, sizeof(route), "/%d", i);
		sum += metric_value(METRIC_PEOPLE_READ, LABELS(route));
	}
	assert_int_equal(sum, THREADS * slowly(ROUNDS));
	assert_int_equal(metric_series(METRIC_PEOPLE_READ), 100);
	assert_int_equal(metric_value(METRIC_RUN_DURATION, LABELS("ldap")), THREADS * slowly(ROUNDS));
	assert_int_equal(metric_value(METRIC_HTTP_CONNECTIONS, NO_LABELS), 0);
}

static void process(void **state)
{
	int64_t open;
	FILE *more;

	(void)state;
	metric_measure_process();
	open = metric_value(METRIC_PROCESS_FDS, NO_LABELS);
	assert_true(open >= 3);
	more = fopen("/dev/null", "r");
	metric_measure_process();
	assert_int_equal(metric_value(METRIC_PROCESS_FDS, NO_LABELS), open + 1);
	fclose(more);
	assert_true(metric_value(METRIC_PROCESS_FDS_MOST, NO_LABELS) > open);
	assert_true(metric_value(METRIC_PROCESS_RESIDENT, NO_LABELS) > 100000);
	assert_true(metric_value(METRIC_PROCESS_VIRTUAL, NO_LABELS) >
	            metric_value(METRIC_PROCESS_RESIDENT, NO_LABELS));
	assert_true(metric_value(METRIC_PROCESS_THREADS, NO_LABELS) >= 1);
	assert_in_range(metric_value(METRIC_PROCESS_START, NO_LABELS) / 1000000, (uintmax_t)time(NULL) - 3600,
	                (uintmax_t)time(NULL) + 1);
}

/* The reader of the other tests would notice. */
static void reader(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} cases[] = {
		{ "", 1 },
		{ "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n", 0 },
		{ "# HELP a_total A.\n# TYPE a_total counter\na_total 1", 3 },
		{ "# HELP a_total A.\n# TYPE a_total counter\na_total 1\na_total 2\n", 4 },
		{ "# HELP a_total A.\n# TYPE a_total counter\na_total -1\n", 3 },
		{ "# HELP a A.\n# TYPE a counter\na 1\n", 2 },
		{ "# HELP a A.\n# TYPE a gauge\nb 1\n", 3 },
		{ "# HELP a A.\n# TYPE a gauge\na one\n", 3 },
		{ "# HELP a A.\n# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n", 3 },
		{ "# HELP a A.\n# TYPE a gauge\na{b=\"1} 1\n", 3 },
		{ "# HELP a A.\n# TYPE a gauge\na{b=\"\\x\"} 1\n", 3 },
		{ "# HELP a A.\n# TYPE a gauge\na{1b=\"\"} 1\n", 3 },
		{ "# HELP a A.\n# TYPE a gauge\na 1\n# HELP a A.\n", 4 },
		{ "a 1\n", 1 },
		{ "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n", 0 },
		{ "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n", 4 },
		{ "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 3\n", 6 },
		{ "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", 4 },
		{ "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\n", 5 },
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		if (exposition_check(cases[i].text, why, sizeof(why)) != cases[i].line)
			fail_msg("case %zu: %s", i, why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader),     cmocka_unit_test(table),   cmocka_unit_test(zeroes),
		cmocka_unit_test(gauges),     cmocka_unit_test(labels),  cmocka_unit_test(histograms),
		cmocka_unit_test(bounded),    cmocka_unit_test(together), cmocka_unit_test(process),
	};
	return cmocka_run_group_tests_name("base/metric", tests, NULL, NULL);
}
