#include "endpoints/page.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

void page_raw(struct reply *reply, const char *html)
{
	buffer_text(&reply->body, html);
}

void page_text(struct reply *reply, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			page_raw(reply, "&amp;");
			break;
		case '<':
			page_raw(reply, "&lt;");
			break;
		case '>':
			page_raw(reply, "&gt;");
			break;
		case '"':
			page_raw(reply, "&quot;");
			break;
		case '\'':
			page_raw(reply, "&#39;");
			break;
		default:
			buffer_add(&reply->body, text, 1);
		}
}

void page_says(struct reply *reply, const char *fmt, ...)
{
	va_list args;

	page_raw(reply, "<p>");
	va_start(args, fmt);
	for (const char *hole; (hole = strstr(fmt, "%s")) != NULL; fmt = hole + 2) {
		buffer_add(&reply->body, fmt, (size_t)(hole - fmt));
		page_text(reply, va_arg(args, const char *));
	}
	va_end(args);
	page_raw(reply, fmt);
	page_raw(reply, "</p>\n");
}

void page_hidden(struct reply *reply, const char *name, const char *value)
{
	page_raw(reply, "<input type=\"hidden\" name=\"");
	page_text(reply, name);
	page_raw(reply, "\" value=\"");
	page_text(reply, value);
	page_raw(reply, "\">\n");
}

void page_begin(struct reply *reply, int status, const char *title)
{
	buffer_reset(&reply->body);
	reply->status = status;
	page_raw(reply, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	page_text(reply, title);
	page_raw(reply, "</title>\n</head>\n<body>\n<main>\n<h1>");
	page_text(reply, title);
	page_raw(reply, "</h1>\n");
}

void page_end(struct reply *reply, const char *forms_to)
{
	page_raw(reply, "</main>\n</body>\n</html>\n");
	reply_header(reply, "Content-Type", "text/html; charset=utf-8");
	reply_header(reply, "Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'%s%s",
		     forms_to ? " " : "", forms_to ? forms_to : "");
	reply_header(reply, "X-Content-Type-Options", "nosniff");
	reply_header(reply, "X-Frame-Options", "DENY");
	reply_header(reply, "Referrer-Policy", "no-referrer");
}
