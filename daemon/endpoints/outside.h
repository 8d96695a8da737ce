/* How many exchanges wait for the world at a time.
 *
 * An exchange that asks a directory keeps its thread for as long as the directory likes, and an administrator
 * chooses the directory. So one organisation has few of the threads for this, and all of them have never all.
 */
#ifndef ROSTERD_ENDPOINTS_OUTSIDE_H
#define ROSTERD_ENDPOINTS_OUTSIDE_H

#include "base/error.h"
#include "base/id.h"

enum { OUTSIDE_OF_ONE_MOST = 2, OUTSIDE_MOST = 512 };

struct outside;

/* most: of all organisations together, 1 to OUTSIDE_MOST. */
struct outside *outside_open(int most);
void outside_close(struct outside **outside);

/* ERROR_RETRY "busy.organisation", "busy.all": not now. What was entered must be left. */
int outside_enter(struct outside *outside, const struct id *organisation, struct error *e);
void outside_leave(struct outside *outside, const struct id *organisation);

#endif
