/* What a browser posts: an HTML form (application/x-www-form-urlencoded), decoded. */
#ifndef ROSTERD_ENDPOINTS_FORM_H
#define ROSTERD_ENDPOINTS_FORM_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "http/request.h"
#include "plugin/link.h"

enum { FORM_FIELDS_MOST = 64 };

/* The fields in their order. ERROR_INPUT "form.type", "form.encoding"; ERROR_LIMIT "form.fields". */
int form_read(const struct request *request, struct arena *arena, struct link_pair **ret, size_t *ret_count, struct error *e);
/* The same of such a text that is ours. */
int form_parse(const char *text, struct arena *arena, struct link_pair **ret, size_t *ret_count, struct error *e);

/* The only field of this name; NULL: there is none, or more than one. */
const char *form_field(const struct link_pair *fields, size_t count, const char *name);

#endif
