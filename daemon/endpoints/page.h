/* Pages for people: plain HTML that needs no script, no style and no picture, and lets nothing of others in.
 *
 * Whatever is written into one is escaped here. */
#ifndef ROSTERD_ENDPOINTS_PAGE_H
#define ROSTERD_ENDPOINTS_PAGE_H

#include "http/reply.h"

/* Begins a page with this title, as its heading too. */
void page_begin(struct reply *reply, int status, const char *title);
/* The end, and the headers. forms_to: where forms of the page may lead beside here, an origin or "https:"; NULL: nowhere. */
void page_end(struct reply *reply, const char *forms_to);

/* A text as it may stand between tags and in an attribute. */
void page_text(struct reply *reply, const char *text);
/* A paragraph: words of ours, with texts of others in place of each "%s". */
void page_says(struct reply *reply, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Words of ours alone. */
void page_raw(struct reply *reply, const char *html);
/* A field of a form that nobody sees. */
void page_hidden(struct reply *reply, const char *name, const char *value);

#endif
