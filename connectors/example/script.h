/* The example's fault script: what shall go wrong, and on which page. A plug-in of yours needs none of this. */
#ifndef CONNECTORS_EXAMPLE_SCRIPT_H
#define CONNECTORS_EXAMPLE_SCRIPT_H

#include "connector.h"

#include <stdbool.h>

/* Pages count from 1; 0 is never. */
struct script {
	int page_size;                /* page_size 100: overrides what the daemon asks for */
	int fail_at;                  /* fail_at 3 try_later 5000 */
	enum roster_trouble trouble;  /* try_later, refused, lost_place, nonsense, misconfigured */
	int after_ms;
	int incomplete_at;            /* incomplete_at 2: the listing is cut off after that page */
	int hang_at, crash_at;        /* hang_at 2, crash_at 2 */
	int slow_ms;                  /* slow_ms 500: each page takes so long */
	int endless;                  /* endless 1: there is always another page, with nobody on it */
	int garbage_at;               /* garbage_at 2: a name that is not UTF-8 */
	int refuse_at;                /* refuse_at 2: one record that cannot be read */
	bool disorder;                /* the last line of a page comes first */
	bool duplicates;              /* everything comes twice */
	bool present;                 /* what changed: instead of who is gone, who is there; and that this was all */
	bool stay;                    /* what changed: without a new place for the next time */
	int fail_watch_at;            /* fail_watch_at 2: the second waiting fails */
	int fail_subscribe;           /* fail_subscribe 1: always */
	int poison;                   /* poison 7: whoever is asked about "u7" by name fails */
	int hang_message_at;          /* hang_message_at 2: the second message that this child is told of */
	int crash_message_at;
	int later_message_at;         /* it shall be repeated */
	int wild_message_at;          /* it says to look at more than can be */
	int good_for_s;               /* good_for_s 700000: for how long what the login page says is good */
	int reply_status;             /* reply_status 302: to each message */
};

/* Reads one directive a line ('#' begins a comment). 0, or -1 and the number of the line that is not understood. */
int script_read(const char *text, struct script *ret, int *ret_line);

#endif
