/* The LDAP plug-in: people and groups of OpenLDAP, 389-ds, FreeIPA and Active Directory.
 *
 * One conversation with the server is kept as long as the link is open. Nothing is written there, no referral
 * is followed, and nothing is ever sent to a server that has not proved its name, unless the administrator
 * has said tls=none. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "connector.h"
#include "ldap/changed.h"
#include "ldap/check.h"
#include "ldap/directory.h"
#include "ldap/listing.h"
#include "ldap/named.h"
#include "ldap/sign_on.h"

int directory_connect(struct directory *d)
{
	return d->session ? 0 : session_open(&d->caller, &d->session);
}

int directory_hang_up(struct directory *d)
{
	listing_forget(&d->listing);
	changed_forget(d);
	session_close(&d->session);
	return -1;
}

static void wipe(const char *secret)
{
	if (secret)
		explicit_bzero((char *)secret, strlen(secret)); /* our own copy */
}

static void close_directory(void *self)
{
	struct directory *d = self;

	directory_hang_up(d);
	wipe(d->settings.bind_password);
	wipe(d->settings.trust.client_key);
	arena_close(&d->page);
	arena_close(&d->arena);
	free(d);
}

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	/* The machine's own ldap.conf (size limits, other authorities) has no say here. */
	setenv("LDAPNOINIT", "1", 1);
	/* A server that hangs up is an error like others; OpenSSL writes without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	d->arena = arena_open("ldap settings");
	d->page = arena_open("ldap page");
	d->listing.msgid = -1;
	d->caller = (struct caller){ call, host, &d->settings };
	if (settings_read(call, host, d->arena, &d->settings) < 0) {
		close_directory(d);
		return -1;
	}
	*ret_self = d;
	return 0;
}

static struct directory *serve(void *self, struct roster_call *call)
{
	struct directory *d = self;

	d->caller.call = call;
	arena_reset(d->page);
	return d;
}

static int check(struct roster_call *call, void *self)
{
	return check_directory(serve(self, call));
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = serve(self, call);

	if (ask->scope == ROSTER_NAMED)
		return named_page(d, ask);
	return ask->scope == ROSTER_CHANGED ? changed_page(d, ask) : listing_page(d, ask);
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL | 1u << ROSTER_CHANGED | 1u << ROSTER_NAMED,
	.page = page,
};

static int watch_directory(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	return changed_watch(serve(self, call), ask);
}

static const struct roster_watch watch = {
	.size = sizeof(watch),
	.watch = watch_directory,
};

static int begin(struct roster_call *call, void *self, const char *state)
{
	return sign_on_begin(serve(self, call), state);
}

static int check_password(struct roster_call *call, void *self, const char *user_name, const char *password)
{
	return sign_on_password(serve(self, call), user_name, password);
}

static const struct roster_sign_on sign_on = {
	.size = sizeof(sign_on),
	.begin = begin,
	.check_password = check_password,
	.needs_network = 1u << 4,
};

static const char *const place[] = { "url", "user_base", "group_base", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "ldap",
	.title = "LDAP directory (OpenLDAP, 389-ds, FreeIPA, Active Directory)",
	.settings = settings_table,
	.open = open_directory,
	.close = close_directory,
	.check = check,
	.directory = &directory,
	.watch = &watch,
	.sign_on = &sign_on,
	.place = place,
};
