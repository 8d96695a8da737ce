/* Prints the table of addresses, a line each: method, path, query parameters. For openapi.sh. */
#include <stdio.h>

#include "endpoints/routes.h"

int main(void)
{
	for (const struct endpoint *row = routes; row->method; row++) {
		printf("%s %s", row->method, row->path);
		for (size_t i = 0; row->parameters && row->parameters[i]; i++)
			printf(" %s", row->parameters[i]);
		putchar('\n');
	}
	return 0;
}
