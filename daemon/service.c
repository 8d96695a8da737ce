/* sd_notify(3), a message a moment. */
#include "service.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/clock.h"

/* Four looks within the time that the service manager allows: one that comes late is no reason to be ended. */
enum { LOOKS = 4, LOOK_MS_MOST = 10000, STATUS_SIZE = 256, US_PER_MS = 1000 };

void service_open(struct service *service)
{
	uint64_t within_us = 0;
	int64_t every_ms = sd_watchdog_enabled(1, &within_us) > 0 ? (int64_t)(within_us / US_PER_MS / LOOKS) : 0;

	service->look_every_ms = every_ms > 0 && every_ms < LOOK_MS_MOST ? every_ms : LOOK_MS_MOST;
	service->look_at_ms = clock_monotonic_ms();
}

int service_wait(struct service *service, const sigset_t *signals)
{
	int64_t left_ms;

	while ((left_ms = service->look_at_ms - clock_monotonic_ms()) > 0) {
		const struct timespec left = { left_ms / 1000, left_ms % 1000 * 1000000 };
		int signal = sigtimedwait(signals, NULL, &left);

		if (signal > 0)
			return signal;
	}
	service->look_at_ms = clock_monotonic_ms() + service->look_every_ms;
	return 0;
}

static void __attribute__((format(printf, 2, 0)))
tell(const char *before, const char *fmt, va_list args)
{
	char status[STATUS_SIZE];

	vsnprintf(status, sizeof(status), fmt, args);
	sd_notifyf(0, "%sSTATUS=%s", before, status);
}

void service_step(int64_t most_ms, const char *fmt, ...)
{
	char before[96];
	va_list args;

	snprintf(before, sizeof(before), "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=%" PRId64 "\n", most_ms * US_PER_MS);
	va_start(args, fmt);
	tell(before, fmt, args);
	va_end(args);
}

void service_ready(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell("READY=1\n", fmt, args);
	va_end(args);
}

void service_status(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell("", fmt, args);
	va_end(args);
}

/* The time tells the service manager whether this is the reload that it asked for last. */
void service_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void service_lives(void)
{
	sd_notify(0, "WATCHDOG=1");
}
