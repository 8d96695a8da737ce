/* A worker's turn at reading a directory: how long it has lasted, and that somebody else is to have the worker.
 *
 * The thread at work begins and ends it; whoever watches over the workers asks how long it lasts and may take it away, from another thread. */
#ifndef ROSTERD_SYNC_TURN_H
#define ROSTERD_SYNC_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct link;

struct turn {
	pthread_mutex_t mutex; /* guards what follows */
	int64_t since_ms;      /* of clock_monotonic_ms; 0: nothing is read */
	bool over;             /* it was taken away */
	struct link *link;     /* NULL: there is none (yet) */
};

void turn_open(struct turn *turn);
void turn_close(struct turn *turn);

/* Reading begins, and may be taken away from now on. turn NULL: nobody watches. */
void turn_begin(struct turn *turn);

/* The link that is read by is this (NULL: there is none any more), and is cancelled when the turn is taken away. As link_options.started has it. */
void turn_hold(void *turn, struct link *link);

/* Reading is over. Says whether it was taken away. */
bool turn_end(struct turn *turn);

/* How long it has lasted; 0: nothing is read. */
int64_t turn_lasts_ms(struct turn *turn);

/* The directory is not waited for any longer: what the thread at work asks of it fails with ERROR_RETRY. */
void turn_take_away(struct turn *turn);

/* Whether that was done since it began. */
bool turn_is_over(struct turn *turn);

#endif
