/* What a plug-in for a vendor's API is made of while it is open: whom it serves now, its memory, its way to
 * the vendor, and what all of them do alike. A plug-in's struct directory begins with a struct vendor.
 *
 * The settings "ca_certificate", "proxy" and "timeout" are read here, and mean the same everywhere. */
#ifndef ROSTER_COMMON_VENDOR_H
#define ROSTER_COMMON_VENDOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/fetch.h"
#include "common/oauth.h"
#include "common/setting.h"
#include "connector.h"

struct arena;
struct buffer;
struct error;
struct oidc;

/* One for each plug-in, which does not change. */
struct vendor_kind {
	size_t size;		   /* of its struct directory */
	const char *name;	   /* "Okta": for messages */
	const char *request_id;	   /* as in fetch_options; NULL: none */
	const char *value, *where; /* what it calls a person's value, and where that is corrected: "field",
				      "the Admin console" */
	bool (*limited)(const struct fetch_answer *answer); /* as in fetch_options */
	/* Reads the rest of the settings and opens `oauth`; `fetch` is open. -1: fail() was called. */
	int (*start)(void *directory, const struct setting_source *from);
};

struct vendor {
	const struct vendor_kind *kind;
	struct fetch_caller caller; /* whom we serve now */
	struct arena
		*arena; /* as long as we live: the settings; wiped in the end, for secrets are among them */
	struct arena *page;   /* as long as a call */
	struct arena *record; /* as long as a record */
	struct fetch *fetch;
	struct oauth *oauth;	    /* NULL: there is no token to ask for */
	struct oidc *oidc;	    /* NULL: nobody signs on; opened by common/signing */
	struct fetch_answer answer; /* the last one */
};

/* A directory of this kind: 0, or -1: fail() was called, and nothing is left of it. */
int vendor_open(const struct vendor_kind *kind, struct roster_call *call, const struct roster_host *host,
		void **ret_directory);

/* A roster_connector's close. Takes what is half open. */
void vendor_close(void *directory);

/* Another call is served: its directory, with the page's arena empty. */
void *vendor_serve(void *directory, struct roster_call *call);

/* Asks with a token, if the request is one that shows it, and once more with a new one if it is refused. The
 * answer is in vendor->answer, whatever its status. -1: fail() was called. */
int vendor_ask(struct vendor *vendor, const struct fetch_request *request);

/* 200, or one of these; 0-terminated, NULL: none. */
bool vendor_is_allowed(int status, const int *allowed);

/* Percent-encoded, in the page's arena. */
const char *vendor_escape(struct vendor *vendor, const char *text);

/* Gives somebody, and says what had to be left out (NULL: nothing); a user name that is empty is missing,
 * too: it is called `user_name` at the vendor. Empties the record's arena. 1, or -1: fail() was called. */
int vendor_emit(struct vendor *vendor, const struct roster_identity *person, const char *left_out,
		const char *user_name);

/* Somebody, or a group, who is no more. -1: fail() was called. */
int vendor_emit_gone(struct vendor *vendor, const char *id);
int vendor_emit_group_gone(struct vendor *vendor, const char *id);

/* What a json_element_fn returns after the daemon did not take a record, and has been told why. */
int vendor_refused(struct error *e);

/* Gives what was written as the cursor. -1: fail() was called; it did not fit, and that is Nonsense, for only
 * what the vendor gives can be so long. */
int vendor_cursor(struct vendor *vendor, const struct buffer *written);

/* Notes how many requests a reading took, and what of its time was waiting. */
void vendor_note_requests(struct vendor *vendor, unsigned long long requests);

#endif
