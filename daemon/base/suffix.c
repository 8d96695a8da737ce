/* The only room that calls libpsl. */
#include "base/suffix.h"

#include "base/text.h"

#include <libpsl.h>

#include <string.h>

/* Providers of mail for everybody. Nobody could prove these by DNS but the provider; an operator's slip of the pen must not
 * make every customer of one a member. Those that have a name under many suffixes stand in `families`. */
static const char *const providers[] = {
	"126.com",	  "139.com",	    "163.com",	      "188.com",      "21cn.com",	"abv.bg",	  "aim.com",
	"aliyun.com",	  "alice.it",	    "aol.com",	      "arcor.de",     "att.net",	"bell.net",	  "bellsouth.net",
	"bigpond.com",	  "bk.ru",	    "bluewin.ch",     "bol.com.br",   "btinternet.com", "charter.net",	  "comcast.net",
	"cox.net",	  "daum.net",	    "duck.com",	      "earthlink.net", "email.com",	"fastmail.com",	  "fastmail.fm",
	"foxmail.com",	  "free.fr",	    "freenet.de",     "gmx.at",	      "gmx.ch",		"gmx.com",	  "gmx.de",
	"gmx.net",	  "googlemail.com", "hanmail.net",    "hey.com",      "hushmail.com",	"icloud.com",	  "inbox.lv",
	"inbox.ru",	  "interia.pl",	    "laposte.net",    "libero.it",    "list.ru",	"live.com",	  "live.co.uk",
	"live.de",	  "live.fr",	    "live.nl",	      "mac.com",      "mail.com",	"mail.de",	  "mail.ru",
	"mailbox.org",	  "me.com",	    "msn.com",	      "naver.com",    "nate.com",	"ntlworld.com",	  "o2.pl",
	"onet.pl",	  "op.pl",	    "optonline.net",  "orange.fr",    "outlook.com",	"outlook.de",	  "outlook.fr",
	"pm.me",	  "posteo.de",	    "proton.me",      "protonmail.com", "qq.com",	"rambler.ru",	  "rediffmail.com",
	"rocketmail.com", "rogers.com",	    "sapo.pt",	      "sbcglobal.net", "seznam.cz",	"sfr.fr",	  "shaw.ca",
	"sina.com",	  "sky.com",	    "sohu.com",	      "t-online.de",  "talktalk.net",	"telus.net",	  "terra.com.br",
	"tiscali.it",	  "tuta.com",	    "tuta.io",	      "tutanota.com", "ukr.net",	"uol.com.br",	  "verizon.net",
	"virgilio.it",	  "virginmedia.com", "vodafone.it",   "wanadoo.fr",   "web.de",		"wp.pl",	  "ya.ru",
	"yandex.com",	  "yandex.ru",	    "yeah.net",	      "ymail.com",    "zoho.com",	"zohomail.com",	  NULL,
};
static const char *const families[] = { "gmail", "hotmail", "yahoo", NULL };

static bool is_among(const char *const *list, const char *name, size_t length)
{
	for (; *list; list++)
		if (strlen(*list) == length && memcmp(*list, name, length) == 0)
			return true;
	return false;
}

int suffix_check(const char *domain, struct error *e)
{
	const psl_ctx_t *suffixes = psl_builtin();
	const char *registered;

	if (!suffixes)
		return error_set(e, ERROR_INTERNAL, "domain.suffixes", "there is no list of public suffixes on this machine");
	registered = psl_registrable_domain(suffixes, domain);
	if (!registered)
		return error_set(e, ERROR_INPUT, "domain.public",
				 "\"%s\" is a public suffix: everybody registers names below it; give the domain that was "
				 "registered", domain);
	if (is_among(providers, registered, strlen(registered)) || is_among(families, registered, strcspn(registered, ".")))
		return error_set(e, ERROR_INPUT, "domain.public",
				 "\"%s\" is a public provider's: everybody has a mailbox there, whatever their organisation; "
				 "give a domain of the organisation's own", domain);
	return 0;
}
