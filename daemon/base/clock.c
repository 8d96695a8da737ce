/* What time it is, and how it is written. */
#include "base/clock.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum { SECOND_US = 1000000, SECOND_NS = 1000000000 };

/* What four digits of a year can show; beyond them stands the nearest instant that can be shown. */
static const int64_t first_shown_us = -62167219200 * SECOND_US;
static const int64_t last_shown_us = 253402300800 * SECOND_US - 1;

static struct timespec now(clockid_t clock)
{
	struct timespec at = { 0 };

	clock_gettime(clock, &at);
	return at;
}

int64_t clock_now_us(void)
{
	struct timespec at = now(CLOCK_REALTIME);

	return (int64_t)at.tv_sec * SECOND_US + at.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	struct timespec at = now(CLOCK_MONOTONIC);

	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / (SECOND_NS / 1000);
}

int64_t clock_monotonic_us(void)
{
	struct timespec at = now(CLOCK_MONOTONIC);

	return (int64_t)at.tv_sec * SECOND_US + at.tv_nsec / 1000;
}

const char *clock_text(int64_t us, char ret[CLOCK_TEXT_SIZE])
{
	struct tm tm;
	time_t seconds;
	unsigned micros;

	us = us < first_shown_us ? first_shown_us : us > last_shown_us ? last_shown_us : us;
	seconds = us / SECOND_US - (us % SECOND_US < 0);
	micros = (unsigned)(us - seconds * SECOND_US);
	gmtime_r(&seconds, &tm);
	snprintf(ret, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		 (unsigned)tm.tm_sec % 100, micros % SECOND_US);
	return ret;
}

/* count digits that give a number from least to most; moves *at behind them. */
static bool read_number(const char **at, int count, int least, int most, int *ret)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		char c = **at;

		if (c < '0' || c > '9')
			return false;
		number = number * 10 + (c - '0');
		(*at)++;
	}
	*ret = number;
	return number >= least && number <= most;
}

static bool read_one_of(const char **at, char a, char b)
{
	if (**at != a && **at != b)
		return false;
	(*at)++;
	return true;
}

/* ".123456789": what is finer than a microsecond is cut. No point, no fraction. */
static bool read_fraction(const char **at, int *ret_us)
{
	int digits = 0, worth = SECOND_US / 10;

	*ret_us = 0;
	if (!read_one_of(at, '.', '.'))
		return true;
	for (; **at >= '0' && **at <= '9'; (*at)++, digits++, worth /= 10)
		*ret_us += (**at - '0') * worth;
	return digits >= 1 && digits <= 9;
}

/* "Z", or the minutes that local time is ahead of UTC. */
static bool read_offset(const char **at, int *ret_minutes)
{
	bool behind = **at == '-';
	int hours, minutes;

	*ret_minutes = 0;
	if (read_one_of(at, 'Z', 'z'))
		return true;
	if (!read_one_of(at, '+', '-') || !read_number(at, 2, 0, 23, &hours) || !read_one_of(at, ':', ':') ||
	    !read_number(at, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = (hours * 60 + minutes) * (behind ? -1 : 1);
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool read_date(const char **at, struct tm *ret)
{
	int year, month;

	if (!read_number(at, 4, 0, 9999, &year) || !read_one_of(at, '-', '-') ||
	    !read_number(at, 2, 1, 12, &month) || !read_one_of(at, '-', '-') ||
	    !read_number(at, 2, 1, days_of(year, month), &ret->tm_mday))
		return false;
	ret->tm_year = year - 1900;
	ret->tm_mon = month - 1;
	return true;
}

/* A leap second (":60") is the first of the next minute: nothing that we compare with knows it. */
static bool read_time(const char **at, struct tm *ret)
{
	return read_number(at, 2, 0, 23, &ret->tm_hour) && read_one_of(at, ':', ':') &&
	       read_number(at, 2, 0, 59, &ret->tm_min) && read_one_of(at, ':', ':') &&
	       read_number(at, 2, 0, 60, &ret->tm_sec);
}

int clock_parse(const char *text, int64_t *ret_us)
{
	struct tm tm = { 0 };
	int us, ahead_minutes;

	if (!text || !read_date(&text, &tm) || !read_one_of(&text, 'T', 't') || !read_time(&text, &tm) ||
	    !read_fraction(&text, &us) || !read_offset(&text, &ahead_minutes) || *text)
		return -1;
	*ret_us = ((int64_t)timegm(&tm) - ahead_minutes * 60) * SECOND_US + us;
	return 0;
}

int clock_left_ms(int64_t deadline_ms)
{
	int64_t at = clock_monotonic_ms();

	if (deadline_ms <= at)
		return 0;
	/* A deadline of INT64_MAX means never. */
	return deadline_ms - at > INT_MAX ? INT_MAX : (int)(deadline_ms - at);
}
