/* Prints the table of figures, a line each: name, type, labels with commas between, help. */
#include <stdio.h>

#include "base/metric.h"

int main(void)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };

	for (enum metric metric = 0; metric < METRICS; metric++) {
		const struct metric_row *row = &metric_rows[metric];

		printf("%s\t%s\t", row->name, types[row->type]);
		for (size_t i = 0; row->labels[i].name; i++)
			printf("%s%s", i ? "," : "", row->labels[i].name);
		printf("\t%s\n", row->help);
	}
	return 0;
}
