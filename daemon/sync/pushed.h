/* The reading of a directory that pushes: there is nobody to ask, what it said stands in our own tables (roster/scim). */
#ifndef ROSTERD_SYNC_PUSHED_H
#define ROSTERD_SYNC_PUSHED_H

#include "sync/stream.h"

/* As stream_read, without a link: of scope all everything, which is always whole; of any other what is due. */
int pushed_read(const struct stream *stream, struct error *e);

#endif
