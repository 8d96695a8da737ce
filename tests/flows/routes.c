/* Prints the table of addresses, a line each: method, path, query parameters; or, asked for "scopes", their
 * names. For openapi.sh. */
#include <stdio.h>

#include "access/scope.h"
#include "endpoints/routes.h"

static void print_routes(void)
{
	for (const struct endpoint *row = routes; row->method; row++) {
		printf("%s %s", row->method, row->path);
		for (size_t i = 0; row->parameters && row->parameters[i]; i++)
			printf(" %s", row->parameters[i]);
		putchar('\n');
	}
}

static void print_scopes(void)
{
	for (enum scope scope = SCOPE_FIRST; scope < SCOPES; scope++)
		puts(scope_name(scope));
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		print_scopes();
	else
		print_routes();
	return 0;
}
