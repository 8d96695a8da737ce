/* Prints the address that the SAML plug-in would send a browser to: saml_request SIGN-ON-URL ACS-URL
 * ENTITY-ID ID KEY-FILE */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "saml/request.h"

enum { KEY_MOST = 16384 };

int main(int argc, char **argv)
{
	scoped(arena) *arena = arena_open("request");
	struct request_sign_on request = { .now_us = clock_now_us() };
	char pem[KEY_MOST] = "";
	struct own_key *key;
	struct error e;
	const char *url;
	FILE *file;

	if (argc != 6 || !(file = fopen(argv[5], "r")))
		return 2;
	if (fread(pem, 1, sizeof(pem) - 1, file) == 0)
		return 2;
	fclose(file);
	request.destination = argv[1];
	request.acs_url = argv[2];
	request.service = argv[3];
	request.id = argv[4];
	if (own_key_open(pem, &key, &e) < 0 ||
	    request_redirect(arena, argv[1], "SAMLRequest", request_sign_on(arena, &request), "state-1", key,
			     &url, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("%s\n", url);
	own_key_close(&key);
	return 0;
}
