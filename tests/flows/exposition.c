/* exposition FILE: says what in it is against the format of figures. For metrics.sh. */
#include "peers/exposition.h"

#include <stdio.h>

#include "base/metric.h"

int main(int argc, char **argv)
{
	static char text[METRIC_TEXT_MOST];
	char why[128];
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	size_t line;

	if (!file) {
		fputs("usage: exposition FILE\n", stderr);
		return 2;
	}
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	line = exposition_check(text, why, sizeof(why));
	if (line)
		printf("line %zu: %s\n", line, why);
	return line != 0;
}
