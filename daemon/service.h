/* What the service manager is told: when we are ready, what we are at and how long it may take, that we live.
 *
 * The protocol is sd_notify(3). Whoever is not run by a service manager has nobody to tell, and all this does nothing. It is
 * spoken by the main thread alone. */
#ifndef ROSTERD_SERVICE_H
#define ROSTERD_SERVICE_H

#include <signal.h>
#include <stdint.h>

struct service {
	int64_t look_every_ms;
	int64_t look_at_ms; /* of the monotonic clock */
};

/* Reads how often the service manager wants a sign of life, and takes that out of the environment. */
void service_open(struct service *service);

/* Waits for one of the signals, which are blocked. 0: none came, and it is time to look whether every part lives. */
int service_wait(struct service *service, const sigset_t *signals);

/* A step of starting, reloading or stopping, which takes most_ms at most: the service manager waits that long from now on.
 * That a step begins is a sign of life. */
void service_step(int64_t most_ms, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Started, or reloaded, and what administrators see of us from now on. */
void service_ready(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The configuration is being read again; service_ready says that this is over, however it ended. */
void service_reloading(void);

void service_stopping(void);

/* Every part has shown that it lives. */
void service_lives(void);

/* What administrators see of us, when it is not the beginning or end of something. */
void service_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
