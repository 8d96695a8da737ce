/* The system user of the daemon: made once, become for good. */
#include "platform.h"

#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

/* 1: *ret. 0: there is no such user. */
static int find(const char *name, struct account *ret)
{
	const struct passwd *found = getpwnam(name);

	if (!found)
		return 0;
	*ret = (struct account){ .user = found->pw_uid, .group = found->pw_gid, .name = name };
	return 1;
}

int account_find_or_make(const char *name, const char *home, struct account *ret, struct error *e)
{
	const char *const arguments[] = {
		"useradd", "--system",		"--user-group", "--home-dir", home, "--no-create-home",
		"--shell", "/usr/sbin/nologin", "--comment",	"rosterd",    name, NULL,
	};

	if (find(name, ret) == 1)
		return 0;
	if (process_run(arguments, NULL, e) < 0)
		return error_set(e, ERROR_INTERNAL, "account.make",
				 "could not make the system user \"%s\" with useradd; make it by hand, and "
				 "start again",
				 name);
	if (find(name, ret) == 1)
		return 0;
	return error_set(e, ERROR_INTERNAL, "account.find",
			 "the system user \"%s\" was made and cannot be found", name);
}

int account_become(const struct account *account, struct error *e)
{
	if (initgroups(account->name, account->group) < 0 ||
	    setresgid(account->group, account->group, account->group) < 0 ||
	    setresuid(account->user, account->user, account->user) < 0)
		return error_set(e, ERROR_INTERNAL, "account.become", "could not become user \"%s\": %s",
				 account->name, strerror(errno));
	if (account->user != 0 && setuid(0) == 0)
		return error_set(e, ERROR_INTERNAL, "account.become",
				 "became user \"%s\" and could still be root", account->name);
	return 0;
}
