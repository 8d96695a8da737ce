#include "platform.h"

#include "common/limits.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"

void limit_clear(struct limit_headers *ret)
{
	*ret = (struct limit_headers){ -1, -1, -1, -1, -1, -1 };
}

/* RFC 9110 section 5.6.7, the form that everybody sends: "Sun, 06 Nov 1994 08:49:37 GMT". */
static int64_t read_date(const char *value)
{
	struct tm tm = { 0 };
	const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	return end && !*end ? (int64_t)timegm(&tm) : -1;
}

/* Seconds, perhaps with a fraction (Graph sends some), as milliseconds. */
static int64_t read_seconds(const char *value)
{
	int64_t whole = 0, thousandths = 0, weight = 100;

	if (!isdigit((unsigned char)*value))
		return -1;
	for (; isdigit((unsigned char)*value); value++)
		whole = whole > LIMIT_WAIT_MOST_MS ? whole : whole * 10 + (*value - '0');
	if (*value == '.')
		for (value++; isdigit((unsigned char)*value); value++, weight /= 10)
			thousandths += weight * (*value - '0');
	return *value ? -1 : whole * 1000 + thousandths;
}

static int64_t read_number(const char *value)
{
	int64_t number;

	return text_to_int64(value, &number) == 0 && number >= 0 ? number : -1;
}

static bool is(const char *name, const char *with_hyphen, const char *without)
{
	return strcasecmp(name, with_hyphen) == 0 || strcasecmp(name, without) == 0;
}

static int64_t within(int64_t ms, int64_t least)
{
	return ms < least ? least : ms > LIMIT_WAIT_MOST_MS ? LIMIT_WAIT_MOST_MS : ms;
}

void limit_take(struct limit_headers *headers, const char *name, const char *value)
{
	if (is(name, "X-Rate-Limit-Limit", "X-RateLimit-Limit"))
		headers->limit = read_number(value);
	else if (is(name, "X-Rate-Limit-Remaining", "X-RateLimit-Remaining"))
		headers->remaining = read_number(value);
	else if (is(name, "X-Rate-Limit-Reset", "X-RateLimit-Reset"))
		headers->reset = read_number(value);
	else if (strcasecmp(name, "Date") == 0)
		headers->date = read_date(value);
	else if (strcasecmp(name, "Retry-After") == 0)
		headers->retry_after_ms = read_seconds(value), headers->retry_at = read_date(value);
}

int64_t limit_backoff_ms(int attempt)
{
	int64_t ms = LIMIT_BACKOFF_FIRST_MS;

	while (attempt-- > 0 && ms < LIMIT_BACKOFF_MOST_MS)
		ms *= 2;
	return ms < LIMIT_BACKOFF_MOST_MS ? ms : LIMIT_BACKOFF_MOST_MS;
}

/* Milliseconds until the reset; -1: it cannot be told. A second is added, since both are cut to whole
 * seconds. */
static int64_t until_reset_ms(const struct limit_headers *headers)
{
	if (headers->reset < 0 || headers->date < 0 || headers->reset > INT64_MAX / 2000)
		return -1;
	return headers->reset < headers->date ? 0 : (headers->reset - headers->date + 1) * 1000;
}

int64_t limit_wait_ms(const struct limit_headers *headers, int attempt)
{
	int64_t reset_ms = until_reset_ms(headers);

	if (headers->retry_after_ms >= 0)
		return within(headers->retry_after_ms, LIMIT_WAIT_LEAST_MS);
	if (headers->retry_at >= 0 && headers->date >= 0)
		return within((headers->retry_at - headers->date) * 1000, LIMIT_WAIT_LEAST_MS);
	if (reset_ms >= 0 && !(headers->limit == 0 && headers->remaining == 0))
		return within(reset_ms, LIMIT_WAIT_LEAST_MS);
	return limit_backoff_ms(attempt);
}

int64_t limit_pause_ms(const struct limit_headers *headers)
{
	int64_t reset_ms = until_reset_ms(headers);

	if (headers->remaining != 0 || headers->limit <= 0 || reset_ms <= 0)
		return 0;
	return within(reset_ms, LIMIT_WAIT_LEAST_MS);
}
